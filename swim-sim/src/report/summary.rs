//! The summary: what the run showed, one fact a line.

use std::fmt;

use super::{Run, grouped, seconds};
use crate::memory;
use crate::runner::{Detected, Phase};
use crate::scenario::{Agreement, Begin};
use crate::traffic::Rate;

/// Shows a run in about twenty lines.
pub struct Summary<'a>(pub &'a Run<'a>);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(run) = self;
        let (outcome, cluster) = (run.outcome, run.cluster);
        let setup = cluster.setup();
        let time = |time: Option<_>| time.map_or("not reached".into(), seconds);
        let mut row = |name: &str, value: String| writeln!(f, "{name:<44} {value}");
        row("scenario", run.scenario.into())?;
        if run.plan.begin == Begin::Settled {
            row("all saw all after", time(outcome.joined_after))?;
        }
        if let Some(detected) = &outcome.detected {
            row("a side held all others faulty after", detections(detected))?;
        }
        row("the faults lasted", time(outcome.faults_for))?;
        row(whole(run.plan.agreement), time(outcome.healed_after))?;
        let accusations = cluster.accusations();
        row("live members wrongly declared faulty", accusations.members().to_string())?;
        for wrong in accusations.first() {
            row("", format!("node {} by node {} at {}", wrong.accused, wrong.accuser, wrong.at))?;
        }
        row("traffic of a node at rest", outcome.rest.map_or("not measured".into(), rate))?;
        let peak = cluster.traffic().peak_second();
        let nodes = f64::from(setup.nodes);
        let peak = Rate { messages: peak.messages as f64 / nodes, bytes: peak.bytes as f64 / nodes };
        row("traffic of a node in the busiest second", rate(peak))?;
        row(
            "simulated",
            format!("{} nodes for {}", setup.nodes, seconds(cluster.now().since(swim_core::Instant::ZERO))),
        )?;
        let speed = run.node_seconds_per_second() / 1e6;
        row("took", format!("{:.2} s: {speed:.2} million node-seconds a second", run.elapsed.as_secs_f64()))?;
        row("events a second", grouped(run.events_per_second() as u64))?;
        if let Some(peak) = memory::peak() {
            row("most memory in use", format!("{} MiB", grouped(peak >> 20)))?;
        }
        row("seed", setup.seed.to_string())?;
        row("hash of the run", format!("{:016x}", cluster.hash()))?;
        for (node, failed) in cluster.failed_commands().iter().take(5) {
            row("a command failed", format!("node {node}: {failed:?}"))?;
        }
        if outcome.ended_in != Phase::Done {
            row("the time was up in phase", outcome.ended_in.name().into())?;
        }
        if let Some(reason) = &outcome.pending {
            row("still pending", reason.to_string())?;
        }
        writeln!(f, "{}", if run.succeeded() { "HEALED" } else { "FAILED" })
    }
}

fn whole(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::Reachable => "everyone reachable everywhere after that in",
        Agreement::Checksum | Agreement::Auto => "one checksum everywhere after that in",
    }
}

fn detections(detected: &Detected) -> String {
    let side = |(side, (after, nodes)): (usize, (&Option<_>, &u32))| {
        let time = after.map_or("not reached".into(), seconds);
        format!("{time} (side {}, {nodes} nodes)", side + 1)
    };
    detected.after.iter().zip(detected.sides.sizes()).enumerate().map(side).collect::<Vec<_>>().join(", ")
}

fn rate(rate: Rate) -> String {
    format!("{:.2} messages and {} bytes a second", rate.messages, grouped(rate.bytes as u64))
}
