//! A set of slots, one bit each: whom a message has named already.

use alloc::vec;
use alloc::vec::Vec;

use super::slot::Slot;

/// Which slots are in it.
#[derive(Clone, Debug)]
pub(crate) struct SlotSet(Vec<u64>);

impl SlotSet {
    /// An empty one with room for the slots below `bound`; it grows where others are added.
    pub(crate) fn new(bound: usize) -> Self {
        Self(vec![0; bound.div_ceil(64)])
    }

    pub(crate) fn has(&self, slot: Slot) -> bool {
        self.0.get(slot.at() / 64).is_some_and(|word| word >> (slot.at() % 64) & 1 == 1)
    }

    /// Returns whether it was not there.
    pub(crate) fn insert(&mut self, slot: Slot) -> bool {
        let word = slot.at() / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let is_new = !self.has(slot);
        self.0[word] |= 1 << (slot.at() % 64);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_in_it_from_its_insertion_on_also_beyond_the_room_that_there_was() {
        let mut set = SlotSet::new(65);
        for slot in [Slot(0), Slot(64), Slot(1_000)] {
            assert_eq!((set.has(slot), set.insert(slot), set.insert(slot), set.has(slot)), (false, true, false, true));
        }
        let others = [1, 63, 65, 127, 999, 1_001, 5_000];
        assert!(others.iter().all(|&slot| !set.has(Slot(slot))));
    }
}
