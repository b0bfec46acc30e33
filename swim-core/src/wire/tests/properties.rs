//! What holds for every message, and for every run of bytes.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::refusals::sealed;
use super::{CLUSTER, encoded, incarnation, message};
use crate::address::Address;
use crate::cluster::ClusterId;
use crate::labels::{Labels, OwnLabels};
use crate::member::{Change, ChangeList, Changes, Incarnation, Source, Status};
use crate::message::{Checksum, Kind, Message, OwnedMessage, Reach, Readiness, RefusedReason, Seq, SyncReason};
use crate::time::Micros;
use crate::wire::{self, HEADER_LEN, Limits};

const LIMITS: Limits = Limits { bytes: 1 << 20, changes: 1 << 10 };

proptest! {
    #[test]
    fn every_message_is_decoded_as_it_was_encoded(
        simulated in any_message(any_node()),
        real in any_message(any_socket_address()),
    ) {
        round_trip(simulated.as_message())?;
        round_trip(real.as_message())?;
    }

    #[test]
    fn sizes_are_the_lengths_of_encodings(
        simulated in any_message(any_node()),
        real in any_message(any_socket_address()),
    ) {
        sizes(simulated.as_message())?;
        sizes(real.as_message())?;
    }

    #[test]
    fn bytes_at_random_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(wire::decode::<u32>(CLUSTER, LIMITS, &bytes, &mut ChangeList::new()).is_err());
        let _ = wire::frame_len(CLUSTER, LIMITS, &bytes);
    }

    #[test]
    fn a_body_at_random_is_refused_or_is_the_one_encoding_of_its_message(
        kind in 0..16_u8,
        body in vec(prop_oneof![Just(0_u8), any::<u8>()], 0..200),
    ) {
        one_encoding::<u32>(&sealed(kind, &body))?;
        one_encoding::<SocketAddr>(&sealed(kind, &body))?;
    }

    #[test]
    fn a_body_that_was_tampered_with_is_refused_or_is_the_one_encoding_of_its_message(
        simulated in any_message(any_node()),
        real in any_message(any_socket_address()),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        one_encoding::<u32>(&tampered(encoded(&simulated.as_message()), &edits))?;
        one_encoding::<SocketAddr>(&tampered(encoded(&real.as_message()), &edits))?;
    }
}

#[test]
fn a_change_of_a_simulated_node_takes_eleven_bytes() {
    let today = incarnation(1_790_000_000_000);
    let source = Some(Source { address: 7, incarnation: today });
    let change = Change { address: 7_u32, incarnation: today, status: Status::Alive, source, labels: Labels::NONE };
    assert_eq!(wire::change_len(&change), 11);
}

#[test]
fn a_frame_is_appended_to_what_is_there() {
    let message = message::<u32>(Kind::List, Changes::NONE);
    let mut bytes = Vec::from([1, 2, 3]);
    wire::encode(CLUSTER, &message, &mut bytes);
    assert_eq!(bytes[..3], [1, 2, 3]);
    assert_eq!(bytes[3..], encoded(&message));
}

/// The flow label is no part of an address's name, so it neither travels nor makes a claim that of another.
#[test]
fn an_own_claim_stays_one_where_only_the_flow_label_differs() {
    let with_flow = |flow| SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 3000, flow, 0));
    let at = incarnation(1);
    let change = Change {
        address: with_flow(1),
        incarnation: at,
        status: Status::Alive,
        source: Some(Source { address: with_flow(2), incarnation: at }),
        labels: Labels::NONE,
    };
    let list: ChangeList<SocketAddr> = [change].into_iter().collect();
    let bytes = encoded(&message(Kind::Gossip, list.as_changes()));
    let mut into = ChangeList::new();
    let decoded = wire::decode::<SocketAddr>(CLUSTER, LIMITS, &bytes, &mut into).expect("it was encoded");
    let decoded = decoded.changes.iter().next().expect("there is one change");
    assert_eq!(decoded.source, Some(Source { address: with_flow(0), incarnation: at }));
    assert_eq!(bytes.len(), wire::empty_len(&Kind::<SocketAddr>::Gossip) + wire::change_len(&change));
}

#[test]
fn a_long_list_is_decoded_as_it_was_encoded() {
    let labels = OwnLabels::new((0..5).map(|n| (n.to_string(), "v".repeat(128)))).unwrap();
    let list: ChangeList<u32> = (0..3000)
        .map(|n| Change {
            address: n,
            incarnation: incarnation(u64::from(n) << (n % 38)),
            status: Status::ALL[n as usize % 5],
            source: Some(Source { address: n / 2, incarnation: incarnation(u64::from(n)) }),
            labels: if n % 3 == 0 { labels.as_labels() } else { Labels::NONE },
        })
        .collect();
    let message = message(Kind::List, list.as_changes());
    let bytes = encoded(&message);
    assert_eq!(wire::decode(CLUSTER, Limits::stream(3000), &bytes, &mut ChangeList::new()), Ok(message));
}

fn round_trip<A: Address>(message: Message<'_, A>) -> Result<(), TestCaseError> {
    let bytes = encoded(&message);
    let mut list = ChangeList::new();
    prop_assert_eq!(wire::decode(CLUSTER, LIMITS, &bytes, &mut list), Ok(message));
    Ok(())
}

fn sizes<A: Address>(message: Message<'_, A>) -> Result<(), TestCaseError> {
    prop_assert_eq!(wire::encoded_len(&message), encoded(&message).len());
    let mut len = wire::empty_len(&message.kind);
    let mut list = ChangeList::new();
    for change in message.changes {
        list.push(change);
        len += wire::change_len(&change);
        let own = Source { address: change.address, incarnation: change.incarnation };
        if change.source == Some(own) && change.labels.is_empty() {
            prop_assert_eq!(wire::own_change_len(change.address, change.incarnation), wire::change_len(&change));
        }
        let message = Message { changes: list.as_changes(), ..message };
        prop_assert_eq!(len, encoded(&message).len());
    }
    Ok(())
}

/// Where `bytes` are accepted, they are what the message is encoded as, and no more memory was taken than they allow.
fn one_encoding<A: Address>(bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut list = ChangeList::<A>::new();
    if let Ok(message) = wire::decode(CLUSTER, LIMITS, bytes, &mut list) {
        prop_assert_eq!(encoded(&message), bytes);
    }
    prop_assert!(list.capacity() <= bytes.len() / 4);
    Ok(())
}

/// The frame with some bytes of its body replaced, and a CRC that fits.
fn tampered(mut bytes: Vec<u8>, edits: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let kind = bytes[5];
    let body = &mut bytes[HEADER_LEN..];
    for (at, value) in edits {
        let at = at.index(body.len());
        body[at] = *value;
    }
    sealed(kind, body)
}

/// Few addresses, so that a source is often the member itself.
fn any_node() -> impl Strategy<Value = u32> + Clone {
    prop_oneof![0..3_u32, any::<u32>()]
}

fn any_socket_address() -> impl Strategy<Value = SocketAddr> + Clone {
    let v4 =
        (any::<u32>(), any::<u16>()).prop_map(|(ip, port)| SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::from(ip), port)));
    let v6 = (any::<u128>(), any::<u16>(), any::<u32>())
        .prop_map(|(ip, port, scope)| SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::from(ip), port, 0, scope)));
    let few = (0..3_u16).prop_map(|port| SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)));
    prop_oneof![few, v4, v6]
}

/// Every width is as likely as the others, and its edges come up.
fn any_incarnation() -> impl Strategy<Value = Incarnation> + Clone {
    const EDGES: [u64; 7] = [0, 0xffff, 1 << 16, 0xffff_ffff, 1 << 32, 0xffff_ffff_ffff, 1 << 48];
    prop_oneof![
        prop::sample::select(EDGES.as_slice()),
        Just(Incarnation::MAX.get()),
        (0..=50_u32).prop_flat_map(|bits| 0..=((1_u64 << bits) - 1)),
        Just(1_790_000_000_000),
    ]
    .prop_map(incarnation)
}

fn any_labels() -> impl Strategy<Value = OwnLabels> + Clone {
    let some = btree_map("[a-z_é]{1,8}", "[a-zé]{0,12}", 1..5);
    prop_oneof![3 => Just(BTreeMap::new()), 1 => some]
        .prop_map(|pairs: BTreeMap<String, String>| OwnLabels::with_reserved(pairs).expect("within the limits"))
}

fn any_kind<A: Address>(address: impl Strategy<Value = A> + Clone) -> impl Strategy<Value = Kind<A>> {
    let seq = || any::<u32>().prop_map(Seq);
    let app = || any::<u32>().prop_map(ClusterId);
    let ready = prop::sample::select([Readiness::Ready, Readiness::NotReady].as_slice());
    let reach = prop::sample::select([Reach::Reached, Reach::NotReached, Reach::NotReady].as_slice());
    let reason = prop::sample::select([SyncReason::Diverged, SyncReason::Overload].as_slice());
    let refused =
        prop::sample::select([RefusedReason::OtherApp, RefusedReason::Busy, RefusedReason::NotReady].as_slice());
    prop_oneof![
        seq().prop_map(|seq| Kind::Ping { seq }),
        (seq(), ready).prop_map(|(seq, ready)| Kind::Ack { seq, ready }),
        (seq(), address.clone(), any::<u64>()).prop_map(|(seq, target, timeout)| Kind::PingReq {
            seq,
            target,
            timeout: Micros(timeout)
        }),
        (seq(), address, reach).prop_map(|(seq, target, reach)| Kind::PingReqAnswer { seq, target, reach }),
        app().prop_map(|app| Kind::Join { app }),
        app().prop_map(|app| Kind::HealFetch { app }),
        reason.clone().prop_map(|reason| Kind::Sync { reason }),
        reason.prop_map(|reason| Kind::SyncAnswer { reason }),
        refused.prop_map(|reason| Kind::Refused { reason }),
        prop::sample::select([Kind::Gossip, Kind::List, Kind::HealSuspect, Kind::HealMerge, Kind::Done].as_slice()),
    ]
}

fn any_message<A: Address>(
    address: impl Strategy<Value = A> + Clone + 'static,
) -> impl Strategy<Value = OwnedMessage<A>> {
    let source =
        (address.clone(), any_incarnation()).prop_map(|(address, incarnation)| Source { address, incarnation });
    // `None` stands for the member itself.
    let origin = prop_oneof![Just(None), Just(Some(None)), source.prop_map(|source| Some(Some(source)))];
    let status = prop::sample::select(Status::ALL.as_slice());
    let change = (address.clone(), any_incarnation(), status, origin, any_labels());
    let parts = (any_kind(address), any_incarnation(), any::<u32>(), vec(change, 0..30));
    parts.prop_map(|(kind, incarnation, checksum, changes)| {
        let mut list = ChangeList::new();
        for (address, incarnation, status, origin, labels) in &changes {
            let own = Source { address: *address, incarnation: *incarnation };
            list.push(Change {
                address: *address,
                incarnation: *incarnation,
                status: *status,
                source: origin.unwrap_or(Some(own)),
                labels: labels.as_labels(),
            });
        }
        OwnedMessage::new(Message { kind, incarnation, checksum: Checksum(checksum), changes: list.as_changes() })
    })
}
