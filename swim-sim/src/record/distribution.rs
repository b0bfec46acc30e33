//! A distribution of times, exact to a millisecond however many there are.

use std::collections::BTreeMap;

use serde::Serialize;
use swim_core::Micros;

/// Counts times by the millisecond, rounded up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    counts: BTreeMap<u64, u64>,
    count: u64,
}

/// A distribution as a curve.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curve {
    /// How many times there are.
    pub count: u64,
    /// The quantiles in seconds: the least, that of half a percent and so on to the greatest; empty without times.
    pub quantiles: Vec<f64>,
}

impl Distribution {
    /// Counts one more.
    pub fn add(&mut self, time: Micros) {
        *self.counts.entry(time.0.div_ceil(1000)).or_default() += 1;
        self.count += 1;
    }

    /// How many there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The curve through all quantiles.
    pub fn curve(&self) -> Curve {
        let mut quantiles = Vec::new();
        let mut passed = 0;
        for (millis, count) in &self.counts {
            passed += count;
            while quantiles.len() <= STEPS && passed >= self.rank(quantiles.len()) {
                quantiles.push(*millis as f64 / 1e3);
            }
        }
        Curve { count: self.count, quantiles }
    }

    /// How many times are at or below a step of the curve.
    fn rank(&self, step: usize) -> u64 {
        let rank = (u128::from(self.count) * step as u128).div_ceil(STEPS as u128);
        u64::try_from(rank).expect("no more than there are").max(1)
    }
}

/// In how many steps a curve rises.
const STEPS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_through_every_quantile() {
        let mut distribution = Distribution::default();
        (1..=1000).for_each(|millis| distribution.add(Micros(millis * 1000)));
        let curve = distribution.curve();
        let at = |percent: usize| curve.quantiles[2 * percent];
        assert_eq!((curve.count, curve.quantiles.len()), (1000, 201));
        assert_eq!((at(0), at(50), at(99), at(100)), (0.001, 0.5, 0.99, 1.0));
    }

    #[test]
    fn a_single_time_is_every_quantile_and_no_time_is_none() {
        let mut distribution = Distribution::default();
        assert_eq!(distribution.curve(), Curve::default());
        distribution.add(Micros(1));
        assert_eq!(distribution.curve(), Curve { count: 1, quantiles: vec![0.001; 201] });
    }
}
