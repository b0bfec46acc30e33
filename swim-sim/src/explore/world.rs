//! One state of a small world: its nodes, what is under way between them, what may still go wrong, and what the checkers
//! remember. Copies share what they have in common.

use std::sync::Arc;

use swim_core::{Fingerprint, Instant, Kind, Node, Numbers, OwnedMessage, Seq, Via};

use super::choice::{Choice, Link};
use super::settings::Faults;
use crate::checkers::Monitors;

/// One state.
#[derive(Clone)]
pub(super) struct World {
    pub(super) now: Instant,
    /// Those that run; with nobody where a process is down.
    pub(super) nodes: Vec<Option<Arc<Node<u32>>>>,
    /// How often each process has started.
    pub(super) lives: Vec<u32>,
    /// When each host tries again what its node could not do.
    pub(super) again: Vec<Instant>,
    /// Until when each process boots that is down.
    pub(super) boot_by: Vec<Instant>,
    /// What is under way on each link, in order, by sender and then receiver.
    links: Vec<Vec<Arc<Flight>>>,
    /// What has left the order of its link.
    pub(super) strays: Vec<Stray>,
    /// Who is cut off from all others, and until when at most.
    pub(super) cut: Option<(u8, Instant)>,
    pub(super) left: Faults,
    pub(super) monitors: Arc<Monitors>,
}

/// A message under way.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) via: Via,
    /// In which life the asker was, with a request and its reply.
    pub(super) life: u32,
    pub(super) message: OwnedMessage<u32>,
}

/// A message that comes when it comes.
#[derive(Clone, Debug)]
pub(super) struct Stray {
    pub(super) link: Link,
    /// Time does not pass beyond this before it has arrived.
    pub(super) until: Instant,
    pub(super) flight: Arc<Flight>,
}

impl World {
    /// Nobody runs yet.
    pub(super) fn new(nodes: u32, left: Faults, monitors: Monitors) -> Self {
        let count = nodes as usize;
        Self {
            now: Instant::ZERO,
            nodes: vec![None; count],
            lives: vec![0; count],
            again: vec![Instant::NEVER; count],
            boot_by: vec![Instant::NEVER; count],
            links: vec![Vec::new(); count * count],
            strays: Vec::new(),
            cut: None,
            left,
            monitors: Arc::new(monitors),
        }
    }

    pub(super) fn count(&self) -> u8 {
        self.nodes.len() as u8
    }

    /// The nodes that run.
    pub(super) fn running(&self) -> impl Iterator<Item = (u32, &Node<u32>)> {
        (0..).zip(&self.nodes).filter_map(|(number, node)| Some((number, &**node.as_ref()?)))
    }

    pub(super) fn is_up(&self, node: u8) -> bool {
        self.nodes[usize::from(node)].is_some()
    }

    /// A message leaves; nothing passes a cut.
    pub(super) fn send(&mut self, link: Link, flight: Flight) {
        if self.is_open(link) {
            let place = self.place(link);
            self.links[place].push(Arc::new(flight));
        }
    }

    fn is_open(&self, link: Link) -> bool {
        self.cut.is_none_or(|(alone, _)| alone != link.from && alone != link.to)
    }

    /// A cut begins: what is under way across it is gone.
    pub(super) fn begin_cut(&mut self, alone: u8, until: Instant) {
        self.cut = Some((alone, until));
        for link in all_links(self.count()) {
            if !self.is_open(link) {
                let place = self.place(link);
                self.links[place].clear();
            }
        }
        let strays = std::mem::take(&mut self.strays);
        self.strays = strays.into_iter().filter(|stray| self.is_open(stray.link)).collect();
    }

    fn place(&self, link: Link) -> usize {
        usize::from(link.from) * self.nodes.len() + usize::from(link.to)
    }

    /// The links on which something is under way.
    pub(super) fn busy(&self) -> impl Iterator<Item = (Link, &Flight)> {
        all_links(self.count()).filter_map(|link| Some((link, &**self.links[self.place(link)].first()?)))
    }

    /// Takes the first message of a link.
    pub(super) fn take(&mut self, link: Link) -> Option<Arc<Flight>> {
        let place = self.place(link);
        let link = &mut self.links[place];
        if link.is_empty() { None } else { Some(link.remove(0)) }
    }

    /// When a node or its host wants to do something next.
    pub(super) fn deadline(&self, node: u8) -> Instant {
        let place = usize::from(node);
        let own = self.nodes[place].as_ref().and_then(|node| node.next_deadline()).unwrap_or(Instant::NEVER);
        own.min(self.again[place]).max(self.now)
    }

    /// The earliest of all deadlines.
    pub(super) fn earliest(&self) -> Instant {
        (0..self.count()).map(|node| self.deadline(node)).min().unwrap_or(Instant::NEVER)
    }

    /// Whether nothing is under way in its order: then time may pass.
    pub(super) fn is_quiet(&self) -> bool {
        self.links.iter().all(Vec::is_empty)
    }

    /// All that can happen next, in a fixed order.
    pub(super) fn choices(&self) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (link, flight) in self.busy() {
            choices.push(Choice::Deliver(link));
            if self.left.losses > 0 {
                choices.push(Choice::Lose(link));
            }
            if self.left.duplications > 0 && flight.via == Via::Datagram {
                choices.push(Choice::Duplicate(link));
            }
            if self.left.reorderings > 0 {
                choices.push(Choice::Detain(link));
            }
        }
        choices.extend((0..self.strays.len()).map(|place| Choice::Stray(place as u8)));
        choices.extend(self.ticks().map(Choice::Tick));
        for node in 0..self.count() {
            if !self.is_up(node) {
                choices.push(Choice::Boot(node));
            } else if self.left.crashes > 0 {
                choices.push(Choice::Crash(node));
            }
        }
        match self.cut {
            Some(_) => choices.push(Choice::Mend),
            // Of two nodes either is cut off from the other.
            None if self.left.partitions > 0 => {
                let alone = if self.count() == 2 { 1 } else { self.count() };
                choices.extend((0..alone).map(Choice::Cut));
            }
            None => {}
        }
        choices
    }

    /// Whose deadline may pass now.
    fn ticks(&self) -> impl Iterator<Item = u8> {
        let at = self.earliest();
        let strays = self.strays.iter().map(|stray| stray.until);
        let outages = self.cut.iter().map(|(_, until)| until).chain(&self.boot_by);
        let in_time = strays.chain(outages.copied()).all(|until| at <= until);
        let may = at != Instant::NEVER && self.is_quiet() && in_time;
        (0..self.count()).filter(move |node| may && self.deadline(*node) == at)
    }

    /// What happens next where nothing goes wrong and nobody is slow; nothing where nothing ever will.
    pub(super) fn plain_choice(&self) -> Option<Choice> {
        if let Some((link, _)) = self.busy().next() {
            return Some(Choice::Deliver(link));
        }
        if !self.strays.is_empty() {
            return Some(Choice::Stray(0));
        }
        self.ticks().next().map(Choice::Tick)
    }

    /// The last number that each node gave to a ping or request.
    pub(super) fn numbers(&self) -> [Numbers; Fingerprint::NODES_MAX] {
        let mut numbers = [Numbers::NONE; Fingerprint::NODES_MAX];
        for (number, node) in self.running() {
            numbers[number as usize] = node.numbers();
        }
        numbers
    }

    /// Takes in all that the future depends on but how much may still go wrong.
    pub(super) fn print(&self) -> Fingerprint {
        let Self { now, nodes, lives, again, boot_by, links, strays, cut, left: _, monitors } = self;
        let mut print = Fingerprint::new(*now, self.numbers());
        boot_by.iter().for_each(|until| print.until(*until));
        for ((node, life), again) in nodes.iter().zip(lives).zip(again) {
            print.word(u64::from(*life) << 1 | u64::from(node.is_some()));
            print.until(*again);
            if let Some(node) = node {
                node.trace(&mut print);
            }
        }
        for (link, flights) in all_pairs(self.count()).zip(links) {
            print.word(flights.len() as u64);
            flights.iter().for_each(|flight| self.trace_flight(link, flight, &mut print));
        }
        print.word(strays.len() as u64);
        for Stray { link, until, flight } in strays {
            print.word(u64::from(link.from) << 8 | u64::from(link.to));
            print.until(*until);
            self.trace_flight(*link, flight, &mut print);
        }
        print.word(cut.map_or(0, |(alone, _)| 1 + u64::from(alone)));
        print.until(cut.map_or(Instant::NEVER, |(_, until)| until));
        let flights = || {
            let ordered = all_pairs(self.count())
                .zip(links)
                .flat_map(|(link, flights)| flights.iter().map(move |flight| (link, flight)));
            ordered.chain(strays.iter().map(|stray| (stray.link, &stray.flight)))
        };
        let is_under_way = |asker, seq| {
            flights().any(|(link, flight)| number(link, &flight.message.as_message().kind) == Some((asker, seq)))
        };
        monitors.trace(is_under_way, &mut print);
        print
    }

    /// ... and that, too.
    pub(super) fn print_all(&self, print: Fingerprint) -> u128 {
        let Faults { losses, duplications, reorderings, crashes, partitions } = self.left;
        let mut print = print;
        print.word(u64::from_le_bytes([losses, duplications, reorderings, crashes, partitions, 0, 0, 0]));
        print.get()
    }

    fn trace_flight(&self, Link { from, to }: Link, flight: &Flight, print: &mut Fingerprint) {
        let Flight { via, life, message } = flight;
        let (from, to) = (u32::from(from), u32::from(to));
        // A life counts where it is compared with that of the asker.
        let asker = match via {
            Via::Datagram => {
                print.word(0);
                None
            }
            Via::Request(ticket) => {
                print.word(1);
                print.ticket_of(from, *ticket);
                Some(from)
            }
            Via::Response(ticket) => {
                print.word(2);
                print.ticket_of(to, *ticket);
                Some(to)
            }
        };
        print.word(asker.map_or(0, |asker| 1 + u64::from(self.lives[asker as usize] == *life)));
        let message = message.as_message();
        trace_kind(from, to, &message.kind, print);
        print.word(message.incarnation.get());
        print.word(message.checksum.0.into());
        print.word(message.changes.len() as u64);
        for change in message.changes {
            print.word(u64::from(change.address) << 8 | change.status as u64);
            print.word(change.incarnation.get());
            print.word(change.source.map_or(u64::MAX, |source| source.address.into()));
            print.word(change.source.map_or(0, |source| source.incarnation.get()));
            print.bytes(change.labels.encoded());
        }
    }
}

/// The number of a ping or ping-req that a message carries, and whose it is.
fn number(Link { from, to }: Link, kind: &Kind<u32>) -> Option<(u32, Seq)> {
    match kind {
        Kind::Ping { seq } | Kind::PingReq { seq, .. } => Some((from.into(), *seq)),
        Kind::Ack { seq, .. } | Kind::PingReqAnswer { seq, .. } => Some((to.into(), *seq)),
        _ => None,
    }
}

/// Numbers are those of the one who asks.
fn trace_kind(from: u32, to: u32, kind: &Kind<u32>, print: &mut Fingerprint) {
    match kind {
        Kind::Ping { seq } => {
            print.word(0);
            print.seq_of(from, *seq);
        }
        Kind::Ack { seq, ready } => {
            print.word(1 << 8 | *ready as u64);
            print.seq_of(to, *seq);
        }
        Kind::PingReq { seq, target, timeout } => {
            print.word(2 << 8 | u64::from(*target));
            print.seq_of(from, *seq);
            print.word(timeout.0);
        }
        Kind::PingReqAnswer { seq, target, reach } => {
            print.word(3 << 8 | u64::from(*target));
            print.seq_of(to, *seq);
            print.word(*reach as u64);
        }
        Kind::Gossip => print.word(4 << 8),
        Kind::Join { app: _ } => print.word(5 << 8),
        Kind::List => print.word(6 << 8),
        Kind::Sync { reason } => print.word(7 << 8 | *reason as u64),
        Kind::SyncAnswer { reason } => print.word(8 << 8 | *reason as u64),
        Kind::HealFetch { app: _ } => print.word(9 << 8),
        Kind::HealSuspect => print.word(10 << 8),
        Kind::HealMerge => print.word(11 << 8),
        Kind::Done => print.word(12 << 8),
        Kind::Refused { reason } => print.word(13 << 8 | *reason as u64),
    }
}

/// All pairs of nodes, in the order of the links.
fn all_pairs(count: u8) -> impl Iterator<Item = Link> {
    (0..count).flat_map(move |from| (0..count).map(move |to| Link { from, to }))
}

fn all_links(count: u8) -> impl Iterator<Item = Link> {
    all_pairs(count).filter(|link| link.from != link.to)
}
