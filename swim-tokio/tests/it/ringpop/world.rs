//! One real node among scripted members.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use swim_tokio::ringpop::Ring;
use swim_tokio::swim_core::{HealOptions, JoinOptions, Options, ProtocolPeriod, StateTimeouts, SuspicionTimeout};
use swim_tokio::{Builder, FixedHosts, StartGossip, Swim};
use tokio::time::Duration;

use super::facts::{INCARNATION, change, checksum};
use super::peer::{Answer, Peer};
use crate::helpers::within;

/// ringpop's settings, healing only when it is asked for and changes of status later than any test lasts.
pub(crate) fn options() -> Options {
    let ringpop = Options::ringpop();
    let long = Duration::from_secs(3600);
    let suspect = SuspicionTimeout::Fixed(long);
    Options {
        state_timeouts: StateTimeouts { suspect, faulty: long, tombstone: long, ..ringpop.state_timeouts },
        heal: HealOptions { period: None, ..ringpop.heal },
        ..ringpop
    }
}

/// As [`options`], with many rounds in little time.
pub(crate) fn quick() -> Options {
    Options { protocol_period: ProtocolPeriod::Adaptive { min: Duration::from_millis(20) }, ..options() }
}

/// As [`options`], where calls have as long as they want.
pub(crate) fn patient() -> Options {
    let options = options();
    let long = Duration::from_secs(600);
    Options {
        ping_timeout: long,
        ping_request_timeout: long,
        full_sync_timeout: long,
        join: JoinOptions { timeout: long, max_duration: long, ..options.join },
        ..options
    }
}

/// A node, the scripted members that it has joined, and somebody who is no member and asks.
pub(crate) struct World {
    pub(crate) node: Swim,
    pub(crate) peers: Vec<Peer>,
    pub(crate) operator: Peer,
}

impl World {
    /// A node that has joined `n` members and pings them.
    pub(crate) async fn of(n: usize, options: Options) -> Self {
        let world = Self::resting(n, options).await;
        world.admin("/admin/gossip/start").await;
        world
    }

    /// A node that has joined `n` members, and says nothing unless it is asked.
    pub(crate) async fn resting(n: usize, options: Options) -> Self {
        let peers = peers(n).await;
        Self::among(peers, options, &[]).await
    }

    /// A node that has joined `peers`, that knows `hosts` beside, and says nothing unless it is asked.
    pub(crate) async fn among(peers: Vec<Peer>, options: Options, hosts: &[SocketAddr]) -> Self {
        let known = peers.iter().map(|peer| peer.address).chain(hosts.iter().copied());
        let node = builder(options, known).gossip(StartGossip::OnCommand).start().await.unwrap();
        within(node.joined()).await.unwrap();
        Self { node, peers, operator: Peer::start().await }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.node.local()
    }

    /// Calls the node as somebody who is no member.
    pub(crate) async fn ask(&self, endpoint: &str, body: &Value) -> Answer {
        self.operator.call(self.address(), endpoint, body).await
    }

    /// What the node answers on an endpoint for operators.
    pub(crate) async fn admin(&self, endpoint: &str) -> Value {
        self.ask(endpoint, &json!({})).await.ok()
    }

    /// The members as the node tells operators.
    pub(crate) async fn members(&self) -> Value {
        self.admin("/admin/stats").await["membership"]["members"].take()
    }

    /// What the node tells operators of a member.
    pub(crate) async fn member(&self, address: SocketAddr) -> Option<Value> {
        super::facts::of(&self.members().await, address).cloned()
    }

    /// Waits until the node holds `address` to be `status`.
    pub(crate) async fn until(&self, address: SocketAddr, status: &str) -> Value {
        let is_so = async {
            loop {
                match self.member(address).await {
                    Some(member) if member["status"] == status => return member,
                    _ => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        within(is_so).await
    }

    /// The node's own incarnation.
    pub(crate) async fn incarnation(&self) -> u64 {
        self.member(self.address()).await.unwrap()["incarnationNumber"].as_u64().unwrap()
    }

    /// The checksum that the node's list has to have.
    pub(crate) async fn checksum(&self) -> u32 {
        checksum(&self.members().await)
    }

    /// A ping by `peer` that brings `changes` and has the node's own checksum, as it was before.
    pub(crate) async fn ping(&self, peer: &Peer, changes: Value) -> Value {
        let sum = self.checksum().await;
        peer.call(self.address(), "/protocol/ping", &peer.ping(changes, sum)).await.ok()
    }

    /// What the node passes on to whoever is no member and pings it.
    pub(crate) async fn pending(&self) -> Value {
        self.ping(&self.operator, json!([])).await["changes"].take()
    }

    /// Pings until the node has nothing left to pass on.
    pub(crate) async fn drain(&self) {
        for _ in 0..200 {
            if self.pending().await == json!([]) {
                return;
            }
        }
        panic!("after 200 answers the node still passes on {}", self.pending().await);
    }
}

/// `n` peers, each of which tells joiners of all of them.
pub(crate) async fn peers(n: usize) -> Vec<Peer> {
    let mut peers = Vec::new();
    for _ in 0..n {
        peers.push(Peer::start().await);
    }
    acquaint(&peers);
    peers
}

/// Has each of `peers` tell joiners of all of them.
pub(crate) fn acquaint(peers: &[Peer]) {
    let list: Value = peers.iter().map(|peer| change(peer.address, "alive", INCARNATION)).collect();
    peers.iter().for_each(|peer| peer.list(list.clone()));
}

/// A node that was not started yet, whose hosts are `hosts` and itself.
pub(crate) fn builder(options: Options, hosts: impl IntoIterator<Item = SocketAddr>) -> Builder {
    let address = free();
    let hosts = FixedHosts::new(hosts.into_iter().chain([address]));
    Swim::builder().ringpop().options(options).bind(address).discovery(hosts).ring(Ring::new())
}

/// An address of this machine that is free, and that the system gives to nobody by itself.
pub(crate) fn free() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id().wrapping_mul(97));
        let address = SocketAddr::from(([127, 0, 0, 1], 20_000 + (n % 12_000) as u16));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
