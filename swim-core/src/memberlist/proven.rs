//! Which members have ever answered this node (R16), beside the records.
//!
//! What has answered is not made up. In a full list nothing else decides who stays, so a bit is set by an answer to a
//! number that this node drew and sent to that address, and by nothing that a stranger can forge.

use super::slot::Slot;
use super::slot_set::SlotSet;
use crate::fingerprint::Fingerprint;

#[derive(Clone, Debug)]
pub(super) struct Proven {
    slots: SlotSet,
    count: usize,
    /// Where the next search for one that has not answered begins.
    hand: usize,
}

impl Proven {
    pub(super) const fn new() -> Self {
        Self { slots: SlotSet::new(), count: 0, hand: 0 }
    }

    #[inline]
    pub(super) fn has(&self, slot: Slot) -> bool {
        self.slots.has(slot)
    }

    pub(super) fn set(&mut self, slot: Slot) {
        self.count += usize::from(self.slots.insert(slot));
    }

    pub(super) fn clear(&mut self, slot: Slot) {
        self.count -= usize::from(self.slots.remove(slot));
    }

    /// How many have answered.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Of the slots below `bound` that have not answered one with the smallest `rank`: the search goes round, and ends at
    /// the first of rank 0, or with the best once it has looked at [`SEARCH_MAX`] of them.
    pub(super) fn search(&mut self, bound: usize, rank: impl Fn(Slot) -> Option<u8>) -> Option<Slot> {
        let mut best: Option<(u8, Slot)> = None;
        let mut looked = 0;
        for step in 0..bound {
            let at = (self.hand + step) % bound;
            let slot = Slot(at as u32);
            if self.has(slot) {
                continue;
            }
            let Some(rank) = rank(slot) else { continue };
            looked += 1;
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, slot));
            }
            if rank == 0 || looked == SEARCH_MAX {
                break;
            }
        }
        let (_, slot) = best?;
        self.hand = (slot.at() + 1) % bound;
        Some(slot)
    }
}

impl Proven {
    /// Takes in who has answered; the count follows from that.
    pub(super) fn trace(&self, print: &mut Fingerprint) {
        let Self { slots, count: _, hand } = self;
        print.word(*hand as u64);
        slots.trace(print);
    }
}

/// So many members are weighed against one another for one that gives way.
const SEARCH_MAX: u32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_have_answered_are_counted_once_and_forgotten() {
        let mut proven = Proven::new();
        for slot in [Slot(0), Slot(200), Slot(200)] {
            proven.set(slot);
        }
        assert_eq!((proven.count(), proven.has(Slot(200)), proven.has(Slot(199))), (2, true, false));
        proven.clear(Slot(200));
        proven.clear(Slot(9_999));
        assert_eq!((proven.count(), proven.has(Slot(200))), (1, false));
    }

    #[test]
    fn the_search_finds_the_smallest_rank_goes_round_and_passes_over_those_that_have_answered() {
        let mut proven = Proven::new();
        [0, 1, 4].into_iter().for_each(|slot| proven.set(Slot(slot)));
        let rank = |slot: Slot| [None, None, Some(2), Some(1), Some(0), Some(1)][slot.at()];
        assert_eq!(proven.search(6, rank), Some(Slot(3)));
        assert_eq!(proven.search(6, rank), Some(Slot(5)), "the search goes on where it ended");
        assert_eq!(proven.search(6, rank), Some(Slot(3)));
        assert_eq!(proven.search(2, rank), None);
        assert_eq!(proven.search(0, rank), None);
    }

    #[test]
    fn the_search_is_over_once_it_has_looked_at_enough() {
        let bound = SEARCH_MAX + 10;
        for (best_at, found) in [(SEARCH_MAX - 1, SEARCH_MAX - 1), (SEARCH_MAX, 0)] {
            let mut proven = Proven::new();
            let rank = |slot: Slot| Some(if slot.0 == best_at { 0 } else { 1 });
            assert_eq!(proven.search(bound as usize, rank), Some(Slot(found)));
        }
        // The next one begins behind the last that was found, and from the front where that was the last of all.
        let mut proven = Proven::new();
        let first = |_: Slot| Some(0);
        let found: Vec<_> = (0..5).map(|_| proven.search(3, first).unwrap().0).collect();
        assert_eq!(found, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn who_was_the_last_of_all_is_followed_by_the_first_in_a_list_that_has_grown_meanwhile() {
        let mut proven = Proven::new();
        let first = |_: Slot| Some(0);
        let found = [3, 3, 3, 5].map(|bound| proven.search(bound, first).unwrap().0);
        assert_eq!(found, [0, 1, 2, 0]);
    }
}
