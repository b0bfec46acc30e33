//! A flood of made-up members with labels (R13, R16): forty times as long as without, so they are bounded by their length.

use swim_core::{Change, Labels, Status};

use crate::forge::{inc, is_ping, join, message, millis, own, quiet_lan};
use crate::world::World;
use Status::{Alive, Suspect};

/// A quarter of the longest message, in bytes.
const ALL_LABELS_MAX: usize = 16 << 20;
/// The longest labels that are accepted, in bytes.
const LONGEST: usize = 1024;
/// Addresses that nobody answers at, more than there is room for.
const MADE_UP: std::ops::Range<u32> = 1_000_000..1_017_000;

/// Encoded labels of so many bytes.
fn encoded(len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for key in b'a'..=b'p' {
        let left = len - bytes.len();
        if left < 3 {
            break;
        }
        // What is left after this pair is either nothing or enough for another one.
        let value = (left - 3).min(250);
        let value = if (1..3).contains(&(left - 3 - value)) { value - 3 } else { value };
        bytes.extend([1, key, value as u8]);
        bytes.extend(std::iter::repeat_n(b'v', value));
    }
    assert_eq!(bytes.len(), len);
    assert!(Labels::from_encoded(&bytes).is_some());
    bytes
}

fn labelled<'a>(change: Change<'static, u32>, labels: &'a [u8]) -> Change<'a, u32> {
    Change { labels: Labels::from_encoded(labels).expect("they are labels"), ..change }
}

/// Node 1 and the forged members 2 and 3, which have answered; then a flood that fills the room for labels.
fn flooded() -> World {
    let mut world = World::among(quiet_lan(), 3);
    flood(&mut world);
    world
}

fn flood(world: &mut World) {
    let longest = encoded(LONGEST);
    let strangers: Vec<_> = MADE_UP.map(|stranger| labelled(own(stranger, Alive, inc(0)), &longest)).collect();
    for part in strangers.chunks(2_000) {
        world.tell(2, 1, part);
        world.letters.clear();
    }
}

fn length_of_all_labels(world: &World) -> usize {
    world.node(1).listed().map(|member| member.labels.encoded().len()).sum()
}

#[test]
fn a_flood_with_the_longest_labels_takes_a_quarter_of_a_message_and_keeps_nobody_out() {
    let mut world = flooded();
    assert_eq!(length_of_all_labels(&world), ALL_LABELS_MAX);
    assert_eq!(world.node(1).counters().rejected_too_many_members as usize, MADE_UP.len() - ALL_LABELS_MAX / LONGEST);

    // A list that holds them all can be told to one that joins.
    let list = world.request(50, 1, &message(join(), &[own(50, Alive, inc(0))]));
    let length = swim_core::wire::encoded_len(&list.message.as_message());
    assert!(length < swim_core::wire::MAX_BODY_LEN, "{length}");

    // Who has no labels takes no room of those; who has some is pinged, and takes the place of others if it answers.
    assert_eq!(world.status(1, 50), Some(Alive));
    let long = encoded(LONGEST);
    // The trials of the flood are over by then.
    world.run(millis(600));
    world.forget();
    world.tell(2, 1, &[labelled(own(51, Alive, inc(0)), &long)]);
    assert_eq!(world.status(1, 51), None);
    let asked = world.sent_by(1).find(|letter| is_ping(letter) && letter.to == 51).expect("it is tried out").clone();
    world.acknowledge(&asked, &[]);
    assert_eq!(world.member(1, 51).map(|member| member.labels.encoded().len()), Some(LONGEST));
    assert_eq!(world.node(1).counters().members_dropped, 1);
    assert_eq!(length_of_all_labels(&world), ALL_LABELS_MAX);
    world.tell(2, 1, &[labelled(own(52, Alive, inc(0)), &long)]);
    assert_eq!(world.status(1, 52), None, "it gave way as long as it was, and nothing is left for another one");
}

/// Those without labels take no room of theirs: there may be many of them, and real ones that were not probed yet.
#[test]
fn who_has_no_labels_does_not_give_way_to_labels() {
    let mut world = World::among(quiet_lan(), 3);
    let without: Vec<_> = (100..5_100).map(|address| own(address, Alive, inc(0))).collect();
    world.tell(2, 1, &without);
    flood(&mut world);
    // The trials of the flood are over by then.
    world.run(millis(600));
    world.forget();
    world.tell(2, 1, &[labelled(own(51, Alive, inc(0)), &encoded(LONGEST))]);
    let asked = world.last(1, 51).clone();
    world.acknowledge(&asked, &[]);
    assert_eq!(world.member(1, 51).map(|member| member.labels.encoded().len()), Some(LONGEST));
    assert_eq!(world.node(1).counters().members_dropped, 1);
    assert!((100..5_100).all(|address| world.status(1, address).is_some()));
}

#[test]
fn who_gave_up_some_of_its_labels_may_have_as_long_ones_again() {
    let mut world = flooded();
    let member = MADE_UP.start;
    for (incarnation, len) in [100, 1_000, LONGEST].into_iter().enumerate() {
        let labels = encoded(len);
        world.tell(2, 1, &[labelled(own(member, Alive, inc(1 + incarnation as u64)), &labels)]);
        assert_eq!(world.member(1, member).unwrap().labels.encoded(), labels);
    }
    assert_eq!(length_of_all_labels(&world), ALL_LABELS_MAX);
}

#[test]
fn who_has_answered_may_change_its_labels_all_the_same_and_who_has_not_may_not_have_longer_ones() {
    let mut world = flooded();
    let some = encoded(100);
    world.tell(3, 1, &[labelled(own(3, Alive, inc(1)), &some)]);
    assert_eq!(world.member(1, 3).unwrap().labels.encoded(), some);
    assert_eq!(length_of_all_labels(&world), ALL_LABELS_MAX + 100);

    world.tell(2, 1, &[own(60, Alive, inc(0))]);
    world.tell(2, 1, &[labelled(own(60, Alive, inc(1)), &some)]);
    assert_eq!(world.member(1, 60).map(|member| (member.incarnation, member.labels.is_empty())), Some((inc(0), true)));
    let first = MADE_UP.start;
    world.tell(2, 1, &[labelled(own(first, Suspect, inc(1)), &some)]);
    assert_eq!(world.status(1, first), Some(Suspect), "shorter ones take nothing");
}

/// What labels take is given back with them, or a member that changes its own often would use up the room of all.
#[test]
fn labels_that_are_replaced_and_taken_away_leave_their_room_to_others() {
    let mut world = World::among(quiet_lan(), 3);
    let long = [encoded(LONGEST), encoded(LONGEST - 1)];
    for number in 1..=3 * (ALL_LABELS_MAX / LONGEST + 100) {
        let change = own(3, Alive, inc(number as u64));
        world.tell(3, 1, &[long.get(number % 3).map_or(change, |labels| labelled(change, labels))]);
        if number % 1_000 == 0 {
            world.forget();
        }
    }
    world.tell(2, 1, &[labelled(own(70, Alive, inc(0)), &long[0])]);
    assert_eq!(world.member(1, 70).map(|member| member.labels.encoded().len()), Some(LONGEST));
}
