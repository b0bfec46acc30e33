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
use crate::split::Split;
use crate::time::Instant;

/// When members move on, soonest first. What counts is the deadline that a member has by now: an entry of the heap that
/// is earlier only looks whether it has come (suspicions end sooner the more accusers there are, and need one entry for
/// all that), and one that is later is dead.
#[derive(Clone)]
pub(crate) struct Transitions {
    heap: BinaryHeap<Reverse<(Split, Slot)>>,
    due: SlotMap<Split>,
}

impl Transitions {
    pub(crate) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), due: SlotMap::new() }
    }

    /// Sets the deadline of a member that is faulty, left, or a tombstone.
    pub(crate) fn set(&mut self, slot: Slot, at: Instant) {
        self.due.insert(slot, at.into());
        self.note(slot, at);
    }

    /// Looks at a member at this moment; if it is a suspect, its suspicion says which deadline counts.
    pub(crate) fn note(&mut self, slot: Slot, at: Instant) {
        if self.heap.len() == self.heap.capacity() {
            self.heap.reserve_exact(self.heap.len() / 8 + 4);
        }
        self.heap.push(Reverse((at.into(), slot)));
    }

    /// The member has no deadline of its own any more.
    pub(crate) fn clear(&mut self, slot: Slot) {
        self.due.remove(slot);
    }

    /// The soonest entry, dead or not.
    #[inline]
    pub(crate) fn soonest(&self) -> Instant {
        self.heap.peek().map_or(Instant::NEVER, |Reverse((at, _))| (*at).into())
    }

    /// Takes out the next member whose deadline has passed. `runs_out` tells the deadline of suspects.
    pub(crate) fn take_due(&mut self, now: Instant, runs_out: impl Fn(Slot) -> Option<Instant>) -> Option<Slot> {
        while let Some(&Reverse((at, slot))) = self.heap.peek() {
            let at = Instant::from(at);
            if at > now {
                break;
            }
            self.heap.pop();
            match runs_out(slot).or_else(|| self.due.get(slot).map(|&due| due.into())) {
                Some(deadline) if deadline <= now => return Some(slot),
                Some(deadline) => self.note(slot, deadline),
                None => {}
            }
        }
        None
    }

    /// Makes the heap anew where dead entries are more than the living; `suspects` have their deadlines elsewhere.
    pub(crate) fn tidy(&mut self, suspects: usize, deadlines: impl Iterator<Item = (Slot, Instant)>) {
        let living = suspects + self.due.len();
        if self.heap.len() <= 2 * living + 64 {
            return;
        }
        self.heap.clear();
        self.heap.shrink_to(living + living / 8);
        self.heap.extend(self.due.iter().map(|(slot, &at)| Reverse((at, slot))));
        self.heap.extend(deadlines.map(|(slot, at)| Reverse((at.into(), slot))));
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
