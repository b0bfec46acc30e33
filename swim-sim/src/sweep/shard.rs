//! A share of the runs of a sweep: the same for everyone who asks, and all shares together are all runs.
//!
//! Runs are dealt like cards, and each round begins with the next shard:
//!
//! ```text
//!  run    0  1  2    3  4  5    6  7  8    9
//!  shard  0  1  2    1  2  0    2  0  1    0    of 3
//! ```
//!
//! Runs that lie side by side in the grid go to different shards, so that a dear value does not end up on one machine,
//! and the shift keeps a setting that changes with every run from lining up with the number of shards. The numbers
//! begin at 0, as those of array jobs do.

use std::fmt;
use std::str::FromStr;

/// Share `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// What is not read as a share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no share; write its number and how many there are, counted from 0: `0/4`, `1/4`, `2/4` and `3/4` are all of four"
)]
pub struct ShardError {
    text: String,
}

impl Shard {
    /// The whole.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Whether a run belongs to this share.
    pub const fn has(&self, run: u64) -> bool {
        let count = self.count as u64;
        let round = run / count % count;
        (run % count + round) % count == self.index as u64
    }
}

/// `0/4`
impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parts = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        let (index, count) =
            parts.filter(|(index, count)| index < count).ok_or_else(|| ShardError { text: text.into() })?;
        Ok(Self { index, count })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_in_exactly_one_share() {
        for count in 1..12 {
            let mut sizes = vec![0; count as usize];
            for run in 0..100 {
                let of: Vec<_> = (0..count).filter(|index| Shard { index: *index, count }.has(run)).collect();
                assert_eq!(of.len(), 1, "run {run} of {count}: {of:?}");
                sizes[of[0] as usize] += 1;
            }
            assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
        }
    }

    #[test]
    fn shares_stay_what_they_are() {
        let dealt = |run| (0..3).find(|index| Shard { index: *index, count: 3 }.has(run)).unwrap();
        assert_eq!((0..10).map(dealt).collect::<Vec<_>>(), [0, 1, 2, 1, 2, 0, 2, 0, 1, 0]);
    }

    #[test]
    fn a_setting_that_changes_with_every_run_is_shared_evenly() {
        let shard: Shard = "0/2".parse().unwrap();
        let dear = (0..40).filter(|run| run % 2 == 1 && shard.has(*run)).count();
        assert_eq!(dear, 10);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "1", "4/4", "0/0", "-1/4", "1/x", "0/4/2"] {
            assert!(text.parse::<Shard>().unwrap_err().to_string().contains("`0/4`"), "{text}");
        }
        assert_eq!("3/4".parse::<Shard>().unwrap().to_string(), "3/4");
    }
}
