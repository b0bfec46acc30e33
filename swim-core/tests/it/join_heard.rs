//! R10: who speaks to a node that is still joining is one more host to join.

use swim_core::{About, Channel, ClusterId, CommandId, EventKind, Input, Kind, Options, Outcome, StartGossip, Status};

use crate::forge::{STRANGER, inc, message, own, quiet_lan, secs};
use crate::world::{Letter, World};

/// Node 1 is bootstrapped with 2 for a host, which does not run.
fn joining(options: Options) -> (World, CommandId) {
    let mut world = World::new(options);
    world.hosts = Some(vec![1, 2]);
    world.boot(1);
    let id = world.bootstrap(1, StartGossip::WhenReady);
    (world, id)
}

fn joins(world: &World) -> Vec<Letter> {
    world.sent_by(1).filter(|letter| matches!(letter.kind(), Kind::Join { .. })).cloned().collect()
}

/// The transport says that the host of the first join cannot be reached.
fn unreachable(world: &mut World) {
    unreachable_at(world, 2);
}

#[test]
fn a_member_that_pings_a_joining_node_is_one_more_host_to_join() {
    let (mut world, id) = joining(quiet_lan());
    world.ask(STRANGER, 1);
    unreachable(&mut world);
    world.run(secs(2));
    let asked = joins(&world).into_iter().find(|letter| letter.to == STRANGER).expect("the stranger is asked");
    world.answer(&asked, &message(Kind::List, &[own(asked.to, Status::Alive, inc(0))]));
    world.run(secs(20));
    assert_eq!(world.outcome(id), Some(Outcome::Joined(1)));
}

/// Six of seventeen are asked in a round.
#[test]
fn strangers_that_are_new_before_each_round_keep_no_host_of_the_list_from_its_turns() {
    let (mut world, _) = joining(quiet_lan());
    for number in 0..60 * 16 {
        world.ask(1_000 + number, 1);
        if number % 16 == 15 {
            world.run(secs(1));
        }
    }
    let rounds = world.count(1, EventKind::JoinTriesUpdate);
    let turns = joins(&world).iter().filter(|join| join.to == 2).count();
    assert!(rounds >= 6 && turns * 3 >= rounds, "{turns} in {rounds}");
}

#[test]
fn sixteen_that_ping_a_joining_node_are_remembered_once_each() {
    let mut options = quiet_lan();
    options.join.size = 32;
    let (mut world, _) = joining(options);
    for stranger in STRANGER..STRANGER + 20 {
        world.ask(stranger, 1);
        world.ask(stranger, 1);
    }
    unreachable(&mut world);
    world.forget();
    world.run(secs(1));
    let mut asked: Vec<u32> = joins(&world).iter().map(|letter| letter.to).collect();
    asked.sort_unstable();
    let heard: Vec<u32> = [2].into_iter().chain(STRANGER..STRANGER + 16).collect();
    assert_eq!(asked, heard);
}

#[test]
fn a_healer_of_the_same_app_is_one_more_host_to_join_and_one_of_another_is_not() {
    let another = ClusterId::from_name("another");
    let same = ClusterId::from_name(&Options::lan().app);
    for (app, heard) in [(same, true), (another, false)] {
        let (mut world, _) = joining(quiet_lan());
        world.request(STRANGER, 1, &message(Kind::HealFetch { app }, &[]));
        unreachable(&mut world);
        world.run(secs(2));
        assert_eq!(joins(&world).iter().any(|letter| letter.to == STRANGER), heard);
    }
}

/// Anybody can be heard, so nobody who was can keep a node from founding a cluster.
#[test]
fn a_host_list_of_oneself_makes_a_cluster_also_where_somebody_was_heard_that_does_not_answer() {
    let mut world = World::new(quiet_lan());
    world.hosts = Some(vec![1]);
    world.boot(1);
    world.ask(STRANGER, 1);
    let id = world.bootstrap(1, StartGossip::WhenReady);
    let mut seconds = 0;
    while world.outcome(id).is_none() {
        assert!(joins(&world).iter().any(|letter| letter.to == STRANGER), "it is asked first");
        // It pings again and again.
        world.ask(STRANGER, 1);
        world.run(secs(1));
        seconds += 1;
    }
    assert_eq!(world.outcome(id), Some(Outcome::Joined(0)));
    assert!((8..=12).contains(&seconds), "{seconds}: the time that others have to answer");
}

#[test]
fn one_answer_of_somebody_who_was_heard_is_enough_where_the_host_list_names_oneself_only() {
    let mut world = World::new(quiet_lan());
    world.hosts = Some(vec![1]);
    world.boot(1);
    world.ask(STRANGER, 1);
    world.ask(STRANGER + 1, 1);
    let id = world.bootstrap(1, StartGossip::WhenReady);
    let asked = joins(&world).into_iter().find(|letter| letter.to == STRANGER).expect("the stranger is asked");
    world.answer(&asked, &message(Kind::List, &[own(asked.to, Status::Alive, inc(0))]));
    unreachable_at(&mut world, STRANGER + 1);
    world.run(secs(1));
    assert_eq!(world.outcome(id), Some(Outcome::Joined(1)));
}

fn unreachable_at(world: &mut World, to: u32) {
    let asked = joins(world).into_iter().find(|letter| letter.to == to).expect("it is asked");
    let Channel::Request(ticket) = asked.channel else { panic!("a join is a request") };
    world.handle(1, Input::Undeliverable { to, about: About::Request(ticket) });
}
