//! Whatever comes to the ports: it is counted, bounded, and changes nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use swim_core::{ChangeList, ClusterId, Kind, Options, OwnLabels, RefusedReason, UnixMillis, wire};
use swim_tokio::{StreamLimits, Swim};

use crate::forged::{envelope, join, noise, ping};
use crate::helpers::{builder, cluster, options, start, until, within};

/// Closes a stream's exchange after some two seconds.
fn short() -> Options {
    let join = swim_core::JoinOptions { timeout: Duration::from_millis(500), ..options().join };
    let heal = swim_core::HealOptions { timeout: Duration::from_millis(500), ..options().heal };
    Options { full_sync_timeout: Duration::from_millis(500), join, heal, ..options() }
}

async fn with_limits(limits: StreamLimits) -> Swim {
    let node = builder().options(short()).stream_limits(limits).start().await.unwrap();
    within(node.joined()).await.unwrap();
    node
}

fn udp() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

#[tokio::test]
async fn random_bytes_are_counted_and_change_nothing() {
    let nodes = cluster(2).await;
    until("both lists are equal", || nodes[0].checksum() == nodes[1].checksum()).await;
    let before = nodes[0].members();
    let socket = udp();
    for len in [0, 1, 5, 12, 13, 30, 200, 1400, 9000, 60_000] {
        socket.send_to(&noise(len, len as u64), nodes[0].local()).unwrap();
    }
    for len in [3, 4, 40, 5000] {
        let mut stream = TcpStream::connect(nodes[0].local()).unwrap();
        stream.write_all(&noise(len, len as u64)).unwrap();
    }
    until("all were counted", || {
        let transport = nodes[0].stats().transport;
        transport.malformed >= 10 && transport.malformed + transport.streams_cut >= 14
    })
    .await;
    let after = nodes[0].members();
    assert!(before.iter().eq(after.iter()));
    until("it is well", || nodes[0].reachable().len() == 2).await;
}

#[tokio::test]
async fn a_good_ping_is_answered_so_that_the_bad_ones_are_bad_for_what_they_are() {
    let node = builder().start().await.unwrap();
    within(node.joined()).await.unwrap();
    let socket = udp();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let sender = socket.local_addr().unwrap();
    socket.send_to(&ping("test", sender), node.local()).unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        let mut buffer = [0; 2000];
        socket.recv(&mut buffer).map(|len| buffer[..len].to_vec())
    });
    let answer = within(answer).await.unwrap().expect("the ping is answered");
    assert_eq!(answer[..12], envelope(node.local()));
}

#[tokio::test]
async fn another_clusters_datagrams_are_counted_and_change_nothing() {
    let node = builder().start().await.unwrap();
    within(node.joined()).await.unwrap();
    let socket = udp();
    let sender = socket.local_addr().unwrap();
    socket.send_to(&ping("other", sender), node.local()).unwrap();
    until("it was counted", || node.stats().transport.other_cluster == 1).await;
    assert_eq!(node.stats().counters.pings_received, 0);
    assert_eq!(node.members().len(), 1);
}

#[tokio::test]
async fn a_stream_that_never_ends_is_cut() {
    let node = with_limits(StreamLimits::default()).await;
    let mut silent = TcpStream::connect(node.local()).unwrap();
    let mut slow = TcpStream::connect(node.local()).unwrap();
    slow.write_all(&1000u32.to_le_bytes()).unwrap();
    until("both were cut", || node.stats().transport.streams_cut == 2).await;
    let closed = tokio::task::spawn_blocking(move || {
        // A byte a time keeps no stream open.
        let _ = slow.write_all(&[0]);
        (silent.read(&mut [0; 8]).unwrap_or(0), slow.read(&mut [0; 8]).unwrap_or(0))
    });
    assert_eq!(within(closed).await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_claim_of_a_long_message_takes_nothing_and_is_refused_above_the_limit() {
    let node = with_limits(StreamLimits { message_bytes: 1000, ..StreamLimits::default() }).await;
    let mut long = TcpStream::connect(node.local()).unwrap();
    long.write_all(&1001u32.to_le_bytes()).unwrap();
    until("it was cut", || node.stats().transport.streams_cut == 1).await;
}

#[tokio::test]
async fn messages_that_are_too_much_together_are_cut() {
    let limits = StreamLimits { total_bytes: 40_000, ..StreamLimits::default() };
    let node = builder().stream_limits(limits).start().await.unwrap();
    within(node.joined()).await.unwrap();
    // Each waits for the rest of its first 16 KiB, which are taken from the total: the third finds too little.
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(node.local()).unwrap();
        stream.write_all(&20_000u32.to_le_bytes()).unwrap();
        streams.push(stream);
    }
    until("one was cut", || node.stats().transport.streams_cut > 0).await;
    assert_eq!(node.stats().transport.streams_cut, 1, "the others have their time");
    drop(streams);
}

#[tokio::test]
async fn an_answer_that_has_no_room_beside_the_others_says_that_the_node_is_busy() {
    for (total_bytes, busy) in [(64 << 10, false), (400, true)] {
        let limits = StreamLimits { total_bytes, ..StreamLimits::default() };
        let labels = OwnLabels::new(["a", "b", "c", "d", "e"].map(|key| (key, "x".repeat(100)))).unwrap();
        let node = builder().stream_limits(limits).labels(labels).start().await.unwrap();
        within(node.joined()).await.unwrap();
        let mut stream = TcpStream::connect(node.local()).unwrap();
        stream.write_all(&join("test", "127.0.0.1:9".parse().unwrap(), UnixMillis(1_700_000_000_000))).unwrap();
        let answer = tokio::task::spawn_blocking(move || {
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).map(|_| answer)
        });
        let answer = within(answer).await.unwrap().unwrap();
        let (len, rest) = answer.split_first_chunk().unwrap();
        assert_eq!(u32::from_le_bytes(*len) as usize, rest.len());
        let frame = &rest[envelope(node.local()).len()..];
        let mut list = ChangeList::<SocketAddr>::new();
        let limits = wire::Limits::stream(10);
        let message = wire::decode(ClusterId::from_name("test"), limits, frame, &mut list).unwrap();
        let refused = matches!(message.kind, Kind::Refused { reason: RefusedReason::Busy });
        assert_eq!((refused, rest.len() > 500), (busy, !busy), "{:?}", message.kind);
    }
}

#[tokio::test]
async fn one_peer_cannot_take_all_streams() {
    let node = with_limits(StreamLimits { incoming_per_peer: 3, ..StreamLimits::default() }).await;
    let held: Vec<_> = (0..5).map(|_| TcpStream::connect(node.local()).unwrap()).collect();
    until("two were turned away", || node.stats().transport.streams_turned_away >= 2).await;
    drop(held);
    // Once they are gone, others have their turn.
    let second = start(&[&node]).await;
    within(node.wait_for(2)).await.unwrap();
    drop(second);
}

#[tokio::test]
async fn streams_beyond_the_limit_wait_for_their_turn() {
    let node = with_limits(StreamLimits { incoming: 2, ..StreamLimits::default() }).await;
    let held: Vec<_> = (0..2).map(|_| TcpStream::connect(node.local()).unwrap()).collect();
    let second = start(&[&node]).await;
    // The two are cut in time, and then the join is answered.
    within(node.wait_for(2)).await.unwrap();
    let transport = node.stats().transport;
    assert!(transport.streams_cut >= 1);
    assert_eq!(transport.streams_turned_away, 0, "whoever waits is not turned away");
    drop((held, second));
}

#[tokio::test]
async fn a_flood_does_not_keep_a_node_from_its_work() {
    let nodes = cluster(2).await;
    let target = nodes[0].local();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flood = std::thread::spawn({
        let stop = std::sync::Arc::clone(&stop);
        move || {
            let socket = udp();
            let noise = noise(200, 7);
            // Bounded in number, and gone with the test.
            for _ in 0..200_000 {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                let _ = socket.send_to(&noise, target);
            }
        }
    });
    let acks = nodes[0].stats().counters.acks_received;
    until("it still probes", || nodes[0].stats().counters.acks_received > acks + 5).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    flood.join().unwrap();
    until("both are well", || nodes.iter().all(|node| node.reachable().len() == 2)).await;
}
