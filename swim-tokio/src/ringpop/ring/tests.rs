//! Rings against what they are defined to be, and against rings that were built anew.

use proptest::prelude::*;
use swim_core::OwnLabels;

use super::*;

#[test]
fn points_are_fingerprints_of_the_address_and_a_number() {
    let ring = ring(&[3000]);
    let expected: BTreeSet<u32> =
        (0..100).map(|number| fingerprint32(format!("127.0.0.1:3000{number}").as_bytes())).collect();
    assert_eq!(ring.points.keys().copied().collect::<BTreeSet<_>>(), expected);
    // The number follows without anything between.
    assert!(expected.contains(&fingerprint32(b"127.0.0.1:30000")));
    assert!(expected.contains(&fingerprint32(b"127.0.0.1:300099")));
    assert!(!expected.contains(&fingerprint32(b"127.0.0.1:3000100")));
}

#[test]
fn an_identity_takes_the_place_of_the_address() {
    let labels = identity("worker 7");
    let mut ring = ring(&[3001]);
    assert!(ring.insert(at(3000), labels.as_labels()));
    let owned: BTreeSet<u32> =
        points_of(&ring).into_iter().filter(|(_, owners)| *owners == [at(3000)]).map(|(point, _)| point).collect();
    let expected: BTreeSet<u32> =
        (0..100).map(|number| fingerprint32(format!("worker 7#{number}").as_bytes())).collect();
    assert_eq!(owned, expected);

    let same = identity("127.0.0.1:3000");
    assert!(ring.insert(at(3000), same.as_labels()), "its points move to those of its address");
    assert_eq!(points_of(&ring), points_of(&self::ring(&[3000, 3001])));
    assert!(!ring.insert(at(3000), Labels::NONE), "an identity that is the address is none");
}

#[test]
fn two_members_of_one_identity_are_held_apart_by_their_addresses() {
    let labels = identity("twin");
    for order in [[9, 10], [10, 9]] {
        let mut ring = HashRing::new();
        for port in order {
            ring.insert(at(port), labels.as_labels());
        }
        assert_eq!(ring.lookup("any"), Some(at(10)), "`127.0.0.1:10` is the smaller text");
        assert_eq!(ring.lookup_n("any", 2), [at(10), at(9)]);
        ring.remove(at(10));
        assert_eq!(ring.lookup("any"), Some(at(9)));
        assert_eq!(points_of(&ring).len(), 100);
    }
}

/// Whoever makes up members makes them up with one identity, too: a point must not cost more for each that has it.
#[test]
fn members_of_one_identity_share_their_points() {
    let labels = identity("twin");
    let mut ring = HashRing::new();
    for port in 1..=5_000 {
        assert!(ring.insert(at(port), labels.as_labels()));
    }
    assert_eq!((ring.points.len(), ring.groups.len(), ring.len()), (100, 1, 5_000));
    assert!(ring.points.values().all(|owners| matches!(owners, Owners::One(0))));
    for port in 1..=5_000 {
        assert!(ring.remove(at(port)));
    }
    assert!(ring.is_empty() && ring.points.is_empty() && ring.names.is_empty());
    ring.insert(at(1), Labels::NONE);
    assert_eq!(ring.groups.len(), 1, "the place of an empty group is used again");
}

#[test]
fn who_is_alive_or_suspect_is_in_the_ring() {
    let mut ring = HashRing::new();
    for (status, len, changed) in [
        (Status::Alive, 1, true),
        (Status::Suspect, 1, false),
        (Status::Faulty, 0, true),
        (Status::Leave, 0, false),
        (Status::Suspect, 1, true),
        (Status::Tombstone, 0, true),
    ] {
        assert_eq!(ring.update(at(1), status, Labels::NONE), changed, "{status}");
        assert_eq!((ring.len(), ring.contains(at(1))), (len, len == 1), "{status}");
    }
    assert!(ring.is_empty() && ring.points.is_empty());
    let incarnation = swim_core::Incarnation::default();
    let change = |status| Change { address: at(1), incarnation, status, source: None, labels: Labels::NONE };
    ring.apply(&change(Status::Alive));
    assert!(ring.contains(at(1)));
    ring.apply(&change(Status::Leave));
    assert!(ring.is_empty());
}

#[test]
fn a_key_belongs_to_the_first_point_at_or_after_its_own() {
    let ring = ring(&[3000, 3001, 3002, 3003, 3004]);
    let points: Vec<(u32, SocketAddr)> =
        points_of(&ring).into_iter().map(|(point, owners)| (point, owners[0])).collect();
    assert_eq!(points.len(), 500);
    let owner = |point: u32| ring.from(point).next().unwrap();
    for (at, &(point, address)) in points.iter().enumerate() {
        let next = points[(at + 1) % points.len()];
        assert_eq!(owner(point), address);
        assert_eq!(owner(point.wrapping_sub(1)), address, "there are no neighbours among these points");
        assert_eq!(owner(point.wrapping_add(1)), next.1, "past the last point comes the first");
    }
    assert_eq!((owner(0), owner(u32::MAX)), (points[0].1, points[0].1));
    let key = "some key";
    assert_eq!(ring.lookup(key), Some(owner(fingerprint32(key.as_bytes()))));
}

#[test]
fn a_ring_without_members_owns_nothing() {
    let ring = HashRing::new();
    assert_eq!((ring.lookup("key"), ring.lookup_n("key", 3)), (None, vec![]));
    assert_eq!((ring.len(), ring.servers(), ring.checksum()), (0, vec![], fingerprint32(b"")));
}

#[test]
fn several_owners_are_all_different_and_as_many_as_there_are() {
    let ring = ring(&[1, 2, 3, 4, 5, 6, 7]);
    for number in 0..200 {
        let key = format!("key {number}");
        let all = ring.lookup_n(&key, usize::MAX);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 7);
        for count in 0..=8 {
            assert_eq!(ring.lookup_n(&key, count), all[..count.min(7)]);
        }
        // Whoever owns a key when the owner is gone is the next one.
        let mut fewer = ring.clone();
        fewer.remove(all[0]);
        assert_eq!(fewer.lookup_n(&key, 7), all[1..]);
    }
}

#[test]
fn servers_are_sorted_as_texts_and_so_hashed() {
    let ring = ring(&[9, 10, 100]);
    assert_eq!(ring.servers(), [at(10), at(100), at(9)]);
    assert_eq!(ring.checksum(), fingerprint32(b"127.0.0.1:10;127.0.0.1:100;127.0.0.1:9"));
}

/// With 100 points a share deviates by a tenth as a rule; 16 members and half or twice the mean leave room.
#[test]
fn keys_are_spread_over_all_members() {
    let ports: Vec<u16> = (3000..3016).collect();
    let ring = ring(&ports);
    let mut shares = BTreeMap::new();
    for number in 0..16_000 {
        *shares.entry(ring.lookup(&format!("key {number}")).unwrap()).or_insert(0) += 1;
    }
    assert_eq!(shares.len(), 16);
    assert!(shares.values().all(|share| (500..2000).contains(share)), "{shares:?}");
}

#[test]
fn only_the_keys_of_a_member_move_when_it_goes() {
    let mut ring = ring(&[1, 2, 3, 4, 5]);
    let keys: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    let before: Vec<_> = keys.iter().map(|key| ring.lookup(key).unwrap()).collect();
    ring.remove(at(3));
    for (key, owner) in keys.iter().zip(before) {
        if owner != at(3) {
            assert_eq!(ring.lookup(key), Some(owner));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever came and went, in whatever order: the ring is as one that was built of who is left, in another order.
    #[test]
    fn a_ring_depends_on_its_members_alone(steps in prop::collection::vec((0u16..8, 0u8..5, 0u8..4), 0..40)) {
        let mut ring = HashRing::new();
        let mut held: BTreeMap<u16, u8> = BTreeMap::new();
        for (port, status, name) in steps {
            ring.update(at(port), Status::from_number(status).unwrap(), named(name).as_labels());
            if status < 2 { held.insert(port, name); } else { held.remove(&port); }
        }
        let mut anew = HashRing::new();
        for (&port, &name) in held.iter().rev() {
            anew.insert(at(port), named(name).as_labels());
        }
        prop_assert_eq!(points_of(&ring), points_of(&anew));
        prop_assert_eq!(&ring, &anew);
        prop_assert_eq!(ring.checksum(), anew.checksum());
    }
}

/// Few identities, so that members share them: all their points coincide.
fn named(name: u8) -> OwnLabels {
    match name {
        0 => OwnLabels::default(),
        1 => identity("127.0.0.1:5"),
        name => identity(&name.to_string()),
    }
}

fn points_of(ring: &HashRing) -> Vec<(u32, Vec<SocketAddr>)> {
    ring.points.iter().map(|(&point, owners)| (point, ring.members_at(owners).collect())).collect()
}

fn ring(ports: &[u16]) -> HashRing {
    let mut ring = HashRing::new();
    for &port in ports {
        assert!(ring.insert(at(port), Labels::NONE));
    }
    ring
}

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn identity(name: &str) -> OwnLabels {
    OwnLabels::with_reserved([("__identity", name)]).unwrap()
}
