//! What a choice does to a world, with every checker looking on.

use std::sync::Arc;

use swim_core::{
    About, Boot, BootstrapOptions, Channel, Command, CommandId, Config, Effect, Effects, Fingerprint, Input, Instant,
    Kind, Micros, Outcome, OwnedMessage, Ticket, UnixMillis, Via,
};

use super::choice::{Choice, Link};
use super::settings::{Faults, Settings, SettingsError, Start};
use super::settle::pending;
use super::world::{Flight, Stray, World};
use crate::checkers::{Check, Finding, Monitors, Rules, Step};
use crate::cluster::Setup;
use crate::network::Network;
use crate::processes::Processes;
use crate::seeds::{Stream, mix64};

/// Moves worlds; has nothing of its own that lasts longer than a step.
pub(super) struct Stage {
    config: Config,
    setup: Setup,
    seed: u64,
    late: Micros,
    outage: Micros,
    start: Start,
    rules: Rules,
    effects: Effects<u32>,
    /// What checkers of larger worlds look at; nothing is wrong with it.
    processes: Processes,
    network: Network,
    #[cfg(test)]
    mutants: crate::mutants::Mutants,
}

/// A request that is being answered.
#[derive(Clone, Copy)]
struct Exchange {
    asker: u32,
    life: u32,
    ticket: Ticket,
}

impl Stage {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let config = settings.config()?;
        let setup = Setup {
            options: settings.options.clone(),
            check: Check::Every(1),
            ..Setup::new(settings.nodes, settings.seed)
        };
        Ok(Self {
            rules: Rules::new(&setup, &config),
            seed: settings.seed,
            late: settings.late,
            outage: settings.outage,
            start: settings.start,
            effects: Effects::new(),
            processes: Processes::new(settings.nodes),
            network: Network::new(Stream::Network.random(0), setup.latency, setup.loss, setup.undeliverable),
            config,
            setup,
            #[cfg(test)]
            mutants: settings.mutants.clone(),
        })
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    /// The first world: everybody boots, one after another at one moment, and where it begins later runs on without faults.
    pub(super) fn first(&mut self, left: Faults) -> Result<World, Box<Finding>> {
        let mut world = World::new(self.setup.nodes, left, Monitors::new(&self.setup));
        for node in 0..self.setup.nodes {
            self.boot(&mut world, node)?;
        }
        if self.start == Start::Joined {
            self.join(&mut world)?;
        }
        Ok(world)
    }

    fn join(&mut self, world: &mut World) -> Result<(), Box<Finding>> {
        for _ in 0..JOIN_STEPS_MAX {
            let told = world.running().all(|(_, node)| !node.has_changes());
            if told && pending(world).is_none() {
                return Ok(());
            }
            let Some(choice) = world.plain_choice() else { break };
            self.step(world, choice)?;
        }
        Err(Finding::new("L1 convergence", 0, "the nodes do not join although nothing goes wrong"))
    }

    /// Makes a choice that the world offers.
    ///
    /// # Panics
    /// When the world does not offer it, or when a node panics.
    pub(super) fn step(&mut self, world: &mut World, choice: Choice) -> Result<(), Box<Finding>> {
        match choice {
            Choice::Tick(node) => {
                world.now = world.deadline(node);
                let again = &mut world.again[usize::from(node)];
                if *again <= world.now {
                    *again = Instant::NEVER;
                    self.bootstrap(world, node.into())
                } else {
                    self.input(world, node.into(), Input::Tick, None)
                }
            }
            Choice::Deliver(link) => {
                let flight = take(world, link);
                self.receive(world, link, &flight)
            }
            Choice::Lose(link) => {
                world.left.losses -= 1;
                take(world, link);
                Ok(())
            }
            Choice::Duplicate(link) => {
                world.left.duplications -= 1;
                let flight = take(world, link);
                world.strays.push(Stray { link, until: world.now + self.late, flight: flight.clone() });
                self.receive(world, link, &flight)
            }
            Choice::Detain(link) => {
                world.left.reorderings -= 1;
                let flight = take(world, link);
                world.strays.push(Stray { link, until: world.now + self.late, flight });
                Ok(())
            }
            Choice::Stray(place) => {
                let Stray { link, flight, .. } = world.strays.remove(place.into());
                self.receive(world, link, &flight)
            }
            Choice::Crash(node) => {
                world.left.crashes -= 1;
                world.nodes[usize::from(node)] = None;
                world.boot_by[usize::from(node)] = world.now + self.outage;
                world.again[usize::from(node)] = Instant::NEVER;
                Ok(())
            }
            Choice::Boot(node) => self.boot(world, node.into()),
            Choice::Cut(node) => {
                world.left.partitions -= 1;
                world.begin_cut(node, world.now + self.outage);
                Ok(())
            }
            Choice::Mend => {
                world.cut = None;
                Ok(())
            }
        }?;
        Monitors::see_all(world.running())
    }

    /// A process starts with nothing but the host list, which names all nodes.
    fn boot(&mut self, world: &mut World, node: u32) -> Result<(), Box<Finding>> {
        let place = node as usize;
        world.lives[place] += 1;
        let wall = wall(world.lives[place]);
        let boot = Boot { now: world.now, wall, seed: Stream::Life(node, world.lives[place]).seed(self.seed) };
        #[cfg(not(test))]
        let machine = swim_core::Node::new(self.config.clone(), node, boot);
        #[cfg(test)]
        let machine = self.mutants.node(&self.config, node, boot);
        world.nodes[place] = Some(Arc::new(machine));
        world.boot_by[place] = Instant::NEVER;
        Arc::make_mut(&mut world.monitors).reborn(node);
        self.bootstrap(world, node)
    }

    fn bootstrap(&mut self, world: &mut World, node: u32) -> Result<(), Box<Finding>> {
        let command = Command::Bootstrap(BootstrapOptions::default());
        self.input(world, node, Input::Command { id: CommandId(1), command }, None)
    }

    /// A message arrives. A request where nobody runs is refused at once, a datagram vanishes.
    fn receive(&mut self, world: &mut World, link: Link, flight: &Flight) -> Result<(), Box<Finding>> {
        let (from, to) = (u32::from(link.from), u32::from(link.to));
        let message = flight.message.as_message();
        let lives = |world: &World, node: u32| {
            world.nodes[node as usize].is_some() && world.lives[node as usize] == flight.life
        };
        if !world.is_up(link.to) {
            return match flight.via {
                Via::Request(ticket) if lives(world, from) => {
                    self.input(world, from, Input::Undeliverable { to, about: About::Request(ticket) }, None)
                }
                _ => Ok(()),
            };
        }
        match flight.via {
            Via::Datagram => self.input(world, to, Input::Message { from, via: Via::Datagram, message }, None),
            Via::Request(ticket) => {
                let exchange = Exchange { asker: from, life: flight.life, ticket };
                let via = Via::Request(HOSTS_TICKET);
                self.input(world, to, Input::Message { from, via, message }, Some(exchange))
            }
            Via::Response(_) if !lives(world, to) => Ok(()),
            Via::Response(_) => self.input(world, to, Input::Message { from, via: flight.via, message }, None),
        }
    }

    /// Gives a node one input, carries out what it causes, and checks it.
    ///
    /// Before it the node is told the wall clock, which stands still for as long as a process lives, and its random
    /// stream starts again, at a place that its state picks: so what it draws is a function of its state.
    fn input(
        &mut self,
        world: &mut World,
        node: u32,
        input: Input<'_, u32>,
        exchange: Option<Exchange>,
    ) -> Result<(), Box<Finding>> {
        let now = world.now;
        let mut print = Fingerprint::new(now, world.numbers());
        let Some(machine) = &mut world.nodes[node as usize] else { return Ok(()) };
        let machine = Arc::make_mut(machine);
        machine.trace(&mut print);
        machine.restart_random(mix64(Stream::Node(node).seed(self.seed) ^ print.get() as u64));
        self.effects.clear();
        machine.handle(now, Input::Wall(wall(world.lives[node as usize])), &mut self.effects);
        self.effects.clear();
        #[cfg(not(test))]
        machine.handle(now, input, &mut self.effects);
        #[cfg(test)]
        self.mutants.handle(machine, now, input, &mut self.effects);
        let discovered = self.carry_out(world, node, exchange, &input)?;
        let Self { effects, rules, processes, network, .. } = self;
        if let Some(machine) = &world.nodes[node as usize] {
            let step = Step { node, now, local: now, input: &input, effects, machine, processes, network };
            let monitors = Arc::make_mut(&mut world.monitors);
            monitors.see(&step, rules)?;
            monitors.see_whole(step.node, step.machine)?;
        }
        // A host answers at once.
        let hosts: Vec<u32> = (0..self.setup.nodes).collect();
        match discovered {
            Some(id) => self.input(world, node, Input::Hosts { id, result: Ok(&hosts) }, None),
            None => Ok(()),
        }
    }

    /// Does what the effects say; returns the discovery that is asked for.
    fn carry_out(
        &self,
        world: &mut World,
        node: u32,
        exchange: Option<Exchange>,
        input: &Input<'_, u32>,
    ) -> Result<Option<swim_core::DiscoverId>, Box<Finding>> {
        let mut open = exchange;
        let mut discovered = None;
        for effect in self.effects.iter() {
            match effect {
                Effect::Send { to, channel, message } => {
                    let life = world.lives[node as usize];
                    let (via, life) = match channel {
                        Channel::Datagram => (Via::Datagram, life),
                        Channel::Request(ticket) => (Via::Request(ticket), life),
                        Channel::Reply(HOSTS_TICKET) if open.is_some_and(|open| open.asker == to) => {
                            let exchange = open.take().expect("it was looked at");
                            (Via::Response(exchange.ticket), exchange.life)
                        }
                        Channel::Reply(_) => {
                            return Err(Finding::new(
                                "replies",
                                node,
                                format!("a reply to node {to} that waits for none"),
                            ));
                        }
                    };
                    let link = Link { from: node as u8, to: to as u8 };
                    world.send(link, Flight { via, life, message: OwnedMessage::new(message) });
                }
                Effect::Discover(id) => discovered = Some(id),
                Effect::CommandDone { outcome: Outcome::Failed(_), .. } => {
                    world.again[node as usize] = world.now + AGAIN
                }
                Effect::CommandDone { .. } | Effect::Event(_) | Effect::Wake(_) => {}
            }
        }
        // Where pings travel as datagrams there is no request whose answer takes time.
        let is_owed = !matches!(input, Input::Message { message, .. } if matches!(message.kind, Kind::PingReq { .. }));
        match open.filter(|_| is_owed) {
            Some(Exchange { asker, .. }) => {
                Err(Finding::new("replies", node, format!("no reply to the request of node {asker}")))
            }
            None => Ok(discovered),
        }
    }
}

fn take(world: &mut World, link: Link) -> Arc<Flight> {
    world.take(link).expect("the world offers only links on which something is under way")
}

/// The wall clock of a process in its first, second ... life.
fn wall(life: u32) -> UnixMillis {
    UnixMillis(EPOCH.0 + u64::from(life) * LIFE_MS)
}

const EPOCH: UnixMillis = UnixMillis(1_700_000_000_000);
/// So much later is the next life: more than a node reincarnates in one.
const LIFE_MS: u64 = 1_000;
/// The one request that is ever open has this number.
const HOSTS_TICKET: Ticket = Ticket(1);
/// More inputs than this without having joined are a storm that never ends.
const JOIN_STEPS_MAX: usize = 10_000;
/// After how long a host tries again what its node could not do.
const AGAIN: Micros = Micros::from_millis(1_000);
