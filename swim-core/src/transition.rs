//! Which status arms which timer (R3).
//!
//! ```text
//!            suspicion timeout        faulty           tombstone
//!   Suspect ──────────────────> Faulty ─────> Tombstone ───────> evicted
//!      ^                          ^              ^
//!      └─ probes, claims          └─ claims      └─ Leave, after its own timeout (native)
//!   Alive: no timer. A newer claim replaces the timer, whatever it was.
//! ```

use alloc::collections::{BTreeMap, BinaryHeap};
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::fingerprint::Fingerprint;
use crate::hash::mix64;
use crate::memberlist::{Slot, SlotMap};
use crate::room;
use crate::split::Split;
use crate::suspicion::Ends;
use crate::time::Instant;

/// When members move on, soonest first. What counts is the deadline that a member has by now: an entry that is earlier
/// only looks whether it has come (suspicions end sooner the more accusers there are, and need one entry for all that),
/// and one that is later is dead.
///
/// Entries wait in the second that they belong to, four bytes each, and are put in order when its first one comes:
/// where half of a cluster is lost every node has thousands of them.
#[derive(Clone)]
pub(crate) struct Transitions {
    near: BinaryHeap<Reverse<(Split, Slot)>>,
    far: BTreeMap<u64, Bucket>,
    far_len: usize,
    due: SlotMap<Split>,
}

/// The entries of one second.
#[derive(Clone)]
struct Bucket {
    soonest: Instant,
    slots: Vec<Slot>,
}

/// A second, nearly: the bucket of a moment is its microseconds without so many low bits.
const BUCKET_BITS: u32 = 20;

impl Transitions {
    pub(crate) const fn new() -> Self {
        Self { near: BinaryHeap::new(), far: BTreeMap::new(), far_len: 0, due: SlotMap::new() }
    }

    /// Sets the deadline of a member that is faulty, left, or a tombstone.
    pub(crate) fn set(&mut self, slot: Slot, at: Instant) {
        self.due.insert(slot, at.into());
        self.note(slot, at);
    }

    /// Looks at a member at this moment; if it is a suspect, its suspicion says which deadline counts.
    pub(crate) fn note(&mut self, slot: Slot, at: Instant) {
        let bucket = self.far.entry(at.as_micros() >> BUCKET_BITS);
        let bucket = bucket.or_insert_with(|| Bucket { soonest: at, slots: Vec::new() });
        bucket.soonest = bucket.soonest.min(at);
        room::make(&mut bucket.slots, 1, 4);
        bucket.slots.push(slot);
        self.far_len += 1;
    }

    /// The member has no deadline of its own any more.
    pub(crate) fn clear(&mut self, slot: Slot) {
        self.due.remove(slot);
    }

    /// The deadline of a member that is faulty, left, or a tombstone.
    pub(crate) fn due(&self, slot: Slot) -> Option<Instant> {
        self.due.get(slot).map(|&at| at.into())
    }

    /// The soonest entry, dead or not.
    #[inline]
    pub(crate) fn soonest(&self) -> Instant {
        let near = self.near.peek().map_or(Instant::NEVER, |Reverse((at, _))| (*at).into());
        self.far.first_key_value().map_or(near, |(_, bucket)| bucket.soonest.min(near))
    }

    /// Takes out the next member whose deadline has passed. `ends` tells when the suspicion of a suspect ends.
    pub(crate) fn take_due(&mut self, now: Instant, ends: impl Fn(Slot) -> Option<Ends>) -> Option<Slot> {
        loop {
            self.bring_near(now, &ends);
            let &Reverse((at, slot)) = self.near.peek()?;
            if Instant::from(at) > now {
                return None;
            }
            self.near.pop();
            match self.deadline(slot, ends(slot)) {
                Some(deadline) if deadline <= now => return Some(slot),
                Some(deadline) => self.note(slot, deadline),
                None => {}
            }
        }
    }

    fn deadline(&self, slot: Slot, ends: Option<Ends>) -> Option<Instant> {
        ends.map(|ends| ends.at).or_else(|| self.due.get(slot).map(|&due| due.into()))
    }

    /// Puts the entries of buckets whose time has come in their order, each at the moment that it looks at.
    fn bring_near(&mut self, now: Instant, ends: &impl Fn(Slot) -> Option<Ends>) {
        while self.far.first_key_value().is_some_and(|(_, bucket)| bucket.soonest <= now) {
            let Some((_, Bucket { soonest, slots })) = self.far.pop_first() else { return };
            self.far_len -= slots.len();
            self.near.reserve_exact(slots.len());
            for slot in slots {
                let ends = ends(slot);
                let look = match ends {
                    Some(ends) if ends.soonest >= soonest => Some(ends.soonest),
                    ends => self.deadline(slot, ends),
                };
                if let Some(look) = look {
                    self.near.push(Reverse((look.into(), slot)));
                }
            }
        }
        if self.near.capacity() > 64 && self.near.len() * 4 < self.near.capacity() {
            self.near.shrink_to(self.near.len() * 2);
        }
    }

    /// Makes the entries anew where dead ones are more than half of the living. `looks` are the soonest moments at which the
    /// suspicions of so many `suspects` can run out: accusers may yet shorten them.
    pub(crate) fn tidy(&mut self, suspects: usize, looks: impl Iterator<Item = (Slot, Instant)>) {
        let living = suspects + self.due.len();
        if self.len() <= living + living / 2 + 64 {
            return;
        }
        self.near = BinaryHeap::new();
        self.far.clear();
        self.far_len = 0;
        let due = core::mem::replace(&mut self.due, SlotMap::new());
        due.iter().for_each(|(slot, &at)| self.note(slot, at.into()));
        self.due = due;
        looks.for_each(|(slot, at)| self.note(slot, at));
    }

    /// How many entries there are, dead ones included.
    pub(crate) fn len(&self) -> usize {
        self.near.len() + self.far_len
    }

    /// How many members have a deadline besides suspects.
    pub(crate) fn living(&self) -> usize {
        self.due.len()
    }
}

impl Transitions {
    /// Takes in all entries, the dead ones included: they wake the node. The order within the heap means nothing. Which
    /// entries share a bucket depends on where the present moment lies in its own.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self { near, far, far_len, due } = self;
        print.phase(BUCKET_BITS);
        let entries: (u64, u64) = near.iter().fold((0, 0), |(low, high), Reverse((at, slot))| {
            let mixed = mix64(print.left((*at).into()) ^ mix64(slot.0.into()));
            (low.wrapping_add(mixed), high.wrapping_add(mix64(!mixed)))
        });
        print.word(entries.0);
        print.word(entries.1);
        print.word((near.len() as u64) << 32 | *far_len as u64);
        for Bucket { soonest, slots } in far.values() {
            print.moment(*soonest);
            print.word(slots.len() as u64);
            slots.iter().for_each(|slot| print.word(slot.0.into()));
        }
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
        let look = suspicions.start(Instant::ZERO, suspect, 10, Some(2u32));
        transitions.note(suspect, look);
        // Entries of members that came alive again.
        (0..100).for_each(|slot| transitions.note(Slot(1000 + slot), Instant::from_millis(60_000)));
        assert_eq!(transitions.len(), 101);
        transitions.tidy(suspicions.len(), suspicions.iter());
        assert_eq!(transitions.len(), 1);
        for accuser in 3u32..6 {
            assert!(matches!(suspicions.confirm(suspect, &accuser), Accused::Confirmed(_)));
        }
        let due = |transitions: &mut Transitions, millis| {
            transitions.take_due(Instant::from_millis(millis), |slot| suspicions.ends(slot))
        };
        assert_eq!(due(&mut transitions, 3_999), None);
        assert_eq!(due(&mut transitions, 4_000), Some(suspect));
    }

    #[test]
    fn a_suspicion_that_nobody_confirms_lasts_to_its_end() {
        let lifeguard = SuspicionSettings::Lifeguard { alpha: 4, beta: 6, confirmations: 3 };
        let mut suspicions = Suspicions::new(lifeguard, Micros::from_millis(1000));
        let mut transitions = Transitions::new();
        transitions.note(Slot(1), suspicions.start(Instant::ZERO, Slot(1), 10, Some(2u32)));
        let due = |transitions: &mut Transitions, millis| {
            transitions.take_due(Instant::from_millis(millis), |slot| suspicions.ends(slot))
        };
        assert_eq!(due(&mut transitions, 23_999), None);
        assert_eq!(transitions.soonest(), Instant::from_millis(24_000));
        assert_eq!(due(&mut transitions, 24_000), Some(Slot(1)));
    }

    /// So many members whose deadline is the same.
    fn crowd(count: u32) -> Transitions {
        let mut transitions = Transitions::new();
        (0..count).for_each(|slot| transitions.set(Slot(slot), Instant::from_millis(1)));
        transitions
    }

    #[test]
    fn entries_of_dead_deadlines_are_thrown_out_once_they_are_more_than_half_of_the_living_and_a_few() {
        let mut transitions = crowd(100);
        for dead in 1..=115 {
            transitions.note(Slot(0), Instant::from_millis(2));
            transitions.tidy(0, core::iter::empty());
            assert_eq!(transitions.len(), if dead <= 114 { 100 + dead } else { 100 });
        }
    }

    #[test]
    fn the_room_of_a_second_with_many_deadlines_is_given_back() {
        let due = |transitions: &mut Transitions| {
            let slot = transitions.take_due(Instant::from_millis(1), |_| None).expect("some are due");
            transitions.clear(slot);
        };
        let mut transitions = crowd(1_000);
        let mut before = usize::MAX;
        for taken in 0..1_000 {
            due(&mut transitions);
            let (len, room) = (transitions.near.len(), transitions.near.capacity());
            assert!(room <= 64.max(len * 4 + 4), "{len} of {room}");
            assert!(taken == 0 || room == before || room >= len * 2, "enough is left for as many more");
            before = room;
        }
        for (count, taken) in [(100, 70), (60, 60)] {
            let mut transitions = crowd(count);
            due(&mut transitions);
            let room = transitions.near.capacity();
            (1..taken).for_each(|_| due(&mut transitions));
            assert_eq!(transitions.near.capacity(), room);
        }
    }

    /// Entries of one second are put in order together; a suspicion that is not yet ripe by then may still be shortened.
    #[test]
    fn a_suspicion_that_is_confirmed_after_another_of_its_second_was_due_still_ends_early() {
        let lifeguard = SuspicionSettings::Lifeguard { alpha: 4, beta: 6, confirmations: 3 };
        let mut suspicions = Suspicions::new(lifeguard, Micros::from_millis(1000));
        let mut transitions = Transitions::new();
        transitions.set(Slot(2), Instant::from_millis(3_500));
        transitions.note(Slot(1), suspicions.start(Instant::ZERO, Slot(1), 10, Some(2u32)));
        let due = |transitions: &mut Transitions, suspicions: &Suspicions, millis| {
            transitions.take_due(Instant::from_millis(millis), |slot| suspicions.ends(slot))
        };
        assert_eq!(due(&mut transitions, &suspicions, 3_500), Some(Slot(2)));
        for accuser in 3u32..6 {
            suspicions.confirm(Slot(1), &accuser);
        }
        assert_eq!(due(&mut transitions, &suspicions, 3_999), None);
        assert_eq!(due(&mut transitions, &suspicions, 4_000), Some(Slot(1)));
    }

    /// Two to the 44 microseconds are 203 days.
    #[test]
    fn deadlines_are_in_order_however_long_the_clock_has_been_running() {
        for end in [1u64 << 37, 1 << 44, 1 << 57] {
            let mut transitions = Transitions::new();
            let (before, after) = (Instant::from_micros(end - 1_000_000), Instant::from_micros(end + 5_000_000));
            transitions.set(Slot(1), after);
            transitions.set(Slot(2), before);
            assert_eq!(transitions.soonest(), before);
            assert_eq!(transitions.take_due(before, |_| None), Some(Slot(2)));
            assert_eq!(transitions.take_due(after, |_| None), Some(Slot(1)));
        }
    }
}
