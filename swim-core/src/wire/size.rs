//! How long encodings are, without encoding: what the datagram budget of dissemination adds up (R5, I5).
//!
//! The number of changes has a fixed width, so a message is as long as the empty message of its kind and its changes.

use super::body::{COUNT_LEN, PREFIX_LEN};
use super::change::{LABELS_LEN_WIDTH, Width, is_own};
use super::frame::HEADER_LEN;
use crate::address::{Address, Canonical};
use crate::labels::MAX_BYTES_RECEIVED;
use crate::member::{Change, Incarnation, Source};
use crate::message::{Kind, Message};

/// The length of the frame that [`encode`](super::encode) appends, in bytes.
pub fn encoded_len<A: Address>(message: &Message<'_, A>) -> usize {
    empty_len(&message.kind) + message.changes.iter().map(|change| change_len(&change)).sum::<usize>()
}

/// The length of one change in a message, in bytes.
#[inline]
pub(crate) fn change_len<A: Address>(change: &Change<'_, A>) -> usize {
    change_len_of(change.address, change.incarnation, change.source, change.labels.encoded().len())
}

/// As [`change_len`], for what a member without labels says of itself.
#[inline]
pub(crate) fn own_change_len<A: Address>(address: A, incarnation: Incarnation) -> usize {
    1 + address.canonical().len() + Width::of(incarnation).bytes()
}

/// As [`change_len`], for a change that is not put together yet.
#[inline]
pub(crate) fn change_len_of<A: Address>(
    address: A,
    incarnation: Incarnation,
    source: Option<Source<A>>,
    labels_len: usize,
) -> usize {
    let canonical = address.canonical();
    let source_len = match source {
        Some(source) if !is_own(address, incarnation, source) => {
            source.address.canonical().len() + 1 + Width::of(source.incarnation).bytes()
        }
        _ => 0,
    };
    let labels_len = if labels_len == 0 { 0 } else { LABELS_LEN_WIDTH + labels_len };
    1 + canonical.len() + Width::of(incarnation).bytes() + source_len + labels_len
}

/// The length of a frame of this kind without changes, in bytes.
#[inline]
pub(crate) fn empty_len<A: Address>(kind: &Kind<A>) -> usize {
    HEADER_LEN + PREFIX_LEN + fields_len(kind) + COUNT_LEN
}

/// The length of what is particular to a kind, in bytes.
#[inline]
fn fields_len<A: Address>(kind: &Kind<A>) -> usize {
    match kind {
        Kind::Ping { .. } | Kind::Join { .. } | Kind::HealFetch { .. } => 4,
        Kind::Ack { .. } => 4 + 1,
        Kind::PingReq { target, .. } => 4 + target.canonical().len() + 8,
        Kind::PingReqAnswer { target, .. } => 4 + target.canonical().len() + 1,
        Kind::Gossip | Kind::List | Kind::HealSuspect | Kind::HealMerge | Kind::Done => 0,
        Kind::Sync { .. } | Kind::SyncAnswer { .. } | Kind::Refused { .. } => 1,
    }
}

/// The shortest change: flags, an address of one byte, a short incarnation.
pub(super) const SMALLEST_CHANGE: usize = 1 + 1 + 2;

/// The longest change: another source, both addresses and incarnations and the labels as long as they may be.
pub(super) const LARGEST_CHANGE: usize =
    1 + Canonical::MAX + 7 + Canonical::MAX + 1 + 7 + LABELS_LEN_WIDTH + MAX_BYTES_RECEIVED;

/// The shortest frame.
pub(super) const SMALLEST_EMPTY: usize = HEADER_LEN + PREFIX_LEN + COUNT_LEN;

/// The longest frame without changes: a ping-req.
pub(super) const LARGEST_EMPTY: usize = SMALLEST_EMPTY + 4 + Canonical::MAX + 8;
