//! One node, two honest peers, and whatever a network and hostile peers can do to it: messages that are real, replayed,
//! mutated and forged, under eight addresses; ticks on its deadlines, a microsecond before and after, and days late; all
//! commands; a wall clock that jumps.
//!
//! ```text
//!   2 bytes: preset, how many members may be listed
//!   then steps of a byte and what belongs to it:   real message | replay | mutate | forge | answer | tick | time | host
//! ```
//! These hold for a node whatever its peers do, and are checked after every input: I1, I2, I3, I5, I6, I7, I9, that pings
//! and ping-reqs are answered (R4), that every request gets one reply, that a command ends once, and
//! [`Node::check`](swim_core::Node::check). I2 counts what was received, from whomever. Not held against the node are rest
//! and liveness, which lies can keep away for ever. Its host is honest: a response comes once, on the stream of its request,
//! from whom it was sent to, and every search for hosts ends.

use std::collections::VecDeque;

use swim_core::{
    About, BootstrapOptions, Command, DiscoverId, ExchangeMode, Input, Instant, Micros, Options, OwnLabels,
    OwnedMessage, StartGossip, Ticket, UnixMillis, Via,
};

use super::bytes::Choices;
use super::forge::{self, ADDRESSES};
use super::world::{EPOCH, What, World};
use crate::checkers::{Finding, Violation};

/// Plays the run that `bytes` choose.
///
/// # Panics
/// At the first thing that must not happen.
pub fn node_inputs(bytes: &[u8]) {
    play(bytes, &|_| {}).unwrap_or_else(|violation| panic!("{violation}"));
}

/// As [`node_inputs`], with a world that is prepared before; returns the hash of the run.
pub(super) fn play(bytes: &[u8], prepare: &dyn Fn(&mut World)) -> Result<u64, Box<Violation>> {
    let mut choices = Choices::new(bytes);
    let mut options = choices.of(&[Options::lan(), Options::ringpop(), Options::local(), Options::wan()]);
    (options.members_max, options.evicted_max) = choices.of(&[(64, 64), (5, 2), (4, 0), (1, 1)]);
    let mut world = World::new(PEERS, ADDRESSES, &options);
    prepare(&mut world);
    let mut run =
        Run { world, members_max: options.members_max as usize, exchange: options.exchange, past: VecDeque::new() };
    let played = run.play(&mut choices);
    played.map(|()| run.world.hash()).map_err(|finding| run.world.violation(*finding))
}

struct Run {
    world: World,
    members_max: usize,
    exchange: ExchangeMode,
    /// What arrived at the node last, and from whom.
    past: VecDeque<(u32, OwnedMessage<u32>)>,
}

impl Run {
    fn play(&mut self, choices: &mut Choices<'_>) -> Result<(), Box<Finding>> {
        // The peers have joined, or at least tried to.
        for peer in 1..PEERS {
            self.world.command(peer, Command::Bootstrap(BootstrapOptions::default()))?;
        }
        self.world.run_for(Micros::from_millis(500))?;
        for _ in 0..STEPS_MAX {
            if choices.is_over() {
                break;
            }
            self.step(choices)?;
        }
        self.end()
    }

    fn step(&mut self, choices: &mut Choices<'_>) -> Result<(), Box<Finding>> {
        self.world.trim(UNDER_WAY_MAX);
        let byte = choices.byte();
        let number = usize::from(byte);
        let count = self.world.under_way.len();
        match byte {
            0..96 if count == 0 => Ok(()),
            0..48 => self.arrive(number % count),
            48..64 => self.world.repeat(number % count),
            64..80 => self.world.lose(number % count),
            80..96 => self.world.refuse(number % count),
            96..136 if self.past.is_empty() => Ok(()),
            96..112 => {
                let (from, message) = self.past[number % self.past.len()].clone();
                self.deliver(from, choices.of(&[Way::Datagram, Way::Request]), &message)
            }
            112..136 => {
                let (from, message) = self.past[number % self.past.len()].clone();
                let (from, message) = forge::mutated(choices, &self.world.nodes[0], from, &message);
                self.deliver(from, choices.of(&[Way::Datagram, Way::Request]), &message)
            }
            136..168 => {
                let from = forge::address(choices);
                let way = choices.of(&[Way::Datagram, Way::Request]);
                let message = forge::message(choices, &self.world.nodes[0]);
                self.deliver(from, way, &message)
            }
            168..192 => self.answer(choices, number),
            192..224 => self.tick(byte),
            224..232 => {
                self.world.pass(TIMES[number % TIMES.len()]);
                Ok(())
            }
            _ => self.host(choices, byte),
        }
    }

    /// A message arrives as it was sent, at whomever it was sent to.
    fn arrive(&mut self, place: usize) -> Result<(), Box<Finding>> {
        let arriving = &self.world.under_way[place];
        if let (0, What::Message { from, message, .. }) = (arriving.to, &arriving.what) {
            let (from, message) = (*from, message.clone());
            self.remember(from, message);
        }
        self.world.arrive(place)
    }

    fn deliver(&mut self, from: u32, way: Way, message: &OwnedMessage<u32>) -> Result<(), Box<Finding>> {
        if !self.is_read(message) {
            return Ok(());
        }
        self.remember(from, message.clone());
        let via = match (way, self.exchange) {
            (Way::Datagram, ExchangeMode::Datagrams) => Via::Datagram,
            // The hosts of nodes that exchange nothing else have no socket for datagrams.
            (Way::Request, _) | (_, ExchangeMode::Requests) => Via::Request(Ticket(0)),
        };
        self.world.receive(0, from, via, message)
    }

    /// Whether the host's decoder accepts a message of that length, on a stream at least.
    fn is_read(&self, message: &OwnedMessage<u32>) -> bool {
        message.as_message().changes.len() <= self.members_max
    }

    fn remember(&mut self, from: u32, message: OwnedMessage<u32>) {
        self.past.truncate(PAST_MAX - 1);
        self.past.push_front((from, message));
    }

    /// Whoever the node last spoke to answers something that fits, in place of what it would have said.
    fn answer(&mut self, choices: &mut Choices<'_>, number: usize) -> Result<(), Box<Finding>> {
        let sent = |item: &What| matches!(item, What::Message { from: 0, .. });
        let places: Vec<_> =
            (0..self.world.under_way.len()).filter(|place| sent(&self.world.under_way[*place].what)).collect();
        if places.is_empty() {
            return Ok(());
        }
        let asked = self.world.under_way.remove(places[number % places.len()]);
        let What::Message { via, message, .. } = asked.what else { return Ok(()) };
        let kind = forge::answer(choices, message.as_message().kind);
        let forged = forge::message_of(choices, &self.world.nodes[0], kind);
        let via = match via {
            Via::Request(ticket) => Via::Response(ticket),
            _ => Via::Datagram,
        };
        if !self.is_read(&forged) {
            return Ok(());
        }
        self.remember(asked.to, forged.clone());
        self.world.receive(0, asked.to, via, &forged)
    }

    /// A timer of the node fires, on time or nearly; or one of a peer.
    fn tick(&mut self, byte: u8) -> Result<(), Box<Finding>> {
        let due = self.world.nodes[0].next_deadline().unwrap_or(self.world.now);
        let shifted = |micros: u64| self.world.now.max(Instant::from_micros(micros));
        match byte {
            192..204 => self.world.tick(0),
            204..208 => {
                self.world.now = shifted(due.as_micros().saturating_sub(1));
                self.world.input(0, Input::Tick)
            }
            208..212 => {
                self.world.now = shifted(due.as_micros() + 1);
                self.world.input(0, Input::Tick)
            }
            212..214 => self.world.input(0, Input::Tick),
            214..218 => {
                self.world.now = self.world.now.max(due) + TIMES[usize::from(byte) % TIMES.len()];
                self.world.input(0, Input::Tick)
            }
            _ => self.world.tick(1 + u32::from(byte) % (PEERS - 1)),
        }
    }

    /// What the host of the node does.
    fn host(&mut self, choices: &mut Choices<'_>, byte: u8) -> Result<(), Box<Finding>> {
        let command = match byte {
            232..236 => Command::Bootstrap(BootstrapOptions::default()),
            236 => Command::Bootstrap(BootstrapOptions { gossip: StartGossip::OnCommand }),
            237 | 238 => Command::Leave,
            239 | 240 => Command::Rejoin,
            241 => Command::SelfEvict,
            242 => {
                let labels = OwnLabels::new([("key", "v".repeat(choices.below(129)))]).expect("within the limits");
                return self.world.command(0, Command::SetLabels(&labels));
            }
            243 => Command::HealViaDiscovery,
            244 | 245 => Command::AttemptHeal { target: forge::address(choices) },
            246 => Command::Reap,
            247 => Command::GossipStart,
            248 => Command::GossipStop,
            249 | 250 => Command::GossipTick,
            251 => {
                let shift = choices.of(&[0, 1, 60_000, 7 * DAY_MS, 14 * DAY_MS + 1, 40_000 * DAY_MS, 1 << 60]);
                let wall = EPOCH.after(self.world.now.since(Instant::ZERO));
                let wall =
                    if choices.below(2) == 0 { wall.0.saturating_add(shift) } else { wall.0.saturating_sub(shift) };
                return self.world.input(0, Input::Wall(UnixMillis(wall)));
            }
            252 => {
                let to = forge::address(choices);
                return self.world.input(0, Input::Undeliverable { to, about: About::Datagram });
            }
            253 => {
                self.world.lag = choices.of(&[Micros::ZERO, Micros(1), Micros::from_millis(5_000), Micros(u64::MAX)]);
                return Ok(());
            }
            254 => {
                // What the host hears nobody asked for: an old discovery, nobody's hosts.
                let id = DiscoverId(choices.byte().into());
                let asked = |item: &What| matches!(item, What::Hosts(open) if *open == id);
                if self.world.under_way.iter().any(|item| item.to == 0 && asked(&item.what)) {
                    return Ok(());
                }
                return self.world.input(0, Input::Hosts { id, result: Ok(&[]) });
            }
            _ => match choices.below(8) {
                0 => Command::Destroy,
                _ => Command::GossipTick,
            },
        };
        self.world.command(0, command)
    }

    /// Nobody says anything any more: every search for hosts and every command ends, and every request has its reply.
    fn end(&mut self) -> Result<(), Box<Finding>> {
        self.world.lag = Micros::ZERO;
        for _ in 0..HOPS {
            while let Some(place) =
                self.world.under_way.iter().position(|item| item.to == 0 && matches!(item.what, What::Hosts(_)))
            {
                self.world.arrive(place)?;
            }
            self.world.under_way.clear();
            self.world.tick(0)?;
            self.world.pass(HOP);
        }
        self.world.input(0, Input::Tick)?;
        if let Some(command) = self.world.open_command(0) {
            return Err(Finding::new("commands", 0, format!("command {} does not end", command.0)));
        }
        self.world.check_replies(0)
    }
}

/// How a forged message comes.
#[derive(Clone, Copy)]
enum Way {
    Datagram,
    Request,
}

/// The node, and two peers that are real.
const PEERS: u32 = 3;
/// As many steps as one input takes.
const STEPS_MAX: usize = 1024;
/// As much as may be under way between two steps.
const UNDER_WAY_MAX: usize = 32;
/// As many messages of the past can come back.
const PAST_MAX: usize = 32;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// What may pass at once: up to the time after which the dead are forgotten.
const TIMES: [Micros; 8] = [
    Micros(1),
    Micros::from_millis(50),
    Micros::from_millis(200),
    Micros::from_millis(1_000),
    Micros::from_millis(5_000),
    Micros::from_millis(30_000),
    Micros::from_millis(120_000),
    Micros::from_millis(DAY_MS),
];
/// How the time passes in which all that was begun must end.
const HOPS: u32 = 24;
const HOP: Micros = Micros::from_millis(10_000);
