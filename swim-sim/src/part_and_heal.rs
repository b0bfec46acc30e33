//! The main job: a cluster forms, rests, is cut, and heals.
//!
//! ```text
//!  Join ── all see all ──> Settle ── rest measured ──> Cut ── each side holds the ──> Heal ── one checksum, ──> Done
//!   │                                                       others faulty                   all alive
//!   └──────────────────── too late: Done, and the outcome says what was pending ─────────────┘
//! ```

use swim_core::{Instant, Micros};

use crate::census::{Census, CensusTaker};
use crate::checkers::Violation;
use crate::cluster::Cluster;
use crate::convergence::{Goal, Reason, Wait};
use crate::network::Sides;
use crate::traffic::{Rate, Tally};

/// What is to be done to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How the cluster is cut.
    pub sides: Sides,
    /// How long the cut lasts; `None` is until each side holds the others faulty, [`Plan::CUT_MAX`] at most.
    pub cut: Option<Micros>,
    /// When the run ends, healed or not; `None` is once it healed, or could not.
    pub duration: Option<Micros>,
}

impl Plan {
    /// How long joining may take.
    pub const JOIN_MAX: Micros = Micros::from_millis(300_000);
    /// How long the last changes of the join may go round before rest is measured all the same.
    pub const DRAIN_MAX: Micros = Micros::from_millis(60_000);
    /// How long rest is measured.
    pub const REST: Micros = Micros::from_millis(10_000);
    /// How long a cut without a fixed time lasts at most.
    pub const CUT_MAX: Micros = Micros::from_millis(180_000);
    /// How long healing may take.
    pub const HEAL_MAX: Micros = Micros::from_millis(120_000);

    /// Two halves of a cluster, cut until each holds the other faulty.
    ///
    /// # Panics
    /// When the cluster has a single node.
    pub fn halves(nodes: u32) -> Self {
        Self { sides: Sides::halves(nodes).expect("two nodes at least"), cut: None, duration: None }
    }
}

/// Where a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Until all see all.
    #[default]
    Join,
    /// Until the changes of the join have gone round and rest was measured.
    Settle,
    /// Nothing passes between the sides.
    Cut,
    /// Everyone reaches everyone again.
    Heal,
    /// The end.
    Done,
}

impl Phase {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Settle => "settle",
            Self::Cut => "cut",
            Self::Heal => "heal",
            Self::Done => "done",
        }
    }
}

/// The cluster at one moment of the run.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// In which phase.
    pub phase: Phase,
    /// Who sees whom as what.
    pub census: Census,
    /// What was sent in the second before.
    pub traffic: Tally,
    /// The running hash.
    pub hash: u64,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// From the start until all saw all.
    pub joined_after: Option<Micros>,
    /// Traffic of a node at rest.
    pub rest: Option<Rate>,
    /// From the beginning of the cut until each side held the others faulty, by side.
    pub detected_after: Vec<Option<Micros>>,
    /// How long the cut lasted.
    pub cut_for: Option<Micros>,
    /// From the end of the cut until the cluster was whole.
    pub healed_after: Option<Micros>,
    /// In which phase the run ended.
    pub ended_in: Phase,
    /// What was pending then.
    pub pending: Option<Reason>,
    /// One sample each second, and one at the end of each phase.
    pub timeline: Vec<Sample>,
}

/// One run of the plan.
pub struct PartAndHeal {
    plan: Plan,
    phase: Phase,
    /// When the phase began.
    since: Instant,
    whole: Wait,
    detections: Vec<Wait>,
    /// When rest began, and what had been sent by then.
    rest: Option<(Instant, Tally)>,
    taker: CensusTaker,
    outcome: Outcome,
}

impl PartAndHeal {
    /// A run that has not begun.
    pub fn new(plan: Plan, cluster: &Cluster) -> Self {
        let sides = plan.sides.sizes().len();
        let detection = |side| Wait::new(Goal::OthersFaulty { sides: plan.sides.clone(), side });
        let lossless = cluster.setup().loss.is_never();
        Self {
            phase: Phase::Join,
            since: cluster.now(),
            whole: Wait::new(if lossless { Goal::AllAlive } else { Goal::AllReachable }),
            detections: (0..sides).map(detection).collect(),
            rest: None,
            taker: CensusTaker::new(plan.sides.clone()),
            outcome: Outcome { detected_after: vec![None; sides], ..Outcome::default() },
            plan,
        }
    }

    /// Runs to the end; `watch` sees each sample as it is taken.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn run(mut self, cluster: &mut Cluster, mut watch: impl FnMut(&Sample)) -> Result<Outcome, Box<Violation>> {
        let end = self.plan.duration.map(|duration| cluster.now() + duration);
        while !self.is_over(cluster.now(), end) {
            let next = cluster.now() + STEP;
            cluster.run_until(end.map_or(next, |end| next.min(end)))?;
            let on_the_second = cluster.now().as_micros().is_multiple_of(SECOND);
            if on_the_second {
                cluster.end_second();
            }
            let phase = self.phase;
            self.advance(cluster);
            if on_the_second || self.phase != phase {
                self.sample(cluster, phase);
                watch(self.outcome.timeline.last().expect("a sample was just taken"));
            }
            if self.phase != phase {
                cluster.check_all()?;
            }
        }
        self.outcome.ended_in = self.phase;
        Ok(self.outcome)
    }

    fn is_over(&self, now: Instant, end: Option<Instant>) -> bool {
        end.map_or(self.phase == Phase::Done, |end| now >= end)
    }

    fn sample(&mut self, cluster: &Cluster, phase: Phase) {
        self.outcome.timeline.push(Sample {
            at: cluster.now(),
            phase,
            census: self.taker.take(cluster),
            traffic: cluster.traffic().last_second(),
            hash: cluster.hash(),
        });
    }

    /// Moves on to the next phase where this one has reached its end.
    fn advance(&mut self, cluster: &mut Cluster) {
        let now = cluster.now();
        let elapsed = now.since(self.since);
        match self.phase {
            Phase::Join => match self.whole.pending(cluster) {
                None => {
                    self.outcome.joined_after = Some(elapsed);
                    self.enter(Phase::Settle, now);
                }
                Some(reason) => self.give_up_after(Plan::JOIN_MAX, reason, now),
            },
            Phase::Settle => self.settle(cluster),
            Phase::Cut => self.watch_cut(cluster),
            Phase::Heal => match self.whole.pending(cluster) {
                None => {
                    self.outcome.healed_after = Some(elapsed);
                    self.enter(Phase::Done, now);
                }
                Some(reason) => self.give_up_after(Plan::HEAL_MAX, reason, now),
            },
            Phase::Done => {}
        }
    }

    /// Rest begins with the first second in which nobody tells anything.
    fn settle(&mut self, cluster: &mut Cluster) {
        let now = cluster.now();
        match self.rest {
            None => {
                let elapsed = now.since(self.since);
                let quiet = elapsed > Micros(SECOND) && cluster.traffic().last_second().with_changes == 0;
                if quiet || elapsed >= Plan::DRAIN_MAX {
                    self.rest = Some((now, cluster.traffic().total()));
                }
            }
            Some((since, before)) if now.since(since) >= Plan::REST => {
                let sent = cluster.traffic().total() - before;
                self.outcome.rest = Some(Rate::of(sent, cluster.setup().nodes, since, now));
                cluster.cut_sides(self.plan.sides.clone());
                self.enter(Phase::Cut, now);
            }
            Some(_) => {}
        }
    }

    fn watch_cut(&mut self, cluster: &mut Cluster) {
        let elapsed = cluster.now().since(self.since);
        for (wait, detected) in self.detections.iter_mut().zip(&mut self.outcome.detected_after) {
            if detected.is_none() && wait.pending(cluster).is_none() {
                *detected = Some(elapsed);
            }
        }
        let detected = self.outcome.detected_after.iter().all(Option::is_some);
        let over = self.plan.cut.map_or(detected || elapsed >= Plan::CUT_MAX, |cut| elapsed >= cut);
        if over {
            self.outcome.cut_for = Some(elapsed);
            cluster.mend(crate::network::CutId(0));
            self.enter(Phase::Heal, cluster.now());
        }
    }

    fn give_up_after(&mut self, bound: Micros, reason: Reason, now: Instant) {
        let late = now.since(self.since) >= bound;
        self.outcome.pending = Some(reason);
        if late {
            self.enter(Phase::Done, now);
        }
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        if phase != Phase::Done || self.outcome.healed_after.is_some() {
            self.outcome.pending = None;
        }
        self.phase = phase;
        self.since = now;
    }
}

/// How often the run looks whether a phase is over. Times in the outcome are exact to this.
const STEP: Micros = Micros::from_millis(100);
const SECOND: u64 = 1_000_000;
