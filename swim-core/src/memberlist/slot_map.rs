//! A map from slots to values, for what only some members have: dense values, found through an [`Index`].
//!
//! Small where it is empty, compact where it is full, and it gives memory back; its order never reaches an effect.

use alloc::vec::Vec;

use super::index::Index;
use super::slot::Slot;
use crate::hash::mix64;

#[derive(Clone, Debug)]
pub(crate) struct SlotMap<T> {
    index: Index,
    entries: Vec<(Slot, T)>,
}

#[inline]
fn hash(slot: Slot) -> u64 {
    mix64(u64::from(slot.0))
}

impl<T> SlotMap<T> {
    pub(crate) const fn new() -> Self {
        Self { index: Index::new(), entries: Vec::new() }
    }

    #[inline]
    fn position(&self, slot: Slot) -> Option<usize> {
        if self.entries.is_empty() {
            return None;
        }
        self.index.find(hash(slot), |at| self.entries[at as usize].0 == slot).map(|at| at as usize)
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        self.position(slot).map(|at| &self.entries[at].1)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.position(slot).map(|at| &mut self.entries[at].1)
    }

    /// Puts `value` in the place of what `slot` had.
    pub(crate) fn insert(&mut self, slot: Slot, value: T) {
        if let Some(known) = self.get_mut(slot) {
            *known = value;
            return;
        }
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(self.entries.len() / 8 + 4);
        }
        let at = self.entries.len() as u32;
        self.entries.push((slot, value));
        self.index.insert(hash(slot), at, |at| hash(self.entries[at as usize].0));
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<T> {
        let at = self.position(slot)?;
        self.index.remove(hash(slot), at as u32, |at| hash(self.entries[at as usize].0));
        let last = self.entries.len() - 1;
        if at != last {
            self.index.replace(hash(self.entries[last].0), last as u32, at as u32);
        }
        let (_, value) = self.entries.swap_remove(at);
        if self.entries.capacity() > 64 && self.entries.len() * 3 < self.entries.capacity() * 2 {
            self.entries.shrink_to(self.entries.len() + self.entries.len() / 8);
        }
        Some(value)
    }

    /// All entries, in an order that means nothing.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        self.entries.iter().map(|(slot, value)| (*slot, value))
    }

    /// The slot at a place of an order that means nothing, to draw one at random.
    pub(crate) fn nth(&self, place: usize) -> Option<Slot> {
        self.entries.get(place).map(|(slot, _)| *slot)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use alloc::collections::BTreeMap;

    #[test]
    fn it_agrees_with_an_ordered_map_and_gives_memory_back() {
        let mut random = Random::new(2);
        let mut map = SlotMap::new();
        let mut model = BTreeMap::new();
        for step in 0..20_000 {
            let slot = random.below(500);
            if random.chance(1, 2) {
                map.insert(Slot(slot), step);
                model.insert(slot, step);
            } else {
                assert_eq!(map.remove(Slot(slot)), model.remove(&slot));
            }
            let asked = random.below(500);
            assert_eq!(map.get(Slot(asked)), model.get(&asked));
            assert_eq!(map.len(), model.len());
        }
        for slot in 0..500 {
            map.remove(Slot(slot));
        }
        assert!(map.entries.capacity() <= 64);
    }

    #[test]
    fn two_thirds_of_its_room_are_used_unless_it_is_small() {
        let mut map = SlotMap::new();
        (0..1_000).for_each(|slot| map.insert(Slot(slot), slot));
        assert!(map.entries.capacity() <= 1_130);
        for slot in 0..1_000 {
            map.remove(Slot(slot));
            let (len, room) = (map.entries.len(), map.entries.capacity());
            assert!(room <= 64 || len * 3 >= room * 2, "{len} of {room}");
        }
        let mut map = SlotMap::new();
        (0..30).for_each(|slot| map.insert(Slot(slot), slot));
        let room = map.entries.capacity();
        (1..30).for_each(|slot| assert!(map.remove(Slot(slot)).is_some()));
        assert_eq!(map.entries.capacity(), room);
        let mut map = SlotMap::new();
        (0..100).for_each(|slot| map.insert(Slot(slot), slot));
        let room = map.entries.capacity();
        (90..100).for_each(|slot| assert!(map.remove(Slot(slot)).is_some()));
        assert_eq!(map.entries.capacity(), room);
    }
}
