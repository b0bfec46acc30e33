//! Full sync (R6): two nodes whose checksums differ compare their whole lists.
//!
//! ```text
//!  native     pinged node ── Sync: its list ──> pinger       by stream, both pingable to each other
//!                         <── SyncAnswer: the difference ──  each has now what either had
//!  ringpop    pinger <── Ack: the whole list ── pinged node  in the answer
//!             pinger <── Join ── pinged node                 and in reverse
//! ```
//! Lists are compared entry by entry; a digest by buckets, which makes the cost that of the difference, goes between
//! `consider` and `start`.

use alloc::vec::Vec;

use super::issue::{Asker, Reader};
use crate::address::Address;
use crate::effect::{Effects, Span};
use crate::fingerprint::Fingerprint;
use crate::member::{Changes, Precedence, precedence};
use crate::memberlist::SlotSet;
use crate::membership::{Membership, Spread};
use crate::message::{Channel, Checksum, Kind, SyncReason, Ticket};
use crate::observe::Event;
use crate::time::{Instant, Micros};
use crate::timer::Timer;

/// Syncs of a node in a period, at most; their peers are remembered, so that none is synced with twice.
const RECENT_MAX: usize = 16;
/// The pause between two syncs for overload of one node.
const OVERLOAD_PAUSE: Micros = Micros(500_000);

/// A sync that this node asked for.
#[derive(Clone, Copy, Debug)]
struct Job<A> {
    ticket: Ticket,
    peer: A,
    deadline: Instant,
    spread: Spread,
}

#[derive(Clone)]
pub(crate) struct FullSync<A> {
    jobs: Vec<Job<A>>,
    recent: Vec<(A, Instant)>,
    next_overload: Instant,
    /// The soonest moment of the next sync with one that is not listed.
    next_stranger: Instant,
}

impl<A: Address> FullSync<A> {
    pub(crate) const fn new() -> Self {
        Self { jobs: Vec::new(), recent: Vec::new(), next_overload: Instant::ZERO, next_stranger: Instant::ZERO }
    }

    /// A peer's checksum differs from the node's; `told` says whether it had something to tell. Starts a sync if
    /// nothing else will make the lists equal: both queues are empty, or too full for messages to carry (native).
    pub(crate) fn consider(
        &mut self,
        now: Instant,
        (peer, checksum): (A, Checksum),
        told: Told,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        if !membership.is_active() {
            return;
        }
        let pending = membership.queue.len();
        // What there is nobody to tell to does not count: one that is alone is told of the others by a sync.
        let nothing_to_tell = pending == 0 || membership.members.pingable() == 0;
        let reason = if pending > changes_per_message(membership) && now >= self.next_overload {
            SyncReason::Overload
        } else if told == Told::Persistently || (told == Told::Nothing && nothing_to_tell) {
            SyncReason::Diverged
        } else {
            return;
        };
        let may_sync = match membership.members.find(&peer) {
            Some(slot) => membership.members.state(slot).status.is_pingable(),
            // One that is not listed and lists this node: this node came back and knows nobody. If it were for the other
            // to find out, a node whose host list holds only itself would stay alone. Senders can be forged, so once in
            // a period is enough.
            None => {
                let calm =
                    now >= self.next_stranger && reason == SyncReason::Diverged && !self.asks_a_stranger(membership);
                calm && membership.evicted.incarnation(&peer).is_none()
            }
        };
        if !may_sync || self.was_recent(now, peer, membership) {
            return;
        }
        if !self.has_place(peer, membership) || self.recent.len() >= RECENT_MAX {
            self.omit(peer, membership, out);
            return;
        }
        self.recent.push((peer, now));
        if membership.members.find(&peer).is_none() {
            self.next_stranger = now + membership.config.period;
        }
        if reason == SyncReason::Overload {
            self.next_overload = now + OVERLOAD_PAUSE;
        }
        let spread = if reason == SyncReason::Diverged { Spread::Yes } else { Spread::No };
        let ticket = self.open(now, peer, spread, membership, out);
        let list = whole_list(membership, out);
        out.event(Event::FullSync { remote: peer, remote_checksum: checksum });
        out.send(peer, Channel::Request(ticket), Kind::Sync { reason }, membership.head(), list);
    }

    /// The pinger gets the node's list in the answer, and is asked for its own (ringpop).
    pub(crate) fn reverse(&mut self, now: Instant, peer: A, membership: &mut Membership<A>, out: &mut Effects<A>) {
        if self.jobs.len() >= membership.config.max_full_sync_jobs {
            self.omit(peer, membership, out);
            return;
        }
        let ticket = self.open(now, peer, Spread::Yes, membership, out);
        let kind = Kind::Join { app: membership.config.cluster };
        out.send(peer, Channel::Request(ticket), kind, membership.head(), Span::EMPTY);
    }

    fn omit(&mut self, target: A, membership: &mut Membership<A>, out: &mut Effects<A>) {
        membership.stats.counters.full_syncs_omitted += 1;
        out.event(Event::OmitReverseFullSync { target });
    }

    fn open(
        &mut self,
        now: Instant,
        peer: A,
        spread: Spread,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> Ticket {
        let ticket = membership.next_ticket();
        let deadline = now + membership.config.full_sync_timeout;
        self.jobs.push(Job { ticket, peer, deadline, spread });
        membership.timers.set_earlier(Timer::Sync, deadline);
        membership.stats.counters.full_syncs_started += 1;
        membership.stats.client.mark(now);
        out.event(Event::StartReverseFullSync { target: peer });
        ticket
    }

    /// Whether one of the syncs is with one that is not listed. One at a time, or addresses at which nobody answers would take
    /// the place of all others.
    fn asks_a_stranger(&self, membership: &Membership<A>) -> bool {
        self.jobs.iter().any(|job| membership.members.find(&job.peer).is_none())
    }

    /// Whether one more sync may run. One forged claim is enough to be listed, so the last place is kept for those that
    /// have answered; but in a large cluster most have not yet, so they have all others.
    fn has_place(&self, peer: A, membership: &Membership<A>) -> bool {
        let max = membership.config.max_full_sync_jobs;
        let is_proven = |peer| membership.members.find(&peer).is_some_and(|slot| membership.members.is_proven(slot));
        let unproven = || self.jobs.iter().filter(|job| !is_proven(job.peer)).count();
        let guarded = membership.config.guard_unproven && max > 1 && !is_proven(peer);
        self.jobs.len() < max && !(guarded && unproven() >= max - 1)
    }

    /// Whether the peer was synced with in this period.
    fn was_recent(&mut self, now: Instant, peer: A, membership: &Membership<A>) -> bool {
        let period = membership.config.period;
        self.recent.retain(|&(_, at)| now.since(at) < period);
        self.recent.iter().any(|&(address, _)| address == peer)
    }

    /// Whether the ticket is of a sync that this node asked `from` for.
    pub(crate) fn owns(&self, from: A, ticket: Ticket) -> bool {
        self.jobs.iter().any(|job| job.ticket == ticket && job.peer == from)
    }

    /// The peer answered, or the exchange failed; `changes` is what the node lacked.
    pub(crate) fn ended(
        &mut self,
        now: Instant,
        ticket: Ticket,
        changes: Option<Changes<'_, A>>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        let Some(at) = self.jobs.iter().position(|job| job.ticket == ticket) else { return };
        let job = self.jobs.swap_remove(at);
        if let Some(changes) = changes {
            if membership.apply(now, job.peer, changes, job.spread, out) == 0 {
                membership.stats.counters.full_syncs_redundant += 1;
                out.event(Event::RedundantReverseFullSync { target: job.peer });
            }
        }
        self.arm(membership);
    }

    /// Gives up those that take too long.
    pub(crate) fn fire(&mut self, now: Instant, membership: &mut Membership<A>) {
        self.jobs.retain(|job| job.deadline > now);
        self.arm(membership);
    }

    /// The node stops for good.
    pub(crate) fn give_up(&mut self) {
        self.jobs.clear();
    }

    fn arm(&self, membership: &mut Membership<A>) {
        let soonest = self.jobs.iter().map(|job| job.deadline).min().unwrap_or(Instant::NEVER);
        membership.timers.set(Timer::Sync, soonest);
    }

    pub(crate) fn check(&self, membership: &Membership<A>) {
        assert!(self.jobs.len() <= membership.config.max_full_sync_jobs, "full syncs are bounded");
        assert!(self.recent.len() <= RECENT_MAX, "remembered peers are bounded");
    }
}

/// What an answer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    /// Changes that are pending, and what the asker must hear.
    Pending,
    /// The whole list (R6, ringpop).
    WholeList,
}

impl<A: Address> Membership<A> {
    /// Chooses the changes of an answer: what is pending, or the whole list where nothing is and the asker, whose checksum is
    /// given, has another one (ringpop). That the asker must hear how it is held itself is nothing pending: the list says it.
    #[inline]
    pub(crate) fn answer_changes(
        &mut self,
        kind: &Kind<A>,
        channel: Channel,
        asker: Asker<'_, A>,
        checksum: Checksum,
        out: &mut Effects<A>,
    ) -> (Span, Carries) {
        let reader = Reader::Asker(asker);
        if !self.config.sync_in_answer {
            return (self.piggyback(kind, channel, reader, None, out), Carries::Pending);
        }
        let claim = self.first_claim(reader, self.members.find(&asker.address));
        let besides = claim.map_or(0, |slot| u32::from(!self.members.has_pending(slot)));
        let changes = self.piggyback(kind, channel, reader, None, out);
        if changes.len() > besides || checksum == self.members.checksum() {
            return (changes, Carries::Pending);
        }
        let list = whole_list(self, out);
        out.event(Event::FullSync { remote: asker.address, remote_checksum: checksum });
        (list, Carries::WholeList)
    }
}

/// Whether a peer had something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Its message carried no changes.
    Nothing,
    /// It did.
    Something,
    /// Whatever it had: its list has differed for many rounds (R6: a sync need not wait for an empty queue).
    Persistently,
}

/// Applies the list of a peer that asked for a sync.
pub(crate) fn merge<A: Address>(
    now: Instant,
    peer: A,
    reason: SyncReason,
    theirs: Changes<'_, A>,
    membership: &mut Membership<A>,
    out: &mut Effects<A>,
) {
    membership.stats.counters.full_syncs_answered += 1;
    let spread = if reason == SyncReason::Diverged { Spread::Yes } else { Spread::No };
    membership.apply(now, peer, theirs, spread, out);
}

/// What the maker of a list lacks: members that it does not name, and those of which more is known here. Where it names one
/// twice the first claim counts, so that the answer is never longer than the list of the node.
pub(crate) fn difference<A: Address>(theirs: Changes<'_, A>, membership: &Membership<A>, out: &mut Effects<A>) -> Span {
    let members = &membership.members;
    let mut named = SlotSet::new();
    let mark = out.mark();
    for change in theirs {
        let Some(slot) = members.find(&change.address) else { continue };
        if !named.insert(slot) {
            continue;
        }
        let claim = crate::member::Claim {
            incarnation: change.incarnation,
            status: change.status,
            labels: members.digest(change.labels),
        };
        if precedence(Some(claim), members.claim(slot)) == Precedence::Wins {
            out.push_change(members.change(slot));
        }
    }
    for slot in members.slots().filter(|&slot| !named.has(slot)) {
        out.push_change(members.change(slot));
    }
    out.since(mark)
}

/// The whole list, as changes.
pub(crate) fn whole_list<A: Address>(membership: &Membership<A>, out: &mut Effects<A>) -> Span {
    let mark = out.mark();
    out.reserve_changes(membership.members.len());
    for slot in membership.members.slots() {
        out.push_change(membership.members.change(slot));
    }
    out.since(mark)
}

/// About how many changes without foreign source and labels fit in a datagram.
fn changes_per_message<A: Address>(membership: &Membership<A>) -> usize {
    let change = 7 + membership.local.canonical().len();
    membership.config.datagram_max / change
}

impl<A: Address> FullSync<A> {
    /// Takes in the syncs that are under way, and those of the last `period`.
    pub(crate) fn trace(&self, period: Micros, print: &mut Fingerprint) {
        let Self { jobs, recent, next_overload, next_stranger } = self;
        print.word(jobs.len() as u64);
        for Job { ticket, peer, deadline, spread } in jobs {
            print.ticket(*ticket);
            print.address(peer);
            print.until(*deadline);
            print.word(*spread as u64);
        }
        // Older ones are thrown out before anybody looks.
        let recent = recent.iter().filter(|(_, at)| print.left(*at + period) > 0);
        let recent: Vec<(A, Instant)> = recent.copied().collect();
        print.word(recent.len() as u64);
        for (peer, at) in recent {
            print.address(&peer);
            print.until(at + period);
        }
        print.until(*next_overload);
        print.until(*next_stranger);
    }
}
