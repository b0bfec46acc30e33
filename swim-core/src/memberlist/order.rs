//! The order of the probe: a shuffled round robin (SWIM 4.3, R4), or none, where each draw is for itself.
//!
//! Members that stop being pingable stay in the array until the cursor or a random draw meets them; only then are
//! they taken out. So a change of status touches nothing here, and every selection is O(1) amortised: each dead
//! member is met once.

use alloc::vec::Vec;

use super::slot::Slot;
use crate::fingerprint::Fingerprint;
use crate::random::Random;
use crate::room;

/// What the order has to know of the members.
pub(super) trait Candidates {
    /// Whether the member is probed at all.
    fn is_pingable(&self, slot: Slot) -> bool;
    /// The slot was taken out of the order; it has to be inserted again when its member becomes pingable.
    fn taken_out(&mut self, slot: Slot);
}

#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    slots: Vec<Slot>,
    /// Those before it were probed in this pass.
    cursor: usize,
}

impl Order {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), cursor: 0 }
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.slots.reserve_exact(more);
    }

    /// Adds a newcomer at a uniformly random place; those that were probed in this pass stay so.
    pub(super) fn insert(&mut self, slot: Slot, random: &mut Random) {
        let last = self.slots.len();
        room::make(&mut self.slots, 1, 8);
        self.slots.push(slot);
        let place = random.below(last as u32 + 1) as usize;
        if place >= self.cursor {
            self.slots.swap(place, last);
        } else {
            self.slots.swap(self.cursor, last);
            self.slots.swap(place, self.cursor);
            self.cursor += 1;
        }
    }

    /// The next one to probe; reshuffles at the end of a pass.
    pub(super) fn next(&mut self, random: &mut Random, candidates: &mut (impl Candidates + ?Sized)) -> Option<Slot> {
        while !self.slots.is_empty() {
            if self.cursor >= self.slots.len() {
                random.shuffle(&mut self.slots);
                self.cursor = 0;
            }
            let slot = self.slots[self.cursor];
            if candidates.is_pingable(slot) {
                self.cursor += 1;
                return Some(slot);
            }
            self.take_out(self.cursor, candidates);
        }
        None
    }

    /// Any of them, whoever was probed before.
    pub(super) fn draw(&mut self, random: &mut Random, candidates: &mut (impl Candidates + ?Sized)) -> Option<Slot> {
        while !self.slots.is_empty() {
            let place = random.below(self.slots.len() as u32) as usize;
            let slot = self.slots[place];
            if candidates.is_pingable(slot) {
                return Some(slot);
            }
            self.take_out(place, candidates);
        }
        None
    }

    /// Up to `count` different ones at random, without those that `skip` names, added to `into`.
    pub(super) fn sample(
        &mut self,
        count: usize,
        random: &mut Random,
        candidates: &mut (impl Candidates + ?Sized),
        skip: impl Fn(Slot) -> bool,
        into: &mut Vec<Slot>,
    ) {
        let start = into.len();
        // Draws that hit what was drawn or is skipped are repeated; where too many are, the list is short
        // or nearly used up, and is gone through in order from a random place.
        let mut draws = 4 * count + 8;
        while into.len() - start < count && draws > 0 && !self.slots.is_empty() {
            draws -= 1;
            let place = random.below(self.slots.len() as u32) as usize;
            let slot = self.slots[place];
            if !candidates.is_pingable(slot) {
                self.take_out(place, candidates);
                draws += 1;
            } else if !skip(slot) && !into[start..].contains(&slot) {
                into.push(slot);
            }
        }
        if into.len() - start == count || self.slots.is_empty() {
            return;
        }
        let from = random.below(self.slots.len() as u32) as usize;
        for step in 0..self.slots.len() {
            let slot = self.slots[(from + step) % self.slots.len()];
            if candidates.is_pingable(slot) && !skip(slot) && !into[start..].contains(&slot) {
                into.push(slot);
                if into.len() - start == count {
                    return;
                }
            }
        }
    }

    fn take_out(&mut self, place: usize, candidates: &mut (impl Candidates + ?Sized)) {
        candidates.taken_out(self.slots[place]);
        if place < self.cursor {
            self.cursor -= 1;
            self.slots.swap(place, self.cursor);
            self.slots.swap_remove(self.cursor);
        } else {
            self.slots.swap_remove(place);
        }
        if self.slots.capacity() > 64 && self.slots.len() * 4 < self.slots.capacity() {
            self.slots.shrink_to(self.slots.len() * 2);
        }
    }

    /// How many are in it, dead ones that were not met included.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

impl Order {
    /// Takes in who is probed in which order, and how far the pass is.
    pub(super) fn trace(&self, print: &mut Fingerprint) {
        let Self { slots, cursor } = self;
        print.word((slots.len() as u64) << 32 | *cursor as u64);
        slots.iter().for_each(|slot| print.word(slot.0.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::{BTreeMap, BTreeSet};
    use alloc::vec;

    /// Members below the number are alive.
    struct Below(u32);

    impl Candidates for Below {
        fn is_pingable(&self, slot: Slot) -> bool {
            slot.0 < self.0
        }
        fn taken_out(&mut self, _: Slot) {}
    }

    const ALL: Below = Below(1000);

    fn order(count: u32, random: &mut Random) -> Order {
        let mut order = Order::new();
        for slot in 0..count {
            order.insert(Slot(slot), random);
        }
        order
    }

    #[test]
    fn every_member_is_probed_once_in_each_pass() {
        let mut random = Random::new(1);
        let mut order = order(10, &mut random);
        for _ in 0..5 {
            let pass: BTreeSet<_> = (0..10).map(|_| order.next(&mut random, &mut { ALL }).unwrap().0).collect();
            assert_eq!(pass.len(), 10);
        }
    }

    #[test]
    fn a_newcomer_is_placed_at_random_and_displaces_nobody_from_the_pass() {
        let mut places = BTreeMap::new();
        for seed in 0..2_000 {
            let mut random = Random::new(seed);
            let mut order = order(10, &mut random);
            for _ in 0..5 {
                order.next(&mut random, &mut { ALL });
            }
            let probed: BTreeSet<_> = order.slots[..5].iter().map(|slot| slot.0).collect();
            order.insert(Slot(99), &mut random);
            let rest: BTreeSet<_> = order.slots[order.cursor..].iter().map(|slot| slot.0).collect();
            assert!(probed.is_disjoint(&rest));
            let place = order.slots.iter().position(|slot| slot.0 == 99).unwrap();
            *places.entry(place >= order.cursor).or_insert(0) += 1;
        }
        // Five of the eleven places are in the past of the pass: 909 of 2000, six standard deviations are 134.
        assert!((775..1_043).contains(&places[&false]), "{places:?}");
    }

    #[test]
    fn the_dead_are_taken_out_when_they_are_met() {
        let mut random = Random::new(3);
        let mut order = order(100, &mut random);
        let mut alive = Below(10);
        for _ in 0..10 {
            assert!(order.next(&mut random, &mut alive).unwrap().0 < 10);
        }
        order.next(&mut random, &mut alive);
        assert!(order.len() < 100);
        for _ in 0..10 {
            order.next(&mut random, &mut alive);
        }
        assert_eq!(order.len(), 10);
    }

    #[test]
    fn a_sample_is_of_different_members_and_complete_where_it_can_be() {
        let mut random = Random::new(4);
        let mut order = order(5, &mut random);
        for count in 0..8 {
            let mut sample = Vec::new();
            order.sample(count, &mut random, &mut { ALL }, |slot| slot.0 == 2, &mut sample);
            let set: BTreeSet<_> = sample.iter().map(|slot| slot.0).collect();
            assert_eq!(set.len(), sample.len());
            assert_eq!(sample.len(), count.min(4));
            assert!(!set.contains(&2));
        }
    }

    #[test]
    fn a_sample_is_added_to_what_is_there() {
        let mut random = Random::new(4);
        for count in 0..8 {
            let mut sample = vec![Slot(77), Slot(78), Slot(79)];
            order(5, &mut random).sample(count, &mut random, &mut { ALL }, |_| false, &mut sample);
            assert_eq!(sample.len(), 3 + count.min(5));
            assert_eq!(sample[..3], [Slot(77), Slot(78), Slot(79)]);
        }
    }

    #[test]
    fn a_sample_among_many_that_are_skipped_is_complete_all_the_same() {
        for seed in 0..50 {
            let mut random = Random::new(seed);
            let mut order = order(200, &mut random);
            let mut sample = Vec::new();
            order.sample(3, &mut random, &mut { ALL }, |slot| ![5, 100, 199].contains(&slot.0), &mut sample);
            sample.sort_unstable();
            assert_eq!(sample, [Slot(5), Slot(100), Slot(199)]);
            order.sample(2, &mut random, &mut { ALL }, |slot| ![5, 100, 199].contains(&slot.0), &mut sample);
            assert_eq!(sample.len(), 3 + 2, "added to what is there, and no more than were asked for");
        }
    }

    #[test]
    fn room_is_given_back_once_less_than_a_quarter_is_used_unless_it_is_small() {
        let mut random = Random::new(5);
        let mut large = order(1_000, &mut random);
        while large.len() > 10 {
            let before = large.slots.capacity();
            large.next(&mut random, &mut Below(10));
            let (len, room) = (large.len(), large.slots.capacity());
            assert!(room <= 64.max(len * 4));
            assert!(room == before || room >= len * 2, "enough is left for as many more");
        }
        for (count, left) in [(100, 40), (30, 1)] {
            let mut order = order(count, &mut random);
            let room = order.slots.capacity();
            while order.len() > left as usize {
                order.next(&mut random, &mut Below(left));
            }
            assert_eq!(order.slots.capacity(), room);
        }
    }
}
