//! R7: how long a suspect has to refute.

use swim_core::{Change, Micros, Options, Source, Status};

use crate::forge::{SOMEONE, by, inc, millis, own, quiet_lan, quiet_ringpop, said, secs, sourceless};
use crate::world::World;
use Status::{Alive, Faulty, Suspect};

/// Node 1 among five others of which 3 accuses 2: at most 24 s, at least 4 s.
fn accused() -> World {
    let mut world = World::among(quiet_lan(), 6);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world
}

/// Expects the suspicion of 2 to end at the given time after it began, `passed` of which are over.
fn ends_after(world: &mut World, passed: Micros, span: Micros) {
    world.run(span - passed - millis(1));
    assert_eq!(world.status(1, 2), Some(Suspect), "too early");
    world.run(millis(2));
    assert_eq!(world.status(1, 2), Some(Faulty), "too late");
}

#[test]
fn without_confirmation_a_suspicion_lasts_as_long_as_it_may() {
    ends_after(&mut accused(), millis(0), secs(24));
}

#[test]
fn the_first_of_three_confirmations_takes_half_of_the_way_off() {
    let mut world = accused();
    world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
    // log 2 / log 4 of the 20 s between the longest and the shortest.
    ends_after(&mut world, millis(0), secs(14));
}

#[test]
fn the_third_confirmation_leaves_the_shortest() {
    let mut world = accused();
    for maker in 4..=6 {
        world.tell(maker, 1, &[said(maker, 2, Suspect, inc(0))]);
    }
    ends_after(&mut world, millis(0), secs(4));
}

#[test]
fn a_confirmation_that_comes_after_the_new_end_ends_the_suspicion_at_once() {
    let mut world = accused();
    world.run(secs(15));
    world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
    world.run(millis(1));
    assert_eq!(world.status(1, 2), Some(Faulty));
}

/// The deadline lies far in the past then; it is not taken for a tick that came late.
#[test]
fn confirmations_that_come_long_after_the_new_end_end_the_suspicion_at_once_as_well() {
    let mut world = accused();
    world.run(secs(20));
    for maker in 4..=6 {
        world.tell(maker, 1, &[said(maker, 2, Suspect, inc(0))]);
    }
    world.run(millis(1));
    assert_eq!(world.status(1, 2), Some(Faulty));
}

#[test]
fn only_independent_accusers_count() {
    let mut world = accused();
    let noise: [(&str, Change<'static, u32>); 6] = [
        ("the first accuser again", said(3, 2, Suspect, inc(0))),
        ("under another incarnation", by(3, inc(5), 2, Suspect, inc(0))),
        ("nobody", sourceless(2, Suspect, inc(0))),
        ("the suspect itself", own(2, Suspect, inc(0))),
        ("a stranger", said(77, 2, Suspect, inc(0))),
        ("an older suspicion", said(4, 2, Suspect, swim_core::Incarnation::new(5).unwrap())),
    ];
    for (who, claim) in noise {
        world.tell(3, 1, &[claim]);
        assert_eq!(world.node(1).counters().suspicions_confirmed, 0, "{who}");
    }
    ends_after(&mut world, millis(0), secs(24));
}

#[test]
fn an_accuser_that_is_dead_here_does_not_count() {
    let mut world = accused();
    world.tell(3, 1, &[own(4, Status::Leave, inc(1))]);
    world.tell(3, 1, &[said(4, 2, Suspect, inc(0))]);
    assert_eq!(world.node(1).counters().suspicions_confirmed, 0);
}

#[test]
fn where_too_few_could_confirm_the_timeout_is_the_shortest() {
    // Of four members two are neither the suspect nor oneself; three confirmations are wanted.
    let mut world = World::among(quiet_lan(), 4);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    ends_after(&mut world, millis(0), secs(4));
}

#[test]
fn the_timeout_grows_with_the_logarithm_of_the_cluster() {
    let mut world = World::among(quiet_lan(), 100);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    // A hundred members: 4 x log10(100) x 1 s, six times as long without confirmation.
    ends_after(&mut world, millis(0), secs(48));
}

#[test]
fn a_confirmation_is_told_to_others_under_its_makers_name() {
    let mut world = accused();
    world.drain(1);
    world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
    let answer = world.ask(SOMEONE, 1);
    let told = answer.message.as_message().changes.iter().find(|change| change.address == 2).unwrap();
    assert_eq!(told.source, Some(Source { address: 4, incarnation: inc(0) }));
}

#[test]
fn no_more_than_three_confirmations_renew_the_pending_change() {
    let mut world = World::among(quiet_lan(), 9);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    for maker in 4..=9 {
        world.drain(1);
        world.tell(maker, 1, &[said(maker, 2, Suspect, inc(0))]);
        assert_eq!(world.node(1).has_changes(), maker <= 6, "from {maker}");
    }
    assert_eq!(world.node(1).counters().suspicions_confirmed, 3);
}

#[test]
fn ones_own_failed_probe_confirms_what_others_said() {
    let mut world = World::among(quiet_lan(), 6);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    loop {
        let target = world.probe().to;
        world.run(millis(500));
        for asked in world.ping_reqs() {
            let reach = if target == 2 { swim_core::Reach::NotReached } else { swim_core::Reach::Reached };
            world.report(&asked, reach, &[]);
        }
        world.run(millis(500));
        world.forget();
        if target == 2 {
            break;
        }
    }
    assert_eq!(world.node(1).counters().suspicions_confirmed, 1);
}

#[test]
fn the_timeout_is_not_stretched_by_ones_own_health() {
    let mut world = World::among(quiet_lan(), 6);
    let own_incarnation = world.node(1).incarnation();
    world.tell(3, 1, &[said(3, 1, Suspect, own_incarnation)]);
    assert_eq!(world.node(1).local_health(), 1);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    ends_after(&mut world, millis(0), secs(24));
}

#[test]
fn ringpop_gives_every_suspect_five_seconds() {
    let mut world = World::among(quiet_ringpop(), 9);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
    ends_after(&mut world, millis(0), secs(5));
}

#[test]
fn a_dead_member_of_a_real_cluster_becomes_faulty_everywhere_soon_after_the_shortest_time() {
    let mut world = World::cluster(Options::lan(), 5);
    world.kill(5);
    world.run(secs(40));
    for at in 1..=4 {
        assert_eq!(world.status(at, 5), Some(Faulty), "at {at}");
        assert!((1..=4).all(|of| world.status(at, of) == Some(Alive)));
    }
}

#[test]
fn the_first_to_sign_a_suspicion_without_a_name_does_not_renew_it() {
    let mut world = World::among(quiet_lan(), 8);
    world.tell(2, 1, &[sourceless(3, Suspect, inc(0))]);
    world.drain(1);
    assert_eq!(world.node(1).pending_changes(), 0);
    world.tell(4, 1, &[said(4, 3, Suspect, inc(0))]);
    assert_eq!(world.node(1).pending_changes(), 0);
    world.tell(5, 1, &[said(5, 3, Suspect, inc(0))]);
    assert_eq!(world.node(1).pending_changes(), 1);
}
