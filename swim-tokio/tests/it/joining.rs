//! Nodes find one another.

use swim_core::Status;

use crate::helpers::{builder, cluster, start, status, until, within};

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
