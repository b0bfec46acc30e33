//! Plays a scenario of the simulator with real agents on a real network, and measures what the simulator measures, in the
//! same phases and at the same steps of a tenth of a second: join, settle, faults, heal (`swim_sim::Runner`).

use std::time::{Duration, Instant};

use swim_core::Micros;
use swim_sim::network::{Cut, CutId, Sides};
use swim_sim::{Action, Job, Memory};

use super::crew::Crew;
use super::lab::Lab;
use super::seen::Agreement;
use super::watch::ask;

/// What came out, in seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// From the start until all saw all.
    pub(crate) joined_after: Option<f64>,
    /// From the first cut until each side held the others faulty.
    pub(crate) detected_after: Option<f64>,
    /// From the last step of the faults until those that run had found together again.
    pub(crate) healed_after: Option<f64>,
    /// How many live members were wrongly declared faulty.
    pub(crate) wrongly_faulty: usize,
    /// What was lacking at last.
    pub(crate) lacking: Option<String>,
}

/// Plays `job`.
pub(crate) fn play(job: &Job, lab: &Lab, crew: &mut Crew<'_>) -> Outcome {
    let agreement = match job.plan.agreement {
        swim_sim::Agreement::Reachable => Agreement::Reachable,
        _ => Agreement::Checksum,
    };
    let mut play = Play { start: Instant::now(), ticks: 0, crew, agreement, cut: None, outcome: Outcome::default() };
    play.boot(job);
    let joined = play.wait(play.start, JOIN_MAX);
    play.outcome.joined_after = joined;
    if joined.is_some() {
        play.settle(lab, job.setup.nodes);
        let began = play.now();
        for step in &job.plan.schedule.steps {
            play.until(began + Duration::from_micros(step.at.0));
            play.act(&step.action);
        }
        let last = began + Duration::from_micros(job.plan.schedule.end().0);
        play.outcome.healed_after = play.wait(last, job.plan.converge_within);
    }
    play.outcome.wrongly_faulty = play.crew.seen.wrongly_faulty();
    play.outcome
}

/// As in the simulator.
const JOIN_MAX: Micros = Micros::from_millis(300_000);
const DRAIN_MAX: Duration = Duration::from_secs(60);
const REST: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(100);

struct Play<'a, 'b> {
    start: Instant,
    /// How many steps are over.
    ticks: u32,
    crew: &'a mut Crew<'b>,
    agreement: Agreement,
    /// The first cut: when it began, its sides, and which of them have noticed.
    cut: Option<(Instant, CutId, Sides, Vec<usize>)>,
    outcome: Outcome,
}

impl Play<'_, '_> {
    /// The step that is over.
    fn now(&self) -> Instant {
        self.start + STEP * self.ticks
    }

    /// Waits for the next step.
    fn tick(&mut self) {
        self.ticks += 1;
        sleep_until(self.now());
        self.crew.check_watchers();
        if let Some((since, _, sides, waiting)) = &mut self.cut {
            waiting.retain(|side| !self.crew.seen.others_are_faulty(sides, *side));
            if waiting.is_empty() && self.outcome.detected_after.is_none() {
                self.outcome.detected_after = Some((self.start + STEP * self.ticks - *since).as_secs_f64());
            }
        }
    }

    fn until(&mut self, at: Instant) {
        while self.now() + STEP <= at {
            self.tick();
        }
        sleep_until(at);
    }

    /// Starts all agents, each at the moment at which the simulator boots it.
    fn boot(&mut self, job: &Job) {
        let mut moments: Vec<_> = job.setup.boot_moments().zip(0..).collect();
        moments.sort_unstable();
        for (moment, node) in moments {
            self.until(self.start + Duration::from_micros(moment.since(swim_core::Instant::ZERO).0));
            self.crew.boot(node);
        }
    }

    /// Waits until all agree, and returns how long that took since `since`.
    fn wait(&mut self, since: Instant, most: Micros) -> Option<f64> {
        loop {
            self.tick();
            let elapsed = self.now().saturating_duration_since(since);
            self.outcome.lacking = self.crew.seen.lacking(self.agreement);
            if self.outcome.lacking.is_none() {
                return Some(elapsed.as_secs_f64());
            }
            if elapsed >= Duration::from_micros(most.0) {
                return None;
            }
        }
    }

    /// Waits for the first second in which nobody hears anything, and then for the time in which rest is measured.
    fn settle(&mut self, lab: &Lab, nodes: u32) {
        let since = self.now();
        let mut before = None;
        while self.now() - since < DRAIN_MAX {
            for node in 0..nodes {
                let stats = lab.of(node).run(|| ask("GET /v1/stats", ""));
                let changes = stats.and_then(|stats| stats["counters"]["changes_received"].as_u64());
                self.crew.seen.received(node, changes.expect("every agent answers"));
            }
            let received = self.crew.seen.all_received();
            if before == Some(received) {
                break;
            }
            before = Some(received);
            self.until(self.now() + Duration::from_secs(1));
        }
        self.until(self.now() + REST);
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Cut(id, cut, _) => {
                if self.cut.is_none() && cut.is_total() {
                    let sides = cut.sides().clone();
                    let waiting = (0..sides.sizes().len()).collect();
                    self.cut = Some((Instant::now(), *id, sides, waiting));
                }
                self.crew.cut(*id, Cut::clone(cut));
            }
            Action::Mend(id) => {
                self.cut.take_if(|(_, cut, _, _)| cut == id);
                self.crew.mend(*id);
            }
            Action::Pause(node) => self.crew.suspend(*node),
            Action::Resume(node) => self.crew.resume(*node),
            Action::Crash(node, Memory::Lost, 0) => self.crew.kill(*node),
            Action::Boot(node) => self.crew.boot(*node),
            other => panic!("only the simulator can do this: {other:?}"),
        }
    }
}

fn sleep_until(at: Instant) {
    std::thread::sleep(at.saturating_duration_since(Instant::now()));
}
