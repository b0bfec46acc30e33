//! The page of a run.

use swim_core::{Instant, Micros};

use super::{Fact, PageData, Verdict};
use crate::record::{Mark, MarkKind, Record};
use crate::report::{Run, grouped, seconds};
use crate::runner::{Phase, Sample};

impl PageData {
    /// The page of a run that was recorded.
    pub fn of(run: &Run<'_>, record: Record) -> Self {
        let nodes = run.cluster.setup().nodes;
        let word = if run.succeeded() { "HEALED" } else { "FAILED" };
        let verdict = if run.succeeded() { Verdict::Passed } else { Verdict::Failed };
        Self {
            title: format!("{}, {} nodes", run.scenario, grouped(nodes.into())),
            description: run.description.trim().replace('\n', " "),
            verdict: verdict(word.into()),
            facts: facts(run),
            record,
            marks: marks(run),
        }
    }
}

/// The phases of a run, and what was done in them.
pub(crate) fn marks(run: &Run<'_>) -> Vec<Mark> {
    let mark = |kind, label: &str, at, until| Mark { at, until: Some(until), label: label.into(), kind, node: None };
    let booted = Instant::ZERO + run.cluster.setup().boot_within;
    let mut marks = vec![mark(MarkKind::Start, "all nodes boot", Instant::ZERO, booted)];
    for (phase, at, until) in phases(&run.outcome.timeline) {
        marks.push(mark(MarkKind::Phase, phase.name(), at, until));
    }
    let end = run.cluster.now();
    if let Some(began) = run.outcome.faults_began {
        let over = run.outcome.faults_for.map_or(end, |lasted| began + lasted);
        for fault in &run.plan.schedule.marks {
            let until = fault.until.map_or(over, |until| began + until);
            marks.push(mark(MarkKind::Fault, &fault.label, began + fault.at, until.min(end)));
        }
    }
    marks
}

/// Each phase with its beginning and its end.
fn phases(timeline: &[Sample]) -> Vec<(Phase, Instant, Instant)> {
    let mut phases: Vec<(Phase, Instant, Instant)> = Vec::new();
    for sample in timeline {
        match phases.last_mut() {
            Some((phase, _, until)) if *phase == sample.phase => *until = sample.at,
            last => {
                let since = last.map_or(Instant::ZERO, |(_, _, until)| *until);
                phases.push((sample.phase, since, sample.at));
            }
        }
    }
    phases
}

fn facts(run: &Run<'_>) -> Vec<Fact> {
    let (setup, outcome) = (run.cluster.setup(), run.outcome);
    let time = |time: Option<Micros>| time.map_or("not reached".into(), seconds);
    let detected = outcome.detected_after().iter().copied().map(time).collect::<Vec<_>>().join(", ");
    let mut facts = vec![
        Fact::new("seed", setup.seed.to_string()),
        Fact::new("hash of the run", format!("{:016x}", run.cluster.hash())),
        Fact::new("preset", run.preset),
        Fact::new("latency", setup.latency.to_string()),
        Fact::new("loss", setup.loss.to_string()),
        Fact::new("all saw all after", time(outcome.joined_after)),
        Fact::new("the faults lasted", time(outcome.faults_for)),
        Fact::new("converged after that in", time(outcome.healed_after)),
        Fact::new("live members wrongly held faulty", run.cluster.accusations().members().to_string()),
    ];
    if outcome.detected.is_some() {
        facts.insert(facts.len() - 3, Fact::new("each side held the others faulty after", detected));
    }
    if let Some(rest) = outcome.rest {
        let value = format!("{:.2} messages, {} bytes a second", rest.messages, grouped(rest.bytes as u64));
        facts.push(Fact::new("a node at rest sends", value));
    }
    if let Some(reason) = &outcome.pending {
        facts.push(Fact::new("still pending", reason.to_string()));
    }
    facts
}
