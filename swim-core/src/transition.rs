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

use crate::fingerprint::Fingerprint;
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

    /// Makes the heap anew where dead entries are more than the living. `looks` are the soonest moments at which the
    /// suspicions of so many `suspects` can run out: accusers may yet shorten them.
    pub(crate) fn tidy(&mut self, suspects: usize, looks: impl Iterator<Item = (Slot, Instant)>) {
        let living = suspects + self.due.len();
        if self.heap.len() <= 2 * living + 64 {
            return;
        }
        self.heap.clear();
        self.heap.shrink_to(living + living / 8);
        self.heap.extend(self.due.iter().map(|(slot, &at)| Reverse((at, slot))));
        self.heap.extend(looks.map(|(slot, at)| Reverse((at.into(), slot))));
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

impl Transitions {
    /// Takes in all entries, the dead ones included: they wake the node. The order within the heap means nothing.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self { heap, due } = self;
        let left = |at: Split| print.left(at.into());
        let entries: (u64, u64) = heap.iter().fold((0, 0), |(sum, product), Reverse((at, slot))| {
            let mixed = crate::hash::mix64(left(*at) ^ crate::hash::mix64(slot.0.into()));
            (sum.wrapping_add(mixed), product.wrapping_add(crate::hash::mix64(!mixed)))
        });
        print.word(entries.0);
        print.word(entries.1);
        print.word(heap.len() as u64);
        print.word(due.len() as u64);
        for (slot, at) in due.iter() {
            print.word(slot.0.into());
            print.until((*at).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SuspicionSettings;
    use crate::suspicion::{Accused, Suspicions};
    use crate::time::Micros;

    /// The entry that looks at the shortest timeout must outlive a tidying, or the suspicion lasts as if nobody had
    /// confirmed it.
    #[test]
    fn a_suspicion_that_is_confirmed_after_a_tidying_still_ends_early() {
        let lifeguard = SuspicionSettings::Lifeguard { alpha: 4, beta: 6, confirmations: 3 };
        let mut suspicions = Suspicions::new(lifeguard, Micros::from_millis(1000));
        let mut transitions = Transitions::new();
        let suspect = Slot(1);
        let look = suspicions.start(Instant::ZERO, suspect, 10, Some(2u32), 1);
        transitions.note(suspect, look);
        // Entries of members that came alive again.
        (0..100).for_each(|slot| transitions.note(Slot(1000 + slot), Instant::from_millis(60_000)));
        transitions.tidy(suspicions.len(), suspicions.iter());
        assert_eq!(transitions.len(), 1);
        for accuser in 3..6 {
            assert!(matches!(suspicions.confirm(suspect, accuser), Accused::Confirmed(_)));
        }
        let due = |transitions: &mut Transitions, millis| {
            transitions.take_due(Instant::from_millis(millis), |slot| suspicions.runs_out(slot))
        };
        assert_eq!(due(&mut transitions, 3_999), None);
        assert_eq!(due(&mut transitions, 4_000), Some(suspect));
    }

    #[test]
    fn a_suspicion_that_nobody_confirms_lasts_to_its_end() {
        let lifeguard = SuspicionSettings::Lifeguard { alpha: 4, beta: 6, confirmations: 3 };
        let mut suspicions = Suspicions::new(lifeguard, Micros::from_millis(1000));
        let mut transitions = Transitions::new();
        transitions.note(Slot(1), suspicions.start(Instant::ZERO, Slot(1), 10, Some(2u32), 1));
        let due = |transitions: &mut Transitions, millis| {
            transitions.take_due(Instant::from_millis(millis), |slot| suspicions.runs_out(slot))
        };
        assert_eq!(due(&mut transitions, 23_999), None);
        assert_eq!(transitions.soonest(), Instant::from_millis(24_000));
        assert_eq!(due(&mut transitions, 24_000), Some(Slot(1)));
    }
}
