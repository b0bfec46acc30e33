//! First detection: somebody crashes, and members that draw their targets at random find out (SWIM 3.1).
//!
//! A crash is a cut around one node. The paper counts the protocol periods from the crash up to and including the one in
//! which somebody probes the node; all of its members begin their periods together. Here each has a period of its own,
//! and any time as long as a period holds one ping of each, so the same is counted in periods from the crash. A
//! round takes a period: the ping that began it was sent one period before the accusation.

use swim_core::{Options, ProbeOrder, Random};

use super::cell::{Allowed, Cell};
use super::experiment::{Experiment, TheoryError, form, pause};
use super::prediction::{Mean, detection_time, first_detection, first_detection_limit};
use super::series::Series;
use super::settings::{PERIOD, options, periods, setup};
use crate::cluster::Cluster;
use crate::convergence::Goal;
use crate::network::{CutId, Sides};

/// Crashes of one node among so many.
#[derive(Clone, Debug)]
pub(super) struct Detection {
    pub(super) nodes: u32,
    pub(super) clusters: u32,
    /// How many crashes in each cluster, one after another.
    pub(super) crashes: u32,
    pub(super) options: Options,
}

impl Detection {
    pub(super) fn new(nodes: u32, clusters: u32, crashes: u32) -> Self {
        Self { nodes, clusters, crashes, options: options(ProbeOrder::Random, HELPERS) }
    }

    fn cell(&self, what: &'static str, limit: f64, predicted: Mean, measured: Series) -> Cell {
        let standard_error = predicted.deviation / (measured.count() as f64).sqrt();
        Cell {
            what,
            unit: "periods",
            nodes: self.nodes,
            live: self.nodes,
            loss: 0,
            helpers: HELPERS,
            trials: measured.count(),
            events: None,
            limit,
            predicted: predicted.mean,
            measured: measured.mean(),
            allowed: Allowed::Within(STANDARD_ERRORS * standard_error / predicted.mean),
            note: None,
        }
    }
}

impl Experiment for Detection {
    fn clusters(&self) -> u32 {
        self.clusters
    }

    fn measure(&self, seed: u64) -> Result<Vec<Series>, TheoryError> {
        let mut cluster = form(setup(self.nodes, seed, self.options.clone()), Goal::AllAlive)?;
        let mut random = Random::new(seed);
        let (mut probed, mut accused) = (Series::default(), Series::default());
        for _ in 0..self.crashes {
            // Rounds of the last crash are over after one period.
            pause(&mut cluster, 2, &mut random)?;
            let time = crash(&mut cluster)?;
            // A ping that was under way when its target crashed counts as one of the first period.
            probed.add((time - 1.0).ceil().max(1.0));
            accused.add(time);
        }
        Ok(vec![probed, accused])
    }

    fn cells(&self, series: &[Series]) -> Vec<Cell> {
        let limit = first_detection_limit(1.0);
        vec![
            self.cell("first detection, random targets", limit, first_detection(self.nodes), series[0]),
            // The paper has no formula for this; in a large cluster it is an exponential wait and a round.
            self.cell("crash to first accusation, random targets", 2.0, detection_time(self.nodes), series[1]),
        ]
    }
}

/// Cuts the last node off until somebody accuses it; returns after how many periods that was.
fn crash(cluster: &mut Cluster) -> Result<f64, TheoryError> {
    let nodes = cluster.setup().nodes;
    let sides = Sides::new(&[nodes - 1, 1], nodes).expect("both sides have nodes");
    let start = cluster.now();
    cluster.cut_sides(sides);
    let first = loop {
        cluster.run_until(cluster.now() + PERIOD)?;
        let accused =
            (0..nodes - 1).filter_map(|node| cluster.failed_rounds().expect("they are counted").of(node).cut_off);
        if let Some(first) = accused.min() {
            break first;
        }
    };
    cluster.mend(CutId(0));
    Ok(periods(start, first))
}

/// How far a mean may be off: by chance it is once in 16 000 times.
pub(super) const STANDARD_ERRORS: f64 = 4.0;
/// Nothing is lost, so it makes no difference.
const HELPERS: u32 = 3;
