//! What moves a world: time, letters, inputs; and what is looked at after each of them.

use std::collections::BTreeMap;

use swim_core::{
    Channel, Command, CommandId, DiscoverFailed, Effect, Effects, Input, Instant, Message, Micros, OwnedEvent,
    OwnedMessage, Ticket, Via, wire,
};

use super::{Condition, Letter, Place, World};

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
        let letters = self.flight.iter().enumerate().filter(|(_, letter)| self.is_up(letter.to));
        let letter = letters.map(|(place, letter)| (letter.arrives, Due::Letter(place))).min();
        let up = self.places.iter().filter(|(_, place)| place.condition == Condition::Up);
        let due = |place: &Place| Some(Instant::ZERO + place.node.next_deadline()?.since(Instant::ZERO + place.ahead));
        let tick = up.filter_map(|(address, place)| Some((due(place)?, Due::Tick(*address)))).min();
        letter.into_iter().chain(tick).min()
    }

    /// Moves the clock, and lets nothing happen meanwhile.
    pub(crate) fn skip(&mut self, span: Micros) {
        self.now = self.now + span;
    }

    /// Moves the clock of one node alone.
    pub(crate) fn leap(&mut self, address: u32, span: Micros) {
        let place = self.place(address);
        place.ahead = place.ahead + span;
    }

    pub(crate) fn tick(&mut self, address: u32) {
        self.handle(address, Input::Tick);
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
        let world = self.now;
        let place = self.place(address);
        let now = world + place.ahead;
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
            observer(world, address, &effects);
            self.observer = Some(observer);
        }
        for id in discoveries {
            self.discoveries += 1;
            // A list without anyone stands for one that holds only the node itself.
            let hosts = self.hosts.clone().map(|hosts| if hosts.is_empty() { vec![address] } else { hosts });
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
