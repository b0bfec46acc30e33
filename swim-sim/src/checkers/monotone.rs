//! I1: in one node's list a member never moves to a smaller (incarnation, status), except by eviction.

use swim_core::{Event, Incarnation, Member, Node, Status};

use super::{Finding, Pairs, Step};

/// Remembers what each node last held of each member.
pub(super) struct Monotone(Pairs<Option<(Incarnation, Status)>>);

impl Monotone {
    pub(super) fn new(nodes: u32) -> Self {
        Self(Pairs::new(nodes))
    }

    /// The node knows nothing of its last life.
    pub(super) fn reborn(&mut self, node: u32) {
        self.0.forget(node);
    }

    /// Looks at the members that this input touched.
    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        for effect in step.effects.iter() {
            match effect {
                swim_core::Effect::Event(Event::MemberlistChangesApplied { changes, .. }) => {
                    for change in changes {
                        self.look(step.node, change.address, step.machine.member(change.address))?;
                    }
                }
                swim_core::Effect::Event(Event::MemberEvicted { address, .. }) => *self.0.of(step.node, address) = None,
                swim_core::Effect::Event(Event::MakeNodeStatus { address, .. }) => {
                    self.look(step.node, address, step.machine.member(address))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Looks at a whole list.
    pub(super) fn see_all(&mut self, node: u32, machine: &Node<u32>) -> Result<(), Box<Finding>> {
        machine.listed().try_for_each(|member| self.look(node, member.address, Some(member)))
    }

    fn look(&mut self, node: u32, subject: u32, member: Option<Member<'_, u32>>) -> Result<(), Box<Finding>> {
        let held = self.0.of(node, subject);
        let holds = member.map(|member| (member.incarnation, member.status));
        if holds.is_some() && holds < *held {
            let reason = format!("member {subject} moved back from {held:?} to {holds:?}");
            return Err(Finding::new("I1 monotone", node, reason));
        }
        *held = holds;
        Ok(())
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
    fn a_member_that_moves_back_is_found_and_an_evicted_one_may_come_back() {
        let mut monotone = Monotone::new(2);
        for held in [member(5, Status::Alive), member(5, Status::Faulty), member(6, Status::Alive), None] {
            assert_eq!(monotone.look(0, 1, held), Ok(()));
        }
        assert_eq!(monotone.look(0, 1, member(5, Status::Suspect)), Ok(()));
        assert!(monotone.look(0, 1, member(5, Status::Alive)).is_err());
        assert!(monotone.look(0, 1, member(4, Status::Tombstone)).is_err());
        assert_eq!(monotone.look(1, 1, member(4, Status::Alive)), Ok(()));
    }
}
