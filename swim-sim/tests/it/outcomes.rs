//! What a run says of itself is so where its faults are not the usual ones.

use swim_core::Micros;
use swim_sim::{Cluster, Job, Outcome, Phase, Plan, Reason, ScenarioFile, State};

use crate::{binary, run};

/// Runs the scenario that is written so.
fn played(text: &str) -> (Cluster, Outcome) {
    let Job { setup, plan } = ScenarioFile::read("test.toml", text).unwrap().job().unwrap();
    run(setup, plan)
}

#[test]
fn a_second_cut_that_lasts_until_it_is_detected_ends_as_well_and_is_healed() {
    let cut = "cut = ['0..10', '10..20']";
    let (cluster, outcome) = played(&format!(
        "nodes = 20\nseed = 3\n[[fault]]\nfor = '20s'\n{cut}\n[[fault]]\nat = '60s'\nfor = 'detected'\n{cut}"
    ));
    assert!(!cluster.network().partition().is_cut());
    let (lasted, bound) = (outcome.faults_for.unwrap(), Micros::from_millis(60_000) + Plan::CUT_MAX);
    assert!(lasted > Micros::from_millis(65_000) && lasted < bound, "{lasted:?}");
    assert!(outcome.healed_after.is_some(), "{:?}", outcome.pending);
    assert!(cluster.nodes().iter().all(|node| node.count_reachable() == 20));
}

#[test]
fn a_run_that_leaves_nobody_has_not_healed() {
    let (_, outcome) = played("nodes = 5\nexpect = { within = '5s' }\n[[fault]]\ncrash = { nodes = 'all' }");
    assert_eq!((outcome.healed_after, outcome.pending), (None, Some(Reason::Nobody)));
    assert_eq!(outcome.ended_in, Phase::Done);
}

#[test]
fn the_summary_tells_of_the_sides_of_the_cut_that_was_detected() {
    let path = format!("{}/sides.toml", env!("CARGO_TARGET_TMPDIR"));
    let text = "nodes = 9\n[[fault]]\nfor = '20s'\none_way = { from = '0', to = '1..9' }\n\
                [[fault]]\nat = '30s'\nfor = '60s'\ncut = ['0..3', '3..6', '6..9']";
    std::fs::write(&path, text).unwrap();
    let (status, out, error) = binary(&["run", &path, "--quiet"]);
    assert_eq!((status, error.as_str()), (Some(0), ""), "{out}");
    let row = out.lines().find(|line| line.starts_with("a side held")).unwrap();
    assert!((1..=3).all(|side| row.contains(&format!("(side {side}, 3 nodes)"))), "{row}");
}

/// How the nodes of a run are at its end.
fn states(cluster: &Cluster) -> Vec<State> {
    (0..cluster.setup().nodes).map(|node| cluster.processes().state(node)).collect()
}

#[test]
fn what_strikes_a_process_twice_is_over_when_both_are() {
    let lasting = "[[fault]]\nat = '10s'\n";
    let short = "[[fault]]\nat = '15s'\nfor = '10s'\n";
    for (what, state) in [("crash", State::Down), ("pause", State::Paused)] {
        let struck = format!("{what} = {{ nodes = '2' }}\n");
        let (cluster, outcome) = played(&format!("nodes = 6\n{lasting}{struck}{short}{struck}{short}{struck}"));
        assert!(outcome.healed_after.is_some(), "{what}: {:?}", outcome.pending);
        assert_eq!(states(&cluster)[2], state, "{what}");
        // One that ends after the other began ends nothing; the last one does.
        let (cluster, outcome) = played(&format!("nodes = 6\n[[fault]]\nfor = '30s'\n{struck}{short}{struck}"));
        assert!(outcome.healed_after.is_some(), "{what}: {:?}", outcome.pending);
        assert_eq!((states(&cluster), outcome.faults_for), (vec![State::Up; 6], Some(Micros::from_millis(30_000))));
    }
    let (cluster, outcome) =
        played(&format!("nodes = 6\n{lasting}leave = {{ nodes = '2' }}\n{short}leave = {{ nodes = '2' }}"));
    assert!(outcome.healed_after.is_some() && cluster.has_left(2));
}
