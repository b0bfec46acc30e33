//! A small cluster on a table: two to five nodes, a clock that is moved by hand, and the letters between them.
//!
//! Stories are told through it: nodes are booted, letters are delivered, lost or forged, and after every input what
//! must always hold is looked at (`Node::check`, I1, I2, I5, one reply to each request, one end to each command).
//! An address without a node is a forged peer: what is sent to it stays in `letters`, what it says is injected.

mod motion;

use std::collections::{BTreeMap, BTreeSet};

use swim_core::{
    Boot, BootstrapOptions, Channel, Checksum, Command, CommandId, Config, Effects, Event, EventKind, Incarnation,
    Instant, Kind, Member, Micros, Node, Options, Outcome, OwnedEvent, OwnedMessage, StartGossip, Status, Ticket,
    UnixMillis,
};

/// The wall clock of every node at zero; incarnations start here.
pub(crate) const WALL: UnixMillis = UnixMillis(1_700_000_000_000);

/// A message on its way.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) sent: Instant,
    pub(crate) arrives: Instant,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) channel: Channel,
    pub(crate) message: OwnedMessage<u32>,
}

impl Letter {
    pub(crate) fn kind(&self) -> Kind<u32> {
        self.message.as_message().kind
    }

    /// What it claims of a member: every claim's status and incarnation, in their order.
    pub(crate) fn claims_about(&self, subject: u32) -> Vec<(Status, Incarnation)> {
        let claims = self.message.as_message().changes.iter().filter(|change| change.address == subject);
        claims.map(|change| (change.status, change.incarnation)).collect()
    }

    /// The members that it makes claims about, in their order.
    pub(crate) fn subjects(&self) -> Vec<u32> {
        self.message.as_message().changes.iter().map(|change| change.address).collect()
    }
}

/// What a node's process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Up,
    /// It is stopped, and its clock runs on; letters wait for it.
    Asleep,
    Down,
}

struct Place {
    node: Node<u32>,
    condition: Condition,
    /// How far its clock is ahead of the world's.
    ahead: Micros,
    events: Vec<OwnedEvent<u32>>,
    /// What the node's list said last (I1).
    known: BTreeMap<u32, (Incarnation, Status)>,
    /// The highest incarnation of each member that the node was told (I2).
    heard: BTreeMap<u32, Incarnation>,
    /// Requests that the node has not replied to.
    owed: BTreeSet<Ticket>,
}

#[expect(clippy::type_complexity, reason = "two closures of a story")]
pub(crate) struct World {
    pub(crate) now: Instant,
    /// How long letters take.
    pub(crate) latency: Micros,
    /// What discovery finds; `None` where it fails.
    pub(crate) hosts: Option<Vec<u32>>,
    /// Everything that was sent, in order.
    pub(crate) letters: Vec<Letter>,
    /// What the seeds of the nodes are counted from.
    pub(crate) seed: u64,
    /// How often a node asked for hosts.
    pub(crate) discoveries: usize,
    /// What the next node that boots is set to.
    pub(crate) options: Options,
    places: BTreeMap<u32, Place>,
    flight: Vec<Letter>,
    cut: Option<Box<dyn Fn(&Letter) -> bool>>,
    observer: Option<Box<dyn FnMut(Instant, u32, &Effects<u32>)>>,
    /// Who asked with which ticket of its own, by the ticket that the receiver was given.
    exchanges: BTreeMap<Ticket, (u32, Ticket)>,
    outcomes: BTreeMap<CommandId, Outcome>,
    next_number: u64,
}

/// Building a world.
impl World {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            now: Instant::from_millis(1_000),
            latency: Micros::from_millis(1),
            hosts: Some(Vec::new()),
            letters: Vec::new(),
            seed: 0,
            discoveries: 0,
            options,
            places: BTreeMap::new(),
            flight: Vec::new(),
            cut: None,
            observer: None,
            exchanges: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            next_number: 1_000,
        }
    }

    /// Node 1 alone in its cluster, ready; it probes only on command.
    pub(crate) fn lone(options: Options) -> Self {
        let mut world = Self::new(options);
        world.boot(1);
        world.bootstrap(1, StartGossip::OnCommand);
        assert!(world.node(1).is_ready());
        world.letters.clear();
        world
    }

    /// Nodes 1 to `count`, which have joined, know each other, probe, and have nothing left to tell.
    pub(crate) fn cluster(options: Options, count: u32) -> Self {
        let mut world = Self::new(options);
        world.hosts = Some((1..=count).collect());
        (1..=count).for_each(|address| world.boot(address));
        for address in 1..=count {
            world.bootstrap(address, StartGossip::WhenReady);
        }
        for _ in 0..600 {
            world.run(Micros::from_millis(100));
            let all_know_all = world.places.values().all(|place| place.node.count_reachable() == count);
            if all_know_all && world.places.values().all(|place| place.node.is_ready() && !place.node.has_changes()) {
                world.forget();
                return world;
            }
        }
        panic!("the cluster does not come together");
    }

    /// Boots a node whose wall clock is right.
    pub(crate) fn boot(&mut self, address: u32) {
        self.boot_at(address, self.wall());
    }

    /// Boots a node with this wall clock; one that ran at the address before is gone.
    pub(crate) fn boot_at(&mut self, address: u32, wall: UnixMillis) {
        let config = Config::try_from(self.options.clone()).expect("the story's options are valid");
        let boot = Boot { now: self.now, wall, seed: self.seed + u64::from(address) };
        let node = Node::new(config, address, boot);
        let place = Place {
            node,
            condition: Condition::Up,
            ahead: Micros::ZERO,
            events: Vec::new(),
            known: BTreeMap::new(),
            heard: BTreeMap::new(),
            owed: BTreeSet::new(),
        };
        self.places.insert(address, place);
    }

    pub(crate) fn bootstrap(&mut self, address: u32, gossip: StartGossip) -> CommandId {
        self.command(address, Command::Bootstrap(BootstrapOptions { gossip }))
    }

    /// From now on letters that `rule` names are lost.
    pub(crate) fn cut(&mut self, rule: impl Fn(&Letter) -> bool + 'static) {
        self.cut = Some(Box::new(rule));
    }

    pub(crate) fn mend(&mut self) {
        self.cut = None;
    }

    /// Shows all effects to `observer`, input by input.
    pub(crate) fn observe(&mut self, observer: impl FnMut(Instant, u32, &Effects<u32>) + 'static) {
        self.observer = Some(Box::new(observer));
    }
}

/// What can be seen.
impl World {
    fn place(&mut self, address: u32) -> &mut Place {
        self.places.get_mut(&address).expect("a node runs there")
    }

    pub(crate) fn node(&self, address: u32) -> &Node<u32> {
        &self.places.get(&address).expect("a node runs there").node
    }

    fn is_up(&self, address: u32) -> bool {
        self.places.get(&address).is_some_and(|place| place.condition == Condition::Up)
    }

    /// The wall clock that is right.
    pub(crate) fn wall(&self) -> UnixMillis {
        WALL.after(self.now.since(Instant::ZERO))
    }

    pub(crate) fn member(&self, at: u32, of: u32) -> Option<Member<'_, u32>> {
        self.node(at).member(of)
    }

    /// What the node at one address holds another to be.
    pub(crate) fn status(&self, at: u32, of: u32) -> Option<Status> {
        self.member(at, of).map(|member| member.status)
    }

    pub(crate) fn checksums(&self) -> BTreeSet<Checksum> {
        let up = self.places.values().filter(|place| place.condition == Condition::Up);
        up.map(|place| place.node.checksum()).collect()
    }

    /// How a command ended.
    pub(crate) fn outcome(&self, id: CommandId) -> Option<Outcome> {
        self.outcomes.get(&id).copied()
    }

    /// How many requests the node has not replied to.
    pub(crate) fn owed(&self, address: u32) -> usize {
        self.places[&address].owed.len()
    }

    pub(crate) fn events(&self, address: u32) -> impl Iterator<Item = Event<'_, u32>> {
        self.places[&address].events.iter().map(OwnedEvent::as_event)
    }

    pub(crate) fn count(&self, address: u32, kind: EventKind) -> usize {
        self.events(address).filter(|event| event.kind() == kind).count()
    }

    /// The letters from a node, to whomever.
    pub(crate) fn sent_by(&self, from: u32) -> impl DoubleEndedIterator<Item = &Letter> {
        self.letters.iter().filter(move |letter| letter.from == from)
    }

    /// The latest letter from one address to another.
    pub(crate) fn last(&self, from: u32, to: u32) -> &Letter {
        self.sent_by(from).rfind(|letter| letter.to == to).expect("a letter was sent")
    }
}
