//! Clocks that jump, stand still, come late, or run for ten years.

use swim_core::{
    Boot, BootstrapOptions, Command, CommandId, Config, Effects, Event, EventMask, Input, Instant, Micros, Node,
    Options, Status, UnixMillis,
};

use crate::forge::{inc, millis, own, quiet_lan, said, secs};
use crate::world::{WALL, World};
use Status::{Alive, Faulty, Suspect};

const DAY: Micros = Micros::from_millis(24 * 60 * 60 * 1000);

#[test]
fn a_clock_that_jumps_hours_ahead_accuses_nobody_and_the_cluster_goes_on() {
    for hours in [1, 12, 23] {
        let mut world = World::cluster(Options::lan(), 4);
        world.skip(secs(hours * 60 * 60));
        world.run(secs(60));
        for at in 1..=4 {
            assert_eq!(world.node(at).counters().faulties_declared, 0, "{hours} h");
            assert!((1..=4).all(|of| world.status(at, of) == Some(Alive)));
        }
        assert_eq!(world.checksums().len(), 1);
    }
}

#[test]
fn one_whose_ticks_come_hours_late_declares_nobody_faulty() {
    let mut world = World::cluster(Options::lan(), 4);
    for _ in 0..5 {
        world.put_to_sleep(1);
        world.run(millis(300));
        world.skip(secs(3 * 60 * 60));
        world.wake_up(1);
        world.run(secs(60));
    }
    assert_eq!(world.node(1).counters().faulties_declared, 0);
    assert!((1..=4).all(|of| world.status(1, of) == Some(Alive)));
}

#[test]
fn a_clock_that_stands_still_fires_nothing_twice_and_goes_on_when_it_moves() {
    let mut world = World::among(quiet_lan(), 3);
    world.probe();
    world.forget();
    for _ in 0..1_000 {
        world.tick(1);
        world.tell(2, 1, &[own(2, Alive, inc(1))]);
    }
    assert_eq!(world.sent_by(1).count(), 0, "no time has passed");
    world.run(secs(1));
    assert!(world.sent_by(1).count() > 0);
}

#[test]
fn a_clock_that_runs_backwards_counts_as_one_that_stands_still() {
    let mut node = lone();
    let mut out = Effects::new();
    let deadline = node.next_deadline().unwrap();
    node.handle(deadline, Input::Tick, &mut out);
    let next = node.next_deadline().unwrap();
    for earlier in [Instant::ZERO, Instant::from_micros(1), deadline] {
        node.handle(earlier, Input::Tick, &mut out);
        assert_eq!(node.next_deadline(), Some(next));
        node.check();
    }
}

/// A node alone in its cluster.
fn lone() -> Node<u32> {
    let options = Options { events: EventMask::NONE, ..Options::lan() };
    let config = Config::try_from(options).unwrap();
    let mut node = Node::new(config, 1, Boot { now: Instant::ZERO, wall: WALL, seed: 1 });
    let mut out = Effects::new();
    let command = Command::Bootstrap(BootstrapOptions::default());
    node.handle(Instant::ZERO, Input::Command { id: CommandId(1), command }, &mut out);
    let id = out.iter().find_map(|effect| match effect {
        swim_core::Effect::Discover(id) => Some(id),
        _ => None,
    });
    node.handle(Instant::ZERO, Input::Hosts { id: id.unwrap(), result: Ok(&[1]) }, &mut out);
    assert!(node.is_ready());
    node
}

/// The end of time is 584,542 years after its beginning. Timers saturate there instead of firing at once for ever.
#[test]
fn a_clock_at_the_end_of_its_range_saturates_and_stops_the_node_without_a_panic() {
    let mut node = lone();
    let mut out = Effects::new();
    for before in [u64::MAX / 2, u64::MAX - 10_000_000, u64::MAX - 1, u64::MAX] {
        let now = Instant::from_micros(before);
        for _ in 0..100 {
            node.handle(now, Input::Tick, &mut out);
        }
        assert!(node.next_deadline().is_none_or(|at| at > now), "{before}");
        node.check();
        out.clear();
    }
    node.handle(Instant::NEVER, Input::Command { id: CommandId(2), command: Command::Leave }, &mut out);
    node.check();
}

#[test]
fn a_wall_clock_at_any_of_its_ends_gives_an_incarnation_that_others_can_follow() {
    for wall in [0, 1, (1 << 50) - 1, 1 << 50, u64::MAX] {
        let mut world = World::among(quiet_lan(), 2);
        world.handle(1, Input::Wall(UnixMillis(wall)));
        let before = world.node(1).incarnation();
        world.command(1, Command::Leave);
        world.command(1, Command::Rejoin);
        assert!(world.node(1).incarnation() > before, "{wall}");
        assert!(world.node(1).incarnation() <= swim_core::Incarnation::MAX);
        world.run(secs(5));
        world.node(1).check();
    }
}

/// Two nodes and one dead member over ten years, in steps of a day between which they run for a minute: the dead are
/// forgotten, the living stay, deadlines stay ahead, and what is counted keeps adding up.
#[test]
fn ten_years_in_steps_of_a_day_keep_the_living_and_forget_the_dead() {
    let mut world = World::cluster(Options::lan(), 2);
    world.tell(2, 1, &[said(2, 9, Faulty, inc(0))]);
    for day in 0..3_653u32 {
        world.skip(DAY);
        world.run(secs(3));
        world.forget();
        if day % 365 == 0 {
            world.command(1, Command::Leave);
            world.run(secs(2));
            world.command(1, Command::Rejoin);
            world.run(secs(10));
            assert_eq!((world.status(1, 2), world.status(2, 1)), (Some(Alive), Some(Alive)), "day {day}");
        }
    }
    assert_eq!(world.status(1, 9), None);
    assert_eq!(world.checksums().len(), 1);
    assert_eq!(world.node(1).counters().faulties_declared + world.node(2).counters().faulties_declared, 0);
    assert!(world.node(1).incarnation().get() > WALL.0 + 9 * 365 * 24 * 60 * 60 * 1000, "it follows the wall clock");
}

/// The long form: every single protocol period of ten years of one node, 315 million of them.
/// `cargo test --release -p swim-core --test it ten_years_of_one -- --ignored`
#[test]
#[ignore = "some seconds in release, minutes in debug"]
fn ten_years_of_one_node_round_by_round() {
    let mut node = lone();
    let mut out = Effects::new();
    let end = Instant::ZERO + Micros::from_millis(3_653 * 24 * 60 * 60 * 1000);
    let mut ticks = 0u64;
    while let Some(at) = node.next_deadline().filter(|at| *at < end) {
        node.handle(at, Input::Tick, &mut out);
        out.clear();
        ticks += 1;
    }
    node.check();
    assert!(ticks > 300_000_000, "{ticks}");
}

#[test]
fn a_suspicion_that_runs_over_a_jump_of_hours_gives_its_subject_another_round() {
    let mut world = World::cluster(Options::lan(), 3);
    let known = world.member(1, 2).unwrap().incarnation;
    world.cut(|letter| letter.from == 2 || letter.to == 2);
    world.tell(3, 1, &[said(3, 2, Suspect, known)]);
    world.skip(secs(5 * 60 * 60));
    world.tick(1);
    assert_eq!(world.status(1, 2), Some(Suspect));
    world.mend();
    world.run(secs(20));
    assert_eq!(world.status(1, 2), Some(Alive));
    let died = world.events(1).any(|event| matches!(event, Event::MakeNodeStatus { address: 2, status: Faulty }));
    assert!(!died);
}
