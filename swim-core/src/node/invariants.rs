//! What one node can see of itself: I3, I4 and I7.

use super::Node;
use crate::address::Address;
use crate::member::Status;
use crate::memberlist::Slot;
use crate::membership::Standing;

impl<A: Address> Node<A> {
    /// Panics where a numbered invariant does not hold. Tests, simulator and fuzzers call it after every input.
    ///
    /// # Panics
    /// On I3 (what the node holds itself to be), I4 (the checksum) and I7 (bounded queues). It takes time in
    /// proportion to the list.
    pub fn check(&self) {
        let membership = &self.membership;
        let own = membership.members.state(Slot::LOCAL);
        let expected = match membership.standing {
            Standing::Joining | Standing::Member => Some(Status::Alive),
            Standing::Left => Some(Status::Leave),
            Standing::Evicted => Some(Status::Faulty),
            Standing::Destroyed => None,
        };
        assert!(expected.is_none_or(|status| own.status == status), "I3: {own:?}, {expected:?}");
        assert_eq!(membership.members.checksum(), membership.members.checksum_from_scratch(), "I4");
        membership.queue.check();
        let listed = membership.members.len();
        assert!(listed <= membership.config.members_max, "I7: members");
        assert!(membership.queue.entries() <= 2 * membership.members.slot_bound() + 64, "I7: pending changes");
        let living = membership.suspicions.len() + membership.transitions.living();
        assert!(living <= listed, "I7: deadlines");
        assert!(membership.transitions.len() <= living + living / 2 + 65, "I7: transitions");
        assert!(membership.evicted.len() <= membership.config.evicted_max, "I7: evicted members");
        assert!(membership.rollup.len() < membership.config.rollup_max, "I7: rollup");
        membership.buddies.check();
        membership.trials.check();
        self.probe.check();
        self.helping.check();
        self.full_sync.check(membership);
        self.joiner.check();
        self.healer.check();
    }
}
