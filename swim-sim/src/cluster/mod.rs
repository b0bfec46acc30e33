//! A cluster: nodes, what lies between them, and the loop that moves time.
//!
//! ```text
//!            queue ──> input ──> node ──> effects ──┬──> run hash
//!              ^                                    ├──> checkers, accusations
//!              │                                    ├──> watchers, where there are any
//!              └── wakes, latencies <── transport <─┘
//! ```

mod faults;
#[cfg(test)]
mod mutation;
mod setup;

pub use faults::Memory;
pub use setup::{Setup, SetupError};

use swim_core::{
    About, Boot, BootstrapOptions, Command, CommandError, CommandId, Config, Effect, Effects, Input, Instant, Micros,
    Node, Options, Outcome, Status, UnixMillis, Via,
};

use crate::accusations::Accusations;
use crate::checkers::{Check, Checkers, Finding, Step, Violation, frame_finding, reply_finding};
use crate::failed_rounds::FailedRounds;
use crate::happening::{Due, Happening, Wakes};
use crate::network::Network;
use crate::parcels::Parcel;
use crate::processes::{Processes, Reception, State};
use crate::run_hash::{InputKind, RunHash};
use crate::seeds::Stream;
use crate::traffic::Traffic;
use crate::transport::{DISCOVERY, Route, Transport};
use crate::watch::Watchers;
use crate::wire::WirePath;

/// A cluster under simulation.
pub struct Cluster {
    setup: Setup,
    config: Config,
    nodes: Vec<Node<u32>>,
    processes: Processes,
    /// How many have never booted.
    unborn: u32,
    /// What each host wants of its node.
    wants: Vec<Wants>,
    hosts: Vec<u32>,
    transport: Transport,
    wire: WirePath,
    wakes: Wakes,
    /// One buffer for all nodes.
    effects: Effects<u32>,
    now: Instant,
    events: u64,
    /// The last event that is to happen.
    stop_after: u64,
    has_stopped: bool,
    hash: RunHash,
    accusations: Accusations,
    checkers: Option<Box<Checkers>>,
    watchers: Option<Box<Watchers>>,
    commands: u64,
    failed_commands: Vec<(u32, Outcome)>,
    /// Nodes that are broken on purpose, to see that checkers find them.
    #[cfg(test)]
    mutants: crate::mutants::Mutants,
}

impl Cluster {
    /// A cluster at time zero in which nobody has booted yet.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn new(setup: Setup) -> Result<Self, SetupError> {
        Self::watched(setup, Watchers::default())
    }

    /// As [`Cluster::new`], for a run that is watched.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn watched(setup: Setup, watchers: Watchers) -> Result<Self, SetupError> {
        if !(1..=Setup::NODES_MAX).contains(&setup.nodes) {
            return Err(SetupError::Nodes { nodes: setup.nodes });
        }
        if setup.check.is_on() && setup.nodes > Check::NODES_MAX {
            return Err(SetupError::Check { nodes: setup.nodes });
        }
        if setup.hosts == 0 {
            return Err(SetupError::Hosts);
        }
        let config = Config::try_from(Options { events: watchers.events(), ..setup.options.clone() })?;
        let random = Stream::Network.random(setup.seed);
        let mut network = Network::new(random, setup.latency, setup.loss, setup.undeliverable);
        if let Some(zones) = &setup.zones {
            network.set_zones(zones.clone());
        }
        let moments = setup.boot_moments();
        let mut cluster = Self {
            nodes: Vec::with_capacity(setup.nodes as usize),
            processes: Processes::new(setup.nodes),
            unborn: setup.nodes,
            wants: vec![Wants::Member; setup.nodes as usize],
            hosts: (0..setup.hosts.min(setup.nodes)).collect(),
            transport: Transport::new(network),
            wire: WirePath::new(config.clone(), setup.carry),
            wakes: Wakes::new(setup.nodes),
            effects: Effects::new(),
            now: Instant::ZERO,
            events: 0,
            stop_after: u64::MAX,
            has_stopped: false,
            hash: RunHash::new(),
            accusations: Accusations::new(setup.nodes),
            checkers: setup.check.is_on().then(|| Box::new(Checkers::new(&setup, &config))),
            watchers: (!watchers.is_empty()).then(|| Box::new(watchers)),
            commands: 0,
            failed_commands: Vec::new(),
            #[cfg(test)]
            mutants: crate::mutants::Mutants::default(),
            config,
            setup,
        };
        for (node, now) in (0..).zip(moments) {
            let seed = Stream::Node(node).seed(cluster.setup.seed);
            let wall = EPOCH.after(now.since(Instant::ZERO));
            cluster.nodes.push(Node::new(cluster.config.clone(), node, Boot { now, wall, seed }));
            cluster.transport.queue.push(now, Happening::Boot(node));
        }
        Ok(cluster)
    }

    /// Lets everything happen that happens before `limit`.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn run_until(&mut self, limit: Instant) -> Result<(), Box<Violation>> {
        loop {
            if self.events >= self.stop_after && self.transport.queue.has_before(limit) {
                self.has_stopped = true;
                return Ok(());
            }
            let Some((now, what)) = self.transport.queue.pop_before(limit) else { break };
            self.now = now;
            self.events += 1;
            let happened = self.happen(now, what);
            checked(happened, self.events, now)?;
        }
        self.now = limit;
        Ok(())
    }

    /// Checks what cannot be checked after every input, for one look at all nodes.
    ///
    /// # Errors
    /// At the first thing that does not hold.
    pub fn check_all(&mut self) -> Result<(), Box<Violation>> {
        let Self { checkers, nodes, processes, transport, now, .. } = self;
        let Some(checkers) = checkers else { return Ok(()) };
        let result = checkers.check_all(*now, nodes, processes, &transport.requests);
        checked(result, self.events, self.now)
    }

    /// A second is over: its traffic is set apart.
    pub fn end_second(&mut self) {
        self.transport.traffic.end_second();
        if let Some(mut watchers) = self.watchers.take() {
            watchers.look(self);
            self.watchers = Some(watchers);
        }
    }

    /// The rounds that failed, where they are counted.
    pub fn failed_rounds(&self) -> Option<&FailedRounds> {
        self.watchers.as_ref()?.failed_rounds.as_ref()
    }

    /// Those who watch, to be asked what they saw; from now on nobody watches.
    pub fn take_watchers(&mut self) -> Watchers {
        self.watchers.take().map_or_else(Watchers::default, |watchers| *watchers)
    }

    /// What it is made of.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The nodes, those included that have not booted yet.
    pub fn nodes(&self) -> &[Node<u32>] {
        &self.nodes
    }

    /// How many nodes have never booted yet.
    pub const fn booting(&self) -> u32 {
        self.unborn
    }

    /// The processes in which the nodes run.
    pub const fn processes(&self) -> &Processes {
        &self.processes
    }

    /// Whether a node sees the cluster: it runs, is not stopped, and has not left.
    pub fn is_observer(&self, node: u32) -> bool {
        self.processes.state(node) == State::Up && !self.has_left(node)
    }

    /// Whether a node left by its own will and has not come back.
    pub fn has_left(&self, node: u32) -> bool {
        self.wants[node as usize] == Wants::Left
    }

    /// What lies between the nodes.
    pub const fn network(&self) -> &Network {
        &self.transport.network
    }

    /// The run ends before the event after this one, as far as [`Cluster::run_until`] goes.
    pub const fn stop_after(&mut self, event: u64) {
        self.stop_after = event;
    }

    /// Whether the run has ended because there was an event after the last that was to happen.
    pub const fn has_stopped(&self) -> bool {
        self.has_stopped
    }

    /// How many events there were.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The hash of everything that happened.
    pub fn hash(&self) -> u64 {
        self.hash.get()
    }

    /// What was sent.
    pub const fn traffic(&self) -> &Traffic {
        &self.transport.traffic
    }

    /// Who was wrongly declared faulty.
    pub const fn accusations(&self) -> &Accusations {
        &self.accusations
    }

    /// Commands that were not carried out, with the node and how they ended.
    pub fn failed_commands(&self) -> &[(u32, Outcome)] {
        &self.failed_commands
    }

    fn happen(&mut self, now: Instant, what: Happening) -> Result<(), Box<Finding>> {
        match what {
            Happening::Wake(node) => self.wake(now, node),
            Happening::Note { from, to, note } => {
                if !self.receives(now, to, what) {
                    return Ok(());
                }
                self.input(now, to, Input::Message { from, via: Via::Datagram, message: note.message() })
            }
            Happening::Parcel { from, to, parcel } => {
                if !self.receives(now, to, what) {
                    return Ok(());
                }
                let Parcel { via, life, message } = self.transport.parcels.arrive(parcel);
                let via = match via {
                    Via::Request(ticket) => Via::Request(self.transport.requests.open(now, (from, life), ticket, to)),
                    Via::Response(_) if life != self.processes.life(to) => return Ok(()),
                    via => via,
                };
                let result = self.input(now, to, Input::Message { from, via, message: message.as_message() });
                self.transport.parcels.recycle(message);
                result
            }
            Happening::Syn { from, life, to, parcel, arrives } => {
                // The system answers, even while the process is stopped.
                if self.processes.state(to) == State::Down {
                    self.transport.not_connected(now, Route { from, life, to }, parcel);
                } else {
                    self.transport.connected(arrives, from, to, parcel);
                }
                Ok(())
            }
            Happening::Handshake { from, life, to, parcel, tries } => {
                // The system tries, even while the process is stopped; with the process its streams end.
                if self.processes.life(from) == life && self.processes.state(from) != State::Down {
                    self.transport.handshake(now, Route { from, life, to }, parcel, tries);
                } else {
                    self.transport.forget(parcel);
                }
                Ok(())
            }
            Happening::DatagramUndeliverable { from, life, to } => {
                self.undeliverable(now, what, (from, life), to, About::Datagram)
            }
            Happening::RequestUndeliverable { from, life, to, ticket } => {
                self.undeliverable(now, what, (from, life), to, About::Request(ticket))
            }
            Happening::Hosts { node, life, id } => {
                if !self.lives(node, life) || !self.receives(now, node, what) {
                    return Ok(());
                }
                let mut hosts = std::mem::take(&mut self.hosts);
                let known = hosts.len();
                hosts.extend(self.processes.remembered(node).unwrap_or_default());
                let result = self.input(now, node, Input::Hosts { id, result: Ok(&hosts) });
                hosts.truncate(known);
                self.hosts = hosts;
                result
            }
            Happening::Boot(node) => {
                self.unborn -= 1;
                self.start(now, node)
            }
            Happening::Again { node, life } => {
                if !self.lives(node, life) || !self.receives(now, node, what) {
                    return Ok(());
                }
                self.host_acts(now, node)
            }
        }
    }

    fn undeliverable(
        &mut self,
        now: Instant,
        what: Happening,
        (from, life): (u32, u32),
        to: u32,
        about: About,
    ) -> Result<(), Box<Finding>> {
        if !self.lives(from, life) || !self.receives(now, from, what) {
            return Ok(());
        }
        self.input(now, from, Input::Undeliverable { to, about })
    }

    fn wake(&mut self, now: Instant, node: u32) -> Result<(), Box<Finding>> {
        if !self.processes.are_plain() && self.processes.state(node) != State::Up {
            // Who goes on after a pause gets a new wake.
            return Ok(());
        }
        let wanted = self.nodes[node as usize].next_deadline().map(|at| self.processes.global(at, node));
        match self.wakes.due(now, node, wanted) {
            Due::Tick => self.input(now, node, Input::Tick),
            Due::Later(at) => {
                self.transport.queue.push(at, Happening::Wake(node));
                Ok(())
            }
            Due::Void => Ok(()),
        }
    }

    /// Whether this is still the life in which a node asked for something.
    fn lives(&self, node: u32, life: u32) -> bool {
        self.processes.life(node) == life && self.processes.is_up(node)
    }

    /// Whether a process can handle now what arrives; otherwise that waits, or nobody is there.
    #[inline]
    fn receives(&mut self, now: Instant, node: u32, what: Happening) -> bool {
        match self.processes.receive(now, node) {
            Reception::Now => return true,
            Reception::At(at) => self.transport.queue.push(at, what),
            Reception::Waits => {
                let kept = self.processes.keep(node, what);
                if let (false, Happening::Parcel { parcel, .. }) = (kept, what) {
                    self.transport.parcels.arrive(parcel);
                }
            }
            Reception::NobodyThere => self.nobody_there(now, what),
        }
        false
    }

    /// A host tells its node to do what is still lacking of what it wants.
    fn host_acts(&mut self, now: Instant, node: u32) -> Result<(), Box<Finding>> {
        let machine = &self.nodes[node as usize];
        let away = machine.member(node).is_some_and(|own| own.status != Status::Alive);
        let command = match self.wants[node as usize] {
            Wants::Member if away => Command::Rejoin,
            Wants::Member if !machine.is_ready() => Command::Bootstrap(BootstrapOptions::default()),
            Wants::Left if !away => Command::Leave,
            _ => return Ok(()),
        };
        self.commands += 1;
        self.input(now, node, Input::Command { id: CommandId(self.commands), command })
    }

    /// Gives a node one input and carries out what it causes.
    #[inline]
    fn input(&mut self, now: Instant, node: u32, input: Input<'_, u32>) -> Result<(), Box<Finding>> {
        let machine = &mut self.nodes[node as usize];
        self.effects.clear();
        let local = self.processes.local(now, node);
        #[cfg(not(test))]
        machine.handle(local, input, &mut self.effects);
        #[cfg(test)]
        self.mutants.handle(machine, local, input, &mut self.effects);
        self.hash.input(now, node, InputKind::of(&input));
        let departure = self.processes.departure(now, node);
        for effect in self.effects.iter() {
            match effect {
                Effect::Send { to, channel, message } => {
                    self.hash.send(to, channel, &message);
                    let size = self.wire.size(channel, &message).map_err(|error| frame_finding(node, error))?;
                    let message = if self.wire.is_codec() {
                        let passed = self.wire.through(channel, message, size);
                        passed.map_err(|error| frame_finding(node, error))?
                    } else {
                        message
                    };
                    let route = Route { from: node, life: self.processes.life(node), to };
                    let sent = self.transport.send(departure, route, channel, message, size);
                    sent.map_err(|error| reply_finding(node, error))?;
                }
                Effect::Event(event) => {
                    let Self { processes, transport, accusations, .. } = self;
                    let network = &transport.network;
                    let sound = |node| processes.is_sound(now, node) && network.is_sound(node);
                    let open = |other| network.partition().is_open(node, other) && sound(node) && sound(other);
                    accusations.see(now, node, &event, open);
                }
                Effect::Discover(id) => {
                    self.hash.discover(id);
                    self.transport
                        .queue
                        .push(now + DISCOVERY, Happening::Hosts { node, life: self.processes.life(node), id });
                }
                Effect::CommandDone { id, outcome } => {
                    self.hash.command_done(id, outcome);
                    if let Outcome::Failed(error) = outcome {
                        self.failed_commands.push((node, outcome));
                        if matches!(error, CommandError::JoinFailed | CommandError::Busy | CommandError::NotReady) {
                            let life = self.processes.life(node);
                            self.transport.queue.push(now + AGAIN, Happening::Again { node, life });
                        }
                    }
                }
                Effect::Wake(at) => {
                    self.hash.wake(at);
                    let at = self.processes.global(at.unwrap_or(Instant::NEVER), node).max(now);
                    if self.wakes.want(node, at) {
                        self.transport.queue.push(at, Happening::Wake(node));
                    }
                }
            }
        }
        if self.watchers.is_some() || self.checkers.is_some() {
            let Self { effects, processes, .. } = self;
            let (machine, network) = (&self.nodes[node as usize], &self.transport.network);
            let step = Step { node, now, local, input: &input, effects, machine, processes, network };
            if let Some(watchers) = &mut self.watchers {
                watchers.see(now, &step, self.transport.network.partition());
            }
            if let Some(checkers) = &mut self.checkers {
                checkers.see(&step)?;
            }
        }
        Ok(())
    }
}

/// What a host wants of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    /// That it is a member.
    Member,
    /// That it has left.
    Left,
}

/// A finding is a violation once it is known when it happened.
fn checked(result: Result<(), Box<Finding>>, event: u64, at: Instant) -> Result<(), Box<Violation>> {
    result.map_err(|finding| Box::new(Violation { event, at, finding: *finding }))
}

/// When runs begin on the wall clock: 14 November 2023.
const EPOCH: UnixMillis = UnixMillis(1_700_000_000_000);
/// After how long a host tries again what its node could not do, as a supervisor would.
const AGAIN: Micros = Micros::from_millis(1_000);
