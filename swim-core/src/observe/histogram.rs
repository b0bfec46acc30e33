//! The durations of protocol rounds (R15): a small histogram with buckets that grow by a fifth.
//!
//! Ringpop-go samples durations into a reservoir, at random; a histogram forgets nothing, needs no randomness
//! and half a kilobyte, and is off by a tenth of a value at most. Old rounds fade: counts are halved every 512 rounds.

use alloc::boxed::Box;

use crate::time::Micros;

/// Each power of two is split in this many buckets.
const SPLIT: u32 = 4;
/// From 16 microseconds up to 2^28 (four and a half minutes); what is beyond falls in the first or last bucket.
const LOW: u32 = 4;
const HIGH: u32 = 28;
const BUCKETS: usize = ((HIGH - LOW) * SPLIT) as usize;
/// After so many rounds all counts are halved, so that the percentiles follow the present.
const FADE: u32 = 512;

/// Counts of durations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    buckets: Option<Box<[u16; BUCKETS]>>,
    recent: u32,
    count: u64,
    sum: u64,
    /// Sum of squares in units of 2^10 square microseconds, so that hours of durations fit.
    squares: u64,
    min: u64,
    max: u64,
}

fn bucket(micros: u64) -> usize {
    if micros < 1 << LOW {
        return 0;
    }
    let power = micros.ilog2();
    let within = (micros >> (power - 2)) & u64::from(SPLIT - 1);
    (((power - LOW) * SPLIT) as usize + within as usize).min(BUCKETS - 1)
}

/// The middle of a bucket, in microseconds.
fn middle(bucket: usize) -> u64 {
    let power = LOW + bucket as u32 / SPLIT;
    let quarter = (1u64 << power) / u64::from(SPLIT);
    (1u64 << power) + quarter * (bucket as u64 % u64::from(SPLIT)) + quarter / 2
}

impl Histogram {
    /// Counts one duration.
    pub(crate) fn record(&mut self, duration: Micros) {
        let micros = duration.0;
        let buckets = self.buckets.get_or_insert_with(|| Box::new([0; BUCKETS]));
        let count = &mut buckets[bucket(micros)];
        *count = count.saturating_add(1);
        self.recent += 1;
        if self.recent >= FADE {
            for count in buckets.iter_mut() {
                *count /= 2;
            }
            self.recent = buckets.iter().map(|&count| u32::from(count)).sum();
        }
        self.min = if self.count == 0 { micros } else { self.min.min(micros) };
        self.max = self.max.max(micros);
        self.count += 1;
        self.sum = self.sum.saturating_add(micros);
        self.squares = self.squares.saturating_add(((u128::from(micros) * u128::from(micros)) >> 10) as u64);
    }

    /// The duration below which `per_mille` thousandths of the recent ones lie; `None` before the first.
    pub(crate) fn percentile(&self, per_mille: u32) -> Option<Micros> {
        let buckets = self.buckets.as_ref()?;
        let rank = (u64::from(self.recent) * u64::from(per_mille)).div_ceil(1000).max(1);
        let mut seen = 0;
        let found = buckets.iter().position(|&count| {
            seen += u64::from(count);
            seen >= rank
        })?;
        Some(Micros(middle(found).clamp(self.min, self.max)))
    }

    /// What ringpop reports of them.
    pub(crate) fn timing(&self) -> Timing {
        let percentile = |per_mille| self.percentile(per_mille).unwrap_or_default();
        let mean = self.sum.checked_div(self.count).unwrap_or(0);
        let mean_square = u128::from(self.squares.checked_div(self.count).unwrap_or(0)) << 10;
        let variance =
            u64::try_from(mean_square.saturating_sub(u128::from(mean) * u128::from(mean))).unwrap_or(u64::MAX);
        Timing {
            min: Micros(self.min),
            max: Micros(self.max),
            sum: Micros(self.sum),
            count: self.count,
            mean: Micros(mean),
            variance,
            std_dev: Micros(variance.isqrt()),
            median: percentile(500),
            p75: percentile(750),
            p95: percentile(950),
            p99: percentile(990),
            p999: percentile(999),
        }
    }
}

/// The durations of protocol rounds. Ringpop's `Timing`; its `Type` is always `timer`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Timing {
    /// The shortest.
    pub min: Micros,
    /// The longest.
    pub max: Micros,
    /// All together.
    pub sum: Micros,
    /// How many there were.
    pub count: u64,
    /// The arithmetic mean.
    pub mean: Micros,
    /// The variance, in square microseconds, exact to 2^10.
    pub variance: u64,
    /// The square root of the variance.
    pub std_dev: Micros,
    /// Half of the recent ones were shorter; this and the percentiles below are exact to a tenth.
    pub median: Micros,
    /// Three quarters were shorter.
    pub p75: Micros,
    /// 95 % were shorter.
    pub p95: Micros,
    /// 99 % were shorter.
    pub p99: Micros,
    /// 99.9 % were shorter.
    pub p999: Micros,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_tenth_and_a_bit() {
        let mut histogram = Histogram::default();
        for millis in 1..=100 {
            histogram.record(Micros::from_millis(millis));
        }
        let timing = histogram.timing();
        assert_eq!((timing.min, timing.max), (Micros::from_millis(1), Micros::from_millis(100)));
        assert_eq!(timing.mean, Micros(50_500));
        for (found, exact) in [(timing.median, 50_000), (timing.p75, 75_000), (timing.p95, 95_000)] {
            assert!(found.0.abs_diff(exact) * 8 <= exact, "{found:?} {exact}");
        }
        // The standard deviation of 1..=100 is 28.866 ms.
        assert!(timing.std_dev.0.abs_diff(28_866) < 100, "{:?}", timing.std_dev);
    }

    #[test]
    fn an_empty_histogram_has_no_percentiles_and_extremes_do_not_overflow() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(500), None);
        histogram.record(Micros(0));
        histogram.record(Micros(u64::MAX));
        assert_eq!(histogram.timing().max, Micros(u64::MAX));
    }

    #[test]
    fn old_durations_fade() {
        let mut histogram = Histogram::default();
        (0..600).for_each(|_| histogram.record(Micros::from_millis(100)));
        (0..2000).for_each(|_| histogram.record(Micros::from_millis(1)));
        assert!(histogram.percentile(900).unwrap() < Micros::from_millis(2));
    }

    #[test]
    fn what_is_512_rounds_old_counts_half() {
        let mut histogram = Histogram::default();
        (0..512).for_each(|_| histogram.record(Micros::from_millis(100)));
        (0..200).for_each(|_| histogram.record(Micros::from_millis(1)));
        assert!(histogram.percentile(500) > Some(Micros::from_millis(90)), "200 against 256");
        (0..100).for_each(|_| histogram.record(Micros::from_millis(1)));
        assert!(histogram.percentile(500) < Some(Micros::from_millis(2)), "300 against 256");
    }
}
