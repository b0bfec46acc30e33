//! `ringpop-node` as it is run: arguments, how soon it answers, and how it ends.

use std::net::SocketAddr;
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Duration, Instant};

use super::facts::{INCARNATION, change, claim, nowhere, of, owner, points};
use super::peer::{Answer, Peer, Reply};
use super::world::{free, peers};
use crate::helpers::{until, within};
use crate::process::{Folder, Process, finish};

/// The binary, without what the environment of the tests may say to it.
fn ringpop_node() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringpop-node"));
    command.env_remove("RUST_LOG").kill_on_drop(true).stdin(Stdio::null());
    command
}

/// A hosts file's text.
pub(crate) fn hosts(addresses: impl IntoIterator<Item = SocketAddr>) -> String {
    addresses.into_iter().map(|address| address.to_string()).collect::<Value>().to_string()
}

/// Starts a process at `address` with ringpop's arguments, a second for each period but those that are given.
pub(crate) fn start(address: SocketAddr, file: &str, arguments: &[&str]) -> Process {
    let mut command = ringpop_node();
    command.args([format!("--listen={address}"), format!("--hosts={file}")]);
    for (name, value) in
        [("--suspect-period", "5000"), ("--faulty-period", "86400000"), ("--tombstone-period", "60000")]
    {
        if !arguments.iter().any(|argument| argument.starts_with(name)) {
            command.arg(format!("{name}={value}"));
        }
    }
    Process::start(command.args(arguments))
}

/// What the process at `address` tells operators, as soon as it does.
pub(crate) async fn stats(operator: &Peer, address: SocketAddr) -> Value {
    let ask = async {
        loop {
            if TcpStream::connect(address).await.is_ok()
                && let Answer::Ok(stats) = operator.call(address, "/admin/stats", &json!({})).await
            {
                return stats;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(ask).await
}

/// A process that has joined some peers.
struct Program {
    process: Process,
    address: SocketAddr,
    peers: Vec<Peer>,
    operator: Peer,
    folder: Folder,
}

impl Program {
    async fn among(n: usize, arguments: &[&str]) -> Self {
        let (peers, folder, address) = (peers(n).await, Folder::new(), free());
        let all = peers.iter().map(|peer| peer.address).chain([address]);
        let process = start(address, &folder.write("hosts.json", &hosts(all)), arguments);
        let program = Self { process, address, peers, operator: Peer::start().await, folder };
        program.until("it has joined", |stats| stats["membership"]["members"].as_array().unwrap().len() > n).await;
        program
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..3000 {
            let stats = stats(&self.operator, self.address).await;
            if is_so(&stats) {
                return stats;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("in a minute it did not come about that {what}");
    }

    /// Ends it as its operator does. The status that it ends with.
    async fn terminate(&mut self) -> Option<i32> {
        self.process.signal(Signal::SIGTERM);
        self.process.end().await.code()
    }
}

/// Whether `stats` tell of a member in this status.
fn is(stats: &Value, address: SocketAddr, status: &str) -> bool {
    of(&stats["membership"]["members"], address).is_some_and(|member| member["status"] == status)
}

#[tokio::test]
async fn a_process_answers_operators_soon_and_tells_who_it_is() {
    let mut program = Program::among(2, &[]).await;
    let stats = stats(&program.operator, program.address).await;
    assert_eq!(stats["process"]["pid"], json!(program.process.child.id().unwrap()));
    assert!(stats["process"]["memory"]["rss"].as_u64().unwrap() > 100_000);
    let heard = program.peers[0].hears("/protocol/ping", |_| true).await;
    assert_eq!(heard.body["source"], program.address.to_string());
    assert_eq!(program.peers[0].heard("/protocol/join")[0].body["app"], "ringpop");
    assert_eq!(program.terminate().await, Some(0));
}

#[tokio::test]
async fn sigterm_makes_it_evict_itself_and_end_with_0() {
    let mut program = Program::among(5, &[]).await;
    let before = of(&stats(&program.operator, program.address).await["membership"]["members"], program.address)
        .unwrap()["incarnationNumber"]
        .as_u64()
        .unwrap();
    assert_eq!(program.terminate().await, Some(0));
    let mut told = 0;
    for peer in &program.peers {
        let heard = peer.heard("/protocol/ping");
        let evicted = heard.iter().filter_map(|heard| of(&heard.body["changes"], program.address));
        let evicted: Vec<_> = evicted.filter(|change| change["status"] == "faulty").collect();
        for change in &evicted {
            assert!(change["incarnationNumber"].as_u64().unwrap() > before, "in a new incarnation: {change}");
            assert_eq!(change["source"], program.address.to_string());
            assert_eq!(change.get("tombstone"), None);
        }
        told += usize::from(!evicted.is_empty());
    }
    assert_eq!(told, 2, "two fifths of five members are told");
}

#[tokio::test]
async fn sigterm_ends_a_process_that_is_still_joining_or_whose_members_are_silent() {
    let (silent, folder, address) = (Peer::start().await, Folder::new(), free());
    silent.reply("/protocol/join", Reply::Silence);
    let mut process = start(address, &folder.write("hosts.json", &hosts([silent.address, address])), &[]);
    silent.hears("/protocol/join", |_| true).await;
    process.signal(Signal::SIGTERM);
    assert_eq!(process.end().await.code(), Some(0));
    let mut program = Program::among(3, &[]).await;
    program.peers.iter().for_each(|peer| peer.script(|_| Reply::Silence));
    assert_eq!(program.terminate().await, Some(0));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn sigterm_ends_a_process_that_looks_up_a_name_that_hangs() {
    use crate::names::{WITH_RESOLVER, inside, permitted};
    let (folder, address) = (Folder::new(), free());
    let resolver = folder.hang("resolver");
    let with = [(WITH_RESOLVER, &*resolver.0)];
    let Some(unshare) = permitted(&with).await else {
        return crate::helpers::skipped("a name that hangs", "mount namespaces are not permitted here");
    };
    let file = folder.write("hosts.json", &json!([address.to_string(), "ringpop.test:3000"]).to_string());
    let mut command = inside(unshare, &with);
    command.arg(env!("CARGO_BIN_EXE_ringpop-node")).kill_on_drop(true).stdin(Stdio::null());
    let mut process = Process::start(command.args([format!("--listen={address}"), format!("--hosts={file}")]));
    let _settings = resolver.is_read().await;
    process.signal(Signal::SIGTERM);
    assert_eq!(process.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_a_process_at_once() {
    let mut program = Program::among(3, &[]).await;
    program.peers.iter().for_each(|peer| peer.script(|_| Reply::Silence));
    program.process.signal(Signal::SIGTERM);
    // Whom it tells that it is gone does not answer.
    until("someone was told", || {
        let mut heard = program.peers.iter().flat_map(|peer| peer.heard("/protocol/ping"));
        heard
            .any(|heard| of(&heard.body["changes"], program.address).is_some_and(|change| change["status"] == "faulty"))
    })
    .await;
    let asked = Instant::now();
    program.process.signal(Signal::SIGINT);
    assert_eq!(program.process.end().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(1), "pings are waited for 1.5 seconds: {:?}", asked.elapsed());
}

#[tokio::test]
async fn the_periods_are_those_of_the_arguments() {
    let periods = ["--suspect-period=300", "--faulty-period=300", "--tombstone-period=300"];
    let program = Program::among(1, &periods).await;
    let peer = &program.peers[0];
    let claims = json!([claim(peer.address, nowhere(1), "suspect", 5)]);
    peer.call(program.address, "/protocol/ping", &peer.ping(claims, 0)).await.ok();
    program.until("the suspect is faulty", |stats| is(stats, nowhere(1), "faulty")).await;
    let is_told = |stats: &Value| of(&stats["membership"]["members"], nowhere(1)).is_some();
    program.until("it is forgotten", |stats| !is_told(stats)).await;
}

#[tokio::test]
async fn the_identity_is_a_label_and_the_name_of_its_points() {
    let program = Program::among(1, &["--identity=me"]).await;
    let stats = stats(&program.operator, program.address).await;
    let own = of(&stats["membership"]["members"], program.address).unwrap();
    assert_eq!(own["labels"], json!({ "__identity": "me" }));
    let peer = program.peers[0].address;
    let ring = points(&[(program.address, "me#".into()), (peer, peer.to_string())]);
    for n in 0..100 {
        let key = format!("me#{n}");
        let dest = program.operator.call(program.address, "/admin/lookup", &json!({ "key": key })).await.ok();
        assert_eq!(dest, json!({ "dest": owner(&ring, &key).to_string() }));
    }
    let heard =
        program.peers[0].hears("/protocol/ping", |heard| of(&heard.body["changes"], program.address).is_some()).await;
    assert_eq!(of(&heard.body["changes"], program.address).unwrap()["labels"], json!({ "__identity": "me" }));
}

#[tokio::test]
async fn the_hosts_file_is_read_again_at_every_heal() {
    let program = Program::among(1, &[]).await;
    let newcomer = Peer::start().await;
    newcomer.list(json!([change(newcomer.address, "alive", INCARNATION)]));
    let heal = async || program.operator.call(program.address, "/admin/healpartition/disco", &json!({})).await;
    assert_eq!(heal().await.ok()["targets"], json!([]));
    program.folder.write("hosts.json", &hosts([program.address, program.peers[0].address, newcomer.address]));
    assert_eq!(heal().await.ok()["targets"], json!([newcomer.address.to_string()]));
    program.until("it is a member", |stats| is(stats, newcomer.address, "alive")).await;
}

#[tokio::test]
async fn a_process_alone_is_a_cluster_of_one() {
    let mut program = Program::among(0, &[]).await;
    let stats =
        program.until("it owns the ring", |stats| stats["ring"]["servers"].as_array().unwrap().len() == 1).await;
    assert_eq!(stats["membership"]["members"].as_array().unwrap().len(), 1);
    assert_eq!(program.terminate().await, Some(0));
}

#[tokio::test]
async fn mistakes_are_told_on_stderr_and_end_with_another_status() {
    let folder = Folder::new();
    let file = folder.write("hosts.json", "[\"127.0.0.1:1\"]");
    let broken = folder.write("broken.json", "[127.0.0.1");
    let (listen, good) = (format!("--listen={}", free()), format!("--hosts={file}"));
    for arguments in [
        vec![good.as_str()],
        vec![listen.as_str()],
        vec![listen.as_str(), "--hosts=/nowhere/hosts.json"],
        vec![listen.as_str(), &format!("--hosts={broken}")],
        vec!["--listen=nowhere", good.as_str()],
        vec![listen.as_str(), good.as_str(), "--suspect-period=soon"],
        vec![listen.as_str(), good.as_str(), "--no-such-option"],
    ] {
        let ended = finish(ringpop_node().args(&arguments)).await;
        assert!(ended.status.is_some_and(|status| status != 0), "{arguments:?}: {ended:?}");
        assert!(!ended.err.is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
async fn two_processes_and_a_scripted_member_agree() {
    let (peer, folder) = (Peer::start().await, Folder::new());
    let addresses = [free(), free()];
    let file = folder.write("hosts.json", &hosts(addresses.into_iter().chain([peer.address])));
    let processes = addresses.map(|address| start(address, &file, &[]));
    let operator = Peer::start().await;
    for _ in 0..3000 {
        let sums = [stats(&operator, addresses[0]).await, stats(&operator, addresses[1]).await];
        let sums = sums
            .map(|stats| (stats["membership"]["checksum"].clone(), stats["ring"]["servers"].as_array().unwrap().len()));
        if sums[0] == sums[1] && sums[0].1 == 3 {
            until("both ping", || {
                addresses.iter().all(|address| {
                    peer.heard("/protocol/ping").iter().any(|heard| heard.body["source"] == address.to_string())
                })
            })
            .await;
            drop(processes);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("in a minute they did not agree");
}
