//! A change: one claim about one member, with its maker.

use super::{Incarnation, Status};
use crate::labels::Labels;

/// Who made a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Source<A> {
    /// The member that made the claim, not the one that passed it on.
    pub address: A,
    /// Its incarnation when it did.
    pub incarnation: Incarnation,
}

/// A claim about the member at `address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Change<'a, A> {
    /// The member that the claim is about.
    pub address: A,
    /// The incarnation of that member that the claim is about.
    pub incarnation: Incarnation,
    /// What it is claimed to be.
    pub status: Status,
    /// Who claims it; `None` for the suspicions that healing spreads (R11).
    pub source: Option<Source<A>>,
    /// The labels that the maker of the claim knows (R13).
    pub labels: Labels<'a>,
}

impl<A: Copy + PartialEq> Change<'_, A> {
    /// Whether the member says it of itself.
    #[inline]
    pub fn is_own(&self) -> bool {
        self.source.is_some_and(|source| source.address == self.address)
    }
}
