//! A 64-bit number in two halves: what holds it needs no eight-byte alignment, and so no padding.
//!
//! There is one of most records for each pair of node and member, and simulated clusters have millions of pairs.

use crate::time::Instant;

/// Orders as the number does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Split {
    high: u32,
    low: u32,
}

impl Split {
    #[inline]
    pub(crate) const fn new(number: u64) -> Self {
        Self { high: (number >> 32) as u32, low: number as u32 }
    }

    #[inline]
    pub(crate) const fn get(self) -> u64 {
        (self.high as u64) << 32 | self.low as u64
    }
}

impl From<Instant> for Split {
    #[inline]
    fn from(at: Instant) -> Self {
        Self::new(at.as_micros())
    }
}

impl From<Split> for Instant {
    #[inline]
    fn from(at: Split) -> Self {
        Self::from_micros(at.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_put_together_again_and_order_as_the_number() {
        for number in [0, 1, u64::from(u32::MAX), 1 << 32, (5 << 32) + 3, u64::MAX] {
            assert_eq!(Split::new(number).get(), number);
        }
        assert!(Split::new((1 << 32) + 1) > Split::new(u64::from(u32::MAX)));
        assert_eq!((size_of::<Split>(), align_of::<Split>()), (8, 4));
    }
}
