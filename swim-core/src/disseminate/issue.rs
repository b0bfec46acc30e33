//! Which changes a message carries (R5): claims that its receiver must hear first, then what was sent least.

use super::{Charged, Pending, Take};
use crate::address::Address;
use crate::effect::{Effects, Span};
use crate::labels::Labels;
use crate::member::{Change, Changes, Incarnation, Source, Status};
use crate::memberlist::{HasPending, Slot, State, Told};
use crate::membership::{Membership, finish};
use crate::message::{Channel, Kind, Seq};
use crate::observe::{Event, Stats};
use crate::time::{Instant, Micros};
use crate::timer::Timer;
use crate::wire;

/// An own claim without labels takes at most so many bytes besides the address.
const OWN_MAX: usize = 1 + 7;
/// So many changes are passed over for one message, because they are too long for the room that is left or because the
/// asker made them; then the message is taken as full.
const SKIPS_MAX: u32 = 16;

/// Who never answered this node gets no answer by a datagram that is more than so many times as long as what it sent.
const GUARDED_FACTOR: usize = 2;

/// Entries of a queue that is gone through for a message that did not arrive.
const REFUND_MAX: usize = 1 << 17;

/// To whom a message goes, as far as that decides what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reader<'a, A: Copy> {
    /// One that another asked to ping.
    Helped {
        /// Where it is listed.
        target: Option<Slot>,
        /// Where the one that asked is listed.
        asker: Option<Slot>,
    },
    /// A member that is pinged: if it is suspected it is told so (R9).
    Target(Slot),
    /// One that asked.
    Asker(Asker<'a, A>),
}

/// One that asked: what it made itself is left out, and where it is held suspect or worse, or has come back since, that
/// is told first. Where it never answered this node (R16) it is told what it must hear and no more, and little of that: its
/// address may be forged, changes are sent so often only, and members wait for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a, A: Copy> {
    pub(crate) address: A,
    /// What it said it has.
    pub(crate) incarnation: Incarnation,
    /// What its message carried.
    pub(crate) told: Changes<'a, A>,
}

impl<A: Address> Membership<A> {
    /// Chooses the changes of a message of `kind`, as many as fit. What was chosen counts as sent; the entries are
    /// added to `charged` where they must be given back if the message does not arrive.
    #[inline]
    pub(crate) fn piggyback(
        &mut self,
        kind: &Kind<A>,
        channel: Channel,
        reader: Reader<'_, A>,
        charged: Option<&mut Charged>,
        out: &mut Effects<A>,
    ) -> Span {
        let mark = out.mark();
        let mut room = if channel == Channel::Datagram || self.config.requests {
            self.config.datagram_max.saturating_sub(wire::empty_len(kind))
        } else {
            usize::MAX
        };
        let known = match reader {
            Reader::Target(slot) => Some(slot),
            Reader::Helped { target, .. } => target,
            Reader::Asker(asker) => self.members.find(&asker.address),
        };
        let is_guarded = self.is_guarded(reader, known);
        if is_guarded {
            room = room.min(self.guarded_room(kind, reader));
        }
        let must_hear = [self.first_claim(reader, known), self.take_refutation(reader)];
        let first = must_hear.map(|slot| slot.filter(|&slot| self.push_first(slot, &mut room, out)));
        if let Reader::Asker(asker) = reader {
            self.owe_asker(asker);
            self.push_owed(&mut room, out);
        }
        if !self.queue.is_empty() && !is_guarded {
            self.push_pending(room, reader, first, charged, out);
        }
        let span = out.since(mark);
        if span.len() > 0 {
            out.event(Event::ChangesCalculated { count: span.len() });
        }
        span
    }

    /// Whether nothing is told but what must be heard.
    #[inline]
    fn is_guarded(&self, reader: Reader<'_, A>, known: Option<Slot>) -> bool {
        let is_proven = known.is_some_and(|slot| self.members.is_proven(slot));
        let trusted = match reader {
            Reader::Target(_) => true,
            Reader::Asker(_) => is_proven,
            Reader::Helped { asker, .. } => is_proven && asker.is_some_and(|asker| self.members.is_proven(asker)),
        };
        !trusted && self.config.guard_unproven
    }

    /// How much may be told to one that never answered, for what caused it.
    fn guarded_room(&self, kind: &Kind<A>, reader: Reader<'_, A>) -> usize {
        // The shortest that the message can have been.
        let ping_req = |seq, target| Kind::PingReq { seq, target, timeout: Micros::ZERO };
        let (asked, told) = match (reader, *kind) {
            (Reader::Helped { target: Some(slot), .. }, _) => {
                (ping_req(Seq(0), self.members.address(slot)), Changes::NONE)
            }
            (Reader::Asker(asker), Kind::PingReqAnswer { seq, target, .. }) => (ping_req(seq, target), asker.told),
            (Reader::Asker(asker), _) => (Kind::Ping { seq: Seq(0) }, asker.told),
            (Reader::Helped { target: None, .. } | Reader::Target(_), _) => return 0,
        };
        let told: usize = told.iter().map(|change| wire::change_len(&change)).sum();
        let asked = wire::empty_len(&asked) + told;
        (GUARDED_FACTOR * asked).saturating_sub(wire::empty_len(kind))
    }

    /// The claim that the reader must hear whether it is pending or not (R5, R9).
    #[inline]
    pub(crate) fn first_claim(&self, reader: Reader<'_, A>, known: Option<Slot>) -> Option<Slot> {
        let slot = known?;
        match reader {
            Reader::Target(_) | Reader::Helped { .. } => {
                // Where nobody is suspected the record need not be fetched.
                let any = self.config.buddy && self.members.count(Status::Suspect) > 0;
                (any && self.members.state(slot).status == Status::Suspect).then_some(slot)
            }
            Reader::Asker(Asker { incarnation, .. }) => {
                let State { incarnation: known, status } = self.members.state(slot);
                (status != Status::Alive || known > incarnation).then_some(slot)
            }
        }
    }

    /// The node's own claim, for an asker that accuses it of what it has refuted: once everyone was told often enough
    /// nothing else would bring it to one who missed it, and the accuser's timer runs (R5, R9).
    #[inline]
    fn take_refutation(&mut self, reader: Reader<'_, A>) -> Option<Slot> {
        let Reader::Asker(asker) = reader else { return None };
        let accused = self.accuser == Some(asker.address);
        if accused {
            self.accuser = None;
        }
        accused.then_some(Slot::LOCAL)
    }

    fn push_first(&self, slot: Slot, room: &mut usize, out: &mut Effects<A>) -> bool {
        let change = self.members.change(slot);
        let len = wire::change_len(&change);
        if len > *room {
            return false;
        }
        *room -= len;
        out.push_change(change);
        true
    }

    /// The claim that the reader must hear, and nothing else.
    pub(crate) fn first_claim_only(&self, target: Slot, out: &mut Effects<A>) -> Span {
        let mark = out.mark();
        if let Some(slot) = self.first_claim(Reader::Target(target), Some(target)) {
            out.push_change(self.members.change(slot));
        }
        out.since(mark)
    }

    /// An asker that was evicted here learns it, so that it can come back under a new incarnation (R3).
    #[inline]
    fn owe_asker(&mut self, Asker { address, incarnation, .. }: Asker<'_, A>) {
        if let Some(evicted) = self.evicted.incarnation(&address) {
            let knows_better = self.members.find(&address).is_some() || incarnation > evicted;
            if !knows_better {
                self.owe(address, evicted);
            }
        }
    }

    /// Tells the sender of the present message what it is owed, where no answer did.
    pub(crate) fn settle(&mut self, to: A, told: Changes<'_, A>, out: &mut Effects<A>) {
        // Who tells the node of nothing but its own suspicion waits for its word; others hear it as any news.
        let is_warned = told.len() == 1 && self.is_drowned();
        let accused = self.accuser.take().is_some() && (is_warned || !self.members.has_pending(Slot::LOCAL));
        if self.config.requests {
            // Without datagrams there is no way but an answer.
            self.owed.clear();
            return;
        }
        if self.owed.is_empty() && !accused {
            return;
        }
        let kind = Kind::Gossip;
        let mark = out.mark();
        let mut room = self.config.datagram_max.saturating_sub(wire::empty_len(&kind));
        let is_proven = self.members.find(&to).is_some_and(|slot| self.members.is_proven(slot));
        if self.config.guard_unproven && !is_proven {
            // No more than it sent.
            room = room.min(told.iter().map(|change| wire::change_len(&change)).sum());
        }
        if accused {
            self.push_first(Slot::LOCAL, &mut room, out);
        }
        self.push_owed(&mut room, out);
        let owed = out.since(mark);
        if owed.len() == 0 {
            return;
        }
        out.send(to, Channel::Datagram, kind, self.head(), owed);
    }

    /// Evicted members that the asker still listed (R3), only so many that with all that are listed no message has more
    /// changes than a list may: its reader refuses it otherwise.
    fn push_owed(&mut self, room: &mut usize, out: &mut Effects<A>) {
        if self.owed.is_empty() {
            return;
        }
        let source = Some(Source { address: self.local, incarnation: self.incarnation() });
        self.owed.truncate(self.config.members_max.saturating_sub(self.members.len()));
        while let Some((address, incarnation)) = self.owed.pop() {
            let change = Change { address, incarnation, status: Status::Tombstone, source, labels: Labels::NONE };
            let len = wire::change_len(&change);
            if len <= *room {
                *room -= len;
                out.push_change(change);
            }
        }
    }

    fn push_pending(
        &mut self,
        mut room: usize,
        reader: Reader<'_, A>,
        first: [Option<Slot>; 2],
        mut charged: Option<&mut Charged>,
        out: &mut Effects<A>,
    ) {
        let Self { queue, members, stats, config, wraps, limit, local, .. } = self;
        let most = config.datagram_max;
        let asker = match reader {
            Reader::Asker(asker) => Some((asker.address, asker.incarnation)),
            Reader::Helped { .. } | Reader::Target(_) => None,
        };
        let mut charge = |pending: Pending| {
            if let Some(charged) = charged.as_deref_mut() {
                charged.add(pending, *wraps, *limit);
            }
            Take::Taken
        };
        // An own claim of an address like the node's takes no more than this. Where there is room for all at that
        // length, neither their order nor their lengths matter, only what the longer ones take besides.
        let usual = local.canonical().len();
        let longest_own = OWN_MAX + usual;
        if let Some(mut spare) = room.checked_sub(queue.entries().saturating_mul(longest_own)) {
            queue.issue_all(|pending| {
                let slot = pending.slot();
                match members.told(slot, pending.version()) {
                    Told::Superseded => Take::Stale,
                    _ if first.contains(&Some(slot)) => charge(pending),
                    Told::Own { address, state } if asker != Some((address, state.incarnation)) => {
                        let longer = address.canonical().len().saturating_sub(usual);
                        if longer > spare {
                            return Take::Skipped;
                        }
                        spare -= longer;
                        out.push_own(address, state.incarnation, state.status);
                        charge(pending)
                    }
                    _ => {
                        let (take, len) = offer(members.change(slot), reader, (spare + longest_own, most), stats, out);
                        spare -= len.saturating_sub(longest_own);
                        if take == Take::Taken { charge(pending) } else { take }
                    }
                }
            });
        } else {
            let mut skips = 0;
            queue.issue(|pending| {
                // Flags, address and the shortest incarnation: with less room a message is full.
                if room < 1 + local.canonical().len() + 2 || skips == SKIPS_MAX {
                    return Take::Full;
                }
                let slot = pending.slot();
                match members.told(slot, pending.version()) {
                    Told::Superseded => Take::Stale,
                    _ if first.contains(&Some(slot)) => charge(pending),
                    Told::Own { address, state } if asker != Some((address, state.incarnation)) => {
                        let len = wire::own_change_len(address, state.incarnation);
                        if len > room {
                            skips += 1;
                            return Take::Skipped;
                        }
                        room -= len;
                        out.push_own(address, state.incarnation, state.status);
                        charge(pending)
                    }
                    _ => {
                        let (take, len) = offer(members.change(slot), reader, (room, most), stats, out);
                        room -= len;
                        skips += u32::from(take == Take::Skipped);
                        if take == Take::Taken { charge(pending) } else { take }
                    }
                }
            });
        }
        queue.drop_finished(|pending| finish(members, pending));
    }

    /// Takes back the sends of a message that did not arrive, except in a queue so long that it cannot be gone through for each.
    pub(crate) fn refund(&mut self, charged: &mut Charged) {
        if charged.is_empty() {
            return;
        }
        let Self { queue, members, wraps, .. } = self;
        if queue.entries() > REFUND_MAX {
            charged.clear();
            return;
        }
        queue.refund(charged, *wraps, |pending| {
            let current = members.is_current(pending.slot(), pending.version());
            if current {
                members.set_pending(pending.slot(), HasPending::Yes);
            }
            current
        });
        self.want_gossip();
    }

    /// Makes sure that gossip goes on while changes are pending (R5).
    #[inline]
    pub(crate) fn want_gossip(&mut self) {
        let off = self.timers.get(Timer::Gossip) == Instant::NEVER;
        let something = !self.queue.is_empty() || !self.buddies.is_empty();
        if off && self.config.gossip_nodes > 0 && something && self.is_active() {
            self.timers.set(Timer::Gossip, self.next_gossip);
        }
    }

    /// Sends pending changes to a few random members (R5), and again after the interval while there are some and
    /// anybody to be told; the timer is set again when there is.
    pub(crate) fn gossip(&mut self, now: Instant, out: &mut Effects<A>) {
        self.next_gossip = now + self.config.gossip_interval;
        if !self.is_active() {
            return;
        }
        self.tell_buddies(now, out);
        let nobody = !self.queue.is_empty() && self.gossip_pending(out) == 0;
        if !self.buddies.is_empty() || !(nobody || self.queue.is_empty()) {
            self.timers.set(Timer::Gossip, self.next_gossip);
        }
    }

    /// Sends pending changes to random members; returns to how many.
    fn gossip_pending(&mut self, out: &mut Effects<A>) -> usize {
        let mut drawn = core::mem::take(&mut self.drawn);
        drawn.clear();
        self.members.sample(self.config.gossip_nodes, &mut self.random, |_| false, &mut drawn);
        for &slot in &drawn {
            let kind = Kind::Gossip;
            let changes = self.piggyback(&kind, Channel::Datagram, Reader::Target(slot), None, out);
            if changes.len() == 0 {
                break;
            }
            self.stats.counters.gossips_sent += 1;
            out.send(self.members.address(slot), Channel::Datagram, kind, self.head(), changes);
        }
        let reached = drawn.len();
        self.drawn = drawn;
        reached
    }
}

/// Puts a change in a message that has `room` left of `most` bytes; returns what became of it and the bytes it took.
/// Out of line: nearly all changes in a large cluster are own claims without labels.
#[inline(never)]
fn offer<A: Address>(
    change: Change<'_, A>,
    reader: Reader<'_, A>,
    (room, most): (usize, usize),
    stats: &mut Stats,
    out: &mut Effects<A>,
) -> (Take, usize) {
    if let (Reader::Asker(Asker { address, incarnation, .. }), Some(source)) = (reader, change.source) {
        if source.address == address && source.incarnation == incarnation {
            stats.counters.changes_filtered += 1;
            out.event(Event::ChangeFiltered { asker: address, subject: change.address });
            return (Take::Skipped, 0);
        }
    }
    let len = wire::change_len(&change);
    if len <= room {
        out.push_change(change);
        (Take::Taken, len)
    } else if len + OVERHEAD_MAX > most {
        // One that fits in no message would be pending for ever; full syncs bring it.
        (Take::Stale, 0)
    } else {
        (Take::Skipped, 0)
    }
}

/// A message without changes is at most this long, with any address.
const OVERHEAD_MAX: usize = 96;
