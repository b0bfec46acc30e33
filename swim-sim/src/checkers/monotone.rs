//! I1: in one node's list a member never moves to a smaller (incarnation, status), except by eviction.
//!
//! Only a tombstone is evicted, and a full list drops whom it will (R16). And others see the list through what the node
//! tells of it: that is not older than what was held before the input.

use swim_core::{Change, Effect, Event, ExchangeMode, Fingerprint, Incarnation, Kind, Member, Message, Node, Status};

use super::{Finding, Pairs, Step};
use crate::cluster::Setup;

/// Remembers what each node last held of each member.
#[derive(Clone)]
pub(super) struct Monotone {
    held: Pairs<Option<(Incarnation, Status)>>,
    exchange: ExchangeMode,
}

impl Monotone {
    pub(super) fn new(setup: &Setup) -> Self {
        Self { held: Pairs::new(setup.nodes), exchange: setup.options.exchange }
    }

    /// The node knows nothing of its last life.
    pub(super) fn reborn(&mut self, node: u32) {
        self.held.forget(node);
    }

    /// Looks at what this input made the node tell, and at the members that it touched.
    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        for effect in step.effects.iter() {
            if let Effect::Send { message, .. } = effect {
                self.told(step.node, &message)?;
            }
        }
        // Whom a full list drops may have changed in the same input, and is not listed after it.
        for effect in step.effects.iter() {
            if let Effect::Event(Event::MemberDropped { address, .. }) = effect {
                *self.held.of(step.node, address) = None;
            }
        }
        for effect in step.effects.iter() {
            match effect {
                Effect::Event(Event::MemberlistChangesApplied { changes, .. }) => {
                    for change in changes {
                        self.look(step.node, change.address, step.machine.member(change.address))?;
                    }
                }
                Effect::Event(Event::MemberEvicted { address, .. }) => self.evict(step.node, address)?,
                Effect::Event(Event::MakeNodeStatus { address, .. }) => {
                    self.look(step.node, address, step.machine.member(address))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Looks at a whole list.
    pub(super) fn see_all(&mut self, node: u32, machine: &Node<u32>) -> Result<(), Box<Finding>> {
        machine.listed().try_for_each(|member| self.look(node, member.address, Some(member)))?;
        for (subject, held) in (0..).zip(self.held.all_mut(node)) {
            if held.is_some() && machine.member(subject).is_none() {
                return Err(lost(node, subject, *held));
            }
        }
        Ok(())
    }

    /// What was evicted is no longer held, and may come back as anything.
    fn evict(&mut self, node: u32, subject: u32) -> Result<(), Box<Finding>> {
        match self.held.of(node, subject).take() {
            Some((_, status)) if status != Status::Tombstone => {
                Err(Finding::new("I1 monotone", node, format!("evicted member {subject}, held as {status}")))
            }
            _ => Ok(()),
        }
    }

    fn told(&mut self, node: u32, message: &Message<'_, u32>) -> Result<(), Box<Finding>> {
        // Suspicions that a healer spreads are about what the other side holds (R11). The ringpop preset puts them into a
        // ping, without a maker.
        let spreads = |change: &Change<'_, u32>| match message.kind {
            Kind::HealSuspect => true,
            Kind::Ping { .. } => self.exchange == ExchangeMode::Requests && change.source.is_none(),
            _ => false,
        };
        for change in message.changes.iter().filter(|change| !spreads(change)) {
            let held = *self.held.of(node, change.address);
            let told = Some((change.incarnation, change.status));
            if told < held {
                let reason = format!("tells {told:?} of member {}, and held {held:?}", change.address);
                return Err(Finding::new("I1 monotone", node, reason));
            }
        }
        Ok(())
    }

    fn look(&mut self, node: u32, subject: u32, member: Option<Member<'_, u32>>) -> Result<(), Box<Finding>> {
        let held = self.held.of(node, subject);
        let holds = member.map(|member| (member.incarnation, member.status));
        if holds.is_none() && held.is_some() {
            return Err(lost(node, subject, *held));
        }
        if holds < *held {
            let reason = format!("member {subject} moved back from {held:?} to {holds:?}");
            return Err(Finding::new("I1 monotone", node, reason));
        }
        *held = holds;
        Ok(())
    }
}

/// A member is no longer listed that was not evicted.
#[cold]
fn lost(node: u32, subject: u32, held: Option<(Incarnation, Status)>) -> Box<Finding> {
    Finding::new("I1 monotone", node, format!("lost member {subject}, held as {held:?}"))
}

impl Monotone {
    /// Takes in what is remembered.
    pub(super) fn trace(&self, print: &mut Fingerprint) {
        let Self { held: pairs, exchange: _ } = self;
        for held in pairs.iter() {
            print.word(held.map_or(u64::MAX, |(incarnation, status)| incarnation.get() << 3 | status as u64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::Labels;

    fn member(incarnation: u64, status: Status) -> Option<Member<'static, u32>> {
        let incarnation = Incarnation::new(incarnation).unwrap();
        Some(Member { address: 1, status, incarnation, labels: Labels::NONE })
    }

    #[test]
    fn a_member_that_moves_back_or_vanishes_is_found_and_an_evicted_one_may_come_back() {
        let mut monotone = Monotone::new(&Setup::new(2, 1));
        for held in [member(5, Status::Alive), member(5, Status::Faulty), member(6, Status::Alive)] {
            assert_eq!(monotone.look(0, 1, held), Ok(()));
        }
        assert!(monotone.look(0, 1, None).is_err());
        assert!(monotone.evict(0, 1).is_err());
        assert_eq!(monotone.look(0, 1, member(7, Status::Tombstone)), Ok(()));
        assert_eq!(monotone.evict(0, 1), Ok(()));
        assert_eq!(monotone.look(0, 1, member(5, Status::Suspect)), Ok(()));
        assert!(monotone.look(0, 1, member(5, Status::Alive)).is_err());
        assert!(monotone.look(0, 1, member(4, Status::Tombstone)).is_err());
        assert_eq!(monotone.look(1, 1, member(4, Status::Alive)), Ok(()));
    }
}
