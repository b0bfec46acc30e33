//! The binary: what it prints, and how it ends.

use crate::binary;

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
