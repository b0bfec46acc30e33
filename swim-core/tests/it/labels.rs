//! R13: small key-value pairs on a member.

use swim_core::{
    Change, Command, EventKind, LabelError, Labels, MAX_LABELS_RECEIVED, Options, Outcome, OwnLabels, Status,
};

use crate::forge::{SOMEONE, inc, own, quiet_lan, said, secs};
use crate::world::World;
use Status::{Alive, Faulty, Leave, Suspect, Tombstone};

fn labels(value: &str) -> OwnLabels {
    OwnLabels::new([("role", value)]).unwrap()
}

/// Two sets of labels, the one with the lower digest first.
fn lower_and_higher() -> (OwnLabels, OwnLabels) {
    let (a, b) = (labels("a"), labels("b"));
    if a.as_labels().digest() < b.as_labels().digest() { (a, b) } else { (b, a) }
}

fn with<'a>(claim: Change<'_, u32>, labels: &'a OwnLabels) -> Change<'a, u32> {
    Change {
        address: claim.address,
        incarnation: claim.incarnation,
        status: claim.status,
        source: claim.source,
        labels: labels.as_labels(),
    }
}

fn value(world: &World, at: u32, of: u32) -> Option<&str> {
    world.member(at, of).unwrap().labels.value("role")
}

#[test]
fn a_node_has_the_labels_that_it_was_configured_with() {
    let mut options = quiet_lan();
    options.labels = labels("db");
    let world = World::cluster(options, 3);
    for at in 1..=3 {
        assert_eq!(value(&world, at, 2), Some("db"));
    }
    assert_eq!(world.checksums().len(), 1);
}

#[test]
fn new_labels_raise_the_incarnation_and_the_same_ones_do_not() {
    let mut world = World::among(quiet_lan(), 2);
    let first = world.node(1).incarnation();
    let id = world.command(1, Command::SetLabels(&labels("db")));
    assert_eq!(world.outcome(id), Some(Outcome::Done));
    let second = world.node(1).incarnation();
    assert!(second > first);
    let id = world.command(1, Command::SetLabels(&labels("db")));
    assert_eq!(world.outcome(id), Some(Outcome::Done));
    assert_eq!(world.node(1).incarnation(), second);
}

#[test]
fn labels_are_part_of_the_checksum() {
    let (lower, higher) = lower_and_higher();
    let checksum = |change: Change<'_, u32>| {
        let mut world = World::among(quiet_lan(), 3);
        world.tell(2, 1, &[change]);
        world.node(1).checksum()
    };
    let bare = checksum(own(3, Alive, inc(1)));
    let with_lower = checksum(with(own(3, Alive, inc(1)), &lower));
    assert_ne!(bare, with_lower);
    assert_ne!(with_lower, checksum(with(own(3, Alive, inc(1)), &higher)));
    assert_eq!(with_lower, checksum(with(own(3, Alive, inc(1)), &lower)));
}

#[test]
fn of_two_claims_that_differ_in_labels_alone_the_higher_digest_wins_in_either_order() {
    let (lower, higher) = lower_and_higher();
    let (first, second) = (with(own(3, Alive, inc(1)), &lower), with(own(3, Alive, inc(1)), &higher));
    for order in [[first, second], [second, first]] {
        let mut world = World::among(quiet_lan(), 3);
        world.tell(2, 1, &order[..1]);
        world.tell(2, 1, &order[1..]);
        assert_eq!(world.member(1, 3).unwrap().labels, higher.as_labels());
    }
}

/// That it is dead is not believed, and makes it no suspect either (R1a); its labels are compared as always (R1).
#[test]
fn of_one_that_left_the_higher_digest_wins_also_where_others_speak_of_it() {
    let (lower, higher) = lower_and_higher();
    for status in [Leave, Tombstone] {
        for (known, told) in [(&lower, &higher), (&higher, &lower)] {
            let mut world = World::among(quiet_lan(), 3);
            world.tell(2, 1, &[with(own(3, Leave, inc(1)), known)]);
            world.tell(2, 1, &[with(said(2, 3, status, inc(1)), told)]);
            let member = world.member(1, 3).unwrap();
            assert_eq!((member.status, member.labels), (Leave, higher.as_labels()));
        }
    }
}

#[test]
fn labels_without_digest_beat_those_whose_digest_is_negative() {
    let negative = (0..99).map(|n| labels(&n.to_string())).find(|labels| labels.as_labels().digest() < 0).unwrap();
    let positive = (0..99).map(|n| labels(&n.to_string())).find(|labels| labels.as_labels().digest() > 0).unwrap();
    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &[with(own(3, Alive, inc(0)), &negative)]);
    assert_eq!(world.member(1, 3).unwrap().labels, Labels::NONE);
    world.tell(2, 1, &[with(own(3, Alive, inc(0)), &positive)]);
    assert_eq!(world.member(1, 3).unwrap().labels, positive.as_labels());
}

#[test]
fn a_member_that_is_accused_and_dies_keeps_its_labels() {
    let mut world = World::among(quiet_lan(), 2);
    world.tell(2, 1, &[with(own(2, Alive, inc(1)), &labels("db"))]);
    world.probe();
    world.run(secs(2));
    assert_eq!((world.status(1, 2), value(&world, 1, 2)), (Some(Suspect), Some("db")));
    assert_eq!(world.ask(2, 1).message.as_message().changes.iter().next().unwrap().labels, labels("db").as_labels());
    world.run(secs(10));
    assert_eq!((world.status(1, 2), value(&world, 1, 2)), (Some(Faulty), Some("db")));
}

#[test]
fn a_refutation_and_a_departure_keep_ones_labels() {
    let mut options = quiet_lan();
    options.labels = labels("db");
    let mut world = World::among(options, 2);
    let claim = said(2, 1, Suspect, world.node(1).incarnation());
    world.tell(2, 1, &[claim]);
    assert_eq!(value(&world, 1, 1), Some("db"));
    world.command(1, Command::Leave);
    assert_eq!((world.status(1, 1), value(&world, 1, 1)), (Some(Leave), Some("db")));
}

#[test]
fn somebody_elses_labels_for_oneself_are_refuted() {
    let mut world = World::among(quiet_lan(), 2);
    let known = world.node(1).incarnation();
    let invented = labels("invented");
    world.tell(2, 1, &[with(said(2, 1, Alive, known.next()), &invented)]);
    assert!(world.node(1).incarnation() > known.next());
    assert_eq!(world.member(1, 1).unwrap().labels, Labels::NONE);
    assert_eq!(world.count(1, EventKind::RefuteUpdate), 1);
}

#[test]
fn other_labels_alone_move_no_timer() {
    let positive = (0..99).map(|n| labels(&n.to_string())).find(|labels| labels.as_labels().digest() > 0).unwrap();
    let mut world = World::among(quiet_lan(), 4);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.run(secs(3));
    world.tell(3, 1, &[with(said(3, 2, Suspect, inc(0)), &positive)]);
    assert_eq!(world.member(1, 2).unwrap().labels, positive.as_labels());
    world.run(secs(1));
    assert_eq!(world.status(1, 2), Some(Faulty), "four seconds after it was first suspected");
}

#[test]
fn more_labels_are_heard_and_told_on_than_may_be_set() {
    let many: Vec<u8> = (0..MAX_LABELS_RECEIVED as u8).flat_map(|n| [1, b'a' + n, 1, b'x']).collect();
    let many = Labels::from_encoded(&many).unwrap();
    assert!(many.iter().count() > swim_core::MAX_LABELS_SET);
    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &[Change { labels: many, ..own(3, Alive, inc(1)) }]);
    assert_eq!(world.member(1, 3).unwrap().labels, many);
    assert_eq!(world.ask(SOMEONE, 1).message.as_message().changes.iter().next().unwrap().labels, many);
}

#[test]
fn reserved_keys_are_for_hosts_of_the_protocol() {
    let pair = [("__identity", "me")];
    assert_eq!(OwnLabels::new(pair), Err(LabelError::Reserved { key: "__identity".into() }));
    let reserved = OwnLabels::with_reserved(pair).unwrap();
    let mut world = World::cluster(Options::lan(), 2);
    world.command(1, Command::SetLabels(&reserved));
    world.run(secs(2));
    assert_eq!(world.member(2, 1).unwrap().labels.value("__identity"), Some("me"));
}
