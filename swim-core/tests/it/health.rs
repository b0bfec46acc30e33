//! R8 and R9: a node that has trouble slows down, and a suspect that is pinged is told so.

use swim_core::{Channel, Event, Kind, Options, Reach, Status, Via};

use crate::forge::{
    inc, is_gossip, is_ping, message, millis, own, ping, ping_req, quiet_lan, quiet_ringpop, said, secs,
};
use crate::world::World;
use Status::{Alive, Suspect};

/// A round of node 1 that nobody answers.
fn silent_round(world: &mut World) {
    world.probe();
    world.run(secs(10));
}

fn good_round(world: &mut World) {
    let ping = world.probe();
    world.acknowledge(&ping, &[]);
    world.run(secs(10));
}

#[test]
fn a_failed_round_costs_one_and_a_silent_helper_one_more() {
    let mut world = World::among(quiet_lan(), 5);
    world.probe();
    world.run(millis(500));
    for asked in world.ping_reqs() {
        world.report(&asked, Reach::NotReached, &[]);
    }
    world.run(secs(1));
    assert_eq!(world.node(1).local_health(), 1);
    assert!(world.events(1).any(|event| event == Event::LocalHealth { score: 1 }));

    let mut world = World::among(quiet_lan(), 5);
    world.probe();
    world.run(millis(500));
    let asked = world.ping_reqs();
    world.report(&asked[0], Reach::NotReached, &[]);
    world.report(&asked[1], Reach::NotReached, &[]);
    world.run(secs(1));
    assert_eq!(world.node(1).local_health(), 2);
}

#[test]
fn a_good_round_gives_one_back_and_zero_is_the_best() {
    let mut world = World::among(quiet_lan(), 5);
    silent_round(&mut world);
    assert_eq!(world.node(1).local_health(), 2);
    for left in [1, 0, 0] {
        good_round(&mut world);
        assert_eq!(world.node(1).local_health(), left);
    }
}

#[test]
fn having_to_refute_costs_one() {
    let mut world = World::among(quiet_lan(), 3);
    let known = world.node(1).incarnation();
    world.tell(2, 1, &[said(2, 1, Suspect, known)]);
    assert_eq!(world.node(1).local_health(), 1);
    // What was refuted already costs nothing.
    world.tell(3, 1, &[said(3, 1, Suspect, known)]);
    assert_eq!(world.node(1).local_health(), 1);
}

#[test]
fn to_refute_what_is_no_accusation_costs_nothing() {
    let mut world = World::among(quiet_lan(), 3);
    let known = world.node(1).incarnation();
    // An incarnation of the node's earlier life, say.
    world.tell(2, 1, &[said(2, 1, Alive, known.next())]);
    assert_eq!(world.node(1).counters().refutations, 1);
    assert_eq!(world.node(1).local_health(), 0);
}

#[test]
fn the_score_stays_below_nine() {
    let mut world = World::among(quiet_lan(), 5);
    for _ in 0..12 {
        let known = world.node(1).incarnation();
        world.tell(2, 1, &[said(2, 1, Suspect, known)]);
    }
    assert_eq!(world.node(1).local_health(), 8);
}

#[test]
fn an_unhealthy_node_probes_less_often_and_waits_longer() {
    let mut world = World::among(quiet_lan(), 5);
    for _ in 0..2 {
        let known = world.node(1).incarnation();
        world.tell(2, 1, &[said(2, 1, Suspect, known)]);
    }
    assert_eq!(world.node(1).local_health(), 2);
    world.drain(1);
    world.command(1, swim_core::Command::GossipStart);
    world.run(millis(0));
    world.run(millis(1_499));
    assert!(world.ping_reqs().is_empty());
    world.run(millis(1));
    assert_eq!(world.ping_reqs().len(), 3, "three times half a second");
    for asked in world.ping_reqs() {
        world.report(&asked, Reach::Reached, &[]);
    }
    let pings = |world: &World| world.sent_by(1).filter(|letter| is_ping(letter)).count();
    world.run(millis(1_499));
    assert_eq!(pings(&world), 1);
    world.run(millis(1));
    assert_eq!(pings(&world), 2, "three times a second");
}

#[test]
fn ringpop_has_no_health() {
    let mut world = World::among(quiet_ringpop(), 5);
    silent_round(&mut world);
    let known = world.node(1).incarnation();
    world.tell(2, 1, &[said(2, 1, Suspect, known)]);
    assert_eq!(world.node(1).local_health(), 0);
}

#[test]
fn a_cluster_that_works_is_healthy() {
    let mut world = World::cluster(Options::lan(), 5);
    world.run(secs(30));
    for at in 1..=5 {
        assert_eq!(world.node(at).local_health(), 0, "at {at}");
    }
}

/// Node 1 holds 2 suspect, and has told so as often as it may.
fn suspecting() -> World {
    let mut world = World::among(quiet_lan(), 6);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.drain(1);
    world
}

#[test]
fn a_ping_to_a_suspect_carries_the_suspicion_always() {
    let mut world = suspecting();
    let mut pinged = 0;
    for _ in 0..15 {
        let ping = world.probe();
        let suspects = ping.claims_about(2);
        if ping.to == 2 {
            assert_eq!(suspects, [(Suspect, inc(0))]);
            pinged += 1;
        } else {
            assert_eq!(suspects, [], "it is of no use to others any more");
        }
        world.acknowledge(&ping, &[]);
        world.run(secs(1));
    }
    assert_eq!(pinged, 3);
}

#[test]
fn so_does_a_ping_on_behalf_of_another() {
    let mut world = suspecting();
    world.inject(3, 1, Via::Datagram, &message(ping_req(1, 2, millis(400)), &[]));
    assert_eq!(world.last(1, 2).claims_about(2), [(Suspect, inc(0))]);
}

#[test]
fn so_does_a_ping_on_a_stream() {
    let mut world = suspecting();
    for _ in 0..5 {
        let target = world.probe().to;
        world.run(millis(500));
        let stream = world.last(1, target).clone();
        assert!(matches!((stream.kind(), stream.channel), (Kind::Ping { .. }, Channel::Request(_))));
        if target == 2 {
            assert_eq!(stream.claims_about(2), [(Suspect, inc(0))]);
        }
        let Kind::Ping { seq } = stream.kind() else { unreachable!() };
        world.answer(&stream, &message(crate::forge::ack(seq), &[]));
        world.run(secs(1));
    }
}

#[test]
fn a_suspect_that_is_pinged_refutes_in_its_ack() {
    let mut world = World::cluster(quiet_lan(), 2);
    let known = world.member(1, 2).unwrap().incarnation;
    world.tell(9, 1, &[said(9, 2, Suspect, known)]);
    assert_eq!(world.status(1, 2), Some(Suspect));
    world.run(secs(1));
    assert_eq!(world.status(1, 2), Some(Alive));
    assert!(world.letters.iter().all(|letter| !is_gossip(letter)));
}

#[test]
fn ringpop_tells_a_suspect_only_what_is_pending() {
    let mut world = World::among(quiet_ringpop(), 2);
    world.tell(2, 1, &[said(9, 2, Suspect, inc(0))]);
    world.drain(1);
    let ping = world.probe();
    assert_eq!(ping.claims_about(2), []);
    world.acknowledge(&ping, &[own(2, Alive, inc(1))]);
}

#[test]
fn who_missed_a_refutation_hears_it_in_the_ack_of_its_next_ping() {
    let mut world = World::cluster(quiet_lan(), 3);
    let known = world.node(2).incarnation();
    world.tell(3, 2, &[said(3, 2, Suspect, known)]);
    let refuted = world.node(2).incarnation();
    world.run(secs(60));
    assert_eq!(world.node(2).pending_changes(), 0);
    let ack = world.request(1, 2, &message(ping(77), &[said(1, 2, Suspect, known)]));
    assert_eq!(ack.claims_about(2), [(Alive, refuted)]);
    // It is the accusation that is answered so: who does not accuse hears nothing.
    let ack = world.request(1, 2, &message(ping(78), &[said(1, 2, Alive, known)]));
    assert_eq!(ack.claims_about(2), []);
}

#[test]
fn who_is_told_of_its_death_after_it_refuted_that_tells_the_one_who_says_so() {
    let mut world = World::cluster(quiet_lan(), 3);
    let known = world.node(2).incarnation();
    world.tell(3, 2, &[said(3, 2, Suspect, known)]);
    let refuted = world.node(2).incarnation();
    world.run(secs(60));
    // The others lost the refutation and declared it faulty; it learns that from an answer, or by gossip.
    let before = world.sent_by(2).count();
    world.tell(1, 2, &[said(1, 2, Status::Faulty, known)]);
    let gossip = world.sent_by(2).skip(before).filter(|letter| letter.kind() == Kind::Gossip);
    let told: Vec<_> = gossip.map(|letter| (letter.to, letter.claims_about(2))).collect();
    assert_eq!(told, [(1, vec![(Alive, refuted)])]);
    assert_eq!(world.node(2).pending_changes(), 0);
}
