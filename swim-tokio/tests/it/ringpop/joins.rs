//! How a node joins, and what it answers to those that join.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use swim_tokio::swim_core::Options;
use tokio::time::Duration;

use super::facts::{INCARNATION, addresses, change, checksum, claim, nowhere, of};
use super::peer::{Answer, Peer, Reply};
use super::world::{World, acquaint, builder, options, patient, peers, quick};
use crate::helpers::{until, within};

fn join(source: &Peer) -> Value {
    json!({ "app": "ringpop", "source": source.address.to_string(), "incarnationNumber": INCARNATION, "timeout": 1_000_000_000 })
}

#[tokio::test]
async fn a_node_joins_six_hosts_or_all_there_are_and_each_of_them_once() {
    for n in [1, 2, 3, 5, 6, 7, 30] {
        let world = World::resting(n, options()).await;
        until("every join has come", || joins(&world.peers) >= n.min(6)).await;
        // The node was ready before it answers this.
        world.members().await;
        assert_eq!(joins(&world.peers), n.min(6), "of {n} hosts");
        let most = world.peers.iter().map(|peer| peer.heard("/protocol/join").len()).max();
        assert_eq!(most, Some(1), "of {n} hosts");
    }
}

#[tokio::test]
async fn which_hosts_a_node_joins_is_random() {
    let peers = peers(20).await;
    let mut asked = BTreeSet::new();
    for _ in 0..6 {
        World::among(peers.clone(), options(), &[]).await;
    }
    for peer in &peers {
        asked.extend(peer.heard("/protocol/join").iter().map(|_| peer.address));
    }
    assert!(asked.len() > 9, "six nodes have asked {} of 20 hosts", asked.len());
}

#[tokio::test]
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "incarnations are times of the wall clock")]
async fn a_join_says_who_asks_and_for_how_long_it_waits() {
    let now = || std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let before = now();
    let world = World::resting(1, options()).await;
    let heard = world.peers[0].heard("/protocol/join").remove(0);
    assert_eq!(heard.body["app"], "ringpop");
    assert_eq!(heard.body["source"], world.address().to_string());
    assert_eq!(heard.body["timeout"], 1_000_000_000);
    let incarnation = heard.body["incarnationNumber"].as_u64().unwrap();
    assert!((before..=now()).contains(&incarnation.into()), "{incarnation} is no time of the wall clock's");
    assert_eq!(world.incarnation().await, incarnation, "it stays until the first stats");
    assert_eq!(heard.request.ttl, 1000);
}

#[tokio::test]
async fn what_joins_answer_is_applied_and_not_passed_on() {
    let world = World::resting(3, options()).await;
    assert_eq!(world.members().await.as_array().unwrap().len(), 4);
    let pending = world.pending().await;
    assert_eq!(addresses(&pending), [world.address().to_string()], "{pending}");
}

#[tokio::test]
async fn nobody_is_pinged_before_every_join_of_the_group_is_answered() {
    let peers = peers(6).await;
    let late = Duration::from_millis(600);
    let reply = Reply::After(late, Box::new(Reply::Usual));
    peers[5].script(move |heard| if heard.is("/protocol/join") { reply.clone() } else { Reply::Usual });
    let node = builder(options(), peers.iter().map(|peer| peer.address)).start().await.unwrap();
    until("somebody is pinged", || pings(&peers) > 0).await;
    let asked = peers[5].heard("/protocol/join")[0].at;
    let pinged = peers.iter().flat_map(|peer| peer.heard("/protocol/ping")).map(|heard| heard.at).min().unwrap();
    assert!(pinged >= asked + late, "pinged {:?} after the last join", pinged - asked);
    drop(node);
}

#[tokio::test]
async fn a_node_whose_joins_fail_tries_again_until_one_group_is_answered() {
    let peers = peers(2).await;
    for peer in &peers {
        let mut left = 3;
        peer.script(move |heard| {
            if heard.is("/protocol/join") && left > 0 {
                left -= 1;
                return Reply::Refuse(json!({ "type": "error", "message": "not now" }));
            }
            Reply::Usual
        });
    }
    let world = World::among(peers, options(), &[]).await;
    assert_eq!(world.members().await.as_array().unwrap().len(), 3);
    for peer in &world.peers {
        let joins = peer.heard("/protocol/join");
        assert!(joins.len() >= 4, "{} joins", joins.len());
        let last = joins[joins.len() - 1].at - joins[joins.len() - 2].at;
        assert!(last >= Duration::from_millis(100), "the pauses grow, and the third was {last:?}");
    }
}

#[tokio::test]
async fn a_node_that_is_still_joining_answers_joins_and_pings_well() {
    let silent = Peer::start().await;
    silent.reply("/protocol/join", Reply::Silence);
    let node = builder(patient(), [silent.address]).start().await.unwrap();
    silent.hears("/protocol/join", |_| true).await;
    let asker = Peer::start().await;
    let answer = asker.call(node.local(), "/protocol/ping", &asker.ping(json!([]), 1)).await.ok();
    assert_eq!(answer["changes"], json!([]), "without changes");
    assert_eq!(answer["source"], node.local().to_string());
    let answer = asker.call(node.local(), "/protocol/join", &join(&asker)).await.ok();
    assert_eq!(addresses(&answer["membership"]), [node.local().to_string()]);
    assert!(!node.is_ready());
}

#[tokio::test]
async fn who_joins_is_told_the_whole_list_its_checksum_and_who_tells() {
    let world = World::resting(2, options()).await;
    world.ping(&world.peers[0], json!([claim(world.peers[0].address, nowhere(1), "suspect", 7)])).await;
    let answer = world.ask("/protocol/join", &join(&world.operator)).await.ok();
    assert_eq!(answer["app"], "ringpop");
    assert_eq!(answer["coordinator"], world.address().to_string());
    assert_eq!(answer["membership"].as_array().unwrap().len(), 4);
    assert_eq!(of(&answer["membership"], nowhere(1)).unwrap()["status"], "suspect");
    assert_eq!(answer["membershipChecksum"], checksum(&answer["membership"]));
}

#[tokio::test]
async fn a_join_alone_makes_nobody_a_member() {
    let world = World::resting(1, options()).await;
    world.ask("/protocol/join", &join(&world.operator)).await.ok();
    assert_eq!(world.member(world.operator.address).await, None);
}

#[tokio::test]
async fn who_has_another_app_or_the_nodes_own_address_does_not_join() {
    let world = World::resting(1, options()).await;
    let mut other = join(&world.operator);
    other["app"] = json!("pongrip");
    world.ask("/protocol/join", &other).await.failed();
    let mut own = join(&world.operator);
    own["source"] = json!(world.address().to_string());
    world.ask("/protocol/join", &own).await.failed();
    assert!(matches!(world.ask("/protocol/join", &join(&world.operator)).await, Answer::Ok(_)));
}

#[tokio::test]
async fn a_join_may_leave_out_its_incarnation_and_have_labels_and_unknown_fields() {
    let world = World::resting(1, options()).await;
    let mut body = join(&world.operator);
    body.as_object_mut().unwrap().remove("incarnationNumber");
    body["labels"] = json!({ "hello": "world" });
    body["color"] = json!("red");
    world.ask("/protocol/join", &body).await.ok();
}

#[tokio::test]
async fn a_node_without_other_hosts_is_a_cluster_of_one() {
    let world = World::of(0, quick()).await;
    world.admin("/admin/gossip/tick").await;
    let stats = world.admin("/admin/stats").await;
    assert_eq!(stats["membership"]["members"].as_array().unwrap().len(), 1);
    assert_eq!(stats["ring"]["servers"], json!([world.address().to_string()]));
}

#[tokio::test]
async fn a_join_answer_with_gaps_is_read_leniently() {
    let peers = peers(1).await;
    let list = json!([
        { "address": peers[0].address.to_string(), "status": "alive" },
        { "address": nowhere(1).to_string(), "status": "faulty", "incarnationNumber": 3, "source": "", "future": [1] },
    ]);
    peers[0].reply(
        "/protocol/join",
        Reply::Ok(json!({
            "app": "ringpop", "coordinator": peers[0].address.to_string(), "membership": list, "membershipChecksum": null,
        })),
    );
    let world = World::among(peers, options(), &[]).await;
    let of = |address| world.member(address);
    assert_eq!(of(world.peers[0].address).await.unwrap()["incarnationNumber"], 0);
    assert_eq!(of(nowhere(1)).await.unwrap()["status"], "faulty");
}

#[tokio::test]
async fn a_list_that_needs_many_fragments_is_read_and_told() {
    let peers = peers(1).await;
    let many = (0..900).map(|n| {
        let mut change = claim(peers[0].address, nowhere(n), "faulty", 1_795_337_355_717);
        change["labels"] = json!({ "some": "label, so that it is longer" });
        change
    });
    let list: Value = many.chain([change(peers[0].address, "alive", INCARNATION)]).collect();
    assert!(list.to_string().len() > 2 * 65_536);
    peers[0].list(list);
    let world = World::among(peers, options(), &[]).await;
    let answer = world.ask("/protocol/join", &join(&world.operator)).await.ok();
    assert_eq!(answer["membership"].as_array().unwrap().len(), 902);
    assert_eq!(answer["membershipChecksum"], checksum(&answer["membership"]));
}

#[tokio::test]
async fn a_node_of_another_app_is_ready_once_it_has_joined_its_own() {
    let peers = peers(1).await;
    acquaint(&peers);
    let (address, list) = (peers[0].address, json!([change(peers[0].address, "alive", INCARNATION)]));
    let answer = json!({
        "app": "shop", "coordinator": address.to_string(), "membership": list, "membershipChecksum": checksum(&list),
    });
    peers[0].reply("/protocol/join", Reply::Ok(answer));
    let node = builder(Options { app: "shop".into(), ..options() }, [address]).start().await.unwrap();
    within(node.joined()).await.unwrap();
    assert_eq!(peers[0].heard("/protocol/join")[0].body["app"], "shop");
}

fn joins(peers: &[Peer]) -> usize {
    peers.iter().map(|peer| peer.heard("/protocol/join").len()).sum()
}

fn pings(peers: &[Peer]) -> usize {
    peers.iter().map(|peer| peer.heard("/protocol/ping").len()).sum()
}
