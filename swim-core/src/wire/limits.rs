//! How much memory a frame may take, decided before any of it is taken (I9).

use super::frame::HEADER_LEN;
use super::size::{LARGEST_CHANGE, LARGEST_EMPTY, SMALLEST_CHANGE, SMALLEST_EMPTY};

/// The longest body that is decoded whatever the [`Limits`] say, in bytes: 64 MiB. A list of 60,000 members whose
/// labels are as long as they may be fits, and so does one of two million members without labels.
pub const MAX_BODY_LEN: usize = 1 << 26;

/// The limits of one frame. A claimed length or number beyond them is refused unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest frame that is accepted, header included, in bytes.
    pub bytes: usize,
    /// The most changes that are accepted in one frame.
    pub changes: usize,
}

impl Limits {
    /// The limits of a datagram of at most `max` bytes: as many changes as can fit.
    pub const fn datagram(max: usize) -> Self {
        Self { bytes: max, changes: max.saturating_sub(SMALLEST_EMPTY) / SMALLEST_CHANGE }
    }

    /// The limits of a frame on a stream, where lists of at most `members_max` members are exchanged: as many bytes
    /// as they can need, at most [`MAX_BODY_LEN`] and a header.
    pub const fn stream(members_max: usize) -> Self {
        let needed = members_max.saturating_mul(LARGEST_CHANGE).saturating_add(LARGEST_EMPTY);
        let most = HEADER_LEN + MAX_BODY_LEN;
        Self { bytes: if needed < most { needed } else { most }, changes: members_max }
    }
}
