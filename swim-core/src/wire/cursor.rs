//! Reads a body from front to back. Every read is checked; nothing is copied.

use super::error::DecodeError;
use crate::address::{Address, Canonical};

/// What is left of a body.
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

    /// A number of `width` bytes, at most eight.
    #[inline]
    pub(super) fn number(&mut self, width: usize) -> Result<u64, DecodeError> {
        // Eight bytes at once wherever there are as many; what belongs to the next field is masked off.
        if let Some(eight) = self.rest.first_chunk::<8>() {
            self.rest = &self.rest[width..];
            return Ok(u64::from_le_bytes(*eight) & (u64::MAX >> (64 - 8 * width)));
        }
        let mut eight = [0; 8];
        eight[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(eight))
    }

    /// An address, which must be the one spelling of it.
    #[inline]
    pub(super) fn address<A: Address>(&mut self) -> Result<A, DecodeError> {
        let (address, len) = address_at_start(self.rest)?;
        self.rest = &self.rest[len..];
        Ok(address)
    }
}

/// The address at the start of `bytes`, and how many of them it takes. That they are canonical is what
/// [`Address::from_canonical`] promises; it is written by the host, so it is checked.
#[inline]
pub(super) fn address_at_start<A: Address>(bytes: &[u8]) -> Result<(A, usize), DecodeError> {
    let (address, len) = A::from_canonical(bytes).ok_or(DecodeError::BadAddress)?;
    let canonical: Canonical = address.canonical();
    if len == canonical.len() && bytes.get(..len) == Some(canonical.as_bytes()) {
        Ok((address, len))
    } else {
        Err(DecodeError::BadAddress)
    }
}
