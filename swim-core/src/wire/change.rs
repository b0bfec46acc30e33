//! One change in bytes: a flags byte, the member, its incarnation, and where they are needed source and labels.
//!
//! ```text
//! flags:   7 6      5        4 3      2 1 0
//!          width    labels   source   status
//!
//! address | incarnation, 2, 4, 6 or 7 bytes | [source address | width | source incarnation] | [labels]
//! ```
//!
//! Nearly all changes in a large cluster are claims of a member about itself; those do not repeat their source.

use super::block::Block;
use super::cursor::Cursor;
use super::error::DecodeError;
use crate::address::{Address, Canonical};
use crate::labels::Labels;
use crate::member::{Change, Incarnation, Source, Status};

/// Adds a change to `block`, all of it but the labels. `block` has room for [`FIXED_MAX`] bytes.
#[inline]
pub(super) fn write<A: Address>(change: &Change<'_, A>, block: &mut Block) {
    let width = Width::of(change.incarnation);
    let (origin, foreign) = match change.source {
        None => (NOBODY, None),
        Some(source) if is_own(change.address, change.incarnation, source) => (OWN, None),
        Some(source) => (FOREIGN, Some(source)),
    };
    let labels = if change.labels.is_empty() { 0 } else { HAS_LABELS };
    block.byte(change.status as u8 | origin | labels | width.0 << WIDTH_SHIFT);
    block.address(&change.address.canonical());
    block.number(change.incarnation.get(), width.bytes());
    if let Some(source) = foreign {
        let width = Width::of(source.incarnation);
        block.address(&source.address.canonical());
        block.byte(width.0);
        block.number(source.incarnation.get(), width.bytes());
    }
}

/// Reads a change, labels included.
#[inline]
pub(super) fn read<'b, A: Address>(cursor: &mut Cursor<'b>) -> Result<Change<'b, A>, DecodeError> {
    let flags = cursor.byte()?;
    let status = flags & STATUS;
    let status = Status::from_number(status).ok_or(DecodeError::BadStatus { found: status })?;
    let address: A = cursor.address()?;
    let incarnation = incarnation(cursor, Width(flags >> WIDTH_SHIFT))?;
    let source = match flags & ORIGIN {
        OWN => Some(Source { address, incarnation }),
        FOREIGN => Some(foreign(cursor, address, incarnation)?),
        NOBODY => None,
        _ => return Err(DecodeError::UnknownFlags { found: flags }),
    };
    let labels = if flags & HAS_LABELS == 0 {
        Labels::NONE
    } else {
        let (labels, rest) = labels(*cursor)?;
        *cursor = rest;
        labels
    };
    Ok(Change { address, incarnation, status, source, labels })
}

/// Whether a claim about `address` at `incarnation` is the member's own, so that its source need not be written.
/// What counts is what would be written, so addresses are the same where their canonical bytes are.
#[inline]
pub(super) fn is_own<A: Address>(address: A, incarnation: Incarnation, source: Source<A>) -> bool {
    source.incarnation == incarnation
        && (source.address == address || source.address.canonical() == address.canonical())
}

/// How many bytes an incarnation takes, as the two bits that say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Width(u8);

impl Width {
    /// The least that holds `incarnation`.
    #[inline]
    pub(super) const fn of(incarnation: Incarnation) -> Self {
        let number = incarnation.get();
        Self((number >= Self::LEAST[1]) as u8 + (number >= Self::LEAST[2]) as u8 + (number >= Self::LEAST[3]) as u8)
    }

    /// The number of bytes.
    #[inline]
    pub(super) const fn bytes(self) -> usize {
        // 2, 4, 6 and 7, without a look-up on the way of every change.
        let code = (self.0 & 3) as usize;
        2 + 2 * code - code / 3
    }

    const LEAST: [u64; 4] = [0, 1 << 16, 1 << 32, 1 << 48];
}

/// Reads an incarnation, which must be in its shortest form.
#[inline]
fn incarnation(cursor: &mut Cursor<'_>, width: Width) -> Result<Incarnation, DecodeError> {
    match width.0 & 3 {
        0 => incarnation_of::<2>(cursor, Width::LEAST[0]),
        1 => incarnation_of::<4>(cursor, Width::LEAST[1]),
        2 => incarnation_of::<6>(cursor, Width::LEAST[2]),
        _ => incarnation_of::<7>(cursor, Width::LEAST[3]),
    }
}

#[inline]
fn incarnation_of<const WIDTH: usize>(cursor: &mut Cursor<'_>, least: u64) -> Result<Incarnation, DecodeError> {
    let number = cursor.number::<WIDTH>()?;
    if number < least {
        return Err(DecodeError::NumberNotShortest { found: number });
    }
    Incarnation::new(number).ok_or(DecodeError::IncarnationTooHigh { found: number })
}

#[inline]
fn foreign<A: Address>(cursor: &mut Cursor<'_>, address: A, subject: Incarnation) -> Result<Source<A>, DecodeError> {
    let source: A = cursor.address()?;
    let flags = cursor.byte()?;
    if flags & !WIDTH != 0 {
        return Err(DecodeError::UnknownFlags { found: flags });
    }
    let source = Source { address: source, incarnation: incarnation(cursor, Width(flags))? };
    if is_own(address, subject, source) { Err(DecodeError::SourceNotShortest) } else { Ok(source) }
}

/// Out of line, because labels are rare on the path of a message. Takes and returns the cursor as a value, so that it
/// can stay in registers.
#[inline(never)]
fn labels(mut cursor: Cursor<'_>) -> Result<(Labels<'_>, Cursor<'_>), DecodeError> {
    let len = u16::from_le_bytes(cursor.array()?);
    let labels = Labels::from_encoded(cursor.take(usize::from(len))?).ok_or(DecodeError::BadLabels)?;
    if labels.is_empty() { Err(DecodeError::BadLabels) } else { Ok((labels, cursor)) }
}

/// The most bytes that [`write`] adds.
pub(super) const FIXED_MAX: usize = 1 + Canonical::MAX + 7 + Canonical::MAX + 1 + 7;
/// The width of the labels' length, in bytes.
pub(super) const LABELS_LEN_WIDTH: usize = 2;

const STATUS: u8 = 0b0000_0111;
const ORIGIN: u8 = 0b0001_1000;
const OWN: u8 = 0b0000_0000;
const FOREIGN: u8 = 0b0000_1000;
const NOBODY: u8 = 0b0001_0000;
const HAS_LABELS: u8 = 0b0010_0000;
const WIDTH_SHIFT: u8 = 6;
/// The width byte of a foreign source: all other bits are zero.
const WIDTH: u8 = 0b0000_0011;
