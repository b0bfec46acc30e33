//! What must always hold, watched from outside the nodes: one invariant of DESIGN 5 per file.

mod checksums;
mod incarnations;
mod monotone;
mod pairs;
mod sends;

use std::fmt;

use swim_core::{Effects, Input, Instant, Micros, Node};

use crate::cluster::Setup;
use crate::processes::Processes;
use crate::requests::Requests;

use checksums::Checksums;
use incarnations::Incarnations;
use monotone::Monotone;
use pairs::Pairs;
use sends::Sends;

/// Whether a run is checked while it goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// Only what costs nothing.
    #[default]
    Off,
    /// Everything; [`Node::check`] after each so many inputs, 1 at least.
    Every(u32),
}

impl Check {
    /// Whether it is.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::Every(_))
    }
}

/// Something that must not happen did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {event} at {at}: {finding}")]
pub struct Violation {
    /// The number of the event in the run.
    pub event: u64,
    /// When.
    pub at: Instant,
    /// What.
    pub finding: Finding,
}

/// What a checker found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("checker {checker}, node {node}: {reason}")]
pub struct Finding {
    /// Which checker.
    pub checker: &'static str,
    /// At which node.
    pub node: u32,
    /// Why.
    pub reason: String,
}

impl Finding {
    /// A finding at `node`.
    #[cold]
    pub fn new(checker: &'static str, node: u32, reason: impl fmt::Display) -> Box<Self> {
        Box::new(Self { checker, node, reason: reason.to_string() })
    }
}

/// One input, as checkers see it once it was handled.
pub(crate) struct Step<'a> {
    pub(crate) node: u32,
    pub(crate) input: &'a Input<'a, u32>,
    pub(crate) effects: &'a Effects<u32>,
    pub(crate) machine: &'a Node<u32>,
}

/// All checkers.
pub(crate) struct Checkers {
    monotone: Monotone,
    incarnations: Incarnations,
    sends: Sends,
    checksums: Checksums,
    every: u32,
    /// Inputs until the next [`Node::check`].
    until_check: u32,
}

impl Checkers {
    pub(crate) fn new(setup: &Setup) -> Self {
        let every = match setup.check {
            Check::Off => u32::MAX,
            Check::Every(every) => every.max(1),
        };
        Self {
            monotone: Monotone::new(setup.nodes),
            incarnations: Incarnations::new(setup.nodes),
            sends: Sends::new(setup),
            checksums: Checksums,
            every,
            until_check: every,
        }
    }

    /// After every input.
    pub(crate) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        self.incarnations.see(step)?;
        self.monotone.see(step)?;
        self.sends.see(step)?;
        self.until_check -= 1;
        if self.until_check == 0 {
            self.until_check = self.every;
            step.machine.check();
        }
        Ok(())
    }

    /// A process booted again: its node knows nothing of what it held, received and sent.
    pub(crate) fn reborn(&mut self, node: u32) {
        self.monotone.reborn(node);
        self.incarnations.reborn(node);
        self.sends.reborn(node);
    }

    /// Now and then, with a look at all nodes.
    pub(crate) fn check_all(
        &mut self,
        now: Instant,
        nodes: &[Node<u32>],
        processes: &Processes,
        requests: &Requests,
    ) -> Result<(), Box<Finding>> {
        for (node, machine) in (0..).zip(nodes) {
            machine.check();
            self.monotone.see_all(node, machine)?;
        }
        self.checksums.see_all(nodes)?;
        let limit = Instant::ZERO + now.since(Instant::ZERO + REPLY_WITHIN);
        match requests.overdue(limit, |node| processes.is_sound(now, node)) {
            Some(exchange) => {
                let reason = format!("no reply to the request of node {} from {}", exchange.asker, exchange.at);
                Err(Finding::new("replies", exchange.answerer, reason))
            }
            None => Ok(()),
        }
    }
}

/// Longer than any request may take in any preset.
const REPLY_WITHIN: Micros = Micros::from_millis(60_000);
