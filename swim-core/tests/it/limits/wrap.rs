//! Numbers that come round: of pings, of the versions of changes; and incarnations at their ceilings.

use std::collections::BTreeSet;

use swim_core::{
    Command, CommandError, CommandId, Effect, Effects, Incarnation, Input, Kind, Node, Options, Outcome, OwnLabels,
    Status,
};

use crate::forge::{inc, own, quiet_lan, quiet_ringpop, said, secs};
use crate::world::World;
use Status::{Alive, Faulty, Leave, Suspect};

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

/// Others claim of it what they like, up to the last that it believes; from there on nothing that others say moves it.
#[test]
fn claims_of_others_drive_a_node_to_its_own_ceiling_and_no_further() {
    let mut world = World::among(unlimited(), 2);
    let last = Incarnation::OWN_CEILING;
    world.tell(2, 1, &[own(1, Alive, at(last.get() - 2))]);
    assert_eq!(world.node(1).incarnation().get(), last.get() - 1);
    for claimed in [last.get() - 1, last.get(), last.get() + 1, last.get() + 2, Incarnation::MAX.get()] {
        // One such refutation a second.
        world.run(secs(2));
        world.tell(2, 1, &[said(2, 1, Faulty, at(claimed)), own(1, Alive, at(claimed))]);
    }
    assert_eq!(world.node(1).incarnation(), last.next());
    world.node(1).check();
}

/// Half a million changes of its own lie between that ceiling and the highest number. There the incarnation stays: it does not
/// begin again at zero, and what would have to be newer is refused: of a departure that is not so.
#[test]
fn a_node_at_the_highest_incarnation_stays_there() {
    let mut world = World::among(unlimited(), 2);
    world.tell(2, 1, &[own(1, Alive, Incarnation::OWN_CEILING)]);
    let (mut node, mut out) = (world.node(1).clone(), Effects::new());
    let labels = ["a", "b"].map(|value| OwnLabels::new([("k", value)]).unwrap());
    let mut commands = 0;
    let mut run = |node: &mut Node<u32>, command: Command<'_, u32>| {
        commands += 1;
        out.clear();
        node.handle(world.now, Input::Command { id: CommandId(commands), command }, &mut out);
        let done = out.iter().find_map(|effect| match effect {
            Effect::CommandDone { outcome, .. } => Some(outcome),
            _ => None,
        });
        (commands, done)
    };
    let mut last = node.incarnation();
    while last < Incarnation::MAX {
        let (count, _) = run(&mut node, Command::SetLabels(&labels[last.get() as usize % 2]));
        assert!(node.incarnation() > last || count == 1, "every change of labels takes one more");
        last = node.incarnation();
    }
    assert_eq!(last.get() - Incarnation::OWN_CEILING.get(), 524_288);
    let status = |node: &Node<u32>| node.member(1).unwrap().status;
    let is_set = labels.each_ref().map(|labels| node.member(1).unwrap().labels == labels.as_labels());
    let [set, other] = if is_set[0] { [&labels[0], &labels[1]] } else { [&labels[1], &labels[0]] };
    let refused = Some(Outcome::Failed(CommandError::NoIncarnationLeft));
    for (command, outcome, held) in [
        (Command::SetLabels(other), refused, Alive),
        (Command::SetLabels(set), Some(Outcome::Done), Alive),
        (Command::Leave, None, Leave),
        (Command::Rejoin, Some(Outcome::Failed(CommandError::Busy)), Leave),
    ] {
        assert_eq!(run(&mut node, command).1, outcome, "{command:?}");
        assert_eq!((node.incarnation(), status(&node)), (Incarnation::MAX, held), "{command:?}");
        assert_eq!(node.member(1).unwrap().labels, set.as_labels());
        node.check();
    }
    node.handle(world.now + secs(1), Input::Tick, &mut Effects::new());
    for command in [Command::Rejoin, Command::SetLabels(other)] {
        assert_eq!(run(&mut node, command).1, refused, "{command:?}");
        assert_eq!((node.incarnation(), status(&node)), (Incarnation::MAX, Leave));
    }
    run(&mut node, Command::SelfEvict);
    assert_eq!((node.incarnation(), status(&node)), (Incarnation::MAX, Faulty));
    node.check();
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

/// There are too few superseded entries in so long a queue to be thrown out for their number: that is done each time that the
/// versions start again.
#[test]
fn so_is_one_among_thousands_of_which_something_is_to_be_told() {
    let mut world = World::among(quiet_lan(), 3);
    let others: Vec<_> = (1_000..4_000).map(|address| own(address, Alive, inc(0))).collect();
    world.tell(2, 1, &others);
    for change in 1..=1_000 {
        world.tell(2, 1, &[own(2, Alive, inc(change))]);
    }
    assert_eq!(world.node(1).pending_changes(), 3_001);
    let mut heard = Vec::new();
    while heard.is_empty() {
        heard = world.ask(3, 1).claims_about(2);
    }
    assert_eq!(heard, [(Alive, inc(1_000))]);
    while world.node(1).has_changes() {
        heard.extend(world.ask(3, 1).claims_about(2));
    }
    assert!(heard.iter().all(|&claim| claim == (Alive, inc(1_000))), "{heard:?}");
}

/// Node 1, which has something to tell of five thousand, 3 among them; nothing of it is superseded, and all was told once.
/// 3 has changed so often before.
fn with_a_long_queue(changes: u64) -> World {
    let mut world = World::among(quiet_lan(), 3);
    for change in 1..=changes {
        world.tell(2, 1, &[own(3, Alive, inc(change))]);
    }
    let others: Vec<_> = (1_000..6_000).map(|address| own(address, Alive, inc(0))).collect();
    world.tell(2, 1, &others);
    // With the last of these the versions of 2 start again.
    for change in 1..=63 {
        world.tell(2, 1, &[own(2, Alive, inc(change))]);
    }
    for _ in 0..45 {
        world.ask(2, 1);
    }
    world
}

/// 3 changes. Whether the next who asks hears of it.
fn is_told_at_once(world: &mut World, change: u64) -> bool {
    world.tell(2, 1, &[own(3, Alive, inc(change))]);
    let told = world.ask(2, 1).claims_about(3);
    assert!(told.is_empty() || told == [(Alive, inc(change))]);
    !told.is_empty()
}

/// Or its versions would start again, and each time the whole queue would be looked through.
#[test]
fn in_a_long_queue_who_has_used_up_its_versions_is_told_with_the_others() {
    let mut world = with_a_long_queue(40);
    // The first of its 63 it had when it was listed.
    assert!((41..=62).all(|change| is_told_at_once(&mut world, change)));
    assert!((63..=70).all(|change| !is_told_at_once(&mut world, change)));
    let mut heard = Vec::new();
    while world.node(1).has_changes() {
        heard.extend(world.ask(2, 1).claims_about(3));
    }
    assert!(!heard.is_empty() && heard.iter().all(|&claim| claim == (Alive, inc(70))), "{heard:?}");
}

#[test]
fn where_nothing_is_superseded_versions_start_again_in_a_long_queue_too() {
    let mut world = with_a_long_queue(62);
    assert!(is_told_at_once(&mut world, 63));
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
