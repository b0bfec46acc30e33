//! The probe's round (R4, SWIM 4.1, Lifeguard IV-A).
//!
//! ```text
//!          start                  ping_timeout               ping_request_timeout
//!   Idle ────────> Direct ────────────────────> Indirect ───────────────────────> verdict
//!    ^               │ ack                          │ ack, or a helper reached it    │
//!    └───────────────┴──────────────────────────────┴───────────────────────────────┘
//! ```

use alloc::vec::Vec;

use crate::address::Address;
use crate::disseminate::Charged;
use crate::disseminate::issue::Reader;
use crate::effect::{CommandId, Effects, Outcome, Span};
use crate::fingerprint::Fingerprint;
use crate::member::{Changes, Incarnation};
use crate::memberlist::Place;
use crate::membership::Membership;
use crate::message::{Channel, Kind, Reach, Seq, Ticket};
use crate::observe::Event;
use crate::time::{Instant, Micros};
use crate::timer::Timer;

/// How far the round is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The next round starts when the timer fires.
    Idle,
    /// A ping is under way.
    Direct,
    /// Helpers, and a ping on a stream, are under way.
    Indirect,
}

/// Whether rounds follow one another by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gossip {
    /// They do.
    Running,
    /// Only by [`Command::GossipTick`](crate::Command::GossipTick).
    Stopped,
}

/// One member that was asked to ping the target.
#[derive(Clone, Debug)]
struct Helper<A> {
    address: A,
    seq: Seq,
    answer: Option<Reach>,
    /// The transport said that it cannot be reached.
    lost: bool,
    charged: Charged,
}

/// The one round that is under way, or the pause between two.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct Probe<A> {
    phase: Phase,
    running: Gossip,
    seq: Seq,
    target: A,
    /// Where the target was found, if it never answered this node before this round (R16).
    unproven: Option<Place>,
    pinged: Incarnation,
    started: Instant,
    period_end: Instant,
    asked: usize,
    inconclusive: u32,
    stream: Option<Ticket>,
    /// Commands that wait for the end of the round.
    ticks: Vec<CommandId>,
    charged: Charged,
    helpers: Vec<Helper<A>>,
}

/// Commands that may wait for one round.
pub(crate) const TICKS_MAX: usize = 16;

impl<A: Address> Probe<A> {
    pub(crate) fn new(local: A) -> Self {
        Self {
            phase: Phase::Idle,
            running: Gossip::Stopped,
            seq: Seq(0),
            target: local,
            unproven: None,
            pinged: Incarnation::default(),
            started: Instant::ZERO,
            period_end: Instant::ZERO,
            charged: Charged::default(),
            helpers: Vec::new(),
            asked: 0,
            stream: None,
            inconclusive: 0,
            ticks: Vec::new(),
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running == Gossip::Running
    }

    /// Rounds follow one another from now on; the first starts at once.
    pub(crate) fn run(&mut self, now: Instant, membership: &mut Membership<A>) {
        self.running = Gossip::Running;
        if self.phase == Phase::Idle {
            membership.timers.set_earlier(Timer::Probe, now);
        }
    }

    /// No round starts by itself any more; the one that is under way ends as it would.
    pub(crate) fn stop(&mut self, membership: &mut Membership<A>) {
        self.running = Gossip::Stopped;
        if self.phase == Phase::Idle {
            membership.timers.set(Timer::Probe, Instant::NEVER);
        }
    }

    /// Gives up the round that is under way, without a verdict.
    pub(crate) fn abandon(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        if self.phase != Phase::Idle {
            membership.stats.counters.rounds_abandoned += 1;
            self.end(now, membership, out);
        }
    }

    /// Runs one round for a command, or waits for the end of the one that is under way. False where too many wait.
    pub(crate) fn tick(
        &mut self,
        now: Instant,
        id: CommandId,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> bool {
        if self.ticks.len() >= TICKS_MAX {
            return false;
        }
        self.ticks.push(id);
        if self.phase == Phase::Idle {
            self.start(now, membership, out);
        }
        true
    }

    /// The probe's timer fired, `lateness` after it should have.
    #[inline]
    pub(crate) fn fire(
        &mut self,
        now: Instant,
        lateness: Micros,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        match self.phase {
            Phase::Idle => self.start(now, membership, out),
            // The node slept through its own round: answers may lie unread. It blames itself, not the target (R8).
            _ if membership.overslept(lateness) => {
                worsen(membership, 1, out);
                self.abandon(now, membership, out);
            }
            Phase::Direct => self.ask_helpers(now, membership, out),
            Phase::Indirect => self.verdict(now, membership, out),
        }
        // A fixed round that failed ends with its period, where the next one starts.
        if self.phase == Phase::Idle && self.running == Gossip::Running && self.period_end <= now {
            self.start(now, membership, out);
        }
    }

    fn start(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        let period = membership.period();
        self.started = now;
        self.period_end = now + period;
        let target = membership.members.next_target(membership.config.probe_order, &mut membership.random);
        let Some(target) = target.filter(|_| membership.is_active()) else {
            self.finish(now, membership, out);
            return;
        };
        self.phase = Phase::Direct;
        self.seq = membership.next_seq();
        let slot = target.slot;
        (self.target, self.pinged) = (target.address, target.incarnation());
        self.unproven = (!target.is_proven()).then(|| membership.members.place(slot));
        let kind = Kind::Ping { seq: self.seq };
        let channel = membership.ping_channel(self.seq);
        let changes = membership.piggyback(&kind, channel, Reader::Target(slot), Some(&mut self.charged), out);
        membership.stats.counters.pings_sent += 1;
        membership.stats.client.mark(now);
        out.send(self.target, channel, kind, membership.head(), changes);
        out.event_span(Event::PingSend { remote: self.target, changes: Changes::NONE }, changes);
        let timeout = membership.health.stretch(membership.config.ping_timeout);
        membership.timers.set(Timer::Probe, now + timeout);
    }

    /// Whether an ack with this number belongs to the round.
    #[inline]
    pub(crate) fn awaits(&self, from: A, seq: Seq) -> bool {
        self.phase != Phase::Idle && self.seq == seq && self.target == from
    }

    /// Whether the ticket is of a ping of the round, on a stream.
    pub(crate) fn owns_ping(&self, from: A, ticket: Ticket) -> bool {
        self.phase != Phase::Idle
            && self.target == from
            && (self.stream == Some(ticket) || ticket == Ticket(u64::from(self.seq.0)))
    }

    /// The target answered, or said that it is not ready, which is an answer too.
    #[inline]
    pub(crate) fn acked(
        &mut self,
        now: Instant,
        changes: Changes<'_, A>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        membership.stats.counters.acks_received += 1;
        if let Some(slot) = self.unproven.and_then(|place| membership.members.find_again(place, &self.target)) {
            membership.members.prove(slot);
        }
        self.charged.clear();
        out.event_changes(
            Event::PingSendComplete { remote: self.target, changes: Changes::NONE, duration: now.since(self.started) },
            changes,
        );
        self.succeed(now, membership, out);
    }

    fn ask_helpers(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        membership.stats.counters.ping_timeouts += 1;
        self.phase = Phase::Indirect;
        let mut drawn = core::mem::take(&mut membership.drawn);
        drawn.clear();
        // The target may have been evicted since it was pinged, and its slot may have another member by now.
        let target = membership.members.find(&self.target);
        let size = membership.config.ping_request_size;
        membership.members.sample(size, &mut membership.random, |slot| Some(slot) == target, &mut drawn);
        self.asked = drawn.len();
        let timeout = membership.health.stretch(membership.config.helper_timeout);
        for (number, &slot) in drawn.iter().enumerate() {
            let seq = membership.next_seq();
            let address = membership.members.address(slot);
            if number == self.helpers.len() {
                self.helpers.push(Helper { address, seq, answer: None, lost: false, charged: Charged::default() });
            }
            let helper = &mut self.helpers[number];
            (helper.address, helper.seq, helper.answer, helper.lost) = (address, seq, None, false);
            let kind = Kind::PingReq { seq, target: self.target, timeout };
            let channel = membership.ping_channel(seq);
            let changes = membership.piggyback(&kind, channel, Reader::Target(slot), Some(&mut helper.charged), out);
            membership.stats.counters.ping_requests_sent += 1;
            membership.stats.client.mark(now);
            out.send(address, channel, kind, membership.head(), changes);
        }
        membership.drawn = drawn;
        out.event_addresses(
            Event::PingRequestsSend { target: self.target, peers: &[] },
            self.helpers[..self.asked].iter().map(|helper| helper.address),
        );
        if membership.config.stream_ping {
            let ticket = membership.next_ticket();
            self.stream = Some(ticket);
            let kind = Kind::Ping { seq: self.seq };
            let claim = target.map_or(Span::EMPTY, |slot| membership.first_claim_only(slot, out));
            out.send(self.target, Channel::Request(ticket), kind, membership.head(), claim);
        } else if self.asked == 0 {
            self.verdict(now, membership, out);
            return;
        }
        let timeout = membership.health.stretch(membership.config.ping_request_timeout);
        let end = (now + timeout).max(self.period_end_of(membership));
        membership.timers.set(Timer::Probe, end);
    }

    /// A fixed period's round ends with the period, an adaptive one's with its timeout.
    fn period_end_of(&self, membership: &Membership<A>) -> Instant {
        if membership.config.adaptive { Instant::ZERO } else { self.period_end }
    }

    /// Whether a helper's answer with this number belongs to the round.
    pub(crate) fn awaits_helper(&self, from: A, seq: Seq) -> bool {
        self.phase == Phase::Indirect
            && self.helpers[..self.asked].iter().any(|helper| helper.seq == seq && helper.address == from)
    }

    /// A helper answered.
    pub(crate) fn helper_answered(
        &mut self,
        now: Instant,
        seq: Seq,
        reach: Reach,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        membership.stats.counters.ping_request_answers_received += 1;
        let asked = self.asked;
        let Some(helper) = self.helpers[..asked].iter_mut().find(|helper| helper.seq == seq) else { return };
        // It arrived, whatever it says: what it carried was told.
        helper.charged.clear();
        helper.answer = Some(reach);
        if reach == Reach::Reached {
            self.requests_complete(now, HelpersReached::Yes, out);
            self.succeed(now, membership, out);
        } else {
            self.end_early(now, membership, out);
        }
    }

    /// The transport knows that a message of the round did not arrive: a wait ends, nobody is accused for it alone.
    pub(crate) fn undeliverable(
        &mut self,
        now: Instant,
        to: A,
        ticket: Option<Ticket>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        let is = |seq: Seq| ticket.is_none_or(|ticket| ticket == Ticket(u64::from(seq.0)));
        match self.phase {
            Phase::Direct if to == self.target && is(self.seq) => self.ask_helpers(now, membership, out),
            Phase::Indirect => {
                if ticket.is_some() && ticket == self.stream {
                    self.stream = None;
                }
                let asked = self.asked;
                let helpers = self.helpers[..asked].iter_mut();
                for helper in helpers.filter(|helper| helper.address == to && is(helper.seq)) {
                    helper.lost = helper.answer.is_none();
                }
                self.end_early(now, membership, out);
            }
            _ => {}
        }
    }

    /// An adaptive round does not wait for answers that cannot come any more; a fixed one has nothing to gain by it.
    fn end_early(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        let over = self.helpers[..self.asked].iter().all(|helper| helper.lost || helper.answer.is_some());
        if membership.config.adaptive && over {
            self.verdict(now, membership, out);
        }
    }

    fn verdict(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        let is_silent = |helper: &Helper<A>| !matches!(helper.answer, Some(Reach::Reached | Reach::NotReached));
        let helpers = &self.helpers[..self.asked];
        let silent = helpers.iter().filter(|helper| is_silent(helper)).count();
        for helper in helpers.iter().filter(|helper| is_silent(helper)) {
            out.event(Event::PingRequestSendError { target: self.target, peer: helper.address });
        }
        membership.stats.counters.rounds_failed += 1;
        worsen(membership, 1 + u32::from(silent > 0), out);
        self.requests_complete(now, HelpersReached::No, out);
        let inconclusive = self.asked > 0 && silent == self.asked;
        if !inconclusive {
            self.inconclusive = 0;
        } else {
            membership.stats.counters.rounds_inconclusive += 1;
            self.inconclusive = self.inconclusive.saturating_add(1);
        }
        if self.inconclusive == 0 || self.inconclusive > membership.config.inconclusive_max {
            self.accuse(now, membership, out);
        }
        self.end(now, membership, out);
    }

    fn accuse(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        // It may have been evicted since, and if it came back it is in another slot.
        if let Some(slot) = membership.members.find(&self.target) {
            membership.accuse(now, slot, self.pinged, out);
        }
    }

    fn requests_complete(&self, now: Instant, reached: HelpersReached, out: &mut Effects<A>) {
        out.event_addresses(
            Event::PingRequestsSendComplete {
                target: self.target,
                peers: &[],
                reached: reached == HelpersReached::Yes,
                duration: now.since(self.started),
            },
            self.helpers[..self.asked].iter().map(|helper| helper.address),
        );
    }

    #[inline]
    fn succeed(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        self.inconclusive = 0;
        if membership.health.improve() {
            out.event(Event::LocalHealth { score: membership.health.score() });
        }
        self.end(now, membership, out);
    }

    /// The round is over: what did not arrive is pending again.
    #[inline]
    fn end(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        membership.refund(&mut self.charged);
        for helper in &mut self.helpers[..self.asked] {
            membership.refund(&mut helper.charged);
        }
        self.asked = 0;
        self.stream = None;
        let duration = now.since(self.started);
        membership.stats.timing.record(duration);
        out.event(Event::ProtocolFrequency { duration });
        self.finish(now, membership, out);
    }

    /// Waits for the next round.
    #[inline]
    fn finish(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        self.phase = Phase::Idle;
        for id in self.ticks.drain(..) {
            out.command_done(id, Outcome::Done);
        }
        let next = match self.running {
            Gossip::Stopped => Instant::NEVER,
            // Never twice at one moment, however late this round was.
            Gossip::Running => self.period_end.max(now + Micros(1)),
        };
        membership.timers.set(Timer::Probe, next);
        out.event(Event::ProtocolDelayCompute { duration: next.since(now) });
    }

    /// Queues of the round, for the invariants: helpers, and commands that wait.
    pub(crate) fn check(&self) {
        assert!(self.asked <= self.helpers.len() && self.helpers.len() <= 16, "helpers are bounded");
        assert!(self.ticks.len() <= TICKS_MAX, "waiting commands are bounded");
    }
}

/// Whether a round's helpers reached the target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HelpersReached {
    Yes,
    No,
}

/// Raises the local health score.
fn worsen<A: Address>(membership: &mut Membership<A>, by: u32, out: &mut Effects<A>) {
    if membership.health.worsen(by) {
        out.event(Event::LocalHealth { score: membership.health.score() });
    }
}

impl<A: Address> Probe<A> {
    /// Takes in how far the round is; between two rounds, what is left of the last one means nothing.
    pub(crate) fn trace(&self, wraps: u32, print: &mut Fingerprint) {
        // `started` only measures.
        let Self {
            phase,
            running,
            seq,
            target,
            unproven,
            pinged,
            started: _,
            period_end,
            asked,
            inconclusive,
            stream,
            ticks,
            charged,
            helpers,
        } = self;
        print.word((*phase as u64) << 32 | *running as u64);
        print.word((*asked as u64) << 32 | u64::from(*inconclusive));
        print.until(*period_end);
        print.word(ticks.len() as u64);
        ticks.iter().for_each(|id| print.word(id.0));
        charged.trace(wraps, print);
        if *phase == Phase::Idle {
            return;
        }
        print.seq(*seq);
        // Where the target was found only spares looking it up.
        print.word(unproven.is_none().into());
        print.address(target);
        print.word(pinged.get());
        print.word(stream.is_some().into());
        if let Some(ticket) = stream {
            print.ticket(*ticket);
        }
        for Helper { address, seq, answer, lost, charged } in &helpers[..*asked] {
            print.address(address);
            print.seq(*seq);
            print.word(answer.map_or(0, |reach| 1 + reach as u64) << 1 | u64::from(*lost));
            charged.trace(wraps, print);
        }
    }
}
