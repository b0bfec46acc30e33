//! A set of states by their fingerprints, with one number each: 20 bytes an entry, no more than three quarters full.

/// From fingerprints to numbers. Nobody goes through it, so that its order decides nothing.
pub(super) struct Table {
    keys: Vec<u128>,
    values: Vec<u32>,
    len: usize,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { keys: vec![EMPTY; LEAST], values: vec![0; LEAST], len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The number of a key.
    pub(super) fn get(&self, key: u128) -> Option<u32> {
        let place = self.place(key);
        (self.keys[place] != EMPTY).then(|| self.values[place])
    }

    /// Puts a key in that is not in; returns whether it was not.
    pub(super) fn insert(&mut self, key: u128, value: u32) -> bool {
        if (self.len + 1) * 4 > self.keys.len() * 3 {
            self.grow();
        }
        let place = self.place(key);
        if self.keys[place] != EMPTY {
            return false;
        }
        (self.keys[place], self.values[place]) = (key, value);
        self.len += 1;
        true
    }

    /// Where a key is, or would be. A fingerprint is spread evenly as it is.
    fn place(&self, key: u128) -> usize {
        let mask = self.keys.len() - 1;
        let mut place = key as usize & mask;
        while self.keys[place] != EMPTY && self.keys[place] != key {
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) {
        let size = self.keys.len() * 2;
        let keys = std::mem::replace(&mut self.keys, vec![EMPTY; size]);
        let values = std::mem::replace(&mut self.values, vec![0; size]);
        for (key, value) in keys.into_iter().zip(values).filter(|(key, _)| *key != EMPTY) {
            let place = self.place(key);
            (self.keys[place], self.values[place]) = (key, value);
        }
    }
}

/// No state has this fingerprint, but by a chance of one in 2^128.
const EMPTY: u128 = 0;
const LEAST: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::mix64;
    use std::collections::BTreeMap;

    #[test]
    fn it_agrees_with_an_ordered_map() {
        let (mut table, mut model) = (Table::new(), BTreeMap::new());
        for step in 0..20_000u32 {
            let word = mix64(u64::from(step) % 9_000 + 1);
            let key = u128::from(word) << 64 | u128::from(word % 64);
            let is_new = !model.contains_key(&key);
            model.entry(key).or_insert(step);
            assert_eq!(table.insert(key, step), is_new);
            assert_eq!((table.get(key), table.len()), (model.get(&key).copied(), model.len()));
        }
        assert_eq!(table.get(7), None);
    }
}
