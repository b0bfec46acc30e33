//! What nodes at rest cost: processor time beside a bare loop that sends and answers the same datagrams, and memory.
//!
//! `cargo bench -p swim-tokio --bench rest` runs 200 nodes on one thread, each of which probes one other a second, for
//! 20 seconds; `-- NODES SECONDS` other numbers. Linux only: it reads `/proc`.

use std::time::Duration;

use swim_core::Options;
use swim_tokio::{FixedHosts, Swim};
use tokio::net::UdpSocket;

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let nodes = numbers.first().copied().unwrap_or(200) as usize;
    let time = Duration::from_secs(numbers.get(1).copied().unwrap_or(20));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bare = runtime.block_on(bare(nodes, time));
    let node = runtime.block_on(swim(nodes, time));
    println!("{nodes} nodes at rest for {time:?}, a probe a second each");
    println!("bare loop   {:>8.1} us a node and second", bare.micros);
    println!("swim-tokio  {:>8.1} us a node and second", node.micros);
    println!("ratio       {:>8.2}", node.micros / bare.micros);
    println!("memory      {:>8.1} KiB a node, its list of {nodes} included", node.kibibytes);
}

struct Cost {
    micros: f64,
    kibibytes: f64,
}

/// Each node pings the next one once a second, and answers who pings it.
async fn bare(nodes: usize, time: Duration) -> Cost {
    let mut sockets = Vec::new();
    for _ in 0..nodes {
        sockets.push(UdpSocket::bind("127.0.0.1:0").await.expect("a socket"));
    }
    let addresses: Vec<_> = sockets.iter().map(|socket| socket.local_addr().expect("an address")).collect();
    for (at, socket) in sockets.into_iter().enumerate() {
        let next = addresses[(at + 1) % nodes];
        tokio::spawn(async move {
            let start = tokio::time::Instant::now() + Duration::from_secs(1) * at as u32 / nodes as u32;
            let mut period = tokio::time::interval_at(start, Duration::from_secs(1));
            let mut buffer = [0; 1500];
            loop {
                tokio::select! {
                    _ = period.tick() => drop(socket.send_to(&PING, next).await),
                    received = socket.recv_from(&mut buffer) => {
                        if let Ok((len, from)) = received && buffer[..len] == PING {
                            let _ = socket.send_to(&ACK, from).await;
                        }
                    }
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = processor_micros();
    tokio::time::sleep(time).await;
    Cost { micros: (processor_micros() - before) / time.as_secs_f64() / nodes as f64, kibibytes: 0.0 }
}

const PING: [u8; 46] = [1; 46];
const ACK: [u8; 47] = [2; 47];

/// The nodes' own.
async fn swim(nodes: usize, time: Duration) -> Cost {
    let resident = resident_kibibytes();
    let mut running: Vec<Swim> = Vec::new();
    for _ in 0..nodes {
        let mut builder = Swim::builder().bind(([127, 0, 0, 1], 0).into()).options(Options::lan());
        if let Some(first) = running.first() {
            builder = builder.discovery(FixedHosts::new([first.local()]));
        }
        running.push(builder.start().await.expect("a node"));
    }
    for node in &running {
        node.wait_for(nodes).await.expect("all are there");
    }
    // Until all news has got round.
    while running.iter().any(|node| node.stats().pending_changes > 0) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let kibibytes = (resident_kibibytes() - resident) / nodes as f64;
    let before = processor_micros();
    tokio::time::sleep(time).await;
    Cost { micros: (processor_micros() - before) / time.as_secs_f64() / nodes as f64, kibibytes }
}

/// What the main thread, which is the only one, has run so far.
fn processor_micros() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux counts it");
    let nanos: f64 = text.split_whitespace().next().and_then(|first| first.parse().ok()).expect("a number");
    nanos / 1000.0
}

fn resident_kibibytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux counts it");
    let pages: f64 = text.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4.0
}
