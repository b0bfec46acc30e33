//! The bytes of one message of each kind, as texts in `golden/` that were reviewed and written without this codec.
//! Another byte in one of them is another version of the wire format.

use core::net::SocketAddr;

use super::{CLUSTER, PING, bytes_of, encoded, incarnation, message, ping_list};
use crate::address::Address;
use crate::cluster::ClusterId;
use crate::member::{Change, ChangeList, Changes, Source, Status};
use crate::message::{Kind, Message, Reach, Readiness, RefusedReason, Seq, SyncReason};
use crate::time::Micros;
use crate::wire::{self, Limits};

#[test]
fn a_ping_has_its_golden_bytes() {
    golden(message(PING, ping_list().as_changes()), include_str!("golden/ping.txt"));
}

#[test]
fn an_ack_has_its_golden_bytes() {
    empty(Kind::Ack { seq: Seq(77), ready: Readiness::NotReady }, include_str!("golden/ack.txt"));
}

#[test]
fn a_ping_req_has_its_golden_bytes() {
    let kind = Kind::PingReq { seq: Seq(77), target: 0x0a0b_0c0d, timeout: Micros(500_000) };
    empty(kind, include_str!("golden/ping_req.txt"));
}

#[test]
fn a_ping_req_answer_has_its_golden_bytes() {
    let kind = Kind::PingReqAnswer { seq: Seq(77), target: 0x0a0b_0c0d, reach: Reach::NotReached };
    empty(kind, include_str!("golden/ping_req_answer.txt"));
}

#[test]
fn gossip_about_socket_addresses_has_its_golden_bytes() {
    let accuser = "[fe80::1%3]:3000".parse().unwrap();
    let list: ChangeList<SocketAddr> = [Change {
        address: "10.0.0.1:3000".parse().unwrap(),
        incarnation: incarnation(0x0191_0000_0001),
        status: Status::Faulty,
        source: Some(Source { address: accuser, incarnation: incarnation(0x0191_0000_0002) }),
        labels: Default::default(),
    }]
    .into_iter()
    .collect();
    golden(message(Kind::Gossip, list.as_changes()), include_str!("golden/gossip.txt"));
}

#[test]
fn a_join_has_its_golden_bytes() {
    empty(Kind::Join { app: ClusterId(0x0102_0304) }, include_str!("golden/join.txt"));
}

#[test]
fn a_list_has_its_golden_bytes() {
    empty(Kind::List, include_str!("golden/list.txt"));
}

#[test]
fn a_sync_has_its_golden_bytes() {
    empty(Kind::Sync { reason: SyncReason::Diverged }, include_str!("golden/sync.txt"));
}

#[test]
fn a_sync_answer_has_its_golden_bytes() {
    empty(Kind::SyncAnswer { reason: SyncReason::Overload }, include_str!("golden/sync_answer.txt"));
}

#[test]
fn a_heal_fetch_has_its_golden_bytes() {
    empty(Kind::HealFetch { app: ClusterId(0x0102_0304) }, include_str!("golden/heal_fetch.txt"));
}

#[test]
fn a_heal_suspect_has_its_golden_bytes() {
    empty(Kind::HealSuspect, include_str!("golden/heal_suspect.txt"));
}

#[test]
fn a_heal_merge_has_its_golden_bytes() {
    empty(Kind::HealMerge, include_str!("golden/heal_merge.txt"));
}

#[test]
fn done_has_its_golden_bytes() {
    empty(Kind::Done, include_str!("golden/done.txt"));
}

#[test]
fn a_refusal_has_its_golden_bytes() {
    empty(Kind::Refused { reason: RefusedReason::NotPingable }, include_str!("golden/refused.txt"));
}

/// A readiness, reach or reason has its own number, which the last byte before the number of changes shows.
#[test]
fn every_code_has_its_golden_number() {
    let seq = Seq(1);
    let code = |kind: Kind<u32>| {
        let bytes = encoded(&message(kind, Changes::NONE));
        bytes[bytes.len() - 5]
    };
    assert_eq!([Readiness::Ready, Readiness::NotReady].map(|ready| code(Kind::Ack { seq, ready })), [1, 2]);
    let reaches = [Reach::Reached, Reach::NotReached, Reach::NotReady];
    assert_eq!(reaches.map(|reach| code(Kind::PingReqAnswer { seq, target: 1, reach })), [1, 2, 3]);
    let reasons = [SyncReason::Diverged, SyncReason::Overload];
    assert_eq!(reasons.map(|reason| code(Kind::Sync { reason })), [1, 2]);
    assert_eq!(reasons.map(|reason| code(Kind::SyncAnswer { reason })), [1, 2]);
    let reasons = [
        RefusedReason::OtherApp,
        RefusedReason::Oneself,
        RefusedReason::Busy,
        RefusedReason::NotPingable,
        RefusedReason::Unexpected,
        RefusedReason::NotReady,
    ];
    assert_eq!(reasons.map(|reason| code(Kind::Refused { reason })), [1, 2, 3, 4, 5, 6]);
}

/// A message of this kind without changes.
#[track_caller]
fn empty(kind: Kind<u32>, text: &str) {
    golden(message(kind, Changes::NONE), text);
}

/// Encodes to exactly `text`, and decodes from it.
#[track_caller]
fn golden<A: Address>(message: Message<'_, A>, text: &str) {
    let bytes = bytes_of(text);
    assert_eq!(encoded(&message), bytes);
    assert_eq!(wire::decode(CLUSTER, Limits::datagram(1400), &bytes, &mut ChangeList::new()), Ok(message));
}
