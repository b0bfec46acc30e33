//! Wrong accusations: packets are lost, and live members are accused (SWIM 3.1).
//!
//! An accusation is a round of a live member that fails although its target lives. It is one at first hand: what others
//! spread is not counted, and a round about a member that is suspected already counts like any other, because the
//! paper's rate knows no suspicions. How many were fresh, about a member that the accuser did not suspect yet, is noted.

use swim_core::{Options, ProbeOrder, Random};

use super::cell::{Allowed, Cell, Events};
use super::experiment::{Experiment, TheoryError, form, pause, rest};
use super::prediction::{first_detection_limit, wrong_accusations, wrong_accusations_limit};
use super::series::Series;
use super::settings::{PERIOD, options, setup};
use crate::cluster::{Cluster, Setup};
use crate::convergence::Goal;
use crate::network::{Chance, Sides};

/// A lossy network, in which some members may be dead and listed all the same.
#[derive(Clone, Debug)]
pub(super) struct WrongAccusations {
    pub(super) nodes: u32,
    pub(super) live: u32,
    /// In percent.
    pub(super) loss: u32,
    pub(super) helpers: u32,
    pub(super) clusters: u32,
    /// How many periods are watched in each cluster.
    pub(super) periods: u32,
    pub(super) options: Options,
}

impl WrongAccusations {
    /// Watches until about so many `events` are expected in all, but no longer than `longest` periods of all members.
    pub(super) fn new(
        (nodes, live): (u32, u32),
        loss: u32,
        helpers: u32,
        (clusters, events, longest): (u32, f64, f64),
    ) -> Self {
        let rate = wrong_accusations(f64::from(loss) / 100.0, helpers, nodes, live);
        let members = f64::from(live) * f64::from(clusters);
        let periods = (events / rate).clamp(LEAST, longest) / members;
        let options = options(ProbeOrder::Random, helpers);
        Self { nodes, live, loss, helpers, clusters, periods: periods.ceil() as u32, options }
    }
}

impl Experiment for WrongAccusations {
    fn clusters(&self) -> u32 {
        self.clusters
    }

    fn measure(&self, seed: u64) -> Result<Vec<Series>, TheoryError> {
        let loss = Chance::per_million(self.loss * 10_000);
        // With this much lost, one checksum everywhere may never be seen.
        let mut cluster = form(Setup { loss, ..setup(self.nodes, seed, self.options.clone()) }, Goal::AllReachable)?;
        if self.live < self.nodes {
            let dead = self.nodes - self.live;
            cluster.cut_sides(Sides::new(&[self.live, dead], self.nodes).expect("both sides have nodes"));
        }
        pause(&mut cluster, 2, &mut Random::new(seed))?;
        let before = self.accusations(&cluster);
        rest(&mut cluster, PERIOD.times(self.periods.into()))?;
        let after = self.accusations(&cluster);
        let trials = u64::from(self.live) * u64::from(self.periods);
        Ok(vec![Series::of_events(trials, after.0 - before.0), Series::of_events(trials, after.1 - before.1)])
    }

    fn cells(&self, series: &[Series]) -> Vec<Cell> {
        let (all, fresh) = (series[0], series[1]);
        let loss = f64::from(self.loss) / 100.0;
        let share = f64::from(self.live) / f64::from(self.nodes);
        // The paper counts in expected times of a first detection, not in periods.
        let time = first_detection_limit(share);
        let rate = wrong_accusations(loss, self.helpers, self.nodes, self.live);
        vec![Cell {
            what: "wrong accusations",
            unit: "per live member and expected first detection",
            nodes: self.nodes,
            live: self.live,
            loss: self.loss,
            helpers: self.helpers,
            trials: all.count(),
            events: Some(Events { expected: rate * all.count() as f64, counted: all.sum() as u64 }),
            limit: wrong_accusations_limit(loss, self.helpers, share),
            predicted: rate * time,
            measured: all.mean() * time,
            allowed: Allowed::Within(TOLERANCE),
            note: (all.sum() > 0.0).then(|| format!("{:.0} % fresh", 100.0 * fresh.sum() / all.sum())),
        }]
    }
}

impl WrongAccusations {
    /// How often live members accused live members so far, and how often of them freshly.
    fn accusations(&self, cluster: &Cluster) -> (u64, u64) {
        let failed = (0..self.live).map(|node| cluster.failed_rounds().expect("they are counted").of(node));
        failed.fold((0, 0), |(all, fresh), failed| (all + failed.reachable, fresh + failed.fresh))
    }
}

/// How far a rate may be off.
const TOLERANCE: f64 = 0.1;
/// The fewest periods of a member that are watched in all.
const LEAST: f64 = 1_000.0;
