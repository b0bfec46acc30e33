//! R3: which status moves on to which, and when; and that the forgotten stay forgotten.

use std::time::Duration;

use swim_core::{Channel, Command, EventKind, Kind, Options, Status, SyncReason, Via};

use crate::forge::{
    ODD, SOMEONE, inc, message, message_with, millis, own, ping, ping_req, quiet_lan, quiet_ringpop, said, secs,
};
use crate::world::World;
use Status::{Alive, Faulty, Leave, Suspect, Tombstone};

const DAY_SECS: u64 = 24 * 60 * 60;

/// Node 1 among 2 and 3; it holds 2 faulty, after a suspicion of the shortest time.
fn with_a_faulty_member(options: Options) -> World {
    let mut world = World::among(options, 3);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.run(secs(5));
    assert_eq!(world.status(1, 2), Some(Faulty));
    world
}

/// As above; 2 was reaped and evicted.
fn with_an_evicted_member(options: Options) -> World {
    let mut world = with_a_faulty_member(options);
    world.command(1, Command::Reap);
    world.run(secs(60));
    assert_eq!(world.status(1, 2), None);
    world.drain(1);
    world
}

#[test]
fn a_dead_member_is_suspect_then_faulty_then_a_tombstone_then_forgotten() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    for (after, from, to) in [
        (secs(4), Some(Suspect), Some(Faulty)),
        (secs(DAY_SECS), Some(Faulty), Some(Tombstone)),
        (secs(60), Some(Tombstone), None),
    ] {
        world.run(after - millis(1));
        assert_eq!(world.status(1, 2), from);
        world.run(millis(1));
        assert_eq!(world.status(1, 2), to);
    }
    assert_eq!(world.node(1).counters().evictions, 1);
}

#[test]
fn alive_cancels_every_timer() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.tell(3, 1, &[own(2, Alive, inc(1))]);
    world.run(secs(100));
    assert_eq!(world.status(1, 2), Some(Alive));

    let mut world = with_a_faulty_member(quiet_lan());
    world.tell(3, 1, &[own(2, Alive, inc(1))]);
    world.run(secs(2 * DAY_SECS));
    assert_eq!(world.status(1, 2), Some(Alive));
}

#[test]
fn a_newer_suspicion_restarts_the_timer_and_the_member_does_become_faulty() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.run(secs(3));
    world.tell(3, 1, &[said(3, 2, Suspect, inc(1))]);

    world.run(millis(3_999));
    assert_eq!(world.status(1, 2), Some(Suspect));
    world.run(millis(1));

    let member = world.member(1, 2).unwrap();
    assert_eq!((member.status, member.incarnation), (Faulty, inc(1)));
}

#[test]
fn a_member_that_refuted_can_be_suspected_and_become_faulty_again() {
    for options in [quiet_lan(), quiet_ringpop()] {
        let mut world = World::among(options, 3);
        world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
        world.run(secs(2));
        world.tell(3, 1, &[own(2, Alive, inc(1))]);
        world.tell(3, 1, &[said(3, 2, Suspect, inc(1))]);
        world.run(millis(3_999));
        assert_eq!(world.status(1, 2), Some(Suspect));
        world.run(secs(2));
        assert_eq!(world.status(1, 2), Some(Faulty));
    }
}

#[test]
fn newer_claims_restart_the_later_timers_too() {
    let mut world = with_a_faulty_member(quiet_lan());
    world.run(secs(DAY_SECS / 2));
    world.tell(3, 1, &[said(3, 2, Faulty, inc(1))]);
    world.run(secs(DAY_SECS - 1));
    assert_eq!(world.status(1, 2), Some(Faulty));
    world.run(secs(1));
    assert_eq!(world.status(1, 2), Some(Tombstone));

    world.run(secs(30));
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(2))]);
    world.run(secs(59));
    assert_eq!(world.status(1, 2), Some(Tombstone));
    world.run(secs(1));
    assert_eq!(world.status(1, 2), None);
}

#[test]
fn one_that_left_becomes_a_tombstone_after_a_day_and_in_ringpop_never() {
    for (options, end) in [(quiet_lan(), Some(Tombstone)), (quiet_ringpop(), Some(Leave))] {
        let mut world = World::among(options, 3);
        world.tell(3, 1, &[own(2, Leave, inc(1))]);
        world.run(secs(DAY_SECS - 1));
        assert_eq!(world.status(1, 2), Some(Leave));
        world.run(secs(2));
        assert_eq!(world.status(1, 2), end);
    }
}

#[test]
fn tombstones_are_outside_the_checksum() {
    let mut world = World::among(quiet_lan(), 3);
    let mut without = World::among(quiet_lan(), 2);
    without.tell(2, 1, &[own(3, Alive, inc(0))]);
    let both = world.node(1).checksum();
    assert_eq!(without.node(1).checksum(), both);

    let mut never_met = World::lone(quiet_lan());
    never_met.tell(3, 1, &[own(3, Alive, inc(0))]);
    world.tell(3, 1, &[own(2, Leave, inc(1))]);
    assert_ne!(world.node(1).checksum(), never_met.node(1).checksum());
    world.run(secs(24));
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(1))]);
    assert_eq!(world.node(1).checksum(), never_met.node(1).checksum());
}

#[test]
fn reaping_makes_every_faulty_member_a_tombstone_and_nobody_else() {
    let mut world = with_a_faulty_member(quiet_lan());
    world.command(1, Command::Reap);
    assert_eq!((world.status(1, 2), world.status(1, 3)), (Some(Tombstone), Some(Alive)));
}

#[test]
fn nothing_is_to_be_told_of_a_member_that_was_forgotten_before_its_tombstone_was() {
    let mut world = with_a_faulty_member(quiet_lan());
    world.drain(1);
    world.command(1, Command::Reap);
    assert!(world.node(1).has_changes());
    // The node sleeps while the tombstone expires, and tells nobody.
    world.skip(secs(60));
    world.tick(1);
    assert_eq!(world.status(1, 2), None);
    assert_eq!((world.node(1).pending_changes(), world.node(1).has_changes()), (0, false));
}

#[test]
fn an_evicted_member_is_not_taught_back_by_one_that_slept() {
    let mut world = with_an_evicted_member(quiet_lan());
    for status in [Alive, Suspect, Faulty, Leave] {
        world.tell(3, 1, &[said(3, 2, status, inc(0))]);
        assert_eq!(world.status(1, 2), None, "{status}");
    }
    assert_eq!(world.node(1).counters().rejected_evicted, 4);
    assert_eq!(world.count(1, EventKind::Rejected), 4);
}

#[test]
fn a_sleeper_that_asks_is_told_the_tombstone() {
    let mut world = with_an_evicted_member(quiet_lan());
    let ghost = [own(2, Alive, inc(0))];

    world.inject(3, 1, Via::Datagram, &message(ping(1), &ghost));
    assert_eq!(world.last(1, 3).claims_about(2), [(Tombstone, inc(0))]);

    world.inject(3, 1, Via::Datagram, &message(ping_req(2, 1, millis(400)), &ghost));
    assert_eq!(world.last(1, 3).claims_about(2), [(Tombstone, inc(0))]);
}

#[test]
fn a_sleeper_that_syncs_or_gossips_is_told_the_tombstone() {
    let mut world = with_an_evicted_member(quiet_lan());
    let list = [own(2, Alive, inc(0)), own(3, Alive, inc(0))];
    world.request(3, 1, &message(Kind::Sync { reason: SyncReason::Diverged }, &list));
    assert_eq!(world.status(1, 2), None);
    assert_eq!(told_of(&world, 2), [(Tombstone, inc(0))]);

    world.forget();
    world.tell(3, 1, &list);
    assert_eq!(told_of(&world, 2), [(Tombstone, inc(0))]);
}

/// What node 1 told 3 of a member, in whatever letter.
fn told_of(world: &World, subject: u32) -> Vec<(Status, swim_core::Incarnation)> {
    world.sent_by(1).filter(|letter| letter.to == 3).flat_map(|letter| letter.claims_about(subject)).collect()
}

#[test]
fn a_host_without_datagrams_sees_none_when_a_tombstone_is_told() {
    let mut options = quiet_ringpop();
    options.evicted_max = 16;
    let mut world = World::among(options, 3);
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(0))]);
    world.run(secs(60));
    world.drain(1);
    world.request(3, 1, &message(ping(1), &[own(2, Alive, inc(0))]));
    world.request(3, 1, &message(crate::forge::join(), &[own(3, Alive, inc(0)), own(2, Alive, inc(0))]));
    let heal = Kind::HealMerge;
    world.request(3, 1, &message(heal, &[own(2, Alive, inc(0))]));
    assert!(world.sent_by(1).all(|letter| letter.channel != Channel::Datagram));
}

#[test]
fn one_that_was_forgotten_learns_it_from_the_answer_to_its_ping() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &[said(2, 9, Faulty, inc(4))]);
    world.tell(2, 1, &[said(2, 9, Tombstone, inc(4))]);
    world.run(secs(61));
    world.drain(1);
    assert_eq!(world.status(1, 9), None);
    // It says nothing of itself, so that only its address tells who it is.
    assert_eq!(world.ask(9, 1).claims_about(9), [(Tombstone, inc(4))]);
    world.inject(9, 1, Via::Datagram, &message(ping_req(1, 1, secs(1)), &[]));
    assert_eq!(world.last(1, 9).claims_about(9), [(Tombstone, inc(4))]);
    world.inject(9, 1, Via::Datagram, &message_with(ping(2), inc(4), ODD, &[]));
    assert_eq!(world.last(1, 9).claims_about(9), [(Tombstone, inc(4))], "nor if it says what it was evicted at");
    // Once it is back under a new incarnation there is nothing to learn.
    world.inject(9, 1, Via::Datagram, &message_with(ping(2), inc(5), ODD, &[]));
    assert!(world.last(1, 9).claims_about(9).is_empty());
}

#[test]
fn who_teaches_back_many_is_told_of_sixteen_once_each() {
    let mut world = World::among(quiet_lan(), 2);
    let claims = |status| (100..120).map(move |address| said(2, address, status, inc(0))).collect::<Vec<_>>();
    world.tell(2, 1, &claims(Faulty));
    world.tell(2, 1, &claims(Tombstone));
    world.run(secs(60));
    world.drain(1);
    let ghosts = [claims(Alive), claims(Suspect)].concat();
    world.inject(2, 1, Via::Datagram, &message(ping(1), &ghosts));
    let mut told = world.last(1, 2).subjects();
    told.sort_unstable();
    assert_eq!(told, (100..116).collect::<Vec<_>>());
    assert_eq!(world.node(1).counters().rejected_evicted, 40);
}

#[test]
fn the_tombstone_is_told_to_the_one_that_needs_it_and_to_nobody_else() {
    let mut world = with_an_evicted_member(quiet_lan());
    world.tell(3, 1, &[own(2, Alive, inc(0))]);
    assert_eq!(world.ask(SOMEONE, 1).claims_about(2), []);
}

#[test]
fn a_forgotten_member_that_comes_back_with_a_new_incarnation_is_welcome() {
    let mut world = with_an_evicted_member(quiet_lan());
    world.tell(2, 1, &[own(2, Alive, inc(1))]);
    assert_eq!(world.status(1, 2), Some(Alive));
}

#[test]
fn evictions_are_remembered_for_the_faulty_timeout() {
    let mut options = quiet_lan();
    options.state_timeouts.faulty = Duration::from_secs(100);
    let mut world = with_an_evicted_member(options);
    world.run(secs(99));
    world.tell(3, 1, &[own(2, Alive, inc(0))]);
    assert_eq!(world.status(1, 2), None);
    world.run(secs(1));
    world.tell(3, 1, &[own(2, Alive, inc(0))]);
    assert_eq!(world.status(1, 2), Some(Alive));
}

#[test]
fn ringpop_remembers_no_evictions() {
    let mut world = World::among(quiet_ringpop(), 3);
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(0))]);
    world.run(secs(60));
    assert_eq!(world.status(1, 2), None);
    world.tell(3, 1, &[own(2, Alive, inc(0))]);
    assert_eq!(world.status(1, 2), Some(Alive));
}

/// The whole story, with real nodes: 4 dies, 3 sleeps through its funeral, and does not bring it back.
#[test]
fn two_that_buried_a_member_and_one_that_slept_agree_in_the_end() {
    let mut options = Options::lan();
    options.state_timeouts.faulty = Duration::from_secs(40);
    options.state_timeouts.tombstone = Duration::from_secs(10);
    let mut world = World::cluster(options, 4);
    world.put_to_sleep(3);
    world.kill(4);
    world.run(secs(90));
    assert_eq!((world.status(1, 4), world.status(2, 4)), (None, None));
    assert_eq!(world.status(3, 4), Some(Alive));

    world.wake_up(3);
    world.run(secs(20));

    for at in 1..=2 {
        assert_eq!(world.status(at, 4), None, "the ghost is back at {at}");
        assert_eq!(world.status(at, 3), Some(Alive));
    }
    assert_ne!(world.status(3, 4), Some(Alive));
    world.run(secs(60));
    assert_eq!(world.status(3, 4), None);
}

/// Deadlines that were given up are kept within bounds (I7); the harness looks after every input.
#[test]
fn three_hundred_suspects_that_refute_at_once_leave_nothing_behind() {
    let mut world = World::among(quiet_lan(), 2);
    for round in 0..60 {
        let suspects: Vec<_> = (100..400).map(|address| said(2, address, Suspect, inc(2 * round))).collect();
        world.tell(2, 1, &suspects);
        let refuted: Vec<_> = (100..400).map(|address| own(address, Alive, inc(2 * round + 1))).collect();
        world.tell(2, 1, &refuted);
    }
    world.run(secs(600));
    assert!((100..400).all(|address| world.status(1, address) == Some(Alive)));
}

/// Deadlines that were overtaken are kept until they are too many for those that count (I7), which is looked at after every
/// input; here those that count become fewer.
#[test]
fn deadlines_that_were_overtaken_are_thrown_out_when_members_are_forgotten_too() {
    for rounds in 50..70 {
        let mut world = World::among(quiet_lan(), 3);
        for status in [Faulty, Tombstone] {
            let claims: Vec<_> = (100..108).map(|ghost| said(3, ghost, status, inc(0))).collect();
            world.tell(3, 1, &claims);
        }
        world.run(secs(59));
        for round in 0..rounds {
            world.tell(3, 1, &[said(3, 2, Suspect, inc(round)), own(2, Alive, inc(round + 1))]);
        }
        world.run(secs(2));
        assert_eq!((world.status(1, 100), world.status(1, 2)), (None, Some(Alive)));
    }
}

/// What was charged to a message that is still under way may be about a member that is gone by the time it fails.
#[test]
fn a_message_that_fails_after_its_subject_was_forgotten_does_no_harm() {
    let mut options = quiet_lan();
    options.state_timeouts.tombstone = Duration::from_millis(100);
    let mut world = World::among(options, 3);
    world.tell(2, 1, &[said(2, 9, Faulty, inc(0))]);
    // A ping for another carries it, and stays under way for the longest that may be.
    world.inject(2, 1, Via::Datagram, &message(ping_req(1, 3, secs(50)), &[]));
    assert_eq!(world.last(1, 3).subjects(), [9]);
    let mut claims: Vec<_> = (1..=30).map(|count| said(2, 9, Faulty, inc(count))).collect();
    claims.push(said(2, 9, Tombstone, inc(30)));
    world.tell(2, 1, &claims);
    world.run(secs(1));
    assert_eq!(world.status(1, 9), None);
    world.run(secs(10));
    // Another has its place by now.
    world.tell(2, 1, &[own(10, Alive, inc(0))]);
    assert!(world.ask(SOMEONE, 1).claims_about(9).is_empty());
}

/// A flood of made-up members that are buried at once fills what room there is, and takes nothing from those that were real.
#[test]
fn the_memory_of_those_that_answered_is_not_washed_out_by_those_that_never_did() {
    let mut options = quiet_lan();
    options.evicted_max = 4;
    let mut world = World::among(options, 3);
    let bury = |world: &mut World, address: u32| {
        world.tell(3, 1, &[said(3, address, Faulty, inc(4))]);
        world.run(secs(30));
        world.tell(3, 1, &[said(3, address, Tombstone, inc(4))]);
        world.run(secs(61));
        assert_eq!(world.status(1, address), None);
    };
    bury(&mut world, 2);
    (100..110).for_each(|made_up| bury(&mut world, made_up));
    let known = |world: &mut World, address: u32| {
        let before = world.node(1).counters().rejected_evicted;
        world.tell(3, 1, &[own(address, Alive, inc(4))]);
        world.node(1).counters().rejected_evicted > before
    };
    assert!(known(&mut world, 2), "the real one is still remembered");
    assert!((100..103).all(|made_up| known(&mut world, made_up)), "so are those that there was room for");
    assert!(!known(&mut world, 109));
}
