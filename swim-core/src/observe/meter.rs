//! A rate per second over the last minute (R15), in three numbers.

use crate::time::{Instant, Micros};

const WINDOW: Micros = Micros(60_000_000);

/// Counts what happens in this minute and remembers the last one; the rate slides from one to the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    window: Instant,
    current: u32,
    previous: u32,
}

impl Meter {
    /// Counts one.
    #[inline]
    pub(crate) fn mark(&mut self, now: Instant) {
        if now.since(self.window) >= WINDOW {
            self.turn(now);
        }
        self.current = self.current.saturating_add(1);
    }

    fn turn(&mut self, now: Instant) {
        let late = now.since(self.window);
        self.previous = if late < WINDOW.times(2) { self.current } else { 0 };
        self.current = 0;
        self.window = Instant::from_micros(now.as_micros() - late.0 % WINDOW.0);
    }

    /// How many a second, in thousandths.
    pub(crate) fn per_second_milli(&self, now: Instant) -> u64 {
        let mut meter = *self;
        if now.since(meter.window) >= WINDOW {
            meter.turn(now);
        }
        let into = now.since(meter.window).0;
        let faded = u128::from(meter.previous) * u128::from(WINDOW.0 - into) / u128::from(WINDOW.0);
        let counted = faded as u64 + u64::from(meter.current);
        // In its first minute a node has been counting for less than a window.
        counted * 1000 / (WINDOW.0 / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(count: u64) -> Instant {
        Instant::from_millis(count * 1000)
    }

    #[test]
    fn the_last_minute_fades_as_this_one_goes_on_and_is_gone_after_two() {
        let mut meter = Meter::default();
        (0..60).for_each(|_| meter.mark(secs(59)));
        assert_eq!(meter.per_second_milli(secs(59)), 1_000);
        assert_eq!(meter.per_second_milli(secs(60)), 1_000);
        assert_eq!(meter.per_second_milli(secs(90)), 500);
        // Minutes are counted from the first on, whenever something happens in them.
        (0..30).for_each(|_| meter.mark(secs(90)));
        assert_eq!(meter.per_second_milli(secs(105)), (15 + 30) * 1_000 / 60);
        assert_eq!(meter.per_second_milli(secs(150)), 15 * 1_000 / 60);
        assert_eq!(meter.per_second_milli(secs(180)), 0);
    }

    #[test]
    fn a_steady_rate_is_shown_as_it_is_and_fades_when_it_ends() {
        let mut meter = Meter::default();
        for second in 0..300 {
            for _ in 0..5 {
                meter.mark(Instant::from_millis(second * 1000));
            }
        }
        let rate = meter.per_second_milli(Instant::from_millis(299_999));
        assert!((4_900..=5_100).contains(&rate), "{rate}");
        assert_eq!(meter.per_second_milli(Instant::from_millis(900_000)), 0);
    }
}
