//! R11 in real clusters: halves that hold each other faulty find together again, and nobody dies of it.

use std::time::Duration;

use swim_core::{Command, Event, Incarnation, Kind, Micros, Options, OwnLabels, Status};

use crate::forge::{message, ping_req, secs};
use crate::world::World;
use Status::{Alive, Faulty};

#[derive(Clone, Copy, PartialEq)]
enum Discovery {
    Works,
    Fails,
}

/// Cuts four nodes in halves for so long, mends, and lets them heal. Returns how long that took.
fn part_and_heal(options: Options, discovery: Discovery, parted: Micros) -> (World, Micros) {
    let mut world = World::cluster(options, 4);
    world.cut(|letter| (letter.from <= 2) != (letter.to <= 2));
    if discovery == Discovery::Fails {
        world.hosts = None;
    }
    world.run(parted);
    for (at, of) in [(1, 3), (1, 4), (2, 3), (2, 4), (3, 1), (3, 2), (4, 1), (4, 2)] {
        assert!(!world.status(at, of).is_some_and(Status::is_pingable), "{at} holds {of} dead");
    }
    world.mend();
    world.forget();
    let start = world.now;
    while world.now.since(start) < secs(600) {
        world.run(secs(1));
        let all_alive = (1..=4).all(|at| (1..=4).all(|of| world.status(at, of) == Some(Alive)));
        if all_alive && world.checksums().len() == 1 {
            let took = world.now.since(start);
            return (world, took);
        }
    }
    panic!("they do not heal");
}

/// Nobody declares one of its own side faulty while two sides heal.
fn nobody_dies_of_healing(world: &World) {
    for at in 1..=4 {
        let own_side = |of: u32| (of <= 2) == (at <= 2);
        let died = |event| matches!(event, Event::MakeNodeStatus { address, status: Faulty } if own_side(address));
        assert!(!world.events(at).any(died), "at {at}");
    }
}

#[test]
fn two_halves_that_hold_each_other_faulty_heal_without_discovery() {
    let (world, took) = part_and_heal(Options::lan(), Discovery::Fails, secs(60));
    assert!(took <= secs(20), "{took:?}");
    nobody_dies_of_healing(&world);
}

#[test]
fn two_halves_heal_by_discovery_alone() {
    let mut options = Options::lan();
    options.heal.faulty_rate = 0;
    let (world, _) = part_and_heal(options, Discovery::Works, secs(60));
    nobody_dies_of_healing(&world);
}

#[test]
fn ringpop_halves_heal_by_discovery() {
    let mut options = Options::ringpop();
    options.app = Options::lan().app;
    let (world, _) = part_and_heal(options, Discovery::Works, secs(60));
    nobody_dies_of_healing(&world);
}

#[test]
fn a_partition_longer_than_eviction_heals_by_discovery() {
    let mut options = Options::lan();
    options.state_timeouts.faulty = Duration::from_secs(60);
    options.state_timeouts.tombstone = Duration::from_secs(10);
    // Just evicted, and forgotten long ago.
    for parted in [110, 600] {
        let (world, _) = part_and_heal(options.clone(), Discovery::Works, secs(parted));
        nobody_dies_of_healing(&world);
    }
}

#[test]
fn labels_survive_a_partition() {
    let mut world = World::cluster(Options::lan(), 4);
    let labels = OwnLabels::new([("zone", "a")]).unwrap();
    world.command(3, Command::SetLabels(&labels));
    world.run(secs(2));
    world.cut(|letter| (letter.from <= 2) != (letter.to <= 2));
    world.run(secs(60));
    assert_eq!(world.status(1, 3), Some(Faulty));
    world.mend();
    world.run(secs(60));
    for at in 1..=4 {
        assert_eq!(world.status(at, 3), Some(Alive), "at {at}");
        assert_eq!(world.member(at, 3).unwrap().labels.value("zone"), Some("a"), "at {at}");
    }
}

#[test]
fn a_few_that_crashed_and_never_come_back_disturb_nobody() {
    let mut world = World::cluster(Options::lan(), 5);
    world.kill(5);
    world.run(secs(120));
    world.forget();
    let known: Vec<Incarnation> = (1..=4).map(|at| world.node(at).incarnation()).collect();
    world.run(secs(120));
    let after: Vec<Incarnation> = (1..=4).map(|at| world.node(at).incarnation()).collect();
    assert_eq!(known, after, "nobody has to refute");
    assert_eq!(world.checksums().len(), 1);
    // A helper is still a helper.
    let reply = world.request(2, 1, &message(ping_req(1, 1, secs(1)), &[]));
    assert!(matches!(reply.kind(), Kind::PingReqAnswer { .. }));
}
