//! Joining (R10): find hosts, ask some of them for their lists, and be a member once enough have answered.
//!
//! ```text
//!   Idle ─ bootstrap ─> Discovering ─ hosts ─> Round ─ enough answers ─────────────> Joined
//!                         ^   │ failed           │  ^                                   ^
//!                         └ Pause                │  └ Pause (doubling, with jitter) ────┤ one answer, long enough
//!                                                └─ too few ─┘                          │
//!                                                   max_duration ──> Failed      alone ─┘
//! ```

mod targets;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::address::Address;
use crate::disseminate::full_sync::whole_list;
use crate::effect::{CommandError, CommandId, DiscoverId, Effects, Outcome};
use crate::fingerprint::Fingerprint;
use crate::input::{BootstrapOptions, DiscoverFailed};
use crate::member::{Changes, Incarnation};
use crate::memberlist::Slot;
use crate::membership::{Membership, Spread, Standing};
use crate::message::{Channel, Kind, RefusedReason, Ticket, Via};
use crate::observe::{Event, JoinFailedReason, RejectReason};
use crate::time::{Instant, Micros};
use crate::timer::Timer;

/// Hosts of a list that are looked at; the rest of a longer list is ignored.
pub(crate) const HOSTS_MAX: usize = 65_536;

/// Members that spoke meanwhile are remembered up to this number.
const HEARD_MAX: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not bootstrapped.
    Idle,
    /// Waiting for a host list.
    Discovering(DiscoverId),
    /// Waiting for the answers of one round, until then.
    Round(Instant),
    /// Waiting for the next round.
    Pause,
    /// The node has joined.
    Joined,
    /// It gave up; it may be bootstrapped again.
    Failed,
}

/// A join request that is under way.
#[derive(Clone, Copy, Debug)]
struct Asked<A> {
    ticket: Ticket,
    host: A,
}

#[derive(Clone)]
pub(crate) struct Joiner<A> {
    state: State,
    command: CommandId,
    options: BootstrapOptions,
    started: Instant,
    /// Those of the host list, and after them those that were heard.
    hosts: Vec<A>,
    /// How many are of the list.
    listed: usize,
    /// Who pinged or tried to heal while the node was joining: members of a cluster that lists it.
    heard: Vec<A>,
    asked: Vec<Asked<A>>,
    /// Who was asked since all of the list had their turn last.
    tried: BTreeSet<A>,
    joined: Vec<A>,
    rounds: u32,
}

/// What came of an input to the joiner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It goes on.
    Pending,
    /// The node is a member now; gossip starts as the options say.
    Joined(BootstrapOptions),
}

impl<A: Address> Joiner<A> {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Idle,
            command: CommandId(0),
            options: BootstrapOptions { gossip: crate::input::StartGossip::WhenReady },
            started: Instant::ZERO,
            hosts: Vec::new(),
            listed: 0,
            heard: Vec::new(),
            asked: Vec::new(),
            tried: BTreeSet::new(),
            joined: Vec::new(),
            rounds: 0,
        }
    }

    /// Starts; the hosts come as an answer to `id`.
    pub(crate) fn bootstrap(
        &mut self,
        now: Instant,
        command: CommandId,
        options: BootstrapOptions,
        id: DiscoverId,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        if !matches!(self.state, State::Idle | State::Failed) {
            out.command_done(command, Outcome::Failed(CommandError::AlreadyBootstrapped));
            return;
        }
        (self.command, self.options, self.started, self.rounds) = (command, options, now, 0);
        (self.hosts, self.listed, self.tried) = (Vec::new(), 0, BTreeSet::new());
        self.discover(id, membership, out);
    }

    /// Asks for hosts; a host that never answers ends the join when its time is up.
    fn discover(&mut self, id: DiscoverId, membership: &mut Membership<A>, out: &mut Effects<A>) {
        self.state = State::Discovering(id);
        membership.timers.set(Timer::Join, self.started + membership.config.join_max);
        out.discover(id);
    }

    /// Whether the hosts of this discovery are for the join.
    pub(crate) fn awaits_hosts(&self, id: DiscoverId) -> bool {
        self.state == State::Discovering(id)
    }

    /// The host list came, or could not be had.
    pub(crate) fn hosts(
        &mut self,
        now: Instant,
        result: Result<&[A], DiscoverFailed>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> Progress {
        // Nobody at all, not even oneself, is no list: a provider that is not ready must not found a cluster.
        let Some(hosts) = result.ok().filter(|hosts| !hosts.is_empty()) else {
            return self.pause(now, membership, out);
        };
        self.hosts = targets::others(hosts, membership.local, HOSTS_MAX);
        self.listed = self.hosts.len();
        self.heard.retain(|host| !self.hosts.contains(host));
        self.hosts.append(&mut self.heard);
        if !self.tried.is_empty() {
            let known = BTreeSet::from_iter(self.hosts.iter().copied());
            self.tried.retain(|host| known.contains(host));
        }
        if self.joined.len() >= self.needed(membership) {
            return self.succeed(now, membership, out);
        }
        self.round(now, membership, out);
        Progress::Pending
    }

    /// Someone spoke who takes this node for a member: a host to join, where all those of the list may be down.
    pub(crate) fn heard(&mut self, from: A) {
        if self.state != State::Joined && self.heard.len() < HEARD_MAX && !self.heard.contains(&from) {
            self.heard.push(from);
        }
    }

    /// How many answers are enough: `join_size`, or all hosts of the list where there are fewer. Anyone can be heard, so whoever
    /// was heard besides is asked, and not waited for beyond a first answer.
    fn needed(&self, membership: &Membership<A>) -> usize {
        membership.config.join_size.min(self.listed.max(usize::from(!self.hosts.is_empty())))
    }

    /// Whether what has come is enough by now, although some did not answer: anybody's list, or nobody's where the host list
    /// names nobody else.
    fn is_settled(&self, now: Instant, membership: &Membership<A>) -> bool {
        let after = membership.config.join_settle_after.map(|after| after.min(membership.config.join_max));
        let is_late = after.is_some_and(|after| now.since(self.started) >= after);
        is_late && (!self.joined.is_empty() || self.has_only_heard())
    }

    /// Whether the host list names nobody else, and somebody was heard.
    fn has_only_heard(&self) -> bool {
        self.listed == 0 && !self.hosts.is_empty()
    }

    fn round(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        out.event(Event::JoinTriesUpdate { retries: self.rounds });
        self.rounds = self.rounds.saturating_add(1);
        let missing = membership.config.join_size.min(self.hosts.len()).saturating_sub(self.joined.len());
        let count = missing * membership.config.parallelism_factor;
        let past = (&self.joined[..], &self.tried);
        let chosen = targets::choose(&self.hosts, past, count, membership.local, &mut membership.random);
        let again = chosen.iter().copied().filter(|host| self.tried.contains(host)).collect();
        self.tried.extend(&chosen);
        if self.hosts[..self.listed].iter().all(|host| self.tried.contains(host) || self.joined.contains(host)) {
            // All of the list had their turn, and those have begun the next. Anyone can be heard, again and again, and keeps no
            // host of the list from its turn.
            self.tried = again;
        }
        self.asked.clear();
        for host in chosen {
            let ticket = membership.next_ticket();
            self.asked.push(Asked { ticket, host });
            membership.stats.counters.joins_sent += 1;
            membership.stats.client.mark(now);
            let mark = out.mark();
            if !membership.config.requests {
                out.push_change(membership.members.change(Slot::LOCAL));
            }
            let own = out.since(mark);
            let kind = Kind::Join { app: membership.config.cluster };
            out.send(host, Channel::Request(ticket), kind, membership.head(), own);
        }
        let end = now + membership.config.join_timeout;
        self.state = State::Round(end);
        membership.timers.set(Timer::Join, end);
    }

    /// Whether the ticket is of a join request to `from`.
    pub(crate) fn owns(&self, from: A, ticket: Ticket) -> bool {
        self.asked.iter().any(|asked| asked.ticket == ticket && asked.host == from)
    }

    /// A host answered with its list, or the request failed.
    pub(crate) fn ended(
        &mut self,
        now: Instant,
        ticket: Ticket,
        list: Option<Changes<'_, A>>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> Progress {
        let Some(at) = self.asked.iter().position(|asked| asked.ticket == ticket) else {
            return Progress::Pending;
        };
        let host = self.asked.swap_remove(at).host;
        if let Some(ahead_ms) = list.and_then(|list| membership.all_beyond(now, list)) {
            // Who joined them and lists none of them would take itself for the whole cluster.
            out.event(Event::JoinListRejected { source: host, ahead_ms });
            membership.reject(host, RejectReason::Incarnation, out);
        } else if let Some(list) = list {
            let applied = membership.apply(now, host, list, Spread::No, out);
            out.event(Event::AddJoinList { source: host, received: list.len() as u32, applied });
            if !self.joined.contains(&host) {
                self.joined.push(host);
            }
        }
        if self.asked.is_empty() { self.round_over(now, membership, out) } else { Progress::Pending }
    }

    /// All requests of the round have ended, or its time is up.
    fn round_over(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) -> Progress {
        self.asked.clear();
        if self.joined.len() >= self.needed(membership) || self.is_settled(now, membership) {
            return self.succeed(now, membership, out);
        }
        self.pause(now, membership, out)
    }

    /// Backs off: the pause doubles from round to round, and half of it is random.
    fn pause(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) -> Progress {
        if now.since(self.started) >= membership.config.join_max {
            return self.give_up(now, membership, out);
        }
        let doubled = membership.config.join_delay_min.times(1 << self.rounds.saturating_sub(1).min(32));
        let delay = doubled.min(membership.config.join_delay_max);
        let half = delay.0 / 2;
        let jittered = Micros(delay.0 - half + membership.random.below_u64(half + 1)).max(Micros(1));
        let mut until = now + jittered;
        let may_settle = !self.joined.is_empty() || self.has_only_heard();
        if let (Some(after), true) = (membership.config.join_settle_after, may_settle) {
            until = until.min((self.started + after).max(now + Micros(1)));
        }
        until = until.min(self.started + membership.config.join_max);
        self.state = State::Pause;
        membership.timers.set(Timer::Join, until);
        if self.hosts.is_empty() {
            self.rounds = self.rounds.saturating_add(1);
        }
        Progress::Pending
    }

    /// The joiner's timer fired: a round is over, or a pause.
    pub(crate) fn fire(
        &mut self,
        now: Instant,
        id: DiscoverId,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> Progress {
        match self.state {
            State::Round(_) => self.round_over(now, membership, out),
            State::Pause => {
                if self.is_settled(now, membership) {
                    return self.succeed(now, membership, out);
                }
                if now.since(self.started) >= membership.config.join_max {
                    return self.give_up(now, membership, out);
                }
                // Hosts may have changed meanwhile, so they are discovered anew for each round.
                self.discover(id, membership, out);
                Progress::Pending
            }
            State::Discovering(_) => self.give_up(now, membership, out),
            State::Idle | State::Joined | State::Failed => Progress::Pending,
        }
    }

    fn succeed(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) -> Progress {
        self.state = State::Joined;
        membership.timers.set(Timer::Join, Instant::NEVER);
        membership.standing = Standing::Member;
        membership.announce_oneself();
        let duration = now.since(self.started);
        out.event_addresses(Event::JoinComplete { duration, joined: &[] }, self.joined.iter().copied());
        out.command_done(self.command, Outcome::Joined(self.joined.len() as u32));
        (self.hosts, self.heard, self.listed, self.tried) = (Vec::new(), Vec::new(), 0, BTreeSet::new());
        Progress::Joined(self.options)
    }

    /// Those that have answered list the node, so where there are any the join ends with them.
    pub(crate) fn settle(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) -> Progress {
        if self.joined.is_empty() || matches!(self.state, State::Idle | State::Joined | State::Failed) {
            return Progress::Pending;
        }
        self.asked.clear();
        self.succeed(now, membership, out)
    }

    /// The time is over: what has come has to be enough.
    fn give_up(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) -> Progress {
        if self.is_settled(now, membership) {
            return self.succeed(now, membership, out);
        }
        self.fail(JoinFailedReason::Error, membership, out)
    }

    /// Fails; the node may be bootstrapped again.
    pub(crate) fn fail(
        &mut self,
        reason: JoinFailedReason,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) -> Progress {
        if matches!(self.state, State::Idle | State::Joined | State::Failed) {
            return Progress::Pending;
        }
        self.state = State::Failed;
        self.asked.clear();
        self.joined.clear();
        self.tried.clear();
        membership.timers.set(Timer::Join, Instant::NEVER);
        out.event(Event::JoinFailed { reason });
        let error = match reason {
            JoinFailedReason::Destroyed => CommandError::Destroyed,
            JoinFailedReason::Error => CommandError::JoinFailed,
        };
        out.command_done(self.command, Outcome::Failed(error));
        Progress::Pending
    }

    pub(crate) fn check(&self) {
        assert!(self.asked.len() <= 32 * 32, "join requests are bounded");
        assert!(self.hosts.len() <= HOSTS_MAX + HEARD_MAX && self.heard.len() <= HEARD_MAX, "hosts are bounded");
        assert!(self.tried.len() <= self.hosts.len(), "those that were asked are hosts");
    }
}

/// Answers a join request with the whole list (R10), whether or not the node itself is ready.
pub(crate) fn answer<A: Address>(
    now: Instant,
    (from, via): (A, Via),
    app: crate::cluster::ClusterId,
    changes: Changes<'_, A>,
    membership: &mut Membership<A>,
    out: &mut Effects<A>,
) {
    membership.stats.counters.joins_received += 1;
    out.event(Event::JoinReceive { source: from });
    if app != membership.config.cluster {
        membership.reject(from, RejectReason::OtherApp, out);
        membership.answer(from, via, Kind::Refused { reason: RefusedReason::OtherApp }, out);
        return;
    }
    // The joiner speaks for itself and for nobody else.
    let known = incarnation_of(from, membership);
    membership.apply_own(now, from, changes, out);
    if let (Some(known), Some(incarnation)) = (known, incarnation_of(from, membership)) {
        if incarnation > known {
            out.event(Event::MemberRestarted { address: from, incarnation });
        }
    }
    let list = whole_list(membership, out);
    out.send(from, crate::membership::reply_channel(via), Kind::List, membership.head(), list);
}

/// What is known of a member's incarnation.
fn incarnation_of<A: Address>(address: A, membership: &Membership<A>) -> Option<Incarnation> {
    membership.members.find(&address).map(|slot| membership.members.state(slot).incarnation)
}

impl<A: Address> Joiner<A> {
    /// Takes in how far the join is; once it is over, nothing else of it matters. `discoveries` is how many there were.
    pub(crate) fn trace(&self, discoveries: u64, print: &mut Fingerprint) {
        let Self { state, command, options, started, hosts, listed, heard, asked, tried, joined, rounds } = self;
        let (kind, at) = match state {
            State::Idle => (0, 0),
            State::Discovering(id) => (1, discoveries.wrapping_sub(id.0)),
            State::Round(until) => (2, print.left(*until)),
            State::Pause => (3, 0),
            State::Joined => (4, 0),
            State::Failed => (5, 0),
        };
        print.word(kind);
        print.word(at);
        print.word((asked.len() as u64) << 32 | joined.len() as u64);
        for Asked { ticket, host } in asked {
            print.ticket(*ticket);
            print.address(host);
        }
        if *state == State::Joined {
            return;
        }
        print.word(command.0);
        print.word(options.gossip as u64);
        print.moment(*started);
        print.word((hosts.len() as u64) << 32 | heard.len() as u64);
        hosts.iter().chain(heard).chain(joined).chain(tried).for_each(|host| print.address(host));
        print.word(tried.len() as u64);
        // Those that are not of the list were heard.
        print.word(((hosts.len() - listed) as u64) << 32 | u64::from(*rounds));
    }
}
