//! Dissemination: one member has something to tell, and probes carry it to all (SWIM 4.1).
//!
//! A member sets a label, which is a change like any other, so that there is one source and nothing else to tell. Who
//! has heard of it has another checksum than before. Members pass a change on for as long as the paper has them: a
//! send in each message of `3 ln n` periods, twice that many in all.

use swim_core::{Micros, Options, OwnLabels, ProbeOrder, Random};

use super::cell::{Allowed, Cell};
use super::detection::STANDARD_ERRORS;
use super::epidemic;
use super::experiment::{Experiment, PERIODS_MAX, TheoryError, form, pause, quieten, rest};
use super::prediction::{rumour_at_random, rumour_least, rumour_limit};
use super::series::Series;
use super::settings::{PERIOD, options, periods, setup};
use crate::cluster::Cluster;
use crate::convergence::Goal;

/// Rumours among so many, one after another.
#[derive(Clone, Debug)]
pub(super) struct Rumour {
    pub(super) nodes: u32,
    pub(super) clusters: u32,
    /// How many in each cluster.
    pub(super) rumours: u32,
    pub(super) options: Options,
}

impl Rumour {
    pub(super) fn new(nodes: u32, clusters: u32, rumours: u32) -> Self {
        let digits = f64::from(nodes).log10().ceil().max(1.0);
        let sends = 2.0 * rumour_limit(nodes);
        let options =
            Options { retransmit_factor: (sends / digits).ceil() as u32, ..options(ProbeOrder::Random, HELPERS) };
        Self { nodes, clusters, rumours, options }
    }

    /// How many are 99 % of all.
    fn wanted(&self) -> u32 {
        (self.nodes * 99).div_ceil(100)
    }

    /// Spreads one; returns after how many periods 99 % have heard it. Leaves the cluster once all have.
    fn spread(&self, cluster: &mut Cluster, origin: u32, text: &str) -> Result<f64, TheoryError> {
        let start = cluster.now();
        let before = cluster.nodes()[0].checksum();
        let labels = OwnLabels::new([("rumour", text)]).expect("a short label is allowed");
        cluster.set_labels(origin, &labels)?;
        let mut without: Vec<u32> = (0..self.nodes).collect();
        let mut reached = None;
        while !without.is_empty() {
            without.retain(|node| cluster.nodes()[*node as usize].checksum() == before);
            let now = cluster.now();
            if reached.is_none() && self.nodes - without.len() as u32 >= self.wanted() {
                reached = Some(periods(start, now));
            }
            if periods(start, now) > f64::from(PERIODS_MAX) {
                let (nodes, seed, missed) = (self.nodes, cluster.setup().seed, without.len());
                return Err(TheoryError::Lost { nodes, seed, missed });
            }
            rest(cluster, STEP)?;
        }
        Ok(reached.expect("all are more than 99 %"))
    }
}

impl Experiment for Rumour {
    fn clusters(&self) -> u32 {
        self.clusters
    }

    fn measure(&self, seed: u64) -> Result<Vec<Series>, TheoryError> {
        let mut cluster = form(setup(self.nodes, seed, self.options.clone()), Goal::AllAlive)?;
        quieten(&mut cluster)?;
        let syncs = |cluster: &Cluster| cluster.nodes().iter().map(|node| node.counters().full_syncs_started).sum();
        let syncs_before: u64 = syncs(&cluster);
        let mut random = Random::new(seed);
        let mut times = Series::default();
        for number in 0..self.rumours {
            // Each node meets another one that agrees with it before the next rumour.
            pause(&mut cluster, 3, &mut random)?;
            let origin = random.below(self.nodes);
            times.add(self.spread(&mut cluster, origin, &number.to_string())?);
        }
        if syncs(&cluster) != syncs_before {
            return Err(TheoryError::FullSync { nodes: self.nodes, seed });
        }
        Ok(vec![times])
    }

    fn cells(&self, series: &[Series]) -> Vec<Cell> {
        let times = series[0];
        let limit = rumour_limit(self.nodes);
        let bound = Cell {
            what: "rumour to 99 %, at most 3 ln n",
            unit: "periods",
            nodes: self.nodes,
            live: self.nodes,
            loss: 0,
            helpers: HELPERS,
            trials: times.count(),
            events: None,
            limit,
            predicted: limit,
            measured: times.mean(),
            allowed: Allowed::AtMost { least: rumour_least(self.wanted()) },
            note: Some(format!("slowest {:.2}", times.max())),
        };
        // The epidemic is drawn as well: both means have their error.
        let draws = DRAWN_MEMBERS / self.nodes;
        let epidemic = epidemic::draw(self.nodes, self.wanted(), draws, PARTS);
        let standard_error = epidemic.deviation * (1.0 / times.count() as f64 + 1.0 / f64::from(draws)).sqrt();
        let mean = Cell {
            what: "rumour to 99 %, mean",
            limit: rumour_at_random(self.nodes, self.wanted()),
            predicted: epidemic.mean,
            allowed: Allowed::Within(STANDARD_ERRORS * standard_error / epidemic.mean),
            note: None,
            ..bound.clone()
        };
        vec![bound, mean]
    }
}

/// How often in a period it is looked who has heard it: what is measured is rounded up to that.
const PARTS: u32 = 20;
const STEP: Micros = Micros(PERIOD.0 / PARTS as u64);
/// The members of all epidemics that are drawn for one cell: more often than is measured, in less time.
const DRAWN_MEMBERS: u32 = 4_000_000;
/// Nothing is lost, so it makes no difference.
const HELPERS: u32 = 3;
