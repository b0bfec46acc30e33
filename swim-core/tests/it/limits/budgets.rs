//! I5 among members whose addresses, labels and incarnations have any length, within budgets of any size: whoever is told
//! whatever, by whatever caused it.

use std::array;

use swim_core::{
    Address, Boot, BootstrapOptions, Canonical, Change, ChangeList, Channel, Checksum, Command, CommandId, Config,
    Effect, Effects, Incarnation, Input, Instant, Kind, Labels, Message, Micros, Node, Options, OwnLabels, Random,
    Reach, Readiness, Seq, Source, StartGossip, Status, SyncReason, Via, wire,
};

use crate::world::WALL;

/// One of 256 addresses of 1 to 31 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Any(u8);

impl Any {
    fn len(self) -> usize {
        1 + usize::from(self.0) % Canonical::MAX
    }
}

impl Address for Any {
    fn same_host(&self, other: &Self) -> bool {
        self == other
    }

    fn canonical(&self) -> Canonical {
        Canonical::new(&[self.0; Canonical::MAX][..self.len()])
    }

    fn from_canonical(bytes: &[u8]) -> Option<(Self, usize)> {
        let address = Self(*bytes.first()?);
        bytes.starts_with(address.canonical().as_bytes()).then_some((address, address.len()))
    }
}

/// What a peer of a node may be like.
struct Peers {
    random: Random,
    labels: [OwnLabels; 4],
}

impl Peers {
    fn new(seed: u64) -> Self {
        let labels = |count: usize| (0..count * 5 / 3).map(move |key| (key.to_string(), "v".repeat(count * 128 / 3)));
        Self { random: Random::new(seed), labels: array::from_fn(|count| OwnLabels::new(labels(count)).unwrap()) }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.below(choices.len() as u32) as usize]
    }

    fn address(&mut self) -> Any {
        Any(self.below(256) as u8)
    }

    fn incarnation(&mut self) -> Incarnation {
        let near = WALL.0 + u64::from(self.below(1_000));
        Incarnation::new(self.of(&[0, 200, 70_000, near, near])).unwrap()
    }

    fn changes(&mut self) -> ChangeList<Any> {
        let count = self.of(&[0, 1, 3, 12, 40]);
        let mut list = ChangeList::new();
        // What one message tells has labels of one length, so that many are short as well.
        let most = self.below(4) as usize;
        for _ in 0..count {
            let (address, incarnation) = (self.address(), self.incarnation());
            let maker = if self.below(2) == 0 { address } else { self.address() };
            let source = (self.below(4) > 0).then_some(Source { address: maker, incarnation });
            let status = self.of(&[Status::Alive, Status::Alive, Status::Suspect, Status::Faulty, Status::Tombstone]);
            let labels = self.below(1 + most as u32) as usize;
            let labels = if labels == 0 { Labels::NONE } else { self.labels[labels].as_labels() };
            list.push(Change { address, incarnation, status, source, labels });
        }
        list
    }

    fn kind(&mut self) -> Kind<Any> {
        let (seq, target) = (Seq(self.below(9)), self.address());
        match self.below(8) {
            0..4 => Kind::Ping { seq },
            4 => Kind::PingReq { seq, target, timeout: Micros(200_000) },
            5 => Kind::Ack { seq, ready: Readiness::Ready },
            6 => Kind::PingReqAnswer { seq, target, reach: Reach::Reached },
            _ => Kind::Gossip,
        }
    }

    /// What fits as an answer to a datagram, or to a request.
    fn answer(&mut self, asked: Kind<Any>) -> Kind<Any> {
        match asked {
            Kind::Ping { seq } => Kind::Ack { seq, ready: Readiness::Ready },
            Kind::PingReq { seq, target, .. } => {
                Kind::PingReqAnswer { seq, target, reach: self.of(&[Reach::Reached, Reach::NotReached]) }
            }
            Kind::Sync { .. } => Kind::SyncAnswer { reason: SyncReason::Diverged },
            _ => Kind::List,
        }
    }
}

/// What was seen of a run: the longest datagram, and how many changes were told.
#[derive(Default)]
struct Seen {
    longest: usize,
    told: usize,
}

/// A node of a made-up cluster, and what it wants.
struct Run {
    node: Node<Any>,
    now: Instant,
    budget: usize,
    /// What was sent, and by which way an answer would come.
    sent: Vec<(Any, Via, Kind<Any>)>,
    seen: Seen,
}

impl Run {
    fn input(&mut self, input: Input<'_, Any>) {
        let mut out = Effects::new();
        self.node.handle(self.now, input, &mut out);
        self.node.check();
        let mut discovered = None;
        for effect in out.iter() {
            match effect {
                Effect::Send { to, channel, message } => {
                    let via = match channel {
                        Channel::Datagram => {
                            let (len, budget) = (wire::encoded_len(&message), self.budget);
                            assert!(len <= budget, "{len} of {budget} bytes to {to:?}: {message:?}");
                            self.seen.longest = self.seen.longest.max(len);
                            self.seen.told += message.changes.len();
                            Via::Datagram
                        }
                        Channel::Request(ticket) => Via::Response(ticket),
                        Channel::Reply(_) => continue,
                    };
                    self.sent.push((to, via, message.kind));
                }
                Effect::Discover(id) => discovered = Some(id),
                _ => {}
            }
        }
        if let Some(id) = discovered {
            self.input(Input::Hosts { id, result: Ok(&[self.node.local()]) });
        }
    }

    fn hear(&mut self, from: Any, via: Via, kind: Kind<Any>, peers: &mut Peers) {
        let (changes, incarnation) = (peers.changes(), peers.incarnation());
        let checksum = peers.of(&[self.node.checksum(), Checksum(1)]);
        let message = Message { kind, incarnation, checksum, changes: changes.as_changes() };
        self.input(Input::Message { from, via, message });
    }

    fn step(&mut self, peers: &mut Peers) {
        match peers.below(8) {
            0..3 => {
                let (from, kind) = (peers.address(), peers.kind());
                self.hear(from, Via::Datagram, kind, peers);
            }
            3..5 if !self.sent.is_empty() => {
                let (to, via, asked) = self.sent.swap_remove(peers.below(self.sent.len() as u32) as usize);
                let kind = peers.answer(asked);
                self.hear(to, via, kind, peers);
            }
            5 => {
                let labels = peers.below(4) as usize;
                let command = Command::SetLabels(&peers.labels[labels]);
                self.input(Input::Command { id: CommandId(2), command });
            }
            _ => {
                self.now = self.node.next_deadline().map_or(self.now, |at| at.max(self.now));
                self.input(Input::Tick);
            }
        }
        self.sent.truncate(64);
    }
}

fn run(seed: u64) -> (usize, Seen) {
    let mut peers = Peers::new(seed);
    let budget = peers.of(&[1024, 1025, 1200, 1400, 4_000]);
    let mut options = peers.of(&[Options::lan as fn() -> Options, Options::wan, Options::local])();
    options.datagram_max = Some(budget);
    options.members_max = peers.of(&[20, 100, 10_000]);
    options.evicted_max = options.members_max;
    let boot = Boot { now: Instant::ZERO, wall: WALL, seed };
    let node = Node::new(Config::try_from(options).unwrap(), peers.address(), boot);
    let budget = budget as usize;
    let mut run = Run { node, now: Instant::ZERO, budget, sent: Vec::new(), seen: Seen::default() };
    let command = Command::Bootstrap(BootstrapOptions { gossip: StartGossip::WhenReady });
    run.input(Input::Command { id: CommandId(1), command });
    (0..200).for_each(|_| run.step(&mut peers));
    (budget, run.seen)
}

#[test]
fn no_datagram_is_longer_than_its_budget_whatever_a_node_hears_and_many_are_nearly_as_long() {
    let (mut full, mut told) = (0, 0);
    for seed in 0..200 {
        let (budget, seen) = run(seed);
        full += usize::from(seen.longest + 64 > budget);
        told += seen.told;
    }
    assert!(full >= 100 && told > 50_000, "{full} runs filled a datagram, {told} changes were told");
}
