//! What the queue holds of a change: whose it is and which of its changes, in four bytes; and what a message owes the
//! queue if it does not arrive.

use alloc::vec::Vec;

use crate::fingerprint::Fingerprint;
use crate::memberlist::Slot;

/// A pending change: a member, and which of its changes it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pending(u32);

const VERSION_SHIFT: u32 = 26;
const SLOT_MASK: u32 = (1 << VERSION_SHIFT) - 1;

impl Pending {
    /// No member has this slot.
    pub(super) const NONE: Self = Self(u32::MAX);

    #[inline]
    pub(crate) fn new(slot: Slot, version: u8) -> Self {
        Self(u32::from(version) << VERSION_SHIFT | slot.0)
    }

    #[inline]
    pub(crate) fn slot(self) -> Slot {
        Slot(self.0 & SLOT_MASK)
    }

    #[inline]
    pub(crate) fn version(self) -> u8 {
        (self.0 >> VERSION_SHIFT) as u8
    }
}

/// What a message carried that must be given back if it does not arrive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Charged {
    pub(super) pending: Vec<Pending>,
    /// How often versions had started again anywhere when it was charged.
    pub(super) wraps: u32,
    /// The send limit when it was charged.
    pub(super) limit: u32,
}

impl Charged {
    /// It arrived, or is not given back.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    #[inline]
    pub(crate) fn add(&mut self, pending: Pending, wraps: u32, limit: u32) {
        self.pending.push(pending);
        (self.wraps, self.limit) = (wraps, limit);
    }
}

impl Pending {
    pub(super) fn trace(self, print: &mut Fingerprint) {
        print.word(self.0.into());
    }
}

impl Charged {
    /// Takes in what would be given back; `wraps` is how often versions have started again by now.
    pub(crate) fn trace(&self, wraps: u32, print: &mut Fingerprint) {
        let Self { pending, wraps: charged, limit } = self;
        print.word(pending.len() as u64);
        if !pending.is_empty() {
            print.word(u64::from(wraps.wrapping_sub(*charged)) << 32 | u64::from(*limit));
            pending.iter().for_each(|pending| pending.trace(print));
        }
    }
}
