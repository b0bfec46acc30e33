//! The status of a member (R1), in the order in which one overrides another at equal incarnation.

use core::fmt;

/// What a member is held to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[repr(u8)]
pub enum Status {
    /// It answers.
    Alive = 0,
    /// It did not answer; it is still probed, and has until the suspicion timeout to refute (R7).
    Suspect = 1,
    /// It is held dead. It stays listed, so that a partition can heal (R3, R11).
    Faulty = 2,
    /// It said that it leaves (R12).
    Leave = 3,
    /// It is about to be forgotten; it is no part of the checksum (R3).
    Tombstone = 4,
}

impl Status {
    /// All of them, in order of precedence.
    pub const ALL: [Self; 5] = [Self::Alive, Self::Suspect, Self::Faulty, Self::Leave, Self::Tombstone];

    /// Whether a member of this status is probed and gossiped to: alive or suspect (R4).
    #[inline]
    pub const fn is_pingable(self) -> bool {
        matches!(self, Self::Alive | Self::Suspect)
    }

    /// The status with this number; `None` beyond the last.
    #[inline]
    pub const fn from_number(number: u8) -> Option<Self> {
        if (number as usize) < Self::ALL.len() { Some(Self::ALL[number as usize]) } else { None }
    }

    /// The name that ringpop gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Suspect => "suspect",
            Self::Faulty => "faulty",
            Self::Leave => "leave",
            Self::Tombstone => "tombstone",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
