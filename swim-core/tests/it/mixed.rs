//! Settings that are rolled out node by node: for a while members have different ones.

use swim_core::{Event, Micros, Options, StartGossip, Status};

use crate::forge::secs;
use crate::world::World;
use Status::{Alive, Faulty, Suspect};

/// Nine nodes that know each other, of which each third has another preset.
fn mixed() -> World {
    let mut world = World::new(Options::lan());
    world.hosts = Some((1..=9).collect());
    for (address, options) in (1..=9).zip([Options::lan(), Options::wan(), Options::local()].iter().cycle()) {
        world.options = options.clone();
        world.boot(address);
    }
    for address in 1..=9 {
        world.bootstrap(address, StartGossip::WhenReady);
    }
    run_until(&mut world, secs(10), |world| world.checksums().len() == 1 && world.node(1).count_reachable() == 9);
    world.forget();
    world
}

/// How long it takes until this holds, looked at each tenth of a second.
fn run_until(world: &mut World, most: Micros, holds: impl Fn(&World) -> bool) -> Micros {
    let start = world.now;
    while !holds(world) {
        assert!(world.now.since(start) < most, "not within {most:?}");
        world.run(Micros::from_millis(100));
    }
    world.now.since(start)
}

#[test]
fn members_with_different_presets_accuse_nobody_that_answers() {
    let mut world = mixed();
    world.run(secs(600));
    for at in 1..=9 {
        let accuses = |event| matches!(event, Event::MakeNodeStatus { status: Suspect | Faulty, .. });
        assert!(!world.events(at).any(accuses), "{at}");
    }
    assert_eq!(world.checksums().len(), 1);
}

/// Who has the shorter suspicion declares it first; the others doubt that for as long as their own shortest one lasts (R1a).
#[test]
fn each_holds_the_dead_faulty_no_later_than_by_its_own_settings() {
    let mut world = mixed();
    world.kill(9);
    let start = world.now;
    let dead_to = |world: &World, preset: u32| {
        (1..=8).filter(|at| at % 3 == preset).all(|at| world.status(at, 9) == Some(Faulty))
    };
    // The presets in the order of their addresses: LAN 1, 4, 7; local 3, 6; WAN 2, 5, 8.
    for (preset, most) in [(1, secs(12)), (0, secs(12)), (2, secs(60))] {
        run_until(&mut world, secs(60), |world| dead_to(world, preset));
        assert!(world.now.since(start) <= most, "{preset}: {:?}", world.now.since(start));
    }
}

#[test]
fn sides_with_different_presets_find_together_again() {
    let mut world = mixed();
    world.cut(|letter| (letter.from <= 4) != (letter.to <= 4));
    world.run(secs(300));
    for (at, of) in [(1, 5), (2, 6), (3, 7), (5, 1), (6, 2), (9, 4)] {
        assert_eq!(world.status(at, of), Some(Faulty), "{at} of {of}");
    }
    world.mend();
    let all_alive = |world: &World| (1..=9).all(|at| (1..=9).all(|of| world.status(at, of) == Some(Alive)));
    run_until(&mut world, secs(20), |world| all_alive(world) && world.checksums().len() == 1);
}
