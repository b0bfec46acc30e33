//! Helping others (R4): pinging a target for an asker, and answering before the asker's own verdict.

use alloc::vec::Vec;

use crate::address::Address;
use crate::disseminate::Charged;
use crate::disseminate::issue::{Asker, Reader};
use crate::effect::{Effects, Span};
use crate::fingerprint::Fingerprint;
use crate::member::{Changes, Incarnation};
use crate::membership::{Membership, Standing, reply_channel};
use crate::message::{Checksum, Kind, Reach, Seq, Ticket, Via};
use crate::observe::{Event, RejectReason};
use crate::time::{Instant, Micros};
use crate::timer::Timer;

/// Targets that a node pings for others at one time.
pub(crate) const HELPED_MAX: usize = 64;
/// ... and for one asker.
const HELPED_PER_ASKER: usize = 8;

/// One ping for another.
#[derive(Clone, Debug)]
struct Job<A> {
    asker: A,
    asker_incarnation: Incarnation,
    asker_checksum: Checksum,
    asker_seq: Seq,
    via: Via,
    target: A,
    seq: Seq,
    started: Instant,
    deadline: Instant,
    charged: Charged,
}

/// What a ping-req asks for.
pub(crate) struct Request<A> {
    pub(crate) asker: A,
    pub(crate) incarnation: Incarnation,
    pub(crate) seq: Seq,
    pub(crate) via: Via,
    pub(crate) target: A,
    pub(crate) timeout: Micros,
}

#[derive(Clone, Default)]
pub(crate) struct Helping<A> {
    jobs: Vec<Job<A>>,
    /// Buffers of jobs that ended, to be used again.
    spare: Vec<Charged>,
}

impl<A: Address> Helping<A> {
    pub(crate) const fn new() -> Self {
        Self { jobs: Vec::new(), spare: Vec::new() }
    }

    /// Pings the target of a ping-req, or answers at once where that cannot be.
    pub(crate) fn help(
        &mut self,
        now: Instant,
        request: Request<A>,
        checksum: Checksum,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        let of_asker = self.jobs.iter().filter(|job| job.asker == request.asker);
        let is_again = |job: &Job<A>| job.via == Via::Datagram && job.asker_seq == request.seq;
        if request.via == Via::Datagram && of_asker.clone().any(is_again) {
            // The network delivered it twice.
            return;
        }
        let overloaded = self.jobs.len() >= HELPED_MAX || of_asker.count() >= HELPED_PER_ASKER;
        if overloaded {
            membership.reject(request.asker, RejectReason::Overloaded, out);
        }
        let reach = if overloaded || !membership.is_active() {
            Some(Reach::NotReady)
        } else {
            (request.target == membership.local).then_some(Reach::Reached)
        };
        // An asker of the same configuration allows no more, however unhealthy it is, and no less; in ringpop a helper has the
        // time of a ping. Who could ask for an answer at once would get the next job at once, and the ping would not count
        // as sent.
        let config = &membership.config;
        let shortest = config.helper_timeout.min(config.ping_timeout);
        let longest = config.ping_request_timeout.times(u64::from(config.local_health_max) + 1);
        let mut job = Job {
            asker: request.asker,
            asker_incarnation: request.incarnation,
            asker_checksum: checksum,
            asker_seq: request.seq,
            via: request.via,
            target: request.target,
            seq: membership.next_seq(),
            started: now,
            deadline: now + request.timeout.clamp(shortest, longest),
            charged: self.spare.pop().unwrap_or_default(),
        };
        if let Some(reach) = reach {
            self.answer(job, reach, membership, out);
            return;
        }
        let kind = Kind::Ping { seq: job.seq };
        let channel = membership.ping_channel(job.seq);
        let find = |address| membership.members.find(address);
        let reader = Reader::Helped { target: find(&job.target), asker: find(&job.asker) };
        let changes = membership.piggyback(&kind, channel, reader, Some(&mut job.charged), out);
        membership.stats.counters.pings_sent += 1;
        membership.stats.client.mark(now);
        out.send(job.target, channel, kind, membership.head(), changes);
        membership.timers.set_earlier(Timer::Help, job.deadline);
        self.jobs.push(job);
    }

    /// Whether an ack with this number belongs to a ping for another.
    #[inline]
    pub(crate) fn awaits(&self, from: A, seq: Seq) -> bool {
        self.jobs.iter().any(|job| job.seq == seq && job.target == from)
    }

    /// The target of a ping for another answered.
    pub(crate) fn acked(&mut self, now: Instant, seq: Seq, membership: &mut Membership<A>, out: &mut Effects<A>) {
        let Some(at) = self.jobs.iter().position(|job| job.seq == seq) else { return };
        let mut job = self.jobs.swap_remove(at);
        job.charged.clear();
        out.event(Event::PingRequestPing { source: job.asker, target: job.target, duration: now.since(job.started) });
        // What the target must hear of evicted members (R3) is for itself, and not for the asker.
        let owed = core::mem::take(&mut membership.owed);
        self.answer(job, Reach::Reached, membership, out);
        membership.owed = owed;
        self.arm(membership);
    }

    /// Answers those whose time is up.
    pub(crate) fn fire(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        while let Some(at) = self.jobs.iter().position(|job| job.deadline <= now) {
            let job = self.jobs.remove(at);
            self.answer(job, Reach::NotReached, membership, out);
        }
        self.arm(membership);
    }

    /// The transport knows that a ping for another did not arrive.
    pub(crate) fn undeliverable(
        &mut self,
        to: A,
        ticket: Option<Ticket>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        let is = |job: &Job<A>| job.target == to && ticket.is_none_or(|ticket| ticket == Ticket(u64::from(job.seq.0)));
        while let Some(at) = self.jobs.iter().position(is) {
            let job = self.jobs.remove(at);
            self.answer(job, Reach::NotReached, membership, out);
        }
        self.arm(membership);
    }

    /// Answers all that is owed, when the node stops for good.
    pub(crate) fn give_up(&mut self, membership: &mut Membership<A>, out: &mut Effects<A>) {
        while let Some(job) = self.jobs.pop() {
            self.answer(job, Reach::NotReady, membership, out);
        }
        self.arm(membership);
    }

    fn answer(&mut self, mut job: Job<A>, reach: Reach, membership: &mut Membership<A>, out: &mut Effects<A>) {
        membership.refund(&mut job.charged);
        self.spare.push(job.charged);
        let kind = Kind::PingReqAnswer { seq: job.asker_seq, target: job.target, reach };
        let channel = reply_channel(job.via);
        if membership.standing == Standing::Joining {
            // As with pings (R4): what it has to tell goes out once it is ready.
            out.send(job.asker, channel, kind, membership.head(), Span::EMPTY);
            return;
        }
        let asker = Asker { address: job.asker, incarnation: job.asker_incarnation, told: Changes::NONE };
        let (changes, _) = membership.answer_changes(&kind, channel, asker, job.asker_checksum, out);
        out.send(job.asker, channel, kind, membership.head(), changes);
    }

    fn arm(&self, membership: &mut Membership<A>) {
        let soonest = self.jobs.iter().map(|job| job.deadline).min().unwrap_or(Instant::NEVER);
        membership.timers.set(Timer::Help, soonest);
    }

    pub(crate) fn check(&self) {
        assert!(self.jobs.len() <= HELPED_MAX, "pings for others are bounded");
        assert!(self.spare.len() <= HELPED_MAX + 1, "spare buffers are bounded");
    }
}

impl<A: Address> Helping<A> {
    /// Takes in what is owed to askers.
    pub(crate) fn trace(&self, wraps: u32, print: &mut Fingerprint) {
        let Self { jobs, spare: _ } = self;
        print.word(jobs.len() as u64);
        for job in jobs {
            let Job {
                asker,
                asker_incarnation,
                asker_checksum,
                asker_seq,
                via,
                target,
                seq,
                started: _,
                deadline,
                charged,
            } = job;
            // `started` only measures.
            print.address(asker);
            print.word(asker_incarnation.get());
            print.word(asker_checksum.0.into());
            print.seq_of(*asker, *asker_seq);
            print.word(match via {
                Via::Datagram => u64::MAX,
                Via::Request(ticket) | Via::Response(ticket) => ticket.0,
            });
            print.address(target);
            print.seq(*seq);
            print.until(*deadline);
            charged.trace(wraps, print);
        }
    }
}
