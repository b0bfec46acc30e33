//! Agents on a real network: namespaces, links, a router, and a firewall, beside what the simulator predicts of the same
//! scenario. docs/NETWORK-TESTS.md has the figures.
//!
//! Two quick scenarios and [`link_local`] run with all other tests. All of them, five times each:
//! `cargo test --release -p swim-tokio --test it network::every -- --ignored --nocapture`
//!
//! The soak ([`soak`]), for five minutes or an hour:
//! `cargo test --release -p swim-tokio --test it soak::five -- --ignored --nocapture` (`soak::an_hour`)

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a real network takes the time that it takes")]

mod cases;
mod crew;
mod held_up;
mod lab;
mod link_local;
mod namespace;
mod narrow;
mod play;
mod prediction;
mod seen;
mod soak;
mod table;
mod watch;

use std::time::Duration;

use swim_sim::{Job, Scenario};

use cases::{CASES, Case, Way};
use crew::Crew;
use lab::Lab;
use play::{Outcome, play};
use table::Table;

use crate::helpers::skipped;

/// Plays a case once; an error where this machine does not permit it.
fn once(case: &Case, scenario: &Scenario) -> Result<Outcome, String> {
    let job: Job = scenario.job().expect("the scenario is one");
    let lab = lay(case, &job)?;
    let mut crew = Crew::new(&lab, &job.setup);
    if case.network == Way::Narrow {
        narrow::count(&lab, job.setup.nodes)?;
    }
    let outcome = play(&job, &lab, &mut crew);
    if case.network == Way::Narrow {
        narrow::check(&lab, &crew, job.setup.nodes);
    }
    crew.end();
    Ok(outcome)
}

/// The network of a case.
fn lay(case: &Case, job: &Job) -> Result<Lab, String> {
    Lab::new(&job.setup, (case.network == Way::Narrow).then_some(narrow::MTU))
}

/// Plays a case with five agents, and demands that it ends well.
fn ends_well(name: &str) {
    let case = Case::named(name);
    match once(&case, &case.scenario(5, 1)) {
        Ok(outcome) => {
            assert!(outcome.joined_after.is_some() && outcome.healed_after.is_some(), "{name}: {outcome:?}");
            assert_eq!(outcome.wrongly_faulty, 0, "{name}: {outcome:?}");
        }
        Err(reason) => skipped(name, reason),
    }
}

/// The seed of a run. No two share one: a cluster that boots late in one case would do so in all.
fn seed(case: u32, run: u32) -> u64 {
    u64::from(1 + 10 * case + run)
}

/// From the beginning of one run to that of the next.
const BETWEEN: Duration = Duration::from_secs(4);

#[test]
fn a_killed_agent_is_found_faulty_over_a_real_network() {
    ends_well("kill");
}

#[test]
fn datagrams_that_are_too_long_for_a_link_are_refused_and_then_arrive_in_pieces() {
    ends_well("narrow");
}

#[test]
#[ignore = "takes a quarter of an hour"]
fn every_case_is_as_the_simulator_predicts() {
    let wanted = std::env::var("SWIM_NETWORK_CASES").ok();
    let wanted = |case: &Case| wanted.as_ref().is_none_or(|names| names.split(',').any(|name| name == case.name));
    let mut table = Table::default();
    for (number, case) in (0..).zip(&CASES).filter(|(_, case)| wanted(case)) {
        // What is not permitted shows before the runs have waited for one another.
        if let Err(reason) = lay(case, &case.scenario(5, 1).job().expect("the scenario is one")) {
            [5, 20].into_iter().for_each(|nodes| table.skip(case, nodes, &reason));
            continue;
        }
        // All runs of a case go on at the same time, each in a network of its own; they begin one after the other, because
        // a hundred processes that start at once would wait for a processor.
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let runs = [(5, 0..5), (20, 5..10)].map(|(nodes, runs)| {
                let run = |run| {
                    scope.spawn(move || {
                        std::thread::sleep(BETWEEN * run);
                        once(case, &case.scenario(nodes, seed(number, run)))
                    })
                };
                runs.map(run).collect::<Vec<_>>()
            });
            let ended = |run: std::thread::ScopedJoinHandle<'_, Result<Outcome, String>>| run.join().expect("no panic");
            runs.into_iter().map(|runs| runs.into_iter().map(ended).collect::<Result<Vec<_>, _>>()).collect()
        });
        for (nodes, outcomes) in [5, 20].into_iter().zip(outcomes) {
            match outcomes {
                Ok(outcomes) => {
                    table.add(case, nodes, &outcomes, &prediction::predict(&case.scenario(nodes, 1), 400));
                }
                Err(reason) => table.skip(case, nodes, &reason),
            }
        }
    }
    assert!(
        table.is_as_predicted(),
        "no case was wanted, or medians outside of what is predicted are marked `OFF` above"
    );
}
