//! Partitions, played with a filter, and what the system says of datagrams that do not arrive.

use swim_core::{HealOptions, Options, Status, UnixMillis};
use swim_tokio::{Filter, FixedHosts, HealError, Swim};

use crate::forged::full_gossip;
use crate::helpers::{builder, cluster, options, skipped, status, until, within};

/// `n` nodes that know one another, each with a filter; healing waits for a command.
async fn filtered(n: usize) -> Vec<(Swim, Filter)> {
    let calm = || Options { heal: HealOptions { period: None, ..options().heal }, ..options() };
    let mut nodes: Vec<(Swim, Filter)> = Vec::new();
    for _ in 0..n {
        let filter = Filter::new();
        let mut node = builder().options(calm()).filter(filter.clone());
        if let Some((first, _)) = nodes.first() {
            node = node.discovery(FixedHosts::new([first.local()]));
        }
        nodes.push((node.start().await.unwrap(), filter));
    }
    for (node, _) in &nodes {
        within(node.wait_for(n)).await.unwrap();
    }
    nodes
}

#[tokio::test]
async fn a_partition_is_seen_and_healed_on_command() {
    let nodes = filtered(4).await;
    let (left, right) = nodes.split_at(2);
    for ((_, filter), others) in left.iter().map(|node| (node, right)).chain(right.iter().map(|node| (node, left))) {
        others.iter().for_each(|(other, _)| filter.block(other.local()));
    }
    let cut = |side: &[(Swim, Filter)], other: &[(Swim, Filter)]| {
        side.iter().all(|(node, _)| other.iter().all(|(far, _)| status(node, far.local()) == Some(Status::Faulty)))
    };
    until("each side holds the other faulty", || cut(left, right) && cut(right, left)).await;
    assert!(nodes[0].0.stats().transport.filtered > 0);

    nodes.iter().for_each(|(_, filter)| filter.clear());
    within(nodes[0].0.attempt_heal(nodes[3].0.local())).await.unwrap();
    for (node, _) in &nodes {
        within(node.wait_for(4)).await.unwrap();
    }
    until("all lists are equal", || nodes.iter().all(|(node, _)| node.checksum() == nodes[0].0.checksum())).await;
}

#[tokio::test]
async fn a_filter_on_one_side_cuts_both_ways() {
    let nodes = filtered(2).await;
    let [(first, filter), (second, _)] = &nodes[..] else { panic!("there are two") };
    filter.block(second.local());
    // What was on its way may still arrive.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let (sent, heard) = (first.stats().counters.pings_sent, second.stats().counters.pings_received);
    until("each holds the other faulty", || {
        status(first, second.local()) == Some(Status::Faulty) && status(second, first.local()) == Some(Status::Faulty)
    })
    .await;
    assert!(first.stats().counters.pings_sent > sent, "it pinged in vain");
    assert_eq!(second.stats().counters.pings_received, heard, "nothing went out");
}

#[tokio::test]
async fn a_member_that_is_alive_is_no_target_for_healing() {
    let nodes = cluster(2).await;
    let error = within(nodes[0].attempt_heal(nodes[1].local())).await.unwrap_err();
    assert_eq!(error, HealError::NoCandidate);
    let error = within(nodes[0].attempt_heal("127.0.0.1:1".parse().unwrap())).await.unwrap_err();
    assert_eq!(error, HealError::Failed);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_datagram_to_a_closed_port_is_known_not_to_have_arrived() {
    let mut nodes = cluster(2).await;
    let killed = nodes.pop().unwrap();
    within(killed.shutdown()).await;
    until("the system told of it", || nodes[0].stats().transport.datagrams_refused > 0).await;
    assert!(nodes[0].stats().counters.undeliverable > 0);
    until("it is faulty", || status(&nodes[0], killed.local()) == Some(Status::Faulty)).await;
}

/// The name of an IPv4 member leaves more of a datagram to what it tells than that of an IPv6 member.
#[tokio::test]
async fn a_node_that_goes_by_an_ipv6_address_hears_full_datagrams_of_those_that_go_by_ipv4() {
    let Ok(socket) = std::net::UdpSocket::bind("[::1]:0") else {
        return skipped("full datagrams between families", format_args!("this machine has no IPv6"));
    };
    let node = builder().bind("[::1]:0".parse().unwrap()).start().await.unwrap();
    let full = full_gossip("test", "127.0.0.1:9".parse().unwrap(), UnixMillis(1), 1400);
    assert!((1386..=1400).contains(&full.len()), "{}", full.len());
    socket.send_to(&full, node.local()).unwrap();
    until("it has come", || node.stats().transport.datagrams_received > 0).await;
    assert_eq!(node.stats().transport.malformed, 0);
    until("it was understood", || node.members().iter().count() > 90).await;
}

#[tokio::test]
async fn ipv6_works_alone_and_beside_ipv4() {
    if let Err(error) = std::net::UdpSocket::bind("[::1]:0") {
        return skipped("IPv6 alone and beside IPv4", format_args!("this machine has no IPv6: {error}"));
    }
    let first = builder().bind("[::1]:0".parse().unwrap()).start().await.unwrap();
    let hosts = FixedHosts::new([first.local()]);
    let second = builder().bind("[::1]:0".parse().unwrap()).discovery(hosts).start().await.unwrap();
    within(first.wait_for(2)).await.unwrap();
    // One that listens on both, and goes by an IPv4 address.
    let both = builder().bind("[::]:0".parse().unwrap()).advertise("127.0.0.1:0".parse().unwrap());
    let both = both.start().await.unwrap();
    let hosts = FixedHosts::new([both.local()]);
    let four = builder().discovery(hosts).start().await.unwrap();
    within(both.wait_for(2)).await.unwrap();
    within(four.wait_for(2)).await.unwrap();
    let acks = both.stats().counters.acks_received;
    until("pings go both ways", || both.stats().counters.acks_received > acks + 2).await;
    drop(second);
}
