//! I5: a datagram never exceeds its budget, and every message decodes to what was encoded.
//!
//! The budget is looked at in every run, as sizes are counted anyway. Where messages travel as values, this checker takes
//! each through the codec as well; where they travel as bytes, the run itself does.

use swim_core::{Config, Effect};

use super::{Finding, Step};
use crate::wire::{Carry, WireError, WirePath};

/// Takes messages through the codec.
pub(super) struct Frames(Option<WirePath>);

impl Frames {
    pub(super) fn new(config: &Config, carry: Carry) -> Self {
        Self((carry == Carry::Values).then(|| WirePath::new(config.clone(), Carry::Bytes)))
    }

    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        let Some(path) = &mut self.0 else { return Ok(()) };
        for effect in step.effects.iter() {
            let Effect::Send { channel, message, .. } = effect else { continue };
            let size = path.size(channel, &message).map_err(|error| finding(step.node, error))?;
            path.through(channel, message, size).map_err(|error| finding(step.node, error))?;
        }
        Ok(())
    }
}

/// What the codec found, at the node that sent.
#[cold]
pub(crate) fn finding(node: u32, error: Box<WireError>) -> Box<Finding> {
    Finding::new("I5 frames", node, error)
}
