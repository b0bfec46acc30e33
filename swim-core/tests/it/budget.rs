//! R5: what fits in a message is told in it, to the byte, and nothing twice.

use std::collections::BTreeMap;

use swim_core::{
    Change, Changes, Channel, Checksum, Kind, Labels, Message, Options, OwnLabels, Reach, Readiness, Seq, Status, Via,
    wire,
};

use crate::forge::{
    ODD, SOMEONE, STRANGER, inc, message, message_with, millis, own, ping, ping_req, quiet_lan, said, secs,
};
use crate::world::{Letter, World};
use Status::{Alive, Faulty, Suspect, Tombstone};

/// An own claim without labels, of an address of four bytes.
const OWN: usize = 11;
/// A tombstone that the node owes: its own source comes on top.
const OWED: usize = 22;

fn len(letter: &Letter) -> usize {
    wire::encoded_len(&letter.message.as_message())
}

/// The length of a message without changes.
fn empty(kind: Kind<u32>) -> usize {
    wire::encoded_len(&Message { kind, incarnation: inc(0), checksum: Checksum(0), changes: Changes::NONE })
}

fn ack() -> Kind<u32> {
    Kind::Ack { seq: Seq(0), ready: Readiness::Ready }
}

fn crowd(count: u32) -> Vec<Change<'static, u32>> {
    (1_000..1_000 + count).map(|address| own(address, Alive, inc(0))).collect()
}

#[test]
fn own_claims_fill_a_message_to_the_last_that_fits() {
    for budget in 1_024..1_024 + 2 * OWN as u32 {
        let mut world = World::among(Options { datagram_max: Some(budget), ..quiet_lan() }, 2);
        world.tell(2, 1, &crowd(200));
        let told = world.ask(SOMEONE, 1);
        assert_eq!(told.subjects().len(), (budget as usize - empty(ack())) / OWN, "{budget}");
    }
}

#[test]
fn where_not_all_fits_what_was_superseded_is_told_once_and_as_it_is_by_now() {
    let mut world = World::among(quiet_lan(), 2);
    world.tell(2, 1, &crowd(300));
    let newer: Vec<_> = (1_000..1_030).map(|address| own(address, Alive, inc(1))).collect();
    world.tell(2, 1, &newer);
    for _ in 0..20 {
        let told = world.ask(SOMEONE, 1);
        for subject in told.subjects() {
            let at = inc(u64::from(subject < 1_030));
            assert_eq!(told.claims_about(subject), [(Alive, at)]);
        }
    }
}

#[test]
fn where_not_all_fits_an_asker_hears_once_what_it_must_and_nothing_that_it_said() {
    for (claim, incarnation, heard) in
        [(own(2, Alive, inc(5)), inc(5), vec![]), (said(3, 2, Suspect, inc(0)), inc(0), vec![(Suspect, inc(0))])]
    {
        let mut world = World::among(quiet_lan(), 3);
        world.tell(3, 1, &[claim]);
        world.tell(3, 1, &crowd(300));
        world.inject(2, 1, Via::Datagram, &message_with(ping(7), incarnation, ODD, &[]));
        let told = world.sent_by(1).find(|letter| letter.channel == Channel::Datagram).unwrap();
        assert_eq!(told.claims_about(2), heard);
        assert!(len(told) + OWN > 1_400, "the rest is used: {}", len(told));
    }
}

#[test]
fn what_a_lost_ping_carried_of_many_that_have_labels_is_told_as_often_as_all_else() {
    let mut options = quiet_lan();
    (options.stream_ping, options.ping_request_size) = (false, 0);
    let mut world = World::among(options, 2);
    let labels = OwnLabels::new([("zone", "b")]).unwrap();
    let labelled = crowd(300).into_iter().map(|claim| Change { labels: labels.as_labels(), ..claim });
    world.tell(2, 1, &labelled.collect::<Vec<_>>());
    let lost = world.probe();
    assert!((1..300).contains(&lost.subjects().len()));
    world.run(secs(1));
    let mut told: BTreeMap<u32, u32> = BTreeMap::new();
    while world.node(1).has_changes() {
        world.ask(SOMEONE, 1).subjects().into_iter().for_each(|subject| *told.entry(subject).or_default() += 1);
    }
    let limit = world.node(1).send_limit();
    assert!((1_000..1_300).all(|subject| told[&subject] == limit || subject == lost.to), "{limit}: {told:?}");
}

/// Where a message has room for all that is pending as long as it is own claims, what longer ones take besides has to fit
/// in what those leave: twelve bytes are set aside for each.
#[test]
fn one_longer_claim_among_as_many_as_fit_is_told_where_the_others_leave_room_for_it() {
    let others = 112;
    let spare = 1_400 - empty(ack()) - 12 * (others + 1);
    let told = |value: usize| {
        let mut world = World::among(quiet_lan(), 2);
        let value = "v".repeat(value);
        let labels = OwnLabels::new([("k", value.as_str())]).unwrap();
        world.tell(2, 1, &[Change { labels: labels.as_labels(), ..own(7, Alive, inc(0)) }]);
        world.tell(2, 1, &crowd(others as u32));
        let told = world.ask(SOMEONE, 1);
        assert!((1_000..1_112).all(|subject| told.claims_about(subject).len() == 1));
        told.claims_about(7).len() == 1
    };
    for value in 0..=10 {
        // Two bytes for the length of the labels, and three for key and value besides what they are.
        assert_eq!(told(value), OWN + 2 + 3 + value <= spare + 12, "{value}");
    }
}

/// Labels whose encoding takes so many bytes: as many as are heard of others.
fn labels(bytes: usize) -> Vec<u8> {
    let label = |key: u8, value: usize| [vec![1, key, value as u8], vec![b'v'; value]].concat();
    let mut encoded: Vec<u8> = (b'a'..b'd').flat_map(|key| label(key, 250)).collect();
    let rest = bytes - encoded.len() - 3;
    encoded.extend(label(b'd', rest));
    encoded
}

/// Node 1 has an own claim of 7 to tell that takes so many bytes, and enough else to fill half of a message; returns how
/// often it tells 7.
fn tells_of_a_long_claim(budget: u32, claim: usize) -> usize {
    let mut world = World::among(Options { datagram_max: Some(budget), ..quiet_lan() }, 2);
    world.tell(2, 1, &crowd(60));
    let encoded = labels(claim - OWN - 2);
    let labels = Labels::from_encoded(&encoded).unwrap();
    world.tell(2, 1, &[Change { labels, ..own(7, Alive, inc(0)) }]);
    let mut tells = 0;
    for _ in 0..100 {
        tells += world.ask(SOMEONE, 1).claims_about(7).len();
    }
    assert!(!world.node(1).has_changes());
    tells
}

#[test]
fn a_claim_that_fits_in_no_message_is_dropped_and_one_that_fits_beside_nothing_else_waits() {
    // Any message has 96 bytes to spare for what is not changes.
    assert_eq!(tells_of_a_long_claim(1_030, 1_030 - 96 + 1), 0);
    assert!(tells_of_a_long_claim(1_030, 1_030 - 96) > 0);
}

/// A message is put together in a time that does not depend on how much is pending: what does not fit is passed over
/// sixteen times, even where something behind it would fit.
#[test]
fn sixteen_that_do_not_fit_make_a_message_full() {
    let long = labels(900);
    let long = Labels::from_encoded(&long).unwrap();
    for (count, told) in [(16, 1 + (1_400 - empty(ack()) - 900 - OWN - 2) / OWN), (17, 1)] {
        let mut world = World::among(quiet_lan(), 2);
        let claims: Vec<_> =
            (100..100 + count).map(|address| Change { labels: long, ..own(address, Alive, inc(0)) }).collect();
        world.tell(2, 1, &claims);
        world.tell(2, 1, &crowd(200));
        assert_eq!(world.ask(SOMEONE, 1).subjects().len(), told, "{count}");
    }
    // Own claims with the shortest incarnations take seven bytes; eight are left.
    let budget = (empty(ack()) + 100 * OWN + 8) as u32;
    for (count, told) in [(115, 101), (116, 100)] {
        let mut world = World::among(Options { datagram_max: Some(budget), ..quiet_lan() }, 2);
        world.tell(2, 1, &crowd(count));
        world.tell(2, 1, &[own(7, Alive, swim_core::Incarnation::default())]);
        assert_eq!(world.ask(SOMEONE, 1).subjects().len(), told, "{count}");
    }
}

/// Node 1 among 2 and 3; 2 to the last of `ghosts` were evicted.
fn with_ghosts(ghosts: std::ops::RangeInclusive<u32>) -> World {
    with_ghosts_of(quiet_lan(), ghosts)
}

fn with_ghosts_of(options: Options, ghosts: std::ops::RangeInclusive<u32>) -> World {
    let mut world = World::among(options, 3);
    for status in [Faulty, Tombstone] {
        let claims: Vec<_> = ghosts.clone().map(|ghost| said(3, ghost, status, inc(0))).collect();
        world.tell(3, 1, &claims);
    }
    world.run(secs(60));
    world.drain(1);
    world
}

fn ghosts(count: u32) -> Vec<Change<'static, u32>> {
    (100..100 + count).map(|ghost| own(ghost, Alive, inc(0))).collect()
}

#[test]
fn who_never_answered_is_told_no_more_tombstones_in_an_answer_than_twice_what_it_sent() {
    for count in 1..=16 {
        let mut world = with_ghosts(100..=120);
        world.inject(STRANGER, 1, Via::Datagram, &message(ping(1), &ghosts(count)));
        let room = 2 * (empty(ping(1)) + OWN * count as usize) - empty(ack());
        let told = world.sent_by(1).find(|letter| letter.to == STRANGER).unwrap();
        assert_eq!(told.subjects().len(), (room / OWED).min(count as usize), "{count}");
    }
}

#[test]
fn who_gossips_of_the_evicted_is_told_no_more_than_it_sent_unless_it_has_answered_before() {
    for (from, count, told) in [(STRANGER, 1, 0), (STRANGER, 2, 1), (STRANGER, 4, 2), (3, 1, 1), (3, 4, 4)] {
        let mut world = with_ghosts(100..=120);
        world.tell(from, 1, &ghosts(count));
        let letters = world.sent_by(1).filter(|letter| letter.to == from && letter.kind() == Kind::Gossip);
        assert_eq!(letters.map(|letter| letter.subjects().len()).sum::<usize>(), told, "{from}: {count}");
    }
}

#[test]
fn an_evicted_member_that_is_named_again_and_again_is_told_of_once_and_leaves_room_for_others() {
    let mut world = with_ghosts(100..=101);
    let mut claims = vec![own(100, Alive, inc(0)); 40];
    claims.extend(ghosts(2));
    world.inject(3, 1, Via::Datagram, &message(ping(1), &claims));
    let answer = world.last(1, 3);
    for ghost in [100, 101] {
        assert_eq!(answer.claims_about(ghost), [(Tombstone, inc(0))]);
    }
}

/// The reader refuses a list that is longer, and with it all that it says.
#[test]
fn an_answer_has_no_more_changes_than_a_list_may_whoever_was_listed_after_it_came_to_owe() {
    for (newcomers, told) in [(0, 2), (1, 2), (2, 1), (3, 0)] {
        let options = Options { members_max: 6, ..quiet_lan() };
        let mut world = with_ghosts_of(options, 100..=101);
        let mut claims = ghosts(2);
        claims.extend((0..newcomers).map(|place| own(SOMEONE + place, Alive, inc(0))));
        world.inject(3, 1, Via::Datagram, &message(ping(1), &claims));
        let answer = world.last(1, 3);
        let tombstones = (100..=101).filter(|&ghost| answer.claims_about(ghost) == [(Tombstone, inc(0))]).count();
        assert_eq!(tombstones, told, "{newcomers}");
    }
}

#[test]
fn who_asks_for_help_is_told_of_the_evicted_that_it_lists_and_the_target_is_not() {
    let mut world = with_ghosts(100..=101);
    world.inject(3, 1, Via::Datagram, &message(ping_req(5, 2, millis(400)), &ghosts(2)));
    let told =
        |to| world.sent_by(1).filter(|letter| letter.to == to).map(|letter| letter.subjects().len()).sum::<usize>();
    assert_eq!((told(2), told(3)), (0, 2));
}

#[test]
fn a_target_that_lists_evicted_members_is_told_of_them_and_who_asked_for_help_is_not() {
    let mut world = with_ghosts(100..=101);
    world.inject(3, 1, Via::Datagram, &message(ping_req(5, 2, millis(400)), &[]));
    let asked = world.last(1, 2).clone();
    world.acknowledge(&asked, &ghosts(2));
    let told = |to| {
        let letters = world.sent_by(1).filter(|letter| letter.to == to);
        letters.map(|letter| letter.subjects().into_iter().filter(|subject| *subject >= 100).count()).sum::<usize>()
    };
    assert_eq!((told(2), told(3)), (2, 0));
    assert!(matches!(world.last(1, 3).kind(), Kind::PingReqAnswer { reach: Reach::Reached, .. }));
}

#[test]
fn what_a_stranger_that_asks_for_help_must_hear_may_be_twice_as_long_as_its_request() {
    let request = ping_req(5, 1, millis(400));
    let answer = Kind::PingReqAnswer { seq: Seq(5), target: 1, reach: Reach::Reached };
    // The claim of another, with labels.
    let most = 2 * empty(request) - empty(answer) - OWED - 2;
    for (bytes, told) in [(most, 1), (most + 1, 0)] {
        let mut world = World::claimed(quiet_lan(), 3);
        let value = "v".repeat(bytes - 3);
        let labels = OwnLabels::new([("k", value.as_str())]).unwrap();
        world.tell(2, 1, &[Change { labels: labels.as_labels(), ..said(2, 3, Suspect, inc(0)) }]);
        world.forget();
        world.inject(3, 1, Via::Datagram, &message(request, &[]));
        assert_eq!(world.last(1, 3).claims_about(3).len(), told, "{bytes} bytes of labels");
    }
}

/// Incarnations take two to seven bytes; those of seven are far beyond the present, and fit all the same.
#[test]
fn the_longest_incarnations_do_not_make_a_message_too_long() {
    let late = swim_core::Incarnation::new(1 << 48).unwrap();
    for count in 100..140 {
        let mut world = World::among(Options { incarnation_limit: None, ..quiet_lan() }, 2);
        let crowd: Vec<_> = (1_000..1_000 + count).map(|address| own(address, Alive, late)).collect();
        world.tell(2, 1, &crowd);
        // That it does not exceed its budget is looked at with every message (I5).
        assert_eq!(world.ask(SOMEONE, 1).subjects().len(), 113.min(count as usize));
    }
}
