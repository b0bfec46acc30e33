//! A node that prints the members of its cluster whenever they change.
//!
//! `cargo run -p swim-tokio --example watch -- 127.0.0.1:7946` starts a cluster; each further one names its own address
//! and one or more to join: `... --example watch -- 127.0.0.1:7947 127.0.0.1:7946`. Ctrl-C leaves.

use std::net::SocketAddr;

use swim_tokio::{FixedHosts, Swim};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut addresses = std::env::args().skip(1).map(|address| address.parse::<SocketAddr>());
    let own = addresses.next().ok_or("which address is this node's? name it, and some to join")??;
    let others: Vec<_> = addresses.collect::<Result<_, _>>()?;
    let hosts = if others.is_empty() { vec![own] } else { others };

    let swim = Swim::builder().bind(own).cluster("example").discovery(FixedHosts::new(hosts)).start().await?;
    let mut changes = swim.changes();
    loop {
        tokio::select! {
            Some(members) = changes.changed() => {
                println!("{} members, checksum {:08x}", members.len(), members.checksum().0);
                for member in members.iter() {
                    println!("  {} {}", member.address, member.status);
                }
            }
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    println!("{} members know that this one leaves", swim.leave().await?);
    swim.shutdown().await;
    Ok(())
}
