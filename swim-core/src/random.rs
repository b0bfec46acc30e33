//! Randomness: ChaCha8 from the boot seed, with ranges and shuffles of our own (I8).
//!
//! The convenience crates change how they draw from one release to the next. A seed must give the same run for
//! ever, so what is drawn is written here and pinned by golden values.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A node's own stream of random numbers.
#[derive(Clone)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A uniform number below `bound`; 0 where `bound` is 0.
    ///
    /// Lemire's multiplication with rejection: exactly uniform, one draw in nearly all cases.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        let mut product = u64::from(self.0.next_u32()) * u64::from(bound);
        if (product as u32) < bound {
            let threshold = bound.wrapping_neg() % bound;
            while (product as u32) < threshold {
                product = u64::from(self.0.next_u32()) * u64::from(bound);
            }
        }
        (product >> 32) as u32
    }

    /// A uniform number below `bound`, for bounds beyond 32 bits; 0 where `bound` is 0.
    pub fn below_u64(&mut self, bound: u64) -> u64 {
        if let Ok(bound) = u32::try_from(bound) {
            return u64::from(self.below(bound));
        }
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// True with probability `numerator / denominator`; always where the first is not the smaller.
    #[inline]
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        numerator >= denominator || self.below_u64(denominator) < numerator
    }

    /// Puts `items` in a uniformly random order (Fisher and Yates, from the end).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u32 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_stream_of_a_seed_is_pinned() {
        let mut random = Random::new(1);
        let drawn: Vec<u32> = (0..6).map(|_| random.below(1000)).collect();
        assert_eq!(drawn, [628, 381, 929, 294, 397, 798]);
        assert_eq!(random.below_u64(1 << 40), 1_007_321_117_928);
        let mut order: Vec<u8> = (0..8).collect();
        random.shuffle(&mut order);
        assert_eq!(order, [3, 4, 2, 6, 0, 1, 5, 7]);
    }

    #[test]
    fn every_number_below_a_bound_is_drawn_about_equally_often() {
        let mut random = Random::new(2);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[random.below(7) as usize] += 1;
        }
        // Six standard deviations (93 each) either side.
        assert!(counts.iter().all(|count| (9_440..10_560).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_bound_of_nothing_gives_nothing_and_does_not_hang() {
        let mut random = Random::new(3);
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below_u64(0), 0);
        assert!(random.chance(1, 0));
    }

    /// As below, for 32 bits.
    #[test]
    fn every_number_below_a_large_bound_is_drawn_about_equally_often() {
        let mut random = Random::new(5);
        let mut counts = [0u32; 3];
        for _ in 0..30_000 {
            counts[(random.below(3 << 30) % 3) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }

    /// Bounds that leave a quarter of all 64 bits over, where drawing without rejection would show.
    #[test]
    fn every_number_below_a_bound_beyond_32_bits_is_drawn_about_equally_often() {
        let mut random = Random::new(4);
        let mut counts = [0u32; 3];
        for _ in 0..30_000 {
            counts[(random.below_u64(3 << 62) % 3) as usize] += 1;
        }
        // Six standard deviations (82 each) either side.
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }
}
