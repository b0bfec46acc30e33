//! The door: one way in, one way out. [`Node`] only dispatches.

mod command;
mod invariants;
mod message;
mod query;

use crate::address::Address;
use crate::config::Config;
use crate::departure::Departure;
use crate::digests::Digests;
use crate::disseminate::full_sync::FullSync;
use crate::effect::{DiscoverId, Effects};
use crate::heal::Healer;
use crate::input::{About, Boot, Input, StartGossip};
use crate::join::{Joiner, Progress};
use crate::membership::{Membership, Standing};
use crate::message::Via;
use crate::probe::help::Helping;
use crate::probe::round::Probe;
use crate::time::{Instant, Micros};
use crate::timer::Timer;

/// One member of a cluster.
///
/// The host calls [`handle`](Node::handle) with every message that arrives and at every deadline, and does what the
/// effects say:
///
/// ```
/// use swim_core::{Boot, BootstrapOptions, Command, CommandId, Config, Effect, Effects, Input};
/// use swim_core::{Instant, Node, Options, UnixMillis};
///
/// let config = Config::try_from(Options::lan())?;
/// let boot = Boot { now: Instant::ZERO, wall: UnixMillis(1_700_000_000_000), seed: 7 };
/// let mut node = Node::new(config, 1u32, boot);
/// let mut effects = Effects::new();
///
/// let mut now = Instant::ZERO;
/// let command = Command::Bootstrap(BootstrapOptions::default());
/// node.handle(now, Input::Command { id: CommandId(1), command }, &mut effects);
/// for _ in 0..3 {
///     let mut hosts = None;
///     for effect in effects.iter() {
///         match effect {
///             Effect::Send { to, channel, message } => { /* encode and send */ let _ = (to, channel, message); }
///             Effect::Event(event) => { /* tell whoever listens */ let _ = event; }
///             Effect::Discover(id) => hosts = Some(id),
///             Effect::CommandDone { id, outcome } => { /* the command has ended */ let _ = (id, outcome); }
///             Effect::Wake(at) => { /* arm the one timer */ let _ = at; }
///         }
///     }
///     effects.clear();
///     if let Some(id) = hosts {
///         node.handle(now, Input::Hosts { id, result: Ok(&[1]) }, &mut effects);
///         continue;
///     }
///     now = node.next_deadline().expect("a member always has something to do");
///     node.handle(now, Input::Tick, &mut effects);
/// }
/// assert!(node.is_ready());
/// # Ok::<(), swim_core::ConfigError>(())
/// ```
#[derive(Clone)]
#[repr(C)]
pub struct Node<A: Copy> {
    now: Instant,
    /// What the host was told last.
    armed: Instant,
    /// Rounds in a row in which a peer had nothing to tell and another checksum.
    diverged: u32,
    /// Rounds in a row in which a peer had another checksum.
    differing: u32,
    probe: Probe<A>,
    membership: Membership<A>,
    helping: Helping<A>,
    full_sync: FullSync<A>,
    joiner: Joiner<A>,
    healer: Healer<A>,
    departure: Departure<A>,
    started: Instant,
    next_discovery: u64,
}

impl<A: Address> Node<A> {
    /// A node that is not a member yet; [`Command::Bootstrap`](crate::Command::Bootstrap) makes it one.
    ///
    /// `local` is the address by which the others reach it. Its incarnation is the wall clock of `boot`.
    pub fn new(config: Config, local: A, boot: Boot) -> Self {
        Self::with_digests(config, local, boot, Digests::NATIVE)
    }

    /// As [`Node::new`], for hosts that speak another protocol's wire: lists and labels are compared by its functions.
    pub fn with_digests(config: Config, local: A, boot: Boot, digests: Digests<A>) -> Self {
        Self {
            membership: Membership::new(config, local, boot, digests),
            probe: Probe::new(local),
            helping: Helping::new(),
            full_sync: FullSync::new(),
            joiner: Joiner::new(),
            healer: Healer::new(),
            departure: Departure::new(),
            now: boot.now,
            started: boot.now,
            armed: Instant::NEVER,
            next_discovery: 0,
            diverged: 0,
            differing: 0,
        }
    }

    /// Applies one input at `now`, and appends all that it causes to `out`, in causal order.
    ///
    /// Time never runs backwards inside: an earlier `now` counts as the latest one. The buffer is not cleared.
    #[inline]
    pub fn handle(&mut self, now: Instant, input: Input<'_, A>, out: &mut Effects<A>) {
        self.now = self.now.max(now);
        let now = self.now;
        out.want(self.membership.config.events);
        self.membership.came_late(now, now.since(self.armed));
        match input {
            Input::Message { from, via, message } => self.message(now, from, via, message, out),
            Input::Tick => self.tick(now, out),
            Input::Wall(wall) => self.membership.set_wall(now, wall),
            Input::Undeliverable { to, about } => self.undeliverable(now, to, about, out),
            Input::Hosts { id, result } => {
                if self.joiner.awaits_hosts(id) {
                    let progress = self.joiner.hosts(now, result, &mut self.membership, out);
                    self.joined(now, progress);
                } else if self.healer.awaits_hosts(id) {
                    self.healer.hosts(now, result, &mut self.membership, out);
                }
            }
            Input::Command { id, command } => self.command(now, id, command, out),
        }
        // A deadline that a message moved into the past is due now; one that the host was told and missed stays late.
        let earliest = self.membership.timers.earliest().max(self.armed.min(now));
        if earliest != self.armed {
            self.armed = earliest;
            out.wake((earliest != Instant::NEVER).then_some(earliest));
        }
    }

    /// When the host must call again with [`Input::Tick`]. After a tick at `now` it is later than `now`.
    #[inline]
    pub fn next_deadline(&self) -> Option<Instant> {
        (self.armed != Instant::NEVER).then_some(self.armed)
    }

    fn tick(&mut self, now: Instant, out: &mut Effects<A>) {
        let lateness = now.since(self.armed);
        while let Some(timer) = self.membership.timers.take_due(now) {
            self.fire(now, timer, lateness, out);
        }
    }

    fn fire(&mut self, now: Instant, timer: Timer, lateness: Micros, out: &mut Effects<A>) {
        let Self { membership, .. } = self;
        match timer {
            Timer::Transition => membership.fire_transitions(now, out),
            Timer::Help => self.helping.fire(now, membership, out),
            Timer::Probe => self.probe.fire(now, lateness, membership, out),
            Timer::Gossip => membership.gossip(now, out),
            Timer::Sync => self.full_sync.fire(now, membership),
            Timer::Join => {
                let id = self.discovery();
                let progress = self.joiner.fire(now, id, &mut self.membership, out);
                self.joined(now, progress);
            }
            Timer::Heal => {
                let id = self.discovery();
                self.healer.fire(now, id, &mut self.membership, out);
            }
            Timer::Departure => self.departure.fire(membership, out),
            Timer::Rollup => membership.rollup.flush(out),
        }
    }

    fn discovery(&mut self) -> DiscoverId {
        self.next_discovery += 1;
        DiscoverId(self.next_discovery)
    }

    /// The node may have become a member just now.
    fn joined(&mut self, now: Instant, progress: Progress) {
        if let Progress::Joined(options) = progress {
            if options.gossip == StartGossip::WhenReady {
                self.probe.run(now, &mut self.membership);
            }
            self.healer.run(now, &mut self.membership);
            self.membership.want_gossip();
        }
    }

    fn undeliverable(&mut self, now: Instant, to: A, about: About, out: &mut Effects<A>) {
        if self.membership.standing == Standing::Destroyed {
            return;
        }
        self.membership.stats.counters.undeliverable += 1;
        let ticket = match about {
            About::Datagram => None,
            About::Request(ticket) => Some(ticket),
        };
        let Self { membership, .. } = self;
        match ticket {
            Some(ticket) if self.joiner.owns(to, ticket) => {
                let progress = self.joiner.ended(now, ticket, None, membership, out);
                self.joined(now, progress);
            }
            Some(ticket) if self.full_sync.owns(to, ticket) => {
                self.full_sync.ended(now, ticket, None, membership, out);
            }
            Some(ticket) if self.healer.owns(to, ticket) => {
                self.healer.failed(now, ticket, None, membership, out);
            }
            _ => {
                self.helping.undeliverable(to, ticket, membership, out);
                self.departure.undeliverable(to, ticket, membership, out);
                self.probe.undeliverable(now, to, ticket, membership, out);
            }
        }
    }
}

/// Whether an answer that arrived is a stream's.
fn response_ticket(via: Via) -> Option<crate::message::Ticket> {
    match via {
        Via::Response(ticket) => Some(ticket),
        Via::Datagram | Via::Request(_) => None,
    }
}
