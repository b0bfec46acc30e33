//! One record of the list: an address, and 64 bits of what is known of its member.

use super::order::Candidates;
use super::slot::Slot;
use crate::member::{Incarnation, Status};
use crate::split::Split;

/// Incarnation and status, as one number that orders as precedence does (R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) incarnation: Incarnation,
    pub(crate) status: Status,
}

/// A pending change, as far as it is cheap to tell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told<A> {
    /// A newer one has taken its place.
    Superseded,
    /// The member says it of itself, and has no labels.
    Own { address: A, state: State },
    /// There is more to it; see [`Memberlist::change`](super::Memberlist::change).
    More,
}

/// One member: its address and 64 bits; with a four-byte address twelve bytes.
///
/// ```text
/// bits 0..50 incarnation | 50..53 status, 7 where vacant | 53 in the probe order | 54 has labels
///      55..57 source (own, none, this node, another) | 57 has a pending change | 58..64 its version
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<A> {
    pub(super) address: A,
    bits: Split,
}

pub(super) const STATUS_SHIFT: u32 = Incarnation::BITS;
pub(super) const ORDERED: u64 = 1 << 53;
pub(super) const LABELED: u64 = 1 << 54;
pub(super) const SOURCE_SHIFT: u32 = 55;
pub(super) const PENDING: u64 = 1 << 57;
pub(super) const VERSION_SHIFT: u32 = 58;
pub(super) const VERSION_BITS: u32 = 64 - VERSION_SHIFT;
/// What a change of its member leaves as it is.
pub(super) const KEPT: u64 = ORDERED | PENDING | u64::MAX << VERSION_SHIFT;
pub(super) const VACANT: u64 = 7;

pub(super) const SOURCE_OWN: u64 = 0;
pub(super) const SOURCE_NONE: u64 = 1;
pub(super) const SOURCE_LOCAL: u64 = 2;
pub(super) const SOURCE_OTHER: u64 = 3;

impl<A: Copy> Record<A> {
    #[inline]
    pub(super) fn bits(&self) -> u64 {
        self.bits.get()
    }

    #[inline]
    pub(super) fn set_bits(&mut self, bits: u64) {
        self.bits = Split::new(bits);
    }

    #[inline]
    pub(super) fn field(&self, shift: u32, width: u32) -> u64 {
        self.bits() >> shift & ((1 << width) - 1)
    }

    pub(super) fn set_field(&mut self, shift: u32, width: u32, value: u64) {
        let mask = ((1u64 << width) - 1) << shift;
        self.set_bits(self.bits() & !mask | value << shift);
    }

    #[inline]
    pub(super) fn has(&self, flag: u64) -> bool {
        self.bits() & flag != 0
    }

    pub(super) fn set(&mut self, flag: u64, on: u64) {
        self.set_bits((self.bits() & !flag) | (flag * on));
    }

    #[inline]
    pub(super) fn is_vacant(&self) -> bool {
        self.field(STATUS_SHIFT, 3) == VACANT
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        debug_assert!(!self.is_vacant());
        let status = match self.field(STATUS_SHIFT, 3) {
            0 => Status::Alive,
            1 => Status::Suspect,
            2 => Status::Faulty,
            3 => Status::Leave,
            _ => Status::Tombstone,
        };
        State { incarnation: Incarnation::from_low_bits(self.bits()), status }
    }
}

impl<A> Record<A> {
    /// A record whose member is still to be written.
    pub(super) fn vacant(address: A) -> Self {
        Self { address, bits: Split::new(VACANT << STATUS_SHIFT) }
    }
}

impl<A: Copy> Candidates for [Record<A>] {
    #[inline]
    fn is_pingable(&self, slot: Slot) -> bool {
        let status = self[slot.at()].field(STATUS_SHIFT, 3);
        status == Status::Alive as u64 || status == Status::Suspect as u64
    }

    fn taken_out(&mut self, slot: Slot) {
        self[slot.at()].set(ORDERED, 0);
    }
}
