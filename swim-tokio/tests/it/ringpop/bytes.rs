//! What is no TChannel, or TChannel that is wrong: the protocol's error where it has one, an end of the connection where
//! nothing more can be understood, and nothing lost for anybody else.

use serde_json::{Value, json};
use tokio::time::Duration;

use super::facts::INCARNATION;
use super::peer::{Answer, Reply};
use super::raw::Raw;
use super::tchannel::{
    self, CALL_REQ, CALL_REQ_CONTINUE, CALL_RES, CALL_RES_CONTINUE, ERROR, Frame, INIT_REQ, INIT_RES, Sum,
};
use super::world::{World, options};
use crate::helpers::until;

/// The frame of a whole call.
fn call(id: u32, sum: Sum) -> Frame {
    tchannel::request(id, "json", "/admin/stats", b"{}", sum).remove(0)
}

/// A world, and a connection that has nothing to do with what happens on others.
async fn world() -> (World, Raw) {
    let world = World::resting(1, options()).await;
    let bystander = Raw::open(world.address()).await;
    (world, bystander)
}

/// That `bystander`, new connections and the members are served as ever.
async fn all_is_well(world: &World, mut bystander: Raw) {
    assert!(bystander.call("/admin/stats").await["membership"].is_object());
    assert!(Raw::open(world.address()).await.call("/admin/stats").await["membership"].is_object());
    let peer = &world.peers[0];
    assert_eq!(world.ping(peer, json!([])).await["source"], world.address().to_string());
    assert!(matches!(peer.call_back("/admin/stats", &json!({})).await, Answer::Ok(_)));
}

#[tokio::test]
async fn bytes_that_cannot_be_understood_end_the_connection() {
    let (world, bystander) = world().await;
    let init = Frame::init(INIT_REQ, 1, "127.0.0.1:9");
    let later = |payload: &[u8]| Frame::new(CALL_REQ, 2, payload.to_vec()).bytes();
    let http = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
    let before_init = [
        ("http", http),
        ("a size below the header's", init.sized(15)),
        ("a size of nothing", init.sized(0)),
        ("an empty init", Frame::new(INIT_REQ, 1, Vec::new()).bytes()),
        ("an init whose headers are cut", Frame::new(INIT_REQ, 1, init.payload[..20].to_vec()).bytes()),
        ("an init of more headers than there are", Frame::new(INIT_REQ, 1, vec![0, 2, 255, 255]).bytes()),
        ("a call before init", call(1, Sum::None).bytes()),
        ("an answer before init", Frame::new(CALL_RES, 1, vec![0; 40]).bytes()),
        ("an unknown type before init", Frame::new(0x77, 1, Vec::new()).bytes()),
        ("random bytes", (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
    ];
    for (name, bytes) in before_init {
        let mut raw = Raw::connect(world.address()).await;
        raw.send(&bytes).await;
        // Whoever only waits for more is let wait; whoever has no more is not.
        raw.finish().await;
        let answered = raw.bytes().await;
        assert!(answered.is_empty() || answered[2] == ERROR, "{name}: {answered:x?}");
    }
    let after_init = [
        ("a size below the header's", Frame::new(CALL_REQ, 2, Vec::new()).sized(8)),
        ("a call without a payload", later(&[])),
        ("a call that ends in its tracing", later(&[0; 20])),
        ("a service that is longer than the frame", later(&[[0; 30].as_slice(), &[255, b'r']].concat())),
        (
            "an argument that is longer than the frame",
            later(&[[0; 30].as_slice(), &[1, b'r', 0, 0, 255, 255]].concat()),
        ),
    ];
    for (name, bytes) in after_init {
        let mut raw = Raw::open(world.address()).await;
        raw.send(&bytes).await;
        raw.finish().await;
        let answered = raw.closed().await;
        assert!(answered.iter().all(|frame| frame.kind == ERROR), "{name}: {answered:x?}");
    }
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn what_makes_no_sense_before_init_ends_the_connection_without_waiting_for_more() {
    let (world, bystander) = world().await;
    for frame in [call(1, Sum::None), Frame::new(CALL_RES, 1, vec![0; 40]), Frame::init(INIT_RES, 1, "127.0.0.1:9")] {
        let mut raw = Raw::connect(world.address()).await;
        raw.send(&frame.bytes()).await;
        let answered = raw.closed().await;
        assert!(answered.iter().all(|frame| frame.kind == ERROR), "{frame:x?}: {answered:x?}");
    }
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn sizes_below_the_headers_end_the_connection_without_waiting_for_more() {
    let (world, bystander) = world().await;
    for size in [0, 1, 15] {
        let mut raw = Raw::open(world.address()).await;
        raw.send(&call(2, Sum::None).sized(size)).await;
        let answered = raw.closed().await;
        assert!(answered.iter().all(|frame| frame.kind == ERROR), "{answered:x?}");
    }
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn an_init_of_another_version_is_refused() {
    let (world, bystander) = world().await;
    let mut init = Frame::init(INIT_REQ, 1, "127.0.0.1:9");
    init.payload[1] = 1;
    let mut raw = Raw::connect(world.address()).await;
    raw.send(&init.bytes()).await;
    let answered = raw.closed().await;
    assert!(answered.iter().all(|frame| frame.kind == ERROR), "{answered:x?}");
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn a_wrong_checksum_is_rejected() {
    let (world, bystander) = world().await;
    let mut raw = Raw::open(world.address()).await;
    raw.send(&call(7, Sum::Wrong).bytes()).await;
    // An error or the end of the connection; this side says no end, so that an answer would be seen.
    let answered = raw.frame().await;
    assert!(answered.as_ref().is_none_or(|frame| frame.kind == ERROR), "no call is answered well: {answered:x?}");
    let mut raw = Raw::open(world.address()).await;
    raw.send(&call(7, Sum::Crc32).bytes()).await;
    assert_eq!(raw.frame().await.unwrap().kind, CALL_RES, "and the right one is taken");
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn an_answer_with_a_wrong_checksum_or_of_no_sense_is_no_answer() {
    for wrong in [Wrong::Checksum, Wrong::Bytes] {
        let world = World::resting(3, options()).await;
        let reply = match wrong {
            Wrong::Checksum => Reply::Corrupt(world.peers[0].ack(json!([]), &json!(0))),
            Wrong::Bytes => Reply::Raw(vec![0, 3, 255, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
        };
        world.peers[0].reply("/protocol/ping", reply);
        world.admin("/admin/gossip/start").await;
        let target = world.peers[0].address.to_string();
        let asked = || {
            let reqs = world.peers.iter().flat_map(|peer| peer.heard("/protocol/ping-req"));
            reqs.into_iter().any(|heard| heard.body["target"] == target)
        };
        until(&format!("somebody is asked to ping it: {wrong:?}"), asked).await;
    }
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    Checksum,
    Bytes,
}

#[tokio::test]
async fn json_that_is_none_or_of_another_shape_is_an_error_of_that_call_alone() {
    let (world, bystander) = world().await;
    let line = world.operator.line_to(world.address()).await;
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let negative =
        json!({ "changes": [], "checksum": -1, "source": "127.0.0.1:9", "sourceIncarnationNumber": -1 }).to_string();
    let bodies = [
        "",
        "{",
        "nothing",
        "[]",
        "7",
        "\"\"",
        "null",
        "{}",
        "\u{0}\u{1}",
        &deep,
        &negative,
        r#"{"changes": 7, "checksum": 1, "source": "127.0.0.1:9", "sourceIncarnationNumber": 1}"#,
        r#"{"changes": [], "checksum": 1, "source": "nobody", "sourceIncarnationNumber": 1}"#,
    ];
    for endpoint in ["/protocol/ping", "/protocol/ping-req", "/protocol/join", "/admin/lookup"] {
        for body in bodies {
            let answer = world.operator.call_on(&line, endpoint, body.as_bytes()).await;
            assert!(!matches!(answer, Answer::Ok(_) | Answer::Closed), "{endpoint} {body:.80}: {answer:?}");
        }
        let answer = world.operator.call_on(&line, endpoint, &[0xff, 0xfe, 0x80]).await;
        assert!(!matches!(answer, Answer::Ok(_) | Answer::Closed), "{endpoint}: {answer:?}");
    }
    assert!(world.node.stats().transport.malformed > 0);
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn changes_that_make_no_sense_harm_nothing_else() {
    let (world, bystander) = world().await;
    let list = |change: Value| json!({ "changes": [change], "checksum": 1, "source": world.operator.address.to_string(), "sourceIncarnationNumber": INCARNATION });
    let good = json!({ "source": "", "sourceIncarnationNumber": 0, "address": "127.77.0.1:1", "incarnationNumber": 1, "status": "alive" });
    for (field, value) in [
        ("address", json!("")),
        ("address", json!("nobody")),
        ("address", json!(7)),
        ("address", json!("127.0.0.1:99999")),
        ("status", json!("dead")),
        ("status", json!(7)),
        ("status", json!("")),
        ("incarnationNumber", json!(-1)),
        ("incarnationNumber", json!("1")),
        ("incarnationNumber", json!(1.5)),
        ("labels", json!({ "a": 7 })),
        ("labels", json!([])),
    ] {
        let mut change = good.clone();
        change[field] = value.clone();
        let answer = world.ask("/protocol/ping", &list(change)).await;
        assert_ne!(answer, Answer::Closed, "{field} = {value}");
    }
    let answer = world.ask("/protocol/ping", &list(json!(7))).await;
    assert_ne!(answer, Answer::Closed, "a change that is a number");
    let members = world.members().await;
    let valid = |member: &Value| {
        ["alive", "suspect", "faulty", "leave", "tombstone"].contains(&member["status"].as_str().unwrap())
    };
    assert!(members.as_array().unwrap().iter().all(valid), "{members}");
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn answers_to_calls_never_made_and_fragments_of_none_harm_nobody() {
    let (world, bystander) = world().await;
    for kind in [CALL_RES, CALL_RES_CONTINUE, CALL_REQ_CONTINUE, ERROR, 0xc0, 0xd1] {
        let mut raw = Raw::open(world.address()).await;
        let frame = match kind {
            ERROR => tchannel::error(4242, 5, "for nobody"),
            CALL_RES => tchannel::response(4242, 0, b"{}", Sum::Crc32).remove(0),
            kind => Frame::new(kind, 4242, vec![0, 0, 0, 0]),
        };
        raw.send(&frame.bytes()).await;
        if [ERROR, CALL_RES, 0xc0, 0xd1].contains(&kind) {
            assert!(raw.call("/admin/stats").await["membership"].is_object(), "after {kind:x}");
        } else {
            raw.finish().await;
            raw.closed().await;
        }
    }
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn fragments_that_never_end_are_cut_off() {
    let (world, bystander) = world().await;
    let mut raw = Raw::open(world.address()).await;
    let mut first = call(5, Sum::None);
    first.payload[0] = 1;
    raw.send(&first.bytes()).await;
    let more = [[1, 0].as_slice(), &60_000_u16.to_be_bytes(), &[b' '; 60_000]].concat();
    let more = Frame::new(CALL_REQ_CONTINUE, 5, more).bytes();
    let endless = async {
        // A quarter of a gibibyte: no list is as long.
        for _ in 0..4500 {
            raw.send(&more).await;
        }
    };
    crate::helpers::within(endless).await;
    raw.finish().await;
    let answered = raw.closed().await;
    assert!(answered.iter().all(|frame| frame.kind == ERROR), "{answered:x?}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.map_or(0, |line| line.trim().trim_end_matches("kB").trim().parse().unwrap());
    assert!(peak < 512 * 1024, "{peak} KiB were taken at the most");
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn calls_that_were_begun_and_are_never_ended_are_bounded() {
    let (world, bystander) = world().await;
    let raw = Raw::open(world.address()).await;
    for id in 10..5000 {
        let mut first = call(id, Sum::None);
        first.payload[0] = 1;
        raw.send(&first.bytes()).await;
    }
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn an_unknown_type_does_not_stop_what_comes_after_on_other_connections() {
    let (world, bystander) = world().await;
    for kind in [0x00, 0x05, 0x12, 0x77, 0xd2, 0xfe] {
        let mut raw = Raw::open(world.address()).await;
        raw.send(&Frame::new(kind, 3, vec![1, 2, 3]).bytes()).await;
        raw.finish().await;
        let answered = raw.closed().await;
        assert!(answered.iter().all(|frame| frame.kind == ERROR), "{kind:x}: {answered:x?}");
    }
    all_is_well(&world, bystander).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_holds_up_nobody_and_a_frame_may_come_byte_by_byte() {
    let (world, bystander) = world().await;
    let silent: Vec<Raw> = {
        let mut silent = Vec::new();
        for _ in 0..50 {
            silent.push(Raw::connect(world.address()).await);
        }
        silent
    };
    let mut slow = Raw::connect(world.address()).await;
    let frames = [Frame::init(INIT_REQ, 1, "127.0.0.1:9").bytes(), call(2, Sum::Crc32).bytes()].concat();
    for byte in frames {
        slow.send(&[byte]).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(slow.frame().await.unwrap().kind, INIT_RES);
    assert_eq!(slow.frame().await.unwrap().kind, CALL_RES);
    all_is_well(&world, bystander).await;
    drop(silent);
}
