//! One liar inside: what it can make others believe of a healthy member that they can reach.
//!
//! Five nodes; what the fifth says besides is a lie, told to each of the others as often as it likes. However it lies, nobody
//! declares node 3 faulty: for that a suspicion has to stand at one incarnation for the shortest suspicion timeout, four
//! seconds here, and node 3 refutes whatever others could hold of it within a fraction of that.

use swim_core::{Change, Event, Incarnation, Input, Micros, Options, Status, UnixMillis};

use crate::forge::{by, inc, millis, own, said, secs};
use crate::world::World;
use Status::{Alive, Faulty, Leave, Suspect, Tombstone};

const VICTIM: u32 = 3;
const LIAR: u32 = 5;
const HONEST: [u32; 4] = [1, 2, VICTIM, 4];
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn cluster() -> World {
    World::cluster(Options::lan(), 5)
}

/// The liar tells every honest node but the victim the same.
fn lie(world: &mut World, changes: &[Change<'_, u32>]) {
    for to in HONEST.into_iter().filter(|&to| to != VICTIM) {
        world.tell(LIAR, to, changes);
    }
}

/// The incarnation of the wall clock `ahead_ms` from now.
fn ahead(world: &World, ahead_ms: u64) -> Incarnation {
    Incarnation::new(world.wall().0 + ahead_ms).unwrap()
}

fn held(world: &World, at: u32) -> Incarnation {
    world.member(at, VICTIM).unwrap().incarnation
}

/// Everything worse than suspicion that an honest node held the victim to be, whoever made it so.
fn deaths(world: &World) -> Vec<(u32, Status)> {
    let of_claims = |at: u32| {
        let changes = world.events(at).filter_map(|event| match event {
            Event::MemberlistChangesApplied { changes, .. } => Some(changes),
            _ => None,
        });
        changes
            .flat_map(|changes| changes.iter())
            .filter(|change| change.address == VICTIM)
            .map(move |c| (at, c.status))
    };
    let dead = |status: Status| matches!(status, Faulty | Tombstone);
    HONEST.into_iter().flat_map(of_claims).filter(|&(_, status)| dead(status)).collect()
}

/// The lies are over; within seconds everything is as it was.
#[track_caller]
fn all_is_well(world: &mut World) {
    world.run(secs(10));
    assert_eq!(deaths(world), []);
    for at in HONEST {
        assert_eq!(world.status(at, VICTIM), Some(Alive), "at {at}");
    }
}

#[test]
fn an_accusation_of_everyone_at_every_incarnation_declares_nobody_faulty() {
    for options in [Options::lan(), Options::wan(), Options::local()] {
        accuse_everyone(World::cluster(options, 5));
    }
}

/// Ten times a second for a minute: longer than the longest suspicion of five in the LAN and local presets, and twice the shortest in the WAN preset.
fn accuse_everyone(mut world: World) {
    for _ in 0..600 {
        for to in HONEST {
            let all = HONEST.into_iter().filter(|&of| of != to);
            let lies: Vec<_> = all
                .flat_map(|of| {
                    let known = world.member(to, of).unwrap().incarnation;
                    [
                        said(LIAR, of, Suspect, known),
                        said(LIAR, of, Faulty, known),
                        said(LIAR, of, Suspect, known.next()),
                    ]
                })
                .collect();
            world.tell(LIAR, to, &lies);
        }
        world.run(millis(100));
    }
    for of in HONEST {
        assert!(world.node(of).counters().refutations > 50, "it was kept busy");
        assert!(HONEST.iter().all(|&at| world.node(at).counters().faulties_declared == 0));
    }
    all_is_well(&mut world);
}

#[test]
fn accusers_that_one_liar_invents_shorten_the_time_and_do_not_declare_anybody_faulty() {
    let mut world = cluster();
    for _ in 0..100 {
        let known = held(&world, 1).max(held(&world, VICTIM));
        for maker in [1, 2, 4, LIAR] {
            lie(&mut world, &[by(maker, inc(0), VICTIM, Suspect, known)]);
        }
        world.run(millis(300));
    }
    all_is_well(&mut world);
}

/// The claim of life reaches twice as far ahead as an accusation, and an accusation at an incarnation that is held already
/// is no new one. So what the victim hears is above what it would believe of another, and it has to refute all the same.
#[test]
fn an_accusation_at_an_incarnation_that_the_liar_invented_before_is_refuted() {
    let mut world = cluster();
    let far = ahead(&world, 13 * DAY_MS);
    lie(&mut world, &[own(VICTIM, Alive, far), said(LIAR, VICTIM, Suspect, far)]);
    assert_eq!(world.status(1, VICTIM), Some(Suspect));
    all_is_well(&mut world);
    assert!(held(&world, 1) > far);
}

#[test]
fn a_death_after_a_forged_departure_is_no_more_than_an_accusation_either() {
    let mut world = cluster();
    let known = held(&world, 1);
    lie(&mut world, &[own(VICTIM, Leave, known.next()), said(LIAR, VICTIM, Faulty, known.next().next())]);
    assert_eq!(world.status(1, VICTIM), Some(Suspect));
    all_is_well(&mut world);
}

#[test]
fn a_forged_departure_is_not_followed_by_a_tombstone_at_once() {
    let mut world = cluster();
    let left = held(&world, 1).next();
    lie(&mut world, &[own(VICTIM, Leave, left), said(LIAR, VICTIM, Tombstone, left)]);
    assert_eq!(world.status(1, VICTIM), Some(Leave), "that much it can do, until the victim hears of it");
    all_is_well(&mut world);
}

#[test]
fn a_member_whose_clock_is_an_hour_behind_refutes_what_others_accept() {
    let mut world = cluster();
    let behind = UnixMillis(world.wall().0 - 60 * 60 * 1000);
    world.handle(VICTIM, Input::Wall(behind));
    let most = ahead(&world, 7 * DAY_MS);
    lie(&mut world, &[said(LIAR, VICTIM, Suspect, most)]);
    assert_eq!(world.status(1, VICTIM), Some(Suspect));
    all_is_well(&mut world);
    assert!(held(&world, 1) > most);
}

/// What the liar tells the victim itself makes it raise its incarnation to where the others, whose clocks are a bit behind,
/// do not follow yet; and meanwhile it accuses the victim of what they hold. The pause between two such refutations
/// lets them catch up.
#[test]
fn a_victim_that_is_driven_ahead_of_the_clocks_of_the_others_is_heard_by_them_all_the_same() {
    let mut world = cluster();
    let fast = UnixMillis(world.wall().0 + 300);
    world.handle(VICTIM, Input::Wall(fast));
    for round in 0..2_000 {
        let most = ahead(&world, 300 + 14 * DAY_MS);
        world.tell(LIAR, VICTIM, &[said(LIAR, VICTIM, Suspect, most)]);
        if round % 40 == 0 {
            let known = held(&world, 1);
            lie(&mut world, &[said(LIAR, VICTIM, Suspect, known)]);
        }
        world.run(millis(15));
    }
    all_is_well(&mut world);
}

/// The other side of what a liar can do: a member that is really dead lives for as long as it says so.
#[test]
fn a_liar_keeps_a_dead_member_alive_for_as_long_as_it_says_so_and_no_longer() {
    let mut world = cluster();
    world.kill(VICTIM);
    for _ in 0..60 {
        let next = held(&world, 1).max(held(&world, 2)).max(held(&world, 4)).next();
        lie(&mut world, &[own(VICTIM, Alive, next)]);
        world.run(secs(1));
    }
    assert_ne!(world.status(1, VICTIM), Some(Faulty));
    world.run(secs(60));
    assert!([1, 2, 4].iter().all(|&at| world.status(at, VICTIM) == Some(Faulty)));
}

#[test]
fn a_liar_holds_a_member_outside_for_as_long_as_it_says_that_it_left_and_no_longer() {
    let mut world = cluster();
    let mut outside = 0;
    for _ in 0..300 {
        let next = HONEST.iter().map(|&at| held(&world, at)).max().unwrap().next();
        lie(&mut world, &[own(VICTIM, Leave, next)]);
        world.run(Micros::from_millis(100));
        outside += u32::from(world.status(1, VICTIM) == Some(Leave));
    }
    assert!(outside > 30, "{outside} of 300");
    all_is_well(&mut world);
}

#[test]
fn lies_about_everyone_do_not_keep_a_real_death_from_being_found_within_half_a_minute() {
    let mut world = cluster();
    world.kill(4);
    let mut found = None;
    for second in 0..60 {
        for to in [1, 2, VICTIM] {
            let lies: Vec<_> = [1, 2, VICTIM]
                .into_iter()
                .filter(|&of| of != to)
                .map(|of| said(LIAR, of, Suspect, world.member(to, of).unwrap().incarnation))
                .collect();
            world.tell(LIAR, to, &lies);
        }
        world.run(secs(1));
        if found.is_none() && [1, 2, VICTIM].iter().all(|&at| world.status(at, 4) == Some(Faulty)) {
            found = Some(second);
        }
    }
    assert!(found.is_some_and(|second| second < 30), "{found:?}");
    assert_eq!(deaths(&world), []);
}

/// Ringpop has no limit, and believes hearsay; what is claimed at the very ceiling cannot be overridden.
#[test]
fn in_the_ringpop_preset_two_claims_get_a_member_declared_faulty_for_good() {
    let mut options = Options::ringpop();
    options.app = Options::lan().app;
    let mut world = World::cluster(options, 5);
    let last = Incarnation::OWN_CEILING;
    lie(&mut world, &[own(VICTIM, Alive, last), said(LIAR, VICTIM, Faulty, last)]);
    world.run(secs(120));
    assert!([1, 2, 4].iter().all(|&at| world.status(at, VICTIM) == Some(Faulty)));
}
