//! Sweeps: one experiment over a grid of settings, many seeds for each point, one row for each run.
//!
//! ```text
//!  --vary, grid file ──> Grid ──┐
//!                               ├──> Sweep ── share of a Shard ──> runs, in parallel ──> Journal ──> Table
//!  Experiment: check, run ──────┘      every point is checked          each run is a line,   sorted by run
//!                                      before the first run            there once it is over
//! ```

mod axis;
mod experiment;
mod grid;
mod grid_file;
mod journal;
mod place;
mod runner;
mod scenario_runs;
mod seed_range;
mod settings;
mod shard;

pub use axis::{Axis, AxisError};
pub use experiment::{Experiment, RunError, SettingError};
pub use grid::{Grid, GridError, RunId};
pub use grid_file::{GridFile, GridFileError};
pub use journal::{Header, Journal, JournalError, OpenError};
pub use place::Place;
pub use runner::{Broken, Progress, Record, Refused, Sweep, SweepError, SweepOutcome};
pub use scenario_runs::ScenarioRuns;
pub use seed_range::{SeedRange, SeedRangeError};
pub use settings::{Setting, Settings};
pub use shard::{Shard, ShardError};
