//! Which claim wins: every row of the reviewed table, over the wire.

use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use super::facts::{claim, label_sum, nowhere, of, status};
use super::peer::Reply;
use super::world::{World, options};

/// The reviewed table of rule R1.
const TABLE: &str = include_str!("../../../../swim-core/tests/it/precedence.txt");

/// What is known before, and what is claimed in incarnations that are lower, equal and higher.
const KNOWN: u64 = 1_000_000;

struct Row {
    text: &'static str,
    subject: SocketAddr,
    known: Option<Value>,
    claimed: Value,
    wins: Wins,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wins {
    Yes,
    No,
}

fn rows(source: SocketAddr) -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.enumerate().map(|(n, line)| row(line, source, nowhere(n.try_into().unwrap()))).collect()
}

fn row(text: &'static str, source: SocketAddr, subject: SocketAddr) -> Row {
    let mut words = text.split_whitespace();
    let [known, claimed, incarnation, labels] = [0; 4].map(|_| words.next().unwrap());
    let verdict: Vec<_> = words.collect();
    let wins = match verdict.join(" ").as_str() {
        "wins" => Wins::Yes,
        "loses" | "is the same" => Wins::No,
        other => panic!("{other}"),
    };
    let incarnation = match incarnation {
        "lower" => KNOWN - 1,
        "equal" | "-" => KNOWN,
        "higher" => KNOWN + 1,
        other => panic!("{other}"),
    };
    let with = |status, incarnation, labels: Value| {
        let mut claim = claim(source, subject, status, incarnation);
        claim["labels"] = labels;
        claim
    };
    let known = (known != "unknown").then(|| with(known, KNOWN, labels_of("equal")));
    Row { text, subject, known, claimed: with(claimed, incarnation, labels_of(labels)), wins }
}

/// Labels whose sum is below, at and above that of `{"hello": "world"}`, 975109414.
fn labels_of(word: &str) -> Value {
    match word {
        "lower" => json!({ "hello": "goodbye" }),
        "equal" | "-" => json!({ "hello": "world" }),
        "higher" => {
            let higher = (0..).map(|n| json!({ "hello": n.to_string() }));
            higher.into_iter().find(|labels| sum(labels) > 975_109_414).unwrap()
        }
        other => panic!("{other}"),
    }
}

fn sum(labels: &Value) -> i32 {
    let labels: &Map<_, _> = labels.as_object().unwrap();
    label_sum(labels)
}

#[tokio::test]
async fn every_row_of_the_table_holds_over_the_wire() {
    let world = World::resting(2, options()).await;
    let peer = &world.peers[0];
    let rows = rows(peer.address);
    assert_eq!(rows.len(), 5 + 25 * 9, "every status against every status");
    // A tombstone about somebody unknown is not believed: it is taught in two steps.
    let faulty = |known: &Value| {
        let mut known = known.clone();
        known["status"] = json!("faulty");
        known
    };
    let first: Value =
        rows.iter().filter_map(|row| row.known.as_ref().map(faulty).map(|first| lower(first, row))).collect();
    world.ping(peer, first).await;
    world.ping(peer, rows.iter().filter_map(|row| row.known.clone()).collect()).await;
    let told = world.pending().await;
    for row in &rows {
        assert!(is(of(&told, row.subject), row.known.as_ref()), "before {}: {:?}", row.text, of(&told, row.subject));
    }
    world.ping(peer, rows.iter().map(|row| row.claimed.clone()).collect()).await;
    let told = world.pending().await;
    for row in &rows {
        let expected = if row.wins == Wins::Yes { Some(&row.claimed) } else { row.known.as_ref() };
        assert!(is(of(&told, row.subject), expected), "{}: {:?}", row.text, of(&told, row.subject));
    }
}

/// The same at the incarnation before, so that what is to be known wins over it.
fn lower(mut first: Value, row: &Row) -> Value {
    assert_eq!(first["incarnationNumber"], KNOWN, "{}", row.text);
    first["incarnationNumber"] = json!(KNOWN - 1);
    first
}

fn is(told: Option<&Value>, expected: Option<&Value>) -> bool {
    let parts =
        |change: &Value| (status(change).to_owned(), change["incarnationNumber"].clone(), change["labels"].clone());
    told.map(parts) == expected.map(parts)
}

#[tokio::test]
async fn a_claim_wins_by_the_same_rule_in_an_ack() {
    let world = World::resting(1, options()).await;
    let peer = world.peers[0].clone();
    // Never pingable, so that every tick pings the peer.
    let subject = nowhere(1);
    world.ping(&peer, json!([claim(peer.address, subject, "faulty", 5)])).await;
    for (told, incarnation, expected) in [
        ("alive", 5, "faulty"),
        ("leave", 4, "faulty"),
        ("leave", 5, "leave"),
        ("faulty", 5, "leave"),
        ("faulty", 6, "faulty"),
    ] {
        let by = peer.clone();
        let change = claim(peer.address, subject, told, incarnation);
        peer.script(move |heard| Reply::Ok(by.ack(json!([change.clone()]), &heard.body["checksum"])));
        world.admin("/admin/gossip/tick").await;
        assert_eq!(world.member(subject).await.unwrap()["status"], expected, "{told} at {incarnation}");
    }
}
