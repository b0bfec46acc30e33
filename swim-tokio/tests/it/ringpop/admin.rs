//! The endpoints for operators.

use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::facts::{INCARNATION, claim, nowhere, of};
use super::peer::{Answer, Peer, Reply};
use super::world::{World, options, patient, quick};
use crate::helpers::until;

fn pings(peers: &[Peer]) -> usize {
    peers.iter().map(|peer| peer.heard("/protocol/ping").len()).sum()
}

#[tokio::test]
async fn stats_have_every_field_of_its_type() {
    let world = World::of(2, quick()).await;
    until("ten pings", || pings(&world.peers) >= 10).await;
    let stats = world.admin("/admin/stats").await;
    assert_eq!(stats.as_object().unwrap().get("hooks"), Some(&Value::Null));
    let members = stats["membership"]["members"].as_array().unwrap();
    assert_eq!(members.len(), 3);
    for member in members {
        assert!(member["address"].is_string() && member["status"].is_string(), "{member}");
        assert!(member["incarnationNumber"].is_u64(), "{member}");
        assert!(member.get("labels").is_none_or(Value::is_object), "{member}");
    }
    let numbers = [
        "/membership/checksum",
        "/process/memory/rss",
        "/process/memory/heapTotal",
        "/process/memory/heapUsed",
        "/process/pid",
        "/protocol/protocolRate",
        "/protocol/clientRate",
        "/protocol/serverRate",
        "/protocol/totalRate",
        "/ring/checksum",
        "/timestamp",
        "/uptime",
    ];
    for path in numbers {
        assert!(stats.pointer(path).is_some_and(Value::is_number), "{path}: {stats}");
    }
    for path in ["/version", "/tchannelVersion"] {
        assert!(stats.pointer(path).is_some_and(Value::is_string), "{path}: {stats}");
    }
    assert!(stats["protocol"]["timing"].as_object().is_some_and(|timing| !timing.is_empty()), "{stats}");
    assert_eq!(stats["process"]["pid"], std::process::id());
    assert!(stats["membership"]["checksum"].as_u64().is_some_and(|sum| u32::try_from(sum).is_ok()));
    let mut servers: Vec<_> = stats["ring"]["servers"].as_array().unwrap().clone();
    servers.sort_by_key(ToString::to_string);
    let mut expected: Vec<_> = world.peers.iter().map(|peer| json!(peer.address.to_string())).collect();
    expected.push(json!(world.address().to_string()));
    expected.sort_by_key(ToString::to_string);
    assert_eq!(servers, expected);
}

#[tokio::test]
async fn gossip_stops_and_starts() {
    let world = World::of(2, quick()).await;
    until("five pings", || pings(&world.peers) >= 5).await;
    assert_eq!(world.admin("/admin/gossip/stop").await, json!({}));
    // One may be under way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stopped = pings(&world.peers);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(pings(&world.peers), stopped);
    assert_eq!(world.admin("/admin/gossip/start").await, json!({}));
    until("five more", || pings(&world.peers) >= stopped + 5).await;
}

#[tokio::test]
async fn gossip_that_runs_starts_and_that_is_stopped_stops_again() {
    let world = World::of(1, options()).await;
    assert_eq!(world.admin("/admin/gossip/start").await, json!({}));
    assert_eq!(world.admin("/admin/gossip/stop").await, json!({}));
    assert_eq!(world.admin("/admin/gossip/stop").await, json!({}));
}

#[tokio::test]
async fn stop_answers_while_pings_are_under_way() {
    // A ping and a ping-req have ten minutes each.
    let world = World::resting(3, patient()).await;
    world.peers.iter().for_each(|peer| peer.reply("/protocol/ping", Reply::Silence));
    world.admin("/admin/gossip/start").await;
    until("a ping is under way", || pings(&world.peers) > 0).await;
    let begun = Instant::now();
    assert_eq!(world.admin("/admin/gossip/stop").await, json!({}));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stopped_node_answers_all_the_same() {
    let world = World::resting(2, options()).await;
    let answer = world.ping(&world.peers[0], json!([claim(world.peers[0].address, nowhere(1), "faulty", 5)])).await;
    assert_eq!(answer["source"], world.address().to_string());
    assert_eq!(world.member(nowhere(1)).await.unwrap()["status"], "faulty");
}

#[tokio::test]
async fn a_tick_is_one_protocol_period_and_ends_with_it() {
    let world = World::resting(3, options()).await;
    for n in 1..=6 {
        world.admin("/admin/gossip/tick").await;
        assert_eq!(pings(&world.peers), n, "the ping was there before the answer");
    }
    assert!(world.peers.iter().all(|peer| peer.heard("/protocol/ping").len() == 2), "in the order of pings");
}

#[tokio::test]
async fn a_tick_ends_with_the_verdict_on_a_silent_member() {
    let world = World::resting(1, options()).await;
    world.peers[0].reply("/protocol/ping", Reply::Close);
    world.admin("/admin/gossip/tick").await;
    assert_eq!(world.member(world.peers[0].address).await.unwrap()["status"], "suspect");
}

#[tokio::test]
async fn reaping_makes_every_faulty_member_a_tombstone() {
    let world = World::resting(1, options()).await;
    let peer = &world.peers[0];
    let claims = (1..).zip(["faulty", "faulty", "suspect", "leave", "alive"]);
    world.ping(peer, claims.map(|(n, status)| claim(peer.address, nowhere(n), status, 5)).collect()).await;
    assert_eq!(world.admin("/admin/reap").await, json!({ "status": "ok" }));
    let changes = world.pending().await;
    for n in [1, 2] {
        let change = of(&changes, nowhere(n)).unwrap();
        assert_eq!((&change["status"], &change["tombstone"]), (&json!("faulty"), &json!(true)));
    }
    for (n, status) in [(3, "suspect"), (4, "leave"), (5, "alive")] {
        let change = of(&changes, nowhere(n)).unwrap();
        assert_eq!((&change["status"], change.get("tombstone")), (&json!(status), None));
    }
    assert_eq!(world.admin("/admin/reap").await, json!({ "status": "ok" }), "and there may be none");
}

#[tokio::test]
async fn who_leaves_is_in_status_leave_and_comes_back_in_a_new_incarnation() {
    let world = World::resting(2, options()).await;
    let before = world.incarnation().await;
    assert_eq!(world.admin("/admin/member/leave").await, json!({ "status": "ok" }));
    let own = world.member(world.address()).await.unwrap();
    assert_eq!(own["status"], "leave");
    assert!(own["incarnationNumber"].as_u64().unwrap() >= before);
    let servers = world.admin("/admin/stats").await["ring"]["servers"].take();
    assert!(!servers.as_array().unwrap().contains(&json!(world.address().to_string())), "{servers}");
    let told = world.pending().await;
    assert_eq!(of(&told, world.address()).unwrap()["status"], "leave");
    assert_eq!(world.admin("/admin/member/join").await, json!({ "status": "rejoined" }));
    let own = world.member(world.address()).await.unwrap();
    assert_eq!(own["status"], "alive");
    assert!(own["incarnationNumber"].as_u64().unwrap() > before, "{own} after {before}");
    let told = world.pending().await;
    let change = of(&told, world.address()).unwrap();
    assert_eq!((&change["status"], &change["incarnationNumber"]), (&json!("alive"), &own["incarnationNumber"]));
}

#[tokio::test]
async fn who_has_left_stays_so_when_it_is_claimed_that_it_is_alive() {
    let world = World::resting(2, options()).await;
    world.admin("/admin/member/leave").await;
    let incarnation = world.incarnation().await;
    let peer = &world.peers[0];
    world.ping(peer, json!([claim(peer.address, world.address(), "alive", incarnation - 1)])).await;
    assert_eq!(world.member(world.address()).await.unwrap()["status"], "leave");
    world.admin("/admin/member/join").await;
    assert_eq!(world.member(world.address()).await.unwrap()["status"], "alive");
}

#[tokio::test]
async fn healing_without_anybody_to_heal_with_has_no_targets() {
    let world = World::resting(2, options()).await;
    assert_eq!(world.admin("/admin/healpartition/disco").await, json!({ "targets": [], "error": "" }));
}

#[tokio::test]
async fn a_lookup_without_a_key_is_an_application_error() {
    let world = World::resting(1, options()).await;
    assert!(!world.ask("/admin/lookup", &json!({})).await.failed().is_empty());
}

#[tokio::test]
async fn endpoints_that_were_given_up_answer_that() {
    let world = World::resting(1, options()).await;
    assert!(matches!(world.ask("/health", &json!({})).await, Answer::Ok(_)));
    for endpoint in ["/admin/debugSet", "/admin/debugClear"] {
        assert!(world.ask(endpoint, &json!({})).await.failed().contains("not implemented"));
    }
    let before = pings(&world.peers);
    world.admin("/admin/tick").await;
    assert_eq!(pings(&world.peers), before + 1);
    let heard = world.peers[0].heard("/protocol/ping").remove(0);
    assert_eq!(heard.body["sourceIncarnationNumber"], world.incarnation().await);
    assert_eq!(world.member(world.peers[0].address).await.unwrap()["incarnationNumber"], INCARNATION);
}
