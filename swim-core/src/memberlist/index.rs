//! From a hash to a number: open addressing with linear probing, four bytes a cell, at most four fifths full.
//!
//! A cell holds a 24-bit number and eight bits of its hash, so that most wrong cells are passed without looking
//! at what the number stands for. It grows by an eighth, because nodes are many and each has its own.

use alloc::vec;
use alloc::vec::Vec;

const EMPTY: u32 = u32::MAX;
const NUMBER_BITS: u32 = 24;
const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1;

#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    cells: Vec<u32>,
    len: usize,
}

impl Index {
    pub(super) const fn new() -> Self {
        Self { cells: Vec::new(), len: 0 }
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        (((hash >> 32) * self.cells.len() as u64) >> 32) as usize
    }

    #[inline]
    fn cell(hash: u64, number: u32) -> u32 {
        debug_assert!(number < NUMBER_MASK);
        (hash as u32) << NUMBER_BITS | number
    }

    #[inline]
    fn after(&self, position: usize) -> usize {
        if position + 1 == self.cells.len() { 0 } else { position + 1 }
    }

    /// The number that was inserted under `hash` and that `is` recognises.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        self.position(hash, &mut is).map(|position| self.cells[position] & NUMBER_MASK)
    }

    #[inline]
    fn position(&self, hash: u64, is: &mut impl FnMut(u32) -> bool) -> Option<usize> {
        if self.cells.is_empty() {
            return None;
        }
        let tag = (hash as u32) << NUMBER_BITS;
        let mut position = self.home(hash);
        loop {
            let cell = self.cells[position];
            if cell == EMPTY {
                return None;
            }
            if cell & !NUMBER_MASK == tag && is(cell & NUMBER_MASK) {
                return Some(position);
            }
            position = self.after(position);
        }
    }

    /// Adds a number that is not in it; `hash_of` tells the hash of each number that is.
    pub(super) fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        if (self.len + 1) * 5 > self.cells.len() * 4 {
            self.resize((self.len + 1).div_ceil(8) * 9 + 4, hash_of);
        }
        self.place(hash, number);
        self.len += 1;
    }

    #[inline]
    fn place(&mut self, hash: u64, number: u32) {
        let mut position = self.home(hash);
        while self.cells[position] != EMPTY {
            position = self.after(position);
        }
        self.cells[position] = Self::cell(hash, number);
    }

    /// Makes room for `numbers` numbers, exactly.
    pub(super) fn resize(&mut self, numbers: usize, hash_of: impl Fn(u32) -> u64) {
        let old = core::mem::replace(&mut self.cells, vec![EMPTY; (numbers * 5).div_ceil(4) + 1]);
        for cell in old.into_iter().filter(|&cell| cell != EMPTY) {
            let number = cell & NUMBER_MASK;
            self.place(hash_of(number), number);
        }
    }

    /// Takes out a number that was inserted under `hash`. Later cells of the run move up, so that no grave is left.
    pub(super) fn remove(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        let mut hole = self.position(hash, &mut |found| found == number).expect("what is removed was inserted");
        let size = self.cells.len();
        let distance = |from: usize, to: usize| if to >= from { to - from } else { to + size - from };
        let mut next = self.after(hole);
        while self.cells[next] != EMPTY {
            let home = self.home(hash_of(self.cells[next] & NUMBER_MASK));
            if distance(home, next) >= distance(hole, next) {
                self.cells[hole] = self.cells[next];
                hole = next;
            }
            next = self.after(next);
        }
        self.cells[hole] = EMPTY;
        self.len -= 1;
        if self.len * 4 < self.cells.len() && self.cells.len() > 64 {
            self.resize(self.len.div_ceil(8) * 9 + 4, hash_of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::mix64;
    use crate::random::Random;
    use alloc::collections::BTreeSet;

    /// Against a set from the standard library, with hashes that collide often.
    #[test]
    fn what_was_inserted_is_found_until_it_is_removed() {
        let hash_of = |number: u32| mix64(u64::from(number / 3)) & 0xffff_ffff_0000_00ff;
        let mut random = Random::new(1);
        let mut index = Index::new();
        let mut model = BTreeSet::new();
        for _ in 0..20_000 {
            let number = random.below(300);
            if model.remove(&number) {
                index.remove(hash_of(number), number, hash_of);
            } else {
                model.insert(number);
                index.insert(hash_of(number), number, hash_of);
            }
            let asked = random.below(300);
            let found = index.find(hash_of(asked), |number| number == asked);
            assert_eq!(found, model.contains(&asked).then_some(asked));
            assert_eq!(index.len, model.len());
        }
    }

    fn hash(number: u32) -> u64 {
        mix64(u64::from(number))
    }

    #[test]
    fn it_is_at_most_four_fifths_full_and_gives_memory_back() {
        let mut index = Index::new();
        for number in 0..1_000 {
            index.insert(hash(number), number, hash);
            assert!(index.len * 5 <= index.cells.len() * 4);
            assert!(index.cells.len() <= index.len * 3 / 2 + 20);
        }
        for number in 0..1_000 {
            index.remove(hash(number), number, hash);
            assert!(index.len * 5 <= index.cells.len() * 4);
            assert!(index.cells.len() <= (index.len * 4).max(64));
        }
    }

    #[test]
    fn room_is_kept_while_a_quarter_of_it_is_used_or_it_is_small() {
        for (room, least) in [(200, 63), (40, 0)] {
            let mut index = Index::new();
            index.resize(room, hash);
            let cells = index.cells.len();
            (0..room as u32).for_each(|number| index.insert(hash(number), number, hash));
            (least..room as u32).for_each(|number| index.remove(hash(number), number, hash));
            assert_eq!((index.len, index.cells.len()), (least as usize, cells));
        }
    }
}
