//! A grid: every combination of the values of its settings, each with every seed.
//!
//! The last setting changes fastest, and the seeds change faster than any setting: run 0 is the first point with the
//! first seed, run 1 the same point with the second seed.

use super::axis::Axis;
use super::seed_range::SeedRange;
use super::settings::{Setting, Settings};
use crate::seeds::mix64;

/// The settings and seeds of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    axes: Vec<Axis>,
    seeds: SeedRange,
}

/// One run of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunId {
    /// Its number among all runs of the grid.
    pub run: u64,
    /// The number of its point.
    pub point: u64,
    /// Its seed.
    pub seed: u64,
}

/// Why there is no such grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// A setting twice.
    #[error("`{name}` is varied twice; give all its values at once, such as `{name}=1,2,3`")]
    Twice {
        /// Which setting.
        name: String,
    },
    /// More runs than fit.
    #[error("the grid has more than {} runs; leave out values or seeds", Grid::RUNS_MAX)]
    TooMany,
}

impl Grid {
    /// The most runs of a grid.
    pub const RUNS_MAX: u64 = 10_000_000;

    /// A grid of these settings, in this order.
    ///
    /// # Errors
    /// When a setting is there twice, or there are too many runs.
    pub fn new(axes: Vec<Axis>, seeds: SeedRange) -> Result<Self, GridError> {
        let twice = (1..axes.len()).find(|place| axes[..*place].iter().any(|axis| axis.name() == axes[*place].name()));
        if let Some(place) = twice {
            return Err(GridError::Twice { name: axes[place].name().into() });
        }
        let runs = axes.iter().try_fold(seeds.count(), |runs, axis| runs.checked_mul(axis.len() as u64));
        if runs.is_none_or(|runs| runs > Self::RUNS_MAX) {
            return Err(GridError::TooMany);
        }
        Ok(Self { axes, seeds })
    }

    /// The settings, the one that changes fastest last.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The seeds of each point.
    pub const fn seeds(&self) -> SeedRange {
        self.seeds
    }

    /// How many points it has.
    pub fn points(&self) -> u64 {
        self.axes.iter().map(|axis| axis.len() as u64).product()
    }

    /// How many runs it has.
    pub fn runs(&self) -> u64 {
        self.points() * self.seeds.count()
    }

    /// A run by its number.
    pub const fn run(&self, run: u64) -> RunId {
        let seeds = self.seeds.count();
        RunId { run, point: run / seeds, seed: self.seeds.at(run % seeds) }
    }

    /// All runs in the order in which they had better be done: every point with the first seed, then every point with
    /// the second, so that what is done early tells something about all points and about how long the rest will take.
    pub fn by_seed(&self) -> impl Iterator<Item = RunId> + Send + '_ {
        let seeds = self.seeds.count();
        (0..seeds).flat_map(move |seed| (0..self.points()).map(move |point| self.run(point * seeds + seed)))
    }

    /// Which value each setting has at a point.
    pub fn places(&self, point: u64) -> Vec<usize> {
        let mut left = point;
        let mut places: Vec<_> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let len = axis.len() as u64;
                let place = left % len;
                left /= len;
                place as usize
            })
            .collect();
        places.reverse();
        places
    }

    /// The settings of a point.
    pub fn settings(&self, point: u64) -> Settings {
        let setting =
            |(axis, place): (&Axis, usize)| Setting { name: axis.name().into(), value: axis.written(place).into() };
        Settings::new(self.axes.iter().zip(self.places(point)).map(setting).collect())
    }
}

/// A fingerprint of texts: another text, another order or another split gives another one.
pub(super) fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = 0;
    for text in texts {
        hash = mix64(hash ^ text.len() as u64);
        hash = text.bytes().fold(hash, |hash, byte| mix64(hash.rotate_left(8) ^ u64::from(byte)));
    }
    // The prefix keeps readers of tables from taking it for a number.
    format!("0x{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(axes: &[&str], seeds: &str) -> Result<Grid, GridError> {
        Grid::new(axes.iter().map(|axis| axis.parse().unwrap()).collect(), seeds.parse().unwrap())
    }

    #[test]
    fn the_last_setting_changes_fastest_and_seeds_faster_still() {
        let grid = grid(&["nodes=10,20", "loss=0,1,5"], "7..8").unwrap();
        assert_eq!((grid.points(), grid.runs()), (6, 12));
        let shown = |run| {
            let RunId { point, seed, .. } = grid.run(run);
            format!("{} {seed}", grid.settings(point))
        };
        assert_eq!(shown(0), "nodes=10 loss=0 7");
        assert_eq!(shown(1), "nodes=10 loss=0 8");
        assert_eq!(shown(2), "nodes=10 loss=1 7");
        assert_eq!(shown(11), "nodes=20 loss=5 8");
    }

    #[test]
    fn runs_are_done_seed_by_seed() {
        let grid = grid(&["nodes=10,20,30"], "2").unwrap();
        assert_eq!(grid.by_seed().map(|id| id.run).collect::<Vec<_>>(), [0, 2, 4, 1, 3, 5]);
    }

    #[test]
    fn a_grid_without_settings_is_one_point() {
        let grid = grid(&[], "3").unwrap();
        assert_eq!((grid.points(), grid.runs(), grid.settings(0)), (1, 3, Settings::default()));
    }

    #[test]
    fn mistakes_of_the_whole_are_found() {
        assert_eq!(grid(&["a=1", "b=1", "a=2"], "1"), Err(GridError::Twice { name: "a".into() }));
        assert_eq!(grid(&["a=1,2"], "5000001"), Err(GridError::TooMany));
        assert_eq!(grid(&["a=1,2"], "0..9223372036854775807"), Err(GridError::TooMany));
    }

    #[test]
    fn fingerprints_tell_texts_apart() {
        let all = [&["ab", "c"][..], &["a", "bc"], &["abc"], &["c", "ab"], &["ab", "c", ""]];
        let prints: std::collections::BTreeSet<_> =
            all.iter().map(|texts| fingerprint(texts.iter().copied())).collect();
        assert_eq!(prints.len(), all.len());
        assert_eq!(fingerprint(["ab", "c"]), fingerprint(["ab", "c"]));
    }
}
