//! R4, R7, R8: a node that was stopped while its clock ran on blames itself, not the others.

use swim_core::{Micros, Options, Status, SuspicionTimeout};

use crate::forge::{inc, is_ping, millis, own, quiet_lan, said, secs, sourceless};
use crate::world::World;
use Status::{Alive, Faulty, Suspect};

#[test]
fn a_node_that_slept_for_a_minute_accuses_nobody() {
    // Asleep at every point of its round in turn.
    for into in [0, 250, 499, 501, 750, 999] {
        let mut world = World::cluster(Options::lan(), 4);
        world.run(millis(into));
        world.put_to_sleep(1);
        world.run(millis(10));
        // Nobody was there to hear what the others said of the sleeper, or of one another.
        world.skip(secs(60));
        for address in 2..=4 {
            world.tick(address);
        }
        world.forget();
        world.wake_up(1);
        world.run(secs(30));
        let accused = world
            .events(1)
            .filter(|event| matches!(event, swim_core::Event::MakeNodeStatus { status: Suspect | Faulty, .. }));
        assert_eq!(accused.count(), 0, "asleep {into} ms into the round");
    }
}

#[test]
fn a_round_that_was_slept_through_is_given_up_without_a_verdict() {
    let mut world = World::among(quiet_lan(), 2);
    world.probe();
    world.skip(secs(60));
    world.tick(1);
    assert_eq!(world.status(1, 2), Some(Alive));
    assert_eq!(world.node(1).counters().rounds_abandoned, 1);
    assert_eq!(world.node(1).local_health(), 1);
}

#[test]
fn a_suspicion_that_ran_out_in_ones_sleep_leaves_the_suspect_time_for_another_round() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.skip(secs(60));
    world.tick(1);
    world.run(millis(999));
    assert_eq!(world.status(1, 2), Some(Suspect), "it may have refuted long ago");
    world.tell(2, 1, &[own(2, Alive, inc(1))]);
    assert_eq!(world.status(1, 2), Some(Alive));
}

/// What refuted it is lost in the sleep, whether the suspicion ran out in it or a moment later.
#[test]
fn a_suspicion_that_runs_out_just_after_ones_sleep_leaves_the_suspect_time_as_well() {
    for message_first in [false, true] {
        let mut world = World::among(quiet_lan(), 3);
        // Its round is late, the suspicion is not: that lasts four seconds.
        world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
        let round = world.probe();
        world.skip(millis(3_990));
        if message_first {
            world.acknowledge(&round, &[]);
        }
        world.tick(1);
        world.run(millis(999));
        assert_eq!(world.status(1, 2), Some(Suspect), "it may have refuted long ago");
        world.run(secs(5));
        assert_eq!(world.status(1, 2), Some(Faulty));
    }
}

#[test]
fn a_tick_that_is_a_period_late_is_late_and_one_microsecond_more_is_sleep() {
    for (late, held) in [(Micros(1_000_000), Faulty), (Micros(1_000_001), Suspect)] {
        let mut world = World::among(quiet_lan(), 3);
        world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
        world.skip(secs(4) + late);
        world.tick(1);
        assert_eq!(world.status(1, 2), Some(held), "{late:?} late");
    }
}

#[test]
fn a_suspect_that_stays_silent_after_ones_sleep_becomes_faulty_all_the_same() {
    for asleep in [2, 5, 60] {
        let mut world = World::among(quiet_lan(), 3);
        world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
        world.skip(secs(4) + secs(asleep));
        world.tick(1);
        world.run(secs(30));
        assert_eq!(world.status(1, 2), Some(Faulty), "after {asleep} s of sleep");
    }
}

#[test]
fn a_suspicion_that_was_put_off_by_ones_sleep_is_still_shortened_by_another_accuser() {
    let mut options = quiet_lan();
    options.state_timeouts.suspect = SuspicionTimeout::Lifeguard { alpha: 2, beta: 2, confirmations: 1 };
    let mut world = World::among(options, 4);
    // Having to refute twice makes it slow: a suspect gets three periods more.
    for _ in 0..2 {
        let incarnation = world.node(1).incarnation();
        world.tell(2, 1, &[sourceless(1, Suspect, incarnation)]);
    }
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.skip(secs(60));
    world.tick(1);

    // Three seconds are left of four, or one of two.
    world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);

    world.run(millis(999));
    assert_eq!(world.status(1, 2), Some(Suspect));
    world.run(millis(1));
    assert_eq!(world.status(1, 2), Some(Faulty));
}

#[test]
fn the_sleeper_probes_once_when_it_wakes_not_once_for_each_period_that_it_missed() {
    let mut world = World::cluster(Options::lan(), 3);
    world.put_to_sleep(1);
    world.skip(secs(60));
    world.forget();
    world.wake_up(1);
    world.run(Micros(0));
    assert!(world.sent_by(1).filter(|letter| is_ping(letter)).count() <= 1);
}

#[test]
fn a_sleeper_whose_letters_are_read_before_its_clock_accuses_nobody_either() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.skip(secs(60));
    world.tell(3, 1, &[own(3, Alive, inc(0))]);
    world.tick(1);
    world.tell(2, 1, &[own(2, Alive, inc(5))]);
    assert_eq!(world.node(1).counters().faulties_declared, 0);
    assert_eq!(world.status(1, 2), Some(Alive));
}
