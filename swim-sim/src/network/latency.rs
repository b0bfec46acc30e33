//! How long a message takes: always the same time, a time drawn evenly from a range, or one with a long tail.

use std::fmt;
use std::str::FromStr;

use swim_core::{Micros, Random};

/// A distribution of latencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency(Shape);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Even over a range that may be a single time. `choices` is how many microseconds there are to choose from, 1 at
    /// least.
    Uniform { min: Micros, choices: u32 },
    /// The logarithm is normal with this standard deviation, in thousandths: half of all take less than `median`.
    Lognormal { median: Micros, sigma: u32 },
}

/// Why a latency was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LatencyError {
    /// A time without a unit, or no time at all.
    #[error("`{text}` is no time: {reason}; write a time with its unit, such as `5ms` or `800us`")]
    Time {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A range from a longer to a shorter time.
    #[error("the range runs from {min} down to {max}; write the shorter time first, such as `1ms..10ms`")]
    Backwards {
        /// What comes first.
        min: String,
        /// What comes second.
        max: String,
    },
    /// Longer than a minute.
    #[error("{max} is longer than a minute, the longest latency that is simulated")]
    TooLong {
        /// The longest time.
        max: String,
    },
    /// A long tail that was not understood.
    #[error("`{text}` is no lognormal latency; write its median and sigma (0 to 3), such as `lognormal(20ms, 0.5)`")]
    Lognormal {
        /// What was written.
        text: String,
    },
}

impl Latency {
    /// Even over `min..=max`.
    ///
    /// # Errors
    /// When `max` is the shorter one, or is longer than a minute.
    pub fn uniform(min: Micros, max: Micros) -> Result<Self, LatencyError> {
        if max < min {
            return Err(LatencyError::Backwards { min: written(min), max: written(max) });
        }
        if max > LONGEST {
            return Err(LatencyError::TooLong { max: written(max) });
        }
        let choices = u32::try_from((max - min).0 + 1).expect("a minute has fewer than 2^32 microseconds");
        Ok(Self(Shape::Uniform { min, choices }))
    }

    /// Half of all take less than `median`, and the logarithm has a standard deviation of `sigma` thousandths. What
    /// would take longer than a minute takes a minute.
    ///
    /// # Errors
    /// When the median is longer than a minute.
    pub fn lognormal(median: Micros, sigma: u32) -> Result<Self, LatencyError> {
        if median > LONGEST {
            return Err(LatencyError::TooLong { max: written(median) });
        }
        Ok(Self(Shape::Lognormal { median, sigma: sigma.min(SIGMA_MAX) }))
    }

    /// One latency.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> Micros {
        match self.0 {
            Shape::Uniform { min, choices: 1 } => min,
            Shape::Uniform { min, choices } => min + Micros(random.below(choices).into()),
            Shape::Lognormal { median, sigma } => lognormal(median, sigma, random),
        }
    }

    /// What all take at most; `None` where there is no such time.
    pub fn longest(&self) -> Option<Micros> {
        match self.0 {
            Shape::Uniform { .. } => Some(self.upper()),
            Shape::Lognormal { .. } => None,
        }
    }

    /// What nearly all take at most: the longest of a range, or three standard deviations above the median.
    pub fn upper(&self) -> Micros {
        match self.0 {
            Shape::Uniform { min, choices } => min + Micros(u64::from(choices) - 1),
            Shape::Lognormal { median, sigma } => scaled(median, exponential(3.0 * f64::from(sigma) / 1000.0)),
        }
    }
}

/// What the main job uses: 1 to 10 ms.
impl Default for Latency {
    fn default() -> Self {
        Self::uniform(Micros::from_millis(1), Micros::from_millis(10)).expect("1 ms is the shorter time")
    }
}

/// `5ms`, `1ms..10ms`, or `lognormal(20ms, 0.5)`.
impl FromStr for Latency {
    type Err = LatencyError;

    fn from_str(text: &str) -> Result<Self, LatencyError> {
        if let Some(inner) = text.trim().strip_prefix("lognormal") {
            return lognormal_text(inner).ok_or_else(|| LatencyError::Lognormal { text: text.into() })?;
        }
        match text.split_once("..") {
            Some((min, max)) => Self::uniform(time(min)?, time(max.trim_start_matches('='))?),
            None => {
                let time = time(text)?;
                Self::uniform(time, time)
            }
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Shape::Uniform { min, choices: 1 } => f.write_str(&written(min)),
            Shape::Uniform { min, .. } => write!(f, "{}..{}", written(min), written(self.upper())),
            Shape::Lognormal { median, sigma } => {
                write!(f, "lognormal({}, {}.{:03})", written(median), sigma / 1000, sigma % 1000)
            }
        }
    }
}

crate::text::as_text!(Latency, "a latency, such as \"5ms\", \"1ms..10ms\" or \"lognormal(20ms, 0.5)\"");

/// Only additions, multiplications and divisions, which are the same to the last bit on every machine: the
/// functions of a mathematics library are not.
fn lognormal(median: Micros, sigma: u32, random: &mut Random) -> Micros {
    // The sum of twelve even numbers is close to normal, with a variance of one.
    let sum: u32 = (0..12).map(|_| random.below(1 << 16)).sum();
    let normal = f64::from(sum) / f64::from(1 << 16) - 6.0;
    scaled(median, exponential(normal * f64::from(sigma) / 1000.0))
}

fn scaled(time: Micros, factor: f64) -> Micros {
    Micros((time.0 as f64 * factor) as u64).min(LONGEST)
}

/// The exponential function, for -18 to 18: the series near zero, squared ten times.
fn exponential(value: f64) -> f64 {
    let small = value / 1024.0;
    let near = (1..7).rev().fold(1.0, |sum, term| 1.0 + small / f64::from(term) * sum);
    (0..10).fold(near, |power, _| power * power)
}

fn lognormal_text(inner: &str) -> Option<Result<Latency, LatencyError>> {
    let (median, sigma) = inner.trim().strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    let (whole, part) = sigma.trim().split_once('.').unwrap_or((sigma.trim(), "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.is_empty() || part.len() > 3 {
        return None;
    }
    let part: u32 = format!("{part:0<3}").parse().ok()?;
    let sigma = whole.parse::<u32>().ok()?.checked_mul(1000)? + part;
    (sigma <= SIGMA_MAX).then(|| Latency::lognormal(time(median)?, sigma))
}

fn time(text: &str) -> Result<Micros, LatencyError> {
    match humantime::parse_duration(text.trim()) {
        Ok(duration) => Ok(duration.into()),
        Err(error) => Err(LatencyError::Time { text: text.into(), reason: error.to_string() }),
    }
}

fn written(time: Micros) -> String {
    humantime::format_duration(time.into()).to_string()
}

const LONGEST: Micros = Micros::from_millis(60_000);
/// Beyond that a distribution is hardly anything but its tail.
const SIGMA_MAX: u32 = 3_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_drawn_from_both_ends_included() {
        let latency: Latency = "1us..3us".parse().unwrap();
        let mut random = Random::new(1);
        let mut counts = [0; 5];
        for _ in 0..3_000 {
            counts[latency.draw(&mut random).0 as usize] += 1;
        }
        assert_eq!((counts[0], counts[4]), (0, 0));
        assert!(counts[1..4].iter().all(|count| (845..1155).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_single_time_is_always_the_same() {
        let latency: Latency = "5ms".parse().unwrap();
        let mut random = Random::new(1);
        assert!((0..100).all(|_| latency.draw(&mut random) == Micros(5_000)));
    }

    #[test]
    fn half_of_the_lognormal_lies_below_its_median_and_a_sixth_beyond_one_sigma() {
        let latency: Latency = "lognormal(20ms, 0.5)".parse().unwrap();
        let mut random = Random::new(1);
        let times: Vec<_> = (0..10_000).map(|_| latency.draw(&mut random).0).collect();
        let share = |limit: u64| times.iter().filter(|time| **time < limit).count();
        // e^0.5 is 1.6487. Six standard deviations (50 and 37 each) either side.
        assert!((4_700..5_300).contains(&share(20_000)), "{}", share(20_000));
        assert!((8_190..8_640).contains(&share(32_974)), "{}", share(32_974));
        assert!((1_365..1_810).contains(&share(12_131)), "{}", share(12_131));
    }

    #[test]
    fn the_exponential_is_good_to_nine_digits() {
        for value in [-18.0, -1.0, -0.001, 0.0, 0.5, 3.0, 18.0] {
            assert!((exponential(value) / f64::exp(value) - 1.0).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["5ms", "1ms..10ms", "250us", "lognormal(20ms, 0.500)"] {
            assert_eq!(text.parse::<Latency>().unwrap().to_string(), text);
        }
        assert_eq!("1ms..=10ms".parse(), Ok(Latency::default()));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        let error = |text: &str| text.parse::<Latency>().unwrap_err();
        assert!(matches!(error("5"), LatencyError::Time { .. }));
        assert!(matches!(error("ms.."), LatencyError::Time { .. }));
        assert!(matches!(error("10ms..1ms"), LatencyError::Backwards { .. }));
        assert!(matches!(error("1ms..2h"), LatencyError::TooLong { .. }));
        for text in ["lognormal", "lognormal(5ms)", "lognormal(5ms, 4)", "lognormal(5ms, x)", "lognormal(5ms, 0.1234)"]
        {
            assert!(matches!(error(text), LatencyError::Lognormal { .. }), "{text}");
        }
        assert!(matches!(error("lognormal(5, 1)"), LatencyError::Time { .. }));
    }
}
