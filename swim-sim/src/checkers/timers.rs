//! I9, as far as it can be seen from outside: nothing stops a node's timers. (That no input panics, whoever calls the run
//! sees.)
//!
//! A member that probes always has a deadline; after a tick it lies ahead; and the host was told of it last.

use swim_core::{Effect, Input, Instant};

use super::{Finding, Step};

/// Remembers for when each host was told to wake its node.
#[derive(Clone)]
pub(super) struct Timers(Vec<Option<Instant>>);

impl Timers {
    pub(super) fn new(nodes: u32) -> Self {
        Self(vec![None; nodes as usize])
    }

    /// The node has not told its host anything.
    pub(super) fn reborn(&mut self, node: u32) {
        self.0[node as usize] = None;
    }

    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        let Step { node, machine, .. } = *step;
        let armed = &mut self.0[node as usize];
        let last = step.effects.len().saturating_sub(1);
        for (place, effect) in step.effects.iter().enumerate() {
            let Effect::Wake(at) = effect else { continue };
            if place != last {
                return Err(Finding::new("I9 timers", node, "a wake is not the last effect"));
            }
            *armed = at;
        }
        let wanted = machine.next_deadline();
        if *armed != wanted {
            let reason = format!("its deadline is {}, and its host was told {}", shown(wanted), shown(*armed));
            return Err(Finding::new("I9 timers", node, reason));
        }
        if matches!(step.input, Input::Tick) && wanted.is_some_and(|at| at <= step.local) {
            let reason = format!("after a tick at {} its deadline is {}", step.local, shown(wanted));
            return Err(Finding::new("I9 timers", node, reason));
        }
        if wanted.is_none() && machine.is_ready() && !machine.is_stopped() {
            return Err(Finding::new("I9 timers", node, "a member that probes has no deadline"));
        }
        Ok(())
    }
}

fn shown(at: Option<Instant>) -> String {
    at.map_or_else(|| "none".into(), |at| at.to_string())
}
