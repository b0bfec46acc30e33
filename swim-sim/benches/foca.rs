//! The same cluster with the crate foca: speed at rest, a join storm, and memory. Prints ratios; takes a few minutes.
//!
//! Memory is that of a process of its own, so this program runs itself: `foca memory-ours`, `foca memory-peer`.

mod common;

use std::process::Command;

use common::peer::PeerCluster;
use common::{Target, advance, at_rest, cpu, join, shortest, speed, verdict};
use swim_core::Micros;
use swim_sim::{Cluster, Setup, memory};

const REST: u32 = 1000;
const STORM: u32 = 2000;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("memory-ours") => println!("{}", memory_ours()),
        Some("memory-peer") => println!("{}", memory_peer()),
        _ => {
            println!("{:<66} {:>8}   {:<14}", "", "ratio", "wanted");
            rest();
            storm();
            memory();
        }
    }
}

fn rest() {
    let span = Micros::from_millis(400_000);
    let mut ours = at_rest(REST);
    let our_speed = speed(REST, span, shortest(3, || advance(&mut ours, span)));
    let mut peers = settled(REST);
    // Foca announces itself every 30 seconds, which costs more than all the rest: whole minutes are measured.
    let span = Micros::from_millis(60_000);
    let peer_speed = speed(REST, span, shortest(3, || peers.advance(span)));
    println!("at rest, {REST} nodes: {our_speed:.2} and foca {peer_speed:.3} million node-seconds a CPU-second");
    verdict("node-seconds a CPU-second at rest, ours / foca's", our_speed / peer_speed, Target::AtLeast(10.0));
}

/// A cluster of foca's in which all see all and nobody has anything left to tell.
fn settled(nodes: u32) -> PeerCluster {
    let mut peers = PeerCluster::new(nodes);
    peers.join(Micros::from_millis(600_000));
    while peers.has_changes() {
        peers.advance(Micros::from_millis(1_000));
    }
    peers
}

fn storm() {
    let (our_time, all_at) = cpu(|| join(&mut Cluster::new(Setup::new(STORM, 1)).expect("the setup is sound")));
    println!("join storm, {STORM} nodes: all saw all at {all_at} in {our_time:.2?} of processor time");
    let (peer_time, (ended, seen)) = cpu(|| PeerCluster::new(STORM).join(Micros::from_millis(300_000)));
    let all = (STORM * (STORM - 1)) as usize;
    println!("  foca: {seen} of {all} pairs at {ended} in {peer_time:.2?}");
    let ratio = peer_time.as_secs_f64() / our_time.as_secs_f64();
    verdict("processor time of a join storm, foca's / ours", ratio, Target::AtLeast(20.0));
}

fn memory() {
    let of = |who: &str| {
        let this = std::env::current_exe().expect("a process knows its program");
        let output = Command::new(this).arg(who).output().expect("the program runs again");
        String::from_utf8_lossy(&output.stdout).trim().parse::<f64>().expect("it prints a number")
    };
    let (ours, peers) = (of("memory-ours"), of("memory-peer"));
    println!("memory, {STORM} nodes, after the storm: {ours:.1} and foca {peers:.1} bytes for each node and member");
    verdict("bytes for each node and member after a join storm", ours, Target::AtMost(32.0));
}

/// Bytes of the process for each pair, once a join storm has drained.
fn memory_ours() -> f64 {
    let before = memory::current().unwrap_or(0);
    let cluster = at_rest(STORM);
    per_pair(before, cluster.nodes().len())
}

fn memory_peer() -> f64 {
    let before = memory::current().unwrap_or(0);
    let _peers = settled(STORM);
    per_pair(before, STORM as usize)
}

fn per_pair(before: u64, nodes: usize) -> f64 {
    (memory::current().unwrap_or(0) - before) as f64 / (nodes * nodes) as f64
}
