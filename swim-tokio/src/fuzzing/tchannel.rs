//! Streams of TChannel: any bytes at one connection, and two connections between which bytes are damaged.
//!
//! ```text
//!   mode  what the rest is
//!   0, 1  a stream to a connection that was accepted, or opened
//!   2, 3  the same, after a handshake
//!   4, 5  the same, as frames that say their size rightly: kind, id, length, payload
//!   6     calls, answers, deliveries between two connections
//!   7     the same, and damage
//! ```

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use swim_core::Instant;

use crate::ringpop::tchannel::{Arrived, CallError, Connection, ErrorCode, Failure, Fatal, Identity, Limits, Role};

/// Gives `bytes` to one connection or to two: none panics, none holds more than it may, what is written can be read,
/// and where nothing is damaged every call has its own answer.
///
/// # Panics
/// Where one of these promises is broken.
pub fn tchannel(bytes: &[u8]) {
    let Some((mode, rest)) = bytes.split_first() else { return };
    let role = if mode & 1 == 0 { Role::Accepted } else { Role::Opened };
    match mode & 7 {
        0 | 1 => stream(role, rest),
        2 | 3 => stream(role, &[handshake(role), rest.to_vec()].concat()),
        4 | 5 => stream(role, &[handshake(role), framed(rest)].concat()),
        6 => Pair::new(Damage::Forbidden).run(rest),
        _ => Pair::new(Damage::Allowed).run(rest),
    }
}

/// A stream does the same in one piece and in many.
fn stream(role: Role, bytes: &[u8]) {
    let whole = received(role, bytes, bytes.len().max(1));
    for size in [1, 7, 100] {
        assert_eq!(received(role, bytes, size), whole, "in pieces of {size} bytes");
    }
}

/// What comes of a stream in pieces of `size` bytes: how it ended, what arrived, what was written.
fn received(role: Role, bytes: &[u8], size: usize) -> (Result<(), Fatal>, Vec<Arrived>, Vec<u8>) {
    let mut connection = Connection::new(role, identity(), SMALL);
    let calls = [(); 3].map(|()| connection.call(SECOND, "/protocol/ping", b"{}"));
    assert!(calls.iter().all(Option::is_some), "three may wait");
    let mut result = Ok(());
    for piece in bytes.chunks(size) {
        result = connection.receive(NOW, piece);
        assert!(connection.held_bytes() <= SMALL.assembling_bytes + FRAME);
    }
    // Nothing is fetched or answered before the end: what a peer may do next depends on it.
    let mut news: Vec<Arrived> = std::iter::from_fn(|| connection.next()).collect();
    for arrived in &news {
        if let Arrived::Call { id, body, .. } = arrived {
            assert!(body.len() <= SMALL.body_bytes);
            // One is left to expire.
            if id % 4 != 3 {
                connection.answer(*id, Ok(body));
            }
        }
    }
    connection.expire(NOW + 5 * SECOND);
    news.extend(std::iter::from_fn(|| connection.next()));
    calls.into_iter().flatten().for_each(|id| connection.forget(id));
    readable(role, connection.outgoing());
    (result, news, mem::take(connection.outgoing()))
}

/// What a connection wrote is understood by another, except where it says that it ends.
fn readable(role: Role, written: &[u8]) {
    let other = if role == Role::Opened { Role::Accepted } else { Role::Opened };
    let mut reader = Connection::new(other, identity(), LARGE);
    if let Err(fatal) = reader.receive(NOW, written) {
        assert!(matches!(fatal, Fatal::Peer(_)), "{fatal}");
    }
    let counters = reader.counters();
    assert_eq!((counters.malformed, counters.bad_checksums, counters.unknown_types, counters.refused), (0, 0, 0, 0));
}

/// What the other side of a connection begins with.
fn handshake(role: Role) -> Vec<u8> {
    let mut other =
        Connection::new(if role == Role::Opened { Role::Accepted } else { Role::Opened }, identity(), SMALL);
    let mut opening = Connection::new(Role::Opened, identity(), SMALL);
    if role == Role::Opened {
        other.receive(NOW, opening.outgoing()).expect("it is a handshake");
    }
    mem::take(other.outgoing())
}

/// Frames of a kind, a number and a payload each.
fn framed(mut bytes: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    while let [kind, id, size, rest @ ..] = bytes {
        let kind = [0x03, 0x13, 0x04, 0x14, 0xff, 0xc0, 0xd0, *kind][usize::from(kind >> 5)];
        let (payload, later) = rest.split_at(usize::from(*size).min(rest.len()));
        frames.extend_from_slice(&(16 + payload.len() as u16).to_be_bytes());
        frames.extend_from_slice(&[kind, 0, 0, 0, 0, id % 8]);
        frames.extend_from_slice(&[0; 8]);
        frames.extend_from_slice(payload);
        bytes = later;
    }
    frames
}

/// Whether bytes on their way may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Forbidden,
    Allowed,
}

/// Two connections, and what is on its way between them.
struct Pair {
    damage: Damage,
    now: Instant,
    sides: [Connection; 2],
    /// What each side is still to read.
    streams: [Vec<u8>; 2],
    /// The calls that each side is still to answer.
    unanswered: [Vec<(u32, Vec<u8>)>; 2],
    /// The bodies of the calls that each side waits for.
    waiting: [BTreeMap<u32, Vec<u8>>; 2],
}

impl Pair {
    fn new(damage: Damage) -> Self {
        Self {
            damage,
            now: NOW,
            sides: [Role::Opened, Role::Accepted].map(|role| Connection::new(role, identity(), LARGE)),
            streams: Default::default(),
            unanswered: Default::default(),
            waiting: Default::default(),
        }
    }

    fn run(mut self, steps: &[u8]) {
        for step in steps.chunks_exact(2) {
            self.step(usize::from(step[0] & 1), step[0] >> 1, usize::from(step[1]));
        }
        for _ in 0..4 {
            for side in [0, 1] {
                self.deliver(side, usize::MAX);
                while !self.unanswered[side].is_empty() {
                    self.answer(side, 0);
                }
            }
        }
        if self.damage == Damage::Forbidden {
            assert!(self.waiting.iter().all(BTreeMap::is_empty), "every call is answered");
            for side in &mut self.sides {
                side.expire(Instant::NEVER);
                assert_eq!(side.held_bytes(), 0, "nothing is unfinished");
            }
            for counters in self.sides.each_ref().map(Connection::counters) {
                assert_eq!((counters.malformed, counters.bad_checksums, counters.unknown_types), (0, 0, 0));
                assert_eq!(counters.unasked_answers, 0);
            }
        }
    }

    fn step(&mut self, side: usize, kind: u8, number: usize) {
        let large = if number < 200 { number } else { (number - 200) * 3_000 };
        match kind % 8 {
            0 => {
                let body: Vec<u8> = (0..large).map(|at| (at + number) as u8).collect();
                if self.waiting[side].len() < LARGE.calls
                    && let Some(id) = self.sides[side].call(SECOND, "/protocol/ping", &body)
                {
                    self.waiting[side].insert(id, body);
                }
            }
            1 => self.answer(side, number),
            2 | 3 => self.deliver(side, large),
            4 => {
                if let Some((id, _)) = self.waiting[side].pop_first() {
                    self.sides[side].forget(id);
                }
            }
            5 => {
                self.now = self.now + Duration::from_millis(number as u64 * 4);
                let due = self.sides[side].expire(self.now);
                assert!(due.is_none_or(|due| due > self.now));
            }
            _ if self.damage == Damage::Forbidden => {}
            6 => {
                if let Some(byte) = self.streams[side].get_mut(number) {
                    *byte = byte.wrapping_add(number as u8 | 1);
                }
            }
            _ => drop(self.streams[side].drain(..number.min(self.streams[side].len()))),
        }
    }

    /// Answers one of the calls with its own body, in one of three ways.
    fn answer(&mut self, side: usize, which: usize) {
        if self.unanswered[side].is_empty() {
            return;
        }
        let (id, body) = self.unanswered[side].swap_remove(which % self.unanswered[side].len());
        let result = match id % 3 {
            0 => Ok(&body[..]),
            1 => Err(Failure::Application(&body)),
            _ => Err(Failure::Protocol(ErrorCode::Declined, "no")),
        };
        self.sides[side].answer(id, result);
    }

    fn deliver(&mut self, to: usize, count: usize) {
        let written = mem::take(self.sides[1 - to].outgoing());
        self.streams[to].extend_from_slice(&written);
        let piece: Vec<u8> = self.streams[to].drain(..count.min(self.streams[to].len())).collect();
        let result = self.sides[to].receive(self.now, &piece);
        assert!(self.damage == Damage::Allowed || result.is_ok(), "{result:?}");
        assert!(self.sides[to].held_bytes() <= LARGE.assembling_bytes + FRAME);
        while let Some(arrived) = self.sides[to].next() {
            match arrived {
                Arrived::Ready { .. } => {}
                Arrived::Call { id, body, .. } => self.unanswered[to].push((id, body)),
                Arrived::Cancelled { id } => self.unanswered[to].retain(|(unanswered, _)| *unanswered != id),
                Arrived::Answered { id, result } => {
                    let body = self.waiting[to].remove(&id).expect("it waits for an answer");
                    assert!(self.damage == Damage::Allowed || is_own(id, &body, &result), "{id}: {result:?}");
                }
            }
        }
    }
}

/// Whether this is how [`Pair::answer`] answers the call, or that it took too long, or came
/// while the answers to too many forgotten ones were still due.
fn is_own(id: u32, body: &[u8], result: &Result<Vec<u8>, CallError>) -> bool {
    match result {
        Ok(answer) => id.is_multiple_of(3) && answer == body,
        Err(CallError::Application(answer)) => id % 3 == 1 && answer == body,
        Err(CallError::Protocol { code: ErrorCode::Declined, .. }) => id % 3 == 2,
        Err(CallError::Protocol { code, .. }) => matches!(code, ErrorCode::Timeout | ErrorCode::Busy),
        Err(_) => false,
    }
}

fn identity() -> Identity {
    Identity { host_port: "10.0.0.1:1".into(), process_name: "fuzzed".into() }
}

const NOW: Instant = Instant::from_micros(1);
const SECOND: Duration = Duration::from_secs(1);

/// The most that a frame takes that is not whole.
const FRAME: usize = 65_535;

const SMALL: Limits = Limits { body_bytes: 1_000, assembling_bytes: 1_500, calls: 4 };
const LARGE: Limits = Limits { body_bytes: 1 << 20, assembling_bytes: 8 << 20, calls: 8 };
