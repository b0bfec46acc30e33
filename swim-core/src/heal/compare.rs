//! Which members stand in the way of merging two lists (R11).

use alloc::vec::Vec;

use crate::address::Address;
use crate::effect::{Effects, Span};
use crate::member::{Change, Changes, Incarnation, Status};
use crate::memberlist::{Slot, SlotSet, State};
use crate::membership::{LONG_LIST, Membership};

/// The members that must reincarnate before two sides can be merged.
pub(super) struct Conflicts {
    /// Of this side: the other side holds them dead, and its claim would win here.
    pub(super) ours: Vec<(Slot, Incarnation)>,
    /// Of the other side, as suspicions to be spread there; in the arena of the effects.
    pub(super) theirs: Span,
}

impl Conflicts {
    pub(super) fn is_empty(&self) -> bool {
        self.ours.is_empty() && self.theirs.len() == 0
    }
}

/// Compares the list of the other side with the node's own. In a long one a member stands in the way once, however often it
/// is named.
pub(super) fn compare<A: Address>(
    theirs: Changes<'_, A>,
    membership: &Membership<A>,
    out: &mut Effects<A>,
) -> Conflicts {
    let blocks = |status: Status| match status {
        Status::Alive | Status::Suspect => false,
        Status::Faulty | Status::Tombstone => true,
        // Whoever left wanted to; only ringpop waits for it.
        Status::Leave => !membership.config.doubt_hearsay,
    };
    let mark = out.mark();
    let mut ours = Vec::new();
    let mut met = (theirs.len() > LONG_LIST).then(SlotSet::new);
    let mut is_new = |slot| met.as_mut().is_none_or(|met| met.insert(slot));
    for change in theirs {
        let Some(slot) = membership.members.find(&change.address) else {
            // Evicted here: it has to come back under an incarnation that is accepted.
            let evicted = membership.evicted.incarnation(&change.address);
            if let Some(evicted) = evicted.filter(|&evicted| evicted >= change.incarnation) {
                if change.status.is_pingable() {
                    out.push_change(suspicion(change, evicted));
                }
            }
            continue;
        };
        let here = membership.members.state(slot);
        let there = State { incarnation: change.incarnation, status: change.status };
        // Nobody has to ask the other side to suspect oneself: what the node says of itself wins there as it is.
        if there.status.is_pingable() && blocks(here.status) && here > there && slot != Slot::LOCAL {
            if is_new(slot) {
                out.push_change(suspicion(change, here.incarnation));
            }
        } else if here.status.is_pingable() && blocks(there.status) && there > here && is_new(slot) {
            ours.push((slot, there.incarnation));
        }
    }
    Conflicts { ours, theirs: out.since(mark) }
}

/// A suspicion without a maker, at the incarnation of the claim that would win, with the labels that are known.
pub(super) fn suspicion<A>(known: Change<'_, A>, incarnation: Incarnation) -> Change<'_, A> {
    Change { incarnation, status: Status::Suspect, source: None, ..known }
}
