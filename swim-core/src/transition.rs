//! Which status arms which timer (R3).
//!
//! ```text
//!            suspicion timeout        faulty           tombstone
//!   Suspect ──────────────────> Faulty ─────> Tombstone ───────> evicted
//!      ^                          ^              ^
//!      └─ probes, claims          └─ claims      └─ Leave, after its own timeout (native)
//!   Alive: no timer. A newer claim replaces the timer, whatever it was.
//! ```

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use crate::memberlist::{Slot, SlotMap};
use crate::random::Random;
use crate::time::Instant;

/// When members move on, soonest first. An entry of the heap counts only while it agrees with what the member's
/// deadline is by now, so a deadline that moved leaves a dead entry behind, not a wrong one.
#[derive(Clone, Default)]
pub(crate) struct Transitions {
    heap: BinaryHeap<Reverse<(Instant, Slot)>>,
    due: SlotMap<Instant>,
}

impl<T> Default for SlotMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl Transitions {
    /// Sets the deadline of a member that is faulty, left, or a tombstone.
    pub(crate) fn set(&mut self, slot: Slot, at: Instant) {
        self.due.insert(slot, at);
        self.push(slot, at);
    }

    /// Notes the deadline of a suspect; its suspicion says which deadline counts.
    pub(crate) fn note(&mut self, slot: Slot, at: Instant) {
        self.push(slot, at);
    }

    /// The member has no deadline of its own any more.
    pub(crate) fn clear(&mut self, slot: Slot) {
        self.due.remove(slot);
    }

    fn push(&mut self, slot: Slot, at: Instant) {
        if self.heap.len() == self.heap.capacity() {
            self.heap.reserve_exact(self.heap.len() / 8 + 4);
        }
        self.heap.push(Reverse((at, slot)));
    }

    /// The soonest entry, dead or not.
    #[inline]
    pub(crate) fn soonest(&self) -> Instant {
        self.heap.peek().map_or(Instant::NEVER, |Reverse((at, _))| *at)
    }

    /// Takes out the next member whose deadline has passed. `runs_out` tells the deadline of suspects.
    pub(crate) fn take_due(&mut self, now: Instant, runs_out: impl Fn(Slot) -> Option<Instant>) -> Option<Slot> {
        while let Some(&Reverse((at, slot))) = self.heap.peek() {
            if at > now {
                break;
            }
            self.heap.pop();
            if runs_out(slot).or_else(|| self.due.get(slot).copied()) == Some(at) {
                return Some(slot);
            }
        }
        None
    }

    /// Throws out dead entries where they are more than the living; `living` members have a deadline.
    pub(crate) fn tidy(&mut self, living: usize, runs_out: impl Fn(Slot) -> Option<Instant>) {
        if self.heap.len() > 2 * living + 64 {
            let due = &self.due;
            self.heap.retain(|&Reverse((at, slot))| runs_out(slot).or_else(|| due.get(slot).copied()) == Some(at));
            self.heap.shrink_to(self.heap.len() + self.heap.len() / 8);
        }
    }

    /// A member with a deadline, no suspect, at random.
    pub(crate) fn draw(&self, random: &mut Random) -> Option<Slot> {
        self.due.nth(random.below(self.due.len() as u32) as usize)
    }

    /// How many entries there are, dead ones included.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// How many members have a deadline besides suspects.
    pub(crate) fn living(&self) -> usize {
        self.due.len()
    }
}
