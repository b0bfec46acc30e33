//! The binary: what it prints, and how it ends.

use std::process::{Command, Stdio};

use crate::binary;

/// Runs the binary with the reading ends of its stdout and stderr closed before it begins; returns its exit status.
fn unread(arguments: &[&str]) -> Option<i32> {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_swim-sim"));
    command.args(arguments).stdout(closed()).stderr(closed()).status().unwrap().code()
}

#[test]
fn what_nobody_reads_is_not_written_and_ends_as_it_would() {
    assert_eq!(unread(&["--nodes", "20"]), Some(0));
    assert_eq!(unread(&["--nodes", "20", "--duration", "40s", "--cut", "1h"]), Some(1));
    assert_eq!(unread(&["run", "no-such-scenario"]), Some(1));
}

/// `cargo test --release -p swim-sim --test it nobody_reads -- --ignored`
#[test]
#[ignore = "some seconds in release, minutes in debug"]
fn how_far_the_comparison_with_the_theory_is_is_not_written_where_nobody_reads() {
    assert_eq!(unread(&["theory", "--quick"]), Some(0));
}

#[test]
fn a_run_that_heals_ends_well_and_says_so() {
    let (status, out, _) = binary(&["--nodes", "20"]);
    assert_eq!(status, Some(0), "{out}");
    for fact in ["all saw all after", "live members wrongly declared faulty", "hash of the run", "HEALED"] {
        assert!(out.contains(fact), "{out}");
    }
}

#[test]
fn a_run_that_is_cut_off_before_it_heals_fails_and_says_what_is_pending() {
    let (status, out, _) = binary(&["--nodes", "20", "--duration", "40s", "--cut", "1h", "--quiet"]);
    assert_eq!(status, Some(1), "{out}");
    assert!(out.contains("FAILED") && out.contains("the time was up in phase"), "{out}");
}

#[test]
fn mistakes_are_answered_with_what_to_do() {
    for (arguments, hint) in [
        (["--split", "5,6"], "make them add up"),
        (["--split", "1000"], "two sides at least"),
        (["--loss", "abc"], "0 to 100"),
        (["--cut", "5"], "such as `90s`"),
    ] {
        let (status, _, error) = binary(&arguments);
        assert_eq!(status, Some(2));
        assert!(error.contains(hint), "{error}");
    }
}

#[test]
fn the_comparison_with_the_theory_explains_itself() {
    let (status, out, _) = binary(&["theory", "--help"]);
    assert_eq!(status, Some(0));
    for fact in ["Examples:", "Exit status", "not judged", "--quick"] {
        assert!(out.contains(fact), "{out}");
    }
    let (status, _, error) = binary(&["theory", "--seed", "x"]);
    assert_eq!(status, Some(2));
    assert!(error.contains("--seed"), "{error}");
}

#[test]
fn help_teaches_by_examples() {
    let (status, out, _) = binary(&["--help"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("Examples:") && out.contains("Exit status"), "{out}");
}

#[test]
fn more_nodes_than_checkers_can_remember_are_refused_before_memory_is_taken() {
    let path = format!("{}/many.toml", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, "nodes = 20000").unwrap();
    for arguments in [&["--nodes", "20000", "--check"][..], &["replay", &path]] {
        let (status, _, error) = binary(arguments);
        assert!(status == Some(2) && error.contains("17 GB") && error.contains("8192 nodes at most"), "{error}");
    }
}
