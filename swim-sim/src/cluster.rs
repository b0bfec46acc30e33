//! A cluster: nodes, what lies between them, and the loop that moves time.
//!
//! ```text
//!            queue ──> input ──> node ──> effects ──┬──> run hash
//!              ^                                    ├──> checkers, accusations
//!              └── wakes, latencies <── transport <─┘
//! ```

use swim_core::{
    Boot, BootstrapOptions, Command, CommandId, Config, ConfigError, Effect, Effects, EventMask, Input, Instant,
    Micros, Node, Options, Outcome, UnixMillis, Via,
};

use crate::accusations::Accusations;
use crate::checkers::{Check, Checkers, Fault, Step, Violation};
use crate::happening::{Due, Happening, Wakes};
use crate::network::{AcrossCut, Latency, Loss, Network, Sides};
use crate::run_hash::{InputKind, RunHash};
use crate::seeds::Stream;
use crate::traffic::Traffic;
use crate::transport::{DISCOVERY, Transport};
use crate::wire::{Carry, WirePath};

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many nodes there are; 1 to [`Setup::NODES_MAX`].
    pub nodes: u32,
    /// What everything random derives from.
    pub seed: u64,
    /// The settings of every node; the simulator picks the events.
    pub options: Options,
    /// Within which time all nodes boot, each at a random moment.
    pub boot_within: Micros,
    /// How many nodes, from the first one on, are on everybody's host list.
    pub hosts: u32,
    /// How long messages take.
    pub latency: Latency,
    /// How many packets are lost.
    pub loss: Loss,
    /// What the sender of a request across a cut is told.
    pub across_cut: AcrossCut,
    /// Whether messages go through the codec.
    pub carry: Carry,
    /// What is checked while the run goes on.
    pub check: Check,
}

impl Setup {
    /// The most nodes of a cluster.
    pub const NODES_MAX: u32 = 100_000;

    /// The LAN preset, 1 to 10 ms, no loss, three hosts, all boot within a second.
    pub fn new(nodes: u32, seed: u64) -> Self {
        Self {
            nodes,
            seed,
            options: Options::lan(),
            boot_within: Micros::from_millis(1_000),
            hosts: 3,
            latency: Latency::default(),
            loss: Loss::NONE,
            across_cut: AcrossCut::default(),
            carry: Carry::default(),
            check: Check::default(),
        }
    }
}

/// Why there is no such cluster.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Too many nodes, or none.
    #[error("a cluster of {nodes} nodes cannot be simulated; 1 to {} can", Setup::NODES_MAX)]
    Nodes {
        /// How many were asked for.
        nodes: u32,
    },
    /// No host to join.
    #[error("the host list is empty; one host at least is needed")]
    Hosts,
    /// Options that break a rule.
    #[error("the options do not work: {0}")]
    Options(#[from] ConfigError),
}

/// A cluster under simulation.
pub struct Cluster {
    setup: Setup,
    nodes: Vec<Node<u32>>,
    boots: Boots,
    hosts: Vec<u32>,
    transport: Transport,
    wire: WirePath,
    wakes: Wakes,
    /// One buffer for all nodes.
    effects: Effects<u32>,
    now: Instant,
    events: u64,
    hash: RunHash,
    accusations: Accusations,
    checkers: Option<Box<Checkers>>,
    failed_commands: Vec<(u32, Outcome)>,
}

impl Cluster {
    /// A cluster at time zero in which nobody has booted yet.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn new(setup: Setup) -> Result<Self, SetupError> {
        if !(1..=Setup::NODES_MAX).contains(&setup.nodes) {
            return Err(SetupError::Nodes { nodes: setup.nodes });
        }
        if setup.hosts == 0 {
            return Err(SetupError::Hosts);
        }
        let events = EventMask::only(&Accusations::EVENTS);
        let config = Config::try_from(Options { events, ..setup.options.clone() })?;
        let network = Network::new(Stream::Network.random(setup.seed), setup.latency, setup.loss, setup.across_cut);
        let mut cluster = Self {
            nodes: Vec::with_capacity(setup.nodes as usize),
            boots: Boots::new(&setup),
            hosts: (0..setup.hosts.min(setup.nodes)).collect(),
            transport: Transport::new(network),
            wire: WirePath::new(config.clone(), setup.carry),
            wakes: Wakes::new(setup.nodes),
            effects: Effects::new(),
            now: Instant::ZERO,
            events: 0,
            hash: RunHash::new(),
            accusations: Accusations::new(setup.nodes),
            checkers: setup.check.is_on().then(|| Box::new(Checkers::new(&setup))),
            failed_commands: Vec::new(),
            setup,
        };
        for node in 0..cluster.setup.nodes {
            let now = cluster.boots.at(node);
            let seed = Stream::Node(node).seed(cluster.setup.seed);
            cluster.nodes.push(Node::new(config.clone(), node, Boot { now, wall: wall(now), seed }));
            cluster.transport.queue.push(now, Happening::Boot(node));
        }
        Ok(cluster)
    }

    /// Lets everything happen that happens before `limit`.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn run_until(&mut self, limit: Instant) -> Result<(), Box<Violation>> {
        while let Some((now, what)) = self.transport.queue.pop_before(limit) {
            self.now = now;
            self.events += 1;
            if let Err(fault) = self.happen(now, what) {
                return Err(Box::new(Violation { event: self.events, at: now, fault: *fault }));
            }
        }
        self.now = limit;
        Ok(())
    }

    /// Checks what cannot be checked after every input, for one look at all nodes.
    ///
    /// # Errors
    /// At the first thing that does not hold.
    pub fn check_all(&mut self) -> Result<(), Box<Violation>> {
        let Self { checkers, nodes, transport, now, .. } = self;
        let Some(checkers) = checkers else { return Ok(()) };
        let checked = checkers.check_all(*now, nodes, &transport.requests);
        checked.map_err(|fault| Box::new(Violation { event: self.events, at: self.now, fault: *fault }))
    }

    /// From now on nothing passes between these sides.
    pub fn cut(&mut self, sides: Sides) {
        self.transport.network.partition.cut(sides);
    }

    /// From now on everyone reaches everyone.
    pub fn mend(&mut self) {
        self.transport.network.partition.mend();
    }

    /// A second is over: its traffic is set apart.
    pub fn end_second(&mut self) {
        self.transport.traffic.end_second();
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

    /// How many nodes have not booted yet.
    pub const fn booting(&self) -> u32 {
        self.boots.left
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

    fn happen(&mut self, now: Instant, what: Happening) -> Result<(), Box<Fault>> {
        match what {
            Happening::Wake(node) => {
                let wanted = self.nodes[node as usize].next_deadline();
                match self.wakes.due(now, node, wanted) {
                    Due::Tick => self.input(now, node, Input::Tick),
                    Due::Later(at) => {
                        self.transport.queue.push(at, Happening::Wake(node));
                        Ok(())
                    }
                    Due::Void => Ok(()),
                }
            }
            Happening::Note { from, to, note } => {
                if !self.boots.is_up(now, to) {
                    return Ok(());
                }
                self.input(now, to, Input::Message { from, via: Via::Datagram, message: note.message() })
            }
            Happening::Parcel { from, to, parcel } => {
                let (via, message) = self.transport.parcels.arrive(parcel);
                let via = match via {
                    Via::Request(ticket) if !self.boots.is_up(now, to) => {
                        self.transport.refuse(now, (from, to), ticket);
                        return Ok(());
                    }
                    _ if !self.boots.is_up(now, to) => return Ok(()),
                    Via::Request(ticket) => Via::Request(self.transport.requests.open(now, from, ticket, to)),
                    via => via,
                };
                let result = self.input(now, to, Input::Message { from, via, message: message.as_message() });
                self.transport.parcels.recycle(message);
                result
            }
            Happening::Undeliverable { from, to, ticket } => {
                self.input(now, from, Input::Undeliverable { to, about: swim_core::About::Request(ticket) })
            }
            Happening::Hosts { node, id } => {
                let hosts = std::mem::take(&mut self.hosts);
                let result = self.input(now, node, Input::Hosts { id, result: Ok(&hosts) });
                self.hosts = hosts;
                result
            }
            Happening::Boot(node) => {
                self.boots.left -= 1;
                let command = Command::Bootstrap(BootstrapOptions::default());
                self.input(now, node, Input::Command { id: BOOTSTRAP, command })
            }
        }
    }

    /// Gives a node one input and carries out what it causes.
    #[inline]
    fn input(&mut self, now: Instant, node: u32, input: Input<'_, u32>) -> Result<(), Box<Fault>> {
        let machine = &mut self.nodes[node as usize];
        self.effects.clear();
        machine.handle(now, input, &mut self.effects);
        self.hash.input(now, node, InputKind::of(&input));
        for effect in self.effects.iter() {
            match effect {
                Effect::Send { to, channel, message } => {
                    self.hash.send(to, channel, &message);
                    let size = self.wire.size(channel, &message).map_err(|error| Fault::new("I5 wire", node, error))?;
                    let message = if self.wire.is_codec() {
                        let passed = self.wire.through(channel, message, size);
                        passed.map_err(|error| Fault::new("I5 wire", node, error))?
                    } else {
                        message
                    };
                    let sent = self.transport.send(now, (node, to), channel, message, size);
                    sent.map_err(|error| Fault::new("replies", node, error))?;
                }
                Effect::Event(event) => {
                    self.accusations.see(now, node, &event, &self.transport.network.partition);
                }
                Effect::Discover(id) => {
                    self.hash.discover(id);
                    self.transport.queue.push(now + DISCOVERY, Happening::Hosts { node, id });
                }
                Effect::CommandDone { id, outcome } => {
                    self.hash.command_done(id, outcome);
                    if let Outcome::Failed(_) = outcome {
                        self.failed_commands.push((node, outcome));
                    }
                }
                Effect::Wake(at) => {
                    self.hash.wake(at);
                    let at = at.unwrap_or(Instant::NEVER).max(now);
                    if self.wakes.want(node, at) {
                        self.transport.queue.push(at, Happening::Wake(node));
                    }
                }
            }
        }
        if let Some(checkers) = &mut self.checkers {
            let machine = &self.nodes[node as usize];
            checkers.see(&Step { node, input: &input, effects: &self.effects, machine })?;
        }
        Ok(())
    }
}

/// When each node boots.
struct Boots {
    at: Vec<Instant>,
    left: u32,
}

impl Boots {
    fn new(setup: &Setup) -> Self {
        let mut random = Stream::Boot.random(setup.seed);
        let moment = |_| Instant::from_micros(random.below_u64(setup.boot_within.0));
        Self { at: (0..setup.nodes).map(moment).collect(), left: setup.nodes }
    }

    fn at(&self, node: u32) -> Instant {
        self.at[node as usize]
    }

    /// Once all are up nobody needs to look them up.
    #[inline]
    fn is_up(&self, now: Instant, node: u32) -> bool {
        self.left == 0 || self.at(node) < now
    }
}

/// The wall clock of every node.
fn wall(now: Instant) -> UnixMillis {
    UnixMillis(EPOCH_MS).after(now.since(Instant::ZERO))
}

/// When runs begin on the wall clock: 14 November 2023.
const EPOCH_MS: u64 = 1_700_000_000_000;
const BOOTSTRAP: CommandId = CommandId(1);
