//! The numbers of pings and requests: each 32-bit number once before any comes again, in an order that others cannot
//! foresee.
//!
//! An ack is believed by its number (R4). With numbers that count up, whoever has seen one could answer in the name of
//! any address that it cannot receive at: a dead member would live, and a made-up one would prove itself (R16). So
//! the count goes through a permutation under a key of the node's own, a Feistel network of four rounds. It is no cipher:
//! it keeps those from guessing who see some numbers, not those who see all.

use crate::hash::mix64;
use crate::message::Seq;

/// A node's numbers, as far as they were given; for [`Fingerprint`](crate::Fingerprint).
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    key: u64,
    count: u32,
}

impl Numbers {
    /// Of no node.
    pub const NONE: Self = Self::new(0);

    pub(crate) const fn new(key: u64) -> Self {
        Self { key, count: 0 }
    }

    /// The next one.
    #[inline]
    pub(crate) fn next(&mut self) -> Seq {
        self.count = self.count.wrapping_add(1);
        Seq(permute(self.key, self.count))
    }

    /// How many were given after this one.
    pub(crate) const fn age(&self, number: u32) -> u32 {
        self.count.wrapping_sub(restore(self.key, number))
    }
}

/// Maps the 32-bit numbers one to one onto themselves.
#[inline]
const fn permute(key: u64, number: u32) -> u32 {
    let (mut left, mut right) = (number >> 16, number & 0xffff);
    let mut round = 0;
    while round < ROUNDS {
        (left, right) = (right, left ^ mixed(key, round, right));
        round += 1;
    }
    left << 16 | right
}

/// The way back.
const fn restore(key: u64, number: u32) -> u32 {
    let (mut left, mut right) = (number >> 16, number & 0xffff);
    let mut round = ROUNDS;
    while round > 0 {
        round -= 1;
        (left, right) = (right ^ mixed(key, round, left), left);
    }
    left << 16 | right
}

#[inline]
const fn mixed(key: u64, round: u32, half: u32) -> u32 {
    (mix64(key.rotate_left(16 * round) ^ (half as u64 | (round as u64) << 16)) >> 48) as u32
}

const ROUNDS: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    #[test]
    fn no_number_comes_twice_and_the_count_goes_round() {
        let mut numbers = Numbers::new(0x1234_5678_9abc_def0);
        numbers.count = u32::MAX - 50_000;
        let drawn: BTreeSet<u32> = (0..100_000).map(|_| numbers.next().0).collect();
        assert_eq!(drawn.len(), 100_000);
    }

    #[test]
    fn the_age_of_a_number_is_how_many_were_given_after_it() {
        let mut numbers = Numbers::new(0x1234_5678_9abc_def0);
        numbers.count = u32::MAX - 50_000;
        let drawn: Vec<u32> = (0..100_000).map(|_| numbers.next().0).collect();
        let ages: Vec<u32> = drawn.iter().map(|&number| numbers.age(number)).collect();
        assert_eq!(ages, (0..100_000).rev().collect::<Vec<u32>>());
    }

    #[test]
    fn the_next_number_does_not_follow_from_the_last_nor_from_another_nodes() {
        let (mut ours, mut theirs) = (Numbers::new(1), Numbers::new(2));
        let mut steps = BTreeSet::new();
        let mut last = ours.next().0;
        let mut same = 0;
        for _ in 0..10_000 {
            let next = ours.next().0;
            steps.insert(next.wrapping_sub(last));
            same += usize::from(next == theirs.next().0);
            last = next;
        }
        // Of ten thousand draws from 2^32 twelve pairs are alike in a million tries.
        assert!(steps.len() > 9_990, "{}", steps.len());
        assert_eq!(same, 0);
    }
}
