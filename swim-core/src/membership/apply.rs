//! Claims meet the list: precedence (R1), hearsay (R1a), and what is rejected (R2, R3).

use alloc::boxed::Box;

use super::admission::Proof;
use super::{Membership, Standing};
use crate::address::Address;
use crate::effect::Effects;
use crate::member::{Change, ChangeList, Changes, Claim, Incarnation, Precedence, Status, precedence};
use crate::memberlist::{Slot, SlotSet, State};
use crate::observe::{Event, RejectReason};
use crate::suspicion::Accused;
use crate::time::{Instant, Micros};
use crate::timer::Timer;

/// Whether what is applied is told to others (R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// It is.
    Yes,
    /// It is not: whoever taught it also tells the others.
    No,
}

/// How far ahead of the clock an incarnation may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// In what others say of a member.
    OfOthers,
    /// In what a member says of itself, and in what it refutes.
    OfOneself,
}

/// For more changes than this room is made at once: they are a list, not gossip.
pub(crate) const LONG_LIST: usize = 256;

/// A member this far ahead of the clock is reported; both may run.
const FAR_OFF_MS: u64 = 60_000;

impl<A: Address> Membership<A> {
    /// Applies the changes of a message from `from`; returns how many were new.
    pub(crate) fn apply(
        &mut self,
        now: Instant,
        from: A,
        changes: Changes<'_, A>,
        spread: Spread,
        out: &mut Effects<A>,
    ) -> u32 {
        if changes.is_empty() {
            return 0;
        }
        out.event_changes(Event::MemberlistChangesReceived { source: from, changes: Changes::NONE }, changes);
        self.stats.counters.changes_received += changes.len() as u64;
        self.evicted.expire(now);
        // Each change of a member may cost as much as the list is long, so a list changes each once; an honest one names each once.
        let mut changed = None;
        if changes.len() > LONG_LIST {
            self.members.reserve(changes.len().min(self.config.members_max));
            changed = Some(SlotSet::new());
        }
        let old = self.members.checksum();
        let report = out.wants(crate::observe::EventKind::MemberlistChangesApplied);
        let mark = out.mark();
        let mut applied = 0;
        for change in changes {
            let has = |changed: &SlotSet| self.members.find(&change.address).is_some_and(|slot| changed.has(slot));
            if changed.as_ref().is_some_and(has) {
                continue;
            }
            if let Some(slot) = self.apply_one(now, from, change, spread, out) {
                applied += 1;
                if let Some(changed) = &mut changed {
                    changed.insert(slot);
                }
                if report {
                    out.push_change(self.members.change(slot));
                }
            }
        }
        if applied > 0 {
            self.stats.counters.changes_applied += u64::from(applied);
            let span = out.since(mark);
            self.applied(old, span, out);
        }
        applied
    }

    /// Applies what a peer says of itself, and nothing else that it says.
    pub(crate) fn apply_own(&mut self, now: Instant, from: A, changes: Changes<'_, A>, out: &mut Effects<A>) {
        if let Some(own) = changes.iter().find(|change| change.address == from) {
            let mut one = ChangeList::new();
            one.push(own);
            self.apply(now, from, one.as_changes(), Spread::Yes, out);
        }
    }

    /// What follows once, however many changes were applied.
    pub(super) fn applied(
        &mut self,
        old: crate::message::Checksum,
        changes: crate::effect::Span,
        out: &mut Effects<A>,
    ) {
        self.members.settle();
        let new = self.members.checksum();
        out.event_span(
            Event::MemberlistChangesApplied {
                changes: Changes::NONE,
                old_checksum: old,
                new_checksum: new,
                num_members: self.members.len() as u32,
            },
            changes,
        );
        if new != old {
            out.event(Event::ChecksumCompute { checksum: new, old });
        }
        // Here and not with each change, so that the lists of two events do not mix.
        if self.rollup.len() >= self.config.rollup_max {
            self.rollup.flush(out);
            self.timers.set(Timer::Rollup, Instant::NEVER);
        }
        self.adjust_limit(out);
        self.arm_transitions();
    }

    /// Applies one claim; returns the member whose entry it replaced.
    #[inline]
    fn apply_one(
        &mut self,
        now: Instant,
        from: A,
        change: Change<'_, A>,
        spread: Spread,
        out: &mut Effects<A>,
    ) -> Option<Slot> {
        if change.address == self.local {
            return self.hear_of_oneself(now, from, change, out).then_some(Slot::LOCAL);
        }
        let Some(slot) = self.members.find(&change.address) else {
            return self.admit(now, from, change, (spread, Proof::None), out);
        };
        let known = self.members.state(slot);
        let claimed = State { incarnation: change.incarnation, status: change.status };
        // The way of nearly all claims in a large cluster: what is known already.
        if claimed < known {
            return None;
        }
        if claimed == known && self.members.has_labels(slot, change.labels) {
            if known.status == Status::Suspect {
                self.confirm(now, slot, change);
            }
            return None;
        }
        self.weigh(now, from, slot, known, change, spread, out)
    }

    /// A claim that is not older than what is known.
    #[expect(clippy::too_many_arguments, reason = "the parts of one claim")]
    fn weigh(
        &mut self,
        now: Instant,
        from: A,
        slot: Slot,
        known: State,
        change: Change<'_, A>,
        spread: Spread,
        out: &mut Effects<A>,
    ) -> Option<Slot> {
        if change.incarnation > known.incarnation && self.is_absurd(now, &change) {
            self.reject(from, RejectReason::Incarnation, out);
            return None;
        }
        let change = self.doubt(now, slot, known, change);
        let claimed = State { incarnation: change.incarnation, status: change.status };
        let wins = claimed > known || (claimed == known && self.wins(slot, change));
        debug_assert_eq!(wins, self.wins(slot, change));
        // One that has answered may have the labels that it wants; there are as many of those as addresses that answer.
        if wins && !self.members.is_proven(slot) && !self.members.has_room_for_labels(Some(slot), change.labels) {
            self.reject(from, RejectReason::TooManyMembers, out);
            return None;
        }
        if wins {
            self.report_far_off(now, known, change, out);
            self.record(now, slot, change, spread, out);
            return Some(slot);
        }
        // What is not older and does not win differs in labels alone; it confirms a suspicion as well.
        if known.status == Status::Suspect {
            self.confirm(now, slot, change);
        }
        None
    }

    /// What R1 says.
    fn wins(&self, slot: Slot, change: Change<'_, A>) -> bool {
        let claim = Claim {
            incarnation: change.incarnation,
            status: change.status,
            labels: self.members.digest(change.labels),
        };
        precedence(Some(self.members.claim(slot)), claim) == Precedence::Wins
    }

    /// R1a: that a pingable member is dead is no more than an accusation, unless it was suspected here for the
    /// shortest suspicion already, or says itself that it leaves.
    ///
    /// That it left may be a lie too, so the same holds for one that left: under a newer incarnation it was back
    /// meanwhile, and for a tombstone it has to have been held so for as long as a suspicion can last.
    #[inline]
    fn doubt<'c>(&mut self, now: Instant, slot: Slot, known: State, change: Change<'c, A>) -> Change<'c, A> {
        let dead = match change.status {
            Status::Faulty | Status::Tombstone => true,
            Status::Leave => !change.is_own(),
            Status::Alive | Status::Suspect => false,
        };
        if !dead || !self.config.doubt_hearsay || matches!(known.status, Status::Faulty | Status::Tombstone) {
            return change;
        }
        let newer = known.incarnation != change.incarnation;
        let status = match known.status {
            Status::Suspect if !newer && self.suspicions.is_ripe(now, slot) => return change,
            Status::Leave if !newer && self.has_left_long_ago(now, slot) => return change,
            Status::Leave if !newer => Status::Leave,
            _ => Status::Suspect,
        };
        self.stats.counters.changes_doubted += 1;
        Change { status, ..change }
    }

    /// Whether a member that left had the time to refute it.
    fn has_left_long_ago(&self, now: Instant, slot: Slot) -> bool {
        let (Some(leave), Some(due)) = (self.config.leave, self.transitions.due(slot)) else { return true };
        let longest = self.suspicions.longest(self.members.pingable() + 1);
        due.since(now) + longest.min(leave) <= leave
    }

    /// Whether a claim is too far ahead of the clock, or leaves no room to refute (R2).
    ///
    /// What is known of the member does not count, or claims could climb step by step. Accusations reach half as far
    /// as what a member says of itself, so that a refutation of what is accepted here is accepted everywhere.
    #[inline]
    pub(super) fn is_absurd(&self, now: Instant, change: &Change<'_, A>) -> bool {
        let own = change.status == Status::Alive || change.is_own();
        self.is_beyond(now, change.incarnation, if own { Reach::OfOneself } else { Reach::OfOthers })
    }

    /// How far ahead of the clock, in milliseconds, all that a list says of others is at least, where none of it can be
    /// believed for that (R2).
    pub(crate) fn all_beyond(&self, now: Instant, list: Changes<'_, A>) -> Option<u64> {
        let mut least = None;
        for change in list.iter().filter(|change| change.address != self.local) {
            if !self.is_absurd(now, &change) {
                return None;
            }
            least = Some(least.map_or(change.incarnation, |least| change.incarnation.min(least)));
        }
        least.map(|least: Incarnation| least.get().saturating_sub(self.wall(now).0))
    }

    /// Whether an incarnation is out of reach (R2).
    pub(super) fn is_beyond(&self, now: Instant, incarnation: Incarnation, reach: Reach) -> bool {
        let (ceiling, times) = match reach {
            Reach::OfOthers => (Incarnation::CEILING, 1),
            Reach::OfOneself => (Incarnation::OWN_CEILING, 2),
        };
        let limit = self.config.incarnation_limit_ms.map(|limit| limit.saturating_mul(times));
        let latest = limit.map_or(u64::MAX, |limit| self.wall(now).0.saturating_add(limit));
        incarnation > ceiling || incarnation.get() > latest
    }

    pub(super) fn report_far_off(&mut self, now: Instant, known: State, change: Change<'_, A>, out: &mut Effects<A>) {
        if change.status != Status::Alive || change.incarnation == known.incarnation {
            return;
        }
        let ahead_ms = change.incarnation.get().saturating_sub(self.wall(now).0);
        if ahead_ms > FAR_OFF_MS {
            out.event(Event::ClockFarOff { address: change.address, ahead_ms });
        }
    }

    /// One more accuser of a suspect (R7): it loses by R1, and shortens the timeout all the same.
    fn confirm(&mut self, now: Instant, slot: Slot, change: Change<'_, A>) {
        let Some(source) = change.source else { return };
        if !self.suspicions.wants(slot, &source.address) {
            return;
        }
        let credible = source.address == self.local
            || self.members.find(&source.address).is_some_and(|slot| self.members.state(slot).status.is_pingable());
        if !credible || source.address == change.address {
            return;
        }
        let accused = self.suspicions.confirm(slot, &source.address);
        let Accused::Confirmed(deadline) = accused else {
            // The first who signs a suspicion without a name confirms nothing, so what is told of it stays as it is.
            return;
        };
        self.stats.counters.suspicions_confirmed += 1;
        // The confirmation is told to others under the name of the new accuser.
        let labels: Box<[u8]> = self.members.labels(slot).encoded().into();
        let known = self.members.state(slot);
        let renewed = Change {
            address: change.address,
            incarnation: known.incarnation,
            status: known.status,
            source: change.source,
            labels: crate::labels::Labels::trusted(&labels),
        };
        self.members.update(slot, renewed, &mut self.random);
        if self.suspicions.is_ripe(now, slot) {
            // The entry that looks at the shortest timeout has fired; the next one is where the deadline was.
            self.transitions.note(slot, deadline);
            self.tidy_transitions();
        }
        self.enqueue(slot);
        if source.address != self.local {
            self.befriend(now, slot);
        }
        self.arm_transitions();
    }

    /// The member did not answer a probe: the node accuses it (R4), at the incarnation that was pinged.
    pub(crate) fn accuse(&mut self, now: Instant, slot: Slot, pinged: Incarnation, out: &mut Effects<A>) {
        let known = self.members.state(slot);
        if !known.status.is_pingable() || known.incarnation > pinged {
            return;
        }
        let suspicion = self.own_claim(slot, known.incarnation, Status::Suspect);
        if known.status == Status::Suspect {
            self.confirm(now, slot, suspicion);
            return;
        }
        self.stats.counters.suspects_declared += 1;
        self.declare(now, slot, known.incarnation, Status::Suspect, out);
    }

    /// Fires the timers of members that are due (R3).
    pub(crate) fn fire_transitions(&mut self, now: Instant, out: &mut Effects<A>) {
        self.evicted.expire(now);
        loop {
            let suspicions = &self.suspicions;
            let Some(slot) = self.transitions.take_due(now, |slot| suspicions.ends(slot)) else { break };
            let State { incarnation, status } = self.members.state(slot);
            match status {
                Status::Suspect if self.woke_just_now(now) => {
                    // The node slept, so it cannot know who refuted meanwhile: the suspect gets another round.
                    let late = now.since(self.suspicions.ends(slot).map_or(now, |ends| ends.at));
                    let soonest = self.suspicions.postpone(slot, late + self.health.stretch(self.config.period));
                    if let Some(at) = soonest {
                        self.transitions.note(slot, at);
                    }
                }
                Status::Suspect => {
                    self.stats.counters.faulties_declared += 1;
                    self.declare(now, slot, incarnation, Status::Faulty, out);
                }
                Status::Faulty | Status::Leave => {
                    self.stats.counters.tombstones_declared += 1;
                    self.declare(now, slot, incarnation, Status::Tombstone, out);
                }
                Status::Tombstone => self.evict(now, slot, out),
                Status::Alive => {}
            }
        }
        // Each eviction leaves fewer living entries.
        self.tidy_transitions();
        self.adjust_limit(out);
        self.arm_transitions();
    }

    /// Whether a timer came so late that the node, not its peers, was at fault.
    pub(crate) fn overslept(&self, lateness: Micros) -> bool {
        !self.config.adaptive && lateness > self.config.period
    }

    /// The host comes so late with this input; in any but a tick nothing else shows it.
    pub(crate) fn came_late(&mut self, now: Instant, lateness: Micros) {
        if self.overslept(lateness) {
            self.woke = Some(now);
        }
    }

    /// Whether the node slept a moment ago: it has had no time to hear from those whose messages it has lost.
    fn woke_just_now(&self, now: Instant) -> bool {
        self.woke.is_some_and(|woke| now.since(woke) < self.config.period)
    }

    fn evict(&mut self, now: Instant, slot: Slot, out: &mut Effects<A>) {
        let (address, incarnation) = (self.members.address(slot), self.members.state(slot).incarnation);
        let until = now + self.config.faulty;
        // Made-up members that are buried by the thousand must not wash out the memory of those that were real (R16).
        if self.members.is_proven(slot) || self.evicted.has_room() {
            self.evicted.remember(address, incarnation, until);
        }
        out.event(Event::MemberEvicted { address, incarnation });
        self.stats.counters.evictions += 1;
        self.transitions.clear(slot);
        self.forget_pending(slot);
        self.members.evict(slot);
        self.members.settle();
    }

    /// Whether claims about oneself are answered.
    pub(super) fn refutes(&self) -> bool {
        !matches!(self.standing, Standing::Evicted | Standing::Destroyed)
    }
}
