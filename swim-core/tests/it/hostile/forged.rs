//! Forged senders, replayed messages, and those of another cluster.

use swim_core::{
    ChangeList, ClusterId, Command, Incarnation, Kind, Options, Reach, RefusedReason, Seq, Status, Ticket, Via, wire,
};

use crate::forge::{STRANGER, ack, inc, is_ack, join, message, millis, own, ping, quiet_lan, said, secs};
use crate::world::{Letter, World};
use Status::{Alive, Faulty, Suspect, Tombstone};

/// Whoever cannot receive at an address does not see the number that was sent there. The forger has seen a hundred numbers of
/// this node, sent to itself, and tries those that follow, those before, and twenty thousand others.
#[test]
fn an_ack_in_the_name_of_another_is_not_guessed_from_numbers_that_were_seen() {
    let mut world = World::among(quiet_lan(), 3);
    let mut seen = Vec::new();
    while seen.len() < 100 {
        let asked = world.probe();
        let Kind::Ping { seq } = asked.kind() else { unreachable!() };
        if asked.to == 2 {
            seen.push(seq.0);
        }
        world.acknowledge(&asked, &[]);
    }
    let mut asked = world.probe();
    while asked.to != 3 {
        world.acknowledge(&asked, &[]);
        asked = world.probe();
    }
    let acked = world.node(1).counters().acks_received;
    let near =
        seen.iter().flat_map(|&seq| (1..=20).flat_map(move |step| [seq.wrapping_add(step), seq.wrapping_sub(step)]));
    let guesses: Vec<u32> = near.chain(0..20_000).collect();
    for &guess in &guesses {
        world.inject(3, 1, Via::Datagram, &message(ack(Seq(guess)), &[]));
        let answer = Kind::PingReqAnswer { seq: Seq(guess), target: 3, reach: Reach::Reached };
        world.inject(2, 1, Via::Datagram, &message(answer, &[]));
    }
    let counters = world.node(1).counters();
    assert_eq!(counters.acks_received, acked);
    assert_eq!(counters.rejected_unsolicited, 2 * guesses.len() as u64);
    world.run(secs(1));
    assert_eq!(world.node(1).counters().rounds_failed, 1, "the round goes on as if nobody had spoken");
}

/// Every letter of a life with an accusation, a refutation, a crash and a return, again and again and out of order.
#[test]
fn replayed_messages_change_nothing() {
    let mut world = World::cluster(Options::lan(), 4);
    let known = world.member(1, 2).unwrap().incarnation;
    world.tell(3, 1, &[said(3, 2, Suspect, known)]);
    world.run(secs(5));
    world.kill(4);
    world.run(secs(60));
    assert_eq!(world.status(1, 4), Some(Faulty));
    world.boot(4);
    world.bootstrap(4, swim_core::StartGossip::WhenReady);
    world.run(secs(30));
    let states = |world: &World| {
        let of =
            |at| world.node(at).members().iter().map(|m| (at, m.address, m.incarnation, m.status)).collect::<Vec<_>>();
        (1..=4).flat_map(of).collect::<Vec<_>>()
    };
    let (before, letters) = (states(&world), world.letters.clone());
    assert!(letters.len() > 500 && before.iter().all(|&(.., status)| status == Alive));
    for letter in letters.iter().rev().chain(&letters) {
        replay(&mut world, letter);
    }
    assert_eq!(states(&world), before);
    world.run(secs(30));
    assert_eq!(states(&world), before, "and nothing comes of it later");
}

/// As it came, but on a stream of the replayer's own.
fn replay(world: &mut World, letter: &Letter) {
    let via = match letter.channel {
        swim_core::Channel::Datagram => Via::Datagram,
        swim_core::Channel::Request(_) => Via::Request(world.ticket()),
        swim_core::Channel::Reply(_) => Via::Response(Ticket(1)),
    };
    world.inject(letter.from, letter.to, via, &letter.message);
}

/// What was evicted stays so for as long as it is remembered: a day. After that a replayed claim lists it until its first
/// round, as it would any invented member.
#[test]
fn a_replayed_claim_about_one_that_was_evicted_is_rejected_for_a_day() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &[said(2, 9, Faulty, inc(0))]);
    world.tell(2, 1, &[said(2, 9, Tombstone, inc(0))]);
    world.run(secs(61));
    for hours in 0..23 {
        world.tell(2, 1, &[own(9, Alive, inc(0))]);
        assert_eq!(world.status(1, 9), None, "after {hours} hours");
        world.run(secs(60 * 60));
    }
    world.run(secs(60 * 60));
    world.tell(2, 1, &[own(9, Alive, inc(0))]);
    assert_eq!(world.status(1, 9), Some(Alive));
}

#[test]
fn frames_of_another_cluster_do_not_get_as_far_as_a_node() {
    let (ours, theirs) = (ClusterId::from_name("ours"), ClusterId::from_name("theirs"));
    let mut list = ChangeList::<u32>::new();
    for kind in [ping(1), Kind::Gossip, join(), Kind::HealMerge] {
        let mut bytes = Vec::new();
        wire::encode(theirs, &message(kind, &[own(7, Alive, inc(0))]).as_message(), &mut bytes);
        assert!(wire::decode(ours, wire::Limits::datagram(1400), &bytes, &mut list).is_err());
        assert!(wire::decode(theirs, wire::Limits::datagram(1400), &bytes, &mut list).is_ok());
    }
}

/// A sender's name and incarnation outside of its claims decide only what it is told.
#[test]
fn a_forged_sender_changes_nothing_of_what_is_held_of_the_one_that_it_names() {
    let mut world = World::cluster(Options::lan(), 3);
    let known = world.member(1, 2).unwrap();
    let (incarnation, status) = (known.incarnation, known.status);
    for number in [0, inc(0).get(), Incarnation::MAX.get()] {
        let number = Incarnation::new(number).unwrap();
        for kind in [ping(1), ack(Seq(1)), Kind::Gossip] {
            let forged = crate::forge::message_with(kind, number, crate::forge::ODD, &[]);
            world.inject(2, 1, Via::Datagram, &forged);
        }
        world.run(millis(500));
    }
    let held = world.member(1, 2).unwrap();
    assert_eq!((held.incarnation, held.status), (incarnation, status));
}

/// An answer counts for the number that was drawn for it, also where another one of that member is waited for.
#[test]
fn an_answer_with_another_number_than_that_of_an_attempt_to_heal_proves_nothing() {
    let mut world = World::among(quiet_lan(), 3);
    world.command(1, Command::AttemptHeal { target: STRANGER });
    world.tell(2, 1, &[own(STRANGER, Alive, inc(0))]);
    for kind in [Kind::List, Kind::Done, ack(Seq(7)), Kind::Refused { reason: RefusedReason::NotReady }] {
        world.inject(STRANGER, 1, Via::Response(Ticket(7)), &message(kind, &[]));
    }
    assert_eq!(world.node(1).counters().rejected_unsolicited, 4);
    assert!(!world.node(1).is_proven(STRANGER));
}

/// Members are told all that is pending; a forged one costs a send of each change that fits, so news can be used up before
/// they reach that member. Gossip, rounds and syncs bring them to it all the same.
#[test]
fn pings_in_the_name_of_members_do_not_keep_news_from_them() {
    let mut world = World::cluster(Options::lan(), 5);
    world.tell(2, 1, &[own(2, Alive, world.member(1, 2).unwrap().incarnation.next())]);
    let fresh = world.member(1, 2).unwrap().incarnation;
    for _ in 0..100 {
        for member in 2..=5 {
            world.inject(member, 1, Via::Datagram, &message(ping(1), &[]));
        }
        world.letters.retain(|letter| !is_ack(letter));
    }
    world.run(secs(15));
    assert!((1..=5).all(|at| world.member(at, 2).unwrap().incarnation >= fresh));
    assert_eq!(world.checksums().len(), 1);
}
