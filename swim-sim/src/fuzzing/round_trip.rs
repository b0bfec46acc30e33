//! Messages to bytes and back (I5): what is decoded is what was encoded, and sizes are known exactly beforehand.
//!
//! In a datagram a frame is alone and within a budget; on a stream frames follow one another and arrive in pieces of any
//! length.

use swim_core::wire::{self, DecodeError, Limits};
use swim_core::{Address, ChangeList, ClusterId, Message, OwnedMessage};

use super::bytes::Choices;
use super::messages;

/// Encodes and decodes the messages that `bytes` choose, under the identity of a cluster that they choose as well.
///
/// # Panics
/// Where the codec breaks one of its promises.
pub fn round_trip(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let cluster = ClusterId(choices.number() as u32);
    match choices.below(2) {
        0 => all(cluster, &mut choices, messages::node),
        _ => all(cluster, &mut choices, messages::socket),
    }
}

fn all<A: Address>(cluster: ClusterId, choices: &mut Choices<'_>, address: fn(&mut Choices<'_>) -> A) {
    let pieces = 1 + choices.below(64);
    let mut sent = Vec::new();
    while sent.is_empty() || !choices.is_over() && sent.len() < MESSAGES_MAX {
        sent.push(messages::message(choices, address));
    }
    for message in &sent {
        sizes(cluster, &message.as_message());
        alone(cluster, &message.as_message());
    }
    on_a_stream(cluster, &sent, pieces);
}

/// The length is foretold, and each change adds what it takes whatever stands before it.
fn sizes<A: Address>(cluster: ClusterId, message: &Message<'_, A>) {
    let encoded_len = |list: &ChangeList<A>| wire::encoded_len(&Message { changes: list.as_changes(), ..*message });
    let empty = encoded_len(&ChangeList::new());
    let mut sum = empty;
    for change in message.changes {
        sum += encoded_len(&std::iter::once(change).collect()) - empty;
    }
    let taken = encoded(cluster, message).len();
    assert_eq!((sum, wire::encoded_len(message)), (taken, taken), "{message:?}");
}

/// As a datagram and as the only frame of a stream, within limits that just suffice and such that do not.
fn alone<A: Address>(cluster: ClusterId, message: &Message<'_, A>) {
    let bytes = encoded(cluster, message);
    let (len, changes) = (bytes.len(), message.changes.len());
    let mut list = ChangeList::new();
    for limits in [Limits::datagram(len), Limits::stream(changes), Limits { bytes: len, changes }] {
        assert_eq!(wire::decode(cluster, limits, &bytes, &mut list), Ok(*message), "{limits:?}");
    }
    let most = len - 1;
    let decoded = wire::decode(cluster, Limits::datagram(most), &bytes, &mut list);
    assert_eq!(decoded, Err(DecodeError::TooLong { len: len as u64, most }));
    if changes > 0 {
        let decoded = wire::decode(cluster, Limits { bytes: len, changes: changes - 1 }, &bytes, &mut list);
        assert!(decoded.is_err(), "one change too many is accepted: {message:?}");
    }
}

/// One after the other, cut into `pieces` bytes.
fn on_a_stream<A: Address>(cluster: ClusterId, sent: &[OwnedMessage<A>], pieces: usize) {
    let mut stream = Vec::new();
    sent.iter().for_each(|message| wire::encode(cluster, &message.as_message(), &mut stream));
    let mut expected = sent.iter();
    let (mut buffer, mut list) = (Vec::new(), ChangeList::new());
    for piece in stream.chunks(pieces) {
        buffer.extend_from_slice(piece);
        while let Some(len) = wire::frame_len(cluster, LIMITS, &buffer).expect("the stream is sound") {
            if buffer.len() < len {
                break;
            }
            let message = expected.next().expect("there are as many frames as messages");
            assert_eq!(wire::decode(cluster, LIMITS, &buffer[..len], &mut list), Ok(message.as_message()));
            buffer.drain(..len);
        }
    }
    assert!(buffer.is_empty() && expected.next().is_none(), "{} bytes are left", buffer.len());
}

fn encoded<A: Address>(cluster: ClusterId, message: &Message<'_, A>) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::encode(cluster, message, &mut bytes);
    bytes
}

/// As many messages as one stream carries.
const MESSAGES_MAX: usize = 4;
const LIMITS: Limits = Limits::stream(1 << 10);
