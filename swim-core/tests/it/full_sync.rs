//! R6: lists that differ are compared, when nothing else will make them equal.

use std::collections::BTreeSet;

use swim_core::{
    About, Change, Channel, Checksum, Command, Event, EventKind, Input, Kind, Message, Options, OwnLabels,
    OwnedMessage, Reach, RefusedReason, Seq, Status, SyncReason, Ticket, Unproven, Via,
};

use crate::forge::{
    ODD, SOMEONE, STRANGER, inc, join, message, message_with, millis, own, ping, ping_req, quiet_lan, quiet_ringpop,
    said, secs,
};
use crate::world::{Letter, World};
use Status::{Alive, Faulty, Leave, Suspect};

const DIVERGED: Kind<u32> = Kind::Sync { reason: SyncReason::Diverged };
const OVERLOAD: Kind<u32> = Kind::Sync { reason: SyncReason::Overload };

/// The syncs that node 1 asked for so far.
fn syncs(world: &World) -> Vec<&Letter> {
    world.sent_by(1).filter(|letter| matches!(letter.kind(), Kind::Sync { .. })).collect()
}

/// Two hundred new members, more than a datagram carries.
fn crowd() -> Vec<Change<'static, u32>> {
    (1000..1200).map(|address| own(address, Alive, inc(0))).collect()
}

fn answer_to(reason: SyncReason, changes: &[Change<'_, u32>]) -> OwnedMessage<u32> {
    message(Kind::SyncAnswer { reason }, changes)
}

#[test]
fn two_that_have_nothing_to_tell_and_differ_compare_their_lists_by_stream() {
    let mut world = World::among(quiet_lan(), 3);
    world.ask(2, 1);
    let sync = world.last(1, 2);
    assert_eq!(sync.kind(), DIVERGED);
    assert!(matches!(sync.channel, Channel::Request(_)));
    assert_eq!(BTreeSet::from_iter(sync.subjects()), BTreeSet::from([1, 2, 3]));
    assert!(world.events(1).any(|event| event == Event::StartReverseFullSync { target: 2 }));
    assert!(world.events(1).any(|event| event == Event::FullSync { remote: 2, remote_checksum: ODD }));
    assert_eq!(world.node(1).counters().full_syncs_started, 1);
}

#[test]
fn lists_that_agree_are_not_compared() {
    let mut world = World::among(quiet_lan(), 3);
    let checksum = world.node(1).checksum();
    world.inject(2, 1, Via::Datagram, &message_with(ping(1), inc(0), checksum, &[]));
    assert_eq!(syncs(&world).len(), 0);
}

#[test]
fn nothing_is_compared_while_either_has_something_to_tell() {
    let mut world = World::among(quiet_lan(), 3);
    world.inject(2, 1, Via::Datagram, &message(ping(1), &[own(2, Alive, inc(0))]));
    assert_eq!(syncs(&world).len(), 0, "the pinger has");

    world.tell(2, 1, &[own(7, Leave, inc(0))]);
    world.ask(2, 1);
    assert_eq!(syncs(&world).len(), 0, "the pinged node has");
    world.drain(1);
    world.ask(2, 1);
    assert_eq!(syncs(&world).len(), 1);
}

#[test]
fn a_single_change_in_a_quiet_cluster_causes_no_sync() {
    let mut world = World::cluster(Options::lan(), 5);
    for round in 0..20 {
        let labels = OwnLabels::new([("round", round.to_string())]).unwrap();
        world.command(1 + round % 5, Command::SetLabels(&labels));
        world.run(millis(4_900 + u64::from(round) * 17));
        assert_eq!(world.checksums().len(), 1);
    }
    assert!(world.letters.iter().all(|letter| !matches!(letter.kind(), Kind::Sync { .. })));
}

#[test]
fn a_change_that_got_lost_is_found_by_comparing() {
    let mut world = World::cluster(Options::lan(), 4);
    world.cut(|letter| letter.channel == Channel::Datagram && letter.subjects().contains(&9));
    world.tell(8, 1, &[own(9, Leave, inc(0))]);
    world.run(secs(2));
    assert!(!world.node(1).has_changes());
    world.mend();
    world.run(secs(5));
    for at in 1..=4 {
        assert_eq!(world.status(at, 9), Some(Leave), "at {at}");
    }
    assert_eq!(world.checksums().len(), 1);
}

#[test]
fn the_answer_holds_what_the_asker_lacks_and_no_more() {
    let mut world = World::among(quiet_lan(), 5);
    world.tell(2, 1, &[own(3, Alive, inc(3)), said(2, 6, Faulty, inc(0))]);
    let itself = world.member(1, 1).unwrap().incarnation;
    let list = [
        own(1, Alive, itself),
        own(2, Alive, inc(0)),
        // Older than what is known here, and newer.
        own(3, Alive, inc(0)),
        own(4, Alive, inc(1)),
        own(5, Alive, inc(0)),
    ];
    let reply = world.request(2, 1, &message(DIVERGED, &list));
    assert_eq!(reply.kind(), Kind::SyncAnswer { reason: SyncReason::Diverged });
    assert_eq!(reply.claims_about(3), [(Alive, inc(3))]);
    assert_eq!(reply.claims_about(6), [(Faulty, inc(0))]);
    assert_eq!(reply.subjects().len(), 2);
    assert_eq!(world.member(1, 4).unwrap().incarnation, inc(1));
    assert_eq!(world.node(1).counters().full_syncs_answered, 1);
}

#[test]
fn who_names_a_member_many_times_is_told_of_it_once() {
    let mut world = World::among(quiet_lan(), 5);
    world.tell(2, 1, &[own(3, Alive, inc(3))]);
    let reply = world.request(2, 1, &message(DIVERGED, &[own(3, Alive, inc(0)); 9]));
    let mut told = reply.subjects();
    told.sort_unstable();
    assert_eq!(told, [1, 2, 3, 4, 5]);
}

#[test]
fn what_a_sync_brings_is_gossiped_where_lists_diverged_and_not_after_overload() {
    for (reason, told) in [(SyncReason::Diverged, true), (SyncReason::Overload, false)] {
        let mut world = World::among(quiet_lan(), 3);
        world.request(2, 1, &message(Kind::Sync { reason }, &[own(50, Alive, inc(0))]));
        assert_eq!(world.status(1, 50), Some(Alive));
        assert_eq!(world.node(1).has_changes(), told, "asked, {reason:?}");
    }

    let mut world = World::among(quiet_lan(), 3);
    world.ask(2, 1);
    let asked = world.last(1, 2).clone();
    world.answer(&asked, &answer_to(SyncReason::Diverged, &[own(50, Alive, inc(0))]));
    assert_eq!(world.ask(SOMEONE, 1).claims_about(50), [(Alive, inc(0))]);

    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &crowd());
    world.ask(2, 1);
    let asked = world.last(1, 2).clone();
    assert_eq!(asked.kind(), OVERLOAD);
    let pending = world.node(1).pending_changes();
    world.answer(&asked, &answer_to(SyncReason::Overload, &[own(50, Alive, inc(0))]));
    assert_eq!(world.status(1, 50), Some(Alive));
    assert_eq!(world.node(1).pending_changes(), pending);
}

#[test]
fn what_a_sync_for_overload_replaces_is_told_no_more() {
    let mut world = World::among(quiet_lan(), 4);
    world.tell(2, 1, &[own(3, Leave, inc(1))]);
    world.request(2, 1, &message(Kind::Sync { reason: SyncReason::Overload }, &[own(3, Alive, inc(2))]));
    assert_eq!(world.status(1, 3), Some(Alive));
    assert!(world.ask(SOMEONE, 1).claims_about(3).is_empty());
}

#[test]
fn a_sync_that_brought_nothing_is_reported() {
    let mut world = World::among(quiet_lan(), 3);
    world.ask(2, 1);
    let asked = world.last(1, 2).clone();
    world.answer(&asked, &answer_to(SyncReason::Diverged, &[own(3, Alive, inc(0))]));
    assert!(world.events(1).any(|event| event == Event::RedundantReverseFullSync { target: 2 }));
    assert_eq!(world.node(1).counters().full_syncs_redundant, 1);
}

#[test]
fn where_more_is_pending_than_a_message_carries_lists_are_compared_each_half_second() {
    let mut world = World::among(quiet_lan(), 4);
    world.tell(2, 1, &crowd());
    world.ask(2, 1);
    assert_eq!(world.last(1, 2).kind(), OVERLOAD);
    world.skip(millis(499));
    world.ask(3, 1);
    assert_eq!(syncs(&world).len(), 1);
    world.skip(millis(1));
    world.ask(4, 1);
    assert_eq!(syncs(&world).len(), 2);
}

#[test]
fn a_peer_is_compared_with_once_a_period() {
    let mut world = World::among(quiet_lan(), 3);
    world.ask(2, 1);
    world.skip(millis(999));
    world.ask(2, 1);
    assert_eq!(syncs(&world).len(), 1);
    world.skip(millis(1));
    world.ask(2, 1);
    assert_eq!(syncs(&world).len(), 2);
}

/// Whoever forges one member after another gets no list twice either.
#[test]
fn sixteen_peers_are_compared_with_in_a_period_and_none_of_them_twice() {
    let mut world = World::among(quiet_lan(), 20);
    for peer in (2..=20).chain(2..=20) {
        let before = syncs(&world).len();
        world.ask(peer, 1);
        if syncs(&world).len() > before {
            let asked = syncs(&world).pop().unwrap().clone();
            world.answer(&asked, &message(Kind::SyncAnswer { reason: SyncReason::Diverged }, &[]));
        }
    }
    let peers: Vec<u32> = syncs(&world).iter().map(|letter| letter.to).collect();
    assert_eq!(peers, (2..=17).collect::<Vec<_>>());
    world.skip(secs(1));
    world.ask(20, 1);
    assert_eq!(syncs(&world).last().map(|letter| letter.to), Some(20));
}

/// Those from 4 on are claimed, and nobody knows whether they are there.
#[test]
fn the_last_place_is_kept_for_those_that_have_answered_where_there_is_more_than_one_and_strangers_are_guarded_against()
{
    for (unproven, max, started) in [
        (Unproven::Guarded, 5, vec![4, 5, 6, 7]),
        (Unproven::Trusted, 5, vec![4, 5, 6, 7, 8]),
        (Unproven::Guarded, 1, vec![4]),
        (Unproven::Guarded, 2, vec![4]),
    ] {
        let mut world = World::among(Options { unproven, max_full_sync_jobs: max, ..quiet_lan() }, 3);
        let claims: Vec<_> = (4..=9).map(|address| own(address, Alive, inc(0))).collect();
        world.tell(2, 1, &claims);
        world.drain(1);
        (4..=9).for_each(|peer| drop(world.ask(peer, 1)));
        let peers: Vec<u32> = syncs(&world).iter().map(|letter| letter.to).collect();
        assert_eq!(peers, started, "{unproven:?}, {max}");
        world.ask(2, 1);
        let kept = unproven == Unproven::Guarded && max > 1;
        assert_eq!(syncs(&world).last().unwrap().to == 2, kept, "{unproven:?}, {max}");
    }
}

#[test]
fn no_more_than_five_syncs_run_at_once() {
    let mut world = World::among(quiet_lan(), 8);
    for peer in 2..=8 {
        world.ask(peer, 1);
    }
    assert_eq!(syncs(&world).len(), 5);
    assert!(world.events(1).any(|event| event == Event::OmitReverseFullSync { target: 7 }));
    assert_eq!(world.node(1).counters().full_syncs_omitted, 2);

    // One ends, and there is room again.
    let asked = world.sent_by(1).find(|letter| letter.kind() == DIVERGED).cloned().unwrap();
    world.answer(&asked, &answer_to(SyncReason::Diverged, &[]));
    world.ask(7, 1);
    assert_eq!(syncs(&world).len(), 6);
    // All others are given up after ten seconds.
    world.run(secs(10));
    for peer in 2..=6 {
        world.ask(peer, 1);
    }
    assert_eq!(syncs(&world).len(), 11);
}

#[test]
fn only_pingable_members_are_asked_for_a_sync() {
    let mut world = World::among(quiet_lan(), 4);
    world.tell(2, 1, &[own(3, Leave, inc(1)), said(2, 8, Faulty, inc(0))]);
    world.drain(1);
    for peer in [3, 8] {
        world.ask(peer, 1);
    }
    assert_eq!(syncs(&world).len(), 0);
}

#[test]
fn a_stranger_that_pings_is_asked_for_a_sync_once_in_a_period() {
    let mut world = World::among(quiet_lan(), 4);
    for stranger in [STRANGER, STRANGER + 1, STRANGER] {
        world.ask(stranger, 1);
    }
    assert_eq!(syncs(&world).len(), 1);
    // While one is under way no other stranger is asked.
    world.run(secs(1));
    world.ask(STRANGER + 1, 1);
    assert_eq!(syncs(&world).len(), 1);
    let asked = syncs(&world)[0].clone();
    world.answer(&asked, &answer_to(SyncReason::Diverged, &[]));
    world.ask(STRANGER + 1, 1);
    assert_eq!(syncs(&world).len(), 2);
}

#[test]
fn strangers_are_asked_once_in_a_period_all_together_and_never_for_overload() {
    let mut world = World::among(quiet_lan(), 3);
    world.ask(STRANGER, 1);
    let asked = world.last(1, STRANGER).clone();
    world.answer(&asked, &answer_to(SyncReason::Diverged, &[]));
    world.ask(STRANGER + 1, 1);
    assert_eq!(syncs(&world).len(), 1);
    world.run(secs(1));
    world.ask(STRANGER + 2, 1);
    assert_eq!(syncs(&world).len(), 2);

    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &crowd());
    world.ask(STRANGER, 1);
    assert_eq!(syncs(&world).len(), 0);
}

#[test]
fn a_node_whose_host_list_holds_only_itself_is_brought_back_after_a_restart() {
    let mut world = World::cluster(quiet_lan(), 3);
    world.kill(1);
    world.hosts = Some(vec![1]);
    world.boot(1);
    world.bootstrap(1, swim_core::StartGossip::WhenReady);
    world.run(secs(20));
    for (at, of) in [(1, 2), (1, 3), (2, 1), (3, 1)] {
        assert_eq!(world.status(at, of), Some(Alive), "{at} {of}");
    }
    assert_eq!(world.checksums().len(), 1);
}

#[test]
fn one_that_is_not_pingable_is_refused_and_nothing_of_it_is_merged() {
    for status in [Faulty, Leave] {
        let mut world = World::among(quiet_lan(), 3);
        world.tell(2, 1, &[said(2, 8, status, inc(0))]);
        let checksum = world.node(1).checksum();
        let list = [own(8, Alive, inc(9)), own(50, Alive, inc(0))];
        let reply = world.request(8, 1, &message(DIVERGED, &list));
        assert_eq!(reply.kind(), Kind::Refused { reason: RefusedReason::NotPingable });
        assert_eq!(world.node(1).checksum(), checksum);
    }
}

#[test]
fn of_an_unknown_asker_only_its_own_claim_is_heard() {
    let mut world = World::among(quiet_lan(), 3);
    let list = [own(50, Alive, inc(0)), own(STRANGER, Alive, inc(0)), said(STRANGER, 2, Faulty, inc(0))];
    let reply = world.request(STRANGER, 1, &message(DIVERGED, &list));
    assert_eq!(world.status(1, STRANGER), Some(Alive));
    assert_eq!((world.status(1, 50), world.status(1, 2)), (None, Some(Alive)));
    // What is known of 2 would lose to what the asker claims.
    assert_eq!(BTreeSet::from_iter(reply.subjects()), BTreeSet::from([1, 3]));
}

#[test]
fn gossip_that_brings_nothing_new_starts_a_sync_when_nothing_or_more_is_pending_than_messages_carry() {
    let known = [own(3, Alive, inc(0))];
    let mut world = World::among(quiet_lan(), 4);
    let kinds = |world: &World| syncs(world).iter().map(|sync| sync.kind()).collect::<Vec<_>>();
    world.tell(2, 1, &[own(9, Alive, inc(0))]);
    assert_eq!(kinds(&world), [], "it was new");
    world.tell(2, 1, &known);
    assert_eq!(kinds(&world), [], "there is something to tell, and little");

    world.drain(1);
    world.tell(2, 1, &known);
    assert_eq!(kinds(&world), [DIVERGED], "what either lacks nobody tells any more");
    world.tell(2, 1, &known);
    assert_eq!(kinds(&world), [DIVERGED], "once a period");

    world.run(secs(1));
    world.tell(2, 1, &crowd());
    assert_eq!(kinds(&world), [DIVERGED], "all of it was new");
    world.tell(2, 1, &known);
    assert_eq!(kinds(&world), [DIVERGED, OVERLOAD]);
}

/// Node 1 runs a round whose ack shows another list.
fn differing_round(world: &mut World, changes: &[Change<'_, u32>]) {
    let ping = world.probe();
    world.acknowledge(&ping, changes);
    world.run(secs(1));
}

#[test]
fn after_three_rounds_that_found_another_list_and_nothing_to_tell_the_pinger_compares() {
    let mut world = World::among(quiet_lan(), 4);
    for syncs_so_far in [0, 0, 1, 1, 1, 2] {
        differing_round(&mut world, &[]);
        assert_eq!(syncs(&world).len(), syncs_so_far);
    }
}

#[test]
fn rounds_in_which_either_had_something_to_tell_do_not_count() {
    // What the target tells is known already, and what the node tells is told often enough after four rounds.
    for (told, pending) in [(vec![own(2, Alive, inc(0))], vec![]), (vec![], vec![own(9, Leave, inc(0))])] {
        let mut world = World::among(quiet_lan(), 4);
        if !pending.is_empty() {
            world.tell(2, 1, &pending);
        }
        for _ in 0..3 {
            differing_round(&mut world, &told);
        }
        assert_eq!(syncs(&world).len(), 0);
    }
}

#[test]
fn a_round_that_found_the_same_list_starts_the_count_anew() {
    let mut world = World::among(quiet_lan(), 4);
    for _ in 0..4 {
        differing_round(&mut world, &[]);
        differing_round(&mut world, &[]);
        let asked = world.probe();
        let Kind::Ping { seq } = asked.kind() else { unreachable!() };
        let checksum = world.node(1).checksum();
        world.answer(&asked, &message_with(crate::forge::ack(seq), inc(0), checksum, &[]));
        world.run(secs(1));
    }
    assert_eq!(syncs(&world).len(), 0);
}

#[test]
fn after_ten_rounds_that_found_another_list_the_pinger_compares_whatever_there_is_to_tell() {
    let mut world = World::among(quiet_lan(), 4);
    for round in 0..9 {
        differing_round(&mut world, &[own(2, Alive, inc(round))]);
    }
    assert_eq!(syncs(&world).len(), 0);
    differing_round(&mut world, &[own(2, Alive, inc(9))]);
    assert_eq!(syncs(&world).len(), 1);
}

/// A ping by request, as ringpop pings.
fn ringpop_ping(world: &mut World, from: u32, checksum: Checksum, changes: &[Change<'_, u32>]) -> Letter {
    world.request(from, 1, &message_with(ping(1), inc(0), checksum, changes))
}

fn joins(world: &World) -> Vec<Letter> {
    world.sent_by(1).filter(|letter| matches!(letter.kind(), Kind::Join { .. })).cloned().collect()
}

#[test]
fn ringpop_puts_the_whole_list_in_the_answer_and_asks_for_the_other_by_a_join() {
    let mut world = World::among(quiet_ringpop(), 3);
    let answer = ringpop_ping(&mut world, 2, ODD, &[]);
    assert!(matches!(answer.kind(), Kind::Ack { .. }));
    assert_eq!(BTreeSet::from_iter(answer.subjects()), BTreeSet::from([1, 2, 3]));
    assert!(world.events(1).any(|event| event == Event::FullSync { remote: 2, remote_checksum: ODD }));
    assert!(world.events(1).any(|event| event == Event::StartReverseFullSync { target: 2 }));

    let [reverse] = &joins(&world)[..] else { panic!("one join") };
    assert_eq!((reverse.to, reverse.subjects()), (2, vec![]));
    world.answer(reverse, &message(Kind::List, &[own(50, Alive, inc(0))]));
    assert_eq!(world.status(1, 50), Some(Alive));
    assert!(world.node(1).has_changes(), "what it brought is gossiped");
}

#[test]
fn ringpop_does_not_while_there_is_something_to_tell_nor_where_the_lists_agree() {
    let mut world = World::among(quiet_ringpop(), 3);
    let checksum = world.node(1).checksum();
    assert!(ringpop_ping(&mut world, 2, checksum, &[]).subjects().is_empty());
    world.tell(2, 1, &[own(7, Alive, inc(0))]);
    assert_eq!(ringpop_ping(&mut world, 3, ODD, &[]).subjects(), [7]);
    assert_eq!(joins(&world).len(), 0);
}

/// What it must hear of itself is in the list as well.
#[test]
fn ringpop_puts_the_whole_list_in_the_answer_to_one_that_is_not_held_alive_too() {
    for status in [Suspect, Faulty, Leave] {
        let mut world = World::among(quiet_ringpop(), 4);
        world.tell(3, 1, &[said(3, 2, status, inc(0))]);
        let accused = ringpop_ping(&mut world, 2, ODD, &[]);
        assert_eq!((accused.subjects(), joins(&world).len()), (vec![2], 0), "{status}: it is still to be told");
        while world.node(1).has_changes() {
            ringpop_ping(&mut world, 4, ODD, &[]);
        }
        let answer = ringpop_ping(&mut world, 2, ODD, &[]);
        assert_eq!((answer.subjects().len(), answer.claims_about(2)), (4, vec![(status, inc(0))]));
        assert_eq!(joins(&world).last().map(|join| join.to), Some(2));

        let reply = world.request(2, 1, &message(ping_req(1, 1, secs(1)), &[]));
        assert_eq!(reply.subjects().len(), 4);
    }
}

#[test]
fn ringpop_runs_five_reverse_syncs_at_once_and_still_answers_with_its_list() {
    let mut world = World::among(quiet_ringpop(), 8);
    for peer in 2..=7 {
        assert_eq!(ringpop_ping(&mut world, peer, ODD, &[]).subjects().len(), 8);
    }
    assert_eq!(joins(&world).len(), 5);
    assert_eq!(world.count(1, EventKind::OmitReverseFullSync), 1);
    assert!(world.events(1).any(|event| event == Event::OmitReverseFullSync { target: 7 }));

    let first = joins(&world)[0].clone();
    world.answer(&first, &message(Kind::List, &[]));
    ringpop_ping(&mut world, 8, ODD, &[]);
    assert_eq!(joins(&world).len(), 6);
}

#[test]
fn ringpop_answers_a_ping_req_with_its_list_and_asks_for_none() {
    let mut world = World::among(quiet_ringpop(), 3);
    let reply = world.request(2, 1, &message(ping_req(1, 1, secs(1)), &[]));
    assert_eq!(reply.kind(), Kind::PingReqAnswer { seq: Seq(1), target: 1, reach: Reach::Reached });
    assert_eq!(BTreeSet::from_iter(reply.subjects()), BTreeSet::from([1, 2, 3]));
    assert_eq!(joins(&world).len(), 0);
}

#[test]
fn ringpop_nodes_that_lack_something_of_each_other_agree_soon() {
    let mut world = World::cluster(quiet_ringpop(), 3);
    world.cut(|letter| !letter.subjects().is_empty() && letter.from == 1);
    world.tell(9, 1, &[own(9, Leave, inc(0))]);
    // Its own list tells nobody; that of the others is asked for, again and again.
    world.run(secs(2));
    world.mend();
    world.run(secs(5));
    assert_eq!(world.checksums().len(), 1);
    assert_eq!(world.status(3, 9), Some(Leave));
}

/// A join in reverse is a join like any other to who gets it.
#[test]
fn a_reverse_sync_asks_as_a_joiner_does() {
    let mut world = World::among(quiet_ringpop(), 2);
    ringpop_ping(&mut world, 2, ODD, &[]);
    let Message { kind, .. } = joins(&world)[0].message.as_message();
    assert_eq!(kind, join());
}

#[test]
fn more_than_a_message_carries_is_more_than_127_changes_of_four_byte_addresses() {
    // 1400 bytes, and eleven for a change with such an address.
    for (pending, synced) in [(127, 0), (128, 1)] {
        let mut world = World::among(quiet_lan(), 4);
        let crowd: Vec<_> = (100..100 + pending).map(|address| own(address, Alive, inc(0))).collect();
        world.tell(2, 1, &crowd);
        assert_eq!(world.node(1).pending_changes(), pending as usize);
        world.tell(3, 1, &[own(3, Alive, inc(0))]);
        assert_eq!(syncs(&world).len(), synced, "{pending} are pending");
    }
}

#[test]
fn a_sync_that_could_not_be_delivered_makes_room_for_another() {
    let mut world = World::among(Options { max_full_sync_jobs: 1, ..quiet_lan() }, 4);
    world.ask(2, 1);
    world.ask(3, 1);
    assert_eq!((syncs(&world).len(), world.node(1).counters().full_syncs_omitted), (1, 1));
    let Channel::Request(ticket) = syncs(&world)[0].channel else { panic!("a sync is a request") };
    for (to, ticket, started) in [(3, ticket, 1), (2, Ticket(ticket.0 + 1), 1), (2, ticket, 2)] {
        world.handle(1, Input::Undeliverable { to, about: About::Request(ticket) });
        world.ask(4, 1);
        assert_eq!(syncs(&world).len(), started);
    }
}

#[test]
fn a_sync_that_takes_too_long_is_given_up_and_the_others_are_not() {
    let mut world = World::among(quiet_lan(), 4);
    world.ask(2, 1);
    world.run(secs(5));
    world.ask(3, 1);
    let later = world.last(1, 3).clone();
    let sooner = world.last(1, 2).clone();
    world.run(secs(5));
    world.answer(&sooner, &answer_to(SyncReason::Diverged, &[own(50, Alive, inc(0))]));
    world.answer(&later, &answer_to(SyncReason::Diverged, &[own(51, Alive, inc(0))]));
    assert_eq!((world.status(1, 50), world.status(1, 51)), (None, Some(Alive)));
    assert_eq!(world.node(1).counters().rejected_unsolicited, 1);
}
