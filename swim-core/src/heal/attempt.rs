//! One attempt to heal with one target (R11).
//!
//! ```text
//!   Fetching ─ list, conflicts ─> Suspecting ─ done ─> Waiting ─ refuted, or time is up ─> Fetching ...
//!      └────── list, none ──────> Merging ─ done ─> Merged
//! ```

use alloc::vec::Vec;

use super::compare::{compare, suspicion};
use crate::address::Address;
use crate::disseminate::full_sync::{difference, whole_list};
use crate::effect::{CommandId, Effects, Span};
use crate::fingerprint::Fingerprint;
use crate::member::{ChangeList, Changes, Incarnation, Status};
use crate::memberlist::Slot;
use crate::membership::{Membership, Spread};
use crate::message::{Channel, Kind, Ticket};
use crate::observe::{Event, HealResult};
use crate::time::{Instant, Micros};

/// The least that members get to refute: a few rounds of gossip.
const PAUSE: Micros = Micros(1_500_000);
/// How often it is looked whether they have.
const LOOK: Micros = Micros(250_000);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Fetching(Ticket),
    Suspecting(Ticket),
    Waiting,
    Merging(Ticket),
}

/// What made a node try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A command that names the target.
    Command(CommandId),
    /// The search through a host list that is on.
    Search,
    /// One that is over: it has counted the attempt, which goes on by itself.
    PastSearch,
    /// The target is held faulty (native).
    Faulty,
}

#[derive(Clone, Debug)]
pub(super) struct Attempt<A> {
    target: A,
    origin: Origin,
    step: Step,
    deadline: Instant,
    /// When waiting ends, whoever has not refuted.
    patience: Instant,
    follow_ups: u32,
    /// Those of this side that must refute.
    suspects: Vec<(Slot, Incarnation)>,
}

impl<A: Address> Attempt<A> {
    pub(super) fn begin(
        now: Instant,
        target: A,
        origin: Origin,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> Self {
        membership.stats.counters.heal_attempts += 1;
        out.event(Event::AttemptHeal { target });
        let mut attempt = Self {
            target,
            origin,
            step: Step::Waiting,
            deadline: now,
            patience: now,
            follow_ups: 0,
            suspects: Vec::new(),
        };
        attempt.fetch(now, membership, out);
        attempt
    }

    pub(super) fn target(&self) -> A {
        self.target
    }

    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// The search that it belongs to, if any, is over.
    pub(super) fn outlive_search(&mut self) {
        if self.origin == Origin::Search {
            self.origin = Origin::PastSearch;
        }
    }

    pub(super) fn command(&self) -> Option<CommandId> {
        match self.origin {
            Origin::Command(command) => Some(command),
            Origin::Search | Origin::PastSearch | Origin::Faulty => None,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The request that is under way.
    pub(super) fn ticket(&self) -> Option<Ticket> {
        match self.step {
            Step::Fetching(ticket) | Step::Suspecting(ticket) | Step::Merging(ticket) => Some(ticket),
            Step::Waiting => None,
        }
    }

    /// Whether the first exchange is under way; a search goes on after it.
    pub(super) fn is_exchanging(&self) -> bool {
        self.step != Step::Waiting
    }

    fn request(
        &mut self,
        now: Instant,
        kind: Kind<A>,
        changes: Span,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> Ticket {
        let ticket = membership.next_ticket();
        membership.stats.client.mark(now);
        self.deadline = now + membership.config.heal_timeout;
        out.send(self.target, Channel::Request(ticket), kind, membership.head(), changes);
        ticket
    }

    fn fetch(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        let app = membership.config.cluster;
        let kind = if membership.config.requests { Kind::Join { app } } else { Kind::HealFetch { app } };
        self.step = Step::Fetching(self.request(now, kind, Span::EMPTY, membership, out));
    }

    /// Ringpop has no requests of its own for healing: a ping carries what is to be told.
    fn telling(kind: Kind<A>, membership: &mut Membership<A>) -> Kind<A> {
        if membership.config.requests { Kind::Ping { seq: membership.next_seq() } } else { kind }
    }

    /// The target's list came.
    pub(super) fn listed(
        &mut self,
        now: Instant,
        list: Changes<'_, A>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> Option<HealResult> {
        if !matches!(self.step, Step::Fetching(_)) {
            return None;
        }
        membership.evicted.expire(now);
        let conflicts = compare(list, membership, out);
        if conflicts.is_empty() {
            membership.apply(now, self.target, list, Spread::Yes, out);
            // Ringpop sends its whole list.
            let lacking = if membership.config.requests {
                whole_list(membership, out)
            } else {
                difference(list, membership, out)
            };
            let kind = Self::telling(Kind::HealMerge, membership);
            self.step = Step::Merging(self.request(now, kind, lacking, membership, out));
            return None;
        }
        if conflicts.theirs.len() > 0 {
            let kind = Self::telling(Kind::HealSuspect, membership);
            self.step = Step::Suspecting(self.request(now, kind, conflicts.theirs, membership, out));
        } else {
            self.wait(now, membership);
        }
        let suspicions: ChangeList<A> = conflicts
            .ours
            .iter()
            .map(|&(slot, incarnation)| suspicion(membership.members.change(slot), incarnation))
            .collect();
        self.suspects = conflicts.ours;
        membership.apply(now, self.target, suspicions.as_changes(), Spread::Yes, out);
        self.rests(membership)
    }

    /// The target has spread the suspects, or has merged.
    pub(super) fn done(&mut self, now: Instant, membership: &mut Membership<A>) -> Option<HealResult> {
        match self.step {
            Step::Merging(_) => Some(HealResult::Merged),
            Step::Suspecting(_) => {
                self.wait(now, membership);
                self.rests(membership)
            }
            Step::Fetching(_) | Step::Waiting => None,
        }
    }

    /// Whether there is nothing left to do but to wait, and nothing to wait for: without follow-ups it is another attempt
    /// that sees who has refuted, and this one must not be in its way.
    fn rests(&self, membership: &Membership<A>) -> Option<HealResult> {
        (self.step == Step::Waiting && membership.config.heal_follow_ups == 0).then_some(HealResult::Waiting)
    }

    fn wait(&mut self, now: Instant, membership: &Membership<A>) {
        self.step = Step::Waiting;
        self.deadline = now + PAUSE;
        self.patience = now + membership.suspicions.longest(membership.members.pingable() + 1);
    }

    /// A request takes too long, or it is time to look whether the suspects have refuted.
    pub(super) fn fire(
        &mut self,
        now: Instant,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> Option<HealResult> {
        if now < self.deadline {
            return None;
        }
        if self.step != Step::Waiting {
            return Some(HealResult::Failed);
        }
        if self.follow_ups >= membership.config.heal_follow_ups {
            return Some(HealResult::Waiting);
        }
        let is_pingable = membership
            .members
            .find(&self.target)
            .is_some_and(|slot| membership.members.state(slot).status.is_pingable());
        if is_pingable {
            // Another attempt was faster.
            return Some(HealResult::Needless);
        }
        self.suspects.retain(|&(slot, incarnation)| {
            membership.members.is_listed(slot) && {
                let state = membership.members.state(slot);
                state.status == Status::Suspect && state.incarnation == incarnation
            }
        });
        if !self.suspects.is_empty() && now < self.patience {
            self.deadline = now + LOOK;
            return None;
        }
        self.follow_ups += 1;
        self.fetch(now, membership, out);
        None
    }
}

impl<A: Address> Attempt<A> {
    /// Takes in how far the attempt is.
    pub(super) fn trace(&self, print: &mut Fingerprint) {
        let Self { target, origin, step, deadline, patience, follow_ups, suspects } = self;
        print.address(target);
        print.word(match origin {
            // Which of the two matters beside another search only, and is traced with that.
            Origin::Search | Origin::PastSearch => 0,
            Origin::Faulty => 1,
            Origin::Command(command) => 2u64.wrapping_add(command.0),
        });
        let (kind, ticket) = match step {
            Step::Fetching(ticket) => (0, Some(ticket)),
            Step::Suspecting(ticket) => (1, Some(ticket)),
            Step::Waiting => (2, None),
            Step::Merging(ticket) => (3, Some(ticket)),
        };
        print.word(kind);
        if let Some(ticket) = ticket {
            print.ticket(*ticket);
        }
        print.until(*deadline);
        print.until(*patience);
        print.word(u64::from(*follow_ups) << 32 | suspects.len() as u64);
        for (slot, incarnation) in suspects {
            print.word(slot.0.into());
            print.word(incarnation.get());
        }
    }
}
