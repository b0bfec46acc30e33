//! Healing a partition: first the suspected reincarnate, and only then are lists merged.

use std::net::SocketAddr;

use serde_json::{Value, json};
use swim_tokio::swim_core::{HealOptions, Options};
use tokio::time::Duration;

use super::facts::{INCARNATION, addresses, change, claim, nowhere, of};
use super::peer::{Heard, Peer, Reply};
use super::world::{World, options, peers};
use crate::helpers::until;

/// A node with three members, and `n` hosts that it has heard nothing of yet.
async fn parted(n: usize, options: Options) -> (World, Vec<Peer>) {
    let beyond = peers(n).await;
    let refusal = Reply::Refuse(json!({ "type": "error", "message": "the net is cut" }));
    beyond.iter().for_each(|peer| peer.reply("/protocol/join", refusal.clone()));
    let hosts: Vec<SocketAddr> = beyond.iter().map(|peer| peer.address).collect();
    let world = World::among(peers(3).await, options, &hosts).await;
    world.drain().await;
    for peer in &beyond {
        peer.script(|_| Reply::Usual);
        peer.forget();
    }
    (world, beyond)
}

/// What the host beyond tells of: itself, and `others`.
fn tells(beyond: &Peer, others: Vec<Value>) {
    let list: Value = [vec![change(beyond.address, "alive", INCARNATION)], others].concat().into();
    beyond.list(list);
}

async fn heal(world: &World) -> Value {
    world.admin("/admin/healpartition/disco").await
}

/// The only ping that `beyond` got since it was last forgotten.
fn pinged(beyond: &Peer) -> Heard {
    let mut pings = beyond.heard("/protocol/ping");
    assert_eq!(pings.len(), 1, "one ping: {pings:?}");
    pings.remove(0)
}

#[tokio::test]
async fn where_nobody_would_be_harmed_lists_are_merged_by_a_join_and_a_ping() {
    let (world, beyond) = parted(1, options()).await;
    let host = &beyond[0];
    let known = world.members().await;
    tells(host, vec![change(nowhere(1), "alive", 9), change(nowhere(2), "faulty", 9)]);
    assert_eq!(heal(&world).await, json!({ "targets": [host.address.to_string()], "error": "" }));
    let joins = host.heard("/protocol/join");
    assert_eq!(joins.len(), 1);
    assert_eq!(
        (&joins[0].body["source"], &joins[0].body["app"]),
        (&json!(world.address().to_string()), &json!("ringpop"))
    );
    for (address, status) in [(host.address, "alive"), (nowhere(1), "alive"), (nowhere(2), "faulty")] {
        assert_eq!(world.member(address).await.unwrap()["status"], status);
    }
    let ping = pinged(host);
    assert_eq!(ping.request.ttl, 1000, "a heal's ping has a second");
    for address in addresses(&known) {
        let address = address.parse().unwrap();
        let told = of(&ping.body["changes"], address).unwrap_or_else(|| panic!("{address} is not in {}", ping.body));
        assert_eq!(told["incarnationNumber"], of(&known, address).unwrap()["incarnationNumber"]);
    }
    assert!(of(&world.pending().await, nowhere(1)).is_some(), "what was merged is passed on");
}

#[tokio::test]
async fn those_who_would_be_harmed_are_suspected_on_the_side_where_they_live() {
    let (world, beyond) = parted(1, options()).await;
    let (host, ours) = (&beyond[0], world.peers[0].address);
    let (theirs, unknown) = (nowhere(1), nowhere(2));
    // Everything that is known has somebody who told it.
    let (at, by) = (INCARNATION + 1, host.address);
    world.ping(&world.peers[0], json!([claim(ours, theirs, "faulty", 20), claim(ours, ours, "alive", at)])).await;
    world.drain().await;
    tells(host, vec![claim(by, ours, "faulty", at), claim(by, theirs, "alive", 20), claim(by, unknown, "alive", 9)]);
    heal(&world).await;
    let suspicion = |address, incarnation| {
        let mut change = change(address, "suspect", incarnation);
        change["source"] = json!("");
        change["sourceIncarnationNumber"] = json!(0);
        change
    };
    let like = |told: &Value, expected: &Value| {
        expected.as_object().unwrap().iter().all(|(field, value)| told[field] == *value)
    };
    let ping = pinged(host);
    assert_eq!(ping.body["changes"].as_array().unwrap().len(), 1, "{}", ping.body);
    assert!(like(&ping.body["changes"][0], &suspicion(theirs, 20)), "{}", ping.body);
    assert_eq!(world.member(ours).await.unwrap()["status"], "suspect");
    let pending = world.pending().await;
    assert!(like(of(&pending, ours).unwrap(), &suspicion(ours, at)), "{pending}");
    assert_eq!(world.member(theirs).await.unwrap()["status"], "faulty", "nothing is merged");
    assert_eq!(world.member(unknown).await, None, "nothing is merged");
    assert_eq!(world.member(host.address).await, None, "nothing is merged");
}

#[tokio::test]
async fn a_half_that_reincarnated_only_in_part_is_not_merged() {
    let (world, beyond) = parted(1, options()).await;
    let (host, ours) = (&beyond[0], world.peers[0].address);
    let (done, missing) = (nowhere(1), nowhere(2));
    world.ping(&world.peers[0], json!([claim(ours, done, "faulty", 20), claim(ours, missing, "faulty", 30)])).await;
    world.drain().await;
    tells(host, vec![change(done, "alive", 21), change(missing, "alive", 30)]);
    heal(&world).await;
    let ping = pinged(host);
    assert_eq!(addresses(&ping.body["changes"]), [missing.to_string()], "{}", ping.body);
    assert_eq!(world.member(done).await.unwrap()["status"], "faulty");
    assert_eq!(world.member(host.address).await, None);
    host.forget();
    tells(host, vec![change(done, "alive", 21), change(missing, "alive", 31)]);
    heal(&world).await;
    for (address, incarnation) in [(done, 21), (missing, 31), (host.address, INCARNATION)] {
        let member = world.member(address).await.unwrap();
        assert_eq!((&member["status"], &member["incarnationNumber"]), (&json!("alive"), &json!(incarnation)));
    }
    assert!(pinged(host).body["changes"].as_array().unwrap().len() >= 4, "the whole list");
}

#[tokio::test]
async fn ones_own_side_has_to_have_reincarnated_too() {
    let (world, beyond) = parted(1, options()).await;
    let (host, ours) = (&beyond[0], world.peers[0].address);
    tells(host, vec![change(ours, "faulty", INCARNATION), change(nowhere(1), "alive", 9)]);
    heal(&world).await;
    assert_eq!(world.member(nowhere(1)).await, None);
    heal(&world).await;
    assert_eq!(world.member(nowhere(1)).await, None, "it has not answered the suspicion yet");
    assert_eq!(host.heard("/protocol/ping").len(), 0, "nobody of theirs has to reincarnate");
    world.ping(&world.peers[0], json!([claim(ours, ours, "alive", INCARNATION + 1)])).await;
    heal(&world).await;
    assert_eq!(world.member(nowhere(1)).await.unwrap()["status"], "alive");
    assert_eq!(world.member(ours).await.unwrap()["status"], "alive");
    assert!(of(&pinged(host).body["changes"], ours).is_some());
}

#[tokio::test]
async fn a_node_that_is_faulty_beyond_reincarnates_itself() {
    let (world, beyond) = parted(1, options()).await;
    let before = world.incarnation().await;
    tells(&beyond[0], vec![change(world.address(), "faulty", before), change(nowhere(1), "alive", 9)]);
    heal(&world).await;
    assert!(world.incarnation().await > before);
    assert_eq!(world.member(nowhere(1)).await, None, "nothing is merged before");
    heal(&world).await;
    assert_eq!(world.member(nowhere(1)).await.unwrap()["status"], "alive");
    let own = world.member(world.address()).await.unwrap();
    assert_eq!(own["status"], "alive");
    assert_eq!(
        of(&pinged(&beyond[0]).body["changes"], world.address()).unwrap()["incarnationNumber"],
        own["incarnationNumber"]
    );
}

#[tokio::test]
async fn an_older_claim_harms_nobody_and_holds_up_nothing() {
    let (world, beyond) = parted(1, options()).await;
    let ours = world.peers[0].address;
    tells(&beyond[0], vec![change(ours, "faulty", INCARNATION - 1), change(nowhere(1), "alive", 9)]);
    heal(&world).await;
    assert_eq!(world.member(ours).await.unwrap()["status"], "alive");
    assert_eq!(world.member(nowhere(1)).await.unwrap()["status"], "alive");
}

#[tokio::test]
async fn hosts_that_are_unknown_faulty_or_worse_are_targets_and_others_are_not() {
    for (status, is_target) in
        [("alive", false), ("suspect", false), ("faulty", true), ("leave", true), ("tombstone", true)]
    {
        let (world, beyond) = parted(1, options()).await;
        let (host, peer) = (&beyond[0], &world.peers[0]);
        world.ping(peer, json!([claim(peer.address, host.address, "alive", INCARNATION - 1)])).await;
        world.ping(peer, json!([claim(peer.address, host.address, status, INCARNATION - 1)])).await;
        let answer = heal(&world).await;
        let expected = if is_target { json!([host.address.to_string()]) } else { json!([]) };
        assert_eq!(answer["targets"], expected, "{status}");
        assert_eq!(host.heard("/protocol/join").len(), usize::from(is_target), "{status}");
        assert_eq!(world.member(host.address).await.unwrap()["status"], if is_target { "alive" } else { status });
    }
}

#[tokio::test]
async fn hosts_that_are_pingable_on_the_other_side_are_skipped_then() {
    let (world, beyond) = parted(4, options()).await;
    let list: Value = beyond.iter().map(|peer| change(peer.address, "alive", INCARNATION)).collect();
    beyond.iter().for_each(|peer| peer.list(list.clone()));
    let answer = heal(&world).await;
    assert_eq!(answer["targets"].as_array().unwrap().len(), 1, "{answer}");
    let joins: usize = beyond.iter().map(|peer| peer.heard("/protocol/join").len()).sum();
    assert_eq!(joins, 1);
}

#[tokio::test]
async fn every_side_is_healed_with_where_there_are_many() {
    let (world, beyond) = parted(3, options()).await;
    beyond.iter().for_each(|peer| tells(peer, Vec::new()));
    let answer = heal(&world).await;
    assert_eq!(answer["targets"].as_array().unwrap().len(), 3, "{answer}");
    for peer in &beyond {
        assert_eq!(world.member(peer.address).await.unwrap()["status"], "alive");
    }
}

#[tokio::test]
async fn a_target_that_does_not_answer_does_not_hold_up_the_others() {
    let (world, beyond) = parted(3, options()).await;
    beyond[0].reply("/protocol/join", Reply::Close);
    beyond[1].reply("/protocol/join", Reply::Refuse(json!({ "type": "error", "message": "no" })));
    tells(&beyond[2], Vec::new());
    let answer = heal(&world).await;
    assert!(answer["targets"].as_array().unwrap().contains(&json!(beyond[2].address.to_string())), "{answer}");
    assert_eq!(world.member(beyond[2].address).await.unwrap()["status"], "alive");
}

#[tokio::test]
async fn healing_is_tried_by_itself() {
    let ringpop = options();
    let heal = HealOptions { period: Some(Duration::from_millis(200)), base_probability: 1000, ..ringpop.heal };
    let (world, beyond) = parted(1, Options { heal, ..ringpop }).await;
    tells(&beyond[0], Vec::new());
    world.until(beyond[0].address, "alive").await;
    until("the ping of the merge", || !beyond[0].heard("/protocol/ping").is_empty()).await;
}
