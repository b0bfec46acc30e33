//! From a ping that failed to a tombstone: helpers, verdicts, timers; and a node as a helper of others.

use serde_json::{Value, json};
use swim_tokio::swim_core::{Options, ProtocolPeriod, StateTimeouts, SuspicionTimeout};
use tokio::time::{Duration, Instant};

use super::facts::{INCARNATION, claim, nowhere, of};
use super::peer::{Answer, Heard, Peer, Reply};
use super::world::{World, options, quick};
use crate::helpers::until;

fn not_reached(heard: &Heard) -> Reply {
    Reply::Ok(json!({ "changes": [], "pingStatus": false, "target": heard.body["target"] }))
}

/// All ping-reqs for `target` so far.
fn reqs(peers: &[Peer], target: &Peer) -> Vec<Heard> {
    let reqs = peers.iter().flat_map(|peer| peer.heard("/protocol/ping-req"));
    let mut reqs: Vec<_> = reqs.filter(|heard| heard.body["target"] == target.address.to_string()).collect();
    reqs.sort_by_key(|heard| heard.at);
    reqs
}

/// A world of which the first member does not answer pings, and the others answer ping-reqs so.
async fn silent(n: usize, helpers: fn(&Heard) -> Reply) -> World {
    let world = World::resting(n, quick()).await;
    world.peers[0].reply("/protocol/ping", Reply::Close);
    for peer in &world.peers[1..] {
        peer.script(move |heard| if heard.is("/protocol/ping-req") { helpers(heard) } else { Reply::Usual });
    }
    world.admin("/admin/gossip/start").await;
    world
}

#[tokio::test]
async fn a_member_that_three_others_do_not_reach_either_is_suspected_at_the_incarnation_that_was_pinged() {
    let world = silent(6, not_reached).await;
    world.peers[0].hears("/protocol/ping", |_| true).await;
    assert_eq!(world.until(world.peers[0].address, "suspect").await["incarnationNumber"], INCARNATION);
    let first: Vec<_> = reqs(&world.peers, &world.peers[0]).into_iter().take(3).collect();
    assert_eq!(first.len(), 3, "nobody is suspected before three were asked");
    for heard in &first {
        assert_eq!(heard.body["source"], world.address().to_string());
        assert_eq!(heard.body["sourceIncarnationNumber"], world.incarnation().await);
        assert!(heard.body["changes"].is_array() && heard.body["checksum"].is_u64(), "{}", heard.body);
        let suspicion = of(&heard.body["changes"], world.peers[0].address);
        assert!(
            suspicion.is_none_or(|change| change["status"] != "suspect"),
            "suspected before it was tried: {}",
            heard.body
        );
    }
    let told = world.peers[1]
        .hears("/protocol/ping", |heard| of(&heard.body["changes"], world.peers[0].address).is_some())
        .await;
    let change = of(&told.body["changes"], world.peers[0].address).unwrap();
    assert_eq!(change["status"], "suspect");
    assert_eq!(change["incarnationNumber"], INCARNATION);
    assert_eq!(change["source"], world.address().to_string());
    assert_eq!(change["sourceIncarnationNumber"], world.incarnation().await);
}

#[tokio::test]
async fn three_different_members_are_asked_and_never_the_target() {
    let world = silent(6, not_reached).await;
    world.until(world.peers[0].address, "suspect").await;
    let target = world.peers[0].address.to_string();
    assert!(world.peers[0].heard("/protocol/ping-req").iter().all(|heard| heard.body["target"] != target));
    let asked = |n: usize| {
        world.peers[n].heard("/protocol/ping-req").into_iter().filter(|heard| heard.body["target"] == target)
    };
    let second = world.peers[0].heard("/protocol/ping").get(1).map(|heard| heard.at);
    let once = (1..6).filter(|n| asked(*n).any(|heard| second.is_none_or(|second| heard.at < second))).count();
    assert_eq!(once, 3, "for the first ping that failed");
}

#[tokio::test]
async fn a_member_that_any_helper_reaches_is_not_suspected() {
    let world = silent(4, not_reached).await;
    world.peers[3].script(|_| Reply::Usual);
    until("five rounds", || reqs(&world.peers, &world.peers[0]).len() >= 15).await;
    assert_eq!(world.member(world.peers[0].address).await.unwrap()["status"], "alive");
}

#[tokio::test]
async fn where_all_that_were_asked_are_silent_it_is_inconclusive() {
    // With one, two and three to ask: what counts is who was asked, not how many are asked where there are enough.
    for n in [2, 3, 4] {
        let world = silent(n, |_| Reply::Error(3)).await;
        until("they were asked", || reqs(&world.peers, &world.peers[0]).len() >= n - 1).await;
        // What the round came to is known when the next has begun.
        let seen: usize = world.peers[1..].iter().map(|peer| peer.heard("/protocol/ping").len()).sum();
        until("the next ping", || {
            world.peers[1..].iter().map(|peer| peer.heard("/protocol/ping").len()).sum::<usize>() > seen
                || world.peers[0].heard("/protocol/ping").len() > 1
        })
        .await;
        let told = world.peers.iter().flat_map(|peer| peer.heard("/protocol/ping"));
        let second = world.peers[0].heard("/protocol/ping").get(1).map(|heard| heard.at);
        for heard in told.filter(|heard| second.is_none_or(|second| heard.at <= second)) {
            let change = of(&heard.body["changes"], world.peers[0].address);
            assert!(change.is_none_or(|change| change["status"] != "suspect"), "{n} members: {}", heard.body);
        }
    }
}

#[tokio::test]
async fn a_single_helper_that_answers_that_it_did_not_reach_the_target_is_enough_to_suspect() {
    let world = silent(4, |_| Reply::Close).await;
    world.peers[2].script(|heard| if heard.is("/protocol/ping-req") { not_reached(heard) } else { Reply::Usual });
    world.until(world.peers[0].address, "suspect").await;
}

#[tokio::test]
async fn without_helpers_a_ping_that_failed_is_enough_to_suspect() {
    let world = silent(1, not_reached).await;
    world.until(world.peers[0].address, "suspect").await;
}

#[tokio::test]
async fn a_peer_that_is_not_ready_lives() {
    let world = World::resting(4, quick()).await;
    let refusal = json!({ "type": "error", "message": "node is not ready to handle requests" });
    world.peers[0].reply("/protocol/ping", Reply::Refuse(refusal));
    world.admin("/admin/gossip/start").await;
    until("five pings", || world.peers[0].heard("/protocol/ping").len() >= 5).await;
    assert_eq!(world.member(world.peers[0].address).await.unwrap()["status"], "alive");
    assert_eq!(reqs(&world.peers, &world.peers[0]).len(), 0);
}

#[tokio::test]
async fn what_a_helper_tells_beside_is_applied() {
    let world = World::resting(2, quick()).await;
    world.peers[0].reply("/protocol/ping", Reply::Close);
    let helper = world.peers[1].address;
    world.peers[1].script(move |heard| match heard.endpoint.as_str() {
        "/protocol/ping-req" => Reply::Ok(json!({
            "changes": [claim(helper, nowhere(1), "faulty", 5)], "pingStatus": true, "target": heard.body["target"],
        })),
        _ => Reply::Usual,
    });
    world.admin("/admin/gossip/start").await;
    world.until(nowhere(1), "faulty").await;
}

fn ping_req(world: &World, target: &Peer) -> Value {
    json!({
        "source": world.peers[0].address.to_string(), "sourceIncarnationNumber": INCARNATION,
        "target": target.address.to_string(), "checksum": 0, "changes": [],
    })
}

async fn asks(world: &World, target: &Peer) -> Answer {
    let mut body = ping_req(world, target);
    body["checksum"] = json!(world.checksum().await);
    world.peers[0].call(world.address(), "/protocol/ping-req", &body).await
}

#[tokio::test]
async fn a_node_that_is_asked_pings_the_target_and_tells_whether_it_was_reached() {
    let world = World::resting(3, options()).await;
    let answer = asks(&world, &world.peers[1]).await.ok();
    assert_eq!(answer["pingStatus"], true);
    assert_eq!(answer["target"], world.peers[1].address.to_string());
    let mut fields: Vec<_> = answer.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["changes", "pingStatus", "target"], "nothing more");
    let ping = world.peers[1].heard("/protocol/ping").remove(0);
    assert_eq!(ping.body["source"], world.address().to_string());
    world.peers[2].reply("/protocol/ping", Reply::Close);
    let answer = asks(&world, &world.peers[2]).await.ok();
    assert_eq!(answer["pingStatus"], false);
    assert_eq!(answer["target"], world.peers[2].address.to_string());
    assert_eq!(world.member(world.peers[2].address).await.unwrap()["status"], "alive", "a helper accuses nobody");
}

#[tokio::test]
async fn a_node_that_is_asked_to_ping_somebody_who_is_silent_tells_so_before_the_asker_gives_up() {
    let world = World::resting(2, options()).await;
    world.peers[1].reply("/protocol/ping", Reply::Silence);
    let begun = Instant::now();
    let answer = asks(&world, &world.peers[1]).await.ok();
    assert_eq!(answer["pingStatus"], false);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_node_pings_a_target_that_it_does_not_know() {
    let world = World::resting(1, options()).await;
    let stranger = Peer::start().await;
    assert_eq!(asks(&world, &stranger).await.ok()["pingStatus"], true);
    assert_eq!(stranger.heard("/protocol/ping").len(), 1);
}

#[tokio::test]
async fn changes_of_a_ping_req_are_applied_and_passed_on_to_the_target() {
    let world = World::resting(2, options()).await;
    let mut body = ping_req(&world, &world.peers[1]);
    body["changes"] = json!([claim(world.peers[0].address, nowhere(1), "suspect", 5)]);
    world.peers[0].call(world.address(), "/protocol/ping-req", &body).await.ok();
    let ping = world.peers[1].heard("/protocol/ping").remove(0);
    assert_eq!(of(&ping.body["changes"], nowhere(1)).unwrap()["status"], "suspect");
}

/// Where a suspect is declared faulty, and a faulty member a tombstone, and forgotten after so many milliseconds.
fn short(suspect: u64, faulty: u64, tombstone: u64) -> Options {
    let ms = Duration::from_millis;
    let options = options();
    let suspect = SuspicionTimeout::Fixed(ms(suspect));
    let state_timeouts =
        StateTimeouts { suspect, faulty: ms(faulty), tombstone: ms(tombstone), ..options.state_timeouts };
    // Long enough that no round disturbs.
    Options { state_timeouts, protocol_period: ProtocolPeriod::Adaptive { min: ms(20) }, ..options }
}

const LONG: u64 = 3_600_000;

#[tokio::test]
async fn a_suspect_becomes_faulty_then_a_tombstone_and_then_is_forgotten() {
    let world = World::resting(1, short(600, 600, 600)).await;
    let peer = &world.peers[0];
    let begun = Instant::now();
    world.ping(peer, json!([claim(peer.address, nowhere(1), "suspect", 5)])).await;
    world.until(nowhere(1), "faulty").await;
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
    let told = world.pending().await;
    let change = of(&told, nowhere(1)).unwrap();
    assert_eq!(change["source"], world.address().to_string(), "who declares it says so");
    assert_eq!(change["incarnationNumber"], 5);
    let tombstone = loop {
        let change = of(&world.pending().await, nowhere(1)).cloned().unwrap();
        if change["tombstone"] == true {
            break change;
        }
        // Ten answers until then: it is still told of when it changes.
        tokio::time::sleep(Duration::from_millis(60)).await;
    };
    assert_eq!(tombstone["status"], "faulty");
    assert!(begun.elapsed() >= Duration::from_millis(1100), "{:?}", begun.elapsed());
    let asker = world.operator.address.to_string();
    let join = json!({ "app": "ringpop", "source": asker, "incarnationNumber": 1, "timeout": 1 });
    loop {
        let joined = world.ask("/protocol/join", &join).await.ok();
        if of(&joined["membership"], nowhere(1)).is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(begun.elapsed() < Duration::from_secs(60), "it is never forgotten");
    }
    assert!(begun.elapsed() >= Duration::from_millis(1700), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_suspect_that_refutes_is_not_declared_faulty() {
    let world = World::resting(1, short(400, LONG, LONG)).await;
    let peer = &world.peers[0];
    for (status, incarnation) in [("suspect", 5), ("alive", 6)] {
        world.ping(peer, json!([claim(peer.address, nowhere(1), status, incarnation)])).await;
    }
    // A second suspect, later, tells that the time of the first is over.
    world.ping(peer, json!([claim(peer.address, nowhere(2), "suspect", 5)])).await;
    world.until(nowhere(2), "faulty").await;
    assert_eq!(world.member(nowhere(1)).await.unwrap()["status"], "alive");
}

#[tokio::test]
async fn a_member_that_is_suspected_again_at_a_higher_incarnation_becomes_faulty_and_its_time_starts_anew() {
    let world = World::resting(1, short(1000, LONG, LONG)).await;
    let peer = &world.peers[0];
    world.ping(peer, json!([claim(peer.address, nowhere(1), "suspect", 5)])).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let again = Instant::now();
    world.ping(peer, json!([claim(peer.address, nowhere(1), "suspect", 6)])).await;
    let faulty = world.until(nowhere(1), "faulty").await;
    assert_eq!(faulty["incarnationNumber"], 6);
    assert!(again.elapsed() >= Duration::from_millis(950), "{:?} after the newer claim", again.elapsed());
}

#[tokio::test]
async fn a_member_that_is_declared_faulty_again_at_a_higher_incarnation_becomes_a_tombstone_and_its_time_starts_anew() {
    let world = World::resting(1, short(LONG, 1000, LONG)).await;
    let peer = &world.peers[0];
    world.ping(peer, json!([claim(peer.address, nowhere(1), "faulty", 5)])).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let again = Instant::now();
    world.ping(peer, json!([claim(peer.address, nowhere(1), "faulty", 6)])).await;
    loop {
        let change = of(&world.pending().await, nowhere(1)).cloned().expect("it is told of until then");
        assert_eq!(change["incarnationNumber"], 6);
        if change["tombstone"] == true {
            break;
        }
        // An answer in a hundred milliseconds, so that it is still told of when it changes.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(again.elapsed() < Duration::from_secs(60), "it never becomes one");
    }
    assert!(again.elapsed() >= Duration::from_millis(950), "{:?} after the newer claim", again.elapsed());
}
