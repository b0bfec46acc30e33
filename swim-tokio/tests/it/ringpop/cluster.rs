//! Clusters of `ringpop-node` processes: how soon they agree, how soon they see a death, and what they take at rest.

use std::net::SocketAddr;
use std::time::Duration as Span;

use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::time::{Duration, Instant};

use super::peer::Peer;
use super::program::{hosts, start, stats};
use super::world::free;
use crate::process::{Folder, Process};

/// What was seen of one cluster.
#[derive(Clone, Copy, Debug)]
struct Figures {
    /// From the start of the first process until all tell one checksum of all members.
    agreed: Span,
    /// From a kill until all others hold the killed one suspect, or worse.
    suspected: Span,
    /// ... faulty.
    faulty: Span,
    /// The memory that a process takes at rest, in MiB; the most of all.
    memory: f64,
    /// What a process takes of a core at rest, in percent; the mean of all.
    load: f64,
}

/// What ringpop-go came to with 25 processes on such a machine.
const REFERENCE: Figures = Figures {
    agreed: Span::from_millis(4300),
    suspected: Span::from_millis(800),
    faulty: Span::from_millis(5700),
    memory: 11.5,
    load: 0.45,
};

/// How much worse than ringpop-go is let pass.
const SLACK: u32 = 3;

/// A node that this test has started.
struct Node {
    address: SocketAddr,
    process: Process,
}

struct Cluster {
    nodes: Vec<Node>,
    operator: Peer,
    started: Instant,
    // The hosts file is there as long as the processes are.
    _folder: Folder,
}

impl Cluster {
    async fn start(n: usize) -> Self {
        let folder = Folder::new();
        let addresses: Vec<_> = (0..n).map(|_| free()).collect();
        let file = folder.write("hosts.json", &hosts(addresses.iter().copied()));
        let operator = Peer::start().await;
        let started = Instant::now();
        let run = |address| Node { address, process: start(address, &file, &["--suspect-period=5000"]) };
        let nodes = addresses.into_iter().map(run).collect();
        Self { nodes, operator, started, _folder: folder }
    }

    /// Waits until `is_so` of what all nodes tell operators.
    async fn until(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) -> Instant {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) {
            let mut told = Vec::new();
            for node in &self.nodes {
                told.push(stats(&self.operator, node.address).await);
            }
            if is_so(&told) {
                return Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("in a minute it did not come about that {what}");
    }

    /// Waits until all nodes tell one checksum of `members` members.
    async fn agreed(&self, members: usize) -> Instant {
        let one = |told: &[Value]| {
            let list = |stats: &Value| stats["membership"]["members"].as_array().unwrap().len();
            let sum = |stats: &Value| stats["membership"]["checksum"].clone();
            told.iter().all(|stats| list(stats) == members && sum(stats) == sum(&told[0]))
        };
        self.until("all tell one checksum", one).await
    }

    /// Waits until all hold `address` to be one of `statuses`.
    async fn hold(&self, address: SocketAddr, statuses: &[&str]) -> Instant {
        let address = address.to_string();
        let holds = |stats: &Value| {
            let members = stats["membership"]["members"].as_array().unwrap();
            let member = members.iter().find(|member| member["address"] == address);
            member.is_some_and(|member| statuses.iter().any(|status| member["status"] == *status))
        };
        self.until("all see the death", |told| told.iter().all(holds)).await
    }

    /// What the processes take while nothing happens: memory in MiB, the most of all, and percent of a core, the mean.
    async fn rest(&self, time: Span) -> (f64, f64) {
        let ticks = || self.nodes.iter().map(Node::ticks).sum::<u64>();
        let (before, begun) = (ticks(), Instant::now());
        tokio::time::sleep(time).await;
        let used = (ticks() - before) as f64 / TICKS_A_SECOND;
        let load = 100.0 * used / begun.elapsed().as_secs_f64() / self.nodes.len() as f64;
        (self.nodes.iter().map(Node::memory).fold(0.0, f64::max), load)
    }

    async fn end(mut self) {
        self.nodes.iter().for_each(|node| node.process.signal(Signal::SIGKILL));
        for node in &mut self.nodes {
            node.process.end().await;
        }
    }
}

impl Node {
    fn of(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.process.child.id().unwrap())).unwrap()
    }

    /// The time of processors that it took, as the kernel counts it.
    fn ticks(&self) -> u64 {
        let stat = self.of("stat");
        // The name in brackets may contain anything; the 14th and the 15th field are the 12th and 13th after it.
        let after = stat.rsplit_once(") ").unwrap().1;
        after.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
    }

    /// In MiB.
    fn memory(&self) -> f64 {
        let status = self.of("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
    }
}

/// What Linux tells times in, for all processes.
const TICKS_A_SECOND: f64 = 100.0;

async fn measure(n: usize) -> Figures {
    let mut cluster = Cluster::start(n).await;
    let agreed = cluster.agreed(n).await - cluster.started;
    // What was learned from joining is passed on until it is old.
    tokio::time::sleep(Span::from_secs(3)).await;
    let (memory, load) = cluster.rest(Span::from_secs(10)).await;
    let mut killed = cluster.nodes.pop().unwrap();
    let at = Instant::now();
    killed.process.signal(Signal::SIGKILL);
    let suspected = cluster.hold(killed.address, &["suspect", "faulty"]).await - at;
    let faulty = cluster.hold(killed.address, &["faulty"]).await - at;
    killed.process.end().await;
    cluster.end().await;
    Figures { agreed, suspected, faulty, memory, load }
}

/// By itself, since time and load are asserted: `cargo test -p swim-tokio --test it ringpop::cluster::twenty -- --ignored`.
#[tokio::test]
#[ignore = "wants a machine of its own; CI runs it by itself"]
async fn twenty_five_agree_see_a_death_and_take_little() {
    let seen = measure(25).await;
    println!("{seen:?}");
    assert!(seen.agreed < REFERENCE.agreed * SLACK, "{seen:?}");
    assert!(seen.suspected < REFERENCE.suspected * SLACK, "{seen:?}");
    assert!(seen.faulty < REFERENCE.faulty * SLACK, "{seen:?}");
    assert!(seen.faulty >= Span::from_secs(5), "a suspect has five seconds: {seen:?}");
    assert!(seen.memory < REFERENCE.memory * f64::from(SLACK), "{seen:?}");
    assert!(seen.load < REFERENCE.load * f64::from(SLACK), "{seen:?}");
}

/// Run it in a release build, on a machine that does nothing else:
/// `cargo test --release -p swim-tokio --test it ringpop::cluster::figures -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes two minutes, and a machine of its own"]
async fn figures() {
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(measure(25).await);
    }
    println!("| 25 processes | reference | median | runs |\n|---|---|---|---|");
    for row in Row::ALL {
        let mut runs: Vec<f64> = all.iter().map(|figures| row.of(figures)).collect();
        runs.sort_by(f64::total_cmp);
        let list: Vec<_> = runs.iter().map(|run| format!("{run:.2}")).collect();
        println!("| {} | {:.2} | {:.2} | {} |", row.name(), row.of(&REFERENCE), runs[2], list.join(", "));
        assert!(runs[2] < f64::from(SLACK) * row.of(&REFERENCE), "{}", row.name());
    }
}

/// A row of the table of figures.
#[derive(Clone, Copy)]
enum Row {
    Agreed,
    Suspected,
    Faulty,
    Memory,
    Load,
}

impl Row {
    const ALL: [Self; 5] = [Self::Agreed, Self::Suspected, Self::Faulty, Self::Memory, Self::Load];

    fn name(self) -> &'static str {
        match self {
            Self::Agreed => "one checksum everywhere, s",
            Self::Suspected => "suspect everywhere after a kill, s",
            Self::Faulty => "faulty everywhere after a kill, s",
            Self::Memory => "memory of the largest process at rest, MiB",
            Self::Load => "load of a process at rest, % of a core",
        }
    }

    fn of(self, figures: &Figures) -> f64 {
        match self {
            Self::Agreed => figures.agreed.as_secs_f64(),
            Self::Suspected => figures.suspected.as_secs_f64(),
            Self::Faulty => figures.faulty.as_secs_f64(),
            Self::Memory => figures.memory,
            Self::Load => figures.load,
        }
    }
}
