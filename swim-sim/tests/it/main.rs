//! The simulator as a whole: what it simulates repeats, and small clusters form, part and heal under every checker.

mod command_line;
mod determinism;
mod hunt;
mod outcomes;
mod page;
mod regressions;
mod small_clusters;
mod sweep;
mod trace;

use swim_sim::{Check, Cluster, Lasts, Outcome, Plan, Runner, Scenario, Setup};

/// A setup with every checker after every input.
fn checked(nodes: u32, seed: u64) -> Setup {
    Setup { check: Check::Every(1), ..Setup::new(nodes, seed) }
}

/// A cut into sides of these sizes.
fn cut(sizes: &[u32], lasts: Lasts) -> Plan {
    let scenario = Scenario { nodes: sizes.iter().sum(), ..Scenario::default() };
    scenario.with_cut(sizes, lasts).job().unwrap().plan
}

/// A cut into halves until each holds the other faulty.
fn halves(nodes: u32) -> Plan {
    cut(&[nodes.div_ceil(2), nodes / 2], Lasts::UntilDetected)
}

/// Runs a plan to its end.
fn run(setup: Setup, plan: Plan) -> (Cluster, Outcome) {
    let mut cluster = Cluster::new(setup).unwrap();
    let outcome = Runner::new(plan, &cluster).run(&mut cluster, |_, _| {});
    let outcome = outcome.unwrap_or_else(|violation| panic!("{violation}"));
    (cluster, outcome)
}

/// Runs the binary; returns its exit status and what it printed.
fn binary(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_swim-sim")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}
