//! A trace for timeline viewers such as Perfetto: the Trace Event Format (`--chrome-trace`).
//!
//! One process, and a thread for each of the first nodes. Each input is a slice of a microsecond, named by what arrived;
//! an arrow leads from a ping to where it arrives, and one from the ack back. Status changes that a node decides by itself
//! are instants, and what was done to the cluster are spans above the threads. Times are in microseconds.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};
use swim_core::{Channel, Effect, Event, Input, Instant, Kind, Message, Via};

use super::sink::Sink;
use crate::checkers::Step;
use crate::record::{Mark, MarkKind};

/// Writes what happens at the first nodes.
pub struct ChromeTrace {
    sink: Sink,
    separator: &'static str,
}

impl ChromeTrace {
    /// Nodes from this one on are left out: viewers do not bear many more threads.
    pub const NODES_MAX: u32 = 200;

    /// A trace of a cluster of `nodes` to `writer`; it is buffered here.
    pub fn new(writer: impl Write + Send + 'static, nodes: u32) -> Self {
        let mut trace = Self { sink: Sink::new(writer), separator: "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" };
        trace.write(&json!({ "ph": "M", "pid": PROCESS, "name": "process_name", "args": { "name": "cluster" } }));
        for node in 0..nodes.min(Self::NODES_MAX) {
            let name = json!({ "name": format!("node {node}") });
            trace
                .write(&json!({ "ph": "M", "pid": PROCESS, "tid": thread(node), "name": "thread_name", "args": name }));
            let order = json!({ "sort_index": node });
            trace.write(
                &json!({ "ph": "M", "pid": PROCESS, "tid": thread(node), "name": "thread_sort_index", "args": order }),
            );
        }
        trace
    }

    pub(crate) fn see(&mut self, now: Instant, step: &Step<'_>) {
        let Step { node, input, effects, .. } = *step;
        if node >= Self::NODES_MAX {
            return;
        }
        let sends = effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count();
        let slice = Slice::new("X", now, node);
        match *input {
            Input::Message { from, via, message } => {
                let way = if via == Via::Datagram { Way::Datagram } else { Way::Stream };
                let args = json!({ "changes": message.changes.len(), "sends": sends });
                let name = format!("{} from {from}", word(&message));
                self.write(&Slice { name: &name, dur: Some(1), args, ..slice });
                if let Some(id) = arrow(from, node, way, &message).filter(|_| from < Self::NODES_MAX) {
                    self.arrow("f", now, node, id);
                }
            }
            Input::Tick => self.write(&Slice { name: "tick", dur: Some(1), args: json!({ "sends": sends }), ..slice }),
            Input::Undeliverable { to, .. } => {
                self.write(&Slice { name: &format!("undeliverable to {to}"), dur: Some(1), ..slice });
            }
            Input::Hosts { .. } => self.write(&Slice { name: "hosts", dur: Some(1), ..slice }),
            Input::Wall(_) => self.write(&Slice { name: "wall clock", dur: Some(1), ..slice }),
            Input::Command { .. } => self.write(&Slice { name: "command", dur: Some(1), ..slice }),
        }
        for effect in effects.iter() {
            match effect {
                Effect::Send { to, channel, message } if to < Self::NODES_MAX => {
                    let way = if channel == Channel::Datagram { Way::Datagram } else { Way::Stream };
                    if let Some(id) = arrow(node, to, way, &message) {
                        self.arrow("s", now, node, id);
                    }
                }
                Effect::Event(Event::MakeNodeStatus { address, status }) => {
                    let name = format!("holds {address} {status}");
                    self.write(&Slice { name: &name, s: Some("t"), ..Slice::new("i", now, node) });
                }
                _ => {}
            }
        }
    }

    /// Writes the marks, and all that is still in the buffer.
    ///
    /// # Errors
    /// The first one there was; the trace ends there.
    pub fn finish(mut self, marks: &[Mark]) -> io::Result<()> {
        for (id, mark) in marks.iter().enumerate() {
            let end = mark.until.unwrap_or(mark.at);
            for (ph, at) in [("b", mark.at), ("e", end)] {
                let id = format!("{}-{id}", mark.kind.name());
                self.write(&json!({
                    "ph": ph, "pid": PROCESS, "tid": 0, "ts": at.as_micros(), "id": id,
                    "cat": category(mark.kind), "name": mark.label,
                }));
            }
        }
        self.sink.finish("\n]}\n")
    }

    fn arrow(&mut self, ph: &'static str, now: Instant, node: u32, id: u64) {
        // Binds to the slice that encloses it, and not to the next one.
        let bp = (ph == "f").then_some("e");
        self.write(&Slice { name: "under way", cat: "message", id: Some(id), bp, ..Slice::new(ph, now, node) });
    }

    fn write(&mut self, event: &impl Serialize) {
        self.sink.write(self.separator, event);
        self.separator = ",\n";
    }
}

/// One event of the format, with the field names that it gives them.
#[derive(Serialize)]
struct Slice<'a> {
    ph: &'static str,
    pid: u32,
    tid: u32,
    ts: u64,
    name: &'a str,
    cat: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    /// How far an instant reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    args: Value,
}

impl Slice<'_> {
    fn new(ph: &'static str, now: Instant, node: u32) -> Self {
        Self {
            ph,
            pid: PROCESS,
            tid: thread(node),
            ts: now.as_micros(),
            name: "",
            cat: "node",
            dur: None,
            id: None,
            bp: None,
            s: None,
            args: Value::Null,
        }
    }
}

/// How a ping or an ack travels: what gets no ack as a datagram is sent again on a stream, with the same number.
#[derive(Clone, Copy)]
enum Way {
    Datagram,
    Stream,
}

/// The number of the arrow that goes with a ping or an ack: whose ping, its number, its way, and there or back.
fn arrow(from: u32, to: u32, way: Way, message: &Message<'_, u32>) -> Option<u64> {
    let (asker, seq, back) = match message.kind {
        Kind::Ping { seq } => (from, seq, 0),
        Kind::Ack { seq, .. } => (to, seq, 1),
        _ => return None,
    };
    // Exact as a double too: node numbers that are written have eight bits.
    Some((u64::from(asker) << 2 | (way as u64) << 1 | back) << 32 | u64::from(seq.0))
}

fn word(message: &Message<'_, u32>) -> &'static str {
    match message.kind {
        Kind::Ping { .. } => "ping",
        Kind::Ack { .. } => "ack",
        Kind::PingReq { .. } => "ping-req",
        Kind::PingReqAnswer { .. } => "ping-req answer",
        Kind::Gossip => "gossip",
        Kind::Join { .. } => "join",
        Kind::List => "list",
        Kind::Sync { .. } => "sync",
        Kind::SyncAnswer { .. } => "sync answer",
        Kind::HealFetch { .. } => "heal fetch",
        Kind::HealSuspect => "heal suspect",
        Kind::HealMerge => "heal merge",
        Kind::Done => "done",
        Kind::Refused { .. } => "refused",
    }
}

const fn category(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Phase => "phase",
        MarkKind::Fault | MarkKind::Crash | MarkKind::Start => "fault",
    }
}

/// Thread numbers start at one: some viewers hide thread zero.
const fn thread(node: u32) -> u32 {
    node + 1
}

const PROCESS: u32 = 1;
