//! Clusters of 2 to 100 nodes form, part and heal, with every checker on.

use swim_core::Options;
use swim_sim::network::{Chance, Undeliverable};
use swim_sim::{Agreement, Carry, Cluster, Goal, Lasts, Plan, Setup, Time, Wait};

use crate::{checked, cut, halves, run};

/// Runs a plan and expects what every run must show.
fn heals(setup: Setup, plan: Plan) {
    let sides = plan.sides.to_string();
    let (cluster, outcome) = run(setup, plan);
    let seed = cluster.setup().seed;
    assert!(outcome.joined_after.is_some(), "seed {seed}, {sides}: {:?}", outcome.pending);
    assert!(outcome.healed_after.is_some(), "seed {seed}, {sides}: {:?}", outcome.pending);
    assert_eq!(cluster.accusations().first(), [], "seed {seed}, {sides}");
}

#[test]
fn two_halves_heal_whatever_the_seed() {
    for seed in 1..=5 {
        heals(checked(30, seed), halves(30));
    }
}

#[test]
fn a_hundred_nodes_heal_through_the_codec() {
    heals(Setup { carry: Carry::Bytes, ..checked(100, 1) }, halves(100));
}

#[test]
fn each_side_holds_the_others_faulty_before_the_cut_ends() {
    let (_, outcome) = run(checked(40, 3), halves(40));
    assert!(outcome.detected_after().iter().all(Option::is_some), "{:?}", outcome.detected_after());
    assert!(outcome.faults_for < Some(Plan::CUT_MAX));
}

#[test]
fn sides_of_any_size_heal() {
    for sizes in [&[1, 29][..], &[29, 1], &[25, 5], &[10, 10, 10], &[20, 5, 4, 1]] {
        heals(checked(30, 1), cut(sizes, Lasts::UntilDetected));
    }
}

#[test]
fn the_smallest_clusters_heal() {
    for nodes in 2..=5 {
        heals(checked(nodes, 1), halves(nodes));
    }
}

#[test]
fn a_cut_too_short_to_be_noticed_by_all_heals() {
    for millis in [300, 2_000, 9_000] {
        heals(checked(30, 2), cut(&[15, 15], Lasts::For(Time::from_millis(millis))));
    }
}

#[test]
fn a_router_that_answers_for_the_other_side_changes_nothing() {
    heals(Setup { undeliverable: Undeliverable::Always, ..checked(30, 1) }, halves(30));
}

#[test]
fn a_lossy_network_accuses_nobody_wrongly() {
    let plan = Plan { agreement: Agreement::Reachable, ..halves(30) };
    heals(Setup { loss: Chance::per_million(50_000), ..checked(30, 1) }, plan);
}

#[test]
fn the_other_presets_heal_too() {
    for options in [Options::wan(), Options::local()] {
        heals(Setup { options, ..checked(30, 1) }, halves(30));
    }
}

#[test]
fn a_host_list_that_holds_only_oneself_makes_a_cluster_of_one() {
    let mut cluster = Cluster::new(checked(1, 1)).unwrap();
    cluster.run_until(swim_core::Instant::from_millis(5_000)).unwrap();
    assert_eq!(Wait::new(Goal::AllAlive).pending(&cluster), None);
    assert!(cluster.nodes()[0].is_ready());
}
