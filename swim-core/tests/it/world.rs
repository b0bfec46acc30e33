//! A small cluster on a table: two to five nodes, a clock that is moved by hand, and the letters between them.
//!
//! Stories are told through it: nodes are booted, letters are delivered, lost or forged, and after every input what
//! must always hold is looked at (`Node::check`, I1, I2, I5, one reply to each request, one end to each command).
//! An address without a node is a forged peer: what is sent to it stays in `letters`, what it says is injected.

use std::collections::{BTreeMap, BTreeSet};

use swim_core::{
    Boot, BootstrapOptions, Channel, Checksum, Command, CommandId, Config, DiscoverFailed, Effect, Effects, Event,
    EventKind, Incarnation, Input, Instant, Kind, Member, Message, Micros, Node, Options, Outcome, OwnedEvent,
    OwnedMessage, StartGossip, Status, Ticket, UnixMillis, Via, wire,
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
    events: Vec<OwnedEvent<u32>>,
    /// What the node's list said last (I1).
    known: BTreeMap<u32, (Incarnation, Status)>,
    /// The highest incarnation of each member that the node was told (I2).
    heard: BTreeMap<u32, Incarnation>,
    /// Requests that the node has not replied to.
    owed: BTreeSet<Ticket>,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    /// How long letters take.
    pub(crate) latency: Micros,
    /// What discovery finds; `None` where it fails.
    pub(crate) hosts: Option<Vec<u32>>,
    /// Everything that was sent, in order.
    pub(crate) letters: Vec<Letter>,
    /// How often a node asked for hosts.
    pub(crate) discoveries: usize,
    options: Options,
    places: BTreeMap<u32, Place>,
    flight: Vec<Letter>,
    by_hand: bool,
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
            discoveries: 0,
            options,
            places: BTreeMap::new(),
            flight: Vec::new(),
            by_hand: false,
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
        let boot = Boot { now: self.now, wall, seed: u64::from(address) };
        let node = Node::new(config, address, boot);
        let place = Place {
            node,
            condition: Condition::Up,
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

    /// From now on letters wait until they are delivered by hand.
    pub(crate) fn hold_letters(&mut self) {
        self.by_hand = true;
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

/// Moving it.
impl World {
    /// Lets time pass, with all that is due meanwhile: letters first, then ticks in the order of addresses.
    pub(crate) fn run(&mut self, span: Micros) {
        let end = self.now + span;
        let mut steps = 0;
        while let Some((at, next)) = self.next_due().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            match next {
                Due::Letter(place) => {
                    let letter = self.flight.remove(place);
                    self.deliver(letter);
                }
                Due::Tick(address) => self.tick(address),
            }
            steps += 1;
            assert!(steps < 1_000_000, "time does not pass");
        }
        self.now = end;
    }

    fn next_due(&self) -> Option<(Instant, Due)> {
        let letters = self.flight.iter().enumerate().filter(|(_, letter)| !self.by_hand && self.is_up(letter.to));
        let letter = letters.map(|(place, letter)| (letter.arrives, Due::Letter(place))).min();
        let up = self.places.iter().filter(|(_, place)| place.condition == Condition::Up);
        let tick = up.filter_map(|(address, place)| Some((place.node.next_deadline()?, Due::Tick(*address)))).min();
        letter.into_iter().chain(tick).min()
    }

    /// Moves the clock, and lets nothing happen meanwhile.
    pub(crate) fn skip(&mut self, span: Micros) {
        self.now = self.now + span;
    }

    pub(crate) fn tick(&mut self, address: u32) {
        self.handle(address, Input::Tick);
    }

    /// Delivers the waiting letters that `choose` names; returns how many.
    pub(crate) fn deliver_those(&mut self, choose: impl Fn(&Letter) -> bool) -> usize {
        let (chosen, rest): (Vec<_>, Vec<_>) = self.flight.drain(..).partition(|letter| choose(letter));
        self.flight = rest;
        let count = chosen.len();
        chosen.into_iter().for_each(|letter| self.deliver(letter));
        count
    }

    fn deliver(&mut self, letter: Letter) {
        let via = match letter.channel {
            Channel::Datagram => Via::Datagram,
            Channel::Request(ticket) => {
                let incoming = self.ticket();
                self.exchanges.insert(incoming, (letter.from, ticket));
                Via::Request(incoming)
            }
            Channel::Reply(incoming) => {
                // Whoever forged the request looks for the reply in `letters`.
                let Some((asker, ticket)) = self.exchanges.remove(&incoming) else { return };
                assert_eq!(asker, letter.to, "a reply goes to the asker");
                Via::Response(ticket)
            }
        };
        if self.is_up(letter.to) {
            self.inject(letter.from, letter.to, via, &letter.message);
        }
    }

    /// Gives a node a message, whoever made it.
    pub(crate) fn inject(&mut self, from: u32, to: u32, via: Via, message: &OwnedMessage<u32>) {
        let message = message.as_message();
        let place = self.place(to);
        let told = message.changes.iter().map(|change| (change.address, change.incarnation));
        for (subject, incarnation) in told.chain([(from, message.incarnation)]) {
            let heard = place.heard.entry(subject).or_insert(incarnation);
            *heard = incarnation.max(*heard);
        }
        if let Via::Request(ticket) = via {
            assert!(place.owed.insert(ticket), "tickets are given out once");
        }
        self.handle(to, Input::Message { from, via, message });
    }

    /// Gives a node a request of a forged peer, and returns the reply.
    pub(crate) fn request(&mut self, from: u32, to: u32, message: &OwnedMessage<u32>) -> Letter {
        let ticket = self.ticket();
        self.inject(from, to, Via::Request(ticket), message);
        let reply = self.letters.iter().find(|letter| letter.channel == Channel::Reply(ticket));
        reply.cloned().expect("this request is answered at once")
    }

    /// A ticket that was not given out before.
    pub(crate) fn ticket(&mut self) -> Ticket {
        self.next_number += 1;
        Ticket(self.next_number)
    }

    pub(crate) fn command(&mut self, address: u32, command: Command<'_, u32>) -> CommandId {
        self.next_number += 1;
        let id = CommandId(self.next_number);
        self.handle(address, Input::Command { id, command });
        id
    }

    /// The process ends without a word; what is on its way to it is lost.
    pub(crate) fn kill(&mut self, address: u32) {
        self.place(address).condition = Condition::Down;
        self.flight.retain(|letter| letter.to != address);
    }

    pub(crate) fn put_to_sleep(&mut self, address: u32) {
        self.place(address).condition = Condition::Asleep;
    }

    pub(crate) fn wake_up(&mut self, address: u32) {
        self.place(address).condition = Condition::Up;
    }

    /// Forgets what was sent and what happened.
    pub(crate) fn forget(&mut self) {
        self.letters.clear();
        self.places.values_mut().for_each(|place| place.events.clear());
    }

    pub(crate) fn handle(&mut self, address: u32, input: Input<'_, u32>) {
        let now = self.now;
        let place = self.place(address);
        let mut effects = Effects::new();
        place.node.handle(now, input, &mut effects);
        if let Input::Tick = input {
            let deadline = place.node.next_deadline();
            assert!(deadline.is_none_or(|at| at > now), "after a tick the deadline is later than now");
        }
        place.node.check();
        place.check_order();
        let mut discoveries = Vec::new();
        for (number, effect) in effects.iter().enumerate() {
            match effect {
                Effect::Send { to, channel, message } => self.post(address, to, channel, message),
                Effect::Event(event) => self.place(address).events.push(OwnedEvent::new(event)),
                Effect::Discover(id) => discoveries.push(id),
                Effect::CommandDone { id, outcome } => {
                    assert_eq!(self.outcomes.insert(id, outcome), None, "a command ends once");
                }
                Effect::Wake(at) => {
                    assert_eq!(number + 1, effects.len(), "the wake comes last");
                    assert_eq!(at, self.node(address).next_deadline(), "the wake is the deadline");
                }
            }
        }
        if let Some(mut observer) = self.observer.take() {
            observer(now, address, &effects);
            self.observer = Some(observer);
        }
        for id in discoveries {
            self.discoveries += 1;
            let hosts = self.hosts.clone();
            self.handle(address, Input::Hosts { id, result: hosts.as_deref().ok_or(DiscoverFailed) });
        }
    }

    fn post(&mut self, from: u32, to: u32, channel: Channel, message: Message<'_, u32>) {
        let datagram_max = self.options.datagram_max.map_or(usize::MAX, |max| max as usize);
        let place = self.place(from);
        if channel == Channel::Datagram {
            assert!(wire::encoded_len(&message) <= datagram_max, "I5: {message:?}");
        }
        if let Channel::Reply(ticket) = channel {
            assert!(place.owed.remove(&ticket), "each request gets one reply: {message:?}");
        }
        for change in message.changes.iter().filter(|change| change.address != from) {
            let heard = place.heard.get(&change.address);
            assert!(heard.is_some_and(|heard| change.incarnation <= *heard), "I2: {change:?}");
        }
        let (sent, arrives) = (self.now, self.now + self.latency);
        let letter = Letter { sent, arrives, from, to, channel, message: OwnedMessage::new(message) };
        self.letters.push(letter.clone());
        let receiver = self.places.get(&to).map(|place| place.condition);
        let is_lost = self.cut.as_ref().is_some_and(|rule| rule(&letter));
        if !is_lost && receiver.is_some_and(|condition| condition != Condition::Down) {
            self.flight.push(letter);
        }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Letter(usize),
    Tick(u32),
}

impl Place {
    /// I1: in one node's list a member never moves to a smaller (incarnation, status), except by eviction.
    fn check_order(&mut self) {
        let listed: BTreeMap<u32, _> =
            self.node.listed().map(|member| (member.address, (member.incarnation, member.status))).collect();
        for (address, state) in &listed {
            let before = self.known.get(address);
            assert!(before.is_none_or(|before| before <= state), "I1: {address}: {before:?}, {state:?}");
        }
        self.known = listed;
    }
}
