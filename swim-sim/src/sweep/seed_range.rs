//! The seeds with which each point of a grid is run.

use std::fmt;
use std::str::FromStr;

/// Seeds from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedRange {
    first: u64,
    last: u64,
}

/// What is not read as seeds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` are no seeds; write how many, such as `20` for the seeds 1 to 20, or the first and the last, such as \
     `101..120`; seeds go up to {}",
    SeedRange::MAX
)]
pub struct SeedRangeError {
    text: String,
}

impl SeedRange {
    /// The largest seed of a sweep: a column of result files holds it.
    pub const MAX: u64 = i64::MAX as u64;

    /// How many there are, 1 at least.
    pub const fn count(&self) -> u64 {
        self.last - self.first + 1
    }

    /// The seed at this place; the first is 0.
    pub const fn at(&self, place: u64) -> u64 {
        self.first + place
    }
}

/// One seed: 1.
impl Default for SeedRange {
    fn default() -> Self {
        Self { first: 1, last: 1 }
    }
}

/// `20` is 1 to 20; `101..120` is what it says, both included.
impl FromStr for SeedRange {
    type Err = SeedRangeError;

    fn from_str(text: &str) -> Result<Self, SeedRangeError> {
        let number = |text: &str| text.trim().parse().ok();
        let range = match text.split_once("..") {
            Some((first, last)) => number(first).zip(number(last.trim_start_matches('='))),
            None => number(text).map(|count| (1, count)),
        };
        let range = range.filter(|(first, last)| first <= last && *last <= Self::MAX);
        let (first, last) = range.ok_or_else(|| SeedRangeError { text: text.into() })?;
        Ok(Self { first, last })
    }
}

impl fmt::Display for SeedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_begins_at_one_and_a_range_includes_both_ends() {
        let seeds = |text: &str| {
            let range: SeedRange = text.parse().unwrap();
            (range.at(0), range.at(range.count() - 1), range.to_string())
        };
        assert_eq!(seeds("20"), (1, 20, "1..20".into()));
        assert_eq!(seeds("7..9"), (7, 9, "7..9".into()));
        assert_eq!(seeds("0..=0"), (0, 0, "0..0".into()));
    }

    #[test]
    fn what_are_no_seeds_is_refused() {
        for text in ["", "0", "-1", "9..7", "1,2", "1..", "x", "9223372036854775808"] {
            assert!(text.parse::<SeedRange>().is_err(), "{text}");
        }
    }
}
