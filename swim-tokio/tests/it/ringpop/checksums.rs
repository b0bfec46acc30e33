//! The numbers that peers compare: of lists, of labels, of rings; and who owns which key.

use std::net::SocketAddr;

use serde_json::{Value, json};
use swim_tokio::OwnLabels;
use swim_tokio::swim_core::Options;

use super::facts::{INCARNATION, checksum, claim, fingerprint32, nowhere, of, owner, points};
use super::world::{World, options};

async fn told(world: &World) -> (Value, u64) {
    let stats = world.admin("/admin/stats").await;
    (stats["membership"]["members"].clone(), stats["membership"]["checksum"].as_u64().unwrap())
}

#[tokio::test]
async fn the_checksum_is_that_of_the_list_in_every_status() {
    let world = World::resting(2, options()).await;
    let peer = &world.peers[0];
    for (n, status) in (1..).zip(["alive", "suspect", "faulty", "leave"]) {
        let (_, before) = told(&world).await;
        world.ping(peer, json!([claim(peer.address, nowhere(n), status, 1_795_337_355_717)])).await;
        let (members, sum) = told(&world).await;
        assert_eq!(members.as_array().unwrap().len(), 3 + usize::from(n));
        assert_eq!(sum, u64::from(checksum(&members)), "{status}");
        assert_ne!(sum, before, "{status}");
    }
    assert_eq!(world.ping(peer, json!([])).await["checksum"], told(&world).await.1);
}

#[tokio::test]
async fn tombstones_are_not_in_the_checksum() {
    let world = World::resting(1, options()).await;
    let peer = &world.peers[0];
    let (_, without) = told(&world).await;
    world.ping(peer, json!([claim(peer.address, nowhere(1), "faulty", 5)])).await;
    assert_ne!(told(&world).await.1, without);
    world.ping(peer, json!([claim(peer.address, nowhere(1), "tombstone", 5)])).await;
    assert_eq!(told(&world).await.1, without);
}

#[tokio::test]
async fn labels_are_in_the_checksum_by_their_signed_sum() {
    let world = World::resting(1, options()).await;
    let peer = &world.peers[0];
    let labels = [
        (json!({ "hello": "world" }), "#labels975109414"),
        (json!({ "hello": "goodbye" }), "#labels-1215192234"),
        (json!({ "hello": "world", "foo": "baz" }), "#labels-1625122257"),
        (json!({ "__identity": "identity" }), "#labels-1005535378"),
        (json!({}), ""),
    ];
    // Each in an incarnation of its own, since lower sums lose in the same.
    for (incarnation, (labels, text)) in (5..).zip(labels) {
        let mut change = claim(peer.address, nowhere(1), "alive", incarnation);
        change["labels"] = labels.clone();
        world.ping(peer, json!([change])).await;
        let (members, sum) = told(&world).await;
        let mut texts = [
            format!("{}alive{}", world.address(), world.incarnation().await),
            format!("{}alive{INCARNATION}", peer.address),
            format!("{}alive{incarnation}{text}", nowhere(1)),
        ];
        texts.sort();
        assert_eq!(sum, u64::from(fingerprint32(&(texts.join(";") + ";"))), "{labels}: {members}");
        let member = of(&members, nowhere(1)).unwrap();
        let expected = if labels == json!({}) { None } else { Some(&labels) };
        assert_eq!(member.get("labels").filter(|labels| **labels != json!({})), expected);
    }
}

#[tokio::test]
async fn own_labels_are_in_the_checksum() {
    let labels = OwnLabels::new([("hello", "world"), ("foo", "baz")]).unwrap();
    let world = World::resting(1, Options { labels, ..options() }).await;
    let (members, sum) = told(&world).await;
    assert_eq!(of(&members, world.address()).unwrap()["labels"], json!({ "hello": "world", "foo": "baz" }));
    assert_eq!(sum, u64::from(checksum(&members)));
}

#[tokio::test]
async fn whole_texts_are_sorted_and_not_addresses() {
    // 127.77.0.1:1 and 127.77.0.1:10: the text of the first goes on with a letter, that of the second with a digit.
    let world = World::resting(1, options()).await;
    let peer = &world.peers[0];
    let list: Value = (1..120_u16)
        .map(|port| claim(peer.address, SocketAddr::new(nowhere(1).ip(), port), "faulty", u64::from(port)))
        .collect();
    world.ping(peer, list).await;
    let (members, sum) = told(&world).await;
    assert_eq!(members.as_array().unwrap().len(), 121);
    assert_eq!(sum, u64::from(checksum(&members)));
}

async fn lookup(world: &World, key: &str) -> Value {
    world.ask("/admin/lookup", &json!({ "key": key })).await.ok()["dest"].take()
}

#[tokio::test]
async fn a_key_at_a_point_of_the_ring_belongs_to_the_points_owner_for_every_point() {
    let world = World::resting(3, options()).await;
    let mut names: Vec<_> = world.peers.iter().map(|peer| (peer.address, peer.address.to_string())).collect();
    names.push((world.address(), world.address().to_string()));
    let ring = points(&names);
    assert_eq!(ring.len(), 400);
    for (_, name) in &names {
        for n in 0..100 {
            let key = format!("{name}{n}");
            assert_eq!(lookup(&world, &key).await, owner(&ring, &key).to_string(), "{key}");
        }
    }
    for key in (0..300).map(|n| format!("key {n}")).chain(["".into(), "ключ".into()]) {
        assert_eq!(lookup(&world, &key).await, owner(&ring, &key).to_string(), "{key:?}");
    }
}

#[tokio::test]
async fn a_key_after_the_last_point_belongs_to_the_first() {
    let world = World::resting(1, options()).await;
    let name = |address: SocketAddr| (address, address.to_string());
    let ring = points(&[name(world.address()), name(world.peers[0].address)]);
    let last = ring.last().unwrap().0;
    let key = (0..).map(|n| n.to_string()).find(|key| fingerprint32(key) > last).unwrap();
    assert_eq!(lookup(&world, &key).await, ring[0].1.to_string());
}

#[tokio::test]
async fn who_has_an_identity_has_the_points_of_that() {
    let labels = OwnLabels::with_reserved([("__identity", "me")]).unwrap();
    let world = World::resting(2, Options { labels, ..options() }).await;
    let (first, second) = (world.peers[0].address, world.peers[1].address);
    let mut change = claim(first, first, "alive", INCARNATION + 1);
    change["labels"] = json!({ "__identity": "first" });
    let mut same = claim(second, second, "alive", INCARNATION + 1);
    same["labels"] = json!({ "__identity": second.to_string() });
    world.ping(&world.peers[0], json!([change, same])).await;
    // An identity that is the address itself is none.
    let names = [(world.address(), "me#".into()), (first, "first#".into()), (second, second.to_string())];
    let ring = points(&names);
    for (_, name) in &names {
        for n in 0..100 {
            let key = format!("{name}{n}");
            assert_eq!(lookup(&world, &key).await, owner(&ring, &key).to_string(), "{key}");
        }
    }
}

#[tokio::test]
async fn the_alive_and_the_suspect_are_on_the_ring_and_others_are_not() {
    let world = World::resting(1, options()).await;
    let peer = &world.peers[0];
    let key = format!("{}7", nowhere(1));
    let mut rings = Vec::new();
    for (incarnation, status, there) in
        [(5, "alive", 1), (5, "suspect", 1), (5, "faulty", 0), (6, "alive", 1), (6, "leave", 0)]
    {
        world.ping(peer, json!([claim(peer.address, nowhere(1), status, incarnation)])).await;
        let stats = world.admin("/admin/stats").await;
        let servers = stats["ring"]["servers"].as_array().unwrap().clone();
        let count = servers.iter().filter(|server| **server == nowhere(1).to_string()).count();
        assert_eq!(count, there, "{status} at {incarnation}");
        assert_eq!(servers.len(), 2 + there, "{servers:?}");
        assert_eq!(lookup(&world, &key).await == nowhere(1).to_string(), there == 1, "{status} at {incarnation}");
        rings.push(stats["ring"]["checksum"].as_u64().unwrap());
    }
    assert_eq!((rings[0], rings[2]), (rings[1], rings[4]), "equal rings have equal checksums");
    assert_ne!(rings[0], rings[2], "and others have others");
}
