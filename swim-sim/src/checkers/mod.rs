//! What must always hold, watched from outside the nodes: one invariant or promise per file.
//!
//! ```text
//!   after every input    I1 monotone  I2 incarnations  I3 oneself  I5 frames  I6 sends  I7 bounds  I9 timers
//!                        R4 answers, rounds            rest
//!   now and then         I4, I7 of one node: Node::check
//!   at a look at all     I1 of whole lists  I4 checksums  replies
//!   after the faults     L1, L2, L3: liveness
//! ```
//! I8 is compared between runs, by their hashes. No checker changes a run.

mod answers;
mod bounds;
mod checksums;
mod frames;
mod incarnations;
mod liveness;
mod monitors;
mod monotone;
mod oneself;
mod pairs;
mod replies;
mod rest;
mod rounds;
mod sends;
mod timers;

pub(crate) use frames::finding as frame_finding;
pub use liveness::{Liveness, Property};
pub(crate) use monitors::{Monitors, Rules};
pub(crate) use replies::finding as reply_finding;

use std::fmt;

use swim_core::{Config, Effects, Input, Instant, Node};

use crate::cluster::Setup;
use crate::network::Network;
use crate::processes::Processes;
use crate::requests::Requests;

use checksums::Checksums;
use pairs::Pairs;
use rest::Rest;

/// Whether a run is checked while it goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// Only what costs nothing.
    #[default]
    Off,
    /// Everything after every input, but for what takes time in proportion to the list: [`Node::check`] after each so
    /// many inputs of the run, 1 at least.
    Every(u32),
}

impl Check {
    /// Everything, at a price that a large cluster can pay: [`Node::check`] after each 1024 inputs.
    pub const ALL: Self = Self::Every(1024);

    /// In so large a cluster at most: checkers remember some 48 bytes of each pair of nodes.
    pub const NODES_MAX: u32 = 8_192;

    /// How many bytes that takes for so many nodes.
    pub const fn memory(nodes: u32) -> u64 {
        48 * nodes as u64 * nodes as u64
    }

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
    pub(crate) now: Instant,
    /// The time by the clock of the node.
    pub(crate) local: Instant,
    pub(crate) input: &'a Input<'a, u32>,
    pub(crate) effects: &'a Effects<u32>,
    pub(crate) machine: &'a Node<u32>,
    pub(crate) processes: &'a Processes,
    pub(crate) network: &'a Network,
}

/// All checkers.
pub(crate) struct Checkers {
    monitors: Monitors,
    rules: Rules,
    checksums: Checksums,
    rest: Rest,
    every: u32,
    /// Inputs until the next [`Node::check`].
    until_check: u32,
}

impl Checkers {
    pub(crate) fn new(setup: &Setup, config: &Config) -> Self {
        let every = match setup.check {
            Check::Off => u32::MAX,
            Check::Every(every) => every.max(1),
        };
        Self {
            monitors: Monitors::new(setup),
            rules: Rules::new(setup, config),
            checksums: Checksums::allowing(1),
            rest: Rest::new(setup),
            every,
            until_check: every,
        }
    }

    /// After every input.
    pub(crate) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        self.monitors.see(step, &mut self.rules)?;
        self.rest.see(step)?;
        self.until_check -= 1;
        if self.until_check == 0 {
            self.until_check = self.every;
            step.machine.check();
        }
        Ok(())
    }

    /// A process booted again: its node knows nothing of what it held, received and sent.
    pub(crate) fn reborn(&mut self, node: u32) {
        self.monitors.reborn(node);
        self.rest.reborn(node);
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
            self.monitors.see_whole(node, machine)?;
        }
        self.checksums.see_all(nodes)?;
        replies::see_all(now, processes, requests)
    }
}
