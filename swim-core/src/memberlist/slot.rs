//! The place of a member in the list.

/// The place of a member in the list; stable as long as it is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(pub(crate) u32);

impl Slot {
    /// The node itself.
    pub(crate) const LOCAL: Self = Self(0);

    #[inline]
    pub(super) fn at(self) -> usize {
        self.0 as usize
    }
}
