//! The bodies run over the committed corpora and over inputs at random, and broken nodes are caught.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use swim_core::Random;

use super::*;
use crate::checkers::Violation;
use crate::mutants::Mutant;

/// Every file of the corpora. What they reach is counted by `fuzz/coverage.sh`.
mod corpus {
    use super::*;

    #[test]
    fn bytes_are_refused_or_are_messages() {
        replay("decode", decode);
    }

    #[test]
    fn messages_are_decoded_as_they_were_encoded() {
        replay("round_trip", round_trip);
    }

    #[test]
    fn a_node_keeps_its_promises_whatever_its_peers_do() {
        replay("node_inputs", node_inputs);
    }

    #[test]
    fn a_cluster_converges_whatever_happened_before() {
        replay("cluster", cluster);
    }

    #[test]
    fn a_scenario_is_written_as_it_is_read() {
        replay("scenario", scenario);
    }

    /// What was found is a file of its corpus with a name that says what it was, and docs/VERIFICATION.md says more.
    #[test]
    fn every_find_has_its_row() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/VERIFICATION.md");
        let page = fs::read_to_string(page).expect("it can be read");
        let within = |folder: &Path| {
            fs::read_dir(folder).expect("it can be read").map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
        };
        let targets = within(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus"));
        assert!(targets.len() >= 10, "those of all targets");
        let inputs = targets.iter().flat_map(|target| within(target));
        let names = inputs.map(|input| input.file_name().expect("files have names").display().to_string());
        let finds: Vec<_> = names.filter(|name| name.starts_with("found-")).collect();
        assert!(finds.len() >= 15, "{finds:?}");
        let missing: Vec<_> = finds.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
        assert_eq!(missing, Vec::<&String>::new());
    }

    fn replay(target: &str, body: fn(&[u8])) {
        for (name, bytes) in files(target) {
            println!("{name}");
            body(&bytes);
        }
    }
}

/// Bytes of all kinds, and files of the corpora that were changed a little.
mod at_random {
    use super::*;

    #[test]
    fn bytes_are_refused_or_are_messages() {
        run("decode", 600, decode);
    }

    #[test]
    fn messages_are_decoded_as_they_were_encoded() {
        run("round_trip", 300, round_trip);
    }

    #[test]
    fn a_node_keeps_its_promises_whatever_its_peers_do() {
        run("node_inputs", 300, node_inputs);
    }

    #[test]
    fn a_cluster_converges_whatever_happened_before() {
        run("cluster", 60, cluster);
    }

    #[test]
    fn a_scenario_is_written_as_it_is_read() {
        run("scenario", 300, scenario);
    }

    fn run(target: &str, times: u32, body: fn(&[u8])) {
        let files = files(target);
        let mut random = Random::new(1);
        for number in 0..times {
            let mut bytes = match number % 3 {
                0 => Vec::new(),
                _ => files[random.below(files.len() as u32) as usize].1.clone(),
            };
            (0..random.below(8)).for_each(|_| alter(&mut bytes, &mut random));
            println!("{number}: {bytes:?}");
            body(&bytes);
        }
    }

    /// Removes, changes or adds a few bytes.
    fn alter(bytes: &mut Vec<u8>, random: &mut Random) {
        let place = random.below(bytes.len() as u32 + 1) as usize;
        match random.below(3) {
            0 => bytes.truncate(place),
            1 if place < bytes.len() => bytes[place] = random.below(256) as u8,
            _ => {
                let added = some_bytes(random, 64);
                bytes.splice(place..place, added);
            }
        }
    }
}

#[test]
fn broken_nodes_are_caught_in_a_cluster() {
    for (mutant, checker) in [
        (Mutant::LowersIncarnation, "I3 oneself"),
        (Mutant::OverfillsDatagrams, "I5 frames"),
        (Mutant::StopsTimers, "I9 timers"),
        (Mutant::NeverAcks, "R4 answers"),
        (Mutant::IgnoresAcks, "R4 rounds"),
        (Mutant::RepliesTwice, "replies"),
        (Mutant::Chatters, "rest"),
        (Mutant::DropsRefutations, "L1 convergence"),
        (Mutant::IsDeaf, "L1 convergence"),
    ] {
        let found = caught(|bytes, mutant| cluster::play(bytes, &|world| world.mutate(mutant)).err(), mutant);
        assert!(found.contains(checker), "{mutant:?} is caught by {found:?}");
    }
}

#[test]
fn a_broken_node_is_caught_by_its_inputs() {
    for (mutant, checker) in [
        (Mutant::LowersIncarnation, "I3 oneself"),
        (Mutant::RevivesTombstones, "I2 incarnations"),
        (Mutant::OverfillsDatagrams, "I5 frames"),
        (Mutant::ForwardsAccusations, "I6 sends"),
        (Mutant::StopsTimers, "I9 timers"),
        (Mutant::NeverAcks, "R4 answers"),
        (Mutant::NeverReplies, "replies"),
        (Mutant::RepliesTwice, "replies"),
    ] {
        let found = caught(|bytes, mutant| node_inputs::play(bytes, &|world| world.mutate(mutant)).err(), mutant);
        assert!(found.contains(checker), "{mutant:?} is caught by {found:?}");
    }
}

#[test]
fn the_same_bytes_give_the_same_run() {
    let bytes = some_bytes(&mut Random::new(3), 200);
    for play in [cluster::play, node_inputs::play] {
        let hash = |bytes: &[u8]| play(bytes, &|_| {}).expect("nothing is found");
        assert_eq!(hash(&bytes), hash(&bytes));
        assert_ne!(hash(&bytes), hash(&bytes[..bytes.len() / 2]));
    }
}

/// Which checkers find something in a few runs at random once the nodes are broken; without that they find nothing.
fn caught(play: impl Fn(&[u8], Option<Mutant>) -> Option<Box<Violation>>, mutant: Mutant) -> BTreeSet<&'static str> {
    let mut random = Random::new(2);
    let inputs = (0..16).map(|_| some_bytes(&mut random, 300));
    let finding = |bytes: Vec<u8>| {
        assert_eq!(play(&bytes, None), None, "a sound node");
        play(&bytes, Some(mutant))
    };
    inputs.filter_map(finding).map(|violation| violation.finding.checker).collect()
}

/// The files of the corpus of `target`, in the order of their names.
fn files(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let listed = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = listed
        .map(|entry| entry.expect("the corpus can be listed"))
        .map(|entry| (entry.file_name().display().to_string(), fs::read(entry.path()).expect("it can be read")))
        .collect();
    assert!(files.len() >= FEWEST_FILES, "{} files in {}", files.len(), folder.display());
    files.sort();
    files
}

/// Bytes at random, fewer than `longest`.
fn some_bytes(random: &mut Random, longest: u32) -> Vec<u8> {
    (0..random.below(longest)).map(|_| random.below(256) as u8).collect()
}

/// Fewer would be a corpus that was lost.
const FEWEST_FILES: usize = 10;
