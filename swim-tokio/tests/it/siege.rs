//! Five agents, and one attack after another on three of them. The cluster stays whole, and what an agent takes stays
//! bounded. In full, with the table for docs/SECURITY.md:
//!
//! ```text
//! cargo test --release -p swim-tokio --test it siege -- --ignored --nocapture
//! ```
//! Agents and attackers have loopback addresses of their own, because streams are bounded for each address.

#![expect(clippy::disallowed_methods, reason = "attackers are threads that wait")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use swim_core::UnixMillis;
use tokio::time::Instant;

use crate::forged::{join, noise, ping};
use crate::process::{Agent, Folder};

const AGENTS: u8 = 5;
/// So many of them are attacked.
const TARGETS: usize = 3;
const CLUSTER: &str = "besieged";
/// A list may hold so many; far more are made up.
const MEMBERS_MAX: usize = 500;

/// What an agent may take more than before the first attack, in KiB: for each stream that may be open 32, which is more than
/// a list of so many members, read or written; and as much again for what an allocator keeps.
const MORE_KIB: u64 = 2 * 256 * 32;
/// Streams that are open at once by default, both ways, and a few files.
const MORE_DESCRIPTORS: usize = 2 * 256 + 16;

/// What is done to the `targets` until `over`; returns how often.
struct Attack {
    name: &'static str,
    run: fn(targets: &[SocketAddr], connections: usize, over: &AtomicBool) -> u64,
}

const ATTACKS: [Attack; 8] = [
    Attack { name: "random datagrams, 1400 bytes", run: random_datagrams },
    Attack { name: "random bytes by streams, 4 KiB", run: random_streams },
    Attack { name: "the same good ping again and again", run: same_ping },
    Attack { name: "a member's ping again and again, by a stranger", run: members_ping },
    Attack { name: "streams of a byte a second", run: slow_streams },
    Attack { name: "connections that say nothing", run: silent_connections },
    Attack { name: "joins of made-up members, from one address", run: made_up_joins },
    Attack { name: "joins whose answers are not read", run: unread_joins },
];

#[tokio::test(flavor = "multi_thread")]
async fn five_agents_stand_a_short_siege() {
    siege(Duration::from_secs(2), 600).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes some minutes, and more open files than a test should"]
async fn five_agents_stand_a_siege() {
    siege(Duration::from_secs(30), 10_000).await;
}

async fn siege(span: Duration, connections: usize) {
    let folder = Folder::new();
    let config =
        folder.write("agent.toml", &format!("cluster = '{CLUSTER}'\n[options]\nmembers_max = {MEMBERS_MAX}\n"));
    let mut agents: Vec<Agent> = Vec::new();
    for number in 1..=AGENTS {
        let bind = format!("127.0.0.{number}:0");
        let args = ["--config", &config, "--bind", &bind, "--admin", "127.0.0.1:0"];
        agents.push(match agents.first() {
            None => Agent::start(&args).await,
            Some(first) => Agent::joining(first, &args).await,
        });
    }
    until_whole(&agents).await;
    println!("{} s each, {connections} connections", span.as_secs());
    println!(
        "| attack | done | a second | KiB before | most | after | descriptors before | most | suspect at a look | longest answer |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let first = Use::of(&agents);
    for attack in &ATTACKS {
        besiege(attack, first, &agents, span, connections).await;
    }
}

async fn besiege(attack: &Attack, first: Use, agents: &[Agent], span: Duration, connections: usize) {
    let before = Use::of(agents);
    let over = Arc::new(AtomicBool::new(false));
    let attacker = std::thread::spawn({
        let over = Arc::clone(&over);
        let targets: Vec<_> = agents[..TARGETS].iter().map(|agent| agent.address).collect();
        let run = attack.run;
        move || run(&targets, connections, &over)
    });
    let begin = Instant::now();
    let mut most = before;
    let mut seen = Seen::default();
    while begin.elapsed() < span {
        tokio::time::sleep(Duration::from_millis(100)).await;
        seen.look(agents).await;
        most = most.max(Use::of(agents));
    }
    let lasted = begin.elapsed();
    over.store(true, Ordering::Relaxed);
    let done = tokio::task::spawn_blocking(|| attacker.join().expect("the attack ends")).await.expect("it ends");
    until_whole(agents).await;
    let after = Use::of(agents);
    println!(
        "| {} | {done} | {:.0} | {} | {} | {} | {} | {} | {} of {} | {:.0} ms |",
        attack.name,
        done as f64 / lasted.as_secs_f64(),
        before.kib,
        most.kib,
        after.kib,
        before.descriptors,
        most.descriptors,
        seen.suspect,
        seen.pairs,
        seen.longest.as_secs_f64() * 1e3,
    );
    assert!(done > 0, "{}: nothing was done", attack.name);
    assert_eq!(seen.worse, 0, "{}: agents that live were held dead or not at all", attack.name);
    assert!(most.kib <= first.kib + MORE_KIB, "{}: {} KiB", attack.name, most.kib);
    assert!(seen.listed <= MEMBERS_MAX, "{}: {} members are listed", attack.name, seen.listed);
    assert!(most.descriptors <= first.descriptors + MORE_DESCRIPTORS, "{}: {}", attack.name, most.descriptors);
}

/// What the agent that takes most takes.
#[derive(Clone, Copy)]
struct Use {
    kib: u64,
    descriptors: usize,
}

impl Use {
    fn of(agents: &[Agent]) -> Self {
        let used = |agent: &Agent| {
            let folder = format!("/proc/{}", agent.process.child.id().expect("it runs"));
            let status = std::fs::read_to_string(format!("{folder}/status")).expect("it runs");
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
            let kib = resident.trim().trim_end_matches(" kB").parse().expect("a number");
            Self { kib, descriptors: std::fs::read_dir(format!("{folder}/fd")).expect("it runs").count() }
        };
        agents.iter().map(used).reduce(Self::max).expect("there are some")
    }

    fn max(self, other: Self) -> Self {
        Self { kib: self.kib.max(other.kib), descriptors: self.descriptors.max(other.descriptors) }
    }
}

/// How the agents see one another.
#[derive(Default)]
struct Seen {
    pairs: u32,
    suspect: u32,
    /// Faulty, gone, or not listed.
    worse: u32,
    /// The longest list.
    listed: usize,
    /// How long the slowest took to say so.
    longest: Duration,
}

impl Seen {
    async fn look(&mut self, agents: &[Agent]) {
        for agent in agents {
            let begin = Instant::now();
            let members = agent.get("/v1/members").await.json();
            self.longest = self.longest.max(begin.elapsed());
            let members = members["members"].as_array().expect("a list");
            self.listed = self.listed.max(members.len());
            for other in agents {
                let status = members.iter().find(|member| member["address"] == other.address.to_string());
                self.pairs += 1;
                match status.and_then(|member| member["status"].as_str()) {
                    Some("alive") => {}
                    Some("suspect") => self.suspect += 1,
                    _ => self.worse += 1,
                }
            }
        }
    }
}

async fn until_whole(agents: &[Agent]) {
    let begin = Instant::now();
    loop {
        let mut seen = Seen::default();
        seen.look(agents).await;
        if (seen.suspect, seen.worse) == (0, 0) {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{} suspect, {} worse", seen.suspect, seen.worse);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// An address that no agent has, of as many as an attacker likes.
fn attacker(number: usize) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 66, (number / 250) as u8, (1 + number % 250) as u8), 0))
}

fn datagrams() -> UdpSocket {
    UdpSocket::bind(attacker(0)).expect("loopback has many addresses")
}

/// A stream from `from`, whose connection is not waited for.
fn stream(from: SocketAddr, to: SocketAddr) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket.bind(&from.into()).ok()?;
    socket.set_nonblocking(true).ok()?;
    // It goes on by itself.
    let _ = socket.connect(&to.into());
    Some(socket.into())
}

/// As [`stream`], connected.
fn connected(from: SocketAddr, to: SocketAddr) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket.bind(&from.into()).ok()?;
    socket.connect_timeout(&to.into(), Duration::from_secs(1)).ok()?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    Some(stream)
}

/// Calls `act` with one target after the other.
fn repeat(targets: &[SocketAddr], over: &AtomicBool, mut act: impl FnMut(SocketAddr) -> bool) -> u64 {
    let mut done = 0;
    for &target in targets.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        done += u64::from(act(target));
    }
    done
}

fn random_datagrams(targets: &[SocketAddr], _: usize, over: &AtomicBool) -> u64 {
    let (socket, noise) = (datagrams(), noise(1400, 1));
    repeat(targets, over, |target| socket.send_to(&noise, target).is_ok())
}

fn random_streams(targets: &[SocketAddr], _: usize, over: &AtomicBool) -> u64 {
    let noise = noise(4096, 2);
    repeat(targets, over, |target| {
        connected(attacker(1), target).is_some_and(|mut stream| stream.write_all(&noise).is_ok())
    })
}

fn same_ping(targets: &[SocketAddr], _: usize, over: &AtomicBool) -> u64 {
    let socket = datagrams();
    let ping = ping(CLUSTER, socket.local_addr().expect("it is bound"));
    repeat(targets, over, |target| socket.send_to(&ping, target).is_ok())
}

/// In the name of a member that is attacked, too; whoever is pinged answers that one.
fn members_ping(targets: &[SocketAddr], _: usize, over: &AtomicBool) -> u64 {
    let (socket, ping) = (datagrams(), ping(CLUSTER, targets[TARGETS - 1]));
    repeat(&targets[..TARGETS - 1], over, |target| socket.send_to(&ping, target).is_ok())
}

fn slow_streams(targets: &[SocketAddr], connections: usize, over: &AtomicBool) -> u64 {
    let count = connections.min(1000);
    let mut streams: Vec<Option<TcpStream>> = (0..count).map(|_| None).collect();
    let mut done = 0;
    while !over.load(Ordering::Relaxed) {
        for (number, slot) in streams.iter_mut().enumerate() {
            // Each says that a thousand bytes follow, and sends one of them now and then.
            let lives = slot.as_mut().is_some_and(|stream| stream.write(&[0]).is_ok());
            if !lives {
                *slot = connected(attacker(number), targets[number % TARGETS]);
                if let Some(stream) = slot {
                    done += u64::from(stream.write_all(&1000u32.to_le_bytes()).is_ok());
                }
            }
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    done
}

fn silent_connections(targets: &[SocketAddr], connections: usize, over: &AtomicBool) -> u64 {
    let mut held = Vec::new();
    for number in 0..connections {
        if over.load(Ordering::Relaxed) {
            break;
        }
        // All at the first target, from as many addresses as it takes to get past the bound of each.
        held.extend(stream(attacker(number), targets[0]));
    }
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(100));
    }
    held.len() as u64
}

/// A request to join of a member that there is not, another one each time.
fn made_up_join(number: u64) -> Vec<u8> {
    let made_up = SocketAddr::from((Ipv4Addr::new(127, 77, (number >> 8) as u8, number as u8), 7946));
    // It says that it has been there since 2023.
    join(CLUSTER, made_up, UnixMillis(1_700_000_000_000))
}

fn made_up_joins(targets: &[SocketAddr], _: usize, over: &AtomicBool) -> u64 {
    let mut number = 0;
    repeat(targets, over, |target| {
        number += 1;
        connected(attacker(2), target).is_some_and(|mut stream| {
            // The whole list comes back.
            let asked = stream.write_all(&made_up_join(number)).is_ok();
            asked && stream.read_to_end(&mut Vec::new()).is_ok_and(|len| len > 0)
        })
    })
}

/// Each connection takes hardly a byte at a time, and is given up when a thousand others have come after it.
fn unread_joins(targets: &[SocketAddr], connections: usize, over: &AtomicBool) -> u64 {
    let mut held: Vec<Option<TcpStream>> = (0..connections.min(1000)).map(|_| None).collect();
    let (mut number, places) = (0, held.len());
    repeat(targets, over, |target| {
        let place = number % places;
        number += 1;
        held[place] = connected(attacker(place), target);
        held[place].as_mut().is_some_and(|stream| {
            let _ = SockRef::from(&*stream).set_recv_buffer_size(1);
            stream.write_all(&made_up_join(number as u64)).is_ok()
        })
    })
}
