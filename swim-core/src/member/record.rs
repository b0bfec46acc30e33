//! A member as a query shows it.

use super::{Incarnation, Status};
use crate::labels::Labels;

/// What a node knows of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a, A> {
    /// Its name.
    pub address: A,
    /// What it is held to be.
    pub status: Status,
    /// The incarnation of which that is known.
    pub incarnation: Incarnation,
    /// Its labels.
    pub labels: Labels<'a>,
}
