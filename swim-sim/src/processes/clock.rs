//! The clock of one process: it may run fast or slow, and its wall clock may be off.

use swim_core::{Instant, Micros, UnixMillis};

/// How a process sees the time of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// From here on the clock has its present rate: the time of the run, and that of the process.
    since: (Instant, Instant),
    /// How much faster it runs, in parts of a million.
    drift: i32,
    /// How far the wall clock is ahead, in milliseconds.
    shift: i64,
}

impl Clock {
    /// A clock that tells the time of the run.
    pub const TRUE: Self = Self { since: (Instant::ZERO, Instant::ZERO), drift: 0, shift: 0 };
    /// The largest drift, either way: a clock that runs at half or at one and a half times the speed.
    pub const DRIFT_MAX: i32 = 500_000;

    /// Whether it tells the time of the run.
    pub fn is_true(&self) -> bool {
        *self == Self { shift: self.shift, ..Self::TRUE }
    }

    /// From `now` on it runs `drift` parts of a million faster.
    pub fn set_drift(&mut self, now: Instant, drift: i32) {
        self.since = (now, self.local(now));
        self.drift = drift.clamp(-Self::DRIFT_MAX, Self::DRIFT_MAX);
    }

    /// The wall clock jumps by this many milliseconds.
    pub fn jump(&mut self, millis: i64) {
        self.shift = self.shift.saturating_add(millis);
    }

    /// The time of the process at a time of the run.
    pub fn local(&self, now: Instant) -> Instant {
        let Micros(elapsed) = now.since(self.since.0);
        self.since.1 + Micros(scale(elapsed, self.rate(), MILLION))
    }

    /// The first time of the run at which the process sees `local` or later.
    pub fn global(&self, local: Instant) -> Instant {
        if local == Instant::NEVER {
            return Instant::NEVER;
        }
        let Micros(elapsed) = local.since(self.since.1);
        let span = scale(elapsed, MILLION, self.rate());
        let at = self.since.0 + Micros(span);
        // Rounding down may be a little early.
        if self.local(at) >= local { at } else { at + Micros(scale_up(MILLION, self.rate())) }
    }

    /// The wall clock of the process at a time of the run that begins at `epoch`.
    pub fn wall(&self, epoch: UnixMillis, now: Instant) -> UnixMillis {
        let true_wall = epoch.after(self.local(now).since(Instant::ZERO));
        UnixMillis(true_wall.0.saturating_add_signed(self.shift))
    }

    const fn rate(&self) -> u64 {
        MILLION.saturating_add_signed(self.drift as i64)
    }
}

fn scale(value: u64, numerator: u64, denominator: u64) -> u64 {
    (u128::from(value) * u128::from(numerator) / u128::from(denominator)) as u64
}

fn scale_up(numerator: u64, denominator: u64) -> u64 {
    numerator.div_ceil(denominator)
}

const MILLION: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::Random;

    #[test]
    fn a_fast_clock_gains_and_a_slow_one_loses() {
        for (drift, local) in [(100_000, 11_000_000), (-100_000, 9_000_000), (0, 10_000_000)] {
            let mut clock = Clock::TRUE;
            clock.set_drift(Instant::ZERO, drift);
            assert_eq!(clock.local(Instant::from_millis(10_000)), Instant::from_micros(local));
        }
    }

    #[test]
    fn a_wake_is_never_early_and_hardly_late_whatever_the_drift() {
        let mut random = Random::new(1);
        for _ in 0..10_000 {
            let mut clock = Clock::TRUE;
            clock.set_drift(
                Instant::from_micros(random.below_u64(1 << 40)),
                random.below(1_000_001) as i32 - Clock::DRIFT_MAX,
            );
            let local = clock.since.1 + Micros(random.below_u64(1 << 42));
            let at = clock.global(local);
            let seen = clock.local(at);
            assert!(seen >= local && seen.since(local) <= Micros(2), "{clock:?} {local} {at} {seen}");
        }
        assert_eq!(Clock::TRUE.global(Instant::NEVER), Instant::NEVER);
    }

    #[test]
    fn time_does_not_jump_when_the_rate_changes() {
        let mut clock = Clock::TRUE;
        clock.set_drift(Instant::from_millis(1_000), 500_000);
        clock.set_drift(Instant::from_millis(3_000), -500_000);
        assert_eq!(clock.local(Instant::from_millis(3_000)), Instant::from_millis(4_000));
        assert_eq!(clock.local(Instant::from_millis(5_000)), Instant::from_millis(5_000));
        assert!(!clock.is_true());
    }

    #[test]
    fn a_jump_moves_the_wall_clock_only() {
        let mut clock = Clock::TRUE;
        clock.jump(-5_000);
        assert_eq!(clock.wall(UnixMillis(1_000_000), Instant::from_millis(1_000)), UnixMillis(996_000));
        assert_eq!(clock.local(Instant::from_millis(1_000)), Instant::from_millis(1_000));
        assert!(clock.is_true());
    }
}
