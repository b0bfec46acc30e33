//! Listens to one agent from inside its namespace, for as long as that life of it lasts.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use swim_core::Status;

use super::lab::Lab;
use super::seen::{List, Seen};

/// Where an agent answers, as seen from its namespace: a thousand above its port.
const ADMIN: &str = "127.0.0.1:8946";
const KINDS: &str = "MemberlistChangesApplied,MakeNodeStatus,MemberEvicted,MemberDropped";

#[derive(Deserialize)]
struct Row {
    address: SocketAddr,
    status: Status,
}

#[derive(Deserialize)]
struct Members {
    checksum: String,
    members: Vec<Row>,
}

#[derive(Deserialize)]
struct Applied {
    changes: Vec<Row>,
    new_checksum: u32,
}

/// Listens until the agent ends.
///
/// # Panics
/// Where something of what the agent tells is lost while it lives: whatever is concluded from the rest is void.
pub(crate) fn watch(seen: &Seen, node: u32, life: u32) {
    let stream = loop {
        if !seen.is_of(node, life) {
            return;
        }
        match TcpStream::connect(ADMIN) {
            Ok(stream) => break stream,
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let lost = listen(seen, (node, life), stream);
    assert!(!seen.is_of(node, life), "agent {node}: its events ended before it did: {lost:?}");
}

/// Hears what comes until that life of the agent is over, or nothing comes any more.
fn listen(seen: &Seen, (node, life): (u32, u32), mut stream: TcpStream) -> io::Result<()> {
    // HTTP/1.0, so that the events come as they are, without the lengths of their chunks.
    write!(stream, "GET /v1/events?kinds={KINDS} HTTP/1.0\r\nHost: {ADMIN}\r\n\r\n")?;
    let mut name = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if !seen.is_of(node, life) {
            break;
        }
        if let Some(event) = line.strip_prefix("event: ") {
            name = event.into();
        } else if let Some(data) = line.strip_prefix("data: ") {
            hear(seen, node, &name, data);
        }
    }
    Ok(())
}

fn hear(seen: &Seen, node: u32, name: &str, data: &str) {
    match name {
        "Members" => {
            let Members { checksum, members } = serde_json::from_str(data).expect("a list");
            let pair = |row: Row| Some((Lab::node(row.address)?, row.status));
            let members: BTreeMap<u32, Status> = members.into_iter().filter_map(pair).collect();
            let checksum = u32::from_str_radix(&checksum, 16).expect("eight digits");
            seen.list(node, List { checksum, members });
        }
        "MemberlistChangesApplied" => {
            let Applied { changes, new_checksum } = serde_json::from_str(data).expect("applied changes");
            for Row { address, status } in changes {
                let subject = Lab::node(address).expect("only agents of the lab are listed");
                seen.change(node, subject, Some(status), Some(new_checksum));
            }
        }
        "MakeNodeStatus" => {
            let Row { address, status } = serde_json::from_str(data).expect("a member and its status");
            if let (Some(subject), Status::Faulty) = (Lab::node(address), status) {
                seen.declared(node, subject);
            }
        }
        "MemberEvicted" | "MemberDropped" => {
            let event: Value = serde_json::from_str(data).expect("an object");
            let address = event["address"].as_str().and_then(|address| address.parse().ok());
            if let Some(subject) = address.and_then(Lab::node) {
                seen.change(node, subject, None, None);
            }
        }
        "Missed" => panic!("agent {node}: the tests were too slow to hear all: {data}"),
        _ => {}
    }
}

/// What an agent answers to `request`, such as `GET /v1/stats`, with `body`; asked from its namespace.
pub(crate) fn ask(request: &str, body: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(ADMIN).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let len = body.len();
    let head =
        format!("{request} HTTP/1.0\r\nHost: {ADMIN}\r\nContent-Type: application/json\r\nContent-Length: {len}");
    write!(stream, "{head}\r\n\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}
