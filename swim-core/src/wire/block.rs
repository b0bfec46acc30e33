//! A block of bytes on the stack that small fields are gathered in, so that a vector grows once per block and not
//! once per field.

use bincode::enc::write::Writer;
use bincode::error::EncodeError;

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

    /// Adds an address. Always inlined, so that the length of a plain one is known.
    #[inline(always)]
    pub(super) fn address(&mut self, canonical: &Canonical) {
        let bytes = canonical.as_bytes();
        let to = &mut self.bytes[self.len..];
        if bytes.len() == 7 {
            // An IPv4 socket address, in the pieces in which it was put together a moment ago: one wider load would
            // have to wait for their stores. It takes a third off a ping with six changes.
            to[0] = bytes[0];
            to[1..5].copy_from_slice(&bytes[1..5]);
            to[5..7].copy_from_slice(&bytes[5..7]);
        } else {
            to[..bytes.len()].copy_from_slice(bytes);
        }
        self.len += bytes.len();
    }

    /// Hands everything on to `writer` and starts over.
    #[inline]
    pub(super) fn flush(&mut self, writer: &mut impl Writer) -> Result<(), EncodeError> {
        let gathered = &self.bytes[..self.len];
        self.len = 0;
        writer.write(gathered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_what_leaves_eight_bytes_to_spare() {
        for gathered in [0, 1, 100] {
            let block = Block { bytes: [0; Block::SIZE], len: gathered };
            let most = Block::SIZE - gathered - size_of::<u64>();
            assert!(block.has_room(most) && !block.has_room(most + 1));
        }
    }
}
