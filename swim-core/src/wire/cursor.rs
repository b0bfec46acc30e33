//! Reads a body from front to back. Every read is checked; nothing is copied.

use super::error::DecodeError;
use crate::address::Address;

/// What is left of a body.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'b> {
    rest: &'b [u8],
}

impl<'b> Cursor<'b> {
    #[inline]
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.rest.len()
    }

    /// What is left.
    #[inline]
    pub(super) const fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// The next `len` bytes.
    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<&'b [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&byte, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(byte)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*array)
    }

    /// A number of `WIDTH` bytes, at most eight.
    #[inline]
    pub(super) fn number<const WIDTH: usize>(&mut self) -> Result<u64, DecodeError> {
        // Eight bytes at once wherever there are as many; what belongs to the next field is masked off.
        if let Some((eight, rest)) = self.rest.first_chunk::<8>().zip(self.rest.get(WIDTH..)) {
            self.rest = rest;
            return Ok(u64::from_le_bytes(*eight) & (u64::MAX >> (64 - 8 * WIDTH)));
        }
        let mut eight = [0; 8];
        eight[..WIDTH].copy_from_slice(&self.array::<WIDTH>()?);
        Ok(u64::from_le_bytes(eight))
    }

    /// An address. [`Address::from_canonical`] promises that its bytes are canonical; encoding the address again to see
    /// it would double the cost of a change. That the length can be is checked, because a host writes that function.
    #[inline]
    pub(super) fn address<A: Address>(&mut self) -> Result<A, DecodeError> {
        match A::from_canonical(self.rest) {
            Some((address, len)) if len != 0 && len <= self.rest.len() => {
                self.rest = &self.rest[len..];
                Ok(address)
            }
            _ => Err(DecodeError::BadAddress),
        }
    }
}
