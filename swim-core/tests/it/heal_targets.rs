//! R11: with whom a node tries to heal, and how often.

use std::collections::BTreeSet;
use std::time::Duration;

use swim_core::{
    Change, Command, CommandError, CommandId, DiscoverId, Effect, Effects, EventKind, Input, Kind, Options, Outcome,
    Status,
};

use crate::forge::{feed, inc, message, millis, own, quiet_lan, said, secs};
use crate::world::{Letter, World};
use Status::{Alive, Faulty, Leave, Suspect, Tombstone};

/// The lists that node 1 asked for so far.
fn fetches(world: &World) -> Vec<Letter> {
    world.sent_by(1).filter(|letter| matches!(letter.kind(), Kind::HealFetch { .. })).cloned().collect()
}

/// The target answers the latest request.
fn answers(world: &mut World, target: u32, kind: Kind<u32>, list: &[Change<'_, u32>]) {
    let asked = world.last(1, target).clone();
    world.answer(&asked, &message(kind, list));
}

#[test]
fn of_the_hosts_those_that_are_unknown_or_faulty_or_worse_are_targets() {
    let mut world = World::among(quiet_lan(), 3);
    let claims = [
        said(2, 4, Suspect, inc(0)),
        said(2, 5, Faulty, inc(0)),
        own(6, Leave, inc(0)),
        said(2, 7, Faulty, inc(0)),
        said(2, 7, Tombstone, inc(0)),
    ];
    world.tell(2, 1, &claims);
    world.hosts = Some((1..=8).collect());
    let id = world.command(1, Command::HealViaDiscovery);
    assert_eq!(world.count(1, EventKind::DiscoHeal), 1);
    world.run(secs(8));
    let mut targets: Vec<u32> = fetches(&world).iter().map(|letter| letter.to).collect();
    targets.sort_unstable();
    assert_eq!(targets, [5, 6, 7, 8]);
    assert_eq!(world.outcome(id), Some(Outcome::Healed(0)));
}

#[test]
fn a_search_goes_through_its_targets_one_after_another_and_ends_after_ten_failures() {
    let mut world = World::among(quiet_lan(), 3);
    world.hosts = Some((1..100).collect());
    let id = world.command(1, Command::HealViaDiscovery);
    for asked in 1..=10 {
        assert_eq!(fetches(&world).len(), asked);
        world.run(secs(2));
    }
    assert_eq!(world.outcome(id), Some(Outcome::Healed(0)));
    world.run(secs(60));
    assert_eq!(fetches(&world).len(), 10);
}

#[test]
fn hosts_that_the_other_side_can_ping_are_healed_with_it() {
    let mut world = World::among(quiet_lan(), 3);
    world.hosts = Some(vec![1, 50, 51, 52]);
    let id = world.command(1, Command::HealViaDiscovery);
    let met = fetches(&world)[0].to;
    answers(
        &mut world,
        met,
        Kind::List,
        &[own(50, Alive, inc(0)), own(51, Alive, inc(0)), said(met, 52, Suspect, inc(0))],
    );
    answers(&mut world, met, Kind::Done, &[]);
    assert_eq!(fetches(&world).len(), 1);
    assert_eq!(world.outcome(id), Some(Outcome::Healed(1)));
}

#[test]
fn nor_are_they_asked_while_the_two_sides_must_wait() {
    let mut world = World::among(quiet_lan(), 3);
    world.hosts = Some(vec![1, 50, 51, 52]);
    world.command(1, Command::HealViaDiscovery);
    let met = fetches(&world)[0].to;
    let mut list: Vec<Change<'_, u32>> = (50..=52).map(|address| own(address, Alive, inc(0))).collect();
    list.push(said(met, 2, Faulty, inc(7)));
    answers(&mut world, met, Kind::List, &list);
    assert_eq!((world.status(1, 2), world.status(1, 50)), (Some(Suspect), None));
    assert_eq!(fetches(&world).len(), 1);
}

#[test]
fn a_search_whose_discovery_fails_says_so() {
    let mut world = World::among(quiet_lan(), 3);
    world.hosts = None;
    let id = world.command(1, Command::HealViaDiscovery);
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::DiscoveryFailed)));
}

/// How often node 1, which knows of 30 hosts that are all alive, asks for hosts in a hundred periods.
fn discoveries_in_a_hundred_periods(base_probability: u32) -> usize {
    let mut options = quiet_lan();
    options.heal.period = Some(Duration::from_secs(30));
    options.heal.base_probability = base_probability;
    let mut world = World::among(options, 30);
    world.hosts = Some((1..=30).collect());
    world.discoveries = 0;
    world.run(secs(3_000));
    world.discoveries
}

#[test]
fn hosts_are_asked_for_with_three_chances_in_all_of_the_cluster_each_period() {
    assert_eq!(discoveries_in_a_hundred_periods(0), 0);
    assert!((99..=101).contains(&discoveries_in_a_hundred_periods(30)));
    let of_three = discoveries_in_a_hundred_periods(3);
    assert!((4..=18).contains(&of_three), "ten are to be expected: {of_three}");
}

/// How often node 1 tries to heal with one of the faulty within so many seconds.
fn attempts_within(seconds: u64, options: Options, alive: u32, faulty: u32) -> usize {
    let world = World::among(options, 1 + alive);
    attempts_of(world, seconds, faulty)
}

fn attempts_of(mut world: World, seconds: u64, faulty: u32) -> usize {
    attempts_into(&mut world, seconds, faulty);
    world.count(1, EventKind::AttemptHeal)
}

/// Of members 1000 to `1000 + faulty` node 1 hears that they are, and then so many seconds pass.
fn attempts_into(world: &mut World, seconds: u64, faulty: u32) {
    let claims: Vec<_> = (0..faulty).map(|number| said(2, 1000 + number, Faulty, inc(0))).collect();
    world.tell(2, 1, &claims);
    world.hosts = None;
    world.run(secs(seconds));
}

#[test]
fn known_faulty_members_are_targets_without_discovery_and_the_sooner_the_more_they_are() {
    let mut lan = Options::lan();
    lan.gossip = None;
    let half = attempts_within(60, lan.clone(), 1, 2);
    assert!(half >= 20, "{half}");
    let one_of_forty = attempts_within(60, lan, 38, 1);
    assert!(one_of_forty <= 6, "{one_of_forty}");
    assert_eq!(attempts_within(3_600, Options::ringpop(), 1, 2), 0, "ringpop needs discovery");
    assert_eq!(attempts_within(3_600, quiet_lan(), 1, 2), 0, "healing is switched off");
}

#[test]
fn many_that_have_left_do_not_keep_a_node_from_trying_with_the_few_that_are_faulty() {
    let options = Options { gossip: None, ..Options::lan() };
    let mut world = World::among(options.clone(), 2);
    for left in 10_000..12_000 {
        world.tell(2, 1, &[own(left, Alive, inc(0)), own(left, Leave, inc(0))]);
    }
    let (among_them, without) = (attempts_of(world, 60, 2), attempts_within(60, options, 1, 2));
    assert!(among_them >= 20 && without >= 20, "{among_them} of {without}");
}

#[test]
fn every_faulty_member_is_tried_with_and_nobody_else() {
    let mut world = World::among(Options { gossip: None, ..Options::lan() }, 2);
    world.tell(2, 1, &[own(50, Alive, inc(0)), own(50, Leave, inc(0))]);
    attempts_into(&mut world, 60, 4);
    let tried: BTreeSet<u32> = fetches(&world).iter().map(|letter| letter.to).collect();
    assert_eq!(tried, BTreeSet::from([1000, 1001, 1002, 1003]));
}

#[test]
fn a_node_that_holds_nobody_alive_asks_for_hosts_each_time() {
    let heal = Options::lan().heal;
    let mut world = World::among(Options { heal, ..quiet_lan() }, 12);
    for other in 2..=12 {
        world.tell(other, 1, &[own(other, Leave, inc(0))]);
    }
    world.hosts = Some(vec![1]);
    let period = heal.period.unwrap();
    world.run(period.into());
    let before = world.count(1, EventKind::DiscoHeal);
    world.run(secs(10 * period.as_secs()));
    assert_eq!(world.count(1, EventKind::DiscoHeal) - before, 10);
}

#[test]
fn hosts_that_answer_another_question_are_not_searched() {
    let mut world = World::lone(quiet_lan());
    world.hosts = None;
    let (now, id) = (world.now, DiscoverId(world.discoveries as u64 + 1));
    let mut node = world.node(1).clone();
    let mut effects = Effects::new();
    let command = Command::HealViaDiscovery;
    feed(&mut node, now, Input::Command { id: CommandId(1), command }, &mut effects);
    assert!(effects.iter().any(|effect| effect == Effect::Discover(id)));
    effects.clear();
    feed(&mut node, now, Input::Hosts { id: DiscoverId(id.0 + 1), result: Ok(&[2]) }, &mut effects);
    assert!(effects.is_empty(), "{effects:?}");
    feed(&mut node, now, Input::Hosts { id, result: Ok(&[2]) }, &mut effects);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { to: 2, .. })));
}

#[test]
fn a_search_goes_on_while_the_two_sides_of_a_target_must_wait() {
    let mut world = World::among(quiet_lan(), 3);
    world.hosts = Some(vec![1, 50, 51]);
    world.command(1, Command::HealViaDiscovery);
    let met = fetches(&world)[0].to;
    answers(&mut world, met, Kind::List, &[own(met, Alive, inc(0)), said(met, 2, Faulty, inc(7))]);
    let asked: Vec<u32> = fetches(&world).iter().map(|letter| letter.to).collect();
    assert_eq!(asked, [met, 101 - met]);
}

#[test]
fn a_host_whose_side_must_refute_first_counts_for_the_search_that_found_it_and_for_no_other() {
    let mut world = World::among(quiet_lan(), 3);
    world.hosts = Some(vec![1, 50]);
    let first = world.command(1, Command::HealViaDiscovery);
    answers(&mut world, 50, Kind::List, &[own(50, Alive, inc(0)), said(50, 2, Faulty, inc(7))]);
    assert_eq!(world.outcome(first), Some(Outcome::Healed(1)));

    // Another search is on when the first one's attempt goes on and ends.
    world.hosts = Some(vec![1, 60]);
    let second = world.command(1, Command::HealViaDiscovery);
    world.tell(2, 1, &[own(2, Alive, inc(8))]);
    world.run(millis(1_500));
    assert_eq!(world.outcome(second), None);
    answers(&mut world, 50, Kind::List, &[own(50, Alive, inc(0))]);
    answers(&mut world, 50, Kind::Done, &[]);
    world.run(secs(2));
    assert_eq!(world.outcome(second), Some(Outcome::Healed(0)), "60 has not answered");
}

/// So many are lost that an attempt follows another without a pause; the only one that answers has left.
#[test]
fn a_search_has_its_turn_at_once_however_many_members_are_really_dead() {
    for dead in [1, 20, 200] {
        let mut lan = Options::lan();
        lan.gossip = None;
        let mut world = World::among(lan, 2);
        world.hosts = None;
        let mut claims: Vec<_> = (0..dead).map(|number| said(2, 1000 + number, Faulty, inc(0))).collect();
        claims.push(own(2, Leave, inc(0)));
        world.tell(2, 1, &claims);
        while fetches(&world).is_empty() {
            world.run(secs(1));
        }
        world.run(secs(60));
        world.hosts = Some(vec![1, 2]);
        world.command(1, Command::HealViaDiscovery);
        world.run(Options::lan().heal.timeout.into());
        assert!(fetches(&world).iter().any(|letter| letter.to == 2), "with {dead} dead");
    }
}

/// All hosts of the list are dead, too: a search that fails ten times takes its own turn only.
#[test]
fn the_faulty_are_tried_with_while_a_search_is_on() {
    let mut lan = Options::lan();
    lan.gossip = None;
    let mut world = World::among(lan, 2);
    world.hosts = Some((500..560).collect());
    world.tell(2, 1, &[own(2, Leave, inc(0)), said(2, 9, Faulty, inc(0))]);
    let id = world.command(1, Command::HealViaDiscovery);
    while world.outcome(id).is_none() {
        world.run(secs(1));
    }
    let tried = fetches(&world).iter().filter(|letter| letter.to == 9).count();
    assert!(tried >= 3, "{tried}");
}

/// Twenty others alive and ten faulty: the share of the faulty is 10 of 31, so that each of 21 tries with a chance of
/// 2 * 4 * (10 / 31)^2 / 21 a second.
#[test]
fn tries_fall_with_the_square_of_the_share_of_the_faulty() {
    let mut lan = Options::lan();
    lan.gossip = None;
    let mut world = World::among(lan, 21);
    let claims: Vec<_> = (0..10).map(|number| said(2, 1000 + number, Faulty, inc(0))).collect();
    world.tell(2, 1, &claims);
    world.hosts = None;
    world.run(secs(1_000));
    // 40 are to be expected, and three standard deviations (6.2 each) either side.
    let tries = fetches(&world).len();
    assert!((21..=59).contains(&tries), "{tries}");
}

/// One faulty among forty: its share is so small that the three tries a period count, which are shared among the forty.
#[test]
fn tries_do_not_fall_below_those_of_a_search() {
    let mut lan = Options::lan();
    lan.gossip = None;
    lan.state_timeouts.faulty = Duration::from_secs(100_000);
    let mut world = World::among(lan, 39);
    world.tell(2, 1, &[said(2, 1000, Faulty, inc(0))]);
    world.hosts = None;
    world.run(secs(12_000));
    // 30 are to be expected, and three standard deviations (5.5 each) either side.
    let tries = fetches(&world).len();
    assert!((14..=46).contains(&tries), "{tries}");
}

/// Probing is off, so that healing alone wakes the node: each period for a search, each second where anybody is faulty.
#[test]
fn a_node_that_holds_nobody_faulty_wakes_up_for_searches_only() {
    let mut lan = Options::lan();
    lan.gossip = None;
    lan.heal.base_probability = 0;
    for (faulty, wakes) in [(0, 4), (1, 124)] {
        let mut world = World::among(lan.clone(), 5);
        let claims: Vec<_> = (0..faulty).map(|number| said(2, 1000 + number, Faulty, inc(0))).collect();
        world.tell(2, 1, &claims);
        world.run(secs(30));
        let (end, mut count) = (world.now + secs(120), 0);
        while let Some(deadline) = world.node(1).next_deadline().filter(|deadline| *deadline <= end) {
            world.run(deadline.since(world.now));
            count += 1;
        }
        assert!((wakes..wakes + 5).contains(&count), "{count} with {faulty} faulty");
    }
}
