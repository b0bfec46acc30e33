//! A host's own functions for the list and for labels, and the native ones.

use swim_core::{
    Boot, Change, Checksum, Config, Digests, Effects, Input, Instant, Kind, Member, Node, OwnLabels, Status, Via,
};

use crate::forge::{inc, message, own, quiet_lan};
use crate::world::WALL;
use Status::Alive;

/// How many members there are, and how long their labels.
const HOSTS: Digests<u32> = Digests {
    list: Some(|members: &mut dyn Iterator<Item = Member<'_, u32>>| {
        Checksum(members.map(|member| 1_000 + member.labels.encoded().len() as u32).sum())
    }),
    labels: |labels| labels.encoded().len() as i32,
};

fn node(digests: Digests<u32>) -> Node<u32> {
    let boot = Boot { now: Instant::ZERO, wall: WALL, seed: 7 };
    Node::with_digests(Config::try_from(quiet_lan()).unwrap(), 1, boot, digests)
}

fn tell(node: &mut Node<u32>, changes: &[Change<'_, u32>]) {
    let told = message(Kind::Gossip, changes);
    let input = Input::Message { from: 2, via: Via::Datagram, message: told.as_message() };
    node.handle(Instant::ZERO, input, &mut Effects::new());
    node.check();
}

#[test]
fn lists_and_labels_are_compared_by_the_functions_of_the_host() {
    let mut node = node(HOSTS);
    assert_eq!(node.checksum(), Checksum(1_000));
    let (short, long) = (OwnLabels::new([("a", "z")]).unwrap(), OwnLabels::new([("a", "bcd")]).unwrap());
    // A key and a value, each after its length.
    for (labels, held) in [(&short, 4), (&long, 6), (&short, 6)] {
        tell(&mut node, &[Change { labels: labels.as_labels(), ..own(2, Alive, inc(0)) }]);
        assert_eq!(node.checksum(), Checksum(2_000 + held));
    }
    let copy = node.clone();
    assert_eq!(copy.checksum(), node.checksum());
    tell(&mut node, &[own(3, Alive, inc(0))]);
    assert_eq!((node.checksum(), copy.checksum()), (Checksum(3_006), Checksum(2_006)));
}

#[test]
fn functions_are_copied_as_they_are_and_shown_by_whose_they_are() {
    for (digests, shown) in [(HOSTS, "Digests(the host's)"), (Digests::default(), "Digests(native)")] {
        assert_eq!(format!("{:?}", Clone::clone(&digests)), shown);
    }
}
