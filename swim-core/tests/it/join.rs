//! R10: finding a cluster and becoming a member of it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use swim_core::{
    About, Boot, BootstrapOptions, Channel, Command, CommandError, CommandId, Config, Effect, Effects, Event,
    EventKind, Input, Instant, JoinFailedReason, Kind, Micros, Node, Options, Outcome, RefusedReason, StartGossip,
    Status, UnixMillis,
};

use crate::forge::{SOMEONE, feed, inc, is_ping, message, millis, own, quiet_lan, quiet_ringpop, said, secs};
use crate::world::{Letter, WALL, World};
use Status::{Alive, Faulty, Leave};

/// Node 1 is bootstrapped with hosts of which none runs; what they say is forged.
fn joining(options: Options, hosts: &[u32]) -> (World, CommandId) {
    let mut world = World::new(options);
    world.hosts = Some(hosts.to_vec());
    world.boot(1);
    let id = world.bootstrap(1, StartGossip::WhenReady);
    (world, id)
}

fn joins(world: &World) -> Vec<Letter> {
    world.sent_by(1).filter(|letter| matches!(letter.kind(), Kind::Join { .. })).cloned().collect()
}

/// A host lets node 1 in, and tells it of itself.
fn let_in(world: &mut World, asked: &Letter) {
    world.answer(asked, &message(Kind::List, &[own(asked.to, Alive, inc(0))]));
}

/// The host of this join, counted from the first, lets node 1 in.
fn let_in_by(world: &mut World, number: usize) {
    let asked = joins(world)[number].clone();
    let_in(world, &asked);
}

fn unreachable(world: &mut World, asked: &Letter) {
    let Channel::Request(ticket) = asked.channel else { panic!("a join is a request") };
    world.handle(1, Input::Undeliverable { to: asked.to, about: About::Request(ticket) });
}

#[test]
fn twice_as_many_hosts_are_asked_as_are_needed() {
    let (world, _) = joining(quiet_lan(), &Vec::from_iter(1..=20));
    let asked = joins(&world);
    assert_eq!(asked.len(), 6);
    assert_eq!(asked.iter().map(|letter| letter.to).collect::<BTreeSet<_>>().len(), 6, "different ones");
    assert!(asked.iter().all(|letter| letter.to != 1 && matches!(letter.channel, Channel::Request(_))));
    let claim = (Alive, world.node(1).incarnation());
    assert!(asked.iter().all(|letter| letter.claims_about(1) == [claim]), "the joiner speaks for itself");
}

#[test]
fn where_there_are_fewer_hosts_all_are_asked() {
    let (world, _) = joining(quiet_lan(), &[1, 2, 3, 4]);
    assert_eq!(joins(&world).len(), 3);
}

#[test]
fn ringpop_joins_without_changes() {
    let (world, _) = joining(quiet_ringpop(), &[1, 2, 3, 4]);
    assert!(joins(&world).iter().all(|letter| letter.subjects().is_empty()));
}

#[test]
fn three_answers_make_a_member_once_the_round_is_over() {
    let (mut world, id) = joining(quiet_lan(), &Vec::from_iter(1..=20));
    for asked in &joins(&world)[..3] {
        let_in(&mut world, asked);
        assert!(!world.node(1).is_ready());
    }
    // The round waits for all that were asked, until its time is up.
    world.run(millis(1_999));
    assert!(!world.node(1).is_ready());
    assert_eq!(world.sent_by(1).filter(|letter| is_ping(letter)).count(), 0);
    world.run(millis(1));
    assert!(world.node(1).is_ready());
    assert_eq!(world.outcome(id), Some(Outcome::Joined(3)));
    let complete = world.events(1).find(|event| event.kind() == EventKind::JoinComplete).unwrap();
    assert!(matches!(complete, Event::JoinComplete { duration, joined } if duration == secs(2) && joined.len() == 3));
}

#[test]
fn when_all_have_answered_nothing_is_waited_for() {
    let (mut world, id) = joining(quiet_lan(), &Vec::from_iter(1..=20));
    for asked in joins(&world) {
        assert_eq!(world.outcome(id), None);
        let_in(&mut world, &asked);
    }
    assert_eq!(world.outcome(id), Some(Outcome::Joined(6)));
    world.run(millis(0));
    assert_eq!(world.sent_by(1).filter(|letter| is_ping(letter)).count(), 1, "it probes at once");
}

#[test]
fn two_answers_of_three_that_are_needed_are_not_enough() {
    let (mut world, _) = joining(quiet_lan(), &Vec::from_iter(1..=20));
    for asked in &joins(&world)[..2] {
        let_in(&mut world, asked);
    }
    world.run(secs(2));
    assert!(!world.node(1).is_ready());
    // Of the next round one answer is needed: two are asked, neither of which has answered.
    world.run(millis(100));
    let second = &joins(&world)[6..];
    assert_eq!(second.len(), 2);
    let answered: Vec<u32> = joins(&world)[..2].iter().map(|letter| letter.to).collect();
    assert!(second.iter().all(|letter| !answered.contains(&letter.to)));
    let_in(&mut world, &second[0]);
    world.run(secs(2));
    assert!(world.node(1).is_ready());
}

#[test]
fn those_that_have_answered_are_not_asked_again() {
    let (mut world, _) = joining(quiet_lan(), &[1, 2, 3, 4, 5]);
    let first = joins(&world);
    let_in(&mut world, &first[0]);
    let_in(&mut world, &first[1]);
    world.run(millis(2_100));
    let asked = |letters: &[Letter]| letters.iter().map(|letter| letter.to).collect::<BTreeSet<u32>>();
    assert_eq!(asked(&joins(&world)[4..]), asked(&first[2..]));
}

#[test]
fn an_answer_that_comes_after_its_round_is_not_heard() {
    let (mut world, id) = joining(quiet_lan(), &[1, 2]);
    world.run(millis(2_010));
    let_in_by(&mut world, 0);
    assert_eq!((world.outcome(id), world.status(1, 2)), (None, None));
    assert_eq!(world.node(1).counters().rejected_unsolicited, 1);
}

#[test]
fn one_answer_is_enough_where_there_is_one_other_host() {
    let (mut world, id) = joining(quiet_lan(), &[1, 2]);
    let_in_by(&mut world, 0);
    assert_eq!(world.outcome(id), Some(Outcome::Joined(1)));
}

#[test]
fn a_list_that_holds_only_oneself_makes_a_cluster_of_one() {
    let (world, id) = joining(quiet_lan(), &[1]);
    assert_eq!(world.outcome(id), Some(Outcome::Joined(0)));
    assert!(world.node(1).is_ready());
    assert_eq!(world.letters.len(), 0);
}

#[test]
fn what_a_join_brings_is_not_gossiped_except_the_joiner_itself() {
    let (mut world, _) = joining(quiet_lan(), &[1, 2]);
    let list = [own(2, Alive, inc(0)), own(3, Alive, inc(0)), said(2, 4, Faulty, inc(0))];
    let asked = joins(&world)[0].clone();
    world.answer(&asked, &message(Kind::List, &list));
    assert!(world.node(1).is_ready());
    assert_eq!(world.node(1).listed().count(), 4);
    assert_eq!(world.ask(SOMEONE, 1).subjects(), [1]);
}

#[test]
fn each_answer_to_a_join_is_reported() {
    let (mut world, _) = joining(quiet_lan(), &[1, 2]);
    let list = [own(2, Alive, inc(0)), own(3, Alive, inc(0)), own(3, Alive, inc(0))];
    let asked = joins(&world)[0].clone();
    world.answer(&asked, &message(Kind::List, &list));
    let added = Event::AddJoinList { source: 2, received: 3, applied: 2 };
    assert!(world.events(1).any(|event| event == added));
}

#[test]
fn a_refutation_of_what_a_join_brought_is_gossiped() {
    let (mut world, _) = joining(quiet_lan(), &[1, 2]);
    let claim = said(2, 1, Faulty, world.node(1).incarnation());
    let asked = joins(&world)[0].clone();
    world.answer(&asked, &message(Kind::List, &[own(2, Alive, inc(0)), claim]));
    assert_eq!(world.node(1).counters().refutations, 1);
    let refuted = world.node(1).incarnation();
    assert!(refuted > claim.incarnation);
    assert_eq!(world.ask(SOMEONE, 1).claims_about(1), [(Alive, refuted)]);
}

/// The times between the rounds of joins of a node whose one other host is not reachable.
fn pauses(options: Options) -> Vec<Micros> {
    let (mut world, _) = joining(options, &[1, 2]);
    let mut rounds: Vec<Instant> = Vec::new();
    while !world.events(1).any(|event| event.kind() == EventKind::JoinFailed) {
        if let Some(asked) = joins(&world).get(rounds.len()) {
            rounds.push(asked.sent);
            let asked = asked.clone();
            unreachable(&mut world, &asked);
        } else {
            let deadline = world.node(1).next_deadline().expect("it tries again");
            world.run(deadline.since(world.now));
        }
    }
    rounds.windows(2).map(|pair| pair[1].since(pair[0])).collect()
}

#[test]
fn pauses_between_rounds_double_and_half_of_each_is_random() {
    let pauses = pauses(quiet_lan());
    assert!(pauses.len() >= 9, "{pauses:?}");
    let mut longest = millis(100);
    let mut shortened = 0;
    for pause in &pauses {
        assert!((longest.0 / 2..=longest.0).contains(&pause.0), "{pause:?} of {longest:?}");
        shortened += u32::from(*pause < longest);
        longest = longest.times(2).min(secs(60));
    }
    assert!(shortened * 2 > pauses.len() as u32, "there is jitter: {pauses:?}");
}

#[test]
fn pauses_grow_no_longer_than_they_may() {
    let mut options = quiet_lan();
    options.join.delay_max = Duration::from_secs(1);
    let pauses = pauses(options);
    assert!(pauses.len() >= 119, "{}", pauses.len());
    assert!(pauses.iter().all(|&pause| pause <= secs(1)));
    assert!(pauses[4..].iter().all(|&pause| pause >= millis(500)));
}

#[test]
fn a_node_gives_up_after_two_minutes_and_may_try_again() {
    let (mut world, id) = joining(quiet_lan(), &[1, 2]);
    world.run(millis(119_999));
    assert_eq!(world.outcome(id), None);
    world.run(secs(2));
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::JoinFailed)));
    assert!(world.events(1).any(|event| event == Event::JoinFailed { reason: JoinFailedReason::Error }));
    assert!(!world.node(1).is_ready());
    world.forget();
    world.run(secs(200));
    assert_eq!(joins(&world).len(), 0);

    let again = world.bootstrap(1, StartGossip::WhenReady);
    let_in_by(&mut world, 0);
    assert_eq!(world.outcome(again), Some(Outcome::Joined(1)));
}

#[test]
fn rounds_are_counted_from_zero() {
    let (mut world, _) = joining(quiet_lan(), &[1, 2]);
    world.run(secs(7));
    let retries = world.events(1).filter_map(|event| match event {
        Event::JoinTriesUpdate { retries } => Some(retries),
        _ => None,
    });
    assert_eq!(Vec::from_iter(retries), [0, 1, 2, 3]);
}

/// Node 1, one of whose three hosts has let it in; the others are not reachable.
fn let_in_by_one(options: Options, until: Micros) -> (World, CommandId) {
    let (mut world, id) = joining(options, &[1, 2, 3, 4]);
    let end = world.now + until;
    let mut seen = 0;
    while world.now < end {
        while let Some(asked) = joins(&world).get(seen).cloned() {
            seen += 1;
            if asked.to == 2 { let_in(&mut world, &asked) } else { unreachable(&mut world, &asked) }
        }
        let next = world.node(1).next_deadline().map_or(end, |at| at.min(end));
        world.run(next.since(world.now));
    }
    (world, id)
}

#[test]
fn after_ten_seconds_one_answer_is_enough() {
    let (mut world, id) = let_in_by_one(quiet_lan(), millis(9_999));
    assert_eq!(world.outcome(id), None);
    world.run(millis(1));
    assert_eq!(world.outcome(id), Some(Outcome::Joined(1)));
}

#[test]
fn where_less_time_than_that_is_given_one_answer_is_enough_at_its_end() {
    let mut options = quiet_lan();
    options.join.max_duration = Duration::from_secs(5);
    let (mut world, id) = let_in_by_one(options, millis(4_999));
    assert_eq!(world.outcome(id), None);
    world.run(millis(1));
    assert_eq!(world.outcome(id), Some(Outcome::Joined(1)));
}

/// Six are asked at a time.
#[test]
fn of_twenty_hosts_that_do_not_answer_each_has_its_turn_before_another_has_its_next() {
    let (mut world, _) = joining(quiet_lan(), &Vec::from_iter(1..=21));
    world.run(secs(60));
    let asked: Vec<u32> = joins(&world).iter().map(|join| join.to).collect();
    assert!(asked.len() >= 42, "{}", asked.len());
    for (rounds, turns) in [(3, 0), (4, 1), (7, 2)] {
        let count = |host| asked[..6 * rounds].iter().filter(|&&to| to == host).count();
        let turns = turns..=turns + 1;
        assert!((2..=21).all(|host| turns.contains(&count(host))), "{rounds}: {asked:?}");
    }
}

#[test]
fn ringpop_insists_on_all_answers() {
    let (world, id) = let_in_by_one(quiet_ringpop(), secs(119));
    assert_eq!(world.outcome(id), None);
    let (world, id) = let_in_by_one(quiet_ringpop(), secs(122));
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::JoinFailed)));
    assert!(!world.node(1).is_ready());
}

#[test]
fn without_an_answer_ten_seconds_make_no_member() {
    let (mut world, id) = joining(quiet_lan(), &[1, 2, 3, 4]);
    world.run(secs(60));
    assert_eq!((world.outcome(id), world.node(1).is_ready()), (None, false));
}

#[test]
fn a_joiner_that_is_refused_tries_the_others_and_again() {
    let (mut world, id) = joining(quiet_lan(), &[1, 2]);
    let refused = message(Kind::Refused { reason: RefusedReason::OtherApp }, &[]);
    let asked = joins(&world)[0].clone();
    world.answer(&asked, &refused);
    assert_eq!(world.outcome(id), None);
    world.run(millis(100));
    let_in_by(&mut world, 1);
    assert_eq!(world.outcome(id), Some(Outcome::Joined(1)));
}

#[test]
fn a_failed_discovery_is_retried() {
    let mut world = World::new(quiet_lan());
    world.hosts = None;
    world.boot(1);
    let id = world.bootstrap(1, StartGossip::WhenReady);
    world.run(secs(3));
    assert!(world.discoveries >= 4, "{}", world.discoveries);
    world.hosts = Some(vec![1, 2]);
    world.run(secs(5));
    let_in_by(&mut world, 0);
    assert_eq!(world.outcome(id), Some(Outcome::Joined(1)));
}

#[test]
fn a_discovery_that_always_fails_is_given_up() {
    let mut world = World::new(quiet_lan());
    world.hosts = None;
    world.boot(1);
    let id = world.bootstrap(1, StartGossip::WhenReady);
    world.run(secs(121));
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::JoinFailed)));
    assert!((8..=20).contains(&world.discoveries), "it backs off: {}", world.discoveries);
}

#[test]
fn a_host_that_never_answers_the_discovery_does_not_hang_the_join() {
    let config = Config::try_from(quiet_lan()).unwrap();
    let mut node = Node::new(config, 1u32, Boot { now: Instant::ZERO, wall: WALL, seed: 1 });
    let mut effects = Effects::new();
    let command = Command::Bootstrap(Default::default());
    feed(&mut node, Instant::ZERO, Input::Command { id: CommandId(7), command }, &mut effects);
    assert_eq!(node.next_deadline(), Some(Instant::from_millis(120_000)));
    feed(&mut node, Instant::from_millis(120_000), Input::Tick, &mut effects);
    let done = Effect::CommandDone { id: CommandId(7), outcome: Outcome::Failed(CommandError::JoinFailed) };
    assert!(effects.iter().any(|effect| effect == done));
}

#[test]
fn hosts_are_discovered_anew_for_each_round() {
    let (mut world, id) = joining(quiet_lan(), &[1, 2]);
    world.hosts = Some(vec![1, 3]);
    world.run(millis(2_100));
    let asked = joins(&world);
    assert_eq!(asked.iter().map(|letter| letter.to).collect::<Vec<_>>(), [2, 3]);
    let_in(&mut world, &asked[1]);
    assert_eq!(world.outcome(id), Some(Outcome::Joined(1)));
}

#[test]
fn a_host_list_that_shrinks_to_less_than_have_answered_is_enough() {
    let (mut world, id) = joining(quiet_lan(), &[1, 2, 3, 4]);
    for asked in joins(&world).iter().filter(|asked| asked.to != 4) {
        let_in(&mut world, asked);
    }
    world.hosts = Some(vec![1, 4]);
    world.run(secs(3));
    assert_eq!(world.outcome(id), Some(Outcome::Joined(2)));
}

#[test]
fn a_node_that_is_destroyed_while_it_joins_ends_its_join() {
    let (mut world, id) = joining(quiet_lan(), &[1, 2]);
    world.command(1, Command::Destroy);
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::Destroyed)));
    assert!(world.events(1).any(|event| event == Event::JoinFailed { reason: JoinFailedReason::Destroyed }));
    let_in_by(&mut world, 0);
    assert_eq!((world.node(1).is_ready(), world.node(1).next_deadline()), (false, None));
}

#[test]
fn a_node_is_bootstrapped_once() {
    let (mut world, first) = joining(quiet_lan(), &[1, 2]);
    for _ in 0..2 {
        let again = world.bootstrap(1, StartGossip::WhenReady);
        assert_eq!(world.outcome(again), Some(Outcome::Failed(CommandError::AlreadyBootstrapped)));
        assert_eq!(joins(&world).len(), 1);
        let_in_by(&mut world, 0);
    }
    assert_eq!(world.outcome(first), Some(Outcome::Joined(1)));
}

#[test]
fn a_node_probes_on_command_where_that_was_asked_for() {
    let mut world = World::new(quiet_lan());
    world.hosts = Some(vec![1, 2]);
    world.boot(1);
    world.bootstrap(1, StartGossip::OnCommand);
    let_in_by(&mut world, 0);
    world.run(secs(5));
    assert!(world.node(1).is_ready() && world.node(1).is_stopped());
    assert_eq!(world.sent_by(1).filter(|letter| is_ping(letter)).count(), 0);
    world.command(1, Command::GossipStart);
    world.run(millis(0));
    assert_eq!(world.sent_by(1).filter(|letter| is_ping(letter)).count(), 1);
}

/// Ten hosts, five of them on the joiner's own machine.
#[test]
fn hosts_on_other_machines_are_asked_first() {
    let on = |machine: u8, port: u16| SocketAddr::from(([10, 0, 0, machine], port));
    let hosts: Vec<SocketAddr> = (1..=5).map(|port| on(1, port)).chain((2..=6).map(|machine| on(machine, 1))).collect();
    for seed in 0..20 {
        let config = Config::try_from(quiet_lan()).unwrap();
        let mut node = Node::new(config, on(1, 1), Boot { now: Instant::ZERO, wall: UnixMillis(WALL.0), seed });
        let mut effects = Effects::new();
        let command = Command::Bootstrap(Default::default());
        feed(&mut node, Instant::ZERO, Input::Command { id: CommandId(1), command }, &mut effects);
        let discovery = effects.iter().find_map(|effect| match effect {
            Effect::Discover(id) => Some(id),
            _ => None,
        });
        let input = Input::Hosts { id: discovery.unwrap(), result: Ok(&hosts) };
        effects.clear();
        feed(&mut node, Instant::ZERO, input, &mut effects);
        let asked: Vec<SocketAddr> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Send { to, .. } => Some(to),
                _ => None,
            })
            .collect();
        assert_eq!(asked.len(), 6);
        assert!(hosts[5..].iter().all(|other| asked.contains(other)), "{asked:?}");
        assert_ne!(asked[5], on(1, 1), "not oneself");
    }
}

#[test]
fn a_list_without_anyone_is_asked_for_again_and_makes_no_cluster_of_one() {
    let config = Config::try_from(quiet_lan()).unwrap();
    let boot = Boot { now: Instant::ZERO, wall: UnixMillis(1_700_000_000_000), seed: 1 };
    let mut node = Node::new(config, 1u32, boot);
    let mut effects = Effects::new();
    let asks = |effects: &mut Effects<u32>| {
        let found = effects.iter().find_map(|effect| if let Effect::Discover(id) = effect { Some(id) } else { None });
        effects.clear();
        found
    };
    let command = Command::Bootstrap(BootstrapOptions::default());
    feed(&mut node, Instant::ZERO, Input::Command { id: CommandId(1), command }, &mut effects);
    let id = asks(&mut effects).expect("a bootstrap discovers");
    feed(&mut node, Instant::ZERO, Input::Hosts { id, result: Ok(&[]) }, &mut effects);
    assert!(!node.is_ready());
    let again = node.next_deadline().expect("the join goes on");
    feed(&mut node, again, Input::Tick, &mut effects);
    let id = asks(&mut effects).expect("hosts are asked for again");
    feed(&mut node, again, Input::Hosts { id, result: Ok(&[1]) }, &mut effects);
    assert!(node.is_ready());
}

#[test]
fn who_leaves_while_too_few_have_answered_tells_those_that_have() {
    for (command, status) in [(Command::Leave, Leave), (Command::SelfEvict, Faulty)] {
        let (mut world, join) = joining(quiet_lan(), &Vec::from_iter(1..=20));
        let_in_by(&mut world, 0);
        let first = joins(&world)[0].to;
        let (asked, id) = (joins(&world)[1].clone(), world.command(1, command));
        assert_eq!(world.outcome(join), Some(Outcome::Joined(1)));
        let told = world.last(1, first).clone();
        assert!(is_ping(&told));
        assert_eq!(told.claims_about(1), [(status, world.node(1).incarnation())]);
        world.acknowledge(&told, &[]);
        assert_eq!(world.outcome(id), Some(Outcome::Departed(1)));
        // The others are not waited for, and not heard.
        let_in(&mut world, &asked);
        assert_eq!((world.status(1, asked.to), world.count(1, EventKind::JoinComplete)), (None, 1));
    }
}

#[test]
fn who_leaves_before_anyone_has_answered_goes_on_joining() {
    let (mut world, join) = joining(quiet_lan(), &Vec::from_iter(1..=20));
    let id = world.command(1, Command::Leave);
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::NotReady)));
    joins(&world).iter().for_each(|asked| let_in(&mut world, asked));
    assert_eq!(world.outcome(join), Some(Outcome::Joined(6)));
    assert_eq!(world.status(1, 1), Some(Alive));
}
