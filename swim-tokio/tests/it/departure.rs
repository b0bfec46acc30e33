//! Members die, leave and come back.

use std::time::Duration;

use swim_core::{OwnLabels, Status};
use swim_tokio::{FixedHosts, LeaveError, RejoinError, SelfEvictError};

use crate::helpers::{anywhere, builder, cluster, options, start, status, until, within};

#[tokio::test]
async fn a_node_that_is_killed_is_faulty_to_all_others() {
    let mut nodes = cluster(5).await;
    let killed = nodes.pop().unwrap();
    let address = killed.local();
    drop(killed);
    until("the killed node is faulty everywhere", || {
        nodes.iter().all(|node| status(node, address) == Some(Status::Faulty))
    })
    .await;
    assert!(nodes.iter().all(|node| node.reachable().len() == 4));
}

#[tokio::test]
async fn a_node_that_leaves_is_known_to_have_left() {
    let nodes = cluster(3).await;
    let acknowledged = within(nodes[0].leave()).await.unwrap();
    assert!(acknowledged >= 1, "the leave was spread when it returned");
    let address = nodes[0].local();
    until("all know that it left", || nodes.iter().all(|node| status(node, address) == Some(Status::Leave))).await;
    assert_eq!(within(nodes[0].leave()).await, Err(LeaveError::AlreadyLeft));
    within(nodes[0].rejoin()).await.unwrap();
    until("all know that it is back", || nodes.iter().all(|node| status(node, address) == Some(Status::Alive))).await;
    assert_eq!(within(nodes[0].rejoin()).await, Err(RejoinError::NotLeft));
}

#[tokio::test]
async fn a_node_that_evicts_itself_is_faulty_to_all_others() {
    let nodes = cluster(3).await;
    let address = nodes[1].local();
    within(nodes[1].self_evict()).await.unwrap();
    until("all hold it faulty", || nodes.iter().all(|node| status(node, address) == Some(Status::Faulty))).await;
    assert_eq!(within(nodes[1].self_evict()).await, Err(SelfEvictError::AlreadyEvicted));
}

#[tokio::test]
async fn a_node_comes_back_at_once_on_the_port_that_it_had() {
    let nodes = cluster(3).await;
    // The first has answered the others' joins, so that connections of its port linger in the system.
    let [first, second, third] = <[_; 3]>::try_from(nodes).unwrap();
    let address = first.local();
    let hosts = || FixedHosts::new([second.local(), third.local()]);
    within(first.shutdown()).await;
    for _ in 0..3 {
        let incarnation = second.member(address).unwrap().incarnation;
        // Two lives that begin in one millisecond are one to the others: incarnations are milliseconds.
        tokio::time::sleep(Duration::from_millis(2)).await;
        let again = builder().bind(address).discovery(hosts()).start().await.expect("the port is free at once");
        within(again.joined()).await.unwrap();
        until("the others know the new run", || {
            [&second, &third].iter().all(|node| {
                let member = node.member(address).unwrap();
                member.status == Status::Alive && member.incarnation > incarnation
            })
        })
        .await;
        within(again.shutdown()).await;
    }
}

#[tokio::test]
async fn labels_are_seen_by_the_others_from_the_start_and_when_they_change() {
    let first = builder().start().await.unwrap();
    let labels = OwnLabels::new([("zone", "a")]).unwrap();
    let hosts = FixedHosts::new([first.local()]);
    let second = builder().labels(labels).discovery(hosts).start().await.unwrap();
    let zone = |expected: &'static str| {
        let member = first.member(second.local());
        member.is_some_and(|member| member.labels.value("zone") == Some(expected))
    };
    until("the label is seen", || zone("a")).await;
    within(second.set_labels(OwnLabels::new([("zone", "b")]).unwrap())).await.unwrap();
    until("the new label is seen", || zone("b")).await;
}

#[tokio::test]
async fn faulty_members_can_be_reaped() {
    let mut nodes = cluster(3).await;
    let killed = nodes.pop().unwrap().local();
    until("it is faulty", || nodes.iter().all(|node| status(node, killed) == Some(Status::Faulty))).await;
    within(nodes[0].reap()).await.unwrap();
    assert_eq!(status(&nodes[0], killed), Some(Status::Tombstone));
}

#[tokio::test]
async fn gossip_can_be_stopped_started_and_done_once() {
    let node = builder().options(options()).bind(anywhere()).start().await.unwrap();
    within(node.joined()).await.unwrap();
    let other = start(&[&node]).await;
    within(node.wait_for(2)).await.unwrap();
    within(node.stop_gossip()).await.unwrap();
    assert!(!node.stats().gossiping);
    // A round may be under way still.
    let mut ticked = within(node.tick_gossip()).await;
    while ticked == Err(swim_tokio::GossipError::Busy) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        ticked = within(node.tick_gossip()).await;
    }
    let pings = node.stats().counters.pings_sent;
    within(node.tick_gossip()).await.unwrap();
    assert_eq!(node.stats().counters.pings_sent, pings + 1);
    within(node.start_gossip()).await.unwrap();
    until("it probes by itself", || node.stats().counters.pings_sent > pings + 2).await;
    drop(other);
}
