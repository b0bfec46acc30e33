//! The whole comparison: which experiments there are, and how they are run.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use super::cell::{Cell, Verdict};
use super::detection::Detection;
use super::experiment::{Experiment, TheoryError};
use super::round_robin::RoundRobin;
use super::rumour::Rumour;
use super::series::Series;
use super::traffic_at_rest::TrafficAtRest;
use super::wrong_accusations::WrongAccusations;
use crate::seeds::mix64;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// A few points, in seconds: 1000 trials each as well.
    Quick,
    /// All of them, in minutes.
    Full,
}

/// What was compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// How much of it.
    pub effort: Effort,
    /// What everything random derived from.
    pub seed: u64,
    /// Line by line.
    pub cells: Vec<Cell>,
}

/// How far a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// So many clusters were measured.
    pub clusters: usize,
    /// Of so many.
    pub of: usize,
}

impl Comparison {
    /// Measures everything, on all processors. What comes out depends on the effort and the seed only; `done` is called
    /// from any thread.
    ///
    /// # Errors
    /// When a cluster could not be measured.
    pub fn run(effort: Effort, seed: u64, done: impl Fn(Done) + Sync) -> Result<Self, TheoryError> {
        let cells = run(&experiments(effort), seed, done)?;
        Ok(Self { effort, seed, cells })
    }

    /// How many cells have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cells.iter().filter(|cell| cell.verdict() == verdict).count()
    }

    /// Whether something was judged, and nothing of it is off.
    pub fn agrees(&self) -> bool {
        self.count(Verdict::Off) == 0 && self.count(Verdict::Ok) > 0
    }
}

/// Measures all clusters of all experiments and judges them, in the order of the experiments.
pub(super) fn run(
    experiments: &[Box<dyn Experiment>],
    seed: u64,
    done: impl Fn(Done) + Sync,
) -> Result<Vec<Cell>, TheoryError> {
    let clusters: Vec<(usize, u32)> = (0..)
        .zip(experiments)
        .flat_map(|(number, experiment)| (0..experiment.clusters()).map(move |cluster| (number, cluster)))
        .collect();
    let measured = AtomicUsize::new(0);
    // One cluster at a time for each processor: they take from milliseconds to minutes.
    let results: Vec<Result<Vec<Series>, TheoryError>> = clusters
        .par_iter()
        .with_max_len(1)
        .map(|&(number, cluster)| {
            let result = experiments[number].measure(cluster_seed(seed, number, cluster));
            let so_far = measured.fetch_add(1, Ordering::Relaxed) + 1;
            done(Done { clusters: so_far, of: clusters.len() });
            result
        })
        .collect();
    let mut sums: Vec<Vec<Series>> = vec![Vec::new(); experiments.len()];
    for ((number, _), result) in clusters.iter().zip(results) {
        let series = result?;
        let sum = &mut sums[*number];
        sum.resize(series.len(), Series::default());
        sum.iter_mut().zip(series).for_each(|(sum, series)| *sum += series);
    }
    Ok(experiments.iter().zip(&sums).flat_map(|(experiment, series)| experiment.cells(series)).collect())
}

/// The seed of one cluster of one experiment.
fn cluster_seed(seed: u64, number: usize, cluster: u32) -> u64 {
    mix64(mix64(mix64(seed).wrapping_add(number as u64)).wrapping_add(cluster.into()))
}

/// All experiments, in the order of the table.
fn experiments(effort: Effort) -> Vec<Box<dyn Experiment>> {
    match effort {
        Effort::Quick => quick(),
        Effort::Full => full(),
    }
}

fn quick() -> Vec<Box<dyn Experiment>> {
    let mut all: Vec<Box<dyn Experiment>> = Vec::new();
    for nodes in [8, 200] {
        all.push(Box::new(Detection::new(nodes, 20, 100)));
    }
    all.push(Box::new(RoundRobin::new(8, 4, 250)));
    all.push(Box::new(RoundRobin::new(64, 8, 8)));
    for nodes in [8, 200] {
        all.push(Box::new(TrafficAtRest::new(nodes, 500)));
    }
    for (loss, helpers) in LOSSES.into_iter().flat_map(|loss| HELPERS.map(|helpers| (loss, helpers))) {
        all.push(Box::new(WrongAccusations::new((64, 64), loss, helpers, (2, 3_000.0, 4_000_000.0))));
    }
    all.push(Box::new(WrongAccusations::new((64, 48), 10, 1, (2, 3_000.0, 4_000_000.0))));
    for nodes in [8, 200] {
        all.push(Box::new(Rumour::new(nodes, 20, 50)));
    }
    all
}

fn full() -> Vec<Box<dyn Experiment>> {
    let mut all: Vec<Box<dyn Experiment>> = Vec::new();
    for (nodes, clusters, crashes) in [(8, 100, 100), (32, 100, 100), (128, 50, 200), (512, 20, 200), (2_000, 8, 250)] {
        all.push(Box::new(Detection::new(nodes, clusters, crashes)));
    }
    for (nodes, clusters, crashes) in [(8, 8, 250), (32, 8, 100), (128, 8, 25), (512, 16, 2), (2_000, 8, 1)] {
        all.push(Box::new(RoundRobin::new(nodes, clusters, crashes)));
    }
    for nodes in SIZES {
        all.push(Box::new(TrafficAtRest::new(nodes, 1_000)));
    }
    all.push(Box::new(TrafficAtRest::lan(2_000, 100)));
    for nodes in [8, 64, 512] {
        for (loss, helpers) in LOSSES.into_iter().flat_map(|loss| HELPERS.map(|helpers| (loss, helpers))) {
            all.push(Box::new(WrongAccusations::new((nodes, nodes), loss, helpers, (4, 10_000.0, 8_000_000.0))));
        }
    }
    for (loss, helpers) in [(5, 1), (10, 1), (10, 3), (20, 3)] {
        all.push(Box::new(WrongAccusations::new((64, 48), loss, helpers, (4, 10_000.0, 8_000_000.0))));
    }
    for (nodes, clusters, rumours) in [(8, 100, 40), (32, 100, 40), (128, 40, 50), (512, 10, 100), (2_000, 4, 250)] {
        all.push(Box::new(Rumour::new(nodes, clusters, rumours)));
    }
    all
}

const SIZES: [u32; 5] = [8, 32, 128, 512, 2_000];
/// In percent.
const LOSSES: [u32; 4] = [1, 5, 10, 20];
const HELPERS: [u32; 2] = [1, 3];
