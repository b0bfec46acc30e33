//! Time as the protocol sees it: microseconds that the host counts, and the wall clock in milliseconds.

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A moment: microseconds since a zero that the host chooses and keeps for the life of a node.
///
/// There is no way to ask for the current one; the host passes it in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The host's zero.
    pub const ZERO: Self = Self(0);
    /// A moment that never comes; a timer set to it is off.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment `micros` microseconds after zero.
    #[inline]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The moment `millis` milliseconds after zero, at most [`Instant::NEVER`].
    #[inline]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Microseconds since zero.
    #[inline]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; nothing when it is not earlier.
    #[inline]
    pub const fn since(self, earlier: Self) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Micros> for Instant {
    type Output = Self;
    /// Saturates at [`Instant::NEVER`].
    #[inline]
    fn add(self, span: Micros) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    /// Saturates at [`Instant::NEVER`].
    #[inline]
    fn add(self, span: Duration) -> Self {
        self + Micros::from(span)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// A length of time in whole microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Micros(pub u64);

impl Micros {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `millis` milliseconds.
    #[inline]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// This span times `factor`, saturating.
    #[inline]
    #[must_use]
    pub const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// `percent` hundredths of this span, rounded down.
    #[inline]
    #[must_use]
    pub const fn percent(self, percent: u64) -> Self {
        Self(self.0 / 100 * percent + self.0 % 100 * percent / 100)
    }
}

impl From<Duration> for Micros {
    #[inline]
    fn from(span: Duration) -> Self {
        Self(u64::try_from(span.as_micros()).unwrap_or(u64::MAX))
    }
}

impl From<Micros> for Duration {
    #[inline]
    fn from(span: Micros) -> Self {
        Duration::from_micros(span.0)
    }
}

impl Add for Micros {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Micros {
    type Output = Self;
    /// Nothing where `other` is longer.
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// The wall clock: milliseconds since the Unix epoch. Incarnations start from it (R2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The wall clock `span` later.
    #[inline]
    #[must_use]
    pub const fn after(self, span: Micros) -> Self {
        Self(self.0.saturating_add(span.0 / 1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn time_saturates_instead_of_wrapping() {
        assert_eq!(Instant::NEVER + Micros(1), Instant::NEVER);
        assert_eq!(Instant::ZERO.since(Instant::from_micros(5)), Micros::ZERO);
        assert_eq!(Micros(u64::MAX).times(2), Micros(u64::MAX));
        assert_eq!(Micros::from(Duration::MAX), Micros(u64::MAX));
    }

    #[test]
    fn percent_rounds_down_and_does_not_overflow() {
        assert_eq!(Micros(1_000).percent(80), Micros(800));
        assert_eq!(Micros(199).percent(80), Micros(159));
        assert_eq!(Micros(u64::MAX).percent(50), Micros(u64::MAX / 2));
    }

    #[test]
    fn a_moment_is_shown_in_seconds() {
        assert_eq!(Instant::from_millis(61_500).to_string(), "61.500000s");
    }

    #[test]
    fn spans_of_the_standard_library_count_as_well() {
        assert_eq!(Instant::from_millis(5) + Duration::from_millis(7), Instant::from_millis(12));
        assert_eq!(Instant::ZERO + Duration::MAX, Instant::NEVER);
    }
}
