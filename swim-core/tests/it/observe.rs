//! R14 and R15: what a node reports, groups and measures.

use swim_core::{
    Change, Command, Counters, Event, EventKind, EventMask, Kind, Micros, Options, OwnLabels, StartGossip, Status, Via,
};

use crate::forge::{
    SOMEONE, STRANGER, ack, inc, message, message_with, millis, own, ping, ping_req, quiet_lan, quiet_ringpop, said,
    secs,
};
use crate::world::World;
use Status::{Alive, Leave, Suspect};

/// How many changes each rollup of node 1 holds.
fn rollups(world: &World) -> Vec<usize> {
    world.events(1).filter(|event| event.kind() == EventKind::Rollup).map(|event| event.changes().len()).collect()
}

/// Node 1 among 2 and 3, with nothing left to report.
fn quiet(mut options: Options) -> World {
    options.rollup_flush_interval = options.rollup_flush_interval.max(std::time::Duration::from_secs(5));
    let mut world = World::among(options, 3);
    world.run(secs(6));
    world.forget();
    world
}

fn crowd(first: u32, count: u32) -> Vec<Change<'static, u32>> {
    (first..first + count).map(|address| own(address, Leave, inc(0))).collect()
}

#[test]
fn changes_are_reported_together_once_none_has_come_for_five_seconds() {
    let mut world = quiet(quiet_lan());
    world.tell(2, 1, &[own(7, Leave, inc(0))]);
    world.run(secs(4));
    world.tell(2, 1, &[own(8, Leave, inc(0))]);
    world.run(millis(4_999));
    assert!(rollups(&world).is_empty());
    world.run(millis(1));
    assert_eq!(rollups(&world), [2]);
    world.run(secs(60));
    assert_eq!(rollups(&world), [2]);
}

#[test]
fn claims_that_change_nothing_do_not_keep_a_rollup_waiting() {
    let mut world = quiet(quiet_lan());
    world.tell(2, 1, &[own(7, Leave, inc(0))]);
    world.run(secs(4));
    world.tell(2, 1, &[own(7, Leave, inc(0))]);
    world.run(secs(1));
    assert_eq!(rollups(&world), [1]);
}

#[test]
fn two_hundred_and_fifty_changes_are_reported_at_once() {
    let mut world = quiet(quiet_lan());
    world.tell(2, 1, &crowd(100, 249));
    assert!(rollups(&world).is_empty());
    world.tell(2, 1, &crowd(1000, 1));
    assert_eq!(rollups(&world), [250]);
    world.tell(2, 1, &crowd(1001, 1));
    assert_eq!(rollups(&world), [250]);
    world.run(secs(5));
    assert_eq!(rollups(&world), [250, 1]);
}

#[test]
fn a_rollup_within_a_message_does_not_mix_with_what_the_message_brought() {
    let mut world = quiet(quiet_lan());
    world.tell(2, 1, &crowd(100, 300));
    let applied: Vec<_> = world
        .events(1)
        .filter(|event| event.kind() == EventKind::MemberlistChangesApplied)
        .map(|event| event.changes().len())
        .collect();
    assert_eq!(applied, [300]);
    assert_eq!(rollups(&world), [300]);
}

#[test]
fn what_waits_is_reported_when_the_node_is_destroyed() {
    let mut world = quiet(quiet_lan());
    world.tell(2, 1, &[own(7, Leave, inc(0))]);
    world.command(1, Command::Destroy);
    assert_eq!(rollups(&world), [1]);
}

/// A story with a bit of everything, and what was sent in it.
fn story(events: EventMask) -> (World, Vec<String>) {
    let mut options = Options::lan();
    options.events = events;
    let mut world = World::new(options);
    world.hosts = Some((1..=4).collect());
    (1..=4).for_each(|address| world.boot(address));
    for address in 1..=4 {
        world.bootstrap(address, StartGossip::WhenReady);
    }
    world.run(secs(5));
    let known = world.node(2).incarnation();
    world.tell(9, 1, &[said(9, 2, Suspect, known), own(9, Alive, inc(0))]);
    world.kill(4);
    world.run(secs(60));
    let sent = world.letters.iter().map(|letter| format!("{letter:?}")).collect();
    (world, sent)
}

#[test]
fn the_mask_picks_events_and_changes_nothing_else() {
    let (all, sent) = story(EventMask::ALL);
    assert!(all.events(1).map(|event| event.kind()).collect::<std::collections::BTreeSet<_>>().len() > 20);

    let (none, sent_unseen) = story(EventMask::NONE);
    assert_eq!(none.events(1).count(), 0);
    assert!(sent == sent_unseen, "what is sent does not depend on who watches");

    let kinds = [EventKind::RefuteUpdate, EventKind::Rollup];
    let (some, _) = story(EventMask::only(&kinds));
    assert!(some.events(1).all(|event| kinds.contains(&event.kind())));
    assert_eq!(some.count(2, EventKind::RefuteUpdate), all.count(2, EventKind::RefuteUpdate));
    assert!(some.count(2, EventKind::RefuteUpdate) > 0);
    assert_eq!(some.count(1, EventKind::Rollup), all.count(1, EventKind::Rollup));
}

#[test]
fn a_mask_wants_what_it_was_made_of() {
    let mask = EventMask::only(&[EventKind::Rollup]);
    assert!(mask.wants(EventKind::Rollup) && !mask.wants(EventKind::PingSend));
    for &kind in EventKind::ALL {
        assert!(EventMask::ALL.wants(kind) && !EventMask::NONE.wants(kind), "{}", kind.name());
    }
}

/// Node 1 runs rounds that are answered after so many milliseconds, by members with the same list.
fn rounds(world: &mut World, durations: impl IntoIterator<Item = u64>) {
    for duration in durations {
        let ping = world.probe();
        world.run(millis(duration));
        let Kind::Ping { seq } = ping.kind() else { unreachable!() };
        let checksum = world.node(1).checksum();
        world.answer(&ping, &message_with(ack(seq), inc(0), checksum, &[]));
        world.run(secs(1));
    }
}

#[test]
fn timing_is_that_of_the_rounds() {
    let mut world = World::claimed(quiet_lan(), 3);
    rounds(&mut world, (1..=100).map(|number| number * 4));
    let timing = world.node(1).protocol_stats(world.now).timing;
    assert_eq!((timing.count, timing.min, timing.max), (100, millis(4), millis(400)));
    assert_eq!((timing.sum, timing.mean), (millis(20_200), millis(202)));
    let about = |value: Micros, expected: u64| {
        let off = value.0.abs_diff(expected * 1000);
        assert!(off * 8 <= expected * 1000, "{value:?} is about {expected} ms");
    };
    about(timing.median, 200);
    about(timing.p75, 300);
    about(timing.p95, 380);
    about(timing.p99, 396);
    about(timing.p999, 400);
    // Evenly spread over 400 ms: the standard deviation is 400 / sqrt(12).
    about(timing.std_dev, 115);
    assert_eq!(timing.std_dev.0, timing.variance.isqrt());
}

#[test]
fn rates_are_those_of_the_requests_made_and_answered() {
    let mut world = World::among(quiet_lan(), 3);
    world.run(secs(120));
    for _ in 0..120 {
        rounds(&mut world, [0]);
        for _ in 0..3 {
            let checksum = world.node(1).checksum();
            world.inject(STRANGER, 1, Via::Datagram, &message_with(ping(1), inc(0), checksum, &[]));
        }
    }
    let stats = world.node(1).protocol_stats(world.now);
    assert!((900..=1_100).contains(&stats.client_rate_milli), "{stats:?}");
    assert!((2_900..=3_100).contains(&stats.server_rate_milli), "{stats:?}");
    assert_eq!(stats.total_rate_milli, stats.client_rate_milli + stats.server_rate_milli);
    assert_eq!(stats.rate, secs(1));
}

#[test]
fn to_help_is_to_answer_a_request_and_to_make_one() {
    let mut world = World::among(quiet_lan(), 3);
    world.run(secs(180));
    for seq in 0..60 {
        world.inject(2, 1, Via::Datagram, &message(ping_req(seq, 3, millis(400)), &[]));
        world.run(millis(500));
    }
    let stats = world.node(1).protocol_stats(world.now);
    assert_eq!((stats.client_rate_milli, stats.server_rate_milli), (1_000, 1_000));
}

#[test]
fn the_rate_follows_local_health_and_in_ringpop_the_median_round() {
    let mut world = World::among(quiet_lan(), 3);
    let claim = said(2, 1, Suspect, world.node(1).incarnation());
    world.tell(2, 1, &[claim]);
    assert_eq!(world.node(1).protocol_stats(world.now).rate, secs(2));

    let mut world = World::among(quiet_ringpop(), 3);
    assert_eq!(world.node(1).protocol_stats(world.now).rate, millis(200));
    rounds(&mut world, [300; 10]);
    let rate = world.node(1).protocol_stats(world.now).rate;
    assert!((540..=660).contains(&(rate.0 / 1000)), "twice the median: {rate:?}");
}

#[test]
fn counters_count_what_happened() {
    let mut world = World::among(quiet_lan(), 5);
    let before = *world.node(1).counters();
    world.ask(2, 1);
    world.tell(2, 1, &[own(7, Leave, inc(0)), own(3, Alive, inc(0))]);
    let ping = world.probe();
    world.acknowledge(&ping, &[]);
    world.run(secs(1));
    world.probe();
    world.run(secs(1));
    let after = *world.node(1).counters();
    assert_eq!(after.pings_received - before.pings_received, 1);
    assert_eq!(after.gossips_received - before.gossips_received, 1);
    assert_eq!(after.changes_received - before.changes_received, 2);
    assert_eq!(after.changes_applied - before.changes_applied, 1);
    assert_eq!(after.pings_sent - before.pings_sent, 2);
    assert_eq!(after.acks_received - before.acks_received, 1);
    assert_eq!(after.ping_timeouts - before.ping_timeouts, 1);
    assert_eq!(after.ping_requests_sent - before.ping_requests_sent, 3);
    assert_eq!((after.rounds_failed - before.rounds_failed, after.rounds_inconclusive), (1, 1));
}

#[test]
fn an_event_that_is_kept_is_what_was_reported() {
    let mut world = quiet(quiet_lan());
    world.tell(2, 1, &[own(7, Leave, inc(0)), own(8, Leave, inc(0))]);
    let event = world.events(1).find(|event| event.kind() == EventKind::MemberlistChangesReceived).unwrap();
    let received: Vec<Change<'_, u32>> = event.changes().iter().collect();
    assert_eq!(received, [own(7, Leave, inc(0)), own(8, Leave, inc(0))]);
    assert_eq!(swim_core::OwnedEvent::new(event).as_event(), event);
}

#[test]
fn uptime_is_the_time_since_boot() {
    let mut world = World::lone(quiet_lan());
    world.run(secs(90));
    assert_eq!(world.node(1).uptime(world.now), secs(90));
    assert_eq!(world.node(1).app(), Options::lan().app);
}

#[test]
fn a_change_of_the_list_is_reported_with_its_checksums() {
    let mut world = quiet(quiet_lan());
    let old = world.node(1).checksum();
    world.tell(2, 1, &[own(7, Leave, inc(0)), own(3, Alive, inc(0))]);
    let checksum = world.node(1).checksum();
    assert_ne!(checksum, old);
    assert!(world.events(1).any(|event| event == Event::ChecksumCompute { checksum, old }));
    let applied = world.events(1).find(|event| event.kind() == EventKind::MemberlistChangesApplied).unwrap();
    let Event::MemberlistChangesApplied { changes, old_checksum, new_checksum, num_members } = applied else {
        unreachable!()
    };
    assert_eq!((old_checksum, new_checksum, num_members), (old, checksum, 4));
    assert_eq!(changes.iter().collect::<Vec<_>>(), [own(7, Leave, inc(0))], "only what was new");
}

#[test]
fn what_a_message_carries_is_counted() {
    let mut world = quiet(quiet_lan());
    world.tell(2, 1, &crowd(100, 5));
    world.ask(SOMEONE, 1);
    assert!(world.events(1).any(|event| event == Event::ChangesCalculated { count: 5 }));
}

#[test]
fn a_round_that_needed_help_is_reported_from_its_start_to_its_end() {
    let mut world = World::among(quiet_lan(), 5);
    let asked = world.probe();
    world.run(secs(1));
    let of = |kind| world.events(1).find(move |event| event.kind() == kind).expect("it is reported");
    assert_eq!(of(EventKind::PingSend), Event::PingSend { remote: asked.to, changes: swim_core::Changes::NONE });
    let Event::PingRequestsSend { target, peers } = of(EventKind::PingRequestsSend) else { unreachable!() };
    assert_eq!((target, peers.len()), (asked.to, 3));
    let complete = Event::PingRequestsSendComplete { target, peers, reached: false, duration: secs(1) };
    assert_eq!(of(EventKind::PingRequestsSendComplete), complete);
    assert_eq!(world.count(1, EventKind::PingRequestSendError), 3);
    assert_eq!(of(EventKind::ProtocolFrequency), Event::ProtocolFrequency { duration: secs(1) });
}

#[test]
fn the_time_until_the_next_round_is_reported() {
    let mut world = World::among(quiet_lan(), 3);
    world.command(1, Command::GossipStart);
    world.run(millis(0));
    world.run(millis(300));
    let asked = world.sent_by(1).last().cloned().unwrap();
    world.acknowledge(&asked, &[]);
    let rest = Event::ProtocolDelayCompute { duration: millis(700) };
    assert!(world.events(1).any(|event| event == rest));
}

#[test]
fn who_asks_for_help_is_reported_and_counted() {
    let mut world = World::among(quiet_lan(), 3);
    world.inject(2, 1, Via::Datagram, &message(ping_req(1, 3, millis(400)), &[own(7, Leave, inc(0))]));
    let event = world.events(1).find(|event| event.kind() == EventKind::PingRequestReceive).unwrap();
    assert!(matches!(event, Event::PingRequestReceive { source: 2, target: 3, changes } if changes.len() == 1));
    assert_eq!(world.node(1).counters().ping_requests_received, 1);
}

#[test]
fn a_member_whose_clock_is_far_ahead_is_reported() {
    let mut world = World::among(quiet_lan(), 3);
    let clock = |world: &World| world.wall().0 - crate::world::WALL.0;
    let near = own(2, Alive, inc(clock(&world) + 60_000));
    let far = own(3, Alive, inc(clock(&world) + 60_001));
    world.tell(2, 1, &[near, far]);
    assert_eq!(world.count(1, EventKind::ClockFarOff), 1);
    assert!(world.events(1).any(|event| event == Event::ClockFarOff { address: 3, ahead_ms: 60_001 }));
}

#[test]
fn what_others_say_and_what_is_known_of_a_clock_that_is_far_ahead_is_not_reported() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &[own(3, Alive, inc(600_000))]);
    assert_eq!(world.count(1, EventKind::ClockFarOff), 1);
    world.tell(2, 1, &[said(2, 3, Suspect, inc(700_000))]);
    assert_eq!(world.status(1, 3), Some(Suspect));
    assert_eq!(world.count(1, EventKind::ClockFarOff), 1, "others may accuse it at any incarnation");

    world.tell(2, 1, &[own(2, Alive, inc(600_000))]);
    for value in ["a", "b", "c", "d", "e", "f"] {
        let labels = OwnLabels::new([("zone", value)]).unwrap();
        world.tell(2, 1, &[Change { labels: labels.as_labels(), ..own(2, Alive, inc(600_000)) }]);
    }
    assert!(!world.member(1, 2).unwrap().labels.is_empty(), "one of them wins");
    assert_eq!(world.count(1, EventKind::ClockFarOff), 2, "once for each incarnation");
}

/// What is not counted elsewhere, in one story of a cluster.
#[test]
fn counters_of_a_cluster_that_lost_a_member() {
    let (world, _) = story(EventMask::NONE);
    let sum = |count: fn(&Counters) -> u64| (1..=3).map(|at| count(world.node(at).counters())).sum::<u64>();
    assert!(sum(|counters| counters.gossips_sent) > 0);
    assert!(sum(|counters| counters.ping_request_answers_received) > 0);
    assert!(sum(|counters| counters.suspects_declared) > 0);
    assert!(sum(|counters| counters.faulties_declared) > 0);
    assert!(sum(|counters| counters.heal_attempts) > 0);
    assert!(sum(|counters| counters.joins_sent) >= 9);
    assert!(sum(|counters| counters.joins_received) >= 6);
    assert_eq!(sum(|counters| counters.tombstones_declared), 0);
}

#[test]
fn tombstones_and_evictions_are_counted() {
    let mut world = World::among(quiet_lan(), 2);
    let before = world.node(1).counters().changes_applied;
    world.tell(2, 1, &[said(2, 7, Status::Faulty, inc(0))]);
    world.command(1, Command::Reap);
    assert_eq!(world.status(1, 7), Some(Status::Tombstone));
    world.tell(2, 1, &[said(2, 8, Status::Faulty, inc(0))]);
    assert_eq!(world.node(1).counters().changes_applied - before, 3, "two that were told, and one of the node's own");
    world.run(secs(24 * 60 * 60));
    assert_eq!((world.node(1).counters().tombstones_declared, world.node(1).counters().evictions), (1, 1));
}

#[test]
fn who_is_reachable_and_whether_rounds_follow_one_another_can_be_asked() {
    let mut world = World::among(quiet_lan(), 4);
    world.tell(2, 1, &[said(2, 3, Suspect, inc(0)), own(4, Leave, inc(1))]);
    assert_eq!((world.node(1).count_reachable(), world.node(1).reachable()), (3, vec![1, 2, 3]));
    assert!(world.node(1).is_stopped());
    world.command(1, Command::GossipStart);
    assert!(!world.node(1).is_stopped());
    world.command(1, Command::GossipStop);
    assert!(world.node(1).is_stopped());
}

#[test]
fn the_members_are_counted_without_those_that_were_evicted() {
    let mut options = quiet_lan();
    options.hearsay = swim_core::Hearsay::Believe;
    options.state_timeouts.tombstone = std::time::Duration::from_millis(1);
    let mut world = World::among(Options { members_max: 4, ..options }, 4);
    world.tell(2, 1, &[said(2, 3, Status::Tombstone, inc(0)), said(2, 4, Status::Tombstone, inc(0))]);
    world.run(millis(1));
    assert_eq!(world.node(1).members().len(), 2);
    world.forget();
    world.tell(2, 1, &[own(9, Alive, inc(0))]);
    let reported = world.events(1).find_map(|event| match event {
        Event::MemberlistChangesApplied { num_members, .. } => Some(num_members),
        _ => None,
    });
    assert_eq!(reported, Some(3), "and a full list has their room");
}
