//! What every experiment is: clusters of their own, measured apart and judged together.

use swim_core::{Instant, Micros, Random};

use super::cell::Cell;
use super::series::Series;
use super::settings::PERIOD;
use crate::checkers::Violation;
use crate::cluster::{Cluster, Setup, SetupError};
use crate::convergence::{Goal, Wait};
use crate::failed_rounds::FailedRounds;
use crate::watch::Watchers;

/// One experiment at one point.
pub(super) trait Experiment: Sync {
    /// How many clusters it takes. They do not depend on one another, so that they can run at once.
    fn clusters(&self) -> u32;

    /// Measures in one cluster; the series mean what the experiment wants.
    fn measure(&self, seed: u64) -> Result<Vec<Series>, TheoryError>;

    /// What the series of all clusters, added up, come to.
    fn cells(&self, series: &[Series]) -> Vec<Cell>;
}

/// Why there was nothing to measure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TheoryError {
    /// There is no such cluster.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// Something happened that must not.
    #[error(transparent)]
    Violation(#[from] Box<Violation>),
    /// A cluster was not ready to be measured in time.
    #[error("with seed {seed} {nodes} nodes did not come together within an hour")]
    Apart {
        /// How many.
        nodes: u32,
        /// With which seed.
        seed: u64,
    },
    /// Nodes went on telling each other something.
    #[error("with seed {seed} {nodes} nodes were not at rest after an hour")]
    Restless {
        /// How many.
        nodes: u32,
        /// With which seed.
        seed: u64,
    },
    /// A rumour did not spread.
    #[error("with seed {seed} a rumour among {nodes} nodes had not reached {missed} of them after an hour")]
    Lost {
        /// How many nodes there are.
        nodes: u32,
        /// With which seed.
        seed: u64,
        /// How many did not hear it.
        missed: usize,
    },
    /// A full sync helped a rumour, so that its time says nothing about the probes.
    #[error("with seed {seed} a full sync spread a rumour among {nodes} nodes")]
    FullSync {
        /// How many nodes there are.
        nodes: u32,
        /// With which seed.
        seed: u64,
    },
}

/// A cluster that has come together.
pub(super) fn form(setup: Setup, goal: Goal) -> Result<Cluster, TheoryError> {
    let (nodes, seed) = (setup.nodes, setup.seed);
    let mut cluster = {
        let failed_rounds = Some(FailedRounds::new(setup.nodes));
        Cluster::watched(setup, Watchers { failed_rounds, ..Watchers::default() })?
    };
    let mut wait = Wait::new(goal);
    for _ in 0..PERIODS_MAX {
        rest(&mut cluster, PERIOD)?;
        if wait.pending(&cluster).is_none() {
            return Ok(cluster);
        }
    }
    Err(TheoryError::Apart { nodes, seed })
}

/// Waits until nobody has anything to tell.
pub(super) fn quieten(cluster: &mut Cluster) -> Result<(), TheoryError> {
    for _ in 0..PERIODS_MAX {
        if !cluster.nodes().iter().any(|node| node.has_changes()) {
            return Ok(());
        }
        rest(cluster, PERIOD)?;
    }
    Err(TheoryError::Restless { nodes: cluster.setup().nodes, seed: cluster.setup().seed })
}

/// Lets time pass.
pub(super) fn rest(cluster: &mut Cluster, time: Micros) -> Result<(), TheoryError> {
    Ok(cluster.run_until(cluster.now() + time)?)
}

/// Lets so many whole periods pass, and a random part of one: when in the periods of the nodes the next trial begins
/// must not depend on the last one.
pub(super) fn pause(cluster: &mut Cluster, periods: u32, random: &mut Random) -> Result<Instant, TheoryError> {
    let part = Micros(random.below_u64(PERIOD.0));
    rest(cluster, PERIOD.times(periods.into()) + part)?;
    Ok(cluster.now())
}

/// An hour.
pub(super) const PERIODS_MAX: u32 = 3_600;
