//! What follows from one change of the list: the pending change, the suspicion, the timer.

use alloc::boxed::Box;

use super::{Membership, Spread};
use crate::address::Address;
use crate::disseminate::Pending;
use crate::effect::Effects;
use crate::labels::Labels;
use crate::member::{Change, Incarnation, Source, Status};
use crate::memberlist::{HasPending, NextVersion, Slot, State};
use crate::observe::Event;
use crate::time::Instant;
use crate::timer::Timer;

impl<A: Address> Membership<A> {
    /// Replaces what is known of a member.
    pub(super) fn record(
        &mut self,
        now: Instant,
        slot: Slot,
        change: Change<'_, A>,
        spread: Spread,
        out: &mut Effects<A>,
    ) {
        let known = self.members.state(slot);
        self.members.update(slot, change, &mut self.random);
        self.recorded(now, slot, Some(known), change, spread, out);
    }

    /// What follows once a change is in the list; `known` is what was there before.
    #[inline]
    pub(super) fn recorded(
        &mut self,
        now: Instant,
        slot: Slot,
        known: Option<State>,
        change: Change<'_, A>,
        spread: Spread,
        out: &mut Effects<A>,
    ) {
        let state = State { incarnation: change.incarnation, status: change.status };
        // New labels alone move no timer.
        if known != Some(state) && slot != Slot::LOCAL {
            self.rearm(now, slot, known, change);
        }
        match spread {
            Spread::Yes => self.enqueue(slot),
            // What is pending about the member no longer says what is known; nobody gossips the new claim from here.
            Spread::No if known.is_some() => self.forget_pending(slot),
            Spread::No => {}
        }
        if self.rollup.add(change, out) {
            self.timers.set(Timer::Rollup, now + self.config.rollup_flush);
        }
    }

    fn rearm(&mut self, now: Instant, slot: Slot, known: Option<State>, change: Change<'_, A>) {
        match known.map(|known| known.status) {
            Some(Status::Suspect) => self.suspicions.end(slot),
            Some(Status::Faulty | Status::Leave | Status::Tombstone) => self.transitions.clear(slot),
            Some(Status::Alive) | None => {}
        }
        match change.status {
            Status::Alive => {}
            Status::Suspect => {
                let n = self.members.pingable() + 1;
                let accuser = change.source.map(|source| source.address);
                let at = self.suspicions.start(now, slot, n, accuser);
                self.transitions.note(slot, at);
                if accuser != Some(self.local) {
                    self.befriend(now, slot);
                }
            }
            Status::Faulty => {
                self.transitions.set(slot, now + self.config.faulty);
                // A faulty member is somebody to heal with (R11).
                if self.config.heal_faulty_rate > 0 && self.config.heal_period.is_some() {
                    self.timers.set_earlier(Timer::Heal, now + crate::heal::TICK);
                }
            }
            Status::Leave => {
                if let Some(leave) = self.config.leave {
                    self.transitions.set(slot, now + leave);
                }
            }
            Status::Tombstone => self.transitions.set(slot, now + self.config.tombstone),
        }
        self.tidy_transitions();
    }

    /// Keeps the dead entries of the transitions below the living ones (I7).
    pub(super) fn tidy_transitions(&mut self) {
        let Self { suspicions, transitions, .. } = self;
        transitions.tidy(suspicions.len(), suspicions.iter());
    }

    /// Makes what the list says of a member a pending change (R5).
    pub(crate) fn enqueue(&mut self, slot: Slot) {
        // Who changes 64 times while a long queue hardly does: versions would have to start again, for which the whole queue
        // is looked through. Instead the latest change is told as often as is left of the one before.
        let is_stuck = self.members.is_last_version(slot) && self.queue.has_stale() && !self.queue.is_worth_a_purge();
        if !(is_stuck && self.members.has_pending(slot)) {
            let version = self.supersede(slot, HasPending::Yes);
            self.queue.push(Pending::new(slot, version));
        }
        self.want_gossip();
    }

    /// What was pending about a member is told no more.
    pub(super) fn forget_pending(&mut self, slot: Slot) {
        self.supersede(slot, HasPending::No);
    }

    /// What was pending about a member is no longer; returns the version of what is now.
    fn supersede(&mut self, slot: Slot, pending: HasPending) -> u8 {
        let NextVersion { version, superseded } = self.members.next_version(slot, pending);
        if superseded {
            self.queue.supersede();
        }
        // Where versions start again, an entry that is left of the member would be taken for the new change, and so
        // would one that is charged to a message.
        let starts_again = version == 0;
        if starts_again {
            self.wraps = self.wraps.wrapping_add(1);
        }
        if self.queue.is_littered() || (starts_again && self.queue.has_stale()) {
            let members = &self.members;
            self.queue.purge(|pending| pending.slot() != slot && members.is_current(pending.slot(), pending.version()));
        }
        version
    }

    /// Gives a member another status by the node's own decision: by a probe, a timer or a command.
    pub(crate) fn declare(
        &mut self,
        now: Instant,
        slot: Slot,
        incarnation: Incarnation,
        status: Status,
        out: &mut Effects<A>,
    ) {
        let old = self.members.checksum();
        let labels: Box<[u8]> = self.members.labels(slot).encoded().into();
        let change = Change { labels: Labels::trusted(&labels), ..self.own_claim(slot, incarnation, status) };
        self.record(now, slot, change, Spread::Yes, out);
        out.event(Event::MakeNodeStatus { address: change.address, status });
        let mark = out.mark();
        out.push_change(change);
        let span = out.since(mark);
        self.stats.counters.changes_applied += 1;
        self.applied(old, span, out);
    }

    /// A claim of the node's own about a member, without its labels.
    pub(super) fn own_claim(&self, slot: Slot, incarnation: Incarnation, status: Status) -> Change<'static, A> {
        let own = if slot == Slot::LOCAL { incarnation } else { self.incarnation() };
        Change {
            address: self.members.address(slot),
            incarnation,
            status,
            source: Some(Source { address: self.local, incarnation: own }),
            labels: Labels::NONE,
        }
    }
}
