//! Time-bounded detection: every member by itself finds out who crashed within two passes of its list (SWIM 4.3).
//!
//! Not only the first accusation is looked at but that of each member, which is what the bound is about: the suspicion
//! that the others spread does not keep a member from probing the suspect in its turn.

use swim_core::{Options, ProbeOrder, Random};

use super::cell::{Allowed, Cell};
use super::detection::STANDARD_ERRORS;
use super::experiment::{Experiment, TheoryError, form, pause};
use super::prediction::{round_robin, round_robin_limit};
use super::series::Series;
use super::settings::{PERIOD, options, periods, setup};
use crate::cluster::Cluster;
use crate::convergence::Goal;
use crate::network::{CutId, Sides};

/// Crashes of one node among so many, until all others have probed it.
#[derive(Clone, Debug)]
pub(super) struct RoundRobin {
    pub(super) nodes: u32,
    pub(super) clusters: u32,
    /// How many crashes in each cluster, one after another.
    pub(super) crashes: u32,
    pub(super) options: Options,
}

impl RoundRobin {
    pub(super) fn new(nodes: u32, clusters: u32, crashes: u32) -> Self {
        Self { nodes, clusters, crashes, options: options(ProbeOrder::RoundRobin, HELPERS) }
    }

    fn cell(&self, what: &'static str, trials: u64) -> Cell {
        Cell {
            what,
            unit: "periods",
            nodes: self.nodes,
            live: self.nodes,
            loss: 0,
            helpers: HELPERS,
            trials,
            events: None,
            limit: round_robin_limit(self.nodes),
            predicted: round_robin_limit(self.nodes),
            measured: 0.0,
            allowed: Allowed::AtMost { least: 1.0 },
            note: None,
        }
    }

    fn passes(&self) -> u32 {
        self.nodes - 1
    }
}

impl Experiment for RoundRobin {
    fn clusters(&self) -> u32 {
        self.clusters
    }

    fn measure(&self, seed: u64) -> Result<Vec<Series>, TheoryError> {
        let mut cluster = form(setup(self.nodes, seed, self.options.clone()), Goal::AllAlive)?;
        let mut random = Random::new(seed);
        let (mut own, mut first) = (Series::default(), Series::default());
        for _ in 0..self.crashes {
            // At any place of a pass, and in another order than that of the last crash.
            let within = random.below(self.passes());
            pause(&mut cluster, self.passes() + within, &mut random)?;
            let probed = crash(&mut cluster)?;
            probed.iter().for_each(|periods| own.add(*periods));
            first.add(probed.iter().copied().fold(f64::INFINITY, f64::min));
        }
        Ok(vec![own, first])
    }

    fn cells(&self, series: &[Series]) -> Vec<Cell> {
        let (own, first) = (series[0], series[1]);
        let predicted = round_robin(self.nodes);
        let shared = predicted.shared_deviation.powi(2) / first.count() as f64;
        let standard_error = (shared + predicted.own_deviation.powi(2) / own.count() as f64).sqrt();
        vec![
            Cell {
                measured: own.max(),
                note: Some(format!(
                    "{} in theory; mean of the first {:.3}, longest {}",
                    predicted.longest,
                    first.mean(),
                    first.max()
                )),
                ..self.cell("longest until a member probes it, round robin", own.count())
            },
            Cell {
                limit: f64::from(self.passes()) * 7.0 / 12.0,
                predicted: predicted.mean,
                measured: own.mean(),
                allowed: Allowed::Within(STANDARD_ERRORS * standard_error / predicted.mean),
                note: Some(format!("{} crashes", first.count())),
                ..self.cell("mean until a member probes it, round robin", own.count())
            },
        ]
    }
}

/// Cuts the last node off for longer than two passes; returns after how many periods each other one probed it.
fn crash(cluster: &mut Cluster) -> Result<Vec<f64>, TheoryError> {
    let nodes = cluster.setup().nodes;
    let sides = Sides::new(&[nodes - 1, 1], nodes).expect("both sides have nodes");
    let start = cluster.now();
    cluster.cut_sides(sides);
    let waited = 2 * nodes + 1;
    cluster.run_until(start + PERIOD.times(waited.into()))?;
    cluster.mend(CutId(0));
    // A round takes a period. Who did not probe it at all took longer than is allowed, whatever it would have been.
    let probed = |node| match cluster.failed_rounds().expect("they are counted").of(node).cut_off {
        Some(accused) => (periods(start, accused) - 1.0).ceil().max(1.0),
        None => f64::from(waited),
    };
    Ok((0..nodes - 1).map(probed).collect())
}

/// Nothing is lost, so it makes no difference.
const HELPERS: u32 = 3;
