//! R4, R10: an answer counts only from the one that was asked, and for what it was asked.

use swim_core::{About, Channel, EventKind, Input, Kind, Reach, RefusedReason, Seq, StartGossip, Status, Ticket, Via};

use crate::forge::{STRANGER, ack, inc, message, millis, own, ping_req, quiet_lan, quiet_ringpop};
use crate::world::{Letter, World};
use Status::{Alive, Suspect};

#[test]
fn a_helper_is_believed_only_about_what_it_was_asked() {
    let mut world = World::among(quiet_lan(), 5);
    let target = world.probe().to;
    world.run(millis(500));
    let asked = world.ping_reqs();
    let Kind::PingReq { seq, .. } = asked[0].kind() else { unreachable!() };
    let reached = message(Kind::PingReqAnswer { seq, target, reach: Reach::Reached }, &[]);
    for liar in [asked[1].to, STRANGER] {
        world.inject(liar, 1, Via::Datagram, &reached);
    }
    assert_eq!(world.node(1).counters().rejected_unsolicited, 2);
    world.report(&asked[2], Reach::NotReached, &[]);
    world.run(millis(500));
    assert_eq!(world.status(1, target), Some(Suspect));
}

/// What a refusal of the ping on a stream comes to, after the transport has said that a request failed.
fn refused_after(failed: impl Fn(&Letter) -> Ticket) -> u64 {
    let mut world = World::among(quiet_lan(), 5);
    let ping = world.probe();
    world.run(millis(500));
    let stream = world.last(1, ping.to).clone();
    world.handle(1, Input::Undeliverable { to: ping.to, about: About::Request(failed(&stream)) });
    world.answer(&stream, &message(Kind::Refused { reason: RefusedReason::NotReady }, &[]));
    let rejected = world.node(1).counters().rejected_unsolicited;
    assert_eq!(world.count(1, EventKind::PingSendComplete) as u64, 1 - rejected);
    rejected
}

#[test]
fn a_ping_on_a_stream_that_failed_is_not_waited_for_and_others_are() {
    let of = |letter: &Letter| match letter.channel {
        Channel::Request(ticket) => ticket,
        channel => panic!("{channel:?} is no stream"),
    };
    assert_eq!(refused_after(of), 1);
    assert_eq!(refused_after(|letter| Ticket(of(letter).0 + 1)), 0);
}

#[test]
fn a_refusal_counts_only_from_the_target_and_for_its_ping() {
    let mut world = World::among(quiet_ringpop(), 5);
    let ping = world.probe();
    let Channel::Request(ticket) = ping.channel else { panic!("ringpop pings by request") };
    let refused = message(Kind::Refused { reason: RefusedReason::NotReady }, &[]);
    world.inject(STRANGER, 1, Via::Response(ticket), &refused);
    world.inject(ping.to, 1, Via::Response(Ticket(ticket.0 + 1)), &refused);
    assert_eq!(world.node(1).counters().rejected_unsolicited, 2);
    world.run(millis(1_500));
    assert_eq!(world.ping_reqs().len(), 3, "the round goes on");
    // Helpers that refuse are silent, and no later than that is known the round is over.
    for asked in world.ping_reqs() {
        assert_eq!(world.node(1).counters().rounds_inconclusive, 0);
        world.answer(&asked, &refused);
    }
    assert_eq!(world.node(1).counters().rounds_inconclusive, 1);
}

#[test]
fn only_the_target_with_the_number_of_the_ping_is_reached() {
    let mut world = World::among(quiet_lan(), 4);
    world.inject(2, 1, Via::Datagram, &message(ping_req(5, 3, millis(400)), &[]));
    let Kind::Ping { seq } = world.last(1, 3).kind() else { unreachable!() };
    let other = Seq(seq.0.wrapping_add(1));
    world.inject(3, 1, Via::Datagram, &message(ack(other), &[]));
    world.inject(4, 1, Via::Datagram, &message(ack(seq), &[]));
    assert_eq!(world.node(1).counters().rejected_unsolicited, 2);
    world.run(millis(400));
    assert!(matches!(world.last(1, 2).kind(), Kind::PingReqAnswer { reach: Reach::NotReached, .. }));
}

#[test]
fn a_list_counts_only_from_the_host_that_was_asked_and_for_its_request() {
    let mut world = World::new(quiet_lan());
    world.hosts = Some(vec![1, 2]);
    world.boot(1);
    world.bootstrap(1, StartGossip::WhenReady);
    let asked = world.last(1, 2).clone();
    let Channel::Request(ticket) = asked.channel else { panic!("a join is a request") };
    let list = message(Kind::List, &[own(7, Alive, inc(0))]);
    world.inject(STRANGER, 1, Via::Response(ticket), &list);
    world.inject(2, 1, Via::Response(Ticket(ticket.0 + 1)), &list);
    assert_eq!((world.node(1).is_ready(), world.status(1, 7)), (false, None));
    assert_eq!(world.node(1).counters().rejected_unsolicited, 2);
    world.answer(&asked, &list);
    assert!(world.node(1).is_ready());
}
