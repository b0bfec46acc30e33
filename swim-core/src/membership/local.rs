//! The node's own entry: it alone raises its incarnation (R2), refutes what is said of it, and changes its labels.

use alloc::boxed::Box;

use super::apply::Reach;
use super::{Membership, Spread};
use crate::address::Address;
use crate::effect::Effects;
use crate::labels::Labels;
use crate::member::{Change, Claim, Incarnation, Precedence, Source, Status, precedence};
use crate::memberlist::Slot;
use crate::observe::{Event, RejectReason};
use crate::time::{Instant, Micros};

/// Between two refutations that reach further ahead of the clock than accusations do: others whose clocks are behind by less
/// have come to accept one before the next. Without it whoever lies to a node all the time could drive it ahead of
/// what the others accept, for good.
const FAR_PAUSE: Micros = Micros(1_000_000);

impl<A: Address> Membership<A> {
    /// A claim about the node itself: refuted where it would win (R2). Returns whether it was.
    pub(super) fn hear_of_oneself(
        &mut self,
        now: Instant,
        from: A,
        change: Change<'_, A>,
        out: &mut Effects<A>,
    ) -> bool {
        let own = self.members.claim(Slot::LOCAL);
        let claim = Claim {
            incarnation: change.incarnation,
            status: change.status,
            labels: self.members.digest(change.labels),
        };
        if !self.refutes() {
            return false;
        }
        if precedence(Some(own), claim) != Precedence::Wins {
            if self.config.buddy && claim.status > own.status {
                self.accuser = Some(from);
            }
            return false;
        }
        // Others may hold whatever reaches as far as a claim of one's own, accusations at that incarnation included,
        // so that much is refuted, whoever says it and whatever it is.
        if self.is_beyond(now, claim.incarnation, Reach::OfOneself) {
            self.reject(from, RejectReason::Incarnation, out);
            return false;
        }
        if self.is_beyond(now, claim.incarnation, Reach::OfOthers) {
            if now < self.next_far_refutation {
                return false;
            }
            self.next_far_refutation = now + FAR_PAUSE;
        }
        if self.config.buddy && claim.status > own.status && self.is_drowned() {
            // What is pending may not reach it for long.
            self.accuser = Some(from);
        }
        let labels: Box<[u8]> = self.members.labels(Slot::LOCAL).encoded().into();
        self.reincarnate(now, own.status, claim.incarnation, Labels::trusted(&labels), out);
        self.stats.counters.refutations += 1;
        if claim.status != Status::Alive && self.health.worsen(1) {
            out.event(Event::LocalHealth { score: self.health.score() });
        }
        out.event(Event::RefuteUpdate { incarnation: self.incarnation() });
        true
    }

    /// Whether a higher incarnation is left for what the node may say of itself. A departure needs none: it wins over what the
    /// node was before at the same one (R1).
    pub(crate) fn can_raise(&self) -> bool {
        self.incarnation() < Incarnation::MAX
    }

    /// Gives the node another status or other labels, under a new incarnation.
    pub(crate) fn change_oneself(
        &mut self,
        now: Instant,
        status: Status,
        labels: Option<Labels<'_>>,
        out: &mut Effects<A>,
    ) {
        let old = self.members.checksum();
        let known: Box<[u8]> = self.members.labels(Slot::LOCAL).encoded().into();
        let labels = labels.unwrap_or(Labels::trusted(&known));
        self.reincarnate(now, status, Incarnation::default(), labels, out);
        out.event(Event::MakeNodeStatus { address: self.local, status });
        let mark = out.mark();
        out.push_change(self.members.change(Slot::LOCAL));
        let span = out.since(mark);
        self.applied(old, span, out);
    }

    /// `max(wall clock, own + 1, claimed + 1)` (R2): a clock that runs behind still overrides. One that jumped ahead since boot
    /// counts up to what others accept: they would not believe the node for as long as it was ahead, also once it is right.
    fn reincarnate(
        &mut self,
        now: Instant,
        status: Status,
        claimed: Incarnation,
        labels: Labels<'_>,
        out: &mut Effects<A>,
    ) {
        let wall = Incarnation::from_wall(self.wall(now).min(self.latest_credible(now)));
        let incarnation = wall.max(self.incarnation().next()).max(claimed.next());
        let change = Change {
            address: self.local,
            incarnation,
            status,
            source: Some(Source { address: self.local, incarnation }),
            labels,
        };
        self.record(now, Slot::LOCAL, change, Spread::Yes, out);
    }

    /// Tells the others of the node itself, as when it has just joined.
    pub(crate) fn announce_oneself(&mut self) {
        self.enqueue(Slot::LOCAL);
    }
}
