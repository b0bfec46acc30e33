//! Hunts: what is found can be seen again, and made small.

use std::fs;

use crate::binary;

/// Impossible to please: the cluster must converge in a tenth of a second.
const HOPELESS: &str = "nodes = 6\nbegin = 'boot'\nexpect = { within = '100ms' }\n\
    [[fault]]\nat = '20s'\nfor = '60s'\ncut = ['0..3', '3..6']\n\
    [[fault]]\nat = '5s'\nfor = '9s'\nduplication = { chance = 5 }\n";

#[test]
fn a_hunt_says_how_many_runs_it_made_and_ends_well_where_nothing_is_found() {
    let (status, out, _) = binary(&["hunt", "--runs", "30", "--seed", "5", "--quiet"]);
    assert_eq!(status, Some(0), "{out}");
    assert!(out.starts_with("30 runs from seed 5 on") && out.contains(": 0 found"), "{out}");
}

#[test]
fn a_seed_of_a_hunt_is_the_same_run_whenever_it_is_replayed() {
    let (_, first, _) = binary(&["replay", "17"]);
    let (_, shown, _) = binary(&["replay", "17", "--show"]);
    assert!(first.contains("hash") && shown.ends_with(&first), "{first}\n{shown}");
    assert!(shown.contains("seed = 17"), "{shown}");
}

#[test]
fn a_replay_shows_what_led_to_an_event() {
    let (status, out, _) = binary(&["replay", "17", "--until", "100", "--verbose", "--last", "3"]);
    assert_eq!(status, Some(0), "{out}");
    let lines: Vec<_> = out.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn a_find_is_told_apart_by_its_status_and_made_small() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("hunt");
    fs::create_dir_all(&folder).unwrap();
    let (scenario, small) = (folder.join("hopeless.toml"), folder.join("small.toml"));
    fs::write(&scenario, HOPELESS).unwrap();
    let (scenario, small) = (scenario.to_str().unwrap(), small.to_str().unwrap());
    let (status, out, _) = binary(&["replay", scenario]);
    assert_eq!(status, Some(5), "{out}");
    assert!(out.contains("liveness: checker L"), "{out}");

    let (status, _, error) = binary(&["shrink", scenario, "--out", small]);
    assert_eq!(status, Some(0), "{error}");
    assert!(!fs::read_to_string(small).unwrap().contains("duplication"));
    assert_eq!(binary(&["replay", small]).0, Some(5));
}
