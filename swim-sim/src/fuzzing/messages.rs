//! Messages of every kind, made of choices.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use swim_core::{
    Address, Change, ChangeList, Checksum, ClusterId, Incarnation, Kind, Labels, MAX_BYTES_RECEIVED, Message, Micros,
    OwnedMessage, Reach, Readiness, RefusedReason, Seq, Source, Status, SyncReason,
};

use super::bytes::Choices;

/// Any message that can be encoded.
pub(super) fn message<A: Address>(choices: &mut Choices<'_>, address: fn(&mut Choices<'_>) -> A) -> OwnedMessage<A> {
    let kind = kind(choices, address);
    let (incarnation, checksum) = (incarnation(choices), Checksum(choices.number() as u32));
    let mut list = ChangeList::new();
    for _ in 0..choices.below(CHANGES_MAX) {
        let mut labels = Vec::new();
        let about = address(choices);
        let at = self::incarnation(choices);
        let status = choices.of(&Status::ALL);
        let source = match choices.below(4) {
            0 => None,
            1 => Some(Source { address: address(choices), incarnation: self::incarnation(choices) }),
            _ => Some(Source { address: about, incarnation: at }),
        };
        put_labels(choices, &mut labels);
        let labels = Labels::from_encoded(&labels).unwrap_or(Labels::NONE);
        list.push(Change { address: about, incarnation: at, status, source, labels });
    }
    OwnedMessage::new(Message { kind, incarnation, checksum, changes: list.as_changes() })
}

/// A kind with all that belongs to it.
pub(super) fn kind<A: Address>(choices: &mut Choices<'_>, address: fn(&mut Choices<'_>) -> A) -> Kind<A> {
    let which = choices.below(14);
    let seq = |choices: &mut Choices<'_>| Seq(choices.number() as u32);
    let app = |choices: &mut Choices<'_>| ClusterId(choices.number() as u32);
    match which {
        0 => Kind::Ping { seq: seq(choices) },
        1 => Kind::Ack { seq: seq(choices), ready: choices.of(&[Readiness::Ready, Readiness::NotReady]) },
        2 => {
            let (seq, target) = (seq(choices), address(choices));
            Kind::PingReq { seq, target, timeout: Micros(choices.number()) }
        }
        3 => {
            let (seq, target) = (seq(choices), address(choices));
            Kind::PingReqAnswer { seq, target, reach: choices.of(&REACHES) }
        }
        4 => Kind::Gossip,
        5 => Kind::Join { app: app(choices) },
        6 => Kind::List,
        7 => Kind::Sync { reason: choices.of(&SYNC_REASONS) },
        8 => Kind::SyncAnswer { reason: choices.of(&SYNC_REASONS) },
        9 => Kind::HealFetch { app: app(choices) },
        10 => Kind::HealSuspect,
        11 => Kind::HealMerge,
        12 => Kind::Done,
        _ => Kind::Refused { reason: choices.of(&REFUSALS) },
    }
}

/// The address of a simulated node.
pub(super) fn node(choices: &mut Choices<'_>) -> u32 {
    match choices.byte() {
        255 => choices.number() as u32,
        few => u32::from(few % 4),
    }
}

/// The address of a socket, of few or of all that there are.
pub(super) fn socket(choices: &mut Choices<'_>) -> SocketAddr {
    let port = u16::from(choices.byte());
    match port % 4 {
        0 => SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into(),
        1 => SocketAddrV4::new(Ipv4Addr::from_bits(choices.number() as u32), port << 8).into(),
        2 => SocketAddrV6::new(Ipv6Addr::LOCALHOST, port, 0, 0).into(),
        _ => {
            let bits = u128::from(choices.number()) << 64 | u128::from(choices.number());
            SocketAddrV6::new(Ipv6Addr::from_bits(bits), port, 0, choices.number() as u32).into()
        }
    }
}

/// An incarnation of any width, and those at the edges.
fn incarnation(choices: &mut Choices<'_>) -> Incarnation {
    let width = u32::from(choices.byte());
    let number = match width {
        0..=50 => (1_u64 << width) - 1,
        51..=101 => 1_u64 << (width - 51),
        _ => choices.number(),
    };
    Incarnation::new(number % (Incarnation::MAX.get() + 1)).expect("it is one of them")
}

/// Encoded labels: none, few, or as many as bytes allow. Some are beyond what is accepted.
fn put_labels(choices: &mut Choices<'_>, into: &mut Vec<u8>) {
    let count = choices.below(24).saturating_sub(6);
    for number in 0..count {
        let key = u8::try_from(number).expect("they are few") + b'a';
        let len = choices.below(1 + MAX_BYTES_RECEIVED / 6);
        into.extend([1, key, u8::try_from(len).expect("it is below 256")]);
        into.extend(std::iter::repeat_n(b'v', len));
    }
}

/// One more than the most changes of a message.
const CHANGES_MAX: usize = 200;
const REACHES: [Reach; 3] = [Reach::Reached, Reach::NotReached, Reach::NotReady];
const SYNC_REASONS: [SyncReason; 2] = [SyncReason::Diverged, SyncReason::Overload];
const REFUSALS: [RefusedReason; 6] = [
    RefusedReason::OtherApp,
    RefusedReason::Oneself,
    RefusedReason::Busy,
    RefusedReason::NotPingable,
    RefusedReason::Unexpected,
    RefusedReason::NotReady,
];
