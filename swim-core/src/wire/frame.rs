//! A frame: the header that says whose and what a body is, and guards it.
//!
//! ```text
//! 0        1                  5       6                  10               14
//! version  cluster id         kind    body length        CRC32            body ..
//! ```
//!
//! All numbers are little-endian. The CRC covers everything but itself.

use alloc::vec::Vec;

use super::body;
use super::error::DecodeError;
use super::limits::Limits;
use crate::address::Address;
use crate::cluster::ClusterId;
use crate::member::ChangeList;
use crate::message::Message;

/// The version of the layout.
pub const VERSION: u8 = 1;

/// The length of a frame's header, in bytes.
pub const HEADER_LEN: usize = 14;

/// Appends `message` as one frame.
///
/// # Panics
/// When the body would take 4 GiB or more: no list that fits in memory with its labels comes near.
pub fn encode<A: Address>(cluster: ClusterId, message: &Message<'_, A>, into: &mut Vec<u8>) {
    let start = into.len();
    into.extend_from_slice(&[0; HEADER_LEN]);
    let kind = body::encode(message, into);
    let (header, body) = into[start..].split_at_mut(HEADER_LEN);
    let len = u32::try_from(body.len()).expect("a message is shorter than 4 GiB");
    let guarded = Guarded { cluster, kind, len }.to_bytes();
    header[..GUARDED_LEN].copy_from_slice(&guarded);
    header[GUARDED_LEN..].copy_from_slice(&crc(&guarded, body).to_le_bytes());
}

/// Decodes the one frame that takes up all of `bytes`; its changes end up in `list`, which is cleared first.
///
/// # Errors
/// One variant of [`DecodeError`] per rule that is broken; `list` is empty then.
pub fn decode<'l, A: Address>(
    cluster: ClusterId,
    limits: Limits,
    bytes: &[u8],
    list: &'l mut ChangeList<A>,
) -> Result<Message<'l, A>, DecodeError> {
    list.clear();
    let Some((header, body)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        return Err(DecodeError::TooShort { len: bytes.len() });
    };
    if bytes.len() > limits.bytes {
        return Err(DecodeError::TooLong { len: bytes.len() as u64, most: limits.bytes });
    }
    let guarded = Guarded::from_header(cluster, header)?;
    if guarded.len as usize != body.len() {
        return Err(DecodeError::LengthMismatch { claimed: guarded.len, found: body.len() });
    }
    let [.., c0, c1, c2, c3] = *header;
    let claimed = u32::from_le_bytes([c0, c1, c2, c3]);
    let computed = crc(&header[..GUARDED_LEN], body);
    if claimed != computed {
        return Err(DecodeError::CrcMismatch { claimed, computed });
    }
    body::decode(guarded.kind, limits, body, list)
}

/// How long the frame is that starts with `start`, header included, in bytes; `None` while the header is not
/// complete. For streams: read until so many bytes are there, then [`decode`] them.
///
/// # Errors
/// [`DecodeError::WrongVersion`] and [`DecodeError::OtherCluster`] as soon as the bytes that show it are there, and
/// [`DecodeError::TooLong`] for a frame above [`Limits::bytes`]: the stream is of no use then.
pub fn frame_len(cluster: ClusterId, limits: Limits, start: &[u8]) -> Result<Option<usize>, DecodeError> {
    let Some(header) = start.first_chunk::<HEADER_LEN>() else {
        check_version(start)?;
        check_cluster(cluster, start)?;
        return Ok(None);
    };
    let len = u64::from(Guarded::from_header(cluster, header)?.len) + HEADER_LEN as u64;
    match usize::try_from(len) {
        Ok(fits) if fits <= limits.bytes => Ok(Some(fits)),
        _ => Err(DecodeError::TooLong { len, most: limits.bytes }),
    }
}

/// What the header says, its CRC excepted.
struct Guarded {
    cluster: ClusterId,
    kind: u8,
    len: u32,
}

impl Guarded {
    #[inline]
    fn to_bytes(&self) -> [u8; GUARDED_LEN] {
        let [c0, c1, c2, c3] = self.cluster.0.to_le_bytes();
        let [l0, l1, l2, l3] = self.len.to_le_bytes();
        [VERSION, c0, c1, c2, c3, self.kind, l0, l1, l2, l3]
    }

    #[inline]
    fn from_header(cluster: ClusterId, header: &[u8; HEADER_LEN]) -> Result<Self, DecodeError> {
        check_version(header)?;
        check_cluster(cluster, header)?;
        let [_, _, _, _, _, kind, l0, l1, l2, l3, ..] = *header;
        Ok(Self { cluster, kind, len: u32::from_le_bytes([l0, l1, l2, l3]) })
    }
}

/// Refuses another version, as far as `start` shows it.
#[inline]
fn check_version(start: &[u8]) -> Result<(), DecodeError> {
    match start.first() {
        Some(&found) if found != VERSION => Err(DecodeError::WrongVersion { found }),
        _ => Ok(()),
    }
}

/// Refuses another cluster, as far as `start` shows it.
#[inline]
fn check_cluster(cluster: ClusterId, start: &[u8]) -> Result<(), DecodeError> {
    match *start {
        [_, c0, c1, c2, c3, ..] if [c0, c1, c2, c3] != cluster.0.to_le_bytes() => {
            Err(DecodeError::OtherCluster { found: ClusterId(u32::from_le_bytes([c0, c1, c2, c3])) })
        }
        _ => Ok(()),
    }
}

#[inline]
fn crc(guarded: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(guarded);
    hasher.update(body);
    hasher.finalize()
}

/// The header without its CRC.
const GUARDED_LEN: usize = HEADER_LEN - 4;
