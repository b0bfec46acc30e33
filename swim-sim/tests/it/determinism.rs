//! I8: a seed is one run, in one process and in another, whoever watches.

use swim_sim::{Carry, Lasts, Plan, Setup, Time};

use crate::{binary, checked, cut, run};

const NODES: u32 = 40;

fn plan() -> Plan {
    cut(&[NODES / 2, NODES / 2], Lasts::For(Time::from_millis(20_000)))
}

/// The hash of each second.
fn hashes(setup: Setup) -> Vec<String> {
    let (_, outcome) = run(setup, plan());
    outcome.timeline.iter().map(|sample| format!("{:016x}", sample.hash)).collect()
}

#[test]
fn a_seed_is_the_same_run_every_second_of_it() {
    let first = hashes(Setup::new(NODES, 5));
    assert!(first.len() > 30, "{}", first.len());
    assert_eq!(first, hashes(Setup::new(NODES, 5)));
}

#[test]
fn another_process_runs_the_same_seed_the_same_way() {
    let (status, json, _) = binary(&["--nodes", "40", "--seed", "5", "--cut", "20s", "--json", "--quiet"]);
    assert_eq!(status, Some(0));
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let there: Vec<_> = report["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sample| sample["hash"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(hashes(Setup::new(NODES, 5)), there);
}

#[test]
fn another_seed_is_another_run_from_the_first_second_on() {
    let (one, other) = (hashes(Setup::new(NODES, 5)), hashes(Setup::new(NODES, 6)));
    assert_ne!(one[0], other[0]);
}

#[test]
fn neither_checkers_nor_the_codec_change_a_run() {
    let plain = hashes(Setup::new(NODES, 5));
    assert_eq!(plain, hashes(checked(NODES, 5)));
    assert_eq!(plain, hashes(Setup { carry: Carry::Bytes, ..Setup::new(NODES, 5) }));
}
