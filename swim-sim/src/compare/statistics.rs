//! How far two samples are apart, and how sure that is.
//!
//! The interval of a difference of means is Student's: of the differences themselves where runs are paired, after Welch
//! where they are not, so that neither equal variances nor equal numbers of runs are needed. It takes the mean of the
//! runs to be about normal, which twenty runs of a lopsided distribution are close to, and five are not.
//!
//! Samples without any spread would give an interval of no width, however few they are. There the interval is given only
//! where as many runs, put in order by chance, would come out so at most once in as often as the level allows: six pairs
//! that all differ by the same, for instance, but not five.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Some values of one result.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    values: Vec<f64>,
}

/// How much larger one mean is than another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    estimate: f64,
    standard_error: f64,
    degrees_of_freedom: f64,
    /// The smallest chance that as many values, put in order by chance, give the most extreme order or its mirror image.
    by_order: f64,
}

/// A range that holds what is sought with a certain confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Sample {
    /// These values, in any order.
    pub fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { values }
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.values.len()
    }

    /// Their mean; `None` of nothing.
    pub fn mean(&self) -> Option<f64> {
        let count = self.values.len() as f64;
        (count > 0.0).then(|| self.values.iter().sum::<f64>() / count)
    }

    /// The value in the middle, or between the two in the middle; `None` of nothing.
    pub fn median(&self) -> Option<f64> {
        let upper = self.values.get(self.values.len() / 2)?;
        let lower = self.values[(self.values.len() - 1) / 2];
        Some(f64::midpoint(lower, *upper))
    }

    /// The variance that the whole would have of which this is a sample; `None` of fewer than two.
    fn variance(&self) -> Option<f64> {
        let mean = self.mean().filter(|_| self.count() >= 2)?;
        let squares = self.values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        // Sums are exact to so many digits only: what is smaller is no spread.
        let largest = self.values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let spread = (squares / (self.count() - 1) as f64).sqrt();
        Some(if spread <= largest * ROUNDING { 0.0 } else { spread.powi(2) })
    }
}

impl Difference {
    /// The mean of the differences of pairs; `None` of fewer than two.
    pub fn paired(differences: Vec<f64>) -> Option<Self> {
        let sample = Sample::new(differences);
        let count = sample.count() as f64;
        Some(Self {
            estimate: sample.mean()?,
            standard_error: (sample.variance()? / count).sqrt(),
            degrees_of_freedom: count - 1.0,
            by_order: 2.0_f64.powf(1.0 - count),
        })
    }

    /// The mean of `b` less that of `a`; `None` when either has fewer than two values.
    pub fn unpaired(a: &Sample, b: &Sample) -> Option<Self> {
        let of_mean = |sample: &Sample| Some(sample.variance()? / sample.count() as f64);
        let (of_a, of_b) = (of_mean(a)?, of_mean(b)?);
        let (free_a, free_b) = ((a.count() - 1) as f64, (b.count() - 1) as f64);
        let both = of_a + of_b;
        let degrees = both.powi(2) / (of_a.powi(2) / free_a + of_b.powi(2) / free_b);
        let ways = (1..=a.count()).fold(1.0, |ways, place| ways * (b.count() + place) as f64 / place as f64);
        Some(Self {
            estimate: b.mean()? - a.mean()?,
            standard_error: both.sqrt(),
            degrees_of_freedom: if both > 0.0 { degrees } else { free_a + free_b },
            by_order: 2.0 / ways,
        })
    }

    /// The difference.
    pub const fn estimate(&self) -> f64 {
        self.estimate
    }

    /// The interval that holds the true difference but for a chance of `alpha`; `None` where there are too few values.
    pub fn interval(&self, alpha: f64) -> Option<Interval> {
        if self.standard_error == 0.0 {
            return (self.by_order <= alpha).then_some(Interval { low: self.estimate, high: self.estimate });
        }
        let student = StudentsT::new(0.0, 1.0, self.degrees_of_freedom).ok()?;
        let reach = student.inverse_cdf(1.0 - alpha / 2.0) * self.standard_error;
        Some(Interval { low: self.estimate - reach, high: self.estimate + reach })
    }
}

impl Interval {
    /// Whether zero is outside.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Relative to the largest value.
const ROUNDING: f64 = 1e-12;

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::Random;

    fn near(interval: Option<Interval>, low: f64, high: f64) {
        let interval = interval.unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-4;
        assert!(near(interval.low, low) && near(interval.high, high), "{interval:?}");
    }

    #[test]
    fn mean_and_median_are_those_of_the_values() {
        let sample = |values: &[f64]| Sample::new(values.to_vec());
        assert_eq!((sample(&[3.0, 1.0, 8.0]).mean(), sample(&[3.0, 1.0, 8.0]).median()), (Some(4.0), Some(3.0)));
        assert_eq!(sample(&[4.0, 1.0, 2.0, 9.0]).median(), Some(3.0));
        assert_eq!((sample(&[]).mean(), sample(&[]).median()), (None, None));
    }

    #[test]
    fn a_paired_interval_is_students() {
        // Mean 2, standard deviation 1.58114, 2.77645 standard errors of 0.70711 either side.
        let difference = Difference::paired(vec![0.0, 1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(difference.estimate(), 2.0);
        near(difference.interval(0.05), 0.03676, 3.96324);
        // Two values: 12.7062 standard errors.
        near(Difference::paired(vec![1.0, 3.0]).unwrap().interval(0.05), 2.0 - 12.7062, 2.0 + 12.7062);
    }

    #[test]
    fn an_unpaired_interval_is_welchs() {
        // Variances 2.5 and 20 of five and four: 0.5 + 5, 3.6046 degrees of freedom.
        let a = Sample::new(vec![1.0, 2.0, 3.0, 4.0, 5.0]);
        let b = Sample::new(vec![4.0, 10.0, 14.0, 12.0]);
        let difference = Difference::unpaired(&a, &b).unwrap();
        assert_eq!(difference.estimate(), 7.0);
        let variance = (36.0 + 0.0 + 16.0 + 4.0) / 3.0 / 4.0;
        let degrees: f64 = (0.5_f64 + variance).powi(2) / (0.25 / 4.0 + f64::powi(variance, 2) / 3.0);
        assert!((difference.degrees_of_freedom - degrees).abs() < 1e-9);
        let interval = difference.interval(0.05).unwrap();
        assert!(interval.excludes_zero() && interval.high - interval.low > 2.0 * 1.96 * (0.5 + variance).sqrt());
    }

    #[test]
    fn without_spread_it_takes_enough_runs_to_be_sure() {
        let paired = |count| Difference::paired(vec![0.1 + 0.2; count]).unwrap().interval(0.05);
        assert_eq!((paired(5), paired(6).map(|i| i.excludes_zero())), (None, Some(true)));
        // 3 of 6 can be chosen in 20 ways, 4 of 8 in 70.
        let unpaired = |count| {
            let sample = |value| Sample::new(vec![value; count]);
            Difference::unpaired(&sample(1.0), &sample(2.0)).unwrap().interval(0.05)
        };
        assert_eq!((unpaired(3), unpaired(4)), (None, Some(Interval { low: 1.0, high: 1.0 })));
        let none = Difference::paired(vec![0.0; 20]).unwrap().interval(0.05).unwrap();
        assert!(!none.excludes_zero());
    }

    #[test]
    fn one_value_tells_nothing() {
        assert_eq!(Difference::paired(vec![5.0]), None);
        assert_eq!(Difference::unpaired(&Sample::new(vec![1.0]), &Sample::new(vec![1.0, 2.0])), None);
    }

    /// How often, in percent, the interval misses the true difference of exponential samples of 20.
    fn misses(interval: impl Fn(Vec<f64>, Vec<f64>) -> Option<Interval>) -> f64 {
        let mut random = Random::new(1);
        let mut draw = move || -(f64::from(random.below(1 << 30) + 1) / f64::from(1 << 30)).ln();
        let mut sample = |shift: f64| (0..20).map(|_| draw() + shift).collect::<Vec<_>>();
        let missed = (0..4000).filter(|_| {
            let interval = interval(sample(0.0), sample(1.0)).unwrap();
            interval.low > 1.0 || interval.high < 1.0
        });
        missed.count() as f64 / 40.0
    }

    #[test]
    fn intervals_of_95_percent_miss_about_five_times_in_a_hundred() {
        let paired = misses(|a, b| Difference::paired(b.iter().zip(&a).map(|(b, a)| b - a).collect())?.interval(0.05));
        let unpaired = misses(|a, b| Difference::unpaired(&Sample::new(a), &Sample::new(b))?.interval(0.05));
        for misses in [paired, unpaired] {
            assert!((3.5..6.5).contains(&misses), "{misses} %");
        }
    }
}
