//! R1 and R1a: which claims replace what is known, and that a single message does not kill.

use swim_core::{Options, Status};

use crate::forge::{by, inc, millis, own, quiet_lan, quiet_ringpop, said, secs};
use crate::world::World;
use Status::{Alive, Faulty, Leave, Suspect, Tombstone};

#[test]
fn a_higher_incarnation_replaces_what_is_known_and_a_lower_one_does_not() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[own(2, Leave, inc(5))]);
    assert_eq!(world.status(1, 2), Some(Leave));
    world.tell(3, 1, &[own(2, Alive, inc(6))]);
    assert_eq!(world.status(1, 2), Some(Alive));

    let checksum = world.node(1).checksum();
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(5))]);

    assert_eq!(world.status(1, 2), Some(Alive));
    assert_eq!(world.node(1).checksum(), checksum);
}

#[test]
fn a_member_that_is_not_known_is_accepted_in_every_status_but_tombstone() {
    let mut world = World::among(quiet_lan(), 2);
    for (address, status) in [(3, Alive), (4, Suspect), (5, Faulty), (6, Leave)] {
        world.tell(2, 1, &[said(2, address, status, inc(0))]);
        assert_eq!(world.status(1, address), Some(status));
    }
    world.tell(2, 1, &[said(2, 7, Tombstone, inc(0))]);
    assert_eq!(world.status(1, 7), None);
}

#[test]
fn one_forged_faulty_does_not_kill() {
    let mut world = World::cluster(Options::lan(), 3);
    let known = world.member(1, 2).unwrap().incarnation;

    world.tell(3, 1, &[said(3, 2, Faulty, known)]);
    assert_eq!(world.status(1, 2), Some(Suspect));
    world.run(secs(3));

    for at in 1..=3 {
        assert_eq!(world.status(at, 2), Some(Alive), "at {at}");
        assert!(world.member(at, 2).unwrap().incarnation > known);
    }
}

#[test]
fn a_tombstone_for_a_live_member_is_no_more_than_an_accusation_either() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(9))]);

    let member = world.member(1, 2).unwrap();
    assert_eq!((member.status, member.incarnation), (Suspect, inc(9)));
    assert_eq!(world.node(1).counters().changes_doubted, 1);
}

#[test]
fn each_maker_of_a_faulty_claim_counts_as_an_accuser() {
    // Six members: a suspicion lasts 24 s, or 4 s once three others have confirmed it.
    let mut world = World::among(quiet_lan(), 6);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    for maker in 4..=6 {
        world.tell(maker, 1, &[said(maker, 2, Faulty, inc(0))]);
        assert_eq!(world.status(1, 2), Some(Suspect));
    }
    world.run(millis(3_999));
    assert_eq!(world.status(1, 2), Some(Suspect));
    world.run(millis(1));
    assert_eq!(world.status(1, 2), Some(Faulty));
}

#[test]
fn a_death_is_believed_once_the_member_was_suspected_for_the_shortest_time() {
    let mut world = World::among(quiet_lan(), 6);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.run(millis(3_999));
    world.tell(3, 1, &[said(3, 2, Faulty, inc(0))]);
    assert_eq!(world.status(1, 2), Some(Suspect));
    world.run(millis(1));
    world.tell(3, 1, &[said(3, 2, Faulty, inc(0))]);
    assert_eq!(world.status(1, 2), Some(Faulty));
}

#[test]
fn a_suspicion_at_another_incarnation_does_not_make_a_death_credible() {
    let mut world = World::among(quiet_lan(), 6);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.run(secs(5));
    world.tell(3, 1, &[said(3, 2, Faulty, inc(1))]);
    assert_eq!(world.status(1, 2), Some(Suspect));
}

#[test]
fn a_leave_is_believed_at_once_when_the_member_says_it_itself() {
    let mut world = World::among(quiet_lan(), 3);
    // It comes by way of 3, and 2 made it.
    world.tell(3, 1, &[own(2, Leave, inc(1))]);
    assert_eq!(world.status(1, 2), Some(Leave));
}

#[test]
fn a_leave_that_another_invents_is_an_accusation() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[by(3, inc(0), 2, Leave, inc(0))]);
    assert_eq!(world.status(1, 2), Some(Suspect));
}

#[test]
fn of_the_faulty_everything_is_believed_by_precedence() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[said(3, 7, Faulty, inc(1))]);
    world.tell(3, 1, &[said(3, 7, Tombstone, inc(1))]);
    assert_eq!(world.status(1, 7), Some(Tombstone));
}

#[test]
fn of_one_that_left_a_tombstone_is_believed_after_the_longest_suspicion() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[own(2, Leave, inc(1))]);
    world.run(millis(23_999));
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(1))]);
    assert_eq!(world.status(1, 2), Some(Leave));
    world.run(millis(1));
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(1))]);
    assert_eq!(world.status(1, 2), Some(Tombstone));
}

#[test]
fn of_one_that_left_a_death_under_a_newer_incarnation_is_an_accusation() {
    for status in [Faulty, Leave, Tombstone] {
        let mut world = World::among(quiet_lan(), 3);
        world.tell(3, 1, &[own(2, Leave, inc(1))]);
        world.tell(3, 1, &[said(3, 2, status, inc(2))]);
        assert_eq!(world.status(1, 2), Some(Suspect));
    }
}

#[test]
fn ringpop_believes_hearsay() {
    let mut world = World::among(quiet_ringpop(), 3);
    world.tell(3, 1, &[said(3, 2, Faulty, inc(0))]);
    assert_eq!(world.status(1, 2), Some(Faulty));
}

/// Thirty members, of which one has left: a suspicion among the 29 lasts 24 s times the logarithm, 35.1 s.
#[test]
fn in_a_larger_cluster_one_that_left_has_as_much_longer_to_refute_a_tombstone_as_a_suspect_has() {
    let mut world = World::among(quiet_lan(), 30);
    world.tell(3, 1, &[own(2, Leave, inc(1)), said(3, 4, Suspect, inc(0))]);
    world.run(millis(35_000));
    assert_eq!(world.status(1, 4), Some(Suspect));
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(1))]);
    assert_eq!(world.status(1, 2), Some(Leave));
    world.run(millis(150));
    assert_eq!(world.status(1, 4), Some(Faulty));
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(1))]);
    assert_eq!(world.status(1, 2), Some(Tombstone));
}
