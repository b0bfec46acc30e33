//! Incarnation numbers (R2): the epoch milliseconds at which a member last spoke of itself.

use core::fmt;

use crate::time::UnixMillis;

/// Orders what is said of one member: the member alone raises it (R2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Incarnation(u64);

impl Incarnation {
    /// The largest there is: 50 bits, exact in JSON too, milliseconds until the year 37,648.
    pub const MAX: Self = Self((1 << Self::BITS) - 1);
    pub(crate) const BITS: u32 = 50;
    /// Accusations above this are rejected everywhere, so that their subject always has room left to refute (R2).
    pub const CEILING: Self = Self(Self::MAX.0 - (1 << 20));
    /// What a member says of itself is rejected above this, half way from there to the end.
    pub const OWN_CEILING: Self = Self(Self::MAX.0 - (1 << 19));

    /// The incarnation with this number; `None` above [`Incarnation::MAX`].
    #[inline]
    pub const fn new(number: u64) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }

    /// The incarnation in the low bits of `bits`.
    #[inline]
    pub(crate) const fn from_low_bits(bits: u64) -> Self {
        Self(bits & Self::MAX.0)
    }

    /// The number.
    #[inline]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The incarnation of a wall clock, at most [`Incarnation::CEILING`].
    #[inline]
    pub const fn from_wall(wall: UnixMillis) -> Self {
        if wall.0 > Self::CEILING.0 { Self::CEILING } else { Self(wall.0) }
    }

    /// The next one; [`Incarnation::MAX`] stays as it is.
    #[inline]
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 >= Self::MAX.0 { Self::MAX } else { Self(self.0 + 1) }
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_last_one_is_the_last() {
        assert_eq!(Incarnation::new(Incarnation::MAX.0), Some(Incarnation::MAX));
        assert_eq!(Incarnation::new(Incarnation::MAX.0 + 1), None);
        assert_eq!(Incarnation::MAX.next(), Incarnation::MAX);
        assert_eq!(Incarnation(Incarnation::MAX.0 - 1).next(), Incarnation::MAX);
        assert_eq!(Incarnation::from_wall(UnixMillis(Incarnation::CEILING.0 + 1)), Incarnation::CEILING);
        assert_eq!(Incarnation(1_700).to_string(), "1700");
    }
}
