//! What nodes cost: how soon they know one another, processor time at rest beside a bare loop that sends and answers the
//! same datagrams, datagrams, system calls, memory, and how soon one that is killed is faulty everywhere.
//!
//! `cargo bench -p swim-tokio --bench rest` runs 100 nodes on one thread, each of which probes one other a second, for
//! 20 seconds; `-- NODES SECONDS` other numbers. Linux only: it reads `/proc`. System calls are counted by `strace`, where
//! there is one: of two runs that rest for different times, so that what else they do cancels out.
//!
//! What docs/BENCHMARKS.md wants is wanted here: the exit status is 1 where a figure misses it.

use std::process::{Command, ExitCode};
use std::time::Duration;

use swim_core::{Options, Status, SuspicionTimeout};
use swim_tokio::{FixedHosts, Swim};
use tokio::net::UdpSocket;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let numbers: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let nodes = numbers.first().copied().unwrap_or(100) as usize;
    let time = Duration::from_secs(numbers.get(1).copied().unwrap_or(20));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if arguments.iter().any(|argument| argument == COUNTED) {
        println!("{}", runtime.block_on(counted(nodes, time)));
        return ExitCode::SUCCESS;
    }
    // First, while the process has no memory that it used before; and each alone, since both have the same thread.
    let cost = runtime.block_on(swim(nodes, time));
    let bare = runtime.block_on(bare(nodes, time));
    println!("{nodes} nodes at rest for {time:?}, a probe a second each");
    println!("bare loop             {bare:>8.1} us a node and second");
    println!("swim-tokio            {:>8.1} us a node and second", cost.micros);
    let mut met = vec![
        Wanted { what: "ratio", reached: cost.micros / bare, least: 0.0, most: 2.0 }.is_met(),
        Wanted { what: "datagrams sent by a node in a second", reached: cost.datagrams, least: 1.95, most: 2.2 }
            .is_met(),
        Wanted { what: "s until one is faulty everywhere", reached: cost.faulty, least: 0.0, most: bound(nodes) }
            .is_met(),
    ];
    // Both depend on the number of nodes, and are wanted of a hundred.
    let most = |most: f64| if nodes == 100 { most } else { f64::INFINITY };
    met.push(Wanted { what: "s until all know all", reached: cost.known, least: 0.0, most: most(3.0) }.is_met());
    let memory = format!("KiB a node, its list of {nodes} included");
    met.push(Wanted { what: &memory, reached: cost.kibibytes, least: 0.0, most: most(64.0) }.is_met());
    match calls(nodes) {
        Some(calls) => {
            let what = "system calls for each datagram that is sent or received";
            met.push(Wanted { what, reached: calls, least: 0.0, most: 2.0 }.is_met());
        }
        None => println!("system calls not counted: strace does not run here"),
    }
    if met.iter().all(|met| *met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A figure, and what is wanted of it.
struct Wanted<'a> {
    what: &'a str,
    reached: f64,
    least: f64,
    most: f64,
}

impl Wanted<'_> {
    /// Prints the figure, and tells whether it is as wanted. What is no number is not.
    fn is_met(&self) -> bool {
        let Self { what, reached, least, most } = self;
        let met = (*least..=*most).contains(reached);
        println!("{reached:>8.2}  {} {least} to {most:.2}  {what}", if met { "ok    " } else { "MISSED" });
        met
    }
}

/// What nodes cost.
struct Cost {
    /// From the start of the first until all know all, in seconds.
    known: f64,
    /// Processor time a node and second, at rest.
    micros: f64,
    /// Datagrams that a node sends in a second, at rest.
    datagrams: f64,
    kibibytes: f64,
    /// From the end of one until all others hold it faulty, in seconds.
    faulty: f64,
}

/// Each node pings the next one once a second, and answers who pings it. Returns the processor time a node and second.
async fn bare(nodes: usize, time: Duration) -> f64 {
    let mut sockets = Vec::new();
    for _ in 0..nodes {
        sockets.push(UdpSocket::bind("127.0.0.1:0").await.expect("a socket"));
    }
    let addresses: Vec<_> = sockets.iter().map(|socket| socket.local_addr().expect("an address")).collect();
    for (at, socket) in sockets.into_iter().enumerate() {
        let next = addresses[(at + 1) % nodes];
        tokio::spawn(async move {
            // In bunches, as nodes that were started together: each alone would cost thrice the time, for waking up.
            let start = tokio::time::Instant::now() + Duration::from_millis(50) * at as u32 / nodes as u32;
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
    (processor_micros() - before) / time.as_secs_f64() / nodes as f64
}

const PING: [u8; 46] = [1; 46];
const ACK: [u8; 47] = [2; 47];

/// The nodes' own.
async fn swim(nodes: usize, time: Duration) -> Cost {
    let resident = resident_kibibytes();
    let start = tokio::time::Instant::now();
    let mut running = started(nodes).await;
    let known = start.elapsed().as_secs_f64();
    quiet(&running).await;
    let kibibytes = (resident_kibibytes() - resident) / nodes as f64;
    let (before, sent) = (processor_micros(), datagrams(&running).0);
    tokio::time::sleep(time).await;
    let each_second = 1.0 / time.as_secs_f64() / nodes as f64;
    let micros = (processor_micros() - before) * each_second;
    let datagrams = (datagrams(&running).0 - sent) as f64 * each_second;
    let killed = running.swap_remove(nodes / 2);
    let address = killed.local();
    drop(killed);
    let start = tokio::time::Instant::now();
    let is_faulty = |node: &Swim| node.member(address).is_some_and(|member| member.status == Status::Faulty);
    // Beyond the bound it is missed, however long it takes.
    while !running.iter().all(is_faulty) && start.elapsed().as_secs_f64() <= bound(nodes) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let faulty = start.elapsed().as_secs_f64();
    for node in running {
        node.shutdown().await;
    }
    Cost { known, micros, datagrams, kibibytes, faulty }
}

/// Nodes that all know all.
async fn started(nodes: usize) -> Vec<Swim> {
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
    running
}

/// Until all news has got round.
async fn quiet(running: &[Swim]) {
    while running.iter().any(|node| node.stats().pending_changes > 0) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// How many datagrams all have sent, and have received.
fn datagrams(running: &[Swim]) -> (u64, u64) {
    running.iter().map(|node| node.stats().transport).fold((0, 0), |(sent, received), counters| {
        (sent + counters.datagrams_sent, received + counters.datagrams_received)
    })
}

/// The latest moment, in seconds, at which a killed one is faulty everywhere: two periods until somebody pings it (twice
/// the mean time until a first one among many does), the longest suspicion, and three rounds of gossip for each factor
/// of e among the nodes until all have heard.
fn bound(nodes: usize) -> f64 {
    let options = Options::lan();
    let SuspicionTimeout::Lifeguard { alpha, beta, .. } = options.state_timeouts.suspect else { return f64::NAN };
    let n = nodes as f64;
    3.2 + f64::from(alpha * beta) * n.log10().max(1.0) + 3.0 * n.ln() * 0.2
}

/// Rests for so long, and tells how many datagrams were sent or received in all.
async fn counted(nodes: usize, time: Duration) -> u64 {
    let running = started(nodes).await;
    quiet(&running).await;
    tokio::time::sleep(time).await;
    let (sent, received) = datagrams(&running);
    sent + received
}

/// System calls for each datagram, at rest: what twenty seconds have more than five, of both.
fn calls(nodes: usize) -> Option<f64> {
    let run = |seconds: u64| {
        let file = std::env::temp_dir().join(format!("swim-calls-{}", std::process::id()));
        let mut command = Command::new("strace");
        command.args(["-f", "-c", "-U", "calls,name", "-o"]).arg(&file).arg(std::env::current_exe().ok()?);
        command.args([&nodes.to_string(), &seconds.to_string(), COUNTED]);
        let output = command.output().ok().filter(|output| output.status.success())?;
        let table = std::fs::read_to_string(&file).ok()?;
        let _ = std::fs::remove_file(file);
        let total = table.lines().find(|line| line.trim_end().ends_with("total"))?;
        let calls: f64 = total.split_whitespace().next()?.parse().ok()?;
        let datagrams: f64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
        Some((calls, datagrams))
    };
    let (short, long) = (run(5)?, run(20)?);
    Some((long.0 - short.0) / (long.1 - short.1))
}

/// The argument that asks for nothing but the count of datagrams.
const COUNTED: &str = "--counted";

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
