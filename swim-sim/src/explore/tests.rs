//! The explorer itself: it ends, it counts the same everywhere, what it merges is the same, and it finds what is broken.

use std::collections::BTreeMap;
use std::time::Duration;

use swim_core::Status;

use super::choice::Choice;
use super::step::Stage;
use super::world::World;
use super::{End, Explored, Faults, Settings, Start, Way, explore, replay};
use crate::hunt::FindKind;
use crate::mutants::Mutant;

fn settings(nodes: u32, faults: Faults) -> Settings {
    Settings { faults, ..Settings::new(nodes, 1) }
}

fn explored(settings: &Settings) -> Explored {
    explore(settings, |_| {}).expect("the settings work")
}

const ONE_LOSS: Faults = Faults { losses: 1, ..Faults::NONE };

#[test]
fn two_nodes_with_one_loss_have_exactly_so_many_states() {
    let explored = explored(&settings(2, ONE_LOSS));
    assert_eq!(explored.find, None);
    assert_eq!((explored.states, explored.steps, explored.depth, explored.end), (393, 486, 42, End::Complete));
}

fn joined(nodes: u32, faults: Faults) -> Settings {
    Settings { start: Start::Joined, ..settings(nodes, faults) }
}

#[test]
fn nodes_that_have_joined_hold_one_another_alive_and_have_nothing_to_tell() {
    for nodes in [2, 3, 4] {
        let world = Stage::new(&joined(nodes, ONE_LOSS)).unwrap().first(ONE_LOSS).unwrap();
        assert_eq!((world.running().count(), world.left), (nodes as usize, ONE_LOSS));
        assert!(world.is_quiet());
        for (_, node) in world.running() {
            assert_eq!((node.is_ready(), node.count(Status::Alive), node.has_changes()), (true, nodes, false));
        }
    }
}

#[test]
fn three_nodes_that_have_joined_have_exactly_so_many_states_with_one_loss() {
    let explored = explored(&joined(3, ONE_LOSS));
    assert_eq!(explored.find, None);
    assert_eq!((explored.states, explored.steps, explored.depth, explored.end), (664, 937, 47, End::Complete));
}

#[test]
fn one_thread_counts_what_many_count() {
    let settings = settings(2, Faults { losses: 1, reorderings: 1, ..Faults::NONE });
    let counts = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let explored = pool.install(|| explored(&settings));
        (explored.states, explored.steps, explored.settled, explored.longest, explored.coverage)
    };
    assert_eq!(counts(1), counts(3));
}

/// The fingerprints of what can happen next, by choice.
fn futures(world: &World, stage: &mut Stage) -> BTreeMap<String, u128> {
    let after = |choice: Choice| {
        let mut after = world.clone();
        stage.step(&mut after, choice).expect("nothing is found");
        (choice.to_string(), after.print_all(after.print()))
    };
    world.choices().into_iter().map(after).collect()
}

/// What is merged must do the same: whenever a state is met again, by another way and at another time, it has the same next
/// states as when it was met first.
#[test]
fn states_that_are_merged_have_the_same_futures() {
    let all = Faults { losses: 1, crashes: 1, reorderings: 1, duplications: 1, partitions: 1 };
    let losses = Faults { losses: 2, ..Faults::NONE };
    let crash = Faults { crashes: 1, ..Faults::NONE };
    let cut = Faults { partitions: 1, ..Faults::NONE };
    let worlds = [
        (settings(2, losses), 2_000),
        (settings(2, crash), 2_000),
        (settings(2, cut), 2_000),
        (settings(3, all), 200),
        (joined(3, losses), 1_000),
        (joined(3, all), 200),
    ];
    for (settings, most) in worlds {
        let faults = settings.faults;
        let mut stage = Stage::new(&settings).unwrap();
        let first = stage.first(faults).unwrap();
        let mut known = BTreeMap::from([(first.print_all(first.print()), futures(&first, &mut stage))]);
        let (mut layer, mut merged) = (vec![first], 0);
        while !layer.is_empty() && known.len() < most {
            let mut next = Vec::new();
            for world in &layer {
                for choice in world.choices() {
                    let mut after = world.clone();
                    stage.step(&mut after, choice).unwrap();
                    let key = after.print_all(after.print());
                    let futures = futures(&after, &mut stage);
                    match known.get(&key) {
                        Some(expected) => {
                            assert_eq!(&futures, expected);
                            merged += 1;
                        }
                        None => {
                            known.insert(key, futures);
                            next.push(after);
                        }
                    }
                }
            }
            layer = next;
        }
        assert!(merged > 50, "{merged}");
    }
}

/// What the explorer finds where some nodes are broken so; the same world without them is sound.
fn found(mutant: Mutant, broken: &[u32], settings: Settings) -> (FindKind, String) {
    assert_eq!(explored(&settings).find, None);
    let mut settings = settings;
    broken.iter().for_each(|node| settings.mutants.add(*node, mutant));
    let find = explored(&settings).find.expect("something is found");
    let again = replay(&settings, &find.way.to_string().parse::<Way>().unwrap(), |_| {}).unwrap();
    assert_eq!(again.as_ref(), Some(&find));
    (find.kind, find.checker)
}

#[test]
fn who_never_acks_leaves_a_ping_without_an_answer() {
    let found = found(Mutant::NeverAcks, &[1], settings(2, Faults::NONE));
    assert_eq!(found, (FindKind::Safety, "R4 answers".into()));
}

#[test]
fn who_replies_twice_or_never_is_found_at_the_first_request() {
    for mutant in [Mutant::RepliesTwice, Mutant::NeverReplies] {
        assert_eq!(found(mutant, &[1], settings(2, Faults::NONE)), (FindKind::Safety, "replies".into()));
    }
}

#[test]
fn who_ignores_acks_accuses_one_that_answered() {
    let found = found(Mutant::IgnoresAcks, &[1], settings(2, Faults::NONE));
    assert_eq!(found, (FindKind::Safety, "R4 rounds".into()));
}

#[test]
fn who_lowers_its_incarnation_speaks_under_a_wrong_one() {
    let found = found(Mutant::LowersIncarnation, &[0], settings(2, Faults::NONE));
    assert_eq!(found, (FindKind::Safety, "I3 oneself".into()));
}

#[test]
fn who_overfills_datagrams_breaks_the_budget() {
    let found = found(Mutant::OverfillsDatagrams, &[0], settings(2, Faults::NONE));
    assert_eq!(found, (FindKind::Safety, "I5 frames".into()));
}

#[test]
fn checksums_that_do_not_tell_lists_apart_are_found_in_the_smallest_world() {
    let settings = Settings { depth: Some(20), ..joined(2, Faults { partitions: 1, ..Faults::NONE }) };
    let found = found(Mutant::ChecksumIgnoresStatus, &[0, 1], settings);
    assert_eq!(found, (FindKind::Safety, "I4 checksums".into()));
}

#[test]
fn where_suspicions_never_expire_the_dead_are_not_detected() {
    let crash = Faults { crashes: 1, ..Faults::NONE };
    let mut settings = Settings { depth: Some(40), ..settings(2, crash) };
    // A suspicion of hours is a setting only where the dead stay longer.
    settings.options.state_timeouts.faulty = Duration::from_secs(24 * 60 * 60);
    let (kind, _) = found(Mutant::NeverExpiresSuspicion, &[0, 1], settings.clone());
    assert_eq!(kind, FindKind::Liveness);
    // From nodes that have joined it is the first choice.
    let settings = Settings { start: Start::Joined, depth: Some(1), nodes: 3, ..settings };
    let (kind, _) = found(Mutant::NeverExpiresSuspicion, &[0, 1, 2], settings);
    assert_eq!(kind, FindKind::Liveness);
}
