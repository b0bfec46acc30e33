//! R10: what a node does when another asks to join.

use std::collections::BTreeSet;

use swim_core::{Config, Event, EventKind, Kind, Options, RefusedReason, RejectReason, Status};

use crate::forge::{inc, join, message, own, quiet_lan, said};
use crate::world::World;
use Status::{Alive, Faulty};

#[test]
fn joiners_of_another_app_are_refused() {
    let mut world = World::among(quiet_lan(), 2);
    let mut foreign = Options::lan();
    foreign.app = "another".into();
    let app = Config::try_from(foreign).unwrap().cluster();
    let reply = world.request(9, 1, &message(Kind::Join { app }, &[own(9, Alive, inc(0))]));
    assert_eq!(reply.kind(), Kind::Refused { reason: RefusedReason::OtherApp });
    assert_eq!(world.status(1, 9), None);
    let rejected = Event::Rejected { source: 9, reason: RejectReason::OtherApp };
    assert!(world.events(1).any(|event| event == rejected));
}

#[test]
fn joins_are_answered_also_before_one_is_ready() {
    let mut world = World::new(quiet_lan());
    world.boot(1);
    let reply = world.request(9, 1, &message(join(), &[own(9, Alive, inc(0))]));
    assert_eq!(reply.kind(), Kind::List);
    assert_eq!(BTreeSet::from_iter(reply.subjects()), BTreeSet::from([1, 9]));
    assert_eq!(world.count(1, EventKind::JoinReceive), 1);
}

#[test]
fn a_joiner_speaks_for_itself_and_for_nobody_else() {
    let mut world = World::among(quiet_lan(), 2);
    world.request(9, 1, &message(join(), &[own(50, Alive, inc(0)), said(9, 2, Faulty, inc(5)), own(9, Alive, inc(0))]));
    assert_eq!((world.status(1, 9), world.status(1, 50)), (Some(Alive), None));
    assert_eq!(world.status(1, 2), Some(Alive));
    assert!(world.node(1).has_changes(), "a new member is told of");
}

#[test]
fn a_known_member_that_joins_with_a_new_incarnation_has_restarted() {
    let mut world = World::among(quiet_lan(), 3);
    world.request(2, 1, &message(join(), &[own(2, Alive, inc(0))]));
    world.request(4, 1, &message(join(), &[own(4, Alive, inc(0))]));
    assert_eq!(world.count(1, EventKind::MemberRestarted), 0);
    world.request(3, 1, &message(join(), &[own(3, Alive, inc(9))]));
    assert!(world.events(1).any(|event| event == Event::MemberRestarted { address: 3, incarnation: inc(9) }));
}

#[test]
fn a_restart_that_is_rejected_is_not_reported() {
    let mut world = World::among(quiet_lan(), 3);
    let absurd = inc(365 * 24 * 60 * 60 * 1000);
    world.request(3, 1, &message(join(), &[own(3, Alive, absurd)]));
    assert_eq!(world.member(1, 3).unwrap().incarnation, inc(0));
    assert_eq!(world.count(1, EventKind::MemberRestarted), 0);
}
