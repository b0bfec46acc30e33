//! Pings and their answers; refutation in the very answer; a fair order.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use swim_tokio::OwnLabels;
use swim_tokio::swim_core::Options;
use tokio::time::Duration;

use super::facts::{INCARNATION, claim, nowhere, of};
use super::peer::{Peer, Reply};
use super::world::{World, options, quick};
use crate::helpers::until;

fn pings(peer: &Peer) -> usize {
    peer.heard("/protocol/ping").len()
}

#[tokio::test]
async fn a_ping_tells_the_list_checksum_and_who_asks() {
    let world = World::of(2, quick()).await;
    let heard = world.peers[0].hears("/protocol/ping", |_| true).await;
    assert_eq!(heard.body["source"], world.address().to_string());
    assert_eq!(heard.body["sourceIncarnationNumber"], world.incarnation().await);
    assert_eq!(heard.body["checksum"], world.checksum().await);
    assert!(heard.body["changes"].is_array());
    assert!(heard.body.get("app").is_none_or(|app| app == "ringpop"), "{}", heard.body);
}

#[tokio::test]
async fn the_answer_to_a_ping_tells_the_same() {
    let world = World::resting(2, options()).await;
    let answer = world.ping(&world.peers[0], json!([])).await;
    assert_eq!(answer["source"], world.address().to_string());
    assert_eq!(answer["sourceIncarnationNumber"], world.incarnation().await);
    assert_eq!(answer["checksum"], world.checksum().await);
    assert!(answer["changes"].is_array());
    assert!(answer.get("app").is_none_or(|app| app == "ringpop"), "{answer}");
}

#[tokio::test]
async fn a_pings_app_may_be_missing_or_empty_and_not_another() {
    let world = World::resting(1, options()).await;
    let mut ping = world.peers[0].ping(json!([]), world.checksum().await);
    for app in [None, Some(""), Some("ringpop")] {
        match app {
            Some(app) => ping["app"] = json!(app),
            None => drop(ping.as_object_mut().unwrap().remove("app")),
        }
        world.ask("/protocol/ping", &ping).await.ok();
    }
    ping["app"] = json!("pongrip");
    world.ask("/protocol/ping", &ping).await.failed();
}

#[tokio::test]
async fn a_ping_may_have_gaps_and_unknown_fields() {
    let world = World::resting(1, options()).await;
    let ping = json!({
        "changes": [{ "address": nowhere(1).to_string(), "status": "faulty", "source": "", "later": {} }],
        "checksum": null, "source": world.peers[0].address.to_string(), "sourceIncarnationNumber": 0, "later": [1],
    });
    world.ask("/protocol/ping", &ping).await.ok();
    assert_eq!(world.member(nowhere(1)).await.unwrap()["incarnationNumber"], 0);
    let ping = json!({ "changes": [], "source": world.peers[0].address.to_string() });
    world.ask("/protocol/ping", &ping).await.ok();
}

#[tokio::test]
async fn a_change_has_no_other_fields_than_ringpops_and_none_that_is_null() {
    let world = World::resting(1, options()).await;
    let mut labelled = claim(world.peers[0].address, nowhere(1), "suspect", 7);
    labelled["labels"] = json!({ "hello": "world" });
    world.ping(&world.peers[0], json!([labelled, claim(world.peers[0].address, nowhere(2), "alive", 7)])).await;
    let required = ["source", "sourceIncarnationNumber", "address", "incarnationNumber", "status"];
    let known = [&required[..], &["tombstone", "labels", "timestamp", "id"]].concat();
    let changes = world.pending().await;
    assert_eq!(changes.as_array().unwrap().len(), 3, "{changes}");
    for change in changes.as_array().unwrap() {
        let fields = change.as_object().unwrap();
        assert!(required.iter().all(|field| fields.contains_key(*field)), "{change}");
        assert!(fields.iter().all(|(field, value)| known.contains(&field.as_str()) && !value.is_null()), "{change}");
    }
    assert_eq!(of(&changes, nowhere(1)).unwrap()["labels"], json!({ "hello": "world" }));
    assert_eq!(of(&changes, nowhere(2)).unwrap().get("labels"), None);
}

#[tokio::test]
async fn what_is_learned_keeps_its_source_on_its_way() {
    let world = World::resting(2, options()).await;
    let told = claim(world.peers[1].address, nowhere(1), "suspect", 7);
    world.ping(&world.peers[0], json!([told.clone()])).await;
    let changes = world.pending().await;
    let change = of(&changes, nowhere(1)).unwrap();
    for field in ["source", "sourceIncarnationNumber", "address", "incarnationNumber", "status"] {
        assert_eq!(change[field], told[field], "{field} of {change}");
    }
}

#[tokio::test]
async fn an_accusation_is_refuted_in_the_very_answer() {
    for status in ["suspect", "faulty", "leave", "tombstone"] {
        let world = World::resting(2, options()).await;
        let before = world.incarnation().await;
        let accuser = &world.peers[0];
        let answer = world.ping(accuser, json!([claim(accuser.address, world.address(), status, before)])).await;
        refuted(&world, &answer, before, status).await;
    }
}

#[tokio::test]
async fn an_accusation_as_faulty_with_the_flag_of_a_tombstone_is_refuted_as_well() {
    let world = World::resting(2, options()).await;
    let before = world.incarnation().await;
    let mut accusation = claim(world.peers[0].address, world.address(), "faulty", before);
    accusation["tombstone"] = json!(true);
    let answer = world.ping(&world.peers[0], json!([accusation])).await;
    refuted(&world, &answer, before, "tombstone").await;
}

async fn refuted(world: &World, answer: &Value, before: u64, status: &str) {
    let refutation = of(&answer["changes"], world.address()).unwrap_or_else(|| panic!("{status}: {answer}"));
    let after = refutation["incarnationNumber"].as_u64().unwrap();
    assert_eq!(refutation["status"], "alive", "{status}");
    assert!(after > before, "{status}: {after} after {before}");
    assert_eq!(refutation["source"], world.address().to_string(), "{status}");
    assert_eq!(refutation["sourceIncarnationNumber"], after, "{status}");
    assert_eq!(answer["sourceIncarnationNumber"], after, "{status}");
    assert_eq!(answer["checksum"], world.checksum().await, "{status}: the checksum is that of the list after it");
    assert_eq!(world.incarnation().await, after);
}

#[tokio::test]
async fn an_accusation_that_is_ahead_of_the_clock_is_refuted_by_a_higher_incarnation_still() {
    let world = World::resting(2, options()).await;
    let hour = 3_600_000;
    let claimed = world.incarnation().await + hour;
    for (status, claimed) in [("suspect", claimed), ("faulty", claimed + hour), ("suspect", claimed + 2 * hour)] {
        let accuser = &world.peers[0];
        let answer = world.ping(accuser, json!([claim(accuser.address, world.address(), status, claimed)])).await;
        refuted(&world, &answer, claimed, status).await;
    }
}

#[tokio::test]
async fn an_old_accusation_needs_no_refutation() {
    let world = World::resting(2, options()).await;
    let before = world.incarnation().await;
    let accuser = &world.peers[0];
    world.ping(accuser, json!([claim(accuser.address, world.address(), "faulty", before - 1)])).await;
    assert_eq!(world.incarnation().await, before);
}

#[tokio::test]
async fn accusations_in_acks_and_ping_reqs_are_refuted_as_well() {
    let world = World::of(1, quick()).await;
    let before = world.incarnation().await;
    let (peer, node) = (world.peers[0].clone(), world.address());
    world.peers[0].script(move |heard| {
        if !heard.is("/protocol/ping") {
            return Reply::Usual;
        }
        Reply::Ok(peer.ack(json!([claim(peer.address, node, "suspect", before)]), &heard.body["checksum"]))
    });
    let refuted = |value: &Value| value["incarnationNumber"].as_u64().unwrap() > before && value["status"] == "alive";
    world.peers[0].hears("/protocol/ping", |heard| of(&heard.body["changes"], node).is_some_and(refuted)).await;
    let before = world.incarnation().await;
    let asks = json!({
        "source": world.peers[0].address.to_string(), "sourceIncarnationNumber": INCARNATION,
        "target": world.peers[0].address.to_string(), "checksum": world.checksum().await,
        "changes": [claim(world.peers[0].address, node, "suspect", before)],
    });
    let answer = world.ask("/protocol/ping-req", &asks).await.ok();
    let change = of(&answer["changes"], node).unwrap_or_else(|| panic!("{answer}"));
    assert!(change["incarnationNumber"].as_u64().unwrap() > before);
}

#[tokio::test]
async fn labels_of_its_own_are_in_what_a_node_tells_of_itself() {
    let labels = OwnLabels::new([("hello", "world")]).unwrap();
    let world = World::of(1, Options { labels, ..quick() }).await;
    let heard =
        world.peers[0].hears("/protocol/ping", |heard| of(&heard.body["changes"], world.address()).is_some()).await;
    let own = of(&heard.body["changes"], world.address()).unwrap();
    assert_eq!(own["labels"], json!({ "hello": "world" }));
    assert_eq!(world.peers[0].heard("/protocol/join")[0].body["labels"], json!({ "hello": "world" }));
}

/// Thirty pings, and who got how many.
async fn thirty(n: usize) {
    let world = World::of(n, options()).await;
    let heard = || {
        let mut heard: Vec<_> = world.peers.iter().flat_map(|peer| peer.heard("/protocol/ping")).collect();
        heard.sort_by_key(|heard| heard.at);
        heard
    };
    until("thirty pings", || heard().len() >= 30).await;
    let heard = &heard()[..30];
    let time = heard[29].at - heard[0].at;
    assert!(time > Duration::from_millis(29 * 200 - 300), "30 pings in {time:?}");
    assert!(time < 3 * Duration::from_millis(30 * 200), "30 pings in {time:?}");
    let mut counts: BTreeMap<_, usize> = world.peers.iter().map(|peer| (peer.address, 0)).collect();
    for peer in &world.peers {
        let first =
            peer.heard("/protocol/ping").iter().filter(|ping| heard.iter().any(|heard| heard.at == ping.at)).count();
        counts.insert(peer.address, first);
    }
    let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    assert!(most - least <= 1, "{n} members: {counts:?}");
}

#[tokio::test]
async fn thirty_pings_to_one_member() {
    thirty(1).await;
}

#[tokio::test]
async fn thirty_pings_are_spread_evenly_over_two_members() {
    thirty(2).await;
}

#[tokio::test]
async fn thirty_pings_are_spread_evenly_over_five_members() {
    thirty(5).await;
}

#[tokio::test]
async fn thirty_pings_are_spread_evenly_over_thirty_members() {
    thirty(30).await;
}

#[tokio::test]
async fn the_order_of_pings_is_another_at_each_wrap() {
    let world = World::of(8, quick()).await;
    until("six wraps", || world.peers.iter().all(|peer| pings(peer) >= 7)).await;
    let mut heard: Vec<_> = world
        .peers
        .iter()
        .flat_map(|peer| peer.heard("/protocol/ping").into_iter().map(|heard| (heard.at, peer.address)))
        .collect();
    heard.sort();
    let order: Vec<_> = heard.into_iter().map(|(_, address)| address).collect();
    let wraps: Vec<_> = order.chunks_exact(8).take(6).collect();
    assert!(wraps.windows(2).any(|pair| pair[0] != pair[1]), "{wraps:?}");
}

#[tokio::test]
async fn a_newcomer_is_pinged_and_the_dead_are_not() {
    let world = World::of(2, quick()).await;
    let newcomer = Peer::start().await;
    let peer = &world.peers[0];
    world.ping(peer, json!([claim(peer.address, newcomer.address, "alive", INCARNATION)])).await;
    newcomer.hears("/protocol/ping", |_| true).await;
    for status in ["faulty", "leave"] {
        let dead = Peer::start().await;
        world.ping(peer, json!([claim(peer.address, dead.address, status, INCARNATION)])).await;
        let before = pings(&newcomer);
        until("ten rounds", || pings(&newcomer) > before + 10).await;
        assert_eq!(pings(&dead), 0, "{status}");
    }
    let suspect = Peer::start().await;
    world.ping(peer, json!([claim(peer.address, suspect.address, "suspect", INCARNATION)])).await;
    suspect.hears("/protocol/ping", |_| true).await;
}
