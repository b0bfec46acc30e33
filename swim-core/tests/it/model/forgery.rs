//! What a forged peer says, made of the words of a step: numbers near those that matter to the receiver.

use swim_core::{
    Change, ChangeList, Checksum, ClusterId, Incarnation, Instant, Kind, Message, Micros, Options, OwnLabels,
    OwnedMessage, Readiness, Seq, Source, SyncReason, Ticket, Via,
};

use super::claim::{CEILING, OWN_CEILING, Status};
use super::setup::rules;
use super::transition::{ADDRESSES, Forged, Maker, Near, Way};
use super::twin::Twin;
use crate::world::WALL;

/// No list has it, but by chance.
const ODD: Checksum = Checksum(0xdead_beef);
/// No node has pinged so often.
const NEVER_ASKED: Seq = Seq(0xffff_ffff);

/// The message, and how it arrives; a request has the ticket `number`.
pub(super) fn forgery(
    options: &Options,
    now: Instant,
    receiver: &Twin,
    (way, number): (Way, u64),
    claims: &[Forged],
) -> (Via, OwnedMessage<u32>) {
    let wall = WALL.after(now.since(Instant::ZERO)).0;
    let mut list = ChangeList::new();
    for forged in claims {
        let incarnation = at(near(options, wall, receiver, forged).saturating_add_signed(forged.offset));
        let source = match forged.maker {
            Maker::Nobody => None,
            Maker::Subject => Some(Source { address: forged.subject, incarnation }),
            Maker::Peer(address) => Some(Source { address, incarnation: at(wall) }),
        };
        let (status, labels) = (status(forged.status), labels(forged.labels));
        list.push(Change { address: forged.subject, incarnation, status, source, labels: labels.as_labels() });
    }
    let join = |app: &str| Kind::Join { app: ClusterId::from_name(app) };
    let (request, seq, timeout) = (Via::Request(Ticket(number)), NEVER_ASKED, Micros(1_000));
    let (kind, via) = match way {
        Way::Gossip => (Kind::Gossip, Via::Datagram),
        Way::Ping => (Kind::Ping { seq }, Via::Datagram),
        Way::PingReq => (Kind::PingReq { seq, target: receiver.node.local() % ADDRESSES + 1, timeout }, Via::Datagram),
        Way::Join => (join(&options.app), request),
        Way::OtherApp => (join("another"), request),
        Way::Sync => (Kind::Sync { reason: SyncReason::Diverged }, request),
        Way::HealSuspect => (Kind::HealSuspect, request),
        Way::HealMerge => (Kind::HealMerge, request),
        Way::Ack => (Kind::Ack { seq, ready: Readiness::Ready }, Via::Datagram),
    };
    let message = Message { kind, incarnation: at(wall), checksum: ODD, changes: list.as_changes() };
    (via, OwnedMessage::new(message))
}

/// The number that a claim's incarnation is counted from.
fn near(options: &Options, wall: u64, receiver: &Twin, forged: &Forged) -> u64 {
    let limit = rules(options).limit_ms.unwrap_or(0);
    match forged.near {
        Near::Known => {
            let known = receiver.reference.held(forged.subject).map(|held| held.incarnation);
            let mut evictions = receiver.reference.evictions.iter();
            let evicted = evictions.rfind(|(who, ..)| *who == forged.subject).map(|(_, at, _)| *at);
            known.or(evicted).unwrap_or(wall)
        }
        Near::Wall => wall,
        Near::Limit => wall + limit,
        Near::OwnLimit => wall + 2 * limit,
        Near::Ceiling => CEILING,
        Near::OwnCeiling => OWN_CEILING,
    }
}

fn at(number: u64) -> Incarnation {
    Incarnation::new(number.min(Incarnation::MAX.get())).expect("it is not above")
}

/// Some labels: with a positive digest, with a negative one, and none.
pub(super) fn labels(number: u8) -> OwnLabels {
    let pairs: &[(&str, &str)] = match number % 4 {
        0 => &[],
        1 => &[("zone", "a")],
        2 => &[("zone", "b")],
        _ => &[("zone", "b"), ("rack", "7")],
    };
    OwnLabels::new(pairs.iter().copied()).expect("they are short")
}

fn status(status: Status) -> swim_core::Status {
    match status {
        Status::Alive => swim_core::Status::Alive,
        Status::Suspect => swim_core::Status::Suspect,
        Status::Faulty => swim_core::Status::Faulty,
        Status::Leave => swim_core::Status::Leave,
        Status::Tombstone => swim_core::Status::Tombstone,
    }
}
