//! A trace of everything, one JSON object a line (`--trace`).
//!
//! A line is one input of one node and all that it caused: `at` in seconds, `node`, `input`, and where there are any
//! `sends`, `events`, `commands` and `wake`. What was done to the cluster stands at the end, as lines with `mark`.
//! Other times are in microseconds. All events are there but rollups, which would change the run.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use swim_core::{About, Channel, Command, CommandId, Effect, Effects, Input, Instant, Kind, Outcome, Via};

use super::sink::Sink;
use crate::checkers::Step;
use crate::record::Mark;

/// Writes everything that happens.
pub struct JsonLines {
    sink: Sink,
    separator: &'static str,
}

impl JsonLines {
    /// A trace to `writer`; it is buffered here.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        Self { sink: Sink::new(writer), separator: "" }
    }

    pub(crate) fn see(&mut self, now: Instant, step: &Step<'_>) {
        let Step { node, input, effects, .. } = *step;
        let line = Line {
            at: seconds(now),
            node,
            input: Told::of(input),
            sends: Sends(effects),
            events: Events(effects),
            commands: Commands(effects),
            wake: effects.iter().find_map(|effect| if let Effect::Wake(at) = effect { at.map(seconds) } else { None }),
        };
        self.write(&line);
    }

    /// Writes the marks, and all that is still in the buffer.
    ///
    /// # Errors
    /// The first one there was; the trace ends there.
    pub fn finish(mut self, marks: &[Mark]) -> io::Result<()> {
        for mark in marks {
            self.write(&Marked { at: seconds(mark.at), mark });
        }
        let separator = self.separator;
        self.sink.finish(separator)
    }

    fn write(&mut self, line: &impl Serialize) {
        self.sink.write(self.separator, line);
        self.separator = "\n";
    }
}

#[derive(Serialize)]
struct Line<'a> {
    at: f64,
    node: u32,
    #[serde(flatten)]
    input: Told,
    #[serde(skip_serializing_if = "Sends::is_empty")]
    sends: Sends<'a>,
    #[serde(skip_serializing_if = "Events::is_empty")]
    events: Events<'a>,
    #[serde(skip_serializing_if = "Commands::is_empty")]
    commands: Commands<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wake: Option<f64>,
}

#[derive(Serialize)]
struct Marked<'a> {
    at: f64,
    mark: &'a Mark,
}

/// An input.
#[derive(Serialize)]
#[serde(tag = "input", rename_all = "snake_case")]
enum Told {
    Message {
        from: u32,
        via: Via,
        #[serde(flatten)]
        kind: Kind<u32>,
        changes: usize,
    },
    Tick,
    Wall {
        millis: u64,
    },
    Undeliverable {
        to: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        ticket: Option<u64>,
    },
    Hosts {
        hosts: Option<usize>,
    },
    Command {
        id: CommandId,
        command: &'static str,
    },
}

impl Told {
    fn of(input: &Input<'_, u32>) -> Self {
        match *input {
            Input::Message { from, via, message } => {
                Self::Message { from, via, kind: message.kind, changes: message.changes.len() }
            }
            Input::Tick => Self::Tick,
            Input::Wall(wall) => Self::Wall { millis: wall.0 },
            Input::Undeliverable { to, about } => {
                let ticket = if let About::Request(ticket) = about { Some(ticket.0) } else { None };
                Self::Undeliverable { to, ticket }
            }
            Input::Hosts { result, .. } => Self::Hosts { hosts: result.ok().map(<[u32]>::len) },
            Input::Command { id, command } => Self::Command { id, command: name(&command) },
        }
    }
}

const fn name(command: &Command<'_, u32>) -> &'static str {
    match command {
        Command::Bootstrap(_) => "bootstrap",
        Command::Leave => "leave",
        Command::Rejoin => "rejoin",
        Command::SelfEvict => "self_evict",
        Command::SetLabels(_) => "set_labels",
        Command::HealViaDiscovery => "heal_via_discovery",
        Command::AttemptHeal { .. } => "attempt_heal",
        Command::Reap => "reap",
        Command::GossipStart => "gossip_start",
        Command::GossipStop => "gossip_stop",
        Command::GossipTick => "gossip_tick",
        Command::Destroy => "destroy",
    }
}

/// A message that was sent.
#[derive(Serialize)]
struct Sent {
    to: u32,
    channel: Channel,
    #[serde(flatten)]
    kind: Kind<u32>,
    changes: usize,
}

#[derive(Serialize)]
struct Ended {
    id: CommandId,
    outcome: Outcome,
}

/// Declares a list of one kind of effect, written without a copy.
macro_rules! list {
    ($name:ident, $pick:expr) => {
        struct $name<'a>(&'a Effects<u32>);

        impl $name<'_> {
            fn is_empty(&self) -> bool {
                self.0.iter().find_map($pick).is_none()
            }
        }

        impl Serialize for $name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.iter().filter_map($pick))
            }
        }
    };
}

list!(Sends, |effect| match effect {
    Effect::Send { to, channel, message } =>
        Some(Sent { to, channel, kind: message.kind, changes: message.changes.len() }),
    _ => None,
});
list!(Events, |effect| if let Effect::Event(event) = effect { Some(event) } else { None });
list!(Commands, |effect| match effect {
    Effect::CommandDone { id, outcome } => Some(Ended { id, outcome }),
    _ => None,
});

fn seconds(at: Instant) -> f64 {
    at.as_micros() as f64 / 1e6
}
