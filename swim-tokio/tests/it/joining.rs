//! Nodes find one another, or say what stands in the way.

use std::net::SocketAddr;

use swim_core::Status;
use swim_tokio::{FixedHosts, HealError, JoinError, SeedFailure};

use crate::helpers::{builder, cluster, impatient, start, status, until, vacant, within};

#[tokio::test]
async fn a_node_without_hosts_is_a_cluster_of_one() {
    let node = builder().start().await.unwrap();
    within(node.joined()).await.unwrap();
    assert!(node.is_ready());
    assert_eq!(node.reachable(), [node.local()]);
}

#[tokio::test]
async fn two_nodes_find_one_another() {
    let first = builder().start().await.unwrap();
    let second = start(&[&first]).await;
    within(first.wait_for(2)).await.unwrap();
    within(second.wait_for(2)).await.unwrap();
    assert_eq!(within(second.joined()).await.unwrap(), 1);
    assert_eq!(status(&first, second.local()), Some(Status::Alive));
    until("both lists are equal", || first.checksum() == second.checksum()).await;
}

#[tokio::test]
async fn five_nodes_find_one_another() {
    let nodes = cluster(5).await;
    until("all lists are equal", || nodes.iter().all(|node| node.checksum() == nodes[0].checksum())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_nodes_find_one_another() {
    let nodes = cluster(30).await;
    until("all lists are equal", || nodes.iter().all(|node| node.checksum() == nodes[0].checksum())).await;
}

/// A machine that is nobody's: the address is kept for documents.
fn elsewhere() -> SocketAddr {
    "203.0.113.7:7946".parse().unwrap()
}

#[tokio::test]
async fn a_loopback_address_cannot_join_other_machines_and_is_told_so_at_once() {
    // It would try for two minutes.
    let node = builder().discovery(FixedHosts::new([elsewhere()])).start().await.unwrap();
    for attempt in 0..3 {
        let error = match attempt {
            0 => tokio::time::timeout(LONG, node.joined()).await,
            _ => tokio::time::timeout(LONG, node.join()).await,
        };
        let error = error.expect("it is told at once").unwrap_err();
        let JoinError::Loopback { address, hosts } = &error else { panic!("{error:?}") };
        assert_eq!((*address, &hosts[..]), (node.local(), &[elsewhere()][..]));
        for hint in [&node.local().to_string(), "loopback", "203.0.113.7:7946", "advertise"] {
            assert!(error.to_string().contains(hint), "no `{hint}` in {error}");
        }
    }
    assert!(node.is_running());
    assert_eq!(node.stats().counters.joins_sent, 0, "nobody was told of an address that leads elsewhere");
}

/// Much longer than what is told at once takes, much shorter than the two minutes for which joining is tried.
const LONG: std::time::Duration = std::time::Duration::from_secs(40);

#[tokio::test]
async fn a_loopback_address_joins_its_own_machine_and_keeps_away_from_others() {
    let first = builder().start().await.unwrap();
    let hosts = FixedHosts::new([elsewhere(), first.local()]);
    let second = builder().discovery(hosts).start().await.unwrap();
    assert_eq!(within(second.joined()).await.unwrap(), 1);
    assert_eq!(second.stats().counters.joins_sent, 1);
}

#[tokio::test]
async fn a_loopback_address_heals_with_no_other_machine() {
    let node = builder().start().await.unwrap();
    within(node.joined()).await.unwrap();
    assert_eq!(within(node.attempt_heal(elsewhere())).await, Err(HealError::Loopback));
    assert_eq!(within(node.attempt_heal(node.local())).await, Err(HealError::NoCandidate));
}

#[tokio::test]
async fn what_stands_in_the_way_is_known_while_joining_is_tried() {
    let place = vacant();
    let second = builder().discovery(FixedHosts::new([place])).start().await.unwrap();
    let refused = || match second.join_trouble() {
        Some(JoinError::Unreachable { seeds, .. }) => seeds.iter().eq([(place, SeedFailure::Refused)]),
        _ => false,
    };
    until("it is known that nobody listens there", refused).await;
    let first = builder().bind(place).start().await.unwrap();
    within(second.joined()).await.unwrap();
    assert!(second.join_trouble().is_none(), "it has joined");
    within(first.wait_for(2)).await.unwrap();
}

#[tokio::test]
async fn that_there_are_no_hosts_is_known_while_joining_is_tried() {
    let node = builder().options(impatient()).discovery(FixedHosts::new([])).start().await.unwrap();
    until("it is known", || matches!(node.join_trouble(), Some(JoinError::NoHosts { .. }))).await;
    assert!(matches!(within(node.joined()).await, Err(JoinError::NoHosts { .. })));
    assert!(node.join_trouble().is_none(), "it has given up, and `joined` tells why");
}
