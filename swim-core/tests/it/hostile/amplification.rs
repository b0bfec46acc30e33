//! What a node sends to an address that it does not list: whoever forges that address must not make it send much.

use std::time::Duration;

use swim_core::{
    Change, Channel, Command, Incarnation, Kind, Micros, Options, OwnLabels, OwnedMessage, Reach, RefusedReason, Seq,
    Status, SyncReason, Unproven, Via, wire,
};

use crate::forge::{
    STRANGER, ack, inc, is_ack, is_ping, join, message, millis, own, ping, ping_req, quiet_lan, quiet_ringpop, said,
    secs,
};
use crate::world::{Letter, World};
use Status::{Alive, Faulty, Leave, Suspect, Tombstone};

/// Another address that nobody lists.
const THIRD: u32 = 0xeeee_0000;
/// A member that was evicted.
const EVICTED: u32 = 900;
/// As many as one datagram claims.
const MANY: std::ops::Range<u32> = 500..590;

fn len(message: &OwnedMessage<u32>) -> usize {
    wire::encoded_len(&message.as_message())
}

/// As many labels, as long as one may set.
fn longest_labels() -> OwnLabels {
    let keys = (0..5).map(|number| format!("{number}{}", "k".repeat(31)));
    OwnLabels::new(keys.map(|key| (key, "v".repeat(128)))).unwrap()
}

/// States of a node in which much can be told.
const STATES: [&str; 11] = [
    "quiet",
    "busy",
    "short labels",
    "joining",
    "left",
    "self-evicted",
    "full",
    "full, with one that never answered",
    "one that evicted the sender",
    "one that evicted many",
    "one that suspects the target",
];

/// A node in one of the states.
fn state(name: &str) -> World {
    let mut options = quiet_lan();
    options.labels = if name == "short labels" { OwnLabels::new([("zone", "b")]).unwrap() } else { longest_labels() };
    options.state_timeouts.tombstone = Duration::from_millis(100);
    options.members_max = match name {
        "full" => 3,
        "full, with one that never answered" => 4,
        _ => options.members_max,
    };
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
        "full, with one that never answered" => world.tell(2, 1, &[own(400, Alive, inc(0))]),
        "left" | "self-evicted" => {
            world.tell(2, 1, &crowd);
            world.command(1, if name == "left" { Command::Leave } else { Command::SelfEvict });
        }
        "one that evicted the sender" => {
            evict(&mut world, [EVICTED, STRANGER]);
        }
        "one that evicted many" => evict(&mut world, MANY),
        "one that suspects the target" => {
            let labels = longest_labels();
            world.tell(2, 1, &[Change { labels: labels.as_labels(), ..said(2, THIRD, Suspect, inc(0)) }]);
        }
        _ => {}
    }
    world
}

/// Node 1 forgets these for their tombstones.
fn evict(world: &mut World, members: impl IntoIterator<Item = u32>) {
    for evicted in members {
        world.tell(2, 1, &[said(2, evicted, Faulty, inc(0)), said(2, evicted, Tombstone, inc(0))]);
    }
    world.run(secs(1));
}

/// Everything that one can send as a datagram, with everything in it that is answered for its own sake.
fn datagrams(own_incarnation: Incarnation) -> Vec<OwnedMessage<u32>> {
    let Kind::Join { app } = join() else { unreachable!() };
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
        Kind::SyncAnswer { reason: SyncReason::Diverged },
        join(),
        Kind::HealFetch { app },
        Kind::HealSuspect,
        Kind::HealMerge,
        Kind::Done,
        Kind::Refused { reason: RefusedReason::Busy },
    ];
    let many: Vec<_> = MANY.map(|address| own(address, Alive, inc(0))).collect();
    // The shortest claims, each of which is answered with a tombstone where its member was evicted: sixteen in one answer.
    let shortest: Vec<_> = MANY.take(16).map(|address| own(address, Alive, Incarnation::default())).collect();
    let contents: [&[Change<'_, u32>]; 8] = [
        &[],
        &[said(STRANGER, 1, Suspect, inc(0))],
        &[said(STRANGER, 1, Suspect, own_incarnation)],
        &[own(EVICTED, Alive, inc(0))],
        &[own(STRANGER, Leave, inc(0))],
        &[own(THIRD, Alive, inc(0))],
        &many,
        &shortest,
    ];
    kinds.into_iter().flat_map(|kind| contents.map(|changes| message(kind, changes))).collect()
}

/// What node 1 sent by datagrams to addresses that never answered it.
fn to_strangers(world: &World) -> Vec<&Letter> {
    let outside = |letter: &&Letter| letter.to >= 500 && letter.channel == Channel::Datagram;
    world.sent_by(1).filter(outside).collect()
}

/// The figures of docs/SECURITY.md: `cargo test -p swim-core --test it amplification -- --nocapture`.
#[test]
fn no_answer_to_an_unknown_address_is_more_than_twice_as_long_as_what_caused_it() {
    let [mut longest, mut most, mut tried] = [const { (0.0, String::new()) }; 3];
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
            let is_trial = |answer: &&Letter| is_ping(answer) && MANY.contains(&answer.to);
            // Each of these goes to another address, and says nothing.
            let most = if answers.iter().any(is_trial) { &mut tried } else { &mut most };
            if factor > most.0 {
                *most = (factor, answers.last().map_or_else(String::new, |answer| words(answer)));
            }
        }
    }
    println!("longest answer: {:.2} ({}); all answers together: {:.2} ({})", longest.0, longest.1, most.0, most.1);
    println!("... where newcomers to a full list are tried: {:.2} ({})", tried.0, tried.1);
    assert!(longest.0 > 1.0, "something is answered");
    assert!(most.0 <= 3.0, "{most:?}");
    // Sixteen pings of 34 bytes for sixteen claims of 8 bytes, and a header.
    assert!(tried.0 > 3.0 && tried.0 <= 4.0, "{tried:?}");
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
fn strangers_that_have_a_member_pinged_again_and_again_do_not_use_up_what_others_are_to_be_told() {
    // Those of the second kind say that they are alive, which is enough to be listed.
    for claims in [false, true] {
        let mut world = World::among(quiet_lan(), 3);
        world.tell(2, 1, &[own(7, Alive, inc(0)), own(8, Alive, inc(0))]);
        if claims {
            // The claims themselves are told to members, and are no longer pending afterwards.
            let own: Vec<_> = (0..10).map(|number| own(STRANGER + number, Alive, inc(0))).collect();
            world.tell(3, 1, &own);
        }
        let pending = world.node(1).pending_changes();
        for (asker, told) in [(STRANGER, 0), (3, pending)] {
            for number in 0..if told == 0 { 1_000 } else { 1 } {
                world.forget();
                world.inject(asker + number % 10, 1, Via::Datagram, &message(ping_req(number, 2, millis(1)), &[]));
                let asked = world.last(1, 2).clone();
                assert!(is_ping(&asked));
                assert_eq!(asked.subjects().len(), told, "{asker}");
                world.acknowledge(&asked, &[]);
            }
        }
        assert_eq!(world.ask(3, 1).subjects().len(), pending);
    }
}

/// What a ping that is not acknowledged carried is to be told again, so it must not be given up at once for the next one.
#[test]
fn whoever_wants_an_answer_at_once_waits_for_it_as_long_as_others() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &[own(7, Alive, inc(0)), own(8, Alive, inc(0))]);
    world.forget();
    for number in 0..1_000 {
        world.inject(3, 1, Via::Datagram, &message(ping_req(number, 2, Micros(1)), &[]));
        world.run(millis(1));
    }
    let pings = world.sent_by(1).filter(|letter| is_ping(letter) && letter.to == 2).count();
    // Eight at a time, and 400 ms each.
    assert_eq!(pings, 24);
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
    let Kind::Join { app } = join() else { unreachable!() };
    let mut world = World::among(quiet_lan(), 200);
    for kind in [ping(1), Kind::Gossip, ping_req(1, 2, millis(100))] {
        world.inject(STRANGER, 1, Via::Datagram, &message(kind, &[]));
    }
    let by_datagram: Vec<_> = world.sent_by(1).filter(|letter| letter.channel == Channel::Datagram).collect();
    assert!(by_datagram.len() >= 2, "the ping and the ping-req had answers");
    assert!(by_datagram.iter().all(|letter| letter.subjects().is_empty()));
    for kind in [join(), Kind::HealFetch { app }] {
        world.forget();
        world.inject(STRANGER, 1, Via::Datagram, &message(kind, &[]));
        assert_eq!(world.sent_by(1).count(), 0, "what asks for a list does not go by datagrams");
        let reply = world.request(STRANGER, 1, &message(kind, &[]));
        assert_eq!(reply.subjects().len(), 200);
    }
}

/// In the ringpop preset everything is a request on a stream, and strangers are trusted: whoever pings with another checksum
/// is answered with the whole list, and the address that it names is asked for its own. What is asked of that address is short.
#[test]
fn in_the_ringpop_preset_a_stranger_s_ping_is_answered_with_the_whole_list_and_no_datagram_is_sent() {
    let mut world = World::among(quiet_ringpop(), 200);
    let asked = message(ping(1), &[]);
    let reply = world.request(STRANGER, 1, &asked);
    assert_eq!((is_ack(&reply), reply.subjects().len()), (true, 200));
    let reverse = world.last(1, STRANGER).clone();
    assert_eq!((reverse.kind(), reverse.subjects().len()), (join(), 0));
    println!(
        "200 members: a ping of {} bytes is answered with {}, and its sender asked for its list with {}",
        len(&asked),
        len(&reply.message),
        len(&reverse.message),
    );
    // However many are named as senders, five of them are asked at once.
    for stranger in 1..1_000 {
        world.request(STRANGER + stranger, 1, &asked);
    }
    assert_eq!(world.sent_by(1).filter(|letter| letter.kind() == join()).count(), 5);
    for kind in [ping_req(1, 2, millis(100)), join()] {
        let via = Via::Request(world.ticket());
        world.inject(STRANGER, 1, via, &message(kind, &[]));
    }
    world.run(secs(10));
    assert_eq!(world.sent_by(1).filter(|letter| letter.channel == Channel::Datagram).count(), 0);
}

/// Everything that the nodes sent to these addresses by datagrams: how many, and how many bytes.
fn received(world: &World, addresses: &std::ops::Range<u32>) -> (usize, usize) {
    let there = world.letters.iter().filter(|letter| addresses.contains(&letter.to));
    let datagrams = there.filter(|letter| letter.channel == Channel::Datagram);
    datagrams.fold((0, 0), |(count, bytes), letter| (count + 1, bytes + len(&letter.message)))
}

/// The bound of twice is one of answers. One that is claimed is a member until it is found dead, and so it is pinged and told
/// what members are told, by all to whom the claim spreads.
#[test]
fn one_claim_makes_every_node_probe_and_gossip_to_a_made_up_member_until_it_is_found_dead() {
    let mut world = World::cluster(Options::lan(), 5);
    let claim = message(Kind::Gossip, &[own(THIRD, Alive, inc(0))]);
    world.inject(2, 1, Via::Datagram, &claim);
    let mut seconds = 0;
    while (1..=5).any(|at| world.status(at, THIRD) != Some(Faulty)) {
        world.run(secs(1));
        seconds += 1;
        assert!(seconds < 60, "it is found dead");
    }
    let streams =
        world.letters.iter().filter(|letter| letter.to == THIRD && letter.channel != Channel::Datagram).count();
    let (datagrams, bytes) = received(&world, &(THIRD..THIRD + 1));
    println!(
        "five nodes, one claim of {} bytes: {datagrams} datagrams, {bytes} bytes and {streams} streams in {seconds} s",
        len(&claim),
    );
    assert!(datagrams > 5 && datagrams < 500, "{datagrams}");
    world.forget();
    world.run(secs(20));
    let (after, _) = received(&world, &(THIRD..THIRD + 1));
    assert!(after <= 5, "{after}: only who tries to heal looks for one that was found dead");
}

/// What a node sends unasked has a rate of its own, whatever is claimed: three gossips in 200 ms and a round in a second.
#[test]
fn however_many_members_are_made_up_a_node_sends_them_no_more_than_its_rate() {
    let made_up = THIRD..THIRD + 20_000;
    let mut world = World::cluster(Options::lan(), 2);
    let (mut next, seconds) = (made_up.clone(), 20);
    for _ in 0..seconds {
        // New ones all the time, so that there is always much to tell.
        let claims: Vec<_> = next.by_ref().take(1_000).map(|address| own(address, Alive, inc(0))).collect();
        world.tell(2, 1, &claims);
        world.run(secs(1));
    }
    let mine = |letter: &&Letter| letter.from == 1 && made_up.contains(&letter.to);
    let by_datagram = |letter: &&Letter| letter.channel == Channel::Datagram;
    let count = world.letters.iter().filter(mine).filter(by_datagram).count();
    let bytes: usize = world.letters.iter().filter(mine).filter(by_datagram).map(|letter| len(&letter.message)).sum();
    let streams = world.letters.iter().filter(mine).count() - count;
    println!(
        "{count} datagrams, {bytes} bytes and {streams} streams in {seconds} s, to {} made-up members",
        made_up.len()
    );
    assert!(count > 10 * seconds, "it is busy");
    // Fifteen gossips, a ping and three ping-reqs in each second, and one stream to a target that is silent.
    assert!(count <= 20 * seconds, "{count}");
    assert!(bytes <= 20 * 1_400 * seconds && streams <= 2 * seconds, "{bytes} bytes, {streams} streams");
}

#[test]
fn one_that_grants_a_helper_the_time_of_a_ping_has_its_answer_then() {
    let mut world = World::among(Options { ping_timeout: Duration::from_millis(100), ..quiet_lan() }, 3);
    world.inject(3, 1, Via::Datagram, &message(ping_req(1, 2, millis(100)), &[]));
    let answered = |world: &World| {
        world.sent_by(1).any(|letter| matches!(letter.kind(), Kind::PingReqAnswer { reach: Reach::NotReached, .. }))
    };
    world.run(millis(99));
    assert!(!answered(&world));
    world.run(millis(1));
    assert!(answered(&world));
}

/// Whoever forges the address of another makes a node open a stream to it, which says the whole list if it is accepted.
#[test]
fn forged_addresses_are_asked_for_few_syncs_at_a_time_and_keep_nobody_else_from_one() {
    // Whoever is claimed to be alive is listed, and nobody knows whether anybody is there.
    for (listed, held) in [(0, 1), (100, 4)] {
        let mut world = World::among(quiet_lan(), 3);
        let claims: Vec<_> = (0..listed).map(|number| own(THIRD + number, Alive, inc(0))).collect();
        world.tell(2, 1, &claims);
        world.drain(1);
        let mut streams = 0;
        for stranger in 0..10_000 {
            world.forget();
            world.inject(THIRD + stranger, 1, Via::Datagram, &message(ping(1), &[]));
            streams += world.sent_by(1).filter(|letter| matches!(letter.channel, Channel::Request(_))).count();
            world.run(millis(1));
        }
        assert_eq!(streams, held, "in ten seconds, as long as they do not answer");
        // Members are compared with all the same.
        world.forget();
        world.ask(2, 1);
        assert_eq!(world.last(1, 2).kind(), Kind::Sync { reason: SyncReason::Diverged });
    }
}
