//! Experiments in small: they agree where the protocol is the paper's, and do not where it is not.

use std::time::Duration;

use swim_core::{GossipOptions, Options, ProbeOrder};

use super::cell::{Cell, Verdict};
use super::comparison::run;
use super::detection::Detection;
use super::experiment::Experiment;
use super::round_robin::RoundRobin;
use super::rumour::Rumour;
use super::traffic_at_rest::TrafficAtRest;
use super::wrong_accusations::WrongAccusations;

fn cells(experiment: impl Experiment + 'static) -> Vec<Cell> {
    run(&[Box::new(experiment)], 1, |_| {}).unwrap_or_else(|error| panic!("{error}"))
}

fn verdicts(experiment: impl Experiment + 'static) -> Vec<Verdict> {
    let cells = cells(experiment);
    cells.iter().map(Cell::verdict).collect()
}

/// Ten nodes of which a fifth of all packets is lost.
fn lossy() -> WrongAccusations {
    WrongAccusations::new((10, 10), 20, 1, (1, 1_000.0, 100_000.0))
}

#[test]
fn small_clusters_agree_with_the_paper() {
    assert_eq!(verdicts(Detection::new(8, 2, 500)), [Verdict::Ok; 2]);
    assert_eq!(verdicts(RoundRobin::new(8, 2, 100)), [Verdict::Ok; 2]);
    assert_eq!(verdicts(TrafficAtRest::new(8, 150)), [Verdict::Ok]);
    assert_eq!(verdicts(lossy()), [Verdict::Ok]);
    assert_eq!(verdicts(Rumour::new(8, 2, 500)), [Verdict::Ok; 2]);
}

#[test]
fn the_lan_preset_as_it_is_sends_no_more_at_rest() {
    assert_eq!(verdicts(TrafficAtRest::lan(8, 150)), [Verdict::Ok]);
}

#[test]
fn dead_members_that_are_listed_make_accusations_rarer_by_probes_and_likelier_by_helpers() {
    let some_dead = WrongAccusations::new((16, 12), 20, 1, (2, 2_000.0, 100_000.0));
    assert_eq!(verdicts(some_dead), [Verdict::Ok]);
}

#[test]
fn with_the_inconclusive_rule_most_failed_rounds_accuse_nobody() {
    let experiment = lossy();
    let options = Options { inconclusive_max: 3, ..experiment.options.clone() };
    let fresh = |experiment: WrongAccusations| experiment.measure(1).unwrap()[1].sum();
    assert!(fresh(WrongAccusations { options, ..experiment.clone() }) < fresh(experiment) / 2.0);
}

#[test]
fn a_ping_on_a_stream_beside_the_helpers_is_found_off() {
    let experiment = lossy();
    let options = Options { stream_ping: true, ..experiment.options.clone() };
    assert_eq!(verdicts(WrongAccusations { options, ..experiment }), [Verdict::Off]);
}

#[test]
fn local_health_is_found_off() {
    let experiment = lossy();
    let options = Options { local_health_max: 8, ..experiment.options.clone() };
    assert_eq!(verdicts(WrongAccusations { options, ..experiment }), [Verdict::Off]);
}

#[test]
fn random_targets_are_found_to_break_the_bound_of_round_robin() {
    let experiment = RoundRobin::new(8, 2, 100);
    let options = Options { probe_order: ProbeOrder::Random, ..experiment.options.clone() };
    assert_eq!(verdicts(RoundRobin { options, ..experiment }), [Verdict::Off; 2]);
}

#[test]
fn gossip_beside_the_probes_is_found_faster_than_probes_can_be() {
    let experiment = Rumour::new(40, 1, 1_000);
    let gossip = Some(GossipOptions { interval: Duration::from_millis(50), nodes: 3 });
    let options = Options { gossip, ..experiment.options.clone() };
    assert_eq!(verdicts(Rumour { options, ..experiment }), [Verdict::Off; 2]);
}

#[test]
fn what_comes_out_does_not_depend_on_the_number_of_threads() {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let experiments: Vec<Box<dyn Experiment>> =
            vec![Box::new(Detection::new(8, 5, 20)), Box::new(WrongAccusations::new((8, 8), 20, 1, (3, 500.0, 1e6)))];
        pool.install(|| run(&experiments, 7, |_| {})).unwrap()
    };
    assert_eq!(with(1), with(3));
}
