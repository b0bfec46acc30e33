//! Time: tokio's clock and the wall's, as the core counts them.

use std::time::Duration;

use swim_core::{Instant, UnixMillis};

/// Where the wall clock comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WallClock {
    /// The system's. Where it is set anew the node is told.
    #[default]
    System,
    /// The system's at the start, and from then on tokio's: for tests in paused time.
    FromStart,
}

/// Counts the core's time from the moment when it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: tokio::time::Instant,
    wall: WallClock,
    wall_at_origin: UnixMillis,
}

impl Clock {
    pub(crate) fn new(wall: WallClock) -> Self {
        Self { origin: tokio::time::Instant::now(), wall, wall_at_origin: system() }
    }

    /// The core's time.
    pub(crate) fn now(&self) -> Instant {
        Instant::ZERO + self.origin.elapsed()
    }

    /// When tokio has to wake the task, for the core to see `at`.
    pub(crate) fn moment(&self, at: Instant) -> tokio::time::Instant {
        self.origin + Duration::from_micros(at.as_micros()).min(FAR)
    }

    /// The wall clock at the origin.
    pub(crate) fn start(&self) -> UnixMillis {
        self.wall_at_origin
    }

    /// The wall clock as the node knows it.
    #[cfg(feature = "ringpop")]
    pub(crate) fn wall(&self) -> UnixMillis {
        self.wall_at_origin.after(self.now().since(Instant::ZERO))
    }

    /// The wall clock, where it is another than it should be at `now`: it was set anew, or the machine slept. Told
    /// once for each jump.
    pub(crate) fn jump(&mut self, now: Instant) -> Option<UnixMillis> {
        match self.wall {
            WallClock::System => self.compare(now, system()),
            WallClock::FromStart => None,
        }
    }

    fn compare(&mut self, now: Instant, found: UnixMillis) -> Option<UnixMillis> {
        let expected = self.wall_at_origin.after(now.since(Instant::ZERO));
        if found.0.abs_diff(expected.0) < JUMP_MS {
            return None;
        }
        self.wall_at_origin = UnixMillis(found.0.saturating_sub(now.as_micros() / 1000));
        Some(found)
    }
}

/// Further than any node runs, and near enough for every timer.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What the wall clock may be off before the node is told: clocks that are held in step drift less between two looks.
const JUMP_MS: u64 = 1000;

/// The system's clock; 0 before 1970.
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the driver brings the wall clock to the core")]
fn system() -> UnixMillis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_jump_of_the_wall_clock_is_told_once_and_drift_is_not() {
        let mut clock = Clock::new(WallClock::System);
        let start = clock.start().0;
        let at = |seconds: u64| Instant::from_millis(seconds * 1000);
        assert_eq!(clock.compare(at(10), UnixMillis(start + 10_999)), None, "a clock may drift a little");
        let back = UnixMillis(start - 3_600_000);
        assert_eq!(clock.compare(at(20), back), Some(back), "it was set back an hour");
        assert_eq!(clock.compare(at(30), UnixMillis(back.0 + 10_000)), None, "it goes on from there");
        let ahead = UnixMillis(start + 60_000);
        assert_eq!(clock.compare(at(30), ahead), Some(ahead), "it was set right, and more");
    }

    #[tokio::test(start_paused = true)]
    async fn the_cores_time_is_tokios() {
        let clock = Clock::new(WallClock::FromStart);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(clock.now(), Instant::from_millis(5000));
        assert_eq!(clock.moment(clock.now()), tokio::time::Instant::now());
        // A moment that never comes is a moment all the same.
        assert!(clock.moment(Instant::NEVER) > tokio::time::Instant::now());
    }
}
