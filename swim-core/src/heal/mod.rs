//! Healing partitions (R11): two sides that hold each other faulty find together again.
//!
//! ```text
//!   coordinator                      target, held faulty or unknown
//!       │── HealFetch ──────────────────>│
//!       │<───────────────────── List ────│
//!       │ compare: would merging make a live member non-pingable on either side?
//!       │
//!       ├ yes: suspect those of one's own side here, and
//!       │── HealSuspect: those of its side >│   each side's members refute and reincarnate;
//!       │<───────────────────── Done ────│      follow up once they have, three times at most
//!       │
//!       └ no: apply its list, and
//!         ── HealMerge: what it lacks ───>│
//!         <───────────────────── Done ────│   both sides gossip what they learned
//! ```

mod attempt;
mod compare;
mod when;

use alloc::vec::Vec;

use crate::address::Address;
use crate::effect::{CommandError, CommandId, DiscoverId, Effects, Outcome};
use crate::fingerprint::Fingerprint;
use crate::input::DiscoverFailed;
use crate::member::{Changes, Status};
use crate::membership::Membership;
use crate::message::{RefusedReason, Ticket};
use crate::observe::{Event, HealResult};
use crate::time::{Instant, Micros};
use crate::timer::Timer;

use attempt::{Attempt, Origin};
pub(crate) use when::TICK;

/// Attempts of one node at one time.
const ATTEMPTS_MAX: usize = 2;

/// A search for partitions through a host list: one target after another.
#[derive(Clone, Debug)]
struct Search<A> {
    command: Option<CommandId>,
    targets: Vec<A>,
    failures: u32,
    healed: u32,
}

/// A discovery that is under way.
#[derive(Clone, Copy, Debug)]
struct Discovery {
    id: DiscoverId,
    command: Option<CommandId>,
    /// When its answer is no longer waited for.
    deadline: Instant,
}

/// How long a host may take to discover.
const DISCOVERY_MAX: Micros = Micros(60_000_000);

#[derive(Clone)]
pub(crate) struct Healer<A> {
    attempts: Vec<Attempt<A>>,
    search: Option<Search<A>>,
    discovering: Option<Discovery>,
    /// How many hosts the last discovery named.
    hosts: Option<u32>,
    next_discovery: Instant,
}

impl<A: Address> Healer<A> {
    pub(crate) const fn new() -> Self {
        Self { attempts: Vec::new(), search: None, discovering: None, hosts: None, next_discovery: Instant::NEVER }
    }

    /// The node is a member: healing is considered from now on.
    pub(crate) fn run(&mut self, now: Instant, membership: &mut Membership<A>) {
        if let Some(period) = membership.config.heal_period {
            self.next_discovery = now + when::jittered(period, &mut membership.random);
            membership.timers.set_earlier(Timer::Heal, self.next_discovery);
        }
    }

    /// The healer's timer fired: attempts go on, and new ones are considered. `id` is for a discovery.
    pub(crate) fn fire(&mut self, now: Instant, id: DiscoverId, membership: &mut Membership<A>, out: &mut Effects<A>) {
        if !membership.is_active() {
            self.rest(CommandError::AlreadyLeft, membership, out);
            return;
        }
        for at in (0..self.attempts.len()).rev() {
            if let Some(result) = self.attempts[at].fire(now, membership, out) {
                self.end(at, result, membership, out);
            }
        }
        self.consider(now, id, membership, out);
        self.advance(now, membership, out);
        self.arm(now, membership);
    }

    fn consider(&mut self, now: Instant, id: DiscoverId, membership: &mut Membership<A>, out: &mut Effects<A>) {
        if let Some(lost) = self.discovering.filter(|discovery| discovery.deadline <= now) {
            self.discovering = None;
            if let Some(command) = lost.command {
                out.command_done(command, Outcome::Failed(CommandError::DiscoveryFailed));
            }
        }
        let Some(period) = membership.config.heal_period else { return };
        if now >= self.next_discovery {
            self.next_discovery = now + period;
            let listed = membership.members.len() as u32;
            let hosts = self.hosts.unwrap_or(listed).max(1);
            // Natively a side asks as often as a whole cluster does: whoever is alone asks each time.
            let native = membership.config.heal_faulty_rate > 0;
            let hosts = if native { hosts.min(membership.members.pingable() + 1) } else { hosts };
            let base = membership.config.heal_base_probability;
            if membership.random.chance(base.into(), hosts.into()) {
                self.discover(now, id, None, out);
            }
        }
        if self.has_room_for_the_faulty() && when::tries_now(membership) {
            if let Some(target) = when::faulty_target(membership) {
                self.begin(now, target, Origin::Faulty, membership, out);
            }
        }
    }

    /// Attempts with members that are really dead leave a search one turn.
    fn has_room_for_the_faulty(&self) -> bool {
        let is_other = |attempt: &&Attempt<A>| !matches!(attempt.origin(), Origin::Search | Origin::PastSearch);
        let kept = usize::from(self.search.is_some());
        self.attempts.len() < ATTEMPTS_MAX && self.attempts.iter().filter(is_other).count() + kept < ATTEMPTS_MAX
    }

    fn discover(&mut self, now: Instant, id: DiscoverId, command: Option<CommandId>, out: &mut Effects<A>) {
        if self.discovering.is_some() || self.search.is_some() {
            if let Some(command) = command {
                out.command_done(command, Outcome::Failed(CommandError::Busy));
            }
            return;
        }
        out.event(Event::DiscoHeal);
        self.discovering = Some(Discovery { id, command, deadline: now + DISCOVERY_MAX });
        out.discover(id);
    }

    /// A command asks to search the hosts for partitions.
    pub(crate) fn heal_via_discovery(
        &mut self,
        now: Instant,
        id: DiscoverId,
        command: CommandId,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        self.discover(now, id, Some(command), out);
        self.arm(now, membership);
    }

    /// A command asks to heal with one host.
    pub(crate) fn attempt(
        &mut self,
        now: Instant,
        target: A,
        command: CommandId,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        let error = if target == membership.local || !is_candidate(target, membership) {
            Some(CommandError::NoCandidate)
        } else if self.attempts.len() >= ATTEMPTS_MAX || self.is_under_way(target) {
            Some(CommandError::Busy)
        } else {
            None
        };
        match error {
            Some(error) => out.command_done(command, Outcome::Failed(error)),
            None => self.begin(now, target, Origin::Command(command), membership, out),
        }
        self.arm(now, membership);
    }

    fn is_under_way(&self, target: A) -> bool {
        self.attempts.iter().any(|attempt| attempt.target() == target)
    }

    fn begin(&mut self, now: Instant, target: A, origin: Origin, membership: &mut Membership<A>, out: &mut Effects<A>) {
        if !self.is_under_way(target) {
            self.attempts.push(Attempt::begin(now, target, origin, membership, out));
        }
    }

    /// Whether the hosts of this discovery are for the healer.
    pub(crate) fn awaits_hosts(&self, id: DiscoverId) -> bool {
        self.discovering.is_some_and(|discovery| discovery.id == id)
    }

    /// The hosts came: those that are unknown here, or faulty or worse, are targets.
    pub(crate) fn hosts(
        &mut self,
        now: Instant,
        result: Result<&[A], DiscoverFailed>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        let Some(Discovery { command, .. }) = self.discovering.take() else { return };
        let Ok(hosts) = result else {
            if let Some(command) = command {
                out.command_done(command, Outcome::Failed(CommandError::DiscoveryFailed));
            }
            return;
        };
        self.hosts = Some(u32::try_from(hosts.len()).unwrap_or(u32::MAX));
        let mut targets: Vec<A> = hosts
            .iter()
            .copied()
            .take(crate::join::HOSTS_MAX)
            .filter(|&host| host != membership.local && is_candidate(host, membership))
            .collect();
        membership.random.shuffle(&mut targets);
        self.search = Some(Search { command, targets, failures: 0, healed: 0 });
        self.advance(now, membership, out);
        self.arm(now, membership);
    }

    /// Starts the search's next attempt, or ends the search. It waits for attempts of its own only.
    fn advance(&mut self, now: Instant, membership: &mut Membership<A>, out: &mut Effects<A>) {
        let is_own = |attempt: &Attempt<A>| attempt.origin() == Origin::Search && attempt.is_exchanging();
        while let Some(search) = &mut self.search {
            if self.attempts.iter().any(is_own) || self.attempts.len() >= ATTEMPTS_MAX {
                return;
            }
            let tired = search.failures >= membership.config.heal_failures_max;
            let Some(target) = (if tired { None } else { search.targets.pop() }) else {
                // With those the node has spoken that still wait for others to refute.
                let waiting = self.attempts.iter().filter(|attempt| attempt.origin() == Origin::Search).count();
                if let Some(command) = search.command {
                    out.command_done(command, Outcome::Healed(search.healed + waiting as u32));
                }
                self.search = None;
                self.attempts.iter_mut().for_each(Attempt::outlive_search);
                return;
            };
            if is_candidate(target, membership) {
                self.begin(now, target, Origin::Search, membership, out);
            }
        }
    }

    /// Whether the ticket is of one of the healer's requests to `from`.
    pub(crate) fn owns(&self, from: A, ticket: Ticket) -> bool {
        self.attempts.iter().any(|attempt| attempt.target() == from && attempt.ticket() == Some(ticket))
    }

    /// The target sent its list.
    pub(crate) fn listed(
        &mut self,
        now: Instant,
        ticket: Ticket,
        list: Changes<'_, A>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        // Hosts that the other side can ping are healed with it.
        if let Some(search) = &mut self.search {
            let met: alloc::collections::BTreeSet<A> =
                list.iter().filter(|change| change.status.is_pingable()).map(|change| change.address).collect();
            search.targets.retain(|target| !met.contains(target));
        }
        self.with(now, ticket, membership, out, |attempt, membership, out| attempt.listed(now, list, membership, out));
    }

    /// The target did what it was asked to.
    pub(crate) fn done(&mut self, now: Instant, ticket: Ticket, membership: &mut Membership<A>, out: &mut Effects<A>) {
        self.with(now, ticket, membership, out, |attempt, membership, _| attempt.done(now, membership));
    }

    /// The target refused (`Some`), or the request failed.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        ticket: Ticket,
        refused: Option<RefusedReason>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        let result = refused.map_or(HealResult::Failed, HealResult::Refused);
        self.with(now, ticket, membership, out, |_, _, _| Some(result));
    }

    fn with(
        &mut self,
        now: Instant,
        ticket: Ticket,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
        step: impl FnOnce(&mut Attempt<A>, &mut Membership<A>, &mut Effects<A>) -> Option<HealResult>,
    ) {
        let Some(at) = self.attempts.iter().position(|attempt| attempt.ticket() == Some(ticket)) else { return };
        if let Some(result) = step(&mut self.attempts[at], membership, out) {
            self.end(at, result, membership, out);
        }
        self.advance(now, membership, out);
        self.arm(now, membership);
    }

    fn end(&mut self, at: usize, result: HealResult, membership: &mut Membership<A>, out: &mut Effects<A>) {
        let attempt = self.attempts.swap_remove(at);
        if result == HealResult::Merged {
            membership.stats.counters.heal_merges += 1;
        }
        let failed = matches!(result, HealResult::Failed | HealResult::Refused(_));
        if let (Origin::Search, Some(search)) = (attempt.origin(), &mut self.search) {
            if failed {
                search.failures += 1;
            } else {
                search.healed += 1;
            }
        }
        out.event(Event::HealEnded { target: attempt.target(), result });
        if let Some(command) = attempt.command() {
            let outcome = if failed { Outcome::Failed(CommandError::HealFailed) } else { Outcome::Healed(1) };
            out.command_done(command, outcome);
        }
    }

    /// Heals no more: all that is under way ends, and the commands that wait for it.
    pub(crate) fn rest(&mut self, why: CommandError, membership: &mut Membership<A>, out: &mut Effects<A>) {
        let search = self.search.take().and_then(|search| search.command);
        let discovery = self.discovering.take().and_then(|discovery| discovery.command);
        let attempts = self.attempts.drain(..).filter_map(|attempt| attempt.command());
        for command in attempts.chain(search).chain(discovery) {
            out.command_done(command, Outcome::Failed(why));
        }
        self.next_discovery = Instant::NEVER;
        membership.timers.set(Timer::Heal, Instant::NEVER);
    }

    fn arm(&self, now: Instant, membership: &mut Membership<A>) {
        let mut at = self.next_discovery;
        if let Some(discovery) = self.discovering {
            at = at.min(discovery.deadline);
        }
        for attempt in &self.attempts {
            at = at.min(attempt.deadline());
        }
        if when::may_try(membership) {
            at = at.min(now + when::jittered(TICK, &mut membership.random));
        }
        membership.timers.set(Timer::Heal, at);
    }

    pub(crate) fn check(&self) {
        assert!(self.attempts.len() <= ATTEMPTS_MAX, "healing attempts are bounded");
    }
}

/// Whether a host is worth an attempt: unknown, or faulty or worse.
fn is_candidate<A: Address>(host: A, membership: &Membership<A>) -> bool {
    membership.members.find(&host).is_none_or(|slot| membership.members.state(slot).status >= Status::Faulty)
}

impl<A: Address> Healer<A> {
    /// Takes in the attempts and searches that are under way. `discoveries` is how many there were.
    pub(crate) fn trace(&self, discoveries: u64, print: &mut Fingerprint) {
        let Self { attempts, search, discovering, hosts, next_discovery } = self;
        print.word(attempts.len() as u64);
        attempts.iter().for_each(|attempt| attempt.trace(print));
        print.word(search.is_some().into());
        if let Some(Search { command, targets, failures, healed }) = search {
            print.word(command.map_or(0, |command| 1 + command.0));
            print.word(u64::from(*failures) << 32 | u64::from(*healed));
            print.word(targets.len() as u64);
            targets.iter().for_each(|target| print.address(target));
            let past = attempts.iter().filter(|attempt| attempt.origin() == Origin::PastSearch);
            past.for_each(|attempt| print.address(&attempt.target()));
        }
        print.word(discovering.is_some().into());
        if let Some(Discovery { id, command, deadline }) = discovering {
            print.word(discoveries.wrapping_sub(id.0));
            print.word(command.map_or(0, |command| 1 + command.0));
            print.until(*deadline);
        }
        print.word(hosts.map_or(u64::MAX, u64::from));
        print.until(*next_discovery);
    }
}
