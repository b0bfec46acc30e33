//! Numbers that come round: of pings, of the versions of changes; and incarnations at their ceilings.

use std::collections::BTreeSet;

use swim_core::{Incarnation, Kind, Options, Status};

use crate::forge::{inc, own, quiet_lan, quiet_ringpop, said, secs};
use crate::world::World;
use Status::{Alive, Faulty, Suspect};

fn at(number: u64) -> Incarnation {
    Incarnation::new(number).unwrap()
}

/// Without the limit by the clock only the ceilings count.
fn unlimited() -> Options {
    Options { incarnation_limit: None, ..quiet_lan() }
}

#[test]
fn the_highest_incarnations_are_rejected_so_that_a_refutation_always_fits() {
    let mut world = World::among(unlimited(), 3);
    for number in [Incarnation::CEILING.get() + 1, Incarnation::OWN_CEILING.get(), Incarnation::MAX.get()] {
        world.tell(3, 1, &[said(3, 2, Suspect, at(number))]);
        assert_eq!(world.status(1, 2), Some(Alive));
    }
    world.tell(3, 1, &[own(2, Alive, Incarnation::MAX)]);
    assert_eq!(world.member(1, 2).unwrap().incarnation, inc(0));
    world.tell(3, 1, &[said(3, 2, Suspect, Incarnation::CEILING)]);
    assert_eq!(world.status(1, 2), Some(Suspect));
    world.tell(2, 1, &[own(2, Alive, Incarnation::CEILING.next())]);
    assert_eq!(world.status(1, 2), Some(Alive), "the refutation is accepted");
}

#[test]
fn a_node_that_is_accused_at_the_ceiling_has_half_a_million_refutations_left() {
    let mut world = World::among(unlimited(), 2);
    world.tell(2, 1, &[said(2, 1, Suspect, Incarnation::CEILING)]);
    assert_eq!(world.node(1).incarnation(), Incarnation::CEILING.next());
    for _ in 0..100 {
        let own = world.node(1).incarnation();
        world.tell(2, 1, &[said(2, 1, Faulty, own)]);
        assert_eq!(world.node(1).incarnation(), own.next());
        world.run(secs(1));
    }
    world.tell(2, 1, &[own(1, Alive, Incarnation::MAX)]);
    assert!(world.node(1).incarnation() < Incarnation::OWN_CEILING, "and nobody takes them away at once");
    assert_eq!(Incarnation::OWN_CEILING.get() - Incarnation::CEILING.get(), 524_288);
}

#[test]
fn with_the_limit_by_the_clock_nobody_is_driven_further_ahead_than_twice_the_limit() {
    let mut world = World::among(quiet_lan(), 2);
    let limit = 2 * 7 * 24 * 60 * 60 * 1000;
    for ahead in (0..64).map(|bit| 1u64 << bit).filter(|ahead| *ahead < Incarnation::MAX.get() / 2) {
        let claimed = at(world.wall().0 + ahead);
        world.tell(2, 1, &[said(2, 1, Suspect, claimed), own(1, Alive, claimed)]);
        world.run(secs(1));
        assert!(world.node(1).incarnation().get() <= world.wall().0 + limit + 1);
    }
}

/// A change's version has six bits: after 64 changes of a member its numbers start again.
#[test]
fn a_member_that_changes_a_thousand_times_is_told_as_it_is_in_the_end() {
    for options in [quiet_lan(), quiet_ringpop()] {
        let mut world = World::among(options, 3);
        for change in 1..=1_000 {
            world.tell(2, 1, &[own(2, Alive, inc(change))]);
        }
        let told = world.ask(3, 1).claims_about(2);
        assert_eq!(told, [(Alive, inc(1_000))]);
        assert_eq!(world.node(1).pending_changes(), 1);
    }
}

/// That no number comes twice in 2^32 is a test of the permutation beside it; here they are seen at the door.
#[test]
fn the_numbers_of_pings_are_all_different_and_do_not_count_up() {
    let mut world = World::among(quiet_lan(), 2);
    let mut seen = BTreeSet::new();
    let mut steps = BTreeSet::new();
    let mut last = 0u32;
    for _ in 0..2_000 {
        let asked = world.probe();
        let Kind::Ping { seq } = asked.kind() else { unreachable!() };
        world.acknowledge(&asked, &[]);
        assert!(seen.insert(seq));
        steps.insert(seq.0.wrapping_sub(last));
        last = seq.0;
        world.forget();
    }
    assert!(steps.len() > 1_990, "{}", steps.len());
}
