//! The checkers of single inputs. What they remember is a value: one who goes back and forth between states copies it with
//! the state and takes it as part of it, so that two ways to a state are one only where they are one to every checker.

use swim_core::{Config, Fingerprint, Node, Seq};

use super::{Finding, Step};
use super::{
    answers::Answers, bounds::Bounds, checksums::Checksums, frames::Frames, incarnations::Incarnations,
    monotone::Monotone, oneself::Oneself, rounds::Rounds, sends::Sends, timers::Timers,
};
use crate::cluster::Setup;

/// What the checkers remember. Of [`Checkers`](super::Checkers) only what looks for traffic at rest is missing.
#[derive(Clone)]
pub(crate) struct Monitors {
    monotone: Monotone,
    incarnations: Incarnations,
    oneself: Oneself,
    sends: Sends,
    timers: Timers,
    answers: Answers,
    rounds: Rounds,
}

/// The checkers that remember nothing.
pub(crate) struct Rules {
    bounds: Bounds,
    frames: Frames,
}

impl Rules {
    pub(crate) fn new(setup: &Setup, config: &Config) -> Self {
        Self { bounds: Bounds::new(setup), frames: Frames::new(config, setup.carry) }
    }
}

impl Monitors {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            monotone: Monotone::new(setup),
            incarnations: Incarnations::new(setup.nodes),
            oneself: Oneself::new(setup.nodes),
            sends: Sends::new(setup),
            timers: Timers::new(setup.nodes),
            answers: Answers::new(setup),
            rounds: Rounds::new(setup.nodes),
        }
    }

    /// After every input.
    pub(crate) fn see(&mut self, step: &Step<'_>, rules: &mut Rules) -> Result<(), Box<Finding>> {
        self.oneself.see(step)?;
        rules.bounds.see(step)?;
        self.timers.see(step)?;
        self.incarnations.see(step)?;
        self.monotone.see(step)?;
        rules.frames.see(step)?;
        self.sends.see(step)?;
        self.answers.see(step)?;
        self.rounds.see(step)
    }

    /// All that one node is: what it can see of itself, and its whole list.
    pub(crate) fn see_whole(&mut self, node: u32, machine: &Node<u32>) -> Result<(), Box<Finding>> {
        machine.check();
        self.monotone.see_all(node, machine)
    }

    /// A process booted again.
    pub(crate) fn reborn(&mut self, node: u32) {
        self.monotone.reborn(node);
        self.incarnations.reborn(node);
        self.oneself.reborn(node);
        self.sends.reborn(node);
        self.timers.reborn(node);
        self.answers.reborn(node);
        self.rounds.reborn(node);
    }

    /// All lists together (I4): of the few of a small world no two different ones may share a checksum.
    pub(crate) fn see_all<'a>(nodes: impl Iterator<Item = (u32, &'a Node<u32>)>) -> Result<(), Box<Finding>> {
        Checksums::allowing(0).see_each(nodes)
    }

    /// Takes in all that they remember. When hosts were last told to wake their nodes follows from the nodes. `is_under_way`
    /// tells whether some message carries the number of a ping or ping-req of a node.
    pub(crate) fn trace(&self, is_under_way: impl Fn(u32, Seq) -> bool, print: &mut Fingerprint) {
        let Self { monotone, incarnations, oneself, sends, timers: _, answers, rounds } = self;
        monotone.trace(print);
        incarnations.trace(print);
        oneself.trace(print);
        sends.trace(print);
        answers.trace(print);
        rounds.trace(&|asker, seq| is_under_way(asker, seq) || answers.owes(asker, seq), print);
    }
}
