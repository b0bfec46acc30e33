//! R2, R10: whoever is told of nobody that it can believe has joined nobody.

use swim_core::{
    Change, CommandError, CommandId, Event, EventKind, Input, Kind, Options, Outcome, StartGossip, Status, UnixMillis,
};

use crate::forge::{inc, message, own, quiet_lan, quiet_ringpop, secs};
use crate::world::World;
use Status::Alive;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Nodes 1 to 3, and node 4 that asks them to let it in, with a clock that knows no date.
fn without_a_date(options: Options) -> (World, CommandId) {
    let mut world = World::cluster(options, 3);
    world.boot_at(4, UnixMillis(0));
    let id = world.bootstrap(4, StartGossip::WhenReady);
    (world, id)
}

#[test]
fn a_node_without_a_date_joins_as_soon_as_it_has_one() {
    let (mut world, id) = without_a_date(Options::lan());
    world.run(secs(30));
    assert_eq!((world.outcome(id), world.node(4).is_ready()), (None, false));
    assert!(world.count(4, EventKind::JoinListRejected) >= 9, "three in each round");
    let known = (1..=3).map(|at| world.status(at, 4));
    assert_eq!(Vec::from_iter(known), [Some(Alive); 3], "it answers, and is not suspected for its clock");

    let right = world.wall();
    world.handle(4, Input::Wall(right));
    world.run(secs(61));
    assert_eq!(world.outcome(id), Some(Outcome::Joined(3)));
    assert_eq!(world.node(4).count_reachable(), 4);
    assert_eq!(world.checksums().len(), 1);
}

#[test]
fn a_node_that_gets_no_date_does_not_take_itself_for_the_cluster() {
    let (mut world, id) = without_a_date(Options::lan());
    world.run(secs(200));
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::JoinFailed)));
    assert_eq!(world.node(4).members().len(), 1);
}

#[test]
fn where_no_limit_is_set_any_clock_is_believed() {
    let (mut world, id) = without_a_date(quiet_ringpop());
    world.run(secs(5));
    assert_eq!(world.outcome(id), Some(Outcome::Joined(3)));
    assert_eq!(world.count(4, EventKind::JoinListRejected), 0);
}

/// What comes of a join of node 1 whose one host, 2, answers with these claims.
fn answered(claims: &[Change<'_, u32>]) -> (World, Option<Outcome>) {
    let mut world = World::new(quiet_lan());
    world.hosts = Some(vec![1, 2]);
    world.boot(1);
    let id = world.bootstrap(1, StartGossip::OnCommand);
    let asked = world.last(1, 2).clone();
    world.answer(&asked, &message(Kind::List, claims));
    let outcome = world.outcome(id);
    (world, outcome)
}

#[test]
fn one_member_that_can_be_believed_is_enough() {
    let far = own(2, Alive, inc(20 * DAY));
    let (world, outcome) = answered(&[far, own(3, Alive, inc(0))]);
    assert_eq!(outcome, Some(Outcome::Joined(1)));
    assert_eq!((world.status(1, 2), world.status(1, 3)), (None, Some(Alive)));

    // A claim of the one that is told says nothing of their clocks.
    assert_eq!(answered(&[own(1, Alive, inc(0))]).1, Some(Outcome::Joined(1)));
    assert_eq!(answered(&[far, own(1, Alive, inc(0))]).1, None);
}

#[test]
fn how_far_apart_the_clocks_are_at_least_is_told() {
    let (world, outcome) = answered(&[3, 2, 4].map(|host| own(host, Alive, inc(u64::from(host) * 10 * DAY))));
    assert_eq!(outcome, None);
    let ahead_ms = inc(20 * DAY).get() - world.wall().0;
    assert!(world.events(1).any(|event| event == Event::JoinListRejected { source: 2, ahead_ms }));
    assert_eq!((world.node(1).members().len(), world.node(1).counters().rejected_incarnation), (1, 1));
}
