//! R1 on its whole table: which of two claims about a member wins.
//!
//! The table is generated and compared with `precedence.txt`, which people have read and agreed to.

use std::fmt::Write;

use swim_core::{Claim, Incarnation, Precedence, Status, precedence};

const REVIEWED: &str = include_str!("precedence.txt");

const HEADING: &str = "\
# R1: whether a claim about a member replaces what is known of it.
# Incarnation and labels (the signed digest) are those of the claim, compared with what is known.
#
# known      claimed    incarnation  labels   the claim
";

/// Lower, equal, higher.
const STEPS: [(&str, i32); 3] = [("lower", -1), ("equal", 0), ("higher", 1)];

fn name(outcome: Precedence) -> &'static str {
    match outcome {
        Precedence::Wins => "wins",
        Precedence::Same => "is the same",
        Precedence::Loses => "loses",
    }
}

fn claim(status: Status, incarnation: i32, labels: i32) -> Claim {
    let incarnation = Incarnation::new(10u64.saturating_add_signed(incarnation.into())).unwrap();
    Claim { incarnation, status, labels }
}

/// Every row: what is known, what is claimed, how they compare, what comes of it.
fn table() -> String {
    let mut table = String::from(HEADING);
    for claimed in Status::ALL {
        let outcome = name(precedence(None, claim(claimed, 0, 0)));
        writeln!(table, "  {:<10} {claimed:<10} {:<12} {:<8} {outcome}", "unknown", "-", "-").unwrap();
    }
    for known in Status::ALL {
        for claimed in Status::ALL {
            for (incarnation, incarnation_step) in STEPS {
                for (labels, labels_step) in STEPS {
                    // Around zero, so that an unsigned comparison would show.
                    let outcome = precedence(Some(claim(known, 0, 0)), claim(claimed, incarnation_step, labels_step));
                    let outcome = name(outcome);
                    writeln!(table, "  {known:<10} {claimed:<10} {incarnation:<12} {labels:<8} {outcome}").unwrap();
                }
            }
        }
    }
    table
}

#[test]
fn the_precedence_of_claims_is_as_reviewed() {
    let table = table();
    if std::env::var_os("UPDATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/precedence.txt");
        std::fs::write(path, &table).expect("the table can be written");
        return;
    }
    for (number, (now, reviewed)) in table.lines().zip(REVIEWED.lines()).enumerate() {
        assert_eq!(now, reviewed, "line {}; {HINT}", number + 1);
    }
    assert!(table == REVIEWED, "rows are missing or too many; {HINT}");
}

const HINT: &str =
    "if the change is meant, run `UPDATE=1 cargo test -p swim-core --test it precedence` and review the file";

/// The rule in the words of the design, against the function.
#[test]
fn a_claim_wins_by_incarnation_then_status_then_labels() {
    for known in Status::ALL {
        for claimed in Status::ALL {
            for (_, incarnation) in STEPS {
                for labels in [i32::MIN, -1, 0, 1, i32::MAX] {
                    let wins = incarnation > 0
                        || incarnation == 0 && claimed > known
                        || incarnation == 0 && claimed == known && labels > 0;
                    let outcome = precedence(Some(claim(known, 0, 0)), claim(claimed, incarnation, labels));
                    assert_eq!(outcome == Precedence::Wins, wins);
                }
            }
        }
    }
}

/// Of two different claims one wins, whichever came first.
#[test]
fn of_two_claims_the_same_one_wins_in_either_order() {
    let claims: Vec<Claim> = Status::ALL
        .into_iter()
        .flat_map(|status| [-1, 0, 1].map(move |step| (status, step)))
        .flat_map(|(status, step)| [-1, 0, 1].map(move |labels| claim(status, step, labels)))
        .collect();
    for &a in &claims {
        for &b in &claims {
            let expected = match precedence(Some(a), b) {
                Precedence::Wins => Precedence::Loses,
                Precedence::Same => Precedence::Same,
                Precedence::Loses => Precedence::Wins,
            };
            assert_eq!(precedence(Some(b), a), expected, "{a:?}, {b:?}");
        }
    }
}
