//! What all connections of a node may hold together.

use std::net::{Ipv4Addr, SocketAddr};

use swim_tokio::swim_core::Options;
use swim_tokio::{StartError, StreamLimits, Swim};
use tokio::time::{Duration, Instant};

use super::peer::Reply;
use super::raw::Raw;
use super::tchannel::{self, CALL_RES, ERROR, Frame, Sum};
use super::world::{World, quick};
use crate::helpers::within;

/// The first frame of a call with so long a body, more of which never comes.
fn begun(bytes: usize) -> Vec<u8> {
    let mut frame = tchannel::request(7, "json", "/protocol/ping", &vec![b' '; bytes], Sum::None).remove(0);
    frame.payload[0] = 1;
    // It would be waited for a minute.
    frame.payload[1..5].copy_from_slice(&60_000_u32.to_be_bytes());
    frame.bytes()
}

/// What comes of a question of an operator.
async fn ask(raw: &mut Raw, id: u32) -> Frame {
    raw.send(&tchannel::request(id, "json", "/admin/stats", b"{}", Sum::None)[0].bytes()).await;
    loop {
        let frame = raw.frame().await.expect("the connection is kept");
        if frame.id == id {
            return frame;
        }
    }
}

#[tokio::test]
async fn where_calls_that_never_end_take_all_room_others_are_told_so_and_are_served_again_after_ten_seconds() {
    let total = 64 << 10;
    let limits = StreamLimits { total_bytes: total, message_bytes: 40 << 10, ..StreamLimits::default() };
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let node = within(Swim::builder().ringpop().stream_limits(limits).bind(anywhere).start()).await.unwrap();
    within(node.joined()).await.unwrap();
    let mut honest = Raw::open(node.local()).await;
    assert_eq!(ask(&mut honest, 1).await.kind, CALL_RES);
    let mut hogs = Vec::new();
    // What is left is too little for an answer.
    for bytes in [30_000, 30_000, 5_000] {
        let hog = Raw::open(node.local()).await;
        hog.send(&begun(bytes)).await;
        hogs.push(hog);
    }
    let begun = Instant::now();
    let mut id = 1;
    let refused = loop {
        id += 1;
        let frame = ask(&mut honest, id).await;
        if frame.kind == ERROR || begun.elapsed() > Duration::from_secs(5) {
            break frame;
        }
    };
    assert_eq!((refused.kind, refused.payload[0]), (ERROR, 3), "busy");
    while ask(&mut honest, id).await.kind != CALL_RES {
        assert!(begun.elapsed() < Duration::from_secs(30), "the hogs are let go");
        id += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(begun.elapsed() >= Duration::from_secs(9), "they had their time: {:?}", begun.elapsed());
}

#[tokio::test]
async fn who_does_not_say_who_it_is_is_cut_off_after_five_seconds() {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let node = within(Swim::builder().ringpop().bind(anywhere).start()).await.unwrap();
    let begun = Instant::now();
    let mut silent = Raw::connect(node.local()).await;
    assert_eq!(silent.bytes().await, b"");
    assert!(begun.elapsed() >= Duration::from_millis(4_900), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_connection_on_which_nothing_comes_is_taken_for_dead_after_ten_seconds_of_unanswered_calls() {
    let world = World::of(1, Options { ping_timeout: Duration::from_millis(300), ..quick() }).await;
    let peer = &world.peers[0];
    peer.hears("/protocol/ping", |_| true).await;
    let begun = Instant::now();
    peer.reply("/protocol/ping", Reply::Silence);
    peer.hears("/protocol/ping", |heard| heard.line == 1).await;
    assert!(begun.elapsed() >= Duration::from_millis(9_500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn options_that_the_wire_cannot_carry_are_refused() {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let start = Swim::builder().ringpop().options(Options::lan()).bind(anywhere).start();
    let error = within(start).await.unwrap_err();
    assert!(matches!(error, StartError::NotRingpop), "{error:?}");
    assert!(error.to_string().contains("Options::ringpop()"));
}

#[tokio::test]
async fn one_machine_has_so_many_connections_and_no_more() {
    let limits = StreamLimits { incoming_per_peer: 3, ..StreamLimits::default() };
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let node = within(Swim::builder().ringpop().stream_limits(limits).bind(anywhere).start()).await.unwrap();
    let mut kept = Vec::new();
    for _ in 0..3 {
        kept.push(Raw::open(node.local()).await);
    }
    let mut turned_away = Raw::connect(node.local()).await;
    assert_eq!(turned_away.bytes().await, b"");
    assert_eq!(node.stats().transport.streams_turned_away, 1);
    drop(kept.pop());
    // The node notices it as soon as it reads.
    let begun = Instant::now();
    loop {
        let mut next = Raw::connect(node.local()).await;
        next.send(&Frame::init(tchannel::INIT_REQ, 1, "127.0.0.1:9").bytes()).await;
        if next.frame().await.is_some() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "its place is free again");
    }
}
