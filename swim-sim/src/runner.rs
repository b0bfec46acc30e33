//! Runs a scenario: a cluster forms, rests, is struck by faults, and has to find together again.
//!
//! ```text
//!  Join ── all see all ──> Settle ── rest measured ──> Faults ── the last step ──> Heal ── converged ──> Done
//!   │                                                    ^                           │
//!   │                       where faults begin with the boot                         │
//!   └──────────────────── too late: Done, and the outcome says what was pending ─────┘
//! ```

use swim_core::{Instant, Micros};

use crate::census::{Census, CensusTaker};
use crate::checkers::Violation;
use crate::cluster::Cluster;
use crate::convergence::{Goal, Reason, Wait};
use crate::holds::{Hold, Holds};
use crate::network::{Cut, CutId, Impairment, Sides};
use crate::scenario::{Action, Agreement, Allowed, Begin, Ends, Schedule};
use crate::traffic::{Rate, Tally};

/// What is to be done to a cluster.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which groups of nodes are told apart.
    pub sides: Sides,
    /// What goes wrong.
    pub schedule: Schedule,
    /// When it begins.
    pub begin: Begin,
    /// What nodes must agree on in the end.
    pub agreement: Agreement,
    /// How long they may take to.
    pub converge_within: Micros,
    /// How many live members may be wrongly declared faulty.
    pub wrongly_faulty: Allowed,
    /// When the run ends, converged or not; `None` is once it converged, or could not.
    pub duration: Option<Micros>,
}

impl Plan {
    /// How long joining may take.
    pub const JOIN_MAX: Micros = Micros::from_millis(300_000);
    /// How long the last changes of the join may go round before rest is measured all the same.
    pub const DRAIN_MAX: Micros = Micros::from_millis(60_000);
    /// How long rest is measured.
    pub const REST: Micros = Micros::from_millis(10_000);
    /// How long a cut that is to be detected lasts at most.
    pub const CUT_MAX: Micros = Micros::from_millis(180_000);

    /// What the cluster must come to in the end.
    pub fn goal(&self, cluster: &Cluster) -> Goal {
        match self.agreement {
            Agreement::Auto if cluster.setup().loss.is_never() => Goal::AllAlive,
            Agreement::Checksum => Goal::AllAlive,
            Agreement::Auto | Agreement::Reachable => Goal::AllReachable,
        }
    }

    /// Whether a run was what it is expected to be: the cluster converged, and no more members were wrongly declared
    /// faulty than may be.
    pub fn is_met_by(&self, cluster: &Cluster, outcome: &Outcome) -> bool {
        let wrong = cluster.accusations().members() as u32;
        outcome.healed_after.is_some() && self.wrongly_faulty.allows(wrong)
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
    /// Things go wrong.
    Faults,
    /// Nothing goes wrong any more.
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
            Self::Faults => "faults",
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

/// When a cut was detected.
#[derive(Clone, Debug)]
pub struct Detected {
    /// Its sides.
    pub sides: Sides,
    /// From its beginning until each side held the others faulty, by side; `None` where it did not come to that.
    pub after: Vec<Option<Micros>>,
}

impl Outcome {
    /// When each side held the others faulty, by side; of none where there was no cut.
    pub fn detected_after(&self) -> &[Option<Micros>] {
        self.detected.as_ref().map_or(&[], |detected| &detected.after)
    }
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// From the start until all saw all.
    pub joined_after: Option<Micros>,
    /// Traffic of a node at rest.
    pub rest: Option<Rate>,
    /// When the first cut that nothing passed was detected; `None` where there was none.
    pub detected: Option<Detected>,
    /// When the faults began.
    pub faults_began: Option<Instant>,
    /// How long the faults lasted.
    pub faults_for: Option<Micros>,
    /// From the last step of the faults until the cluster had converged.
    pub healed_after: Option<Micros>,
    /// In which phase the run ended.
    pub ended_in: Phase,
    /// What was pending then.
    pub pending: Option<Reason>,
    /// One sample each second, and one at the end of each phase.
    pub timeline: Vec<Sample>,
}

/// One run of a plan.
pub struct Runner {
    plan: Plan,
    phase: Phase,
    /// When the phase began.
    since: Instant,
    whole: Wait,
    /// The first step that is still to be done.
    next_step: usize,
    /// The first total cut, and those that last until they are detected.
    detections: Vec<Detection>,
    /// When rest began, and what had been sent by then.
    rest: Option<(Instant, Tally)>,
    holds: Holds,
    taker: CensusTaker,
    outcome: Outcome,
}

/// Watches a cut until each of its sides holds the others faulty.
struct Detection {
    cut: CutId,
    since: Instant,
    ends: Ends,
    /// What each side is waited for; `None` once it holds them so.
    waits: Vec<Option<Wait>>,
    told: Told,
}

/// Whether the outcome tells of a cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    No,
}

impl Runner {
    /// A run that has not begun.
    pub fn new(plan: Plan, cluster: &Cluster) -> Self {
        let goal = plan.goal(cluster);
        Self {
            phase: match plan.begin {
                Begin::Settled => Phase::Join,
                Begin::Boot => Phase::Faults,
            },
            since: cluster.now(),
            whole: Wait::new(goal),
            next_step: 0,
            detections: Vec::new(),
            rest: None,
            holds: Holds::default(),
            taker: CensusTaker::new(plan.sides.clone()),
            outcome: Outcome { faults_began: (plan.begin == Begin::Boot).then(|| cluster.now()), ..Outcome::default() },
            plan,
        }
    }

    /// Runs to the end; `watch` sees the cluster and each sample as it is taken.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn run(
        mut self,
        cluster: &mut Cluster,
        mut watch: impl FnMut(&Cluster, &Sample),
    ) -> Result<Outcome, Box<Violation>> {
        let end = self.plan.duration.map(|duration| cluster.now() + duration);
        while !self.is_over(cluster, end) {
            let limit = self.limit(cluster.now(), end);
            cluster.run_until(limit)?;
            if cluster.has_stopped() {
                break;
            }
            self.take_steps(cluster)?;
            if !cluster.now().as_micros().is_multiple_of(STEP.0) && Some(cluster.now()) != end {
                continue;
            }
            let on_the_second = cluster.now().as_micros().is_multiple_of(SECOND);
            if on_the_second {
                cluster.end_second();
            }
            let phase = self.phase;
            self.advance(cluster);
            if on_the_second || self.phase != phase {
                self.sample(cluster, phase);
                watch(cluster, self.outcome.timeline.last().expect("a sample was just taken"));
            }
            if self.phase != phase {
                cluster.check_all()?;
                // Faults may begin at once.
                self.take_steps(cluster)?;
            }
        }
        self.outcome.ended_in = self.phase;
        Ok(self.outcome)
    }

    fn is_over(&self, cluster: &Cluster, end: Option<Instant>) -> bool {
        end.map_or(self.phase == Phase::Done, |end| cluster.now() >= end)
    }

    /// Until when the cluster runs by itself: the next look, the next step, or the end.
    fn limit(&self, now: Instant, end: Option<Instant>) -> Instant {
        let look = Instant::from_micros((now.as_micros() / STEP.0 + 1) * STEP.0);
        let step = self.step_at(self.next_step).unwrap_or(Instant::NEVER);
        look.min(step).min(end.unwrap_or(Instant::NEVER))
    }

    /// When a step is to be done, once faults have begun.
    fn step_at(&self, step: usize) -> Option<Instant> {
        let began = self.outcome.faults_began?;
        self.plan.schedule.steps.get(step).map(|step| began + step.at)
    }

    /// Does what is to be done now.
    fn take_steps(&mut self, cluster: &mut Cluster) -> Result<(), Box<Violation>> {
        while self.step_at(self.next_step).is_some_and(|at| at <= cluster.now()) {
            let action = self.plan.schedule.steps[self.next_step].action.clone();
            self.next_step += 1;
            self.act(action, cluster)?;
        }
        Ok(())
    }

    fn act(&mut self, action: Action, cluster: &mut Cluster) -> Result<(), Box<Violation>> {
        match action {
            Action::Cut(id, cut, ends) => {
                self.watch(id, &cut, ends, cluster.now());
                cluster.cut(id, Cut::clone(&cut));
            }
            Action::Mend(id) => {
                self.stop_detection(id);
                cluster.mend(id);
            }
            Action::Impose(id, impairment) => cluster.impose(id, Impairment::clone(&impairment)),
            Action::Lift(id) => cluster.lift(id),
            Action::Pause(node) => {
                self.holds.begin(node, Hold::Paused);
                cluster.pause(node);
            }
            Action::Resume(node) if self.holds.end(node, Hold::Paused) => cluster.resume(node)?,
            Action::Block(node, span) => {
                self.holds.begin(node, Hold::Blocked);
                cluster.block(node, cluster.now() + span);
            }
            Action::Unblock(node) if self.holds.end(node, Hold::Blocked) => cluster.unblock(node),
            Action::Crash(node, memory, millis) => {
                self.holds.begin(node, Hold::Down);
                cluster.crash(node, memory);
                if millis != 0 {
                    cluster.jump(node, millis)?;
                }
            }
            Action::Boot(node) if self.holds.end(node, Hold::Down) => cluster.boot(node)?,
            Action::Leave(node) => {
                self.holds.begin(node, Hold::Away);
                cluster.leave(node)?;
            }
            Action::Rejoin(node) if self.holds.end(node, Hold::Away) => cluster.rejoin(node)?,
            Action::Drift(node, by) => cluster.drift(node, self.holds.drift(node, by)),
            Action::Jump(node, millis) => cluster.jump(node, millis)?,
            // Another fault holds the process still.
            Action::Resume(_) | Action::Unblock(_) | Action::Boot(_) | Action::Rejoin(_) => {}
        }
        Ok(())
    }

    /// Of cuts the first total one is told of; besides, it has to be seen when those are over that last until they are detected.
    fn watch(&mut self, id: CutId, cut: &Cut, ends: Ends, now: Instant) {
        let told = if self.outcome.detected.is_none() && cut.is_total() { Told::Yes } else { Told::No };
        if told == Told::No && ends == Ends::ByStep {
            return;
        }
        let sides = cut.sides();
        let wait = |side| Some(Wait::new(Goal::OthersFaulty { sides: sides.clone(), side }));
        let waits: Vec<_> = (0..sides.sizes().len()).map(wait).collect();
        if told == Told::Yes {
            self.outcome.detected = Some(Detected { sides: sides.clone(), after: vec![None; waits.len()] });
        }
        self.detections.push(Detection { cut: id, since: now, ends, waits, told });
    }

    fn stop_detection(&mut self, id: CutId) {
        self.detections.retain(|detection| detection.cut != id);
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
            Phase::Faults => self.watch_faults(cluster),
            Phase::Heal => match self.whole.pending(cluster) {
                None => {
                    self.outcome.healed_after = Some(elapsed);
                    self.enter(Phase::Done, now);
                }
                Some(reason) => self.give_up_after(self.plan.converge_within, reason, now),
            },
            Phase::Done => {}
        }
    }

    /// Rest begins with the first second in which nobody tells anything.
    fn settle(&mut self, cluster: &Cluster) {
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
                self.outcome.faults_began = Some(now);
                self.enter(Phase::Faults, now);
            }
            Some(_) => {}
        }
    }

    fn watch_faults(&mut self, cluster: &mut Cluster) {
        let now = cluster.now();
        let mut over = Vec::new();
        for Detection { cut, since, ends, waits, told } in &mut self.detections {
            let elapsed = now.since(*since);
            for (side, wait) in waits.iter_mut().enumerate() {
                if wait.as_mut().is_some_and(|wait| wait.pending(cluster).is_none()) {
                    *wait = None;
                    if let (Told::Yes, Some(detected)) = (*told, &mut self.outcome.detected) {
                        detected.after[side] = Some(elapsed);
                    }
                }
            }
            let is_detected = waits.iter().all(Option::is_none);
            if *ends == Ends::WhenDetected && (is_detected || elapsed >= Plan::CUT_MAX) {
                over.push(*cut);
            }
        }
        for cut in over {
            self.stop_detection(cut);
            cluster.mend(cut);
        }
        let waits = self.detections.iter().any(|detection| detection.ends == Ends::WhenDetected);
        if self.next_step == self.plan.schedule.steps.len() && !waits {
            self.outcome.faults_for = Some(now.since(self.since));
            self.enter(Phase::Heal, now);
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
