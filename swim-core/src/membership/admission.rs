//! Who is listed (R1, R3, R16): claims about members that are not, and who gives way where the list is full.
//!
//! As long as there is room whoever is claimed is listed. In a full list a claim alone moves nobody, or a flood of made-up
//! members would push out all that were not yet probed, and a real newcomer would never get in. The newcomer
//! is pinged instead; if it answers, it takes the place of a member that never did, dead ones first. Whoever has answered
//! this node once is not pushed out.

use super::trial::Claim;
use super::{Membership, Spread};
use crate::address::Address;
use crate::effect::{Effects, Span};
use crate::labels::Labels;
use crate::member::{Change, Incarnation, Status};
use crate::memberlist::{Slot, State, Wanted};
use crate::message::{Kind, Seq};
use crate::observe::{Event, RejectReason};
use crate::time::Instant;

/// What is known of one that is not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is claimed.
    None,
    /// It answered.
    Answered,
}

impl<A: Address> Membership<A> {
    /// A claim about a member that is not listed.
    pub(super) fn admit(
        &mut self,
        now: Instant,
        from: A,
        change: Change<'_, A>,
        (spread, proof): (Spread, Proof),
        out: &mut Effects<A>,
    ) -> Option<Slot> {
        if change.status == Status::Tombstone {
            return None;
        }
        if let Some(evicted) = self.evicted.incarnation(&change.address) {
            if change.incarnation <= evicted {
                self.owe(change.address, evicted);
                self.reject(from, RejectReason::Evicted, out);
                return None;
            }
        }
        if self.is_absurd(now, &change) {
            self.reject(from, RejectReason::Incarnation, out);
            return None;
        }
        if !self.has_room(change.labels) && !self.make_room(proof, change.labels, out) {
            self.reject(from, RejectReason::TooManyMembers, out);
            if proof == Proof::None {
                self.try_out(now, change, out);
            }
            return None;
        }
        let unknown = State { incarnation: Incarnation::default(), status: Status::Alive };
        self.report_far_off(now, unknown, change, out);
        let slot = self.members.insert(change, &mut self.random);
        self.recorded(now, slot, None, change, spread, out);
        Some(slot)
    }

    /// The sender of the present message lists a member that was evicted at this incarnation. Once for each member.
    pub(crate) fn owe(&mut self, address: A, evicted: Incarnation) {
        if self.owed.len() < Self::OWED_MAX && !self.owed.contains(&(address, evicted)) {
            self.owed.push((address, evicted));
        }
    }

    /// Whether one more with these labels can be listed.
    fn has_room(&self, labels: Labels<'_>) -> bool {
        self.members.len() < self.config.members_max && self.members.has_room_for_labels(None, labels)
    }

    /// Members that never answered give way to one that has and has these labels. Returns whether there is room now.
    fn make_room(&mut self, proof: Proof, labels: Labels<'_>, out: &mut Effects<A>) -> bool {
        while proof == Proof::Answered && !self.has_room(labels) {
            // Who has no labels has nothing to give where it is only they that there is no room for.
            let is_full = self.members.len() >= self.config.members_max;
            let wanted = if is_full { Wanted::Place } else { Wanted::Labels };
            let Some(slot) = self.members.least_proven(wanted) else { break };
            self.drop_member(slot, out);
        }
        self.has_room(labels)
    }

    fn drop_member(&mut self, slot: Slot, out: &mut Effects<A>) {
        let (address, incarnation) = (self.members.address(slot), self.members.state(slot).incarnation);
        // Nobody evicted it for its tombstone, so it is not remembered as such: it may be real.
        out.event(Event::MemberDropped { address, incarnation });
        self.stats.counters.members_dropped += 1;
        self.suspicions.end(slot);
        self.transitions.clear(slot);
        self.forget_pending(slot);
        self.members.evict(slot);
        self.tidy_transitions();
    }

    /// Pings one that a full list has no room for.
    fn try_out(&mut self, now: Instant, change: Change<'_, A>, out: &mut Effects<A>) {
        let worth = change.status.is_pingable() && self.is_active() && !self.members.are_all_proven();
        if !worth || !self.trials.has_room(now, change.address) {
            return;
        }
        let seq = self.next_seq();
        let deadline = now + self.health.stretch(self.config.ping_timeout);
        self.trials.begin(now, deadline, seq, change);
        self.stats.counters.trials += 1;
        // Without changes: whoever makes this node ping a third party must not make it say much.
        out.send(change.address, self.ping_channel(seq), Kind::Ping { seq }, self.head(), Span::EMPTY);
    }

    /// Whether this is the answer of one that is tried out.
    pub(crate) fn is_on_trial(&self, now: Instant, from: A, seq: Seq) -> bool {
        self.trials.awaits(now, from, seq)
    }

    /// One that was tried out has answered.
    pub(crate) fn passed(&mut self, now: Instant, from: A, seq: Seq, out: &mut Effects<A>) {
        let Some(claim) = self.trials.passed(from, seq) else { return };
        if self.members.find(&from).is_none() {
            self.list(now, from, &claim, out);
        }
        self.prove(from);
    }

    fn list(&mut self, now: Instant, from: A, claim: &Claim<A>, out: &mut Effects<A>) {
        let old = self.members.checksum();
        let mark = out.mark();
        let len = self.members.len();
        for change in claim.changes() {
            let admitted = self.admit(now, from, change, (Spread::Yes, Proof::Answered), out);
            if let Some(slot) = admitted {
                self.stats.counters.changes_applied += 1;
                out.push_change(self.members.change(slot));
            }
            // Others may have given way, and not enough of them.
            if admitted.is_some() || self.members.len() < len {
                let span = out.since(mark);
                self.applied(old, span, out);
            }
        }
    }

    /// A member has answered this node.
    pub(crate) fn prove(&mut self, address: A) {
        if let Some(slot) = self.members.find(&address) {
            self.members.prove(slot);
        }
    }
}
