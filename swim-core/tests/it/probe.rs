//! R4: the round, and how it ends.

use std::collections::BTreeSet;
use std::time::Duration;

use swim_core::{
    About, Channel, Command, EventKind, Hearsay, Input, Kind, Options, ProbeOrder, ProtocolPeriod, Reach, Readiness,
    RefusedReason, StartGossip, Status,
};

use crate::forge::{
    SOMEONE, STRANGER, ack, inc, is_ack, is_ping, message, millis, own, quiet_lan, quiet_ringpop, said, secs,
};
use crate::world::{Letter, World};
use Status::{Alive, Leave, Suspect, Tombstone};

/// A round of node 1 that nobody answers; helpers say `reach`, or nothing. Returns the target.
fn failed_round(world: &mut World, reach: Option<Reach>) -> u32 {
    let target = world.probe().to;
    world.forget();
    world.run(millis(500));
    for asked in world.ping_reqs() {
        if let Some(reach) = reach {
            world.report(&asked, reach, &[]);
        }
    }
    world.run(secs(10));
    target
}

fn suspects(world: &World) -> usize {
    world.node(1).count(Suspect) as usize
}

#[test]
fn one_member_is_pinged_each_period_and_each_once_in_a_pass() {
    let mut world = World::cluster(Options::lan(), 5);
    world.run(secs(40));
    let pings: Vec<(u64, u32)> =
        world.sent_by(1).filter(|letter| is_ping(letter)).map(|ping| (ping.sent.as_micros(), ping.to)).collect();
    assert!(pings.windows(2).all(|pair| pair[1].0 - pair[0].0 == 1_000_000), "{pings:?}");
    assert_eq!(pings.len(), 40);
    // A pass may be under way at the start; four pings in a row that begin one meet everybody.
    let met = |from: usize| pings[from..].chunks_exact(4).all(|pass| BTreeSet::from_iter(pass).len() == 4);
    assert!((0..4).any(met), "{pings:?}");
}

#[test]
fn a_target_that_is_evicted_while_it_is_pinged_is_told_nothing_of_the_one_in_its_place() {
    let mut options = quiet_lan();
    options.hearsay = Hearsay::Believe;
    options.state_timeouts.tombstone = Duration::from_millis(1);
    let mut world = World::among(options, 3);
    let target = world.probe().to;
    let other = 5 - target;
    world.tell(other, 1, &[said(other, target, Tombstone, inc(0))]);
    world.run(millis(1));
    assert_eq!(world.status(1, target), None);
    world.tell(other, 1, &[said(other, 4, Suspect, inc(0))]);
    world.forget();

    world.run(millis(500));

    let told: Vec<_> = world.sent_by(1).filter(|letter| letter.to == target).map(Letter::subjects).collect();
    assert_eq!(told, [Vec::<u32>::new()], "a ping on a stream, and no ping-req");
}

#[test]
fn the_ack_of_a_target_that_was_evicted_meanwhile_proves_nothing_of_the_one_in_its_place() {
    let mut options = quiet_lan();
    options.hearsay = Hearsay::Believe;
    options.state_timeouts.tombstone = Duration::from_millis(1);
    let mut world = World::among(options, 3);
    world.tell(2, 1, &[said(2, 4, Alive, inc(0))]);
    let mut ping = world.probe();
    while ping.to != 4 {
        world.acknowledge(&ping, &[]);
        ping = world.probe();
    }
    assert!(!world.node(1).is_proven(4));
    world.tell(2, 1, &[said(2, 4, Tombstone, inc(0))]);
    world.run(millis(1));
    world.tell(2, 1, &[said(2, 5, Alive, inc(0))]);
    assert_eq!((world.status(1, 4), world.status(1, 5)), (None, Some(Alive)));
    world.acknowledge(&ping, &[]);
    assert!(!world.node(1).is_proven(5));
}

#[test]
fn a_target_that_was_evicted_and_taught_back_while_it_is_pinged_is_accused_wherever_it_is_listed() {
    // Whoever comes back first gets the place of whoever was evicted last.
    for first in [0, 1] {
        let mut options = quiet_lan();
        options.hearsay = Hearsay::Believe;
        options.evicted_max = 0;
        options.state_timeouts.tombstone = Duration::from_millis(1);
        (options.stream_ping, options.ping_request_size) = (false, 0);
        let mut world = World::among(options, 3);
        let target = world.probe().to;
        let mut both = [target, 5 - target];
        world.tell(STRANGER, 1, &both.map(|address| said(STRANGER, address, Tombstone, inc(0))));
        world.run(millis(1));
        assert_eq!(world.node(1).members().len(), 1);
        both.rotate_left(first);
        world.tell(STRANGER, 1, &both.map(|address| own(address, Alive, inc(0))));

        world.run(millis(500));

        assert_eq!(world.status(1, target), Some(Suspect), "the target comes back in place {first}");
    }
}

#[test]
fn with_random_targets_each_draw_is_for_itself() {
    let mut world = World::cluster(Options { probe_order: ProbeOrder::Random, ..Options::lan() }, 5);
    world.run(secs(1_000));
    let targets: Vec<u32> = world.sent_by(1).filter(|letter| is_ping(letter)).map(|ping| ping.to).collect();
    assert_eq!(targets.len(), 1_000);
    // Each of the four is a quarter of the targets, and a quarter of the time the same follows: 250, and six standard
    // deviations (13.7 each) either side.
    let likely = 168..332;
    for member in 2..=5 {
        let times = targets.iter().filter(|target| **target == member).count();
        assert!(likely.contains(&times), "{member}: {times}");
    }
    let repeats = targets.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(likely.contains(&repeats), "{repeats}");
}

#[test]
fn an_ack_ends_the_round_well() {
    let mut world = World::among(quiet_lan(), 5);
    let ping = world.probe();
    world.acknowledge(&ping, &[]);
    world.run(secs(5));
    assert!(world.ping_reqs().is_empty());
    assert_eq!(suspects(&world), 0);
    assert_eq!(world.count(1, EventKind::PingSendComplete), 1);
}

#[test]
fn without_an_ack_three_helpers_are_asked_not_one() {
    let mut world = World::among(quiet_lan(), 6);
    let target = world.probe().to;
    world.run(millis(499));
    assert!(world.ping_reqs().is_empty());
    world.run(millis(1));

    let helpers: BTreeSet<u32> = world.ping_reqs().iter().map(|letter| letter.to).collect();
    assert_eq!(helpers.len(), 3);
    assert!(!helpers.contains(&target));
    for asked in world.ping_reqs() {
        assert!(matches!(asked.kind(), Kind::PingReq { target: named, .. } if named == target));
    }
}

#[test]
fn helpers_get_four_fifths_of_what_the_asker_has_left() {
    let mut world = World::among(quiet_lan(), 4);
    world.probe();
    world.run(millis(500));
    for asked in world.ping_reqs() {
        assert!(matches!(asked.kind(), Kind::PingReq { timeout, .. } if timeout == millis(400)));
    }
}

#[test]
fn one_helper_that_reached_the_target_is_enough() {
    let mut world = World::among(quiet_lan(), 5);
    world.probe();
    world.run(millis(500));
    let asked = world.ping_reqs();
    world.report(&asked[0], Reach::NotReached, &[]);
    world.report(&asked[1], Reach::Reached, &[]);
    world.run(secs(5));
    assert_eq!(suspects(&world), 0);
    assert_eq!(world.node(1).counters().rounds_failed, 0);
}

#[test]
fn where_a_helper_did_not_reach_the_target_it_is_accused() {
    let mut world = World::among(quiet_lan(), 5);
    let target = world.probe().to;
    world.run(millis(500));
    let asked = world.ping_reqs();
    world.report(&asked[0], Reach::NotReached, &[]);
    world.run(millis(499));
    assert_eq!(suspects(&world), 0, "the others may still reach it");
    world.run(millis(1));

    assert_eq!(world.status(1, target), Some(Suspect));
    let claim = world.ask(SOMEONE, 1);
    let claim = claim.message.as_message().changes.iter().find(|change| change.address == target).unwrap();
    assert_eq!(claim.incarnation, inc(0));
    assert_eq!(claim.source.unwrap().address, 1);
}

#[test]
fn where_all_helpers_stay_silent_nobody_is_accused() {
    let mut world = World::among(quiet_lan(), 5);
    failed_round(&mut world, None);
    assert_eq!(suspects(&world), 0);
    assert_eq!(world.node(1).counters().rounds_inconclusive, 1);
    assert_eq!(world.count(1, EventKind::PingRequestSendError), 3);
}

#[test]
fn inconclusive_counts_those_that_were_asked_not_those_that_are_configured() {
    // Of three members two can help, and three are configured.
    let mut world = World::among(quiet_lan(), 4);
    failed_round(&mut world, None);
    assert_eq!(world.node(1).counters().ping_requests_sent, 2);
    assert_eq!(world.node(1).counters().rounds_inconclusive, 1);
    assert_eq!(suspects(&world), 0);
}

#[test]
fn after_three_inconclusive_rounds_in_a_row_the_next_accuses_whatever_their_targets() {
    let mut world = World::among(quiet_lan(), 5);
    let targets: BTreeSet<u32> = (0..3).map(|_| failed_round(&mut world, None)).collect();
    assert!(targets.len() > 1);
    assert_eq!(suspects(&world), 0);
    let fourth = failed_round(&mut world, None);
    assert_eq!(suspects(&world), 1);
    assert_eq!(world.status(1, fourth), Some(Suspect));
    let fifth = failed_round(&mut world, None);
    assert_eq!(world.status(1, fifth), Some(Suspect), "and so does every one after it");
}

#[test]
fn where_no_inconclusive_round_is_allowed_silent_helpers_do_not_save_the_target() {
    let mut world = World::among(Options { inconclusive_max: 0, ..quiet_lan() }, 5);
    let target = failed_round(&mut world, None);
    assert_eq!(world.node(1).counters().rounds_inconclusive, 1);
    assert_eq!(world.status(1, target), Some(Suspect));
}

#[test]
fn in_ringpop_inconclusive_rounds_never_accuse() {
    let mut world = World::among(quiet_ringpop(), 5);
    for _ in 0..50 {
        failed_round(&mut world, None);
    }
    assert_eq!((world.node(1).counters().rounds_inconclusive, suspects(&world)), (50, 0));
}

#[test]
fn a_good_round_in_between_starts_the_count_anew() {
    let mut world = World::among(quiet_lan(), 5);
    for _ in 0..3 {
        failed_round(&mut world, None);
    }
    let ping = world.probe();
    world.acknowledge(&ping, &[]);
    world.run(secs(1));
    for _ in 0..3 {
        failed_round(&mut world, None);
    }
    assert_eq!(suspects(&world), 0);
}

#[test]
fn a_helper_that_is_not_ready_is_as_good_as_silent() {
    for options in [quiet_lan(), quiet_ringpop()] {
        let mut world = World::among(options, 5);
        failed_round(&mut world, Some(Reach::NotReady));
        world.run(secs(10));
        assert_eq!(suspects(&world), 0);
        let counters = world.node(1).counters();
        assert!(counters.ping_requests_sent == 0 || counters.rounds_inconclusive == 1);
    }
}

#[test]
fn two_nodes_of_which_one_dies_notice_it() {
    for options in [Options::lan(), Options::wan(), Options::local(), Options::ringpop()] {
        let mut world = World::cluster(options, 2);
        world.kill(2);
        world.run(secs(60));
        assert_eq!(world.status(1, 2), Some(Status::Faulty));
    }
}

#[test]
fn a_target_that_is_not_ready_is_alive() {
    let mut world = World::among(quiet_lan(), 3);
    let ping = world.probe();
    let Kind::Ping { seq } = ping.kind() else { panic!() };
    world.answer(&ping, &message(Kind::Ack { seq, ready: Readiness::NotReady }, &[]));
    world.run(secs(5));
    assert_eq!(world.node(1).counters().rounds_failed, 0);

    let mut world = World::among(quiet_ringpop(), 3);
    let ping = world.probe();
    world.answer(&ping, &message(Kind::Refused { reason: RefusedReason::NotReady }, &[]));
    world.run(secs(10));
    assert_eq!(world.node(1).counters().rounds_failed, 0);
}

#[test]
fn a_joiner_that_is_not_ready_is_not_suspected_for_it() {
    for options in [Options::lan(), quiet_ringpop()] {
        let mut world = World::cluster(options, 3);
        // It lists hosts that never answer, so it does not become ready in two rounds; the others know it already.
        world.hosts = Some(vec![1, 77, 78, 79]);
        world.boot(4);
        world.bootstrap(4, StartGossip::WhenReady);
        let own = own(4, Alive, world.node(4).incarnation());
        world.tell(2, 1, &[own]);
        world.run(secs(4));

        assert!(!world.node(4).is_ready());
        for at in 1..=3 {
            assert_eq!(world.status(at, 4), Some(Alive), "at {at}");
        }
        assert!(world.count(4, EventKind::RequestBeforeReady) > 0);
        let answers: Vec<&Letter> = world.sent_by(4).filter(|letter| is_ack(letter)).collect();
        assert!(!answers.is_empty());
        assert!(answers.iter().all(|answer| answer.subjects().is_empty()), "it answers without changes");
    }
}

#[test]
fn undeliverable_ends_the_wait_at_once_and_accuses_nobody_alone() {
    let mut world = World::among(quiet_lan(), 5);
    let ping = world.probe();
    world.handle(1, Input::Undeliverable { to: ping.to, about: About::Datagram });
    assert_eq!(world.ping_reqs().len(), 3, "helpers are asked at once");
    for asked in world.ping_reqs() {
        world.handle(1, Input::Undeliverable { to: asked.to, about: About::Datagram });
    }
    let stream = world.last(1, ping.to).channel;
    let Channel::Request(ticket) = stream else { panic!("a ping on a stream runs beside") };
    world.handle(1, Input::Undeliverable { to: ping.to, about: About::Request(ticket) });
    world.run(secs(10));
    assert_eq!(suspects(&world), 0);
}

#[test]
fn a_request_that_failed_ends_its_wait_and_a_round_in_which_all_did_accuses_nobody() {
    let mut world = World::among(quiet_ringpop(), 5);
    let fail = |world: &mut World, letter: &Letter| {
        let Channel::Request(ticket) = letter.channel else { panic!("ringpop pings by request") };
        world.handle(1, Input::Undeliverable { to: letter.to, about: About::Request(ticket) });
    };
    let ping = world.probe();
    fail(&mut world, &ping);
    assert_eq!(world.ping_reqs().len(), 3);
    for asked in world.ping_reqs() {
        fail(&mut world, &asked);
    }
    assert_eq!(world.node(1).counters().rounds_inconclusive, 1, "the round is over already");
    assert_eq!(suspects(&world), 0);
}

#[test]
fn undeliverable_about_somebody_else_changes_nothing() {
    let mut world = World::among(quiet_lan(), 5);
    let ping = world.probe();
    let other = (2..=5).find(|&address| address != ping.to).unwrap();
    world.handle(1, Input::Undeliverable { to: other, about: About::Datagram });
    world.run(millis(499));
    assert!(world.ping_reqs().is_empty());
    assert_eq!(world.node(1).counters().undeliverable, 1);
}

#[test]
fn a_ping_on_a_stream_runs_beside_the_helpers_and_its_ack_saves_the_target() {
    let mut world = World::among(quiet_lan(), 5);
    let ping = world.probe();
    world.run(millis(500));
    let stream = world.last(1, ping.to).clone();
    assert!(matches!(stream.channel, Channel::Request(_)));
    for asked in world.ping_reqs() {
        world.report(&asked, Reach::NotReached, &[]);
    }
    let Kind::Ping { seq } = stream.kind() else { panic!() };
    world.answer(&stream, &message(ack(seq), &[]));
    world.run(secs(5));
    assert_eq!(suspects(&world), 0);
}

#[test]
fn a_target_that_came_back_in_the_middle_of_its_round_is_not_accused() {
    let mut world = World::among(quiet_lan(), 5);
    let target = world.probe().to;
    world.run(millis(500));
    for asked in world.ping_reqs() {
        world.report(&asked, Reach::NotReached, &[own(target, Alive, inc(1))]);
    }
    world.run(secs(5));
    assert_eq!(world.status(1, target), Some(Alive));
}

#[test]
fn only_the_pingable_are_probed_and_only_they_help() {
    let mut world = World::among(quiet_lan(), 5);
    world.tell(2, 1, &[own(3, Leave, inc(1)), said(2, 4, Suspect, inc(0))]);
    let mut asked = BTreeSet::new();
    for _ in 0..6 {
        asked.insert(failed_round(&mut world, Some(Reach::Reached)));
        asked.extend(world.ping_reqs().iter().map(|letter| letter.to));
    }
    assert!(!asked.contains(&3));
    assert!(asked.contains(&2) && asked.contains(&5));
}

#[test]
fn ringpop_runs_one_round_at_a_time_however_long_it_takes() {
    let mut world = World::claimed(quiet_ringpop(), 5);
    world.command(1, Command::GossipStart);
    world.run(millis(6_499));
    assert_eq!(world.node(1).counters().pings_sent, 1, "1.5 s and 5 s of waiting");
    world.run(millis(1));
    assert_eq!(world.node(1).counters().pings_sent, 2);
}

#[test]
fn ringpop_pings_every_200_ms_and_the_first_time_right_after_it_joined() {
    let mut world = World::new(quiet_ringpop());
    world.hosts = Some(vec![1, 2]);
    world.boot(1);
    world.boot(2);
    world.bootstrap(1, StartGossip::WhenReady);
    world.bootstrap(2, StartGossip::WhenReady);
    world.run(millis(1_010));
    let pings: Vec<u64> = world
        .sent_by(1)
        .filter(|letter| matches!(letter.kind(), Kind::Ping { .. }))
        .map(|letter| letter.sent.as_micros() / 1000)
        .collect();
    assert_eq!(pings, [1_002, 1_202, 1_402, 1_602, 1_802, 2_002]);
}

#[test]
fn a_target_that_was_destroyed_is_not_alive_for_refusing() {
    let mut world = World::among(quiet_ringpop(), 2);
    world.command(1, Command::GossipStart);
    for _ in 0..100 {
        let deadline = world.node(1).next_deadline().unwrap();
        world.forget();
        world.run(deadline.since(world.now));
        let asked: Vec<_> = world.sent_by(1).filter(|letter| letter.to == 2).cloned().collect();
        for letter in asked {
            let refused = Kind::Refused { reason: RefusedReason::Unexpected };
            world.answer(&letter, &message(refused, &[]));
        }
    }
    assert_eq!(world.status(1, 2), Some(Status::Faulty));
}

#[test]
fn a_round_of_a_fixed_period_ends_with_the_period_however_short_its_timeouts_are() {
    let mut options = quiet_lan();
    (options.ping_timeout, options.ping_request_timeout) = (Duration::from_millis(200), Duration::from_millis(300));
    let mut world = World::among(options, 5);
    let target = world.probe().to;
    world.run(millis(200));
    let asked = world.ping_reqs();
    world.report(&asked[0], Reach::NotReached, &[]);
    world.run(millis(799));
    assert_eq!(suspects(&world), 0);
    world.run(millis(1));
    assert_eq!(world.status(1, target), Some(Suspect));
}

#[test]
fn one_helper_that_cannot_be_reached_does_not_end_the_wait_for_the_others() {
    let mut options = quiet_lan();
    options.protocol_period = ProtocolPeriod::Adaptive { min: Duration::from_millis(200) };
    options.stream_ping = false;
    let mut world = World::among(options, 5);
    let target = world.probe().to;
    world.run(millis(500));
    let asked = world.ping_reqs();
    for (number, helper) in asked.iter().enumerate() {
        assert_eq!(world.node(1).counters().rounds_failed, 0, "{number} of three are out of reach");
        world.handle(1, Input::Undeliverable { to: helper.to, about: About::Datagram });
    }
    assert_eq!(world.node(1).counters().rounds_failed, 1);
    assert_eq!(world.status(1, target), Some(Alive));
}
