//! What goes on while the lists are compared: readers on threads of their own, clients that ask everything that a handle can
//! be asked, nodes that come, change their labels, leave and die, and a crowd that fills the list and more.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use swim_core::{Options, OwnLabels, Random, StateTimeouts, SuspicionTimeout};
use swim_tokio::{FixedHosts, Membership, Stats, Swim};

use super::{Read, agree, crowd};
use crate::helpers::{builder, within};

/// A list of two dozen at most, which are forgotten so soon that all ends of a member are seen.
pub(super) fn options() -> Options {
    let options = crate::helpers::options();
    let state_timeouts = StateTimeouts {
        suspect: SuspicionTimeout::Fixed(Duration::from_millis(400)),
        faulty: Duration::from_millis(600),
        leave: Some(Duration::from_millis(600)),
        tombstone: Duration::from_millis(300),
    };
    Options { members_max: 24, state_timeouts, ..options }
}

const READERS: usize = 2;
const CLIENTS: u64 = 4;

/// How often each thing was done.
#[derive(Debug, Default)]
struct Done {
    reads: AtomicU64,
    labels: AtomicU64,
    heals: AtomicU64,
    reaps: AtomicU64,
    ticks: AtomicU64,
    departures: AtomicU64,
    changes: AtomicU64,
    joins: AtomicU64,
    kills: AtomicU64,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Load {
    stop: Stop,
    done: Arc<Done>,
    readers: Vec<JoinHandle<Read>>,
    crowd: JoinHandle<()>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// Ends the threads also where the test fails.
#[derive(Debug)]
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Load {
    /// Begins. `others` are those that newcomers may join, too.
    pub(super) fn begin(watched: &Swim, others: &[Swim]) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(Done::default()));
        let readers = (0..READERS).map(|_| {
            let (node, stop, done) = (watched.clone(), Arc::clone(&stop), Arc::clone(&done));
            std::thread::spawn(move || read(&node, &stop, &done))
        });
        let readers = readers.collect();
        let (target, incarnation, over) = (watched.local(), watched.stats().incarnation, Arc::clone(&stop));
        let crowd = std::thread::spawn(move || crowd::talk(target, incarnation, &over));
        let mut tasks = Vec::new();
        for client in 0..CLIENTS {
            let (node, stop, done) = (watched.clone(), Arc::clone(&stop), Arc::clone(&done));
            tasks.push(tokio::spawn(async move { ask(&node, client, &stop, &done).await }));
        }
        let hosts: Vec<_> = std::iter::once(watched).chain(others).map(Swim::local).collect();
        let (over, did) = (Arc::clone(&stop), Arc::clone(&done));
        tasks.push(tokio::spawn(async move { come_and_go(&hosts, &over, &did).await }));
        let (node, over, did) = (watched.clone(), Arc::clone(&stop), Arc::clone(&done));
        tasks.push(tokio::spawn(async move { follow(&node, &over, &did).await }));
        Self { stop: Stop(stop), done, readers, crowd, tasks }
    }

    /// Whether each thing happened often enough for a load.
    pub(super) fn is_enough(&self, stats: &Stats) -> bool {
        let Done { reads, labels, heals, reaps, ticks, departures, changes, joins, kills } = &*self.done;
        let is = |count: &AtomicU64, least: u64| count.load(Ordering::Relaxed) >= least;
        let asked = is(labels, 20) && is(heals, 2) && is(reaps, 20) && is(ticks, 20) && is(departures, 2);
        let came = is(joins, 4) && is(kills, 2);
        let counters = &stats.counters;
        let went = counters.members_dropped >= 40 && counters.evictions >= 20 && counters.refutations >= 2;
        asked && came && went && is(reads, 1000) && is(changes, 100)
    }

    /// Ends it, and returns all lists that were read.
    pub(super) async fn end(self) -> Read {
        drop(self.stop);
        for task in self.tasks {
            within(task).await.expect("what a client saw held together");
        }
        self.crowd.join().expect("the crowd talks until it is stopped");
        let mut all = Read::new();
        for reader in self.readers {
            for (version, list) in reader.join().expect("what was read held together") {
                let same = all.entry(version).or_insert_with(|| list.clone());
                assert!(same.iter().eq(list.iter()), "the list {version} is another for another reader");
            }
        }
        all
    }
}

/// Reads all the time, and returns the lists by their numbers.
#[expect(clippy::disallowed_methods, reason = "a thread of its own that leaves the others some processor time")]
fn read(node: &Swim, stop: &AtomicBool, done: &Done) -> Read {
    let mut all: BTreeMap<u64, Membership> = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        let stats = node.stats();
        let list = node.members();
        let later = node.stats();
        assert!(stats.version <= list.version() && list.version() <= later.version);
        for stats in [stats, later] {
            if stats.version == list.version() {
                agree(&stats, &list);
            }
        }
        assert!(list.iter().map(|member| member.address).is_sorted());
        assert_eq!(list.member(node.local()).unwrap().address, node.local());
        all.entry(list.version()).or_insert(list);
        done.reads.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_micros(50));
    }
    all
}

/// Follows the list as those do who only want the newest.
async fn follow(node: &Swim, stop: &AtomicBool, done: &Done) {
    let mut changes = node.changes();
    let mut before = changes.current().version();
    while !stop.load(Ordering::Relaxed) {
        let list = within(changes.changed()).await.expect("the node runs");
        assert!(list.version() > before, "what was seen does not come again");
        before = list.version();
        done.changes.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks the node for one thing after the other. What it refuses because of what it does already is no mistake.
async fn ask(node: &Swim, client: u64, stop: &AtomicBool, done: &Done) {
    let mut random = Random::new(client);
    while !stop.load(Ordering::Relaxed) {
        let (count, is_done) = match random.below(8) {
            0..2 => {
                let labels = OwnLabels::new([("client", format!("{client}-{}", random.next_u64()))]).unwrap();
                (&done.labels, within(node.set_labels(labels)).await.is_ok())
            }
            2 => (&done.heals, within(node.heal_now()).await.is_ok()),
            3 => (&done.heals, within(node.attempt_heal(anyone(node, &mut random))).await.is_ok()),
            4..6 => (&done.reaps, within(node.reap()).await.is_ok()),
            6 => (&done.ticks, within(node.tick_gossip()).await.is_ok()),
            // One is enough to leave; and it comes back whether or not anybody has heard of it.
            _ if client == 0 => {
                let left = within(node.leave()).await.is_ok();
                (&done.departures, within(node.rejoin()).await.is_ok() && left)
            }
            _ => (&done.reads, node.member(anyone(node, &mut random)).is_some()),
        };
        count.fetch_add(u64::from(is_done), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(u64::from(random.below(20)))).await;
    }
}

fn anyone(node: &Swim, random: &mut Random) -> SocketAddr {
    let reachable = node.reachable();
    reachable[random.below(reachable.len() as u32) as usize]
}

/// Nodes come, change their labels, and leave or die.
async fn come_and_go(hosts: &[SocketAddr], stop: &AtomicBool, done: &Done) {
    let mut round = 0u32;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let node = builder().discovery(FixedHosts::new(hosts.iter().copied())).start().await.unwrap();
        if within(node.joined()).await.is_ok() {
            done.joins.fetch_add(1, Ordering::Relaxed);
        }
        let labels = OwnLabels::new([("round", round.to_string())]).unwrap();
        within(node.set_labels(labels)).await.unwrap();
        if round.is_multiple_of(2) {
            let _ = within(node.leave()).await;
        } else {
            done.kills.fetch_add(1, Ordering::Relaxed);
        }
        within(node.shutdown()).await;
    }
}
