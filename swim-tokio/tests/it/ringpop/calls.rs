//! Connections and calls: init, headers, both directions on every connection, errors.

use serde_json::json;
use tokio::time::Duration;

use super::facts::INCARNATION;
use super::peer::{Answer, Opened, Reply};
use super::tchannel::{Frame, INIT_REQ, PING_REQ, PING_RES, Sum};
use super::world::{World, options, patient, quick};
use crate::helpers::{until, within};

#[tokio::test]
async fn init_tells_the_version_the_address_and_the_process_in_both_roles() {
    let world = World::resting(1, options()).await;
    let opened = world.peers[0].lines(Opened::ByNode).remove(0);
    let accepted = world.operator.open(world.address()).await;
    for line in [opened, accepted] {
        let init = within(line.ready()).await;
        assert_eq!(init.version, 2);
        assert_eq!(init.header("host_port"), Some(world.address().to_string().as_str()));
        assert!(init.header("process_name").is_some_and(|name| !name.is_empty()), "{init:?}");
    }
}

#[tokio::test]
async fn every_call_names_the_service_its_format_its_caller_and_its_time() {
    let world = World::of(1, quick()).await;
    let peer = &world.peers[0];
    peer.hears("/protocol/ping", |_| true).await;
    let asks = json!({
        "source": peer.address.to_string(), "sourceIncarnationNumber": INCARNATION, "target": peer.address.to_string(),
        "checksum": 0, "changes": [],
    });
    world.ask("/protocol/ping-req", &asks).await.ok();
    for heard in peer.log() {
        let request = &heard.request;
        assert_eq!(request.service, "ringpop");
        let header = |name| request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(header("as"), Some("json"), "{request:?}");
        assert!(header("cn").is_some(), "{request:?}");
        match heard.endpoint.as_str() {
            "/protocol/join" => assert_eq!(request.ttl, 1000),
            "/protocol/ping" => assert_eq!(request.ttl, 1500),
            other => panic!("{other} to a member that is well"),
        }
    }
}

#[tokio::test]
async fn a_ping_req_has_five_seconds() {
    let world = World::of(2, quick()).await;
    world.peers[0].reply("/protocol/ping", Reply::Close);
    let heard = world.peers[1].hears("/protocol/ping-req", |_| true).await;
    assert_eq!(heard.request.ttl, 5000);
}

#[tokio::test]
async fn calls_are_answered_on_connections_that_the_node_opened() {
    let world = World::of(1, quick()).await;
    let peer = &world.peers[0];
    peer.hears("/protocol/ping", |_| true).await;
    let answer = peer.call_back("/protocol/ping", &peer.ping(json!([]), world.checksum().await)).await.ok();
    assert_eq!(answer["source"], world.address().to_string());
    let stats = peer.call_back("/admin/stats", &json!({})).await.ok();
    assert!(stats["membership"].is_object());
    assert!(peer.lines(Opened::ByPeer).is_empty());
}

#[tokio::test]
async fn one_connection_is_used_again_and_another_opened_after_it_closed() {
    let world = World::of(1, quick()).await;
    let peer = &world.peers[0];
    until("ten pings", || peer.heard("/protocol/ping").len() >= 10).await;
    assert_eq!(peer.lines(Opened::ByNode).len(), 1);
    peer.hang_up();
    peer.hears("/protocol/ping", |heard| heard.line == 1).await;
    let log = peer.log();
    assert!(log.iter().all(|heard| heard.line <= 1), "{} connections", peer.lines(Opened::ByNode).len());
}

#[tokio::test]
async fn the_node_calls_over_a_connection_that_the_peer_opened_and_kept() {
    let world = World::resting(1, options()).await;
    let peer = &world.peers[0];
    peer.hang_up();
    peer.lines(Opened::ByNode)[0].closed().await;
    peer.call(world.address(), "/admin/stats", &json!({})).await.ok();
    world.admin("/admin/gossip/tick").await;
    let ping = peer.hears("/protocol/ping", |_| true).await;
    assert_eq!(ping.opened, Opened::ByPeer, "one connection for both directions");
}

#[tokio::test]
async fn a_call_whose_connection_closes_fails_at_once() {
    // Pings have ten minutes: the ping-req must not wait for that.
    let world = World::of(3, patient()).await;
    world.peers[0].reply("/protocol/ping", Reply::Close);
    let target = world.peers[0].address.to_string();
    let asked = || {
        world
            .peers
            .iter()
            .any(|peer| peer.heard("/protocol/ping-req").iter().any(|heard| heard.body["target"] == target))
    };
    until("somebody is asked to ping it", asked).await;
}

#[tokio::test]
async fn a_call_that_is_answered_with_an_error_frame_or_an_application_error_fails_at_once() {
    for reply in
        [Reply::Error(3), Reply::Error(6), Reply::Refuse(json!({ "type": "error", "message": "out of order" }))]
    {
        let world = World::of(3, patient()).await;
        world.peers[0].reply("/protocol/ping", reply.clone());
        let target = world.peers[0].address.to_string();
        let asked = || {
            let reqs = world.peers.iter().flat_map(|peer| peer.heard("/protocol/ping-req"));
            reqs.into_iter().any(|heard| heard.body["target"] == target)
        };
        until(&format!("a ping-req follows {reply:?}"), asked).await;
    }
}

#[tokio::test]
async fn a_call_is_not_answered_for_longer_than_its_time_and_fails() {
    let world = World::of(3, quick()).await;
    world.peers[0].reply("/protocol/ping", Reply::Silence);
    let target = world.peers[0].address.to_string();
    let helper =
        |n: usize| world.peers[n].heard("/protocol/ping-req").into_iter().find(|heard| heard.body["target"] == target);
    until("somebody is asked to ping it", || helper(1).is_some() || helper(2).is_some()).await;
    let asked = helper(1).or_else(|| helper(2)).unwrap().at;
    let pinged = world.peers[0].heard("/protocol/ping").into_iter().rfind(|heard| heard.at < asked).unwrap().at;
    assert!(asked - pinged >= Duration::from_millis(1400), "{:?}", asked - pinged);
}

#[tokio::test]
async fn an_unknown_endpoint_is_an_error_frame_of_code_6() {
    let world = World::resting(1, options()).await;
    for endpoint in ["/admin/nothing", "/protocol/pong", "", "x"] {
        match world.ask(endpoint, &json!({})).await {
            Answer::Error(code, message) => assert_eq!(code, 6, "{endpoint}: {message}"),
            other => panic!("{endpoint}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_empty_argument_of_an_operator_is_an_empty_object_and_the_format_may_be_raw() {
    let world = World::resting(1, options()).await;
    let line = world.operator.line_to(world.address()).await;
    for endpoint in ["/admin/stats", "/admin/gossip/tick", "/admin/reap", "/admin/healpartition/disco"] {
        for (format, body) in [("json", ""), ("raw", ""), ("raw", "{}"), ("json", "{}"), ("json", "null")] {
            let answer = world.operator.call_as(&line, format, endpoint, body.as_bytes(), Sum::Crc32).await;
            assert!(matches!(answer, Answer::Ok(_)), "{endpoint} as {format} with {body:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn calls_without_a_checksum_are_answered() {
    let world = World::resting(1, options()).await;
    let line = world.operator.line_to(world.address()).await;
    let answer = world.operator.call_as(&line, "json", "/admin/stats", b"{}", Sum::None).await;
    assert!(matches!(answer, Answer::Ok(_)), "{answer:?}");
}

#[tokio::test]
async fn many_calls_at_once_on_one_connection_are_all_answered() {
    let world = World::resting(1, options()).await;
    let line = world.operator.line_to(world.address()).await;
    let key = |n: u32| json!({ "key": n.to_string() }).to_string();
    let sent: Vec<_> = (0..200)
        .map(|n| {
            let id = world.operator.next();
            let frames = super::tchannel::request(id, "json", "/admin/lookup", key(n).as_bytes(), Sum::Crc32);
            let answer = line.expect(id);
            frames.iter().for_each(|frame| line.send(&frame.bytes()));
            answer
        })
        .collect();
    for answer in sent {
        assert!(within(answer).await.unwrap().ok()["dest"].is_string());
    }
}

#[tokio::test]
async fn a_ping_of_the_connection_is_answered_with_its_id() {
    let world = World::resting(1, options()).await;
    let line = world.operator.line_to(world.address()).await;
    line.send(&Frame::new(PING_REQ, 4711, Vec::new()).bytes());
    until("the ping is answered", || !line.others().is_empty()).await;
    assert_eq!(line.others(), [Frame::new(PING_RES, 4711, Vec::new())]);
}

#[tokio::test]
async fn a_peer_that_says_no_address_of_its_own_is_answered() {
    let world = World::resting(1, options()).await;
    let line = super::raw::Raw::connect(world.address()).await;
    line.send(&Frame::init(INIT_REQ, 1, "0.0.0.0:0").bytes()).await;
    let mut line = line;
    assert_eq!(line.frame().await.unwrap().kind, super::tchannel::INIT_RES);
    line.call("/admin/stats").await;
}
