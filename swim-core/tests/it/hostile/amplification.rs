//! What a node sends to an address that it does not list: whoever forges that address must not make it send much.

use std::time::Duration;

use swim_core::{
    Change, Channel, Command, Kind, Options, OwnLabels, OwnedMessage, Reach, Seq, Status, SyncReason, Unproven, Via,
    wire,
};

use crate::forge::{
    STRANGER, ack, inc, is_ack, join, message, millis, own, ping, ping_req, quiet_lan, quiet_ringpop, said, secs,
};
use crate::world::{Letter, World};
use Status::{Alive, Faulty, Leave, Suspect, Tombstone};

/// Another address that nobody lists.
const THIRD: u32 = 0xeeee_0000;
/// A member that was evicted.
const EVICTED: u32 = 900;

fn len(message: &OwnedMessage<u32>) -> usize {
    wire::encoded_len(&message.as_message())
}

/// As many labels, as long as one may set.
fn longest_labels() -> OwnLabels {
    let keys = (0..5).map(|number| format!("{number}{}", "k".repeat(31)));
    OwnLabels::new(keys.map(|key| (key, "v".repeat(128)))).unwrap()
}

/// States of a node in which much can be told.
const STATES: [&str; 7] = ["quiet", "busy", "joining", "left", "self-evicted", "full", "one that evicted the sender"];

/// A node in one of the states.
fn state(name: &str) -> World {
    let mut options = quiet_lan();
    options.labels = longest_labels();
    options.state_timeouts.tombstone = Duration::from_millis(100);
    options.members_max = if name == "full" { 3 } else { options.members_max };
    let crowd: Vec<_> = (1000..1400).map(|address| said(2, address, Suspect, inc(5))).collect();
    if name == "joining" {
        let mut world = World::new(options);
        world.boot(1);
        world.tell(2, 1, &crowd);
        return world;
    }
    let mut world = World::among(options, 3);
    match name {
        "busy" => world.tell(2, 1, &crowd),
        "left" | "self-evicted" => {
            world.tell(2, 1, &crowd);
            world.command(1, if name == "left" { Command::Leave } else { Command::SelfEvict });
        }
        "one that evicted the sender" => {
            for evicted in [EVICTED, STRANGER] {
                world.tell(2, 1, &[said(2, evicted, Faulty, inc(0)), said(2, evicted, Tombstone, inc(0))]);
            }
            world.run(secs(1));
        }
        _ => {}
    }
    world
}

/// Everything that one can send as a datagram, with everything in it that is answered for its own sake.
fn datagrams(own_incarnation: swim_core::Incarnation) -> Vec<OwnedMessage<u32>> {
    let kinds = [
        ping(1),
        ack(Seq(1)),
        ping_req(1, THIRD, millis(100)),
        ping_req(1, 2, millis(100)),
        ping_req(1, 1, millis(100)),
        Kind::PingReqAnswer { seq: Seq(1), target: 2, reach: Reach::Reached },
        Kind::Gossip,
        Kind::List,
        Kind::Sync { reason: SyncReason::Diverged },
        Kind::HealSuspect,
    ];
    let many: Vec<_> = (0..90).map(|count| own(500 + count, Alive, inc(0))).collect();
    let contents: [&[Change<'_, u32>]; 7] = [
        &[],
        &[said(STRANGER, 1, Suspect, inc(0))],
        &[said(STRANGER, 1, Suspect, own_incarnation)],
        &[own(EVICTED, Alive, inc(0))],
        &[own(STRANGER, Leave, inc(0))],
        &[own(THIRD, Alive, inc(0))],
        &many,
    ];
    kinds.into_iter().flat_map(|kind| contents.map(|changes| message(kind, changes))).collect()
}

/// What node 1 sent by datagrams to addresses that it did not list before.
fn to_strangers(world: &World) -> Vec<&Letter> {
    let outside = |letter: &&Letter| letter.to >= 500 && letter.channel == Channel::Datagram;
    world.sent_by(1).filter(outside).collect()
}

/// The figures of docs/SECURITY.md: `cargo test -p swim-core --test it amplification -- --nocapture`.
#[test]
fn no_answer_to_an_unknown_address_is_more_than_twice_as_long_as_what_caused_it() {
    let (mut longest, mut most) = ((0.0, String::new()), (0.0, String::new()));
    for name in STATES {
        let incarnation = state(name).node(1).incarnation();
        for (each, datagram) in datagrams(incarnation).iter().enumerate() {
            // Each message meets a new node in the same state.
            let mut world = state(name);
            world.forget();
            world.inject(STRANGER, 1, Via::Datagram, datagram);
            world.run(secs(1));
            let answers = to_strangers(&world);
            let words =
                |answer: &Letter| format!("{name}, {each}: {:?} to {:?}", answer.kind(), datagram.as_message().kind);
            let asked = len(datagram) as f64;
            for answer in &answers {
                let factor = len(&answer.message) as f64 / asked;
                if factor > longest.0 {
                    longest = (factor, words(answer));
                }
                assert!(factor <= 2.0, "{factor}: {}", words(answer));
            }
            let factor = answers.iter().map(|answer| len(&answer.message)).sum::<usize>() as f64 / asked;
            if factor > most.0 {
                most = (factor, answers.last().map_or_else(String::new, |answer| words(answer)));
            }
        }
    }
    println!("longest answer: {:.2} ({}); all answers together: {:.2} ({})", longest.0, longest.1, most.0, most.1);
    assert!(longest.0 > 1.0, "something is answered");
    assert!(most.0 <= 3.0, "{most:?}");
}

#[test]
fn a_stranger_that_asks_again_and_again_does_not_use_up_what_members_are_to_be_told() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &[own(7, Alive, inc(0)), own(8, Alive, inc(0))]);
    for _ in 0..1_000 {
        let told = world.ask(STRANGER, 1).subjects();
        assert!(told.is_empty());
        world.inject(STRANGER, 1, Via::Datagram, &message(ping_req(1, THIRD, millis(1)), &[]));
        world.run(millis(2));
    }
    assert_eq!(world.ask(3, 1).subjects(), [7, 8]);
}

#[test]
fn where_strangers_are_trusted_they_are_told_what_is_pending_as_members_are() {
    let mut world = World::among(Options { unproven: Unproven::Trusted, ..quiet_lan() }, 3);
    world.tell(2, 1, &[own(7, Alive, inc(0)), own(8, Alive, inc(0))]);
    assert_eq!(world.ask(STRANGER, 1).subjects(), [7, 8]);
}

#[test]
fn a_stranger_that_accuses_a_node_hears_its_refutation_where_that_is_short() {
    for (labels, told) in [(OwnLabels::default(), 1), (longest_labels(), 0)] {
        let mut options = quiet_lan();
        options.labels = labels;
        let mut world = World::among(options, 3);
        let known = world.node(1).incarnation();
        world.inject(STRANGER, 1, Via::Datagram, &message(ping(1), &[said(STRANGER, 1, Suspect, known)]));
        let answer = world.sent_by(1).rfind(|letter| is_ack(letter)).unwrap();
        assert_eq!(answer.claims_about(1).len(), 0, "it is pending first, and told to members");
        world.drain(1);
        world.inject(STRANGER, 1, Via::Datagram, &message(ping(2), &[said(STRANGER, 1, Suspect, known)]));
        let answer = world.sent_by(1).rfind(|letter| is_ack(letter)).unwrap();
        assert_eq!(answer.claims_about(1).len(), told);
    }
}

#[test]
fn lists_go_by_streams_only() {
    for options in [quiet_lan(), quiet_ringpop()] {
        let Kind::Join { app } = join() else { unreachable!() };
        let datagrams_only = options.datagram_max.is_some();
        let mut world = World::among(options, 200);
        for kind in [ping(1), Kind::Gossip, ping_req(1, 2, millis(100))] {
            world.inject(STRANGER, 1, Via::Datagram, &message(kind, &[]));
        }
        for letter in world.sent_by(1).filter(|letter| letter.channel == Channel::Datagram) {
            assert!(!datagrams_only || letter.subjects().is_empty(), "{:?}", letter.kind());
        }
        for kind in [join(), Kind::HealFetch { app }] {
            world.forget();
            world.inject(STRANGER, 1, Via::Datagram, &message(kind, &[]));
            assert_eq!(world.sent_by(1).count(), 0, "what asks for a list does not go by datagrams");
        }
    }
}

/// Whoever forges the address of another makes a node open a stream to it, which says the whole list if it is accepted.
#[test]
fn forged_addresses_are_asked_for_one_sync_at_a_time_and_keep_nobody_else_from_one() {
    let mut world = World::among(quiet_lan(), 3);
    let mut streams = 0;
    for stranger in 0..10_000 {
        world.forget();
        world.inject(THIRD + stranger, 1, Via::Datagram, &message(ping(1), &[]));
        streams += world.sent_by(1).filter(|letter| matches!(letter.channel, Channel::Request(_))).count();
        world.run(millis(1));
    }
    assert_eq!(streams, 1, "in ten seconds, as long as it does not answer");
    // Members are compared with all the same.
    world.forget();
    world.ask(2, 1);
    assert_eq!(world.last(1, 2).kind(), Kind::Sync { reason: SyncReason::Diverged });
}
