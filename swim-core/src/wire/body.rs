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
use bincode::de::read::{BorrowReader, Reader, SliceReader};
use bincode::de::{BorrowDecode, BorrowDecoder, Decode, Decoder, DecoderImpl};
use bincode::enc::write::Writer;
use bincode::enc::{Encode, Encoder};
use bincode::error::{DecodeError as Broken, EncodeError};

use super::block::Block;
use super::change;
use super::cursor::{Cursor, address_at_start};
use super::error::DecodeError;
use super::kind;
use super::limits::{Limits, MAX_BODY_LEN};
use super::size::{SMALLEST_CHANGE, fields_len};
use crate::address::{Address, Canonical};
use crate::cluster::ClusterId;
use crate::member::{ChangeList, Changes, Incarnation};
use crate::message::{Checksum, Kind, Message, Seq};
use crate::time::Micros;

/// Appends the body of `message`; returns the number of its kind, which belongs into the header.
pub(super) fn encode<A: Address>(message: &Message<'_, A>, into: &mut Vec<u8>) -> u8 {
    bincode::encode_into_writer(Body(message), Append(into), LAYOUT).expect("a vector takes all that is appended");
    kind::number(&message.kind)
}

/// Decodes a body of kind number `kind` that takes up all of `bytes`, its changes into the empty `list`.
pub(super) fn decode<'l, A: Address>(
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
        incarnation.get().encode(encoder)?;
        checksum.0.encode(encoder)?;
        Fields(kind).encode(encoder)?;
        let count = u32::try_from(changes.len()).expect("a list has fewer than 2^32 changes");
        count.encode(encoder)?;
        encode_changes(*changes, encoder)
    }
}

#[inline]
fn encode_changes<A: Address, E: Encoder>(changes: Changes<'_, A>, encoder: &mut E) -> Result<(), EncodeError> {
    let mut block = Block::new();
    for change in changes {
        if !block.has_room(change::FIXED_MAX) {
            encoder.writer().write(block.as_bytes())?;
            block.clear();
        }
        change::write(&change, &mut block);
        if !change.labels.is_empty() {
            encoder.writer().write(block.as_bytes())?;
            block.clear();
            let labels = change.labels.encoded();
            let len = u16::try_from(labels.len()).expect("a list keeps the length of labels in 16 bits");
            len.encode(encoder)?;
            encoder.writer().write(labels)?;
        }
    }
    encoder.writer().write(block.as_bytes())
}

/// What is particular to a kind, to be encoded.
struct Fields<'k, A>(&'k Kind<A>);

impl<A: Address> Encode for Fields<'_, A> {
    #[inline]
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        match self.0 {
            Kind::Ping { seq } => seq.0.encode(encoder),
            Kind::Ack { seq, ready } => (seq.0, kind::readiness_number(*ready)).encode(encoder),
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
            Kind::Gossip | Kind::List | Kind::HealSuspect | Kind::HealMerge | Kind::Done => Ok(()),
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
        let number = u64::decode(decoder)?;
        let incarnation = Incarnation::new(number).ok_or(DecodeError::IncarnationTooHigh { found: number });
        let incarnation = or_refuse(incarnation, decoder)?;
        let checksum = Checksum(u32::decode(decoder)?);
        let kind = decode_fields(decoder)?;
        let count = u32::decode(decoder)?;
        let rest = decoder.context().len - (PREFIX_LEN + fields_len(&kind) + COUNT_LEN);
        decoder.claim_bytes_read(rest)?;
        let rest = decoder.borrow_reader().take_bytes(rest)?;
        let Target { list, most, .. } = decoder.context();
        let decoded = decode_changes(count, *most, rest, list);
        or_refuse(decoded, decoder)?;
        Ok(Self { kind, incarnation, checksum })
    }
}

/// Decodes `claimed` changes that take up all of `bytes`.
#[inline]
fn decode_changes<A: Address>(
    claimed: u32,
    most: usize,
    bytes: &[u8],
    list: &mut ChangeList<A>,
) -> Result<(), DecodeError> {
    let most = most.min(bytes.len() / SMALLEST_CHANGE);
    let count = claimed as usize;
    if count > most {
        return Err(DecodeError::TooManyChanges { claimed, most });
    }
    list.reserve(count);
    let mut cursor = Cursor::new(bytes);
    for _ in 0..count {
        list.push(change::read(&mut cursor)?);
    }
    if cursor.len() == 0 { Ok(()) } else { Err(DecodeError::TrailingBytes { len: cursor.len() }) }
}

/// Decodes what is particular to the kind.
#[inline]
fn decode_fields<'t, A: Address, D: Decoder<Context = Target<'t, A>>>(decoder: &mut D) -> Result<Kind<A>, Broken> {
    let found = decoder.context().kind;
    Ok(match found {
        kind::PING => Kind::Ping { seq: Seq(u32::decode(decoder)?) },
        kind::ACK => {
            let (seq, ready) = <(u32, u8)>::decode(decoder)?;
            Kind::Ack { seq: Seq(seq), ready: or_refuse(kind::readiness(ready), decoder)? }
        }
        kind::PING_REQ => {
            let (seq, target) = decode_target(decoder)?;
            Kind::PingReq { seq, target, timeout: Micros(u64::decode(decoder)?) }
        }
        kind::PING_REQ_ANSWER => {
            let (seq, target) = decode_target(decoder)?;
            let reach = kind::reach(u8::decode(decoder)?);
            Kind::PingReqAnswer { seq, target, reach: or_refuse(reach, decoder)? }
        }
        kind::GOSSIP => Kind::Gossip,
        kind::JOIN => Kind::Join { app: ClusterId(u32::decode(decoder)?) },
        kind::LIST => Kind::List,
        kind::SYNC | kind::SYNC_ANSWER => {
            let reason = kind::sync(u8::decode(decoder)?);
            let reason = or_refuse(reason, decoder)?;
            if found == kind::SYNC { Kind::Sync { reason } } else { Kind::SyncAnswer { reason } }
        }
        kind::HEAL_FETCH => Kind::HealFetch { app: ClusterId(u32::decode(decoder)?) },
        kind::HEAL_SUSPECT => Kind::HealSuspect,
        kind::HEAL_MERGE => Kind::HealMerge,
        kind::DONE => Kind::Done,
        kind::REFUSED => {
            let reason = kind::refused(u8::decode(decoder)?);
            Kind::Refused { reason: or_refuse(reason, decoder)? }
        }
        _ => return Err(refuse(DecodeError::UnknownKind { found }, decoder)),
    })
}

/// Decodes what a ping-req and its answer start with. An address shows its length itself, so the decoder looks ahead
/// as far as one can reach.
fn decode_target<'t, A: Address, D: Decoder<Context = Target<'t, A>>>(decoder: &mut D) -> Result<(Seq, A), Broken> {
    let seq = Seq(u32::decode(decoder)?);
    let left = decoder.context().len - (PREFIX_LEN + SEQ_LEN);
    let ahead = decoder.reader().peek_read(left.min(Canonical::MAX)).unwrap_or_default();
    let target = address_at_start(ahead);
    let (target, len) = or_refuse(target, decoder)?;
    decoder.claim_bytes_read(len)?;
    decoder.reader().consume(len);
    Ok((seq, target))
}

/// Carries our own error past bincode's.
#[inline]
fn or_refuse<'t, T, A: Address, D: Decoder<Context = Target<'t, A>>>(
    result: Result<T, DecodeError>,
    decoder: &mut D,
) -> Result<T, Broken> {
    result.map_err(|error| refuse(error, decoder))
}

#[cold]
fn refuse<'t, A: Address, D: Decoder<Context = Target<'t, A>>>(error: DecodeError, decoder: &mut D) -> Broken {
    decoder.context().refused = Some(error);
    Broken::Other("refused")
}
