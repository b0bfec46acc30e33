//! Lists that differ: the whole list in the answer, and a join in reverse.

use serde_json::{Value, json};

use super::facts::{INCARNATION, change, checksum, claim, nowhere, of};
use super::peer::{Peer, Reply};
use super::world::{World, options, patient, peers};
use crate::helpers::until;

/// A ping with a checksum that is not the node's.
async fn differs(world: &World, peer: &Peer) -> Value {
    let other = world.checksum().await.wrapping_add(1);
    peer.call(world.address(), "/protocol/ping", &peer.ping(json!([]), other)).await.ok()
}

fn joins(peers: &[Peer]) -> usize {
    peers.iter().map(|peer| peer.heard("/protocol/join").len()).sum()
}

/// A world with nothing left to pass on, whose joins are forgotten.
async fn drained(n: usize) -> World {
    let world = World::among(peers(n).await, patient(), &[]).await;
    world.drain().await;
    world.peers.iter().for_each(Peer::forget);
    world
}

#[tokio::test]
async fn a_ping_with_another_checksum_is_answered_with_the_whole_list() {
    let world = drained(3).await;
    let answer = differs(&world, &world.peers[0]).await;
    assert_eq!(answer["changes"].as_array().unwrap().len(), 4);
    assert_eq!(checksum(&answer["changes"]), world.checksum().await);
    let own = of(&answer["changes"], world.address()).unwrap();
    assert_eq!(own["incarnationNumber"], world.incarnation().await);
}

#[tokio::test]
async fn the_whole_list_contains_the_dead_and_tombstones_in_their_form() {
    let world = drained(2).await;
    let peer = &world.peers[0];
    let claims =
        |list: [(u16, &str); 4]| -> Value { list.map(|(n, status)| claim(peer.address, nowhere(n), status, 5)).into() };
    world.ping(peer, claims([(1, "suspect"), (2, "faulty"), (3, "leave"), (4, "faulty")])).await;
    world.ping(peer, json!([claim(peer.address, nowhere(4), "tombstone", 5)])).await;
    world.drain().await;
    let answer = differs(&world, &world.peers[1]).await;
    for (n, status) in [(1, "suspect"), (2, "faulty"), (3, "leave")] {
        assert_eq!(of(&answer["changes"], nowhere(n)).unwrap()["status"], status);
    }
    let tombstone = of(&answer["changes"], nowhere(4)).unwrap_or_else(|| panic!("{answer}"));
    assert_eq!((&tombstone["status"], &tombstone["tombstone"]), (&json!("faulty"), &json!(true)));
}

#[tokio::test]
async fn a_ping_with_the_same_checksum_is_answered_with_nothing() {
    let world = drained(3).await;
    assert_eq!(world.ping(&world.peers[0], json!([])).await["changes"], json!([]));
    assert_eq!(joins(&world.peers), 0);
}

#[tokio::test]
async fn while_something_is_left_to_send_that_is_sent_and_nothing_is_synced() {
    let world = drained(3).await;
    let [first, second, third] = [0, 1, 2].map(|n| &world.peers[n]);
    // Told by one and by another's word, so that there is something to send to both.
    world.ping(first, json!([claim(third.address, nowhere(1), "faulty", 5)])).await;
    let answer = differs(&world, second).await;
    assert_eq!(answer["changes"].as_array().unwrap().len(), 1, "{answer}");
    for _ in 0..3 {
        world.members().await;
    }
    assert_eq!(joins(&world.peers), 0);
}

#[tokio::test]
async fn a_ping_with_another_checksum_causes_a_join_to_the_pinger_whose_answer_is_applied_and_passed_on() {
    let world = drained(2).await;
    let peer = &world.peers[0];
    let list = json!([change(peer.address, "alive", INCARNATION), change(nowhere(1), "faulty", 5)]);
    peer.list(list);
    differs(&world, peer).await;
    let join = peer.hears("/protocol/join", |_| true).await;
    assert_eq!(join.body["source"], world.address().to_string());
    assert_eq!(join.body["app"], "ringpop");
    world.until(nowhere(1), "faulty").await;
    assert!(of(&world.pending().await, nowhere(1)).is_some(), "it is passed on");
}

#[tokio::test]
async fn a_ping_req_with_another_checksum_is_answered_with_the_whole_list_and_nothing_is_joined() {
    let world = drained(2).await;
    let asks = json!({
        "source": world.peers[0].address.to_string(), "sourceIncarnationNumber": INCARNATION,
        "target": world.peers[1].address.to_string(), "checksum": 1, "changes": [],
    });
    let answer = world.peers[0].call(world.address(), "/protocol/ping-req", &asks).await.ok();
    assert_eq!(answer["changes"].as_array().unwrap().len(), 3);
    for _ in 0..5 {
        world.members().await;
    }
    assert_eq!(joins(&world.peers), 0);
}

#[tokio::test]
async fn five_joins_in_reverse_run_at_once_and_no_more() {
    let world = drained(8).await;
    world.peers.iter().for_each(|peer| peer.reply("/protocol/join", Reply::Silence));
    for peer in &world.peers {
        let answer = differs(&world, peer).await;
        assert_eq!(answer["changes"].as_array().unwrap().len(), 9, "the answer is whole all the same");
    }
    until("five joins", || joins(&world.peers) >= 5).await;
    for peer in &world.peers {
        differs(&world, peer).await;
    }
    assert_eq!(joins(&world.peers), 5);
    let free = world.peers.iter().find(|peer| !peer.heard("/protocol/join").is_empty()).unwrap();
    let waits = world.peers.iter().find(|peer| peer.heard("/protocol/join").is_empty()).unwrap();
    free.hang_up();
    // Once one has ended there is room for another.
    for _ in 0..600 {
        differs(&world, waits).await;
        if !waits.heard("/protocol/join").is_empty() {
            return;
        }
        tokio::time::sleep(tokio::time::Duration::from_millis(10)).await;
    }
    panic!("no join after one of five has ended");
}

#[tokio::test]
async fn a_join_in_reverse_that_fails_harms_nothing() {
    let world = World::resting(1, options()).await;
    world.drain().await;
    let peer = &world.peers[0];
    let before = world.members().await;
    for reply in
        [Reply::Refuse(json!({ "type": "error", "message": "no" })), Reply::Error(3), Reply::Close, Reply::Ok(json!(7))]
    {
        peer.forget();
        peer.reply("/protocol/join", reply);
        differs(&world, peer).await;
        peer.hears("/protocol/join", |_| true).await;
        assert_eq!(world.members().await, before);
    }
}
