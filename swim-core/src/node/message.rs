//! What arrives: each kind goes to the part that it concerns.

use super::{Node, response_ticket};
use crate::address::Address;
use crate::disseminate::full_sync::{self, Carries, Told, whole_list};
use crate::disseminate::issue::Asker;
use crate::effect::Effects;
use crate::join;
use crate::member::Changes;
use crate::membership::{Spread, Standing, reply_channel};
use crate::message::{Kind, Message, Reach, Readiness, RefusedReason, Seq, SyncReason, Ticket, Via};
use crate::observe::{Endpoint, Event, RejectReason};
use crate::probe::help::Request;
use crate::time::Instant;

/// After so many rounds in a row that found another checksum and nothing to tell, the pinger syncs as well: the
/// pinged node may not list it.
const DIVERGED_ROUNDS: u32 = 3;
/// After so many rounds in a row that found another checksum it syncs whatever there is to tell: where changes never
/// end, a lost one would otherwise stay lost.
const DIFFERING_ROUNDS: u32 = 10;

impl<A: Address> Node<A> {
    #[inline]
    pub(super) fn message(&mut self, now: Instant, from: A, via: Via, message: Message<'_, A>, out: &mut Effects<A>) {
        if self.is_refused(from, via, message.kind, out) {
            return;
        }
        match message.kind {
            Kind::Ping { seq } => self.ping(now, from, via, seq, message, out),
            Kind::Ack { seq, .. } => self.ack(now, from, via, seq, message, out),
            Kind::PingReq { seq, target, timeout } => {
                let incarnation = message.incarnation;
                let request = Request { asker: from, incarnation, seq, via, target, timeout };
                self.ping_req(now, request, message, out);
            }
            Kind::PingReqAnswer { seq, reach, .. } => self.ping_req_answer(now, from, seq, reach, message, out),
            Kind::Gossip => self.gossip(now, from, message, out),
            Kind::Join { app } => join::answer(now, (from, via), app, message.changes, &mut self.membership, out),
            Kind::Sync { reason } => self.sync(now, from, via, reason, message, out),
            Kind::HealFetch { app } => self.heal_fetch(from, via, app, out),
            Kind::HealSuspect | Kind::HealMerge => self.heal_changes(now, from, via, message.changes, out),
            Kind::List | Kind::SyncAnswer { .. } | Kind::Done => self.response(now, from, via, message, out),
            Kind::Refused { reason } => self.refused(now, from, via, reason, out),
        }
        // Only claims can be of members that were evicted here.
        if !message.changes.is_empty() {
            self.membership.settle(from, message.changes, out);
        }
    }

    /// Turns away what no part may see: a stopped node's messages, one's own, and those that came by a wrong way.
    #[inline]
    fn is_refused(&mut self, from: A, via: Via, kind: Kind<A>, out: &mut Effects<A>) -> bool {
        let reason = if self.is_destroyed() {
            None
        } else if from == self.membership.local {
            Some((RejectReason::FromOneself, RefusedReason::Oneself))
        } else if !goes_by(kind, via) {
            Some((RejectReason::WrongChannel, RefusedReason::Unexpected))
        } else {
            return false;
        };
        if let Some((reject, _)) = reason {
            self.membership.reject(from, reject, out);
        }
        if let Via::Request(_) = via {
            let reason = reason.map_or(RefusedReason::Unexpected, |(_, refused)| refused);
            self.membership.answer(from, via, Kind::Refused { reason }, out);
        }
        true
    }

    #[inline]
    fn ping(&mut self, now: Instant, from: A, via: Via, seq: Seq, message: Message<'_, A>, out: &mut Effects<A>) {
        let membership = &mut self.membership;
        membership.stats.counters.pings_received += 1;
        membership.stats.server.mark(now);
        out.event_changes(Event::PingReceive { source: from, changes: Changes::NONE }, message.changes);
        if membership.standing == Standing::Joining {
            out.event(Event::RequestBeforeReady { source: from, endpoint: Endpoint::Ping });
            membership.apply(now, from, message.changes, Spread::Yes, out);
            membership.answer(from, via, Kind::Ack { seq, ready: Readiness::NotReady }, out);
            self.hear_while_joining(from);
            return;
        }
        let kind = Kind::Ack { seq, ready: Readiness::Ready };
        // Equal checksums are equal lists, so the sender is held as it holds itself: it need not be looked up.
        let agrees = message.checksum == membership.members.checksum();
        if agrees && message.changes.is_empty() && membership.queue.is_empty() {
            membership.answer(from, via, kind, out);
            return;
        }
        membership.apply(now, from, message.changes, Spread::Yes, out);
        let channel = reply_channel(via);
        let asker = Asker { address: from, incarnation: message.incarnation, told: message.changes };
        let (changes, carries) = membership.answer_changes(&kind, channel, asker, message.checksum, out);
        let differs = message.checksum != membership.members.checksum();
        out.send(from, channel, kind, membership.head(), changes);
        if carries == Carries::WholeList {
            self.full_sync.reverse(now, from, membership, out);
        } else if differs && !membership.config.sync_in_answer {
            let told = told(message.changes);
            self.full_sync.consider(now, (from, message.checksum), told, membership, out);
        }
    }

    /// Whoever pings or heals a node that is still joining lists it: one more host that it may join (native).
    fn hear_while_joining(&mut self, from: A) {
        if self.membership.standing == Standing::Joining && !self.membership.config.requests {
            self.joiner.heard(from);
        }
    }

    #[inline]
    fn ack(&mut self, now: Instant, from: A, via: Via, seq: Seq, message: Message<'_, A>, out: &mut Effects<A>) {
        let membership = &mut self.membership;
        let probed = self.probe.awaits(from, seq);
        let ticket = response_ticket(via);
        let healed = ticket.filter(|&ticket| self.healer.owns(from, ticket));
        let known = probed || healed.is_some() || self.helping.awaits(from, seq) || self.departure.awaits(from, seq);
        if !known && !membership.is_on_trial(now, from, seq) {
            membership.reject(from, RejectReason::Unsolicited, out);
            return;
        }
        // While members of either side must reincarnate nothing at all is merged (R11).
        if healed.is_none() {
            membership.apply(now, from, message.changes, Spread::Yes, out);
        }
        if probed {
            self.probe.acked(now, message.changes, membership, out);
            let differs = message.checksum != membership.members.checksum();
            if differs && !membership.config.sync_in_answer {
                self.notice_divergence(now, from, message, out);
            } else {
                (self.diverged, self.differing) = (0, 0);
            }
        } else if let Some(ticket) = healed {
            membership.prove(from);
            self.healer.done(now, ticket, membership, out);
        } else if self.helping.awaits(from, seq) {
            membership.prove(from);
            self.helping.acked(now, seq, membership, out);
        } else if known {
            membership.prove(from);
            self.departure.acked(from, seq, membership, out);
        } else {
            membership.passed(now, from, seq, out);
        }
    }

    fn gossip(&mut self, now: Instant, from: A, message: Message<'_, A>, out: &mut Effects<A>) {
        let membership = &mut self.membership;
        membership.stats.counters.gossips_received += 1;
        let applied = membership.apply(now, from, message.changes, Spread::Yes, out);
        // Nothing new in it, and yet another list: what the node lacks is lost among all that is pending, or nobody tells it
        // any more.
        let differs = message.checksum != membership.members.checksum();
        if applied == 0 && differs && !membership.config.sync_in_answer {
            let told = if membership.queue.is_empty() { Told::Nothing } else { Told::Something };
            self.full_sync.consider(now, (from, message.checksum), told, membership, out);
        }
    }

    fn notice_divergence(&mut self, now: Instant, from: A, message: Message<'_, A>, out: &mut Effects<A>) {
        let membership = &mut self.membership;
        self.differing += 1;
        let quiet = message.changes.is_empty() && membership.queue.is_empty();
        self.diverged = if quiet { self.diverged + 1 } else { 0 };
        if self.diverged >= DIVERGED_ROUNDS || self.differing >= DIFFERING_ROUNDS {
            (self.diverged, self.differing) = (0, 0);
            self.full_sync.consider(now, (from, message.checksum), Told::Persistently, membership, out);
        }
    }

    fn ping_req(&mut self, now: Instant, request: Request<A>, message: Message<'_, A>, out: &mut Effects<A>) {
        let membership = &mut self.membership;
        membership.stats.counters.ping_requests_received += 1;
        membership.stats.server.mark(now);
        let (source, target) = (request.asker, request.target);
        let event = Event::PingRequestReceive { source, target, changes: Changes::NONE };
        out.event_changes(event, message.changes);
        if membership.standing == Standing::Joining {
            out.event(Event::RequestBeforeReady { source, endpoint: Endpoint::PingReq });
        }
        membership.apply(now, source, message.changes, Spread::Yes, out);
        self.helping.help(now, request, message.checksum, membership, out);
    }

    fn ping_req_answer(
        &mut self,
        now: Instant,
        from: A,
        seq: Seq,
        reach: Reach,
        message: Message<'_, A>,
        out: &mut Effects<A>,
    ) {
        if !self.probe.awaits_helper(from, seq) {
            self.membership.reject(from, RejectReason::Unsolicited, out);
            return;
        }
        self.membership.apply(now, from, message.changes, Spread::Yes, out);
        self.membership.prove(from);
        self.probe.helper_answered(now, seq, reach, &mut self.membership, out);
    }

    fn sync(
        &mut self,
        now: Instant,
        from: A,
        via: Via,
        reason: SyncReason,
        message: Message<'_, A>,
        out: &mut Effects<A>,
    ) {
        let membership = &mut self.membership;
        membership.stats.server.mark(now);
        if !membership.is_active() {
            out.event(Event::RequestBeforeReady { source: from, endpoint: Endpoint::Sync });
            membership.answer(from, via, Kind::Refused { reason: RefusedReason::NotReady }, out);
            return;
        }
        // Nothing is merged across a partition but by healing (R6, R11).
        let known = membership.members.find(&from).map(|slot| membership.members.state(slot).status);
        if !known.is_none_or(|status| status.is_pingable()) {
            membership.answer(from, via, Kind::Refused { reason: RefusedReason::NotPingable }, out);
            return;
        }
        if known.is_none() {
            // It speaks for itself; what else it knows is heard once it is a member here.
            membership.apply_own(now, from, message.changes, out);
        } else {
            full_sync::merge(now, from, reason, message.changes, membership, out);
        }
        let lacking = full_sync::difference(message.changes, membership, out);
        out.send(from, reply_channel(via), Kind::SyncAnswer { reason }, membership.head(), lacking);
    }

    fn heal_fetch(&mut self, from: A, via: Via, app: crate::cluster::ClusterId, out: &mut Effects<A>) {
        let membership = &mut self.membership;
        let refused = if app != membership.config.cluster {
            membership.reject(from, RejectReason::OtherApp, out);
            Some(RefusedReason::OtherApp)
        } else {
            (!membership.is_active()).then_some(RefusedReason::NotReady)
        };
        if let Some(reason) = refused {
            membership.answer(from, via, Kind::Refused { reason }, out);
            if reason == RefusedReason::NotReady {
                self.hear_while_joining(from);
            }
            return;
        }
        let list = whole_list(membership, out);
        out.send(from, reply_channel(via), Kind::List, membership.head(), list);
    }

    /// A healer's suspects, or its list: both are claims like any others, and are gossiped.
    fn heal_changes(&mut self, now: Instant, from: A, via: Via, changes: Changes<'_, A>, out: &mut Effects<A>) {
        let membership = &mut self.membership;
        if !membership.is_active() {
            membership.answer(from, via, Kind::Refused { reason: RefusedReason::NotReady }, out);
            return;
        }
        membership.apply(now, from, changes, Spread::Yes, out);
        membership.answer(from, via, Kind::Done, out);
    }

    /// The answer to a join, a sync or a healer's request.
    fn response(&mut self, now: Instant, from: A, via: Via, message: Message<'_, A>, out: &mut Effects<A>) {
        let membership = &mut self.membership;
        let Some(ticket) = response_ticket(via) else { return };
        match message.kind {
            Kind::List if self.joiner.owns(from, ticket) => {
                let progress = self.joiner.ended(now, ticket, Some(message.changes), membership, out);
                self.joined(now, progress);
            }
            Kind::List if self.healer.owns(from, ticket) => {
                self.healer.listed(now, ticket, message.changes, membership, out);
            }
            Kind::List | Kind::SyncAnswer { .. } if self.full_sync.owns(from, ticket) => {
                self.full_sync.ended(now, ticket, Some(message.changes), membership, out);
            }
            Kind::Done if self.healer.owns(from, ticket) => self.healer.done(now, ticket, membership, out),
            _ => {
                membership.reject(from, RejectReason::Unsolicited, out);
                return;
            }
        }
        self.membership.prove(from);
    }

    /// A request was refused. 'Not ready' is proof of life, and from a helper it is silence (R4).
    fn refused(&mut self, now: Instant, from: A, via: Via, reason: RefusedReason, out: &mut Effects<A>) {
        let membership = &mut self.membership;
        let Some(ticket) = response_ticket(via) else { return };
        membership.stats.counters.refused += 1;
        let seq = Seq(ticket.0 as u32);
        let lives = matches!(reason, RefusedReason::NotReady | RefusedReason::Busy);
        if self.joiner.owns(from, ticket) {
            let progress = self.joiner.ended(now, ticket, None, membership, out);
            self.joined(now, progress);
        } else if self.healer.owns(from, ticket) {
            self.healer.failed(now, ticket, Some(reason), membership, out);
        } else if self.full_sync.owns(from, ticket) {
            self.full_sync.ended(now, ticket, None, membership, out);
        } else if self.probe.owns_ping(from, ticket) {
            if lives {
                self.probe.acked(now, Changes::NONE, membership, out);
            } else {
                self.probe.undeliverable(now, from, Some(ticket), membership, out);
            }
        } else if ticket == Ticket(u64::from(seq.0)) && self.probe.awaits_helper(from, seq) {
            self.probe.helper_answered(now, seq, Reach::NotReady, membership, out);
        } else if ticket == Ticket(u64::from(seq.0)) && self.helping.awaits(from, seq) {
            if lives {
                self.helping.acked(now, seq, membership, out);
            } else {
                self.helping.undeliverable(from, Some(ticket), membership, out);
            }
        } else if ticket == Ticket(u64::from(seq.0)) && self.departure.awaits(from, seq) {
            self.departure.undeliverable(from, Some(ticket), membership, out);
        } else if ticket == Ticket(u64::from(seq.0)) && membership.is_on_trial(now, from, seq) {
            if lives {
                membership.passed(now, from, seq, out);
            }
        } else {
            membership.reject(from, RejectReason::Unsolicited, out);
        }
    }
}

/// Whether a message of this kind may come this way.
#[inline]
fn goes_by<A>(kind: Kind<A>, via: Via) -> bool {
    match kind {
        Kind::Ping { .. } | Kind::PingReq { .. } => !matches!(via, Via::Response(_)),
        Kind::Ack { .. } | Kind::PingReqAnswer { .. } => !matches!(via, Via::Request(_)),
        Kind::Gossip => matches!(via, Via::Datagram),
        Kind::Join { .. } | Kind::Sync { .. } | Kind::HealFetch { .. } | Kind::HealSuspect | Kind::HealMerge => {
            matches!(via, Via::Request(_))
        }
        Kind::List | Kind::SyncAnswer { .. } | Kind::Done | Kind::Refused { .. } => {
            matches!(via, Via::Response(_))
        }
    }
}

#[inline]
fn told<A: Copy>(changes: Changes<'_, A>) -> Told {
    if changes.is_empty() { Told::Nothing } else { Told::Something }
}
