//! Tests of a connection, through the door that its host uses. Frames of the other side are put together by hand here.

mod bounds;
mod fragments;
mod golden;
mod malformed;
mod properties;
mod talk;

use swim_core::Instant;

use super::*;

const NOW: Instant = Instant::from_micros(5_000_000);

const LIMITS: Limits = Limits { body_bytes: 1 << 20, assembling_bytes: 2 << 20, calls: 8 };

const NO_TRACING: [u8; 25] = [0; 25];

/// A connection of which the handshake is done.
fn ready(role: Role, limits: Limits) -> Connection {
    let mut connection = Connection::new(role, identity("10.0.0.1:1"), limits);
    let kind = if role == Role::Opened { 0x02 } else { 0x01 };
    connection.receive(NOW, &frame(kind, 1, &init(2, &[("host_port", "10.0.0.2:2"), ("process_name", "it")]))).unwrap();
    assert!(matches!(connection.next(), Some(Arrived::Ready { .. })));
    connection.outgoing().clear();
    connection
}

fn identity(host_port: &str) -> Identity {
    Identity { host_port: host_port.into(), process_name: "swim".into() }
}

/// A frame with these contents.
fn frame(kind: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let size = u16::try_from(16 + payload.len()).unwrap();
    [&size.to_be_bytes()[..], &[kind, 0], &id.to_be_bytes(), &[0; 8], payload].concat()
}

fn init(version: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = [version.to_be_bytes(), (headers.len() as u16).to_be_bytes()].concat();
    for (key, value) in headers {
        bytes.extend_from_slice(&long(key.as_bytes()));
        bytes.extend_from_slice(&long(value.as_bytes()));
    }
    bytes
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

/// What a call request has before its checksum; `flags` 1 says that more follows.
fn request_head(flags: u8, ttl: u32) -> Vec<u8> {
    [&[flags][..], &ttl.to_be_bytes(), &[7; 25], b"\x07ringpop", b"\x02\x02as\x04json\x02cn\x04test"].concat()
}

/// What an answer has before its checksum.
fn response_head(flags: u8, code: u8) -> Vec<u8> {
    [&[flags, code][..], &NO_TRACING, b"\x01\x02as\x04json"].concat()
}

/// A whole call without a checksum.
fn request(id: u32, endpoint: &str, body: &[u8]) -> Vec<u8> {
    let arguments = [long(endpoint.as_bytes()), long(b""), long(body)].concat();
    frame(0x03, id, &[request_head(0, 1_000), vec![0], arguments].concat())
}

/// A whole answer without a checksum.
fn response(id: u32, code: u8, body: &[u8]) -> Vec<u8> {
    let arguments = [long(b""), long(b""), long(body)].concat();
    frame(0x04, id, &[response_head(0, code), vec![0], arguments].concat())
}

/// An error that this side answers with.
fn error(id: u32, code: u8, tracing: [u8; 25], message: &str) -> Vec<u8> {
    frame(0xff, id, &[&[code][..], &tracing, &long(message.as_bytes())].concat())
}

/// The kinds, the numbers and the payloads of the frames in some bytes.
fn frames(mut bytes: &[u8]) -> Vec<(u8, u32, &[u8])> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let size = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
        let (frame, rest) = bytes.split_at(size);
        frames.push((frame[2], u32::from_be_bytes(frame[4..8].try_into().unwrap()), &frame[16..]));
        bytes = rest;
    }
    frames
}

fn taken(connection: &mut Connection) -> Vec<u8> {
    std::mem::take(connection.outgoing())
}

fn arrived(connection: &mut Connection) -> Vec<Arrived> {
    std::iter::from_fn(|| connection.next()).collect()
}
