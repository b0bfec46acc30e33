//! A flood of made-up members (R16): the list stays as small as it was configured, and who has answered stays in it.

use swim_core::{Event, EventKind, Kind, Options, OwnLabels, RefusedReason, Seq, Status, Via};

use crate::forge::{
    ack, inc, is_ping, join, message, message_with, millis, own, ping, quiet_lan, quiet_ringpop, said, secs,
};
use crate::world::World;
use Status::{Alive, Faulty, Leave, Suspect};

/// Addresses that nobody answers at.
const MADE_UP: std::ops::Range<u32> = 1_000_000..1_000_000_000;

fn bounded(members_max: u32) -> Options {
    Options { members_max, ..quiet_lan() }
}

/// Node 1 in a full list with the forged members 2 to `last`, of which none was probed yet.
fn full(last: u32) -> World {
    let world = World::claimed(bounded(last), last);
    assert_eq!((world.node(1).listed().count(), world.node(1).count_proven()), (last as usize, 1));
    world
}

/// The pings to one address that node 1 has sent so far.
fn pings_to(world: &World, address: u32) -> usize {
    world.sent_by(1).filter(|letter| is_ping(letter) && letter.to == address).count()
}

#[test]
fn a_flood_of_joins_with_made_up_members_stays_within_the_configured_number() {
    let mut world = World::among(bounded(100), 10);
    world.prove(2..=10);
    for stranger in MADE_UP.take(2_000) {
        let reply = world.request(stranger, 1, &message(join(), &[own(stranger, Alive, inc(0))]));
        assert_eq!(reply.kind(), Kind::List, "a join is answered all the same");
        world.letters.clear();
    }
    assert_eq!(world.node(1).listed().count(), 100);
    assert!((1..=10).all(|member| world.status(1, member) == Some(Alive)));
    assert_eq!(world.node(1).counters().rejected_too_many_members, 2_000 - 90);
    assert_eq!(world.node(1).counters().members_dropped, 0, "claims alone push out nobody");
}

#[test]
fn a_flood_makes_a_node_ping_no_more_than_sixteen_strangers_in_a_ping_timeout() {
    let mut world = full(5);
    for stranger in MADE_UP.take(500) {
        world.tell(2, 1, &[own(stranger, Alive, inc(0))]);
        world.tell(2, 1, &[own(stranger, Alive, inc(1))]);
    }
    assert_eq!(world.node(1).counters().trials, 16);
    assert_eq!(world.sent_by(1).count(), 16, "once each");
    assert!(world.sent_by(1).all(|letter| letter.subjects().is_empty()), "and nothing is told to them");
    world.run(millis(499));
    world.tell(2, 1, &[own(999_999, Alive, inc(0))]);
    assert_eq!(world.node(1).counters().trials, 16);
    world.run(millis(1));
    world.tell(2, 1, &[own(999_999, Alive, inc(0))]);
    assert_eq!(world.node(1).counters().trials, 17, "those that did not answer give way");
}

#[test]
fn a_newcomer_that_answers_takes_the_place_of_one_that_never_did() {
    let mut world = full(5);
    world.prove(2..=4);
    world.forget();
    let labels = OwnLabels::new([("zone", "b")]).unwrap();
    let claim = swim_core::Change { labels: labels.as_labels(), ..own(6, Alive, inc(0)) };
    let applied = world.node(1).counters().changes_applied;

    world.tell(2, 1, &[claim]);
    assert_eq!(world.status(1, 6), None, "the claim alone does not list it");
    let asked = world.last(1, 6).clone();
    world.acknowledge(&asked, &[]);

    assert_eq!(world.status(1, 6), Some(Alive));
    assert_eq!(world.member(1, 6).unwrap().labels, labels.as_labels(), "as it was claimed");
    assert_eq!(world.status(1, 5), None, "who never answered is gone");
    assert!(world.events(1).any(|event| event == Event::MemberDropped { address: 5, incarnation: inc(0) }));
    assert_eq!(world.node(1).counters().members_dropped, 1);
    assert_eq!(world.count(1, EventKind::MemberlistChangesApplied), 1);
    assert_eq!(world.node(1).counters().changes_applied - applied, 1);
    assert_eq!((world.node(1).count_reachable(), world.node(1).listed().count()), (5, 5));
}

#[test]
fn those_that_have_answered_are_not_pushed_out_by_anyone() {
    let mut world = full(5);
    world.prove(2..=5);
    world.forget();
    for newcomer in 6..40 {
        world.tell(2, 1, &[own(newcomer, Alive, inc(0))]);
    }
    assert!(
        world.sent_by(1).all(|letter| letter.to == 2),
        "there is nobody that a newcomer could replace, so it is not pinged either"
    );
    assert!((1..=5).all(|member| world.status(1, member) == Some(Alive)));
    assert_eq!(world.node(1).counters().rejected_too_many_members, 34);
}

#[test]
fn the_dead_that_never_answered_give_way_first_then_suspects() {
    let mut world = World::claimed(bounded(6), 3);
    world.tell(2, 1, &[own(4, Alive, inc(0)), said(2, 5, Suspect, inc(0)), said(2, 6, Faulty, inc(0))]);
    for (newcomer, gives_way) in [(10, 6), (11, 5)] {
        world.tell(2, 1, &[own(newcomer, Alive, inc(0))]);
        let asked = world.last(1, newcomer).clone();
        world.acknowledge(&asked, &[]);
        assert_eq!((world.status(1, newcomer), world.status(1, gives_way)), (Some(Alive), None));
    }
}

#[test]
fn one_that_was_dropped_comes_back_once_it_answers_and_is_not_told_that_it_was_evicted() {
    let mut world = full(3);
    world.prove(2..=2);
    world.tell(2, 1, &[own(4, Alive, inc(0))]);
    let asked = world.last(1, 4).clone();
    world.acknowledge(&asked, &[]);
    assert_eq!(world.status(1, 3), None);
    world.forget();

    world.tell(2, 1, &[own(3, Alive, inc(0))]);
    assert_eq!(world.node(1).counters().rejected_evicted, 0);
    assert!(world.sent_by(1).all(|letter| letter.subjects().is_empty()), "no tombstone of it is told");
    assert_eq!(pings_to(&world, 3), 0, "all are proven by now");
}

#[test]
fn the_suspicion_of_one_that_is_dropped_goes_with_it() {
    let mut world = World::among(bounded(3), 2);
    world.prove(2..=2);
    world.tell(2, 1, &[said(2, 3, Suspect, inc(0))]);
    world.tell(2, 1, &[own(4, Alive, inc(0))]);
    let asked = world.last(1, 4).clone();
    world.acknowledge(&asked, &[]);
    assert_eq!(world.status(1, 3), None);
    // The newcomer has the slot by now; nothing of the suspicion is left to run out on it.
    world.run(secs(60));
    assert_eq!(world.status(1, 4), Some(Alive));
}

#[test]
fn nothing_that_can_be_forged_proves_a_member() {
    let mut world = full(5);
    let asked = world.probe();
    let Kind::Ping { seq } = asked.kind() else { unreachable!() };
    let other = if asked.to == 5 { 4 } else { asked.to + 1 };
    // Its own pings, gossip, ping-reqs and requests, a ping answered in another's name, and one with another number.
    world.inject(other, 1, Via::Datagram, &message(ping(1), &[own(other, Alive, inc(1))]));
    world.tell(other, 1, &[own(other, Alive, inc(2))]);
    world.request(other, 1, &message(join(), &[own(other, Alive, inc(3))]));
    world.inject(other, 1, Via::Datagram, &message(ack(seq), &[]));
    world.inject(asked.to, 1, Via::Datagram, &message(ack(Seq(seq.0.wrapping_add(1))), &[]));
    assert_eq!(world.node(1).count_proven(), 1);
    world.acknowledge(&asked, &[]);
    assert!(world.node(1).is_proven(asked.to));
    assert_eq!(world.node(1).count_proven(), 2);
}

#[test]
fn one_newcomer_does_not_answer_for_another_nor_with_a_number_of_its_own() {
    let mut world = full(5);
    world.tell(2, 1, &[own(6, Alive, inc(0)), own(7, Alive, inc(0))]);
    let Kind::Ping { seq } = world.last(1, 6).kind() else { unreachable!() };
    let told = [own(3, Alive, inc(1))];
    world.inject(7, 1, Via::Datagram, &message(ack(seq), &told));
    world.inject(6, 1, Via::Datagram, &message(ack(Seq(seq.0.wrapping_add(1))), &told));
    assert_eq!((world.status(1, 6), world.status(1, 7)), (None, None));
    assert_eq!(world.member(1, 3).unwrap().incarnation, inc(0), "nor is heard what they say");
    assert_eq!(world.node(1).counters().rejected_unsolicited, 2);
}

#[test]
fn what_is_claimed_to_be_dead_is_not_worth_a_ping() {
    let mut world = full(4);
    world.tell(2, 1, &[said(2, 7, Faulty, inc(0)), own(8, Leave, inc(0))]);
    assert_eq!(world.sent_by(1).count(), 0);
    assert_eq!(world.node(1).counters().rejected_too_many_members, 2);
}

#[test]
fn a_node_that_is_still_joining_tries_out_nobody() {
    let mut world = World::new(bounded(2));
    world.boot(1);
    world.tell(2, 1, &[own(2, Alive, inc(0)), own(3, Alive, inc(0))]);
    assert_eq!((world.status(1, 3), world.node(1).counters().trials), (None, 0));
}

#[test]
fn where_pings_are_requests_a_refusal_for_not_being_ready_is_an_answer_too() {
    let mut world = World::claimed(Options { members_max: 3, ..quiet_ringpop() }, 3);
    for (newcomer, reason) in [(4, RefusedReason::OtherApp), (5, RefusedReason::NotReady)] {
        world.tell(2, 1, &[own(newcomer, Alive, inc(0))]);
        let asked = world.last(1, newcomer).clone();
        world.answer(&asked, &message(Kind::Refused { reason }, &[]));
    }
    assert_eq!((world.status(1, 4), world.status(1, 5)), (None, Some(Alive)));
}

/// A flood of claims goes on all the while, and the real newcomer gets one of the sixteen pings as soon as its claim
/// comes when one is free.
#[test]
fn a_real_newcomer_gets_in_while_the_flood_goes_on_and_stays() {
    let mut world = World::among(bounded(50), 10);
    world.prove(2..=10);
    let mut made_up = MADE_UP;
    let mut listed_after = None;
    for round in 0..200 {
        let checksum = world.node(1).checksum();
        for stranger in made_up.by_ref().take(40) {
            world.inject(
                3,
                1,
                Via::Datagram,
                &message_with(Kind::Gossip, inc(0), checksum, &[own(stranger, Alive, inc(0))]),
            );
        }
        // The newcomer's claim comes after forty others, once in a while.
        if round % 7 == 3 {
            world.tell(2, 1, &[own(77, Alive, inc(0))]);
        }
        if round % 7 == 5 {
            // ... or before them.
            world.run(millis(500));
            world.tell(2, 1, &[own(77, Alive, inc(0))]);
        }
        let asked = world.sent_by(1).rfind(|letter| letter.to == 77 && is_ping(letter)).cloned();
        if let Some(asked) = asked {
            if world.status(1, 77).is_none() {
                world.acknowledge(&asked, &[]);
                listed_after.get_or_insert(round);
            }
        }
        world.letters.clear();
        world.run(millis(100));
    }
    assert_eq!(listed_after, Some(5), "its claim came first once");
    assert_eq!(world.status(1, 77), Some(Alive));
    assert!(world.node(1).is_proven(77));
    assert_eq!(world.node(1).listed().count(), 50);
    assert!((1..=10).all(|member| world.node(1).is_proven(member)));
}

#[test]
fn one_that_answers_when_its_trial_is_over_has_not_answered() {
    for (after, held) in [(millis(499), Some(Alive)), (millis(500), None)] {
        let mut world = full(5);
        world.tell(2, 1, &[own(6, Alive, inc(0))]);
        let asked = world.last(1, 6).clone();
        world.run(after);
        world.acknowledge(&asked, &[]);
        assert_eq!(world.status(1, 6), held, "{after:?}");
    }
}

/// A list that names one member again and again costs no more than one that names it once.
#[test]
fn of_a_long_list_each_member_is_changed_once_oneself_included() {
    let mut world = World::among(quiet_lan(), 3);
    let before = *world.node(1).counters();
    let own_incarnation = world.node(1).incarnation();
    let claims = (1..=10_000).map(|number| own(2, Alive, inc(number)));
    let lies = (1..=10_000).map(|number| {
        let incarnation = swim_core::Incarnation::new(own_incarnation.get() + number).unwrap();
        said(50, 1, Suspect, incarnation)
    });
    let list: Vec<_> = claims.chain(lies).collect();
    world.request(50, 1, &message(Kind::HealMerge, &list));
    let after = world.node(1).counters();
    assert_eq!(after.changes_applied - before.changes_applied, 2);
    assert_eq!(after.refutations - before.refutations, 1);
    assert_eq!(world.member(1, 2).map(|member| member.incarnation), Some(inc(1)));
    // What others heard of it is refuted once they say so again.
    world.tell(2, 1, &list[20_000 - 1..]);
    assert!(world.node(1).incarnation().get() > own_incarnation.get() + 10_000);
}

#[test]
fn a_member_stands_in_the_way_of_healing_once_however_often_a_long_list_names_it() {
    let mut world = World::among(quiet_lan(), 5);
    world.tell(2, 1, &[said(2, 8, Faulty, inc(3)), said(2, 9, Faulty, inc(3))]);
    world.command(1, swim_core::Command::AttemptHeal { target: 8 });
    let mut list = vec![own(9, Alive, inc(0)); 10_000];
    list.extend((0..10_000).map(|number| said(8, 3, Faulty, inc(7 + number))));
    let asked = world.last(1, 8).clone();
    world.answer(&asked, &message(Kind::List, &list));
    let told = world.last(1, 8);
    assert_eq!((told.kind(), told.subjects()), (Kind::HealSuspect, vec![9]));
    assert_eq!(world.member(1, 3).map(|member| (member.status, member.incarnation)), Some((Suspect, inc(7))));
}
