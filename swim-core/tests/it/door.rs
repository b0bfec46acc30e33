//! The door: whatever comes in, each request gets one reply, each command one end, and time passes.

use swim_core::{
    About, Boot, BootstrapOptions, Channel, ClusterId, Command, CommandError, CommandId, Config, DiscoverId, Effect,
    Effects, Event, EventKind, EventMask, Input, Instant, Kind, Micros, Node, Options, Outcome, OwnLabels, Reach,
    Readiness, RefusedReason, Seq, StartGossip, Status, SyncReason, Ticket, UnixMillis, Via,
};

use crate::forge::{
    STRANGER, ack, feed, inc, is_ping, join, message, millis, own, ping, ping_req, quiet_lan, quiet_ringpop, said, secs,
};
use crate::world::{WALL, World};
use Status::{Alive, Faulty, Suspect};

/// Where node 1 may stand when something comes in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stand {
    Fresh,
    Joining,
    Member,
    Left,
    Evicted,
    Destroyed,
}

const STANDS: [Stand; 6] = [Stand::Fresh, Stand::Joining, Stand::Member, Stand::Left, Stand::Evicted, Stand::Destroyed];

/// Node 1 in some standing, knowing the forged members 2 to 5, and 8, which is faulty.
fn standing(options: Options, stand: Stand) -> World {
    let mut world = World::new(options);
    if stand == Stand::Joining {
        world.hosts = Some(vec![1, 2, 3]);
    }
    world.boot(1);
    if stand != Stand::Fresh {
        world.bootstrap(1, StartGossip::OnCommand);
    }
    let claims: Vec<_> = (2..=5).map(|address| own(address, Alive, inc(0))).collect();
    world.tell(2, 1, &claims);
    world.tell(2, 1, &[said(2, 8, Faulty, inc(0))]);
    match stand {
        Stand::Fresh | Stand::Joining | Stand::Member => {}
        Stand::Left => drop(world.command(1, Command::Leave)),
        Stand::Evicted => drop(world.command(1, Command::SelfEvict)),
        Stand::Destroyed => drop(world.command(1, Command::Destroy)),
    }
    world.forget();
    world
}

/// One message of every kind, those that are no requests included.
fn kinds() -> Vec<Kind<u32>> {
    let reason = SyncReason::Diverged;
    let app = ClusterId::from_name(&Options::lan().app);
    vec![
        ping(1),
        ack(Seq(1)),
        Kind::Ack { seq: Seq(2), ready: Readiness::NotReady },
        ping_req(1, 1, millis(100)),
        ping_req(2, 2, millis(100)),
        ping_req(3, STRANGER, secs(1_000_000)),
        ping_req(4, 2, Micros(0)),
        Kind::PingReqAnswer { seq: Seq(1), target: 2, reach: Reach::Reached },
        Kind::Gossip,
        join(),
        Kind::Join { app: ClusterId::from_name("another") },
        Kind::List,
        Kind::Sync { reason },
        Kind::Sync { reason: SyncReason::Overload },
        Kind::SyncAnswer { reason },
        Kind::HealFetch { app },
        Kind::HealFetch { app: ClusterId::from_name("another") },
        Kind::HealSuspect,
        Kind::HealMerge,
        Kind::Done,
        Kind::Refused { reason: RefusedReason::Busy },
    ]
}

/// The world holds each reply against its request; here it is seen to that none is missing.
#[test]
fn each_request_gets_exactly_one_reply_whatever_its_kind_and_wherever_the_node_stands() {
    for options in [quiet_lan(), quiet_ringpop()] {
        for stand in STANDS {
            for kind in kinds() {
                for from in [2, 8, STRANGER, 1] {
                    let mut world = standing(options.clone(), stand);
                    let ticket = world.ticket();
                    let claims =
                        [own(from, Alive, inc(1)), said(from, 3, Suspect, inc(0)), said(from, 1, Faulty, inc(0))];
                    world.inject(from, 1, Via::Request(ticket), &message(kind, &claims));
                    // A ping for another takes as long as the asker allows, and no longer than any asker may.
                    world.run(secs(50));
                    assert_eq!(world.owed(1), 0, "{kind:?} from {from} where {stand:?}");
                }
            }
        }
    }
}

#[test]
fn no_message_by_datagram_or_as_a_response_does_harm_wherever_the_node_stands() {
    for stand in STANDS {
        for kind in kinds() {
            let mut world = standing(quiet_lan(), stand);
            for via in [Via::Datagram, Via::Response(Ticket(1)), Via::Response(Ticket(1 << 32 | 1))] {
                world.inject(2, 1, via, &message(kind, &[own(2, Alive, inc(1))]));
            }
            world.run(secs(5));
        }
    }
}

#[test]
fn an_owed_reply_is_given_when_the_node_is_destroyed() {
    let mut world = World::among(quiet_lan(), 3);
    let ticket = world.ticket();
    world.inject(2, 1, Via::Request(ticket), &message(ping_req(1, 3, secs(1)), &[]));
    assert_eq!(world.owed(1), 1);
    world.command(1, Command::Destroy);
    assert_eq!(world.owed(1), 0);
    assert!(matches!(world.last(1, 2).kind(), Kind::PingReqAnswer { reach: Reach::NotReady, .. }));
}

fn commands(labels: &OwnLabels) -> Vec<Command<'_, u32>> {
    vec![
        Command::Bootstrap(BootstrapOptions::default()),
        Command::Leave,
        Command::Rejoin,
        Command::SelfEvict,
        Command::SetLabels(labels),
        Command::HealViaDiscovery,
        Command::AttemptHeal { target: 8 },
        Command::AttemptHeal { target: STRANGER },
        Command::AttemptHeal { target: 1 },
        Command::Reap,
        Command::GossipStart,
        Command::GossipStop,
        Command::GossipTick,
        Command::Destroy,
    ]
}

/// The world holds that none ends twice.
#[test]
fn each_command_ends_wherever_the_node_stands_and_whatever_came_before() {
    let labels = OwnLabels::new([("role", "db")]).unwrap();
    for options in [quiet_lan(), quiet_ringpop()] {
        for stand in STANDS {
            for first in commands(&labels) {
                for second in commands(&labels) {
                    let mut world = standing(options.clone(), stand);
                    world.hosts = Some(vec![1, 2, 8, STRANGER]);
                    let ids = [world.command(1, first), world.command(1, second)];
                    if ids.iter().any(|&id| world.outcome(id).is_none()) {
                        world.run(secs(125));
                    }
                    for id in ids {
                        assert!(world.outcome(id).is_some(), "{first:?}, {second:?} where {stand:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_end_of_a_command_is_an_event_as_well() {
    let mut world = World::among(quiet_lan(), 2);
    let id = world.command(1, Command::GossipStop);
    assert!(world.events(1).any(|event| event == Event::CommandEnded { id }));
}

#[test]
fn no_more_than_sixteen_ticks_wait_for_one_round() {
    let mut world = World::among(quiet_lan(), 2);
    let ids: Vec<CommandId> = (0..17).map(|_| world.command(1, Command::GossipTick)).collect();
    assert_eq!(world.outcome(ids[16]), Some(Outcome::Failed(CommandError::Busy)));
    assert_eq!(world.outcome(ids[15]), None);
    world.run(secs(2));
    assert!(ids[..16].iter().all(|&id| world.outcome(id) == Some(Outcome::Done)));
    assert_eq!(world.sent_by(1).filter(|letter| is_ping(letter)).count(), 1);
}

#[test]
fn an_early_tick_does_nothing() {
    let mut world = World::cluster(Options::lan(), 3);
    for _ in 0..50 {
        let deadline = world.node(1).next_deadline().unwrap();
        let left = deadline.since(world.now);
        world.run(Micros(left.0.saturating_sub(1)));
        world.forget();
        let deadline = world.node(1).next_deadline().unwrap();
        if deadline > world.now {
            world.tick(1);
            assert_eq!((world.sent_by(1).count(), world.events(1).count()), (0, 0));
            assert_eq!(world.node(1).next_deadline(), Some(deadline));
        }
        world.run(Micros(1));
    }
}

#[test]
fn a_repeated_tick_does_nothing() {
    let mut world = World::cluster(Options::lan(), 3);
    for _ in 0..50 {
        let deadline = world.node(1).next_deadline().unwrap();
        world.run(deadline.since(world.now));
        world.tick(1);
        let next = world.node(1).next_deadline();
        world.forget();
        world.tick(1);
        assert_eq!((world.sent_by(1).count(), world.events(1).count()), (0, 0));
        assert_eq!(world.node(1).next_deadline(), next);
    }
}

#[test]
fn ticks_that_are_always_late_do_not_stop_the_protocol() {
    let mut world = World::among(quiet_lan(), 4);
    world.command(1, Command::GossipStart);
    for _ in 0..100 {
        let deadline = world.node(1).next_deadline().expect("there is always something to do");
        world.skip(deadline.since(world.now) + millis(300));
        world.tick(1);
    }
    // Nobody answers, so all of them are found dead.
    assert!((2..=4).all(|of| world.status(1, of) == Some(Faulty)));
}

fn fresh(address: u32) -> Node<u32> {
    let config = Config::try_from(quiet_lan()).unwrap();
    Node::new(config, address, Boot { now: Instant::from_millis(1_000), wall: WALL, seed: 7 })
}

/// Bootstraps a node on its own.
fn alone(address: u32, effects: &mut Effects<u32>) -> Node<u32> {
    let mut node = fresh(address);
    let now = Instant::from_millis(1_000);
    let command = Command::Bootstrap(BootstrapOptions { gossip: StartGossip::OnCommand });
    feed(&mut node, now, Input::Command { id: CommandId(1), command }, effects);
    feed(&mut node, now, Input::Hosts { id: DiscoverId(1), result: Ok(&[address]) }, effects);
    assert!(node.is_ready());
    node
}

#[test]
fn time_that_runs_backwards_stands_still() {
    let mut effects = Effects::new();
    let mut node = alone(1, &mut effects);
    let told = message(Kind::Gossip, &[own(2, Alive, inc(0)), own(3, Alive, inc(0))]);
    let tell = |message| Input::Message { from: 2, via: Via::Datagram, message };
    feed(&mut node, Instant::from_millis(50_000), tell(told.as_message()), &mut effects);
    let runs_out = |node: &mut Node<u32>, effects: &mut Effects<u32>, at| {
        feed(node, Instant::from_millis(at), Input::Tick, effects);
        node.member(2).unwrap().status
    };
    // The suspicion lasts four seconds from the latest time that was seen, however old the messages.
    let accusation = message(Kind::Gossip, &[said(3, 2, Suspect, inc(0))]);
    for earlier in [10_000, 49_000, 0] {
        feed(&mut node, Instant::from_millis(earlier), tell(accusation.as_message()), &mut effects);
        assert!(node.next_deadline().is_some_and(|at| at > Instant::from_millis(50_000)));
    }
    assert_eq!(runs_out(&mut node, &mut effects, 53_999), Suspect);
    assert_eq!(runs_out(&mut node, &mut effects, 54_000), Faulty);
}

#[test]
fn the_end_of_time_is_no_trouble() {
    let mut effects = Effects::new();
    let mut node = alone(1, &mut effects);
    for now in [Instant::from_micros(u64::MAX - 1), Instant::NEVER] {
        let told = message(ping(1), &[own(2, Alive, inc(0)), said(2, 2, Suspect, inc(0))]);
        let input = Input::Message { from: 2, via: Via::Datagram, message: told.as_message() };
        feed(&mut node, now, input, &mut effects);
        feed(&mut node, now, Input::Tick, &mut effects);
        feed(&mut node, now, Input::Wall(UnixMillis(u64::MAX)), &mut effects);
    }
}

#[test]
fn nodes_that_share_one_buffer_do_what_they_would_alone() {
    let inputs = [message(ping(1), &[own(7, Alive, inc(0)), own(8, Alive, inc(0))]), message(Kind::Gossip, &[]), {
        message(ping_req(2, 7, millis(9)), &[said(9, 7, Suspect, inc(0))])
    }];
    let run = |mut nodes: [Node<u32>; 2], handle: &mut dyn FnMut(&mut Node<u32>, Input<'_, u32>)| {
        for told in &inputs {
            for node in &mut nodes {
                handle(node, Input::Message { from: 9, via: Via::Datagram, message: told.as_message() });
                handle(node, Input::Tick);
            }
        }
    };
    let now = Instant::from_millis(2_000);
    let pair = || {
        let mut quiet = quiet_lan();
        quiet.events = EventMask::only(&[EventKind::PingReceive]);
        let boot = Boot { now: Instant::from_millis(1_000), wall: WALL, seed: 7 };
        [alone(1, &mut Effects::new()), Node::new(Config::try_from(quiet).unwrap(), 2, boot)]
    };
    let (mut shared, mut apart) = (Effects::new(), Vec::new());
    run(pair(), &mut |node, input| feed(node, now, input, &mut shared));
    run(pair(), &mut |node, input| {
        let mut effects = Effects::new();
        feed(node, now, input, &mut effects);
        apart.extend(effects.iter().map(|effect| format!("{effect:?}")));
    });
    let shared: Vec<String> = shared.iter().map(|effect| format!("{effect:?}")).collect();
    assert!(shared.len() > 15);
    assert_eq!(shared, apart);
}

#[test]
fn a_wake_is_said_only_when_it_changes() {
    let mut effects = Effects::new();
    let mut node = alone(1, &mut effects);
    feed(&mut node, Instant::from_millis(1_000), Input::Tick, &mut effects);
    effects.clear();
    let told = message(Kind::Gossip, &[]);
    for _ in 0..3 {
        let input = Input::Message { from: 2, via: Via::Datagram, message: told.as_message() };
        feed(&mut node, Instant::from_millis(1_001), input, &mut effects);
    }
    assert!(effects.is_empty(), "{effects:?}");
}

#[test]
fn hosts_and_undeliverables_that_nobody_waits_for_change_nothing() {
    for stand in STANDS {
        let mut world = standing(quiet_lan(), stand);
        let checksum = world.node(1).checksum();
        world.handle(1, Input::Hosts { id: DiscoverId(99), result: Ok(&[50, 51]) });
        for about in [About::Datagram, About::Request(Ticket(5)), About::Request(Ticket(1 << 32 | 9))] {
            world.handle(1, Input::Undeliverable { to: STRANGER, about });
        }
        assert_eq!((world.sent_by(1).count(), world.node(1).checksum()), (0, checksum), "{stand:?}");
    }
}

#[test]
fn a_destroyed_node_has_no_timers_and_answers_only_refusals() {
    let mut world = World::cluster(Options::lan(), 3);
    world.run(millis(700));
    let id = world.command(1, Command::Destroy);
    assert_eq!(world.outcome(id), Some(Outcome::Done));
    assert!(world.node(1).is_destroyed() && !world.node(1).is_ready());
    world.forget();
    // The others ping it meanwhile, also by stream.
    world.run(secs(30));
    assert_eq!(world.node(1).next_deadline(), None);
    assert!(world.sent_by(1).count() > 0);
    let refusal = Kind::Refused { reason: RefusedReason::Unexpected };
    assert!(world.sent_by(1).all(|letter| letter.kind() == refusal && letter.subjects().is_empty()));
    let again = world.command(1, Command::Destroy);
    assert_eq!(world.outcome(again), Some(Outcome::Failed(CommandError::Destroyed)));
}

#[test]
fn what_was_under_way_when_the_node_was_destroyed_starts_no_timer_when_it_fails() {
    let mut world = World::among(quiet_lan(), 4);
    world.ask(2, 1);
    world.ask(3, 1);
    let syncs: Vec<_> =
        world.sent_by(1).filter(|letter| matches!(letter.channel, Channel::Request(_))).cloned().collect();
    assert_eq!(syncs.len(), 2);
    let ticks = world.command(1, Command::GossipTick);
    let heal = world.command(1, Command::AttemptHeal { target: STRANGER });
    world.command(1, Command::Destroy);
    assert_eq!(world.outcome(ticks), Some(Outcome::Done));
    assert_eq!(world.outcome(heal), Some(Outcome::Failed(CommandError::Destroyed)));
    for sync in syncs {
        let Channel::Request(ticket) = sync.channel else { unreachable!() };
        world.handle(1, Input::Undeliverable { to: sync.to, about: About::Request(ticket) });
        assert_eq!(world.node(1).next_deadline(), None);
    }
}

#[test]
fn one_that_is_alone_may_leave_evict_itself_and_come_back() {
    for command in [Command::Leave, Command::SelfEvict] {
        let mut world = World::lone(Options::lan());
        world.command(1, Command::GossipStart);
        world.command(1, command);
        world.run(secs(60));
        world.command(1, Command::Rejoin);
        world.run(secs(60));
        assert_eq!(world.status(1, 1), Some(Alive));
    }
}

#[test]
fn a_discovery_wants_an_answer_and_every_effect_is_one_that_a_host_knows() {
    let mut effects = Effects::new();
    let mut node = fresh(1);
    let command = Command::Bootstrap(BootstrapOptions::default());
    feed(&mut node, Instant::from_millis(1_000), Input::Command { id: CommandId(1), command }, &mut effects);
    let seen: Vec<Effect<'_, u32>> = effects.iter().collect();
    let limit = Instant::from_millis(121_000);
    assert_eq!(seen, [Effect::Discover(DiscoverId(1)), Effect::Wake(Some(limit))]);
}

#[test]
fn a_search_for_partitions_ends_also_where_the_host_never_answers_the_discovery() {
    let mut effects = Effects::new();
    let mut node = alone(1, &mut effects);
    let now = Instant::from_millis(2_000);
    feed(&mut node, now, Input::Command { id: CommandId(9), command: Command::HealViaDiscovery }, &mut effects);
    effects.clear();
    feed(&mut node, now + secs(60), Input::Tick, &mut effects);
    let failed = Outcome::Failed(CommandError::DiscoveryFailed);
    assert!(effects.iter().any(|effect| effect == Effect::CommandDone { id: CommandId(9), outcome: failed }));
}
