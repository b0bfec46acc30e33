//! What the simulator predicts of a scenario: the same quantities over many seeds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use swim_core::Micros;
use swim_sim::{Cluster, Runner, Scenario};

use super::play::Outcome;

/// Runs `scenario` with the seeds 1 to `seeds`, in as many threads as the machine has processors.
pub(crate) fn predict(scenario: &Scenario, seeds: u64) -> Vec<Outcome> {
    let (next, outcomes) = (AtomicU64::new(1), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > seeds {
                        return;
                    }
                    let outcome = run(&Scenario { seed, ..scenario.clone() });
                    outcomes.lock().expect("runs do not panic").push(outcome);
                }
            });
        }
    });
    outcomes.into_inner().expect("runs do not panic")
}

fn run(scenario: &Scenario) -> Outcome {
    let job = scenario.job().expect("the scenario is one");
    let mut cluster = Cluster::new(job.setup).expect("the cluster is one");
    let outcome = Runner::new(job.plan, &cluster).run(&mut cluster, |_, _| {}).expect("no invariant is broken");
    let seconds = |time: Micros| time.0 as f64 / 1e6;
    let detected = outcome.detected_after().iter().copied().collect::<Option<Vec<_>>>().unwrap_or_default();
    Outcome {
        joined_after: outcome.joined_after.map(seconds),
        detected_after: detected.into_iter().max().map(seconds),
        healed_after: outcome.healed_after.map(seconds),
        wrongly_faulty: cluster.accusations().members(),
        lacking: outcome.pending.map(|reason| reason.to_string()),
    }
}
