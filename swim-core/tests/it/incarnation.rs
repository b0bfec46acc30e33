//! R2: only a node raises its own incarnation, and always far enough to be believed.

use swim_core::{
    Command, EventKind, Incarnation, Input, Options, OwnLabels, RejectReason, StartGossip, Status, UnixMillis,
};

use crate::forge::{by, inc, own, quiet_lan, quiet_ringpop, said, secs};
use crate::world::{WALL, World};
use Status::{Alive, Faulty, Leave, Suspect};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Node 1, whose clock is `behind` milliseconds late, among the forged members 2 and 3.
fn with_a_late_clock(options: Options, behind: u64) -> World {
    let mut world = World::new(options);
    world.boot_at(1, UnixMillis(WALL.0 - behind));
    world.bootstrap(1, StartGossip::OnCommand);
    world.tell(2, 1, &[own(2, Alive, inc(0)), own(3, Alive, inc(0))]);
    world.prove(1..=2);
    world.drain(1);
    world
}

#[test]
fn a_refutation_overrides_even_with_a_clock_that_runs_behind() {
    let mut world = with_a_late_clock(quiet_lan(), DAY);
    let known = world.node(1).incarnation();
    // The clock stands still behind what the node is known by.
    world.handle(1, Input::Wall(UnixMillis(WALL.0 - 2 * DAY)));

    world.tell(2, 1, &[said(2, 1, Suspect, known)]);

    let own = world.member(1, 1).unwrap();
    assert_eq!((own.status, own.incarnation.get()), (Alive, known.get() + 1));
}

#[test]
fn a_refutation_wins_against_a_claim_ahead_of_ones_own_clock() {
    let mut world = with_a_late_clock(quiet_lan(), 0);
    let ahead = inc(3 * DAY);
    world.tell(2, 1, &[said(2, 1, Faulty, ahead)]);
    assert_eq!(world.node(1).incarnation(), ahead.next());
    assert_eq!(world.status(1, 1), Some(Alive));
}

#[test]
fn a_refutation_takes_the_clock_where_that_is_higher() {
    let mut world = World::among(quiet_lan(), 2);
    let known = world.node(1).incarnation();
    world.run(secs(100));
    world.tell(2, 1, &[said(2, 1, Suspect, known)]);
    assert_eq!(world.node(1).incarnation(), Incarnation::from_wall(world.wall()));
}

#[test]
fn a_refutation_is_reported_and_told() {
    let mut world = World::among(quiet_lan(), 2);
    let known = world.node(1).incarnation();
    world.tell(2, 1, &[said(2, 1, Suspect, known)]);

    let refuted = world.node(1).incarnation();
    assert_eq!(world.count(1, EventKind::RefuteUpdate), 1);
    assert_eq!(world.node(1).counters().refutations, 1);
    assert_eq!(world.ask(2, 1).claims_about(1), [(Alive, refuted)]);
}

#[test]
fn a_refutation_is_in_the_very_answer_to_the_ping_that_accused() {
    let mut world = World::among(quiet_lan(), 2);
    let known = world.node(1).incarnation();
    let accusation = crate::forge::message(crate::forge::ping(1), &[said(2, 1, Suspect, known)]);
    world.inject(2, 1, swim_core::Via::Datagram, &accusation);

    let answer = world.last(1, 2);
    assert_eq!(answer.claims_about(1), [(Alive, world.node(1).incarnation())]);
    let claim = answer.message.as_message().changes.iter().next().unwrap();
    assert!(claim.is_own());
}

#[test]
fn one_that_left_stays_so_when_it_refutes() {
    let mut world = World::among(quiet_lan(), 2);
    world.command(1, Command::Leave);
    let known = world.node(1).incarnation();
    world.tell(2, 1, &[said(2, 1, Alive, known.next())]);

    let own = world.member(1, 1).unwrap();
    assert_eq!(own.status, Leave);
    assert!(own.incarnation > known.next());
}

#[test]
fn a_claim_about_oneself_that_loses_is_left_alone() {
    let mut world = World::among(quiet_lan(), 2);
    world.run(secs(1));
    world.command(1, Command::SetLabels(&OwnLabels::new([("a", "b")]).unwrap()));
    let known = world.node(1).incarnation();
    let older = Incarnation::new(known.get() - 1).unwrap();
    world.tell(2, 1, &[said(2, 1, Faulty, older)]);
    assert_eq!(world.node(1).incarnation(), known);
    assert_eq!(world.count(1, EventKind::RefuteUpdate), 0);
}

#[test]
fn a_node_that_returns_with_a_clock_behind_its_old_life_overtakes_it() {
    let mut world = with_a_late_clock(quiet_lan(), 60_000);
    // What the others remember of its last life.
    world.tell(2, 1, &[own(1, Alive, inc(0))]);
    assert!(world.node(1).incarnation() > inc(0));
}

#[test]
fn every_change_of_oneself_raises_the_incarnation() {
    let mut world = World::among(quiet_lan(), 2);
    // The clock is so late that it helps nothing.
    world.handle(1, Input::Wall(UnixMillis(0)));
    let labels = OwnLabels::new([("zone", "a")]).unwrap();
    let mut known = world.node(1).incarnation();
    for command in [Command::SetLabels(&labels), Command::Leave, Command::Rejoin, Command::SelfEvict] {
        world.run(secs(2));
        world.command(1, command);
        assert_eq!(world.node(1).incarnation(), known.next(), "{command:?}");
        known = world.node(1).incarnation();
    }
}

#[test]
fn the_host_may_correct_the_clock() {
    let mut world = World::among(quiet_lan(), 2);
    let later = UnixMillis(WALL.0 + DAY);
    world.handle(1, Input::Wall(later));
    world.run(secs(10));
    world.command(1, Command::Leave);
    assert_eq!(world.node(1).incarnation().get(), later.0 + 10_000);
}

#[test]
fn absurd_incarnations_are_rejected_and_counted() {
    let mut world = World::among(quiet_lan(), 2);
    let own_incarnation = world.node(1).incarnation();
    let checksum = world.node(1).checksum();
    let absurd = inc(30 * DAY);

    // Of a member that is known, of one that is not, and of oneself.
    world.tell(2, 1, &[own(2, Alive, absurd), own(3, Alive, absurd), said(2, 1, Suspect, absurd)]);

    assert_eq!(world.node(1).checksum(), checksum);
    assert_eq!(world.node(1).incarnation(), own_incarnation);
    assert_eq!(world.node(1).counters().rejected_incarnation, 3);
    let is_rejection =
        |event| matches!(event, swim_core::Event::Rejected { source: 2, reason: RejectReason::Incarnation });
    assert_eq!(world.events(1).filter(|&event| is_rejection(event)).count(), 3);
}

#[test]
fn accusations_are_rejected_beyond_the_limit_and_refutations_of_the_others_are_not() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(8 * DAY))]);
    assert_eq!(world.status(1, 2), Some(Alive));
    world.tell(3, 1, &[said(3, 2, Suspect, inc(7 * DAY))]);
    assert_eq!(world.status(1, 2), Some(Suspect));
    // Whose clock is late accepts the refutation of what only others accept.
    world.handle(1, Input::Wall(UnixMillis(WALL.0 - DAY)));
    world.tell(2, 1, &[own(2, Alive, inc(7 * DAY + 1))]);
    assert_eq!(world.status(1, 2), Some(Alive));
}

#[test]
fn claims_cannot_climb_step_by_step() {
    let mut world = World::among(quiet_lan(), 2);
    for days in 1..60 {
        world.tell(2, 1, &[own(2, Alive, inc(days * DAY))]);
    }
    assert!(world.member(1, 2).unwrap().incarnation <= inc(14 * DAY + 60_000));
}

#[test]
fn a_member_whose_clock_is_ahead_is_heard_when_it_leaves_as_when_it_came() {
    let mut world = World::among(quiet_lan(), 2);
    world.tell(3, 1, &[own(3, Alive, inc(10 * DAY))]);
    assert_eq!(world.status(1, 3), Some(Alive));
    world.tell(3, 1, &[own(3, Leave, inc(10 * DAY + 1))]);
    assert_eq!(world.status(1, 3), Some(Leave));
}

#[test]
fn ringpop_accepts_any_clock_but_leaves_room_to_refute() {
    let mut world = World::among(quiet_ringpop(), 3);
    world.tell(2, 1, &[by(2, inc(0), 3, Alive, Incarnation::CEILING)]);
    assert_eq!(world.member(1, 3).unwrap().incarnation, Incarnation::CEILING);

    world.tell(2, 1, &[said(2, 1, Faulty, Incarnation::MAX), said(2, 3, Faulty, Incarnation::MAX)]);
    assert_eq!(world.status(1, 1), Some(Alive));
    assert_eq!(world.status(1, 3), Some(Alive));
    assert_eq!(world.node(1).counters().rejected_incarnation, 2);

    world.tell(2, 1, &[said(2, 1, Faulty, Incarnation::CEILING)]);
    assert_eq!(world.node(1).incarnation(), Incarnation::CEILING.next());
}

#[test]
fn no_claim_leaves_a_member_without_room_to_refute() {
    let mut world = World::among(quiet_ringpop(), 3);
    // Once it is known by the last incarnation there is, nothing that it says wins against a suspicion.
    world.tell(2, 1, &[own(3, Alive, Incarnation::MAX)]);
    assert!(world.member(1, 3).unwrap().incarnation < Incarnation::MAX);
    world.tell(2, 1, &[said(2, 1, Alive, Incarnation::MAX)]);
    assert!(world.node(1).incarnation() < Incarnation::MAX);
}

#[test]
fn a_refutation_of_the_highest_accusation_that_is_accepted_is_accepted_as_well() {
    for options in [quiet_ringpop(), quiet_lan()] {
        // Where clocks are checked the highest is the limit ahead of the clock, else the ceiling.
        let highest = if options.incarnation_limit.is_some() { inc(7 * DAY) } else { Incarnation::CEILING };
        let mut world = World::cluster(options, 2);
        world.tell(9, 1, &[said(9, 2, Suspect, highest)]);
        assert_eq!(world.status(1, 2), Some(Suspect));
        world.run(secs(3));
        let member = world.member(1, 2).unwrap();
        assert_eq!((member.status, member.incarnation), (Alive, highest.next()));
    }
}

#[test]
fn a_clock_that_is_months_ahead_for_a_moment_does_not_make_what_a_node_says_then_unbelievable() {
    let mut world = World::cluster(Options::lan(), 3);
    for at in [1, 3] {
        let right = world.wall();
        world.handle(at, Input::Wall(UnixMillis(right.0 + 60 * DAY)));
        match at {
            1 => drop(world.command(1, Command::SetLabels(&OwnLabels::new([("zone", "a")]).unwrap()))),
            _ => world.tell(2, 3, &[said(2, 3, Suspect, world.node(3).incarnation())]),
        }
        let credible = Incarnation::new(right.0 + 7 * DAY).unwrap();
        assert_eq!(world.node(at).incarnation(), credible);
        world.handle(at, Input::Wall(right));
        world.run(secs(5));
        for other in 1..=3 {
            assert_eq!(
                world.member(other, at).map(|member| (member.status, member.incarnation)),
                Some((Alive, credible))
            );
        }
    }
    let labels = world.node(2).member(1).unwrap().labels;
    assert_eq!(labels.value("zone"), Some("a"));
}

#[test]
fn where_no_limit_is_set_the_clock_is_what_it_says() {
    let mut world = World::among(quiet_ringpop(), 2);
    let ahead = UnixMillis(world.wall().0 + 60 * DAY);
    world.handle(1, Input::Wall(ahead));
    world.tell(2, 1, &[said(2, 1, Suspect, world.node(1).incarnation())]);
    assert_eq!(world.node(1).incarnation(), Incarnation::from_wall(ahead));
}
