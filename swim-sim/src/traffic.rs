//! How much is sent: messages and bytes, second by second, lost ones included.

use serde::Serialize;
use swim_core::{Instant, Micros};

/// Counts what nodes send.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    total: Tally,
    /// The total when the current second began.
    at_second: Tally,
    /// The last whole second.
    last: Tally,
    peak: Tally,
}

/// An amount of traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Messages of all kinds, by datagram and by stream.
    pub messages: u64,
    /// Their bytes as frames on the wire.
    pub bytes: u64,
    /// How many of the messages carry changes.
    pub with_changes: u64,
}

impl Traffic {
    /// Counts a message.
    #[inline]
    pub fn sent(&mut self, bytes: u64, changes: usize) {
        self.total.messages += 1;
        self.total.bytes += bytes;
        self.total.with_changes += u64::from(changes > 0);
    }

    /// A second is over.
    pub fn end_second(&mut self) {
        self.last = self.total - self.at_second;
        self.at_second = self.total;
        self.peak.messages = self.peak.messages.max(self.last.messages);
        self.peak.bytes = self.peak.bytes.max(self.last.bytes);
        self.peak.with_changes = self.peak.with_changes.max(self.last.with_changes);
    }

    /// Everything since the start.
    pub const fn total(&self) -> Tally {
        self.total
    }

    /// The last whole second.
    pub const fn last_second(&self) -> Tally {
        self.last
    }

    /// The most of a second, each amount for itself.
    pub const fn peak_second(&self) -> Tally {
        self.peak
    }
}

impl std::ops::Sub for Tally {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            messages: self.messages - other.messages,
            bytes: self.bytes - other.bytes,
            with_changes: self.with_changes - other.with_changes,
        }
    }
}

/// Traffic of one node in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rate {
    /// Messages a node sends in a second.
    pub messages: f64,
    /// Bytes a node sends in a second.
    pub bytes: f64,
}

impl Rate {
    /// What `tally` comes to for each of `nodes` and each second between two times. For people to read; nothing
    /// depends on it.
    pub fn of(tally: Tally, nodes: u32, from: Instant, until: Instant) -> Self {
        let Micros(micros) = until.since(from);
        let node_seconds = (micros as f64 / 1e6 * f64::from(nodes)).max(f64::MIN_POSITIVE);
        Self { messages: tally.messages as f64 / node_seconds, bytes: tally.bytes as f64 / node_seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_the_busiest_second() {
        let mut traffic = Traffic::default();
        for messages in [2, 5, 1] {
            (0..messages).for_each(|n| traffic.sent(10, n));
            traffic.end_second();
        }
        assert_eq!(traffic.total(), Tally { messages: 8, bytes: 80, with_changes: 5 });
        assert_eq!(traffic.peak_second(), Tally { messages: 5, bytes: 50, with_changes: 4 });
        assert_eq!(traffic.last_second(), Tally { messages: 1, bytes: 10, with_changes: 0 });
    }

    #[test]
    fn a_rate_is_per_node_and_second() {
        let tally = Tally { messages: 400, bytes: 8_000, with_changes: 0 };
        let rate = Rate::of(tally, 20, Instant::from_millis(1_000), Instant::from_millis(11_000));
        assert_eq!(rate, Rate { messages: 2.0, bytes: 40.0 });
    }
}
