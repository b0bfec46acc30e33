//! What the benchmarks share: processor time, a cluster at rest, and how figures are printed.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub(crate) mod peer;

use std::time::Duration;

use cpu_time::ProcessTime;
use swim_core::{Instant, Micros};
use swim_sim::{Cluster, Goal, Setup, Wait};

/// Processor time that `work` took, with its result.
pub(crate) fn cpu<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = ProcessTime::now();
    let result = work();
    (start.elapsed(), result)
}

/// The shortest processor time of `rounds` times the same work: what disturbs only ever adds.
pub(crate) fn shortest(rounds: usize, mut work: impl FnMut()) -> Duration {
    (0..rounds).map(|_| cpu(&mut work).0).min().unwrap_or_default()
}

/// A cluster in which all see all, nobody has anything left to tell, and each has answered each: as it is from then on.
pub(crate) fn at_rest(nodes: u32) -> Cluster {
    let mut cluster = Cluster::new(Setup::new(nodes, 1)).expect("the setup is sound");
    join(&mut cluster);
    let is_busy = |node: &swim_core::Node<u32>| node.has_changes() || node.count_proven() < nodes as usize;
    while cluster.nodes().iter().any(is_busy) {
        advance(&mut cluster, Micros::from_millis(1_000));
    }
    cluster
}

/// Runs until all see all; returns the virtual time.
pub(crate) fn join(cluster: &mut Cluster) -> Instant {
    let mut wait = Wait::new(Goal::AllAlive);
    while wait.pending(cluster).is_some() {
        advance(cluster, Micros::from_millis(100));
        assert!(cluster.now() < Instant::from_millis(600_000), "the cluster does not form");
    }
    cluster.now()
}

/// Runs for a while.
pub(crate) fn advance(cluster: &mut Cluster, span: Micros) {
    cluster.run_until(cluster.now() + span).expect("nothing forbidden happens");
}

/// Millions of node-seconds in a second of processor time.
pub(crate) fn speed(nodes: u32, span: Micros, cpu: Duration) -> f64 {
    f64::from(nodes) * span.0 as f64 / 1e12 / cpu.as_secs_f64()
}

/// Prints a comparison, and whether the target is met.
pub(crate) fn verdict(what: &str, ratio: f64, target: Target) {
    let (met, wanted) = match target {
        Target::AtLeast(least) => (ratio >= least, format!("at least {least}")),
        Target::AtMost(most) => (ratio <= most, format!("at most {most}")),
    };
    println!("{what:<66} {ratio:>8.2}   {wanted:<14} {}", if met { "met" } else { "MISSED" });
}

/// What a ratio should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}
