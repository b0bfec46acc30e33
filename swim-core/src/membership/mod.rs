//! What a node knows and has still to tell: the list, and all that follows from a change of it.
//!
//! ```text
//!   claims ──> apply (R1, R1a, R2, R3) ──> record ──> Memberlist   who is what
//!                  │                          ├─────> Queue        what is to be told (R5)
//!                  └─> refute (R2)            ├─────> Suspicions   how long suspects have (R7)
//!                                             └─────> Transitions  when they move on (R3)
//! ```
//! The workflows (probe, full sync, join, heal, departure) borrow it for the length of one input.

mod admission;
mod apply;
mod local;
mod numbers;
mod record;
mod trial;

use alloc::vec::Vec;

use crate::address::Address;
use crate::config::Config;
use crate::digests::Digests;
use crate::disseminate::limit::send_limit;
use crate::disseminate::{Buddies, Finished, Pending, Queue};
use crate::effect::{Effects, Span};
use crate::evicted::Evicted;
use crate::fingerprint::Fingerprint;
use crate::hash::mix64;
use crate::input::Boot;
use crate::member::{Change, Incarnation, Source, Status};
use crate::memberlist::{HasPending, Memberlist, Slot};
use crate::message::{Channel, Checksum, Kind, Seq, Ticket, Via};
use crate::observe::{Event, RejectReason, Rollup, Stats};
use crate::probe::health::LocalHealth;
use crate::random::Random;
use crate::suspicion::Suspicions;
use crate::time::{Instant, Micros, UnixMillis};
use crate::timer::{Timer, Timers};
use crate::transition::Transitions;

pub(crate) use apply::{LONG_LIST, Spread};
pub use numbers::Numbers;
use trial::Trials;

/// Where a node stands in its own cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not bootstrapped, or still joining.
    Joining,
    /// A member.
    Member,
    /// It left and still answers (R12).
    Left,
    /// It declared itself faulty: it neither refutes, probes nor heals (R12).
    Evicted,
    /// Stopped for good.
    Destroyed,
}

/// In the order of their heat: what a ping, an ack or the start of a round looks at comes first and lies together. A
/// simulated node is in no cache when its turn comes, and each line that is fetched costs as much as the work on it.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct Membership<A: Copy> {
    pub(crate) timers: Timers,
    pub(crate) config: Config,
    /// The soonest moment at which gossip may go out again (R5).
    pub(crate) next_gossip: Instant,
    numbers: Numbers,
    /// For which number of pingable members the send limit holds, and the limit.
    limit_for: u32,
    pub(crate) limit: u32,
    /// How often the versions of any member's pending changes have started again.
    pub(crate) wraps: u32,
    pub(crate) health: LocalHealth,
    pub(crate) local: A,
    pub(crate) standing: Standing,
    pub(crate) queue: Queue,
    pub(crate) members: Memberlist<A>,
    pub(crate) stats: Stats,
    /// Evicted members that the sender of the present message still lists; the answer tells it so (R3).
    pub(crate) owed: Vec<(A, Incarnation)>,
    /// The sender of the present message, where it accuses the node of what is refuted; the answer tells it so (R5).
    pub(crate) accuser: Option<A>,
    /// The soonest moment of the next refutation far ahead of the clock (R2).
    next_far_refutation: Instant,
    /// When the node was last found to have slept.
    woke: Option<Instant>,
    /// Members drawn at random, for the length of one input.
    pub(crate) drawn: Vec<Slot>,
    /// The wall clock at a moment of `now`.
    wall: (Instant, UnixMillis),
    /// The same at boot.
    boot: (Instant, UnixMillis),
    pub(crate) evicted: Evicted<A>,
    /// Those that a full list has no room for, and that are pinged.
    pub(crate) trials: Trials<A>,
    pub(crate) suspicions: Suspicions,
    /// Suspects that are told so.
    pub(crate) buddies: Buddies<A>,
    pub(crate) transitions: Transitions,
    pub(crate) rollup: Rollup<A>,
    pub(crate) random: Random,
}

impl<A: Address> Membership<A> {
    pub(crate) fn new(config: Config, local: A, boot: Boot, digests: Digests<A>) -> Self {
        let mut random = Random::new(boot.seed);
        let incarnation = Incarnation::from_wall(boot.wall);
        let own = Change {
            address: local,
            incarnation,
            status: Status::Alive,
            source: Some(Source { address: local, incarnation }),
            labels: config.labels.as_labels(),
        };
        let key = random.next_u64();
        let mut queue = Queue::new();
        let limit = send_limit(config.retransmit_factor, 0);
        queue.set_limit(limit, |_| Finished::Superseded);
        Self {
            timers: Timers::new(),
            local,
            standing: Standing::Joining,
            health: LocalHealth::new(config.local_health_max),
            numbers: Numbers::new(mix64(!key)),
            members: Memberlist::new(key, digests, own),
            queue,
            limit_for: 0,
            limit,
            wraps: 0,
            next_gossip: boot.now,
            stats: Stats::default(),
            suspicions: Suspicions::new(config.suspicion, config.period),
            buddies: Buddies::new(),
            transitions: Transitions::new(),
            evicted: Evicted::new(config.evicted_max),
            trials: Trials::new(),
            rollup: Rollup::new(),
            wall: (boot.now, boot.wall),
            boot: (boot.now, boot.wall),
            owed: Vec::new(),
            accuser: None,
            next_far_refutation: Instant::ZERO,
            woke: None,
            drawn: Vec::new(),
            random,
            config,
        }
    }

    /// The node's own incarnation.
    #[inline]
    pub(crate) fn incarnation(&self) -> Incarnation {
        self.members.state(Slot::LOCAL).incarnation
    }

    /// What every message says of its sender.
    #[inline]
    pub(crate) fn head(&self) -> (Incarnation, Checksum) {
        (self.incarnation(), self.members.checksum())
    }

    /// The wall clock at `now`.
    #[inline]
    pub(crate) fn wall(&self, now: Instant) -> UnixMillis {
        clock(self.wall, now)
    }

    /// The latest wall clock that others believe of this node, if they believed it at boot (R2).
    fn latest_credible(&self, now: Instant) -> UnixMillis {
        let limit = self.config.incarnation_limit_ms.unwrap_or(u64::MAX);
        UnixMillis(clock(self.boot, now).0.saturating_add(limit))
    }

    /// The host's wall clock jumped.
    pub(crate) fn set_wall(&mut self, now: Instant, wall: UnixMillis) {
        self.wall = (now, wall);
    }

    /// A number for a ping or ping-req.
    #[inline]
    pub(crate) fn next_seq(&mut self) -> Seq {
        self.numbers.next()
    }

    /// A number for a request on a stream.
    pub(crate) fn next_ticket(&mut self) -> Ticket {
        Ticket(u64::from(self.next_seq().0) | 1 << 32)
    }

    /// How a ping or ping-req leaves; as a request its ticket is its sequence number.
    #[inline]
    pub(crate) fn ping_channel(&self, seq: Seq) -> Channel {
        if self.config.requests { Channel::Request(Ticket(u64::from(seq.0))) } else { Channel::Datagram }
    }

    /// Whether the node probes, gossips and heals: it has joined and has not evicted itself.
    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.standing, Standing::Member | Standing::Left)
    }

    /// How often a change is sent, for the present size of the cluster (R5).
    #[inline]
    pub(crate) fn send_limit(&self) -> u32 {
        self.limit
    }

    /// Follows the size of the cluster.
    pub(crate) fn adjust_limit(&mut self, out: &mut Effects<A>) {
        let pingable = self.members.pingable();
        if pingable == self.limit_for {
            return;
        }
        self.limit_for = pingable;
        self.want_gossip();
        let limit = send_limit(self.config.retransmit_factor, pingable);
        if limit != self.limit {
            let old = core::mem::replace(&mut self.limit, limit);
            let Self { queue, members, .. } = self;
            queue.set_limit(limit, |pending| finish(members, pending));
            out.event(Event::MaxPAdjusted { old, new: limit });
        }
    }

    /// Counts and reports what a peer did wrong.
    pub(crate) fn reject(&mut self, source: A, reason: RejectReason, out: &mut Effects<A>) {
        self.stats.counters.reject(reason);
        out.event(Event::Rejected { source, reason });
    }

    /// Sends a message without changes on a stream's or datagram's way back.
    pub(crate) fn answer(&mut self, to: A, via: Via, kind: Kind<A>, out: &mut Effects<A>) {
        out.send(to, reply_channel(via), kind, self.head(), Span::EMPTY);
    }

    /// Claims of eviction that are owed to the sender of one message, at most.
    pub(crate) const OWED_MAX: usize = 16;

    /// Arms the timer of the next member that moves on.
    #[inline]
    pub(crate) fn arm_transitions(&mut self) {
        self.timers.set(Timer::Transition, self.transitions.soonest());
    }

    /// The time between two probes, stretched by local health (R8).
    pub(crate) fn period(&self) -> Micros {
        if self.config.adaptive {
            let median = self.stats.timing.percentile(500).unwrap_or_default();
            self.config.period.max(median.times(2))
        } else {
            self.health.stretch(self.config.period)
        }
    }
}

/// The wall clock at `now`, as it was `read` at a moment.
#[inline]
fn clock(read: (Instant, UnixMillis), now: Instant) -> UnixMillis {
    read.1.after(now.since(read.0))
}

/// The queue drops an entry: its member has no pending change any more, unless there is a newer one.
#[inline]
pub(crate) fn finish<A: Address>(members: &mut Memberlist<A>, pending: Pending) -> Finished {
    if members.is_current(pending.slot(), pending.version()) {
        members.set_pending(pending.slot(), HasPending::No);
        Finished::Current
    } else {
        Finished::Superseded
    }
}

/// By which way an answer goes.
#[inline]
pub(crate) fn reply_channel(via: Via) -> Channel {
    match via {
        Via::Request(ticket) => Channel::Reply(ticket),
        Via::Datagram | Via::Response(_) => Channel::Datagram,
    }
}

impl<A: Address> Membership<A> {
    /// The numbers of pings and requests.
    pub(crate) fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// Takes in all that the future depends on. Not the configuration, statistics, the wall clock and the random stream,
    /// nor what is drawn for the length of one input, nor when versions last started again, which is told relative to it.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self {
            timers,
            config,
            next_gossip,
            numbers: _,
            limit_for,
            limit,
            wraps: _,
            health,
            local,
            standing,
            members,
            queue,
            stats: _,
            owed,
            accuser,
            next_far_refutation,
            woke,
            drawn: _,
            wall: _,
            boot: _,
            evicted,
            trials,
            suspicions,
            buddies,
            transitions,
            rollup,
            random: _,
        } = self;
        assert!(!config.adaptive, "an adaptive period follows statistics");
        timers.trace(print);
        print.until(*next_gossip);
        print.word(u64::from(*limit_for) << 32 | u64::from(*limit));
        print.word(u64::from(health.score()) << 32 | *standing as u64);
        print.address(local);
        members.trace(print);
        queue.trace(print);
        print.word(owed.len() as u64);
        for (address, incarnation) in owed {
            print.address(address);
            print.word(incarnation.get());
        }
        print.word(accuser.is_some().into());
        if let Some(accuser) = accuser {
            print.address(accuser);
        }
        print.until(*next_far_refutation);
        if let Some(woke) = woke {
            print.until(*woke + config.period);
        }
        evicted.trace(print);
        trials.trace(print);
        suspicions.trace(print);
        buddies.trace(print);
        transitions.trace(print);
        print.word(rollup.len() as u64);
    }
}
