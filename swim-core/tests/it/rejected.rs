//! I9: what a peer does wrong changes nothing, is counted, and shows as an event: one story for each reason.

use swim_core::{
    ClusterId, Event, Kind, Options, OwnedMessage, Reach, Readiness, RefusedReason, RejectReason, Seq, Status,
    SyncReason, Ticket, Via,
};

use crate::forge::{ack, inc, join, message, millis, own, ping, ping_req, quiet_lan, said, secs};
use crate::world::World;
use Status::{Alive, Faulty, Tombstone};

/// Expects that node 1 rejects this message of `from`, counts it, and says so.
fn rejects(world: &mut World, from: u32, via: Via, told: &OwnedMessage<u32>, reason: RejectReason) {
    let checksum = world.node(1).checksum();
    world.forget();
    world.inject(from, 1, via, told);
    assert!(world.events(1).any(|event| event == Event::Rejected { source: from, reason }), "{reason:?}: {told:?}");
    assert_eq!(world.node(1).checksum(), checksum, "nothing of it is applied");
}

#[test]
fn ones_own_messages_are_rejected() {
    let mut world = World::among(quiet_lan(), 2);
    for kind in [Kind::Gossip, ping(1), ack(Seq(1))] {
        let forged = message(kind, &[own(7, Alive, inc(0))]);
        rejects(&mut world, 1, Via::Datagram, &forged, RejectReason::FromOneself);
    }
    assert_eq!(world.node(1).counters().rejected_from_oneself, 3);
}

#[test]
fn claims_far_ahead_of_the_clock_are_rejected() {
    let mut world = World::among(quiet_lan(), 2);
    let forged = message(Kind::Gossip, &[own(7, Alive, inc(365 * 24 * 60 * 60 * 1000))]);
    rejects(&mut world, 2, Via::Datagram, &forged, RejectReason::Incarnation);
    assert_eq!(world.node(1).counters().rejected_incarnation, 1);
}

#[test]
fn one_member_more_than_the_list_may_hold_is_rejected() {
    let mut options = quiet_lan();
    options.members_max = 3;
    let mut world = World::among(options, 3);
    let forged = message(Kind::Gossip, &[own(4, Alive, inc(0))]);
    rejects(&mut world, 2, Via::Datagram, &forged, RejectReason::TooManyMembers);
    world.tell(2, 1, &[own(3, Alive, inc(1))]);
    assert_eq!(world.member(1, 3).unwrap().incarnation, inc(1), "those that are listed are heard");
    assert_eq!(world.node(1).counters().rejected_too_many_members, 1);
}

#[test]
fn answers_to_nothing_that_was_asked_are_rejected() {
    let mut world = World::among(quiet_lan(), 3);
    let asked = world.probe();
    let Kind::Ping { seq } = asked.kind() else { unreachable!() };
    let other = if asked.to == 2 { 3 } else { 2 };
    let news = [own(7, Alive, inc(0))];
    let unsolicited = [
        ("an ack of nothing", asked.to, Via::Datagram, Kind::Ack { seq: Seq(99), ready: Readiness::Ready }),
        ("another's ack", other, Via::Datagram, ack(seq)),
        (
            "a helper that was not asked",
            other,
            Via::Datagram,
            Kind::PingReqAnswer { seq, target: asked.to, reach: Reach::Reached },
        ),
        ("a list", 2, Via::Response(Ticket(5)), Kind::List),
        ("a sync answer", 2, Via::Response(Ticket(5)), Kind::SyncAnswer { reason: SyncReason::Diverged }),
        ("done", 2, Via::Response(Ticket(5)), Kind::Done),
        ("a refusal", 2, Via::Response(Ticket(5)), Kind::Refused { reason: RefusedReason::Busy }),
    ];
    for (count, (what, from, via, kind)) in unsolicited.into_iter().enumerate() {
        rejects(&mut world, from, via, &message(kind, &news), RejectReason::Unsolicited);
        assert_eq!(world.node(1).counters().rejected_unsolicited, count as u64 + 1, "{what}");
    }
}

#[test]
fn an_answer_that_comes_twice_is_heard_once() {
    let mut world = World::among(quiet_lan(), 3);
    let asked = world.probe();
    world.acknowledge(&asked, &[]);
    let Kind::Ping { seq } = asked.kind() else { unreachable!() };
    let again = message(ack(seq), &[own(7, Alive, inc(0))]);
    rejects(&mut world, asked.to, Via::Datagram, &again, RejectReason::Unsolicited);
}

#[test]
fn messages_that_come_by_a_wrong_way_are_rejected() {
    let mut world = World::among(quiet_lan(), 2);
    let app = ClusterId::from_name(&Options::lan().app);
    let (datagram, response) = (Via::Datagram, Via::Response(Ticket(5)));
    let wrong = [
        (ping(1), response),
        (ping_req(1, 2, millis(9)), response),
        (Kind::Gossip, response),
        (join(), datagram),
        (join(), response),
        (Kind::Sync { reason: SyncReason::Diverged }, datagram),
        (Kind::HealFetch { app }, datagram),
        (Kind::HealSuspect, datagram),
        (Kind::HealMerge, datagram),
        (Kind::List, datagram),
        (Kind::SyncAnswer { reason: SyncReason::Diverged }, datagram),
        (Kind::Done, datagram),
        (Kind::Refused { reason: RefusedReason::Busy }, datagram),
    ];
    for (kind, via) in wrong {
        rejects(&mut world, 2, via, &message(kind, &[own(7, Alive, inc(0))]), RejectReason::WrongChannel);
    }
    for kind in [ack(Seq(1)), Kind::Gossip, Kind::List, Kind::Done] {
        let reply = world.request(2, 1, &message(kind, &[own(7, Alive, inc(0))]));
        assert_eq!(reply.kind(), Kind::Refused { reason: RefusedReason::Unexpected });
    }
    assert_eq!(world.node(1).counters().rejected_wrong_channel, 17);
    assert_eq!(world.status(1, 7), None);
}

#[test]
fn requests_of_another_app_are_rejected() {
    let mut world = World::among(quiet_lan(), 2);
    let app = ClusterId::from_name("another");
    for kind in [Kind::Join { app }, Kind::HealFetch { app }] {
        let via = Via::Request(world.ticket());
        rejects(&mut world, 7, via, &message(kind, &[own(7, Alive, inc(0))]), RejectReason::OtherApp);
    }
    assert_eq!(world.node(1).counters().rejected_other_app, 2);
}

#[test]
fn ping_reqs_beyond_what_a_helper_carries_are_rejected() {
    let mut world = World::among(quiet_lan(), 3);
    for seq in 0..8 {
        world.inject(2, 1, Via::Datagram, &message(ping_req(seq, 3, millis(400)), &[]));
    }
    let ninth = message(ping_req(8, 3, millis(400)), &[]);
    rejects(&mut world, 2, Via::Datagram, &ninth, RejectReason::Overloaded);
    assert_eq!(world.node(1).counters().rejected_overloaded, 1);
}

#[test]
fn claims_that_teach_back_the_evicted_are_rejected() {
    let mut world = World::among(quiet_lan(), 2);
    world.tell(2, 1, &[said(2, 7, Faulty, inc(0))]);
    world.tell(2, 1, &[said(2, 7, Tombstone, inc(0))]);
    world.run(secs(61));
    let taught = message(Kind::Gossip, &[own(7, Alive, inc(0))]);
    rejects(&mut world, 2, Via::Datagram, &taught, RejectReason::Evicted);
    assert_eq!(world.node(1).counters().rejected_evicted, 1);
}
