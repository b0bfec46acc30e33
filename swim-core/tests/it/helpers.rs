//! R4: helping others, in time for their verdict.

use swim_core::{About, Channel, Event, EventKind, Input, Kind, Options, Reach, RefusedReason, Status, Ticket, Via};

use crate::forge::{inc, is_ping_req, message, millis, own, ping_req, quiet_lan, quiet_ringpop, said, secs};
use crate::world::{Letter, World};
use Status::{Alive, Suspect};

fn reach(letter: &Letter) -> Reach {
    let Kind::PingReqAnswer { reach, .. } = letter.kind() else { panic!("{letter:?} is no answer of a helper") };
    reach
}

/// Node 1 is asked by 2 to ping 3; returns its ping.
fn asked_to_ping(world: &mut World) -> Letter {
    world.inject(2, 1, Via::Datagram, &message(ping_req(5, 3, millis(400)), &[]));
    world.last(1, 3).clone()
}

#[test]
fn a_helper_pings_the_target_and_says_that_it_was_reached() {
    let mut world = World::among(quiet_lan(), 3);
    let ping = asked_to_ping(&mut world);
    world.run(millis(100));
    world.acknowledge(&ping, &[]);
    assert_eq!(reach(world.last(1, 2)), Reach::Reached);
    world.run(secs(5));
    assert_eq!(world.sent_by(1).filter(|letter| letter.to == 2).count(), 1, "one answer");
    assert_eq!(world.count(1, EventKind::PingRequestPing), 1);
}

#[test]
fn a_helper_says_that_the_target_was_not_reached_when_its_time_is_up() {
    let mut world = World::among(quiet_lan(), 3);
    asked_to_ping(&mut world);
    world.run(millis(399));
    assert_eq!(world.sent_by(1).filter(|letter| letter.to == 2).count(), 0);
    world.run(millis(1));
    assert_eq!(reach(world.last(1, 2)), Reach::NotReached);
    assert_eq!(world.status(1, 3), Some(Alive), "helping accuses nobody");
}

#[test]
fn a_helper_that_cannot_deliver_its_ping_says_so_at_once() {
    let mut world = World::among(quiet_lan(), 3);
    asked_to_ping(&mut world);
    let about = About::Datagram;
    world.handle(1, Input::Undeliverable { to: 3, about });
    assert_eq!(reach(world.last(1, 2)), Reach::NotReached);
}

#[test]
fn one_that_is_asked_to_ping_itself_is_reached() {
    let mut world = World::among(quiet_lan(), 3);
    world.inject(2, 1, Via::Datagram, &message(ping_req(5, 1, millis(400)), &[]));
    assert_eq!(reach(world.last(1, 2)), Reach::Reached);
}

#[test]
fn a_helper_pings_targets_that_it_does_not_know() {
    let mut world = World::among(quiet_lan(), 2);
    let ping = asked_to_ping(&mut world);
    world.acknowledge(&ping, &[]);
    assert_eq!(reach(world.last(1, 2)), Reach::Reached);
    assert_eq!(world.status(1, 3), None);
}

#[test]
fn a_node_that_is_joining_helps_nobody_and_says_so() {
    let mut world = World::new(quiet_lan());
    world.boot(1);
    world.inject(2, 1, Via::Datagram, &message(ping_req(5, 3, millis(400)), &[]));
    assert_eq!(reach(world.last(1, 2)), Reach::NotReady);
    assert_eq!(world.letters.len(), 1);
    assert_eq!(world.count(1, EventKind::RequestBeforeReady), 1);

    let mut world = World::among(quiet_lan(), 3);
    asked_to_ping(&mut world);
    assert_eq!(world.count(1, EventKind::RequestBeforeReady), 0);
}

#[test]
fn by_request_the_answer_of_a_helper_is_the_reply() {
    let mut world = World::among(quiet_ringpop(), 3);
    let ticket = world.ticket();
    world.inject(2, 1, Via::Request(ticket), &message(ping_req(5, 3, millis(400)), &[]));
    let ping = world.last(1, 3).clone();
    world.acknowledge(&ping, &[]);
    assert_eq!(world.last(1, 2).channel, Channel::Reply(ticket));
    assert_eq!(reach(world.last(1, 2)), Reach::Reached);
    assert_eq!(world.owed(1), 0);
}

#[test]
fn changes_in_acks_are_applied() {
    let mut world = World::among(quiet_lan(), 3);
    let ping = world.probe();
    world.acknowledge(&ping, &[own(7, Alive, inc(0))]);
    assert_eq!(world.status(1, 7), Some(Alive));
}

#[test]
fn changes_in_ping_reqs_and_in_their_answers_are_applied() {
    let mut world = World::among(quiet_lan(), 4);
    world.inject(2, 1, Via::Datagram, &message(ping_req(5, 3, millis(400)), &[own(7, Alive, inc(0))]));
    assert_eq!(world.status(1, 7), Some(Alive));

    world.probe();
    world.run(millis(500));
    let asked = world.ping_reqs();
    world.report(&asked[0], Reach::Reached, &[own(8, Alive, inc(0))]);
    assert_eq!(world.status(1, 8), Some(Alive));
}

/// Only a datagram can be delivered twice.
#[test]
fn a_datagram_with_the_number_of_a_request_is_answered_as_well() {
    let mut world = World::among(quiet_lan(), 3);
    let asked = message(ping_req(1, 3, millis(400)), &[]);
    let ticket = world.ticket();
    world.inject(2, 1, Via::Request(ticket), &asked);
    world.forget();
    world.inject(2, 1, Via::Datagram, &asked);
    world.inject(2, 1, Via::Datagram, &asked);
    world.run(millis(500));
    let answers = world.sent_by(1).filter(|letter| matches!(letter.kind(), Kind::PingReqAnswer { .. }));
    let channels: Vec<_> = answers.map(|letter| letter.channel).collect();
    assert_eq!(channels, [Channel::Reply(ticket), Channel::Datagram]);
}

#[test]
fn changes_in_the_ack_to_a_helper_are_applied() {
    let mut world = World::among(quiet_lan(), 3);
    let ping = asked_to_ping(&mut world);
    world.acknowledge(&ping, &[own(7, Alive, inc(0))]);
    assert_eq!(world.status(1, 7), Some(Alive));
}

/// The well-known implementations answer after a full timeout of their own, too late to be counted.
#[test]
fn a_not_reached_arrives_before_the_verdict_of_the_asker() {
    let mut world = World::cluster(Options::lan(), 5);
    world.latency = millis(20);
    world.run(secs(3));
    world.forget();
    world.kill(5);
    world.run(secs(8));

    assert!(world.letters.iter().any(is_ping_req));
    for at in 1..=4 {
        assert_eq!(world.count(at, EventKind::PingRequestSendError), 0, "every helper was heard at {at}");
        assert_eq!(world.node(at).counters().rounds_inconclusive, 0);
        let accused = |event| matches!(event, Event::MakeNodeStatus { address: 1..=4, status: Suspect });
        assert!(!world.events(at).any(accused));
    }
    assert!((1..=4).any(|at| world.status(at, 5) >= Some(Suspect)));
}

/// R8 stretches the asker's timeouts, and what it leaves its helpers with them.
#[test]
fn a_slow_asker_leaves_its_helpers_more_time() {
    let mut world = World::among(quiet_lan(), 5);
    let own = world.node(1).incarnation();
    world.tell(2, 1, &[said(2, 1, Suspect, own)]);
    assert_eq!(world.node(1).local_health(), 1);
    world.probe();
    world.run(millis(999));
    assert!(world.ping_reqs().is_empty());
    world.run(millis(1));
    let asked = world.ping_reqs();
    assert!(matches!(asked[0].kind(), Kind::PingReq { timeout, .. } if timeout == millis(800)));
}

#[test]
fn more_ping_reqs_than_a_node_can_carry_are_turned_down() {
    let mut world = World::among(quiet_lan(), 2);
    for asker in 1_000..1_065 {
        world.inject(asker, 1, Via::Datagram, &message(ping_req(1, 2_000 + asker, secs(5)), &[]));
    }
    assert_eq!(reach(world.last(1, 1_064)), Reach::NotReady);
    assert_eq!(world.node(1).counters().rejected_overloaded, 1);
}

#[test]
fn one_asker_cannot_take_all_of_a_helper() {
    let mut world = World::among(quiet_lan(), 3);
    for seq in 0..20 {
        world.inject(2, 1, Via::Datagram, &message(ping_req(seq, 1_000 + seq, secs(5)), &[]));
    }
    assert!(world.node(1).counters().rejected_overloaded > 0);
    world.inject(3, 1, Via::Datagram, &message(ping_req(1, 2, secs(5)), &[]));
    assert!(matches!(world.last(1, 2).kind(), Kind::Ping { .. }));
}

#[test]
fn a_ping_req_that_arrives_twice_is_answered_once() {
    let mut world = World::among(quiet_lan(), 3);
    asked_to_ping(&mut world);
    let ping = asked_to_ping(&mut world);
    world.acknowledge(&ping, &[]);
    world.run(secs(5));
    assert_eq!(world.sent_by(1).filter(|letter| letter.to == 2).count(), 1);
}

#[test]
fn a_helper_that_is_still_joining_answers_without_changes() {
    let mut world = World::new(quiet_lan());
    world.boot(1);
    world.hosts = None;
    world.bootstrap(1, swim_core::StartGossip::WhenReady);
    world.inject(2, 1, Via::Datagram, &message(ping_req(5, 3, millis(400)), &[]));
    let answer = world.last(1, 2);
    assert!(matches!(answer.kind(), Kind::PingReqAnswer { reach: Reach::NotReady, .. }));
    assert!(answer.subjects().is_empty());
}

#[test]
fn pings_for_others_are_counted() {
    let mut world = World::among(quiet_lan(), 3);
    let before = world.node(1).counters().pings_sent;
    asked_to_ping(&mut world);
    assert_eq!(world.node(1).counters().pings_sent - before, 1);
}

#[test]
fn a_helper_goes_on_waiting_where_something_else_could_not_be_delivered() {
    let mut world = World::among(quiet_lan(), 3);
    let ping = asked_to_ping(&mut world);
    world.handle(1, Input::Undeliverable { to: 4, about: About::Datagram });
    assert_eq!(world.letters.len(), 1);
    world.acknowledge(&ping, &[]);
    assert_eq!(reach(world.last(1, 2)), Reach::Reached);

    let mut world = World::among(quiet_ringpop(), 3);
    let ticket = world.ticket();
    world.inject(2, 1, Via::Request(ticket), &message(ping_req(5, 3, millis(400)), &[]));
    let Channel::Request(asked) = world.last(1, 3).channel else { panic!("ringpop pings by request") };
    world.handle(1, Input::Undeliverable { to: 3, about: About::Request(Ticket(asked.0 + 1)) });
    assert_eq!(world.owed(1), 1);
    world.handle(1, Input::Undeliverable { to: 3, about: About::Request(asked) });
    assert_eq!(reach(world.last(1, 2)), Reach::NotReached);
}

#[test]
fn a_target_that_refuses_is_reached_where_it_says_that_it_is_not_ready() {
    for (reason, found) in [(RefusedReason::NotReady, Reach::Reached), (RefusedReason::OtherApp, Reach::NotReached)] {
        let mut world = World::among(quiet_ringpop(), 3);
        let ticket = world.ticket();
        world.inject(2, 1, Via::Request(ticket), &message(ping_req(5, 3, millis(400)), &[]));
        let ping = world.last(1, 3).clone();
        world.answer(&ping, &message(Kind::Refused { reason }, &[]));
        assert_eq!(reach(world.last(1, 2)), found);
        assert_eq!(world.node(1).counters().refused, 1);
    }
}
