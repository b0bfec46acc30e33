//! Clocks that jump, stand still, come late, or run for ten years.

use swim_core::{
    Boot, BootstrapOptions, Command, CommandId, Config, Effects, Event, EventMask, Input, Instant, Micros, Node,
    Options, Status, UnixMillis,
};

use crate::forge::{inc, is_ping, millis, own, quiet_lan, said, secs};
use crate::world::{WALL, World};
use Status::{Alive, Faulty, Suspect};

const DAY: Micros = Micros::from_millis(24 * 60 * 60 * 1000);

/// Moments of a round at which a clock jumps: before, between and after its timeouts, and when helpers have answered.
const INTO_ROUND: [u64; 6] = [0, 250, 499, 501, 750, 999];

/// Nobody hears member 4 for so many milliseconds of one round of node 1, less than it takes for a verdict. So the round is open, and in
/// the end only its verdict is missing.
fn open_rounds(world: &mut World, into: u64) {
    world.forget();
    world.cut(|letter| letter.from == 4 || letter.to == 4);
    for _ in 0..20_000 {
        let asked = world.sent_by(1).rfind(|letter| is_ping(letter));
        if let Some(asked) = asked.filter(|letter| letter.to == 4) {
            let rest = millis(into).0.saturating_sub(world.now.since(asked.sent).0);
            world.run(Micros(rest));
            return;
        }
        // It must not be so long that others accuse member 4.
        world.mend();
        world.run(Micros::from_millis(1));
        world.cut(|letter| letter.from == 4 || letter.to == 4);
    }
    panic!("it pings member 4");
}

/// Whom a node has accused or declared dead by its own rounds and timers.
fn accused(world: &World, at: u32) -> Vec<(u32, Status)> {
    let by_itself = world.events(at).filter_map(|event| match event {
        Event::MakeNodeStatus { address, status } => Some((address, status)),
        _ => None,
    });
    by_itself.filter(|(_, status)| *status != Alive).collect()
}

/// Whoever is late by more than a period takes it for sleep of its own: the round is given up without a verdict, and what it
/// suspects gets a round more (R4, R7, R8).
#[track_caller]
fn nobody_was_accused(world: &World, story: &str) {
    for at in 1..=4 {
        assert_eq!(accused(world, at), [], "by {at}: {story}");
        let counters = world.node(at).counters();
        let accusations = (counters.suspects_declared, counters.faulties_declared, counters.refutations);
        assert_eq!(accusations, (0, 0, 0), "by {at}: {story}");
        assert!((1..=4).all(|of| world.status(at, of) == Some(Alive)), "{story}");
    }
    assert_eq!(world.checksums().len(), 1, "{story}");
}

#[test]
fn a_clock_that_jumps_hours_ahead_for_all_accuses_nobody_and_the_cluster_goes_on() {
    for (hours, into) in [1, 12, 23].into_iter().flat_map(|hours| INTO_ROUND.map(|into| (hours, into))) {
        let mut world = World::cluster(Options::lan(), 4);
        open_rounds(&mut world, into);
        world.skip(secs(hours * 60 * 60));
        world.mend();
        world.run(secs(60));
        nobody_was_accused(&world, &format!("{hours} h, {into} ms into the round"));
        assert!((1..=4).any(|at| world.node(at).counters().acks_received > 20), "they probe again");
    }
}

#[test]
fn a_clock_that_jumps_hours_ahead_for_one_node_alone_accuses_nobody_either() {
    for (hours, into) in [1, 12, 23].into_iter().flat_map(|hours| INTO_ROUND.map(|into| (hours, into))) {
        let mut world = World::cluster(Options::lan(), 4);
        open_rounds(&mut world, into);
        world.leap(1, secs(hours * 60 * 60));
        world.mend();
        world.run(secs(60));
        nobody_was_accused(&world, &format!("{hours} h, {into} ms into the round"));
        let counters = world.node(1).counters();
        assert!(counters.rounds_abandoned > 0 && counters.acks_received > 20, "it slept, and probes again");
    }
}

#[test]
fn ticks_that_come_hours_late_again_and_again_accuse_nobody() {
    for into in INTO_ROUND {
        let mut world = World::cluster(Options::lan(), 4);
        for _ in 0..5 {
            open_rounds(&mut world, into);
            world.skip(secs(3 * 60 * 60));
            world.mend();
            world.run(secs(60));
        }
        nobody_was_accused(&world, &format!("{into} ms into the round"));
    }
}

/// One process is stopped for ten minutes while the others run on: they find it dead, as they should, and accuse nobody else; it
/// accuses nobody, and is back within a minute.
#[test]
fn one_that_was_stopped_for_ten_minutes_accuses_nobody_and_is_back_within_a_minute() {
    for into in INTO_ROUND {
        let mut world = World::cluster(Options::lan(), 4);
        open_rounds(&mut world, into);
        world.put_to_sleep(1);
        world.mend();
        world.run(secs(10 * 60));
        for at in 2..=4 {
            assert_eq!(world.status(at, 1), Some(Faulty), "it does not answer");
            assert!(accused(&world, at).iter().all(|(address, _)| *address == 1), "{:?}", accused(&world, at));
        }
        world.forget();
        world.wake_up(1);
        world.run(secs(60));
        assert!((1..=4).all(|at| accused(&world, at).is_empty()), "{into} ms into the round");
        assert!((1..=4).all(|at| (1..=4).all(|of| world.status(at, of) == Some(Alive))), "{into} ms into the round");
        assert_eq!(world.checksums().len(), 1);
    }
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

/// Two nodes and one dead member over ten years: of each day they run for three seconds, and their clocks jump over the
/// rest of it. The dead one is forgotten, the living stay and suspect nobody, and once a year one leaves and comes back.
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
    for at in [1, 2] {
        let counters = world.node(at).counters();
        assert_eq!((counters.suspects_declared, counters.faulties_declared), (0, 0));
        assert!(counters.acks_received > 3_653, "it probes every day");
        world.node(at).check();
    }
    assert!(world.node(1).incarnation().get() > WALL.0 + 9 * 365 * 24 * 60 * 60 * 1000, "it follows the wall clock");
}

/// The long form: every single deadline of ten years of one node that is alone, a protocol period apart, 315 million of them. There is
/// nobody whom it could ping; that deadlines stay ahead and nothing overflows is what it shows.
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
