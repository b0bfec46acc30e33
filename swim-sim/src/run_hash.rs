//! The running hash of a run: of each input its time, node and kind, and all that it caused (I8).
//!
//! Two runs are the same exactly as far as their hashes are. Events are left out: which of them are wanted is up to
//! who watches, and watching must not change the run.

use swim_core::{Channel, CommandId, DiscoverId, Input, Instant, Kind, Message, Outcome, Reach, Readiness, SyncReason};

use crate::seeds::mix64;

/// The hash of everything so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunHash(u64);

/// What kind of input a node got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum InputKind {
    /// A tick.
    Tick,
    /// A message.
    Message,
    /// News of something undeliverable.
    Undeliverable,
    /// A list of hosts.
    Hosts,
    /// News of the wall clock.
    Wall,
    /// A command.
    Command,
}

/// What was done to a cluster from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "named after the methods of a cluster")]
pub enum Deed {
    Cut,
    Mend,
    Impose,
    Lift,
    Crash,
    Boot,
    Pause,
    Resume,
    Block,
    Unblock,
    Drift,
    Jump,
    Leave,
    Rejoin,
}

impl InputKind {
    /// The kind of `input`.
    #[inline]
    pub const fn of(input: &Input<'_, u32>) -> Self {
        match input {
            Input::Tick => Self::Tick,
            Input::Message { .. } => Self::Message,
            Input::Undeliverable { .. } => Self::Undeliverable,
            Input::Hosts { .. } => Self::Hosts,
            Input::Wall(_) => Self::Wall,
            Input::Command { .. } => Self::Command,
        }
    }
}

impl RunHash {
    /// The hash of a run in which nothing has happened yet.
    pub const fn new() -> Self {
        Self(0)
    }

    /// Adds an input; its effects follow.
    #[inline]
    pub fn input(&mut self, now: Instant, node: u32, kind: InputKind) {
        self.word(now.as_micros());
        self.word(u64::from(node) << 8 | kind as u64);
    }

    /// Adds what was done to the cluster, and to which of its nodes or by which of its faults.
    pub fn deed(&mut self, now: Instant, deed: Deed, number: u32) {
        self.word(now.as_micros());
        self.word(u64::from(number) << 8 | 0x80 | deed as u64);
    }

    /// Adds a message that the last input caused.
    #[inline]
    pub fn send(&mut self, to: u32, channel: Channel, message: &Message<'_, u32>) {
        let (way, ticket) = match channel {
            Channel::Datagram => (0, 0),
            Channel::Request(ticket) => (1, ticket.0),
            Channel::Reply(ticket) => (2, ticket.0),
        };
        let (kind, first, second) = kind_words(&message.kind);
        self.word(u64::from(to) << 32 | way << 16 | kind << 8 | 1);
        if way != 0 {
            self.word(ticket);
        }
        self.word(first);
        if second != 0 {
            self.word(second);
        }
        self.word(message.incarnation.get());
        self.word(u64::from(message.checksum.0) << 32 | message.changes.len() as u64);
        for change in message.changes {
            self.word(u64::from(change.address) << 32 | u64::from(change.labels.digest() as u32));
            self.word(change.incarnation.get() << 3 | change.status as u64);
            if let Some(source) = change.source {
                self.word(u64::from(source.address) << 1 | 1);
                self.word(source.incarnation.get());
            }
        }
    }

    /// Adds a discovery that the last input caused.
    pub fn discover(&mut self, id: DiscoverId) {
        self.pair(2, id.0);
    }

    /// Adds a command that the last input ended.
    pub fn command_done(&mut self, id: CommandId, outcome: Outcome) {
        self.pair(3, id.0);
        self.word(outcome_number(outcome));
    }

    /// Adds the deadline that the last input set.
    #[inline]
    pub fn wake(&mut self, at: Option<Instant>) {
        self.pair(4, at.unwrap_or(Instant::NEVER).as_micros());
    }

    /// The hash as it is printed.
    pub fn get(self) -> u64 {
        mix64(self.0)
    }

    #[inline]
    fn pair(&mut self, tag: u64, value: u64) {
        self.word(tag);
        self.word(value);
    }

    /// A step is a bijection of the hash, so a difference can only be undone by another difference. It is not strong,
    /// but it costs a nanosecond.
    #[inline]
    fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Default for RunHash {
    fn default() -> Self {
        Self::new()
    }
}

/// The number of the kind, and what it carries in two words.
#[inline]
fn kind_words(kind: &Kind<u32>) -> (u64, u64, u64) {
    match *kind {
        Kind::Ping { seq } => (0, seq.0.into(), 0),
        Kind::Ack { seq, ready } => (1, u64::from(seq.0) << 1 | u64::from(ready == Readiness::Ready), 0),
        Kind::PingReq { seq, target, timeout } => (2, u64::from(seq.0) << 32 | u64::from(target), timeout.0),
        Kind::PingReqAnswer { seq, target, reach } => {
            let reach = match reach {
                Reach::Reached => 1,
                Reach::NotReached => 2,
                Reach::NotReady => 3,
            };
            (3, u64::from(seq.0) << 32 | u64::from(target), reach)
        }
        Kind::Gossip => (4, 0, 0),
        Kind::Join { app } => (5, app.0.into(), 0),
        Kind::List => (6, 0, 0),
        Kind::Sync { reason } => (7, sync_number(reason), 0),
        Kind::SyncAnswer { reason } => (8, sync_number(reason), 0),
        Kind::HealFetch { app } => (9, app.0.into(), 0),
        Kind::HealSuspect => (10, 0, 0),
        Kind::HealMerge => (11, 0, 0),
        Kind::Done => (12, 0, 0),
        Kind::Refused { reason } => (13, text_number(&format!("{reason:?}")), 0),
    }
}

fn sync_number(reason: SyncReason) -> u64 {
    match reason {
        SyncReason::Diverged => 1,
        SyncReason::Overload => 2,
    }
}

fn outcome_number(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Done => 0,
        Outcome::Joined(count) => u64::from(count) << 8 | 1,
        Outcome::Healed(count) => u64::from(count) << 8 | 2,
        Outcome::Departed(count) => u64::from(count) << 8 | 3,
        Outcome::Failed(error) => text_number(&format!("{error:?}")) << 8 | 4,
    }
}

/// For what is open and rare: the hash of its name.
fn text_number(text: &str) -> u64 {
    text.bytes().fold(0, |hash, byte| mix64(hash ^ u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{Changes, Checksum, Incarnation, Seq};

    fn hash_of(inputs: &[(u64, u32, InputKind)]) -> u64 {
        let mut hash = RunHash::new();
        for (at, node, kind) in inputs {
            hash.input(Instant::from_micros(*at), *node, *kind);
        }
        hash.get()
    }

    #[test]
    fn time_node_kind_and_order_all_count() {
        let base = hash_of(&[(1, 2, InputKind::Tick), (3, 4, InputKind::Hosts)]);
        assert_eq!(base, hash_of(&[(1, 2, InputKind::Tick), (3, 4, InputKind::Hosts)]));
        assert_ne!(base, hash_of(&[(2, 2, InputKind::Tick), (3, 4, InputKind::Hosts)]));
        assert_ne!(base, hash_of(&[(1, 3, InputKind::Tick), (3, 4, InputKind::Hosts)]));
        assert_ne!(base, hash_of(&[(1, 2, InputKind::Message), (3, 4, InputKind::Hosts)]));
        assert_ne!(base, hash_of(&[(3, 4, InputKind::Hosts), (1, 2, InputKind::Tick)]));
    }

    #[test]
    fn what_is_sent_counts_and_so_does_the_deadline() {
        let hash_with = |seq, wake| {
            let mut hash = RunHash::new();
            let (incarnation, checksum) = (Incarnation::default(), Checksum(0));
            let message = Message { kind: Kind::Ping { seq: Seq(seq) }, incarnation, checksum, changes: Changes::NONE };
            hash.send(1, Channel::Datagram, &message);
            hash.wake(wake);
            hash.get()
        };
        assert_eq!(hash_with(1, None), hash_with(1, None));
        assert_ne!(hash_with(1, None), hash_with(2, None));
        assert_ne!(hash_with(1, None), hash_with(1, Some(Instant::ZERO)));
    }
}
