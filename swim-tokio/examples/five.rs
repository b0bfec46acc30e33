//! Five members in one process: one is killed, the others part in two and find together again. Takes half a minute.

use std::{net::SocketAddr, time::Duration};
use swim_tokio::{Filter, FixedHosts, Options, Status, Swim};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addresses = [17001, 17002, 17003, 17004, 17005].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let cut = Filter::new();
    let mut nodes = Vec::new();
    for (number, address) in addresses.into_iter().enumerate() {
        // The first two share a filter: whom it blocks they neither hear nor send to.
        let filter = if number < 2 { cut.clone() } else { Filter::new() };
        let node = Swim::builder().bind(address).options(Options::local()).filter(filter);
        nodes.push(node.discovery(FixedHosts::new(addresses)).start().await?);
    }
    until("all see all", &nodes, |node| node.reachable().len() == 5).await;
    drop(nodes.pop()); // With its last handle a node is gone, without a word.
    until("the killed one is faulty", &nodes, |node| node.members().count(Status::Faulty) == 1).await;
    addresses[2..].iter().for_each(|address| cut.block(*address));
    until("two and two have parted", &nodes, |node| node.members().count(Status::Faulty) == 3).await;
    cut.clear(); // Whoever lost so many looks for them by itself, about once a second.
    until("they agree", &nodes, |node| node.reachable().len() == 4 && node.checksum() == nodes[0].checksum()).await;
    Ok(())
}

/// Waits until `is_so` holds for every node, and prints what each knows then.
async fn until(what: &str, nodes: &[Swim], is_so: impl Fn(&Swim) -> bool) {
    println!("waiting until {what}");
    while !nodes.iter().all(&is_so) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for node in nodes {
        let statuses: Vec<_> = node.members().iter().map(|member| member.status.to_string()).collect();
        println!("  {} knows {}: checksum {:08x}", node.local(), statuses.join(", "), node.checksum().0);
    }
}
