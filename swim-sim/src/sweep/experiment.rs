//! What is swept: something that takes settings and a seed, and gives one row of results.

use super::settings::Settings;
use crate::results::{Column, Value};

/// An experiment that can be repeated: the same settings and seed give the same results, in every process.
pub trait Experiment: Sync {
    /// Everything beside settings and seed that decides the results, as one text: where it differs, rows of two sweeps do
    /// not belong together.
    fn identity(&self) -> String;

    /// The results of a run, in order.
    fn results(&self) -> Vec<Column>;

    /// Whether a run can have these settings. Every point of a grid is checked before the first run begins.
    ///
    /// # Errors
    /// When it cannot.
    fn check(&self, settings: &Settings) -> Result<(), SettingError>;

    /// Runs once; returns a value for each of [`Self::results`], in their order and of their kinds.
    ///
    /// # Errors
    /// When the run itself broke. That it did not reach its goal is a result.
    fn run(&self, settings: &Settings, seed: u64) -> Result<Vec<Value>, RunError>;
}

/// Why a point of the grid cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct SettingError {
    /// Which setting is to blame.
    pub setting: String,
    /// What is wrong with it, and what is allowed.
    pub reason: String,
}

/// Why a run has no results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct RunError {
    /// What broke.
    pub what: String,
    /// The command that shows it again.
    pub again: String,
}
