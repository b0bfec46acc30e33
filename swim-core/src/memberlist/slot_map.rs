//! A map from slots to values, for what only some members have: a page for every 64 slots, with a bit for each that has a
//! value, and the values of those, in order.
//!
//! Slots are small numbers, so that nothing is hashed and no key is kept: a value costs its own size and, where every other
//! slot has one, a byte. Pages are small and grow by little, so that a thousand nodes that learn of a thousand suspects at
//! once leave no holes in the memory of their process.

use alloc::vec::Vec;

use super::slot::Slot;

#[derive(Clone, Debug)]
pub(crate) struct SlotMap<T> {
    /// None where there are no values.
    pages: Vec<Page<T>>,
    len: usize,
}

/// The values of [`PAGE`] slots.
#[derive(Clone, Debug)]
struct Page<T> {
    /// Which slots have one.
    taken: u64,
    values: Vec<T>,
}

const PAGE: usize = u64::BITS as usize;
/// A page makes room for so many values at once, and gives room back where twice as many are missing.
const STEP: usize = 4;

impl<T> Page<T> {
    const EMPTY: Self = Self { taken: 0, values: Vec::new() };

    const fn has(&self, bit: u32) -> bool {
        self.taken >> bit & 1 == 1
    }

    /// Where the value of a slot lies, or would lie if it had one.
    const fn place(&self, bit: u32) -> Result<usize, usize> {
        let before = (self.taken & ((1 << bit) - 1)).count_ones() as usize;
        if self.has(bit) { Ok(before) } else { Err(before) }
    }
}

impl<T> SlotMap<T> {
    pub(crate) const fn new() -> Self {
        Self { pages: Vec::new(), len: 0 }
    }

    const fn split(slot: Slot) -> (usize, u32) {
        (slot.0 as usize / PAGE, slot.0 % u64::BITS)
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        let (number, bit) = Self::split(slot);
        let page = self.pages.get(number)?;
        page.place(bit).ok().map(|at| &page.values[at])
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        let (number, bit) = Self::split(slot);
        let page = self.pages.get_mut(number)?;
        page.place(bit).ok().map(|at| &mut page.values[at])
    }

    /// Puts `value` in the place of what `slot` had.
    pub(crate) fn insert(&mut self, slot: Slot, value: T) {
        let (number, bit) = Self::split(slot);
        if number >= self.pages.len() {
            self.pages.reserve_exact(number + 1 - self.pages.len());
            self.pages.resize_with(number + 1, || Page::EMPTY);
        }
        let page = &mut self.pages[number];
        match page.place(bit) {
            Ok(at) => page.values[at] = value,
            Err(at) => {
                if page.values.len() == page.values.capacity() {
                    page.values.reserve_exact(STEP);
                }
                page.values.insert(at, value);
                page.taken |= 1 << bit;
                self.len += 1;
            }
        }
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<T> {
        let (number, bit) = Self::split(slot);
        let page = self.pages.get_mut(number)?;
        let value = page.values.remove(page.place(bit).ok()?);
        page.taken &= !(1 << bit);
        if page.values.capacity() > page.values.len() + 2 * STEP {
            page.values.shrink_to_fit();
        }
        self.len -= 1;
        if self.len == 0 {
            self.pages = Vec::new();
        }
        Some(value)
    }

    /// All entries, in the order of their slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        self.pages.iter().enumerate().flat_map(|(number, page)| {
            let bits = (0..u64::BITS).filter(|bit| page.has(*bit));
            bits.zip(&page.values).map(move |(bit, value)| (Slot((number * PAGE) as u32 + bit), value))
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
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
        let mut capacity_max = 0;
        for step in 0..20_000 {
            let slot = random.below(500);
            // Twice it fills, and twice it empties nearly.
            if random.chance(if step / 5_000 % 2 == 0 { 3 } else { 1 }, 4) {
                map.insert(Slot(slot), step);
                model.insert(slot, step);
            } else {
                assert_eq!(map.remove(Slot(slot)), model.remove(&slot));
            }
            let asked = random.below(500);
            assert_eq!(map.get(Slot(asked)), model.get(&asked));
            assert_eq!(map.len(), model.len());
            assert!(
                map.iter().map(|(slot, value)| (slot.0, value)).eq(model.iter().map(|(slot, value)| (*slot, value)))
            );
            let capacity: usize = map.pages.iter().map(|page| page.values.capacity()).sum();
            assert!(capacity <= map.len() + 2 * STEP * map.pages.len());
            capacity_max = capacity_max.max(capacity);
        }
        assert!(capacity_max > 300);
        for slot in model.into_keys() {
            assert!(map.remove(Slot(slot)).is_some());
        }
        assert_eq!((map.len(), map.pages.capacity()), (0, 0));
    }

    #[test]
    fn a_page_has_little_room_to_spare_and_keeps_it_for_a_while() {
        let room = |map: &SlotMap<u32>| map.pages[0].values.capacity();
        let mut map = SlotMap::new();
        for slot in 0..u64::BITS {
            map.insert(Slot(slot), slot);
            assert!(room(&map) < map.len() + STEP);
        }
        for slot in 0..2 * STEP as u32 {
            map.remove(Slot(slot));
            assert_eq!(room(&map), PAGE);
        }
        map.remove(Slot(2 * STEP as u32));
        assert_eq!(room(&map), map.len());
    }
}
