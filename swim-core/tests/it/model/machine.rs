//! A cluster of nodes with their references, a clock that is moved by hand, and the letters in flight: what carries the
//! steps of a story out. It is the stories' `World` turned inside out: there letters and ticks come in the order of
//! time, here a step may take any letter, and each input goes to two.

use std::collections::BTreeMap;
use std::ops::Add;

use swim_core::{
    About, Boot, BootstrapOptions, Channel, Command, CommandId, Counters, DiscoverFailed, DiscoverId, Input, Instant,
    Micros, Options, OwnLabels, OwnedMessage, StartGossip, Ticket, UnixMillis, Via,
};

use super::forgery::{forgery, labels};
use super::setup::{Setup, Start, Traffic, rules};
use super::transition::{Clock, Forged, Hosts, Order, Span, Transition, Way};
use super::twin::{Difference, Twin, Wish};
use crate::world::{Letter, WALL};

/// What a machine has done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) transitions: u64,
    /// Inputs of nodes; after each of them two lists were compared.
    pub(super) inputs: u64,
}

impl Add for Counts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { transitions: self.transitions + other.transitions, inputs: self.inputs + other.inputs }
    }
}

pub(super) struct Machine {
    pub(super) counts: Counts,
    setup: Setup,
    options: Options,
    now: Instant,
    twins: BTreeMap<u32, Twin>,
    flight: Vec<Letter>,
    /// On which side of a cut a node is, a bit each.
    sides: u8,
    hosts: Hosts,
    /// Who asked with which ticket of its own, by the ticket that the receiver was given.
    exchanges: BTreeMap<Ticket, (u32, Ticket)>,
    next_number: u64,
}

/// So many letters are in flight at most; older ones are lost.
const FLIGHT_MAX: usize = 64;
/// So many inputs one step may cause; then time stops for it.
const RUN_MAX: u64 = 400;
/// How long a letter takes where nothing else is done with it.
const LATENCY: Micros = Micros(1_000);

impl Machine {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            counts: Counts::default(),
            options: setup.options(),
            setup: setup.clone(),
            now: Instant::from_millis(1_000),
            twins: BTreeMap::new(),
            flight: Vec::new(),
            sides: 0,
            hosts: Hosts::All,
            exchanges: BTreeMap::new(),
            next_number: 0,
        }
    }

    /// Starts what the setup says.
    pub(super) fn start(&mut self) -> Result<(), Difference> {
        if self.setup.start == Start::Cold {
            return Ok(());
        }
        let all = 1..=self.setup.nodes;
        for at in all.clone() {
            self.apply(&Transition::Boot { at, clock: Clock::Right })?;
        }
        for at in all {
            self.apply(&Transition::Bootstrap { at, hosts: Hosts::All })?;
        }
        self.apply(&Transition::Run { span: Span::Millis(50) })
    }

    /// What the nodes that run have counted.
    pub(super) fn counters(&self) -> impl Iterator<Item = &Counters> {
        self.twins.values().map(|twin| twin.node.counters())
    }

    /// Takes one step; then all lists must be as the references say.
    pub(super) fn apply(&mut self, transition: &Transition) -> Result<(), Difference> {
        self.counts.transitions += 1;
        self.step(transition).map_err(|Difference(what)| Difference(format!("after {transition:?}: {what}")))?;
        let now = self.now.as_micros();
        self.twins.values().try_for_each(|twin| twin.compare(now))
    }

    fn step(&mut self, transition: &Transition) -> Result<(), Difference> {
        match *transition {
            Transition::Boot { at, clock } => self.boot(self.node(at), clock),
            Transition::Bootstrap { at, hosts } => {
                self.hosts = hosts;
                let gossip = match self.setup.traffic {
                    Traffic::Live => StartGossip::WhenReady,
                    Traffic::Quiet => StartGossip::OnCommand,
                };
                self.command(at, Command::Bootstrap(BootstrapOptions { gossip }))
            }
            Transition::Crash { at } => {
                let at = self.node(at);
                self.twins.remove(&at);
                self.flight.retain(|letter| letter.to != at);
                Ok(())
            }
            Transition::Order { at, order } => self.order(at, order),
            Transition::Wall { at, clock } => self.handle(self.node(at), Input::Wall(self.wall(clock))),
            Transition::Deliver { letter } => match self.take(letter) {
                Some(letter) => self.deliver(letter),
                None => Ok(()),
            },
            Transition::Duplicate { letter } => match self.take(letter) {
                Some(letter) => {
                    self.flight.push(letter.clone());
                    self.deliver(letter)
                }
                None => Ok(()),
            },
            Transition::Drop { letter } => {
                self.take(letter);
                Ok(())
            }
            Transition::Refuse { letter } => match self.take(letter) {
                Some(letter) => self.refuse(&letter),
                None => Ok(()),
            },
            Transition::DeliverAll => {
                std::mem::take(&mut self.flight).into_iter().try_for_each(|letter| self.deliver(letter))
            }
            Transition::Forge { from, to, way, ref claims } => self.forge(from, self.node(to), way, claims),
            Transition::Cut { sides } => {
                self.sides = sides;
                Ok(())
            }
            Transition::Mend => {
                self.sides = 0;
                Ok(())
            }
            Transition::Tick { at } => self.handle(self.node(at), Input::Tick),
            Transition::Run { span } => self.run(self.now + self.span(span)),
            Transition::AlmostExpire => match self.next_expiry() {
                Some(expiry) => {
                    self.run(Instant::from_micros(expiry - 1))?;
                    self.tick_all()
                }
                None => Ok(()),
            },
            Transition::Expire => match self.next_expiry() {
                Some(expiry) => self.run(Instant::from_micros(expiry)),
                None => Ok(()),
            },
            Transition::Sleep { span } => {
                self.now = self.now + self.span(span);
                self.tick_all()
            }
        }
    }

    /// The node that a number means.
    fn node(&self, number: u32) -> u32 {
        (number - 1) % self.setup.nodes + 1
    }

    fn boot(&mut self, at: u32, clock: Clock) -> Result<(), Difference> {
        self.flight.retain(|letter| letter.to != at);
        self.next_number += 1;
        let boot = Boot { now: self.now, wall: self.wall(clock), seed: self.next_number };
        self.twins.insert(at, Twin::boot(&self.options, at, boot));
        Ok(())
    }

    fn wall(&self, clock: Clock) -> UnixMillis {
        let right = WALL.after(self.now.since(Instant::ZERO)).0;
        UnixMillis(match clock {
            Clock::Right => right,
            Clock::Behind => right - 600_000,
            Clock::Ahead => right + 5_000,
            Clock::FarAhead => right + 30 * 86_400_000,
        })
    }

    fn order(&mut self, at: u32, order: Order) -> Result<(), Difference> {
        let labels = match order {
            Order::Labels(number) => labels(number),
            _ => OwnLabels::default(),
        };
        let command = match order {
            Order::Leave => Command::Leave,
            Order::Rejoin => Command::Rejoin,
            Order::SelfEvict => Command::SelfEvict,
            Order::Labels(_) => Command::SetLabels(&labels),
            Order::Reap => Command::Reap,
            Order::Heal { target } => Command::AttemptHeal { target },
            Order::Search => Command::HealViaDiscovery,
            Order::Round => Command::GossipTick,
            Order::Start => Command::GossipStart,
            Order::Stop => Command::GossipStop,
            Order::Destroy => Command::Destroy,
        };
        self.command(at, command)
    }

    fn command(&mut self, at: u32, command: Command<'_, u32>) -> Result<(), Difference> {
        self.next_number += 1;
        self.handle(self.node(at), Input::Command { id: CommandId(self.next_number), command })
    }

    fn forge(&mut self, from: u32, to: u32, way: Way, claims: &[Forged]) -> Result<(), Difference> {
        let Some(twin) = self.twins.get(&to) else { return Ok(()) };
        self.next_number += 1;
        let (via, message) = forgery(&self.options, self.now, twin, (way, self.next_number), claims);
        self.handle(to, Input::Message { from, via, message: message.as_message() })
    }

    fn span(&self, span: Span) -> Micros {
        let rules = rules(&self.options);
        Micros(match span {
            Span::Micro => 1,
            Span::Millis(millis) => millis * 1_000,
            Span::HalfPeriod => rules.period / 2,
            Span::Periods(count) => rules.period * count,
            Span::Suspicion => rules.shortest,
            Span::Faulty => rules.faulty,
            Span::Tombstone => rules.tombstone,
            Span::Day => 86_400_000_000,
        })
    }
}

/// Letters and time.
impl Machine {
    /// Time passes until then: letters arrive, then nodes tick in the order of their addresses.
    fn run(&mut self, until: Instant) -> Result<(), Difference> {
        let most = self.counts.inputs + RUN_MAX;
        while self.counts.inputs < most {
            let letter = self.flight.iter().enumerate().map(|(place, letter)| (letter.arrives, place)).min();
            let tick = self.twins.iter().filter_map(|(at, twin)| Some((twin.node.next_deadline()?, *at))).min();
            match (letter, tick) {
                (Some((arrives, place)), tick) if arrives <= until && tick.is_none_or(|(at, _)| arrives <= at) => {
                    self.now = self.now.max(arrives);
                    let letter = self.flight.remove(place);
                    self.deliver(letter)?;
                }
                (_, Some((deadline, at))) if deadline <= until => {
                    self.now = self.now.max(deadline);
                    self.handle(at, Input::Tick)?;
                }
                _ => {
                    self.now = self.now.max(until);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// When something is going to expire, or an eviction to be forgotten.
    fn next_expiry(&self) -> Option<u64> {
        let now = self.now.as_micros();
        let references =
            self.twins.values().filter(|twin| twin.node.next_deadline().is_some()).map(|twin| &twin.reference);
        let moments = references.flat_map(|reference| {
            let forgotten = reference.evictions.iter().map(|(.., until)| *until).filter(|until| *until > now);
            reference.next_expiry().into_iter().chain(forgotten)
        });
        moments.min()
    }

    fn tick_all(&mut self) -> Result<(), Difference> {
        (1..=self.setup.nodes).try_for_each(|at| self.handle(at, Input::Tick))
    }

    /// The letter that a number means.
    fn take(&mut self, number: u8) -> Option<Letter> {
        let place = usize::from(number).checked_rem(self.flight.len())?;
        Some(self.flight.remove(place))
    }

    fn deliver(&mut self, letter: Letter) -> Result<(), Difference> {
        let via = match letter.channel {
            Channel::Datagram => Via::Datagram,
            Channel::Request(ticket) => {
                self.next_number += 1;
                self.exchanges.insert(Ticket(self.next_number), (letter.from, ticket));
                Via::Request(Ticket(self.next_number))
            }
            Channel::Reply(incoming) => match self.exchanges.get(&incoming) {
                Some((_, ticket)) => Via::Response(*ticket),
                None => return Ok(()),
            },
        };
        self.handle(letter.to, Input::Message { from: letter.from, via, message: letter.message.as_message() })
    }

    fn refuse(&mut self, letter: &Letter) -> Result<(), Difference> {
        let about = match letter.channel {
            Channel::Datagram => About::Datagram,
            Channel::Request(ticket) => About::Request(ticket),
            Channel::Reply(_) => return Ok(()),
        };
        self.handle(letter.from, Input::Undeliverable { to: letter.to, about })
    }

    /// Gives a node an input, and does what it wishes.
    fn handle(&mut self, at: u32, input: Input<'_, u32>) -> Result<(), Difference> {
        let Some(twin) = self.twins.get_mut(&at) else { return Ok(()) };
        self.counts.inputs += 1;
        let wishes = twin.handle(self.now, input)?;
        for wish in wishes {
            match wish {
                Wish::Send { to, channel, message } => self.post(at, to, channel, message),
                Wish::Hosts(id) => self.discover(at, id)?,
            }
        }
        Ok(())
    }

    fn discover(&mut self, at: u32, id: DiscoverId) -> Result<(), Difference> {
        let all: Vec<u32> = (1..=self.setup.nodes).collect();
        let result = match self.hosts {
            Hosts::All => Ok(all.as_slice()),
            Hosts::OneselfOnly => Ok(&all[at as usize - 1..at as usize]),
            Hosts::Unknown => Err(DiscoverFailed),
        };
        self.handle(at, Input::Hosts { id, result })
    }

    fn post(&mut self, from: u32, to: u32, channel: Channel, message: OwnedMessage<u32>) {
        let side = |address: u32| self.sides >> (address % 8) & 1;
        if side(from) != side(to) || !self.twins.contains_key(&to) {
            return;
        }
        if self.flight.len() == FLIGHT_MAX {
            self.flight.remove(0);
        }
        self.flight.push(Letter { sent: self.now, arrives: self.now + LATENCY, from, to, channel, message });
    }
}
