//! How a list and labels become numbers: ours, or a host's where it speaks another protocol's wire.
//!
//! Ringpop sorts its list and takes a farmhash of it; a host that joins such a cluster brings those functions.

use core::fmt;

use crate::labels::Labels;
use crate::member::Member;
use crate::message::Checksum;

/// The functions by which lists and labels are compared. All nodes of a cluster need the same.
pub struct Digests<A> {
    /// The checksum of the list, given in no order and with its tombstones; `None` is the incremental one. A function is
    /// called once for each message that changes the list, and so costs in proportion to it.
    #[expect(clippy::type_complexity, reason = "an alias would hide what a host has to write")]
    pub list: Option<fn(&mut dyn Iterator<Item = Member<'_, A>>) -> Checksum>,
    /// What precedence compares of labels, signed (R1): 0 where there are none.
    pub labels: fn(Labels<'_>) -> i32,
}

impl<A> Digests<A> {
    /// The native ones.
    pub const NATIVE: Self = Self { list: None, labels: |labels| labels.digest() };
}

impl<A> Clone for Digests<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Digests<A> {}

impl<A> Default for Digests<A> {
    fn default() -> Self {
        Self::NATIVE
    }
}

impl<A> fmt::Debug for Digests<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.list.is_some() { "Digests(the host's)" } else { "Digests(native)" })
    }
}
