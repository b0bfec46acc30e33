//! Which changes travel, in which messages, how often, and to whom not.

use serde_json::{Value, json};
use tokio::time::Duration;

use super::facts::{INCARNATION, claim, nowhere, of, status};
use super::peer::{Peer, Reply};
use super::world::{World, options, quick};
use crate::helpers::until;

/// How many of what `peer` was sent at `endpoint` told of `about`.
fn told(peer: &Peer, endpoint: &str, about: std::net::SocketAddr) -> usize {
    peer.heard(endpoint).iter().filter(|heard| of(&heard.body["changes"], about).is_some()).count()
}

/// How many answers in a row tell of `about`.
async fn answers(world: &World, about: std::net::SocketAddr) -> usize {
    for n in 0..200 {
        if of(&world.pending().await, about).is_none() {
            return n;
        }
    }
    panic!("200 answers tell of {about}");
}

#[tokio::test]
async fn a_change_is_in_every_kind_of_message() {
    let world = World::resting(2, quick()).await;
    let peer = &world.peers[0];
    world.ping(peer, json!([claim(peer.address, nowhere(1), "faulty", 5)])).await;
    assert!(of(&world.pending().await, nowhere(1)).is_some(), "an answer to a ping");
    let asks = json!({
        "source": world.operator.address.to_string(), "sourceIncarnationNumber": INCARNATION,
        "target": world.peers[1].address.to_string(), "checksum": world.checksum().await, "changes": [],
    });
    let answer = world.ask("/protocol/ping-req", &asks).await.ok();
    assert!(of(&answer["changes"], nowhere(1)).is_some(), "an answer to a ping-req");
    assert_eq!(told(&world.peers[1], "/protocol/ping", nowhere(1)), 1, "the ping for somebody else");
    world.peers[0].reply("/protocol/ping", Reply::Close);
    world.admin("/admin/gossip/start").await;
    let heard = world.peers[1].hears("/protocol/ping-req", |_| true).await;
    assert!(of(&heard.body["changes"], nowhere(1)).is_some(), "a ping-req");
    world.peers[1].hears("/protocol/ping", |heard| of(&heard.body["changes"], nowhere(1)).is_some()).await;
}

#[tokio::test]
async fn a_change_is_in_fifteen_answers_for_each_digit_of_the_cluster() {
    // 15 * ceil(log10(n + 1)), where n are the others that are pingable.
    for (n, expected) in [(1, 15), (2, 15), (9, 15), (10, 30), (11, 30)] {
        let world = World::resting(n, options()).await;
        let peer = &world.peers[0];
        world.ping(peer, json!([claim(peer.address, nowhere(1), "faulty", 5)])).await;
        assert_eq!(answers(&world, nowhere(1)).await, expected, "{n} others");
    }
}

#[tokio::test]
async fn a_change_is_in_fifteen_pings_that_are_answered() {
    let world = World::resting(2, quick()).await;
    let peer = &world.peers[0];
    world.ping(peer, json!([claim(peer.address, nowhere(1), "faulty", 5)])).await;
    world.admin("/admin/gossip/start").await;
    until("forty pings", || world.peers.iter().map(|peer| peer.heard("/protocol/ping").len()).sum::<usize>() >= 40)
        .await;
    let told: usize = world.peers.iter().map(|peer| told(peer, "/protocol/ping", nowhere(1))).sum();
    assert_eq!(told, 15);
}

#[tokio::test]
async fn pings_and_ping_reqs_that_fail_do_not_count() {
    let world = World::resting(2, quick()).await;
    let (silent, helper) = (&world.peers[0], &world.peers[1]);
    world.ping(helper, json!([claim(helper.address, nowhere(1), "faulty", 5)])).await;
    silent.reply("/protocol/ping", Reply::Close);
    helper.reply("/protocol/ping-req", Reply::Error(3));
    world.admin("/admin/gossip/start").await;
    until("thirty pings", || helper.heard("/protocol/ping").len() >= 30).await;
    assert_eq!(told(helper, "/protocol/ping", nowhere(1)), 15, "and all of them were answered");
    assert!(told(silent, "/protocol/ping", nowhere(1)) > 5, "as many of the other's failed");
    assert!(told(helper, "/protocol/ping-req", nowhere(1)) > 5, "and as many ping-reqs");
}

#[tokio::test]
async fn ping_reqs_that_are_answered_count() {
    let world = World::resting(2, quick()).await;
    let (silent, helper) = (&world.peers[0], &world.peers[1]);
    world.ping(helper, json!([claim(helper.address, nowhere(1), "faulty", 5)])).await;
    silent.reply("/protocol/ping", Reply::Close);
    world.admin("/admin/gossip/start").await;
    until("thirty pings", || helper.heard("/protocol/ping").len() >= 30).await;
    let (pings, reqs) = (told(helper, "/protocol/ping", nowhere(1)), told(helper, "/protocol/ping-req", nowhere(1)));
    assert_eq!(pings + reqs, 15, "{pings} pings and {reqs} ping-reqs");
    assert!(reqs > 5, "{reqs}");
}

#[tokio::test]
async fn the_count_of_a_change_starts_anew_when_the_change_changes() {
    let world = World::resting(1, options()).await;
    let peer = &world.peers[0];
    world.ping(peer, json!([claim(peer.address, nowhere(1), "faulty", 5)])).await;
    for _ in 0..10 {
        assert!(of(&world.pending().await, nowhere(1)).is_some());
    }
    world.ping(peer, json!([claim(peer.address, nowhere(1), "faulty", 6)])).await;
    assert_eq!(answers(&world, nowhere(1)).await, 15);
}

#[tokio::test]
async fn what_changes_nothing_is_not_passed_on() {
    let world = World::resting(1, options()).await;
    let peer = &world.peers[0];
    let told = claim(peer.address, nowhere(1), "faulty", 5);
    world.ping(peer, json!([told.clone()])).await;
    world.drain().await;
    world
        .ping(
            peer,
            json!([told, claim(peer.address, nowhere(1), "alive", 5), claim(peer.address, nowhere(1), "leave", 4)]),
        )
        .await;
    assert_eq!(world.pending().await, json!([]));
}

#[tokio::test]
async fn an_answer_leaves_out_what_the_asker_has_told() {
    let world = World::resting(2, options()).await;
    let (first, second) = (&world.peers[0], &world.peers[1]);
    let answer = world.ping(first, json!([claim(first.address, nowhere(1), "faulty", 5)])).await;
    assert_eq!(of(&answer["changes"], nowhere(1)), None, "not in the answer to it");
    assert_eq!(of(&world.ping(first, json!([])).await["changes"], nowhere(1)), None, "nor in later ones");
    assert!(of(&world.ping(second, json!([])).await["changes"], nowhere(1)).is_some(), "but in those to others");
}

#[tokio::test]
async fn an_answer_contains_what_the_asker_told_in_another_incarnation_or_another_told() {
    let world = World::resting(2, options()).await;
    let (first, second) = (&world.peers[0], &world.peers[1]);
    let mut earlier = claim(first.address, nowhere(1), "faulty", 5);
    earlier["sourceIncarnationNumber"] = json!(INCARNATION - 1);
    let others = claim(second.address, nowhere(2), "faulty", 5);
    let answer = world.ping(first, json!([earlier, others])).await;
    for address in [nowhere(1), nowhere(2)] {
        assert!(of(&answer["changes"], address).is_some(), "{address}: {answer}");
    }
}

#[tokio::test]
async fn pings_leave_nothing_out() {
    let world = World::resting(1, quick()).await;
    let peer = &world.peers[0];
    world.ping(peer, json!([claim(peer.address, nowhere(1), "faulty", 5)])).await;
    world.admin("/admin/gossip/tick").await;
    assert_eq!(told(peer, "/protocol/ping", nowhere(1)), 1);
}

#[tokio::test]
async fn a_tombstone_is_read_in_both_forms_and_leaves_as_faulty_with_a_flag() {
    let world = World::resting(1, options()).await;
    let peer = &world.peers[0];
    let faulty = |n, incarnation| claim(peer.address, nowhere(n), "faulty", incarnation);
    world.ping(peer, json!([faulty(1, 5), faulty(2, 5), faulty(3, 5)])).await;
    let mut flagged = faulty(2, 5);
    flagged["tombstone"] = json!(true);
    let mut unflagged = faulty(3, 6);
    unflagged["tombstone"] = json!(false);
    world.ping(peer, json!([claim(peer.address, nowhere(1), "tombstone", 5), flagged, unflagged])).await;
    let changes = world.pending().await;
    for n in [1, 2] {
        let change = of(&changes, nowhere(n)).unwrap();
        assert_eq!(change["status"], "faulty", "{change}");
        assert_eq!(change["tombstone"], true, "{change}");
    }
    let change = of(&changes, nowhere(3)).unwrap();
    assert_eq!(status(change), "faulty");
    assert_eq!(change.get("tombstone"), None, "{change}");
}

#[tokio::test]
async fn what_an_ack_tells_is_applied_and_passed_on() {
    let world = World::resting(2, quick()).await;
    let peer = world.peers[0].clone();
    let changes: Value = json!([claim(peer.address, nowhere(1), "faulty", 5)]);
    world.peers[0].script(move |heard| match heard.endpoint.as_str() {
        "/protocol/ping" => Reply::Ok(peer.ack(changes.clone(), &heard.body["checksum"])),
        _ => Reply::Usual,
    });
    world.admin("/admin/gossip/start").await;
    world.peers[1].hears("/protocol/ping", |heard| of(&heard.body["changes"], nowhere(1)).is_some()).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(world.member(nowhere(1)).await.unwrap()["status"], "faulty");
}
