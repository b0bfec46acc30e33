//! Carries out a sweep: checks every point, runs what is not in the journal yet, in parallel, and puts the rows in order.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use rayon::iter::{ParallelBridge, ParallelIterator};

use super::axis::Axis;
use super::experiment::{Experiment, RunError, SettingError};
use super::grid::{Grid, RunId};
use super::journal::{Header, Journal, JournalError};
use super::place::Place;
use super::settings::Settings;
use super::shard::Shard;
use crate::results::{Layout, LayoutError, Table, Value};

/// A sweep that can be run: every point of its grid has been checked.
pub struct Sweep<'a, E> {
    experiment: &'a E,
    grid: &'a Grid,
    shard: Shard,
    layout: Layout,
}

/// Why a sweep cannot be run. Nothing has been run yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A point of the grid that the experiment refuses.
    #[error(transparent)]
    Refused(#[from] Box<Refused>),
    /// A setting that has the name of a result.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// A point of a grid that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong with it.
    pub error: SettingError,
    /// Which point.
    pub settings: Settings,
    /// Where the setting to blame was written, if the grid sets it.
    pub place: Option<Place>,
}

/// Where finished runs are kept.
#[derive(Debug)]
pub enum Record {
    /// Nowhere: a sweep that is interrupted starts anew.
    Nowhere,
    /// In a journal, which may have some already.
    Journal {
        /// The journal.
        journal: Journal,
        /// What it had, by the number of the run.
        finished: BTreeMap<u64, Vec<Value>>,
    },
}

/// How far a sweep is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many runs this share has.
    pub total: u64,
    /// How many were in the journal.
    pub before: u64,
    /// How many are over, with those before.
    pub done: u64,
    /// How many broke.
    pub broken: u64,
}

/// A run without results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which run.
    pub id: RunId,
    /// With which settings.
    pub settings: Settings,
    /// What broke.
    pub error: RunError,
}

/// A sweep that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepOutcome {
    /// A row for each run of the share.
    pub table: Table,
    /// The runs that broke. They are not in the journal, so that they are done again.
    pub broken: Vec<Broken>,
}

impl<'a, E: Experiment> Sweep<'a, E> {
    /// Checks every point of the grid, whatever the share.
    ///
    /// # Errors
    /// At the first point that cannot be run, or when a setting and a result have the same name.
    pub fn new(experiment: &'a E, grid: &'a Grid, shard: Shard) -> Result<Self, SweepError> {
        for point in 0..grid.points() {
            let settings = grid.settings(point);
            if let Err(error) = experiment.check(&settings) {
                let axes = grid.axes().iter().zip(grid.places(point));
                let blamed = axes.filter(|(axis, _)| axis.name() == error.setting);
                let place = blamed.map(|(axis, place)| axis.place(place).clone()).next();
                return Err(Box::new(Refused { error, settings, place }).into());
            }
        }
        let settings = grid.axes().iter().map(Axis::column).collect();
        let layout = Layout::new(settings, experiment.results())?;
        Ok(Self { experiment, grid, shard, layout })
    }

    /// What its journal begins with.
    pub fn header(&self) -> Header {
        let values = |axis: &Axis| (0..axis.len()).map(|place| axis.written(place).to_owned()).collect();
        Header {
            program: concat!("swim-sim ", env!("CARGO_PKG_VERSION")).into(),
            experiment: self.experiment.identity(),
            vary: self.grid.axes().iter().map(|axis| (axis.name().to_owned(), values(axis))).collect(),
            seeds: self.grid.seeds().to_string(),
            results: self.experiment.results(),
            shard: self.shard.to_string(),
        }
    }

    /// Runs what is not finished, on the threads of the current pool; `watch` is told after each run.
    ///
    /// # Errors
    /// When the journal cannot be written. No further run begins then, and those in the journal are kept.
    pub fn run(&self, record: Record, watch: impl Fn(Progress) + Sync) -> Result<SweepOutcome, JournalError> {
        let (mut journal, finished) = match record {
            Record::Nowhere => (None, BTreeMap::new()),
            Record::Journal { journal, finished } => (Some(journal), finished),
        };
        let share: Vec<_> = self.grid.by_seed().filter(|id| self.shard.has(id.run)).collect();
        let left: Vec<_> = share.iter().filter(|id| !finished.contains_key(&id.run)).collect();
        let before = (share.len() - left.len()) as u64;
        let progress = Progress { total: share.len() as u64, before, done: before, broken: 0 };
        watch(progress);
        let state = Mutex::new((progress, finished, Vec::new()));
        let journal = journal.as_mut().map(Mutex::new);
        // One after another from the front: the order tells something early, see `by_seed`.
        left.into_iter().par_bridge().try_for_each(|id| {
            let settings = self.grid.settings(id.point);
            let ended = self.experiment.run(&settings, id.seed);
            // The journal comes first: what is counted as done is on the disk.
            if let (Ok(values), Some(journal)) = (&ended, &journal) {
                journal.lock().unwrap_or_else(PoisonError::into_inner).add(id.run, values)?;
            }
            let (progress, finished, broken) = &mut *state.lock().unwrap_or_else(PoisonError::into_inner);
            progress.done += 1;
            match ended {
                Ok(values) => {
                    finished.insert(id.run, values);
                }
                Err(error) => {
                    progress.broken += 1;
                    broken.push(Broken { id: *id, settings, error });
                }
            }
            watch(*progress);
            Ok(())
        })?;
        let (_, finished, mut broken) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        broken.sort_by_key(|broken| broken.id.run);
        Ok(SweepOutcome { table: self.table(share, finished, &broken), broken })
    }

    /// The rows, in the order of the runs.
    fn table(&self, mut share: Vec<RunId>, mut finished: BTreeMap<u64, Vec<Value>>, broken: &[Broken]) -> Table {
        let fingerprint = self.header().fingerprint();
        let mut table = Table::new(self.layout.clone());
        share.sort_by_key(|id| id.run);
        for id in share {
            let mut row = vec![Value::text(&fingerprint), Value::count(id.run), Value::count(self.grid.runs())];
            let axes = self.grid.axes().iter().zip(self.grid.places(id.point));
            row.extend(axes.map(|(axis, place)| axis.value(place)));
            row.push(Value::count(id.seed));
            match finished.remove(&id.run) {
                Some(values) => row.extend(values.into_iter().chain([Value::Missing])),
                None => {
                    row.extend(self.layout.results().map(|_| Value::Missing));
                    let found = broken.binary_search_by_key(&id.run, |broken| broken.id.run);
                    let found = found.expect("a run is either finished or broken");
                    row.push(Value::text(broken[found].error.what.clone()));
                }
            }
            table.push(row).expect("an experiment gives the results that it announces");
        }
        table
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        if let Some(place) = &self.place {
            write!(f, "\n{place}")?;
        }
        write!(f, "\nat the point {}; nothing was run", self.settings)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Column, Completeness, Format, Kind, Part, encode, merge};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Counts how often it is run, refuses `x=13`, and breaks at seed 2 of `x=7`.
    #[derive(Default)]
    struct Toy {
        runs: AtomicU64,
    }

    impl Experiment for Toy {
        fn identity(&self) -> String {
            "toy".into()
        }

        fn results(&self) -> Vec<Column> {
            vec![Column::new("product", Kind::Float), Column::new("note", Kind::Text)]
        }

        fn check(&self, settings: &Settings) -> Result<(), SettingError> {
            match settings.iter().find(|setting| setting.value == "13") {
                Some(bad) => Err(SettingError { setting: bad.name.clone(), reason: "13 is unlucky".into() }),
                None => Ok(()),
            }
        }

        fn run(&self, settings: &Settings, seed: u64) -> Result<Vec<Value>, RunError> {
            self.runs.fetch_add(1, Ordering::Relaxed);
            let product: f64 = settings.iter().map(|setting| setting.value.parse::<f64>().unwrap()).product();
            if product == 7.0 && seed == 2 {
                return Err(RunError { what: "seven".into(), again: "toy 7 2".into() });
            }
            let note = if seed == 1 { Value::Missing } else { Value::text("late") };
            Ok(vec![Value::Float(product / seed as f64), note])
        }
    }

    fn grid(axes: &[&str]) -> Grid {
        Grid::new(axes.iter().map(|axis| axis.parse().unwrap()).collect(), "3".parse().unwrap()).unwrap()
    }

    fn rows(toy: &Toy, grid: &Grid, shard: &str, threads: usize) -> SweepOutcome {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let sweep = Sweep::new(toy, grid, shard.parse().unwrap()).unwrap();
        pool.install(|| sweep.run(Record::Nowhere, |_| {})).unwrap()
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let (toy, grid) = (Toy::default(), grid(&["x=1,2,5", "y=3,4"]));
        let one = rows(&toy, &grid, "0/1", 1);
        assert_eq!(one, rows(&toy, &grid, "0/1", 4));
        assert_eq!(one.table.rows().len(), 18);
        assert_eq!(toy.runs.into_inner(), 36);
    }

    #[test]
    fn the_shares_of_any_count_are_the_whole_byte_for_byte() {
        let (toy, grid) = (Toy::default(), grid(&["x=1,7", "y=1,3.5,4"]));
        let whole = rows(&toy, &grid, "0/1", 2).table;
        for count in [1, 2, 3, 5, 18, 20] {
            let part = |index| {
                let name = format!("{index}/{count}");
                Part { table: rows(&toy, &grid, &name, 2).table, name }
            };
            let merged = merge((0..count).map(part).collect(), Completeness::Whole).unwrap();
            for format in [Format::Csv, Format::Parquet] {
                assert_eq!(encode(&merged, format), encode(&whole, format));
            }
        }
    }

    #[test]
    fn a_run_that_breaks_is_a_row_that_says_why_and_stops_no_other() {
        let outcome = rows(&Toy::default(), &grid(&["x=1,7"]), "0/1", 2);
        assert_eq!(outcome.broken.len(), 1);
        assert_eq!((outcome.broken[0].id.run, outcome.broken[0].error.again.as_str()), (4, "toy 7 2"));
        let error = outcome.table.layout().error();
        let errors: Vec<_> = outcome.table.rows().iter().map(|row| row[error].to_string()).collect();
        assert_eq!(errors, ["", "", "", "", "seven", ""]);
    }

    #[test]
    fn every_point_is_checked_before_anything_runs() {
        let (toy, grid) = (Toy::default(), grid(&["x=1,2", "y=4,13"]));
        // The bad point is no part of this share.
        let error = Sweep::new(&toy, &grid, "0/12".parse().unwrap()).err().unwrap();
        assert_eq!(error.to_string(), "y: 13 is unlucky\n  --> --vary y=4,13\nat the point x=1 y=13; nothing was run");
        assert_eq!(toy.runs.into_inner(), 0);
    }

    #[test]
    fn a_setting_with_the_name_of_a_result_is_refused() {
        let error = Sweep::new(&Toy::default(), &grid(&["note=1"]), Shard::WHOLE).err();
        assert_eq!(error, Some(SweepError::Layout(LayoutError::Twice { name: "note".into() })));
    }

    #[test]
    fn what_the_journal_has_is_not_run_again() {
        let (toy, grid) = (Toy::default(), grid(&["x=1,2"]));
        let whole = rows(&toy, &grid, "0/1", 1);
        let path = std::env::temp_dir().join(format!("swim-sim-runner-{}.journal", std::process::id()));
        let sweep = Sweep::new(&toy, &grid, Shard::WHOLE).unwrap();
        let resume = || {
            let (journal, finished) = Journal::open(&path, &sweep.header()).unwrap();
            let seen = Mutex::new(Vec::new());
            let outcome =
                sweep.run(Record::Journal { journal, finished }, |now| seen.lock().unwrap().push(now)).unwrap();
            (outcome, seen.into_inner().unwrap())
        };
        let before = toy.runs.load(Ordering::Relaxed);
        assert_eq!(resume().0, whole);
        // Three of the six runs are lost.
        let text = std::fs::read_to_string(&path).unwrap();
        let kept: Vec<_> = text.split_inclusive('\n').take(4).collect();
        std::fs::write(&path, kept.concat()).unwrap();
        let (outcome, seen) = resume();
        assert_eq!(outcome, whole);
        assert_eq!(seen[0], Progress { total: 6, before: 3, done: 3, broken: 0 });
        assert_eq!((seen.len(), seen[3].done), (4, 6));
        resume();
        assert_eq!(toy.runs.load(Ordering::Relaxed) - before, 6 + 3);
        std::fs::remove_file(path).unwrap();
    }
}
