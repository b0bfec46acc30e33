//! A few nodes, what is under way between them, and one clock. Whoever fuzzes says what happens next; every input and what
//! it causes goes through the simulator's checkers (I1 to I7, I9, R4, replies), and [`Node::check`] follows each. Of some,
//! what the node says of itself is compared.
//!
//! The simulator's [`Cluster`](crate::Cluster) is not used because there the network decides when something arrives. Here
//! what is under way lies in a row, to be taken in any order.

use std::collections::BTreeSet;

use swim_core::{
    About, Boot, BootstrapOptions, Channel, Command, CommandError, CommandId, Config, DiscoverFailed, DiscoverId,
    Effect, Effects, Input, Instant, Micros, Node, Options, Outcome, OwnedMessage, Random, Status, UnixMillis, Via,
};

use super::mirror;
use crate::checkers::{Check, Checkers, Finding, Property, Step, Violation, reply_finding};
use crate::cluster::Setup;
use crate::convergence::divided;
use crate::network::{Chance, Cut, CutId, Latency, Network, Sides, Undeliverable};
use crate::nodes::Nodes;
use crate::processes::Processes;
use crate::requests::Requests;
use crate::run_hash::{InputKind, RunHash};
use crate::scenario::convergence_bound;
use crate::transport::TransportError;

/// Nodes under a test's hand.
pub(super) struct World {
    config: Config,
    pub(super) nodes: Vec<Node<u32>>,
    /// In the order in which it was sent.
    pub(super) under_way: Vec<UnderWay>,
    requests: Requests,
    pub(super) now: Instant,
    /// By how much the time that nodes are told falls behind; to them it never runs backwards.
    pub(super) lag: Micros,
    /// The latest time that each node was told.
    told: Vec<Instant>,
    /// What each host wants of its node.
    wants: Vec<Wants>,
    effects: Effects<u32>,
    checkers: Checkers,
    processes: Processes,
    network: Network,
    /// How many addresses are spoken of, at least two.
    addresses: u32,
    commands: u64,
    /// Commands that have not ended.
    open: BTreeSet<(u32, CommandId)>,
    inputs: u64,
    hash: RunHash,
    /// Whether two nodes that are treated alike can be compared.
    has_twins: bool,
    /// Whether every input is printed, for whoever looks into a find.
    is_traced: bool,
    #[cfg(test)]
    mutants: crate::mutants::Mutants,
}

/// Something that has not arrived yet.
pub(super) struct UnderWay {
    /// When it arrives, if nobody hinders it.
    at: Instant,
    pub(super) to: u32,
    pub(super) what: What,
}

/// What can be under way.
pub(super) enum What {
    /// A message; a request has its asker's ticket.
    Message { from: u32, via: Via, message: OwnedMessage<u32> },
    /// That something did not arrive at that address.
    Undeliverable(u32, About),
    /// What the host's search for hosts comes to.
    Hosts(DiscoverId),
    /// The host looks whether its node is what it should be.
    Again,
}

/// What a host wants of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Member,
    Away,
}

impl World {
    /// `nodes` nodes of a cluster in which `addresses` addresses are spoken of. Nobody has joined.
    pub(super) fn new(nodes: u32, addresses: u32, options: &Options) -> Self {
        let config = Config::try_from(options.clone()).expect("the options of a target work");
        let setup = Setup { options: options.clone(), check: Check::Every(1), ..Setup::new(addresses, 1) };
        let mut processes = Processes::new(addresses);
        (0..addresses).for_each(|node| assert!(processes.boot(node), "it did not run"));
        let latency = Latency::uniform(LATENCY, LATENCY).expect("it is a short time");
        let mut world = Self {
            nodes: Vec::new(),
            under_way: Vec::new(),
            requests: Requests::new(),
            now: Instant::ZERO,
            lag: Micros::ZERO,
            told: vec![Instant::ZERO; nodes as usize],
            wants: vec![Wants::Member; nodes as usize],
            effects: Effects::new(),
            checkers: Checkers::new(&setup, &config),
            processes,
            network: Network::new(Random::new(1), latency, Chance::NEVER, Undeliverable::default()),
            addresses,
            commands: 0,
            open: BTreeSet::new(),
            inputs: 0,
            hash: RunHash::new(),
            has_twins: mirror::has_twins(options),
            is_traced: std::env::var_os("SWIM_FUZZ_TRACE").is_some(),
            #[cfg(test)]
            mutants: crate::mutants::Mutants::default(),
            config,
        };
        world.disturb();
        world.nodes = (0..nodes).map(|node| world.node(node)).collect();
        world
    }

    /// Breaks all nodes on purpose, or none.
    #[cfg(test)]
    pub(super) fn mutate(&mut self, mutant: Option<crate::mutants::Mutant>) {
        let Some(mutant) = mutant else { return };
        for node in 0..self.count() {
            self.mutants.add(node, mutant);
            self.nodes[node as usize] = self.node(node);
        }
    }

    fn node(&self, node: u32) -> Node<u32> {
        let boot = Boot { now: self.now, wall: EPOCH, seed: u64::from(node) };
        #[cfg(not(test))]
        return Node::new(self.config.clone(), node, boot);
        #[cfg(test)]
        self.mutants.node(&self.config, node, boot)
    }

    /// How many nodes there are.
    pub(super) fn count(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// The hash of everything that happened.
    pub(super) fn hash(&self) -> u64 {
        self.hash.get()
    }

    /// A finding is a violation once it is known when it happened.
    pub(super) fn violation(&self, finding: Finding) -> Box<Violation> {
        Box::new(Violation { event: self.inputs, at: self.now, finding })
    }

    /// Every host tells its node to do what is still lacking of what it wants.
    pub(super) fn hosts_act(&mut self) -> Result<(), Box<Finding>> {
        (0..self.count()).try_for_each(|node| self.host_acts(node))
    }

    /// What a host wants of its node changes.
    pub(super) fn want(&mut self, node: u32, wants: Wants) -> Result<(), Box<Finding>> {
        self.wants[node as usize] = wants;
        self.host_acts(node)
    }

    fn host_acts(&mut self, node: u32) -> Result<(), Box<Finding>> {
        let machine = &self.nodes[node as usize];
        let away = machine.member(node).is_some_and(|own| own.status != Status::Alive);
        let command = match self.wants[node as usize] {
            Wants::Member if away => Command::Rejoin,
            Wants::Member if !machine.is_ready() => Command::Bootstrap(BootstrapOptions::default()),
            Wants::Away if !away => Command::Leave,
            _ => return Ok(()),
        };
        self.command(node, command)
    }

    /// A host gives its node a command, which must end once.
    pub(super) fn command(&mut self, node: u32, command: Command<'_, u32>) -> Result<(), Box<Finding>> {
        self.commands += 1;
        let id = CommandId(self.commands);
        self.open.insert((node, id));
        self.input(node, Input::Command { id, command })
    }

    /// A command to `node` that has not ended.
    pub(super) fn open_command(&self, node: u32) -> Option<CommandId> {
        self.open.range((node, CommandId(0))..=(node, CommandId(u64::MAX))).next().map(|(_, id)| *id)
    }

    /// What is under way at `place` arrives.
    pub(super) fn arrive(&mut self, place: usize) -> Result<(), Box<Finding>> {
        let UnderWay { to, what, .. } = self.under_way.remove(place);
        if to >= self.count() {
            return Ok(());
        }
        match what {
            What::Message { from, via, message } => self.receive(to, from, via, &message),
            What::Undeliverable(to_whom, about) => self.input(to, Input::Undeliverable { to: to_whom, about }),
            What::Hosts(id) => {
                let hosts: Vec<u32> = (0..self.count()).collect();
                self.input(to, Input::Hosts { id, result: Ok(&hosts) })
            }
            What::Again => self.host_acts(to),
        }
    }

    /// A message arrives; what a request is answered with finds its way back.
    pub(super) fn receive(
        &mut self,
        to: u32,
        from: u32,
        via: Via,
        message: &OwnedMessage<u32>,
    ) -> Result<(), Box<Finding>> {
        let via = match via {
            Via::Request(ticket) => Via::Request(self.requests.open(self.now, (from, 1), ticket, to)),
            via => via,
        };
        self.input(to, Input::Message { from, via, message: message.as_message() })
    }

    /// Nothing is under way without end: what is oldest of the messages beyond `most` is lost.
    pub(super) fn trim(&mut self, most: usize) {
        let is_message = |item: &UnderWay| matches!(item.what, What::Message { .. } | What::Undeliverable(..));
        while self.under_way.len() > most {
            let Some(place) = self.under_way.iter().position(is_message) else { return };
            self.under_way.remove(place);
        }
    }

    /// What is under way at `place` does not arrive. A search for hosts fails; that a host looks again nobody can hinder.
    pub(super) fn lose(&mut self, place: usize) -> Result<(), Box<Finding>> {
        match self.under_way[place].what {
            What::Message { .. } | What::Undeliverable(..) => {
                self.under_way.remove(place);
                Ok(())
            }
            What::Hosts(id) => {
                let to = self.under_way.remove(place).to;
                self.input(to, Input::Hosts { id, result: Err(DiscoverFailed) })
            }
            What::Again => Ok(()),
        }
    }

    /// What is under way at `place` does not arrive, and its sender learns of it where it can.
    pub(super) fn refuse(&mut self, place: usize) -> Result<(), Box<Finding>> {
        let to = self.under_way[place].to;
        let What::Message { from, via, .. } = self.under_way[place].what else { return self.lose(place) };
        self.under_way.remove(place);
        let about = match via {
            Via::Datagram => About::Datagram,
            Via::Request(ticket) => About::Request(ticket),
            Via::Response(_) => return Ok(()),
        };
        self.put(from, What::Undeliverable(to, about));
        Ok(())
    }

    /// What is under way at `place` arrives, and arrives again later where it is a datagram; streams repeat nothing.
    pub(super) fn repeat(&mut self, place: usize) -> Result<(), Box<Finding>> {
        if let UnderWay { to, what: What::Message { from, via: Via::Datagram, message }, .. } = &self.under_way[place] {
            let what = What::Message { from: *from, via: Via::Datagram, message: message.clone() };
            let to = *to;
            self.put(to, what);
        }
        self.arrive(place)
    }

    /// Something will arrive after the usual time.
    pub(super) fn put(&mut self, to: u32, what: What) {
        self.under_way.push(UnderWay { at: self.now + LATENCY, to, what });
    }

    /// Time passes. Deadlines that lie within are missed.
    pub(super) fn pass(&mut self, time: Micros) {
        self.now = self.now + time;
    }

    /// The node's timer fires, once it is due.
    pub(super) fn tick(&mut self, node: u32) -> Result<(), Box<Finding>> {
        let due = self.nodes[node as usize].next_deadline().unwrap_or(self.now);
        self.now = self.now.max(due);
        self.input(node, Input::Tick)
    }

    /// Everything arrives in time and every timer fires when it is due, for so long.
    pub(super) fn run_for(&mut self, time: Micros) -> Result<(), Box<Finding>> {
        let limit = self.now + time;
        loop {
            let first = (0..self.under_way.len()).min_by_key(|place| (self.under_way[*place].at, *place));
            let arrives = first.map_or(Instant::NEVER, |place| self.under_way[place].at);
            let deadline = |node: &u32| self.nodes[*node as usize].next_deadline().unwrap_or(Instant::NEVER);
            let node = (0..self.count()).min_by_key(deadline).expect("there are nodes");
            let due = deadline(&node);
            if arrives.min(due) > limit {
                self.now = limit;
                return Ok(());
            }
            self.now = self.now.max(arrives.min(due));
            match first {
                Some(place) if arrives <= due => self.arrive(place)?,
                _ => self.input(node, Input::Tick)?,
            }
        }
    }

    /// Faults have stopped: all must become members of one cluster in the time that the settings allow (L1, L3), and what
    /// has come to rest by then must stay there.
    pub(super) fn converge(&mut self) -> Result<(), Box<Finding>> {
        self.network.mend(DISTURBANCE);
        self.wants.fill(Wants::Member);
        (0..self.count()).for_each(|node| self.requests.postpone(node, self.now));
        self.hosts_act()?;
        let all = Nodes::all(self.count());
        let due = self.now + convergence_bound(&self.config, self.count());
        loop {
            while let Some(reason) = divided(&self.nodes, &all) {
                if self.now >= due {
                    return Err(Finding::new(Property::Convergence.name(), 0, reason));
                }
                self.run_for(LOOK)?;
                self.check_all()?;
            }
            self.run_for(REST)?;
            self.check_all()?;
            match divided(&self.nodes, &all) {
                // A round that lost its messages before all worked again accuses when it ends, a stretched one late.
                Some(_) if self.now < due => {}
                Some(reason) => {
                    return Err(Finding::new(Property::Convergence.name(), 0, format!("it did not last: {reason}")));
                }
                None => return Ok(()),
            }
        }
    }

    /// From now on things go wrong again. Nothing is sent over this network: a cut tells the checkers that nobody rests.
    pub(super) fn disturb(&mut self) {
        self.network.cut(DISTURBANCE, Cut::between_all(Sides::halves(self.addresses).expect("there are two at least")));
    }

    pub(super) fn check_all(&mut self) -> Result<(), Box<Finding>> {
        self.checkers.check_all(self.now, &self.nodes, &self.processes, &self.requests)
    }

    /// Every request that reached the node has its reply, however long ago it may reply.
    pub(super) fn check_replies(&self, node: u32) -> Result<(), Box<Finding>> {
        match self.requests.overdue(self.now, |answerer| answerer == node) {
            Some(exchange) => {
                Err(Finding::new("replies", node, format!("no reply to the request of node {}", exchange.asker)))
            }
            None => Ok(()),
        }
    }

    /// Gives a node one input, carries out what it causes, and looks at both.
    pub(super) fn input(&mut self, node: u32, input: Input<'_, u32>) -> Result<(), Box<Finding>> {
        if self.is_traced {
            eprintln!("{} {} node {node}: {input:?}", self.inputs, self.now);
        }
        let machine = &mut self.nodes[node as usize];
        self.effects.clear();
        let told = Instant::from_micros(self.now.as_micros().saturating_sub(self.lag.0));
        let local = told.max(self.told[node as usize]);
        self.told[node as usize] = local;
        if self.has_twins && self.inputs.is_multiple_of(TWINS_EVERY) {
            mirror::twins(node, machine, told, input)?;
        }
        #[cfg(not(test))]
        machine.handle(told, input, &mut self.effects);
        #[cfg(test)]
        self.mutants.handle(machine, told, input, &mut self.effects);
        self.inputs += 1;
        self.hash.input(self.now, node, InputKind::of(&input));
        let effects = std::mem::take(&mut self.effects);
        let carried_out = effects.iter().try_for_each(|effect| self.carry_out(node, effect));
        self.effects = effects;
        carried_out?;
        let Self { processes, network, effects, now, .. } = self;
        let machine = &self.nodes[node as usize];
        if self.inputs.is_multiple_of(LOOK_EVERY) {
            mirror::look(node, machine, local)?;
        }
        let step = Step { node, now: *now, local, input: &input, effects, machine, processes, network };
        self.checkers.see(&step)
    }

    fn carry_out(&mut self, node: u32, effect: Effect<'_, u32>) -> Result<(), Box<Finding>> {
        if self.is_traced {
            eprintln!("    {effect:?}");
        }
        match effect {
            Effect::Send { to, channel, message } => {
                self.hash.send(to, channel, &message);
                let via = match channel {
                    Channel::Datagram => Via::Datagram,
                    Channel::Request(ticket) => Via::Request(ticket),
                    Channel::Reply(ticket) => {
                        let error = |error: TransportError| reply_finding(node, Box::new(error));
                        let closed = self.requests.close(node, ticket);
                        let exchange = closed.ok_or_else(|| error(TransportError::Unasked { to }))?;
                        if exchange.asker != to {
                            return Err(error(TransportError::WrongAsker { to, asker: exchange.asker }));
                        }
                        Via::Response(exchange.ticket)
                    }
                };
                self.put(to, What::Message { from: node, via, message: OwnedMessage::new(message) });
            }
            Effect::Event(event) => mirror::keep(node, event)?,
            Effect::Discover(id) => {
                self.hash.discover(id);
                self.put(node, What::Hosts(id));
            }
            Effect::CommandDone { id, outcome } => {
                self.hash.command_done(id, outcome);
                // What a mutant does by itself has no number of ours.
                if id.0 <= self.commands && !self.open.remove(&(node, id)) {
                    return Err(Finding::new("commands", node, format!("command {} ends twice", id.0)));
                }
                let again = [CommandError::JoinFailed, CommandError::Busy, CommandError::NotReady];
                let looks = |item: &UnderWay| item.to == node && matches!(item.what, What::Again);
                let is_failed = matches!(outcome, Outcome::Failed(error) if again.contains(&error));
                if is_failed && !self.under_way.iter().any(looks) {
                    let at = self.now + AGAIN;
                    self.under_way.push(UnderWay { at, to: node, what: What::Again });
                }
            }
            Effect::Wake(at) => self.hash.wake(at),
        }
        Ok(())
    }
}

/// When runs begin on the wall clock: 14 November 2023.
pub(super) const EPOCH: UnixMillis = UnixMillis(1_700_000_000_000);
/// What goes wrong until the nodes must converge.
const DISTURBANCE: CutId = CutId(0);
/// How long everything takes that nobody hinders.
const LATENCY: Micros = Micros::from_millis(1);
/// After how long a host tries again what its node could not do.
const AGAIN: Micros = Micros::from_millis(1_000);
/// Of so many inputs one is given to two copies of its node, too.
const TWINS_EVERY: u64 = 32;
/// After so many inputs the node is asked everything.
const LOOK_EVERY: u64 = 8;
/// How often it is asked whether the nodes have converged.
const LOOK: Micros = Micros::from_millis(200);
/// How long a converged cluster is watched.
const REST: Micros = Micros::from_millis(15_000);
