//! A block of bytes on the stack that small fields are gathered in, so that a vector grows once per block and not
//! once per field.

use crate::address::Canonical;

/// A block that is being filled.
pub(super) struct Block {
    bytes: [u8; Self::SIZE],
    len: usize,
}

impl Block {
    /// Two of the longest changes without labels, or ten of the usual ones.
    const SIZE: usize = 256;

    #[inline]
    pub(super) const fn new() -> Self {
        Self { bytes: [0; Self::SIZE], len: 0 }
    }

    /// Whether `len` more bytes fit, with room for the spare bytes of a [`number`](Block::number).
    #[inline]
    pub(super) const fn has_room(&self, len: usize) -> bool {
        self.len + len + size_of::<u64>() <= Self::SIZE
    }

    #[inline]
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Adds the lowest `width` bytes of `number`. All eight are written; the next field overwrites the spare ones.
    #[inline]
    pub(super) fn number(&mut self, number: u64, width: usize) {
        self.bytes[self.len..][..size_of::<u64>()].copy_from_slice(&number.to_le_bytes());
        self.len += width;
    }

    #[inline]
    pub(super) fn address(&mut self, canonical: &Canonical) {
        let bytes = canonical.as_bytes();
        self.bytes[self.len..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }
}
