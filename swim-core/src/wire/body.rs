//! The body of a message: who speaks, what it knows, what it wants and what it tells.
//!
//! ```text
//! incarnation, 8 | checksum, 4 | what is particular to the kind | number of changes, 4 | changes
//! ```
//!
//! Bodies are written and read through bincode's traits, with fixed-width little-endian numbers and a limit. The
//! changes, which nearly every message is full of, are gathered in a [`Block`] and read with a [`Cursor`] instead of
//! field by field: benches/wire.rs shows what that brings.

use alloc::vec::Vec;

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::de::read::{BorrowReader, SliceReader};
use bincode::de::{BorrowDecode, BorrowDecoder, Decode, Decoder, DecoderImpl};
use bincode::enc::write::Writer;
use bincode::enc::{Encode, Encoder};
use bincode::error::{DecodeError as Broken, EncodeError};

use super::block::Block;
use super::change::{self, LABELS_LEN_WIDTH};
use super::cursor::Cursor;
use super::error::DecodeError;
use super::kind;
use super::limits::{Limits, MAX_BODY_LEN};
use super::size::SMALLEST_CHANGE;
use crate::address::Address;
use crate::cluster::ClusterId;
use crate::member::{ChangeList, Incarnation};
use crate::message::{Checksum, Kind, Message, Seq};
use crate::time::Micros;

/// Appends the body of `message`; returns the number of its kind, which belongs into the header.
pub fn encode<A: Address>(message: &Message<'_, A>, into: &mut Vec<u8>) -> u8 {
    bincode::encode_into_writer(Body(message), Append(into), LAYOUT).expect("a vector takes all that is appended");
    kind::number(&message.kind)
}

/// Decodes a body of kind number `kind` that takes up all of `bytes`, its changes into the empty `list`.
pub fn decode<'l, A: Address>(
    kind: u8,
    limits: Limits,
    bytes: &[u8],
    list: &'l mut ChangeList<A>,
) -> Result<Message<'l, A>, DecodeError> {
    let target = Target { list: &mut *list, kind, len: bytes.len(), most: limits.changes, refused: None };
    let mut decoder = DecoderImpl::<_, Layout, _>::new(SliceReader::new(bytes), LAYOUT, target);
    match Head::borrow_decode(&mut decoder) {
        Ok(Head { kind, incarnation, checksum }) => {
            Ok(Message { kind, incarnation, checksum, changes: list.as_changes() })
        }
        Err(broken) => {
            let error = decoder.context().refused.unwrap_or(match broken {
                Broken::LimitExceeded => DecodeError::LimitExceeded,
                _ => DecodeError::Truncated,
            });
            list.clear();
            Err(error)
        }
    }
}

/// The length of what stands before the fields of a kind, in bytes.
pub(super) const PREFIX_LEN: usize = 8 + 4;
/// The length of the number of changes, in bytes.
pub(super) const COUNT_LEN: usize = 4;
/// The length of a [`Seq`], in bytes.
const SEQ_LEN: usize = 4;

type Layout = Configuration<LittleEndian, Fixint, Limit<MAX_BODY_LEN>>;
const LAYOUT: Layout = bincode::config::standard().with_fixed_int_encoding().with_limit::<MAX_BODY_LEN>();

/// The end of a vector, as bincode writes to it.
struct Append<'v>(&'v mut Vec<u8>);

impl Writer for Append<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// A body, to be encoded.
struct Body<'m, 'l, A: Copy>(&'m Message<'l, A>);

impl<A: Address> Encode for Body<'_, '_, A> {
    #[inline]
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let Message { kind, incarnation, checksum, changes } = self.0;
        let mut block = Block::new();
        block.number(incarnation.get(), 8);
        block.number(checksum.0.into(), 4);
        match kind {
            Kind::Ping { seq } => block.number(seq.0.into(), SEQ_LEN),
            Kind::Ack { seq, ready } => {
                block.number(seq.0.into(), SEQ_LEN);
                block.byte(kind::readiness_number(*ready));
            }
            Kind::Gossip => {}
            rare => {
                block.flush(encoder.writer())?;
                Fields(rare).encode(encoder)?;
            }
        }
        let count = u32::try_from(changes.len()).expect("a list has fewer than 2^32 changes");
        block.number(count.into(), COUNT_LEN);
        for change in *changes {
            if !block.has_room(change::FIXED_MAX) {
                block.flush(encoder.writer())?;
            }
            change::write(&change, &mut block);
            if !change.labels.is_empty() {
                let labels = change.labels.encoded();
                let len = u16::try_from(labels.len()).expect("a list keeps the length of labels in 16 bits");
                block.number(len.into(), LABELS_LEN_WIDTH);
                block.flush(encoder.writer())?;
                encoder.writer().write(labels)?;
            }
        }
        block.flush(encoder.writer())
    }
}

/// What is particular to a kind that is rare, to be encoded field by field.
struct Fields<'k, A>(&'k Kind<A>);

impl<A: Address> Encode for Fields<'_, A> {
    #[inline]
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        match self.0 {
            Kind::PingReq { seq, target, timeout } => {
                seq.0.encode(encoder)?;
                encoder.writer().write(target.canonical().as_bytes())?;
                timeout.0.encode(encoder)
            }
            Kind::PingReqAnswer { seq, target, reach } => {
                seq.0.encode(encoder)?;
                encoder.writer().write(target.canonical().as_bytes())?;
                kind::reach_number(*reach).encode(encoder)
            }
            Kind::Join { app } | Kind::HealFetch { app } => app.0.encode(encoder),
            Kind::Sync { reason } | Kind::SyncAnswer { reason } => kind::sync_number(*reason).encode(encoder),
            Kind::Refused { reason } => kind::refused_number(*reason).encode(encoder),
            Kind::Ping { .. } | Kind::Ack { .. } | Kind::Gossip => Ok(()),
            Kind::List | Kind::HealSuspect | Kind::HealMerge | Kind::Done => Ok(()),
        }
    }
}

/// What a decoder is told about the body, and where the changes go.
struct Target<'t, A> {
    list: &'t mut ChangeList<A>,
    /// The number of the kind, from the header.
    kind: u8,
    /// The length of the body.
    len: usize,
    /// The most changes that are accepted.
    most: usize,
    /// Why the body was refused; bincode's own error cannot say it.
    refused: Option<DecodeError>,
}

/// A decoded body, its changes excepted: those are in the list.
struct Head<A> {
    kind: Kind<A>,
    incarnation: Incarnation,
    checksum: Checksum,
}

impl<'de, 't, A: Address> BorrowDecode<'de, Target<'t, A>> for Head<A> {
    #[inline]
    fn borrow_decode<D: BorrowDecoder<'de, Context = Target<'t, A>>>(decoder: &mut D) -> Result<Self, Broken> {
        let len = decoder.context().len;
        decoder.claim_bytes_read(len)?;
        let bytes = decoder.borrow_reader().take_bytes(len)?;
        let target = decoder.context();
        decode_head(target, Cursor::new(bytes)).map_err(|error| {
            target.refused = Some(error);
            Broken::Other("refused")
        })
    }
}

#[inline]
fn decode_head<A: Address>(target: &mut Target<'_, A>, mut cursor: Cursor<'_>) -> Result<Head<A>, DecodeError> {
    let number = u64::from_le_bytes(cursor.array()?);
    let incarnation = Incarnation::new(number).ok_or(DecodeError::IncarnationTooHigh { found: number })?;
    let checksum = Checksum(u32::from_le_bytes(cursor.array()?));
    let kind = match target.kind {
        kind::PING => Kind::Ping { seq: Seq(u32::from_le_bytes(cursor.array()?)) },
        kind::ACK => {
            let seq = Seq(u32::from_le_bytes(cursor.array()?));
            Kind::Ack { seq, ready: kind::readiness(cursor.byte()?)? }
        }
        kind::GOSSIP => Kind::Gossip,
        rare => {
            let (kind, rest) = decode_rare(rare, cursor)?;
            cursor = rest;
            kind
        }
    };
    let claimed = u32::from_le_bytes(cursor.array()?);
    let most = target.most.min(cursor.len() / SMALLEST_CHANGE);
    if claimed as usize > most {
        return Err(DecodeError::TooManyChanges { claimed, most });
    }
    target.list.reserve(claimed as usize);
    for _ in 0..claimed {
        target.list.push(change::read(&mut cursor)?);
    }
    match cursor.len() {
        0 => Ok(Head { kind, incarnation, checksum }),
        len => Err(DecodeError::TrailingBytes { len }),
    }
}

/// Decodes what is particular to a kind that is rare. Takes and returns the cursor as a value, so that it can stay in
/// registers on the path of the other kinds.
#[inline(never)]
fn decode_rare<A: Address>(kind: u8, mut cursor: Cursor<'_>) -> Result<(Kind<A>, Cursor<'_>), DecodeError> {
    let rest = &mut cursor;
    let kind = match kind {
        kind::PING_REQ => {
            let (seq, target) = (Seq(value(rest)?), rest.address()?);
            Kind::PingReq { seq, target, timeout: Micros(value(rest)?) }
        }
        kind::PING_REQ_ANSWER => {
            let (seq, target) = (Seq(value(rest)?), rest.address()?);
            Kind::PingReqAnswer { seq, target, reach: kind::reach(value(rest)?)? }
        }
        kind::JOIN => Kind::Join { app: ClusterId(value(rest)?) },
        kind::LIST => Kind::List,
        kind::SYNC => Kind::Sync { reason: kind::sync(value(rest)?)? },
        kind::SYNC_ANSWER => Kind::SyncAnswer { reason: kind::sync(value(rest)?)? },
        kind::HEAL_FETCH => Kind::HealFetch { app: ClusterId(value(rest)?) },
        kind::HEAL_SUSPECT => Kind::HealSuspect,
        kind::HEAL_MERGE => Kind::HealMerge,
        kind::DONE => Kind::Done,
        kind::REFUSED => Kind::Refused { reason: kind::refused(value(rest)?)? },
        found => return Err(DecodeError::UnknownKind { found }),
    };
    Ok((kind, cursor))
}

/// Decodes a number of fixed width as bincode lays it out.
fn value<T: Decode<()>>(cursor: &mut Cursor<'_>) -> Result<T, DecodeError> {
    let (value, len) = bincode::decode_from_slice(cursor.rest(), LAYOUT).map_err(|_| DecodeError::Truncated)?;
    cursor.take(len)?;
    Ok(value)
}
