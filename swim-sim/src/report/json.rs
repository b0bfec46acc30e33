//! The report as one JSON object. What depends on the machine is in `machine`; all the rest is the same for one seed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use swim_core::{Micros, Node};

use super::Run;
use crate::memory;
use crate::runner::Sample;

/// Times are in seconds.
pub fn to_json(run: &Run<'_>) -> Value {
    let (outcome, cluster) = (run.outcome, run.cluster);
    let setup = cluster.setup();
    let accusations = cluster.accusations();
    let wrong = |wrong: &crate::Accusation| json!({ "at": wrong.at.as_micros() as f64 / 1e6, "accuser": wrong.accuser, "accused": wrong.accused });
    json!({
        "succeeded": run.succeeded(),
        "setup": {
            "scenario": run.scenario,
            "nodes": setup.nodes,
            "seed": setup.seed,
            "preset": run.preset,
            "latency": setup.latency.to_string(),
            "loss": setup.loss.to_string(),
            "sides": run.plan.sides.sizes(),
        },
        "joined_after": outcome.joined_after.map(seconds),
        "detected_after": outcome.detected_after().iter().map(|time| time.map(seconds)).collect::<Vec<_>>(),
        "faults_began": outcome.faults_began.map(|at| seconds(at.since(swim_core::Instant::ZERO))),
        "faults_for": outcome.faults_for.map(seconds),
        "healed_after": outcome.healed_after.map(seconds),
        "ended_in": outcome.ended_in,
        "pending": outcome.pending.as_ref().map(ToString::to_string),
        "wrongly_faulty": {
            "members": accusations.members(),
            "accusations": accusations.count(),
            "first": accusations.first().iter().map(wrong).collect::<Vec<_>>(),
        },
        "rest": outcome.rest,
        "peak_second": cluster.traffic().peak_second(),
        "total": cluster.traffic().total(),
        "counters": counters(cluster.nodes()),
        "events": cluster.events(),
        "simulated": seconds(cluster.now().since(swim_core::Instant::ZERO)),
        "hash": hash(cluster.hash()),
        "timeline": outcome.timeline.iter().map(sample).collect::<Vec<_>>(),
        "machine": {
            "elapsed": run.elapsed.as_secs_f64(),
            "events_per_second": run.events_per_second(),
            "node_seconds_per_second": run.node_seconds_per_second(),
            "peak_memory": memory::peak(),
        },
    })
}

/// The counters of all nodes, added up.
fn counters(nodes: &[Node<u32>]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for node in nodes {
        let Ok(Value::Object(counters)) = serde_json::to_value(node.counters()) else { continue };
        for (name, count) in counters {
            *sums.entry(name).or_default() += count.as_u64().unwrap_or(0);
        }
    }
    sums
}

fn sample(sample: &Sample) -> Value {
    json!({
        "at": sample.at.as_micros() as f64 / 1e6,
        "phase": sample.phase,
        "checksums": sample.census.checksums,
        "sides": sample.census.sides,
        "traffic": sample.traffic,
        "hash": hash(sample.hash),
    })
}

/// As text: JSON numbers are exact to 53 bits only.
fn hash(hash: u64) -> String {
    format!("{hash:016x}")
}

fn seconds(time: Micros) -> f64 {
    time.0 as f64 / 1e6
}
