//! I2: no node emits an incarnation for another member above the highest that it received for it.

use swim_core::{Effect, Fingerprint, Incarnation, Input, Message};

use super::{Finding, Pairs, Step};

/// Remembers the highest incarnation that each node received for each member.
#[derive(Clone)]
pub(super) struct Incarnations(Pairs<Incarnation>);

impl Incarnations {
    pub(super) fn new(nodes: u32) -> Self {
        Self(Pairs::new(nodes))
    }

    /// The node knows nothing of its last life.
    pub(super) fn reborn(&mut self, node: u32) {
        self.0.forget(node);
    }

    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        if let Input::Message { from, message, .. } = step.input {
            claims(*from, message).for_each(|(subject, incarnation)| {
                let highest = self.0.of(step.node, subject);
                *highest = incarnation.max(*highest);
            });
        }
        for effect in step.effects.iter() {
            if let Effect::Send { message, .. } = effect {
                claims(step.node, &message).try_for_each(|claim| self.emitted(step.node, claim))?;
            }
        }
        Ok(())
    }

    fn emitted(&mut self, node: u32, (subject, incarnation): (u32, Incarnation)) -> Result<(), Box<Finding>> {
        let highest = *self.0.of(node, subject);
        if node == subject || incarnation <= highest {
            return Ok(());
        }
        let reason = format!("sent incarnation {incarnation} of member {subject}, received {highest} at most");
        Err(Finding::new("I2 incarnations", node, reason))
    }
}

/// The incarnations that a message names: the sender's, those of its changes, and those of their makers.
fn claims<'a>(from: u32, message: &Message<'a, u32>) -> impl Iterator<Item = (u32, Incarnation)> + use<'a> {
    let changes = message.changes.iter().flat_map(|change| {
        let maker = change.source.map(|source| (source.address, source.incarnation));
        [Some((change.address, change.incarnation)), maker].into_iter().flatten()
    });
    std::iter::once((from, message.incarnation)).chain(changes)
}

impl Incarnations {
    /// Takes in what is remembered.
    pub(super) fn trace(&self, print: &mut Fingerprint) {
        let Self(pairs) = self;
        pairs.iter().for_each(|highest| print.word(highest.get()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_incarnation_is_found_and_ones_own_is_free() {
        let mut incarnations = Incarnations::new(2);
        let claim = |number| (1, Incarnation::new(number).unwrap());
        *incarnations.0.of(0, 1) = claim(7).1;
        assert_eq!(incarnations.emitted(0, claim(7)), Ok(()));
        assert!(incarnations.emitted(0, claim(8)).is_err());
        assert_eq!(incarnations.emitted(1, claim(8)), Ok(()));
    }
}
