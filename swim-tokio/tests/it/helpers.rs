//! Starting nodes, and waiting for what must come about.

use std::fmt::Display;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use swim_core::{GossipOptions, JoinOptions, Options, ProtocolPeriod, Status};
use swim_tokio::{Builder, FixedHosts, Swim};

/// Quick periods, so that tests do not take long.
pub(crate) fn options() -> Options {
    let lan = Options::lan();
    Options {
        protocol_period: ProtocolPeriod::Fixed(Duration::from_millis(200)),
        ping_timeout: Duration::from_millis(80),
        ping_request_timeout: Duration::from_millis(100),
        gossip: Some(GossipOptions { interval: Duration::from_millis(40), nodes: 3 }),
        join: JoinOptions {
            timeout: Duration::from_millis(1000),
            delay_min: Duration::from_millis(20),
            delay_max: Duration::from_millis(500),
            settle_after: Some(Duration::from_millis(1500)),
            ..lan.join
        },
        ..lan
    }
}

/// As [`options`], where joining gives up soon.
pub(crate) fn impatient() -> Options {
    let options = options();
    let join =
        JoinOptions { timeout: Duration::from_millis(300), max_duration: Duration::from_millis(900), ..options.join };
    Options { join, ..options }
}

/// Any port of this machine.
pub(crate) fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A place on this machine where nobody listens. Systems give ports from 32768 (Linux) or 49152 on to those that ask for any, so
/// no other test gets this one meanwhile.
pub(crate) fn vacant() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Two runs at once begin at different ports.
        let number = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let place = SocketAddr::from(([127, 0, 0, 1], 20_000 + (number % 10_000) as u16));
        if TcpListener::bind(place).is_ok() && UdpSocket::bind(place).is_ok() {
            return place;
        }
    }
}

/// A node of the cluster `test` somewhere on this machine.
pub(crate) fn builder() -> Builder {
    Swim::builder().bind(anywhere()).cluster("test").options(options())
}

/// A node that has joined `hosts`.
pub(crate) async fn start(hosts: &[&Swim]) -> Swim {
    let hosts = FixedHosts::new(hosts.iter().map(|host| host.local()));
    let node = builder().discovery(hosts).start().await.unwrap();
    within(node.joined()).await.unwrap();
    node
}

/// `n` nodes that know one another.
pub(crate) async fn cluster(n: usize) -> Vec<Swim> {
    let first = builder().start().await.unwrap();
    let mut nodes = vec![first];
    for _ in 1..n {
        let node = start(&[&nodes[0]]).await;
        nodes.push(node);
    }
    for node in &nodes {
        within(node.wait_for(n)).await.unwrap();
    }
    nodes
}

/// What `future` ends with. It has a minute, which only a mistake makes it need.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it came about in a minute")
}

/// Waits until `is_so`.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("in a minute it did not come about that {what}");
}

/// What `node` holds the member at `address` to be.
pub(crate) fn status(node: &Swim, address: SocketAddr) -> Option<Status> {
    node.member(address).map(|member| member.status)
}

/// Tells that this machine does not permit `test`. The macros that print are caught where a test passes, and whoever
/// runs the tests would take it for one that has shown something; this shows.
pub(crate) fn skipped(test: &str, reason: impl Display) {
    let _ = std::io::stderr().write_all(format!("SKIPPED {test}: {reason}\n").as_bytes());
}
