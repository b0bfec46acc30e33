//! A set of slots, one bit each: who has answered, whom a message has named already.

use alloc::vec::Vec;

use super::slot::Slot;
use crate::fingerprint::Fingerprint;
use crate::room;

/// Which slots are in it, 64 a word.
#[derive(Clone, Debug)]
pub(crate) struct SlotSet(Vec<u64>);

impl SlotSet {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    #[inline]
    pub(crate) fn has(&self, slot: Slot) -> bool {
        self.0.get(slot.at() / 64).is_some_and(|word| word >> (slot.at() % 64) & 1 == 1)
    }

    /// Returns whether it was not there.
    pub(crate) fn insert(&mut self, slot: Slot) -> bool {
        let word = slot.at() / 64;
        if word >= self.0.len() {
            let more = word + 1 - self.0.len();
            room::make(&mut self.0, more, 8);
            self.0.resize(word + 1, 0);
        }
        let is_new = !self.has(slot);
        self.0[word] |= 1 << (slot.at() % 64);
        is_new
    }

    /// Returns whether it was there.
    pub(crate) fn remove(&mut self, slot: Slot) -> bool {
        let was_there = self.has(slot);
        if was_there {
            self.0[slot.at() / 64] &= !(1 << (slot.at() % 64));
        }
        was_there
    }

    pub(super) fn trace(&self, print: &mut Fingerprint) {
        self.0.iter().for_each(|&word| print.word(word));
        print.word(self.0.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_an_eighth_more_than_it_needs_as_it_grows() {
        let mut set = SlotSet::new();
        for word in 0..1_100 {
            set.insert(Slot(64 * word));
        }
        assert!((1_100..=1_100 + 138 + 4).contains(&set.0.capacity()), "{}", set.0.capacity());
    }

    #[test]
    fn a_slot_is_in_it_from_its_insertion_to_its_removal_however_far_it_lies() {
        let mut set = SlotSet::new();
        let (ours, others) = ([0, 64, 1_000].map(Slot), [1, 63, 65, 127, 999, 1_001, 5_000].map(Slot));
        for slot in ours {
            assert_eq!((set.has(slot), set.insert(slot), set.insert(slot), set.has(slot)), (false, true, false, true));
        }
        assert!(others.iter().all(|&slot| !set.has(slot) && !set.remove(slot)));
        for slot in ours {
            assert_eq!((set.has(slot), set.remove(slot), set.remove(slot), set.has(slot)), (true, true, false, false));
        }
    }
}
