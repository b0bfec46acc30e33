//! How long a message takes: always the same time, or a time drawn evenly from a range.

use std::fmt;
use std::str::FromStr;

use swim_core::{Micros, Random};

/// A distribution of latencies: even over a range that may be a single time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    min: Micros,
    /// How many microseconds there are to choose from, 1 at least.
    choices: u32,
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
        Ok(Self { min, choices })
    }

    /// One latency.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> Micros {
        if self.choices == 1 { self.min } else { self.min + Micros(random.below(self.choices).into()) }
    }

    /// The longest latency there is.
    pub fn max(&self) -> Micros {
        self.min + Micros(u64::from(self.choices) - 1)
    }
}

/// What the main job uses: 1 to 10 ms.
impl Default for Latency {
    fn default() -> Self {
        Self::uniform(Micros::from_millis(1), Micros::from_millis(10)).expect("1 ms is the shorter time")
    }
}

/// `5ms`, or `1ms..10ms`.
impl FromStr for Latency {
    type Err = LatencyError;

    fn from_str(text: &str) -> Result<Self, LatencyError> {
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
        if self.choices == 1 {
            f.write_str(&written(self.min))
        } else {
            write!(f, "{}..{}", written(self.min), written(self.max()))
        }
    }
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
    fn what_is_written_is_read_back() {
        for text in ["5ms", "1ms..10ms", "250us"] {
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
    }
}
