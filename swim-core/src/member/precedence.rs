//! Which of two claims about a member wins: rule R1 as one pure function.

use core::cmp::Ordering;

use super::{Incarnation, Status};

/// What precedence looks at: derived order is incarnation, then status, then label digest (compared signed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The incarnation that the claim is about.
    pub incarnation: Incarnation,
    /// What the member is claimed to be.
    pub status: Status,
    /// The digest of the labels that go with it, [`Labels::digest`](crate::Labels::digest).
    pub labels: i32,
}

/// How a claim stands to what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The claim replaces what is known.
    Wins,
    /// The claim says what is known already.
    Same,
    /// What is known stands.
    Loses,
}

/// Compares `claim` with what is `known` of the member, `None` where it is not listed (R1).
#[inline]
pub fn precedence(known: Option<Claim>, claim: Claim) -> Precedence {
    let Some(known) = known else {
        return if claim.status == Status::Tombstone { Precedence::Loses } else { Precedence::Wins };
    };
    match claim.cmp(&known) {
        Ordering::Greater => Precedence::Wins,
        Ordering::Equal => Precedence::Same,
        Ordering::Less => Precedence::Loses,
    }
}
