//! How what one node sends becomes what another receives: the queue, the network, and what is under way.

use swim_core::{About, Channel, Instant, Message, Micros, Ticket, Via};

use crate::happening::{Happening, Note};
use crate::network::{Arrival, Connection, Fate, Network, Sent};
use crate::parcels::{Parcel, ParcelId, Parcels};
use crate::queue::Queue;
use crate::requests::{Exchange, Requests};
use crate::traffic::Traffic;

/// Everything between the nodes.
pub struct Transport {
    /// What is going to happen.
    pub queue: Queue<Happening>,
    /// What becomes of messages on their way.
    pub network: Network,
    /// The larger messages under way.
    pub parcels: Parcels,
    /// The open requests.
    pub requests: Requests,
    /// How much is sent.
    pub traffic: Traffic,
}

/// From whom, in which of its lives, to whom.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Who sends.
    pub from: u32,
    /// In which life.
    pub life: u32,
    /// Who gets it.
    pub to: u32,
}

impl Transport {
    /// Nothing under way over this network.
    pub fn new(network: Network) -> Self {
        Self {
            queue: Queue::new(),
            network,
            parcels: Parcels::new(),
            requests: Requests::new(),
            traffic: Traffic::default(),
        }
    }

    /// `message`, which takes `size` bytes, leaves at `now`.
    ///
    /// # Errors
    /// When it is a reply to nothing that the sender was asked.
    #[inline(always)]
    pub fn send(
        &mut self,
        now: Instant,
        route: Route,
        channel: Channel,
        message: Message<'_, u32>,
        size: usize,
    ) -> Result<(), Box<TransportError>> {
        self.traffic.sent(size as u64, message.changes.len());
        match channel {
            Channel::Datagram => {
                match self.network.datagram(now, route.from, route.to) {
                    Arrival::Once(latency) => self.datagram(now + latency, route, message),
                    other => self.special_datagram(now, route, message, other),
                }
                Ok(())
            }
            Channel::Request(ticket) => {
                self.request(now, route, ticket, message);
                Ok(())
            }
            Channel::Reply(ticket) => self.reply(now, route, ticket, message),
        }
    }

    /// What `route` names went to a place where nobody runs.
    pub fn refuse(&mut self, now: Instant, route: Route, about: About) {
        let Route { from, life, to } = route;
        let sent = match about {
            About::Datagram => Sent::Datagram,
            About::Request(_) => Sent::Request,
        };
        if let Some(latency) = self.network.refusal(now, to, from, sent) {
            self.queue.push(now + latency, Happening::undeliverable(from, life, to, about));
        }
    }

    /// The process of the one who has to answer ended: its connections break.
    pub fn reset(&mut self, now: Instant, exchange: &Exchange) {
        let route = Route { from: exchange.asker, life: exchange.life, to: exchange.answerer };
        self.refuse(now, route, About::Request(exchange.ticket));
    }

    #[inline(always)]
    fn datagram(&mut self, at: Instant, route: Route, message: Message<'_, u32>) {
        let Route { from, to, .. } = route;
        match Note::of(&message) {
            Some(note) => self.queue.push(at, Happening::Note { from, to, note }),
            None => self.deliver(at, route, Via::Datagram, message),
        }
    }

    #[inline(never)]
    fn special_datagram(&mut self, now: Instant, route: Route, message: Message<'_, u32>, arrival: Arrival) {
        match arrival {
            Arrival::Lost => {}
            Arrival::Undeliverable(latency) => {
                let Route { from, life, to } = route;
                let about = About::Datagram;
                self.queue.push(now + latency, Happening::undeliverable(from, life, to, about));
            }
            Arrival::Once(latency) => self.datagram(now + latency, route, message),
            Arrival::Twice(first, second) => {
                self.datagram(now + first, route, message);
                self.datagram(now + second, route, message);
            }
        }
    }

    #[inline(never)]
    fn request(&mut self, now: Instant, route: Route, ticket: Ticket, message: Message<'_, u32>) {
        let parcel = self.parcels.send(Via::Request(ticket), route.life, message);
        self.handshake(now, route, parcel, 0);
    }

    /// Tries to connect for a request; that was tried so often before and not answered.
    pub fn handshake(&mut self, now: Instant, route: Route, parcel: ParcelId, tries: u8) {
        let Route { from, life, to } = route;
        match self.network.request(now, from, to) {
            Connection::Opens { syn, request } => {
                let arrives = now + request;
                self.queue.push(now + syn, Happening::Syn { from, life, to, parcel, arrives });
            }
            Connection::Unanswered => self.again(now, route, parcel, tries + 1),
            Connection::Undeliverable(latency) => {
                if let Via::Request(ticket) = self.forget(parcel) {
                    let about = About::Request(ticket);
                    self.queue.push(now + latency, Happening::undeliverable(from, life, to, about));
                }
            }
            Connection::Lost => drop(self.forget(parcel)),
        }
    }

    /// A SYN found somebody: the request arrives at `arrives`.
    pub fn connected(&mut self, arrives: Instant, from: u32, to: u32, parcel: ParcelId) {
        self.queue.push(arrives, Happening::Parcel { from, to, parcel });
    }

    /// A SYN found nobody.
    pub fn not_connected(&mut self, now: Instant, route: Route, parcel: ParcelId) {
        if let Via::Request(ticket) = self.forget(parcel) {
            self.refuse(now, route, About::Request(ticket));
        }
    }

    /// Plans the next handshake, or gives up.
    fn again(&mut self, now: Instant, route: Route, parcel: ParcelId, tries: u8) {
        let Route { from, life, to } = route;
        match Network::handshake_pause(tries) {
            Some(pause) => self.queue.push(now + pause, Happening::Handshake { from, life, to, parcel, tries }),
            None => drop(self.forget(parcel)),
        }
    }

    /// Frees a message that will not arrive, and returns how it would have travelled.
    pub fn forget(&mut self, parcel: ParcelId) -> Via {
        let Parcel { via, message, .. } = self.parcels.arrive(parcel);
        self.parcels.recycle(message);
        via
    }

    #[inline(never)]
    fn reply(
        &mut self,
        now: Instant,
        route: Route,
        ticket: Ticket,
        message: Message<'_, u32>,
    ) -> Result<(), Box<TransportError>> {
        let Route { from, to, .. } = route;
        let Exchange { asker, life, ticket, .. } =
            self.requests.close(from, ticket).ok_or(TransportError::Unasked { to })?;
        if asker != to {
            return Err(TransportError::WrongAsker { to, asker }.into());
        }
        match self.network.reply(now, from, to) {
            Fate::Arrives(latency) => {
                self.deliver(now + latency, Route { from, life, to }, Via::Response(ticket), message);
            }
            Fate::Undeliverable(latency) => {
                let about = About::Request(ticket);
                self.queue.push(now + latency, Happening::undeliverable(asker, life, from, about));
            }
            Fate::Lost => {}
        }
        Ok(())
    }

    #[inline(never)]
    fn deliver(&mut self, at: Instant, route: Route, via: Via, message: Message<'_, u32>) {
        let Route { from, life, to } = route;
        let parcel = self.parcels.send(via, life, message);
        self.queue.push(at, Happening::Parcel { from, to, parcel });
    }
}

/// A reply that a node must not send.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// A reply without a request, or a second one.
    #[error("a reply to node {to}, which waits for none")]
    Unasked {
        /// To whom.
        to: u32,
    },
    /// A reply to someone else than the one who asked.
    #[error("a reply to node {to} with the ticket of a request from node {asker}")]
    WrongAsker {
        /// To whom.
        to: u32,
        /// Who asked.
        asker: u32,
    },
}

/// After how long a host has read its list of hosts.
pub(crate) const DISCOVERY: Micros = Micros::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Chance, Cut, CutId, Sides, Undeliverable};
    use swim_core::{Changes, Checksum, Incarnation, Kind, Random};

    const ROUTE: Route = Route { from: 0, life: 1, to: 1 };

    /// A request has just gone into a cut.
    fn cut() -> Transport {
        let mut network = Network::new(Random::new(1), "5ms".parse().unwrap(), Chance::NEVER, Undeliverable::Refused);
        network.cut(CutId(0), Cut::between_all(Sides::halves(2).unwrap()));
        let mut transport = Transport::new(network);
        let message = Message {
            kind: Kind::Gossip,
            incarnation: Incarnation::default(),
            checksum: Checksum(0),
            changes: Changes::NONE,
        };
        transport.send(Instant::ZERO, ROUTE, Channel::Request(Ticket(7)), message, 10).unwrap();
        transport
    }

    /// The next handshake: when, and how often it was tried before.
    fn handshake(transport: &mut Transport) -> Option<(Instant, ParcelId, u8)> {
        match transport.queue.pop_before(Instant::NEVER) {
            Some((at, Happening::Handshake { parcel, tries, .. })) => Some((at, parcel, tries)),
            other => {
                assert!(other.is_none(), "{other:?}");
                None
            }
        }
    }

    #[test]
    fn a_request_that_went_into_a_cut_arrives_once_a_later_handshake_finds_it_mended() {
        let mut transport = cut();
        let (at, parcel, tries) = handshake(&mut transport).unwrap();
        assert_eq!((at, tries), (Instant::from_millis(1_000), 1));
        transport.network.mend(CutId(0));
        transport.handshake(at, ROUTE, parcel, tries);
        let (at, what) = transport.queue.pop_before(Instant::NEVER).unwrap();
        assert_eq!(at, Instant::from_millis(1_005));
        let Happening::Syn { from: 0, to: 1, arrives, .. } = what else { panic!("{what:?}") };
        assert_eq!(arrives, Instant::from_millis(1_015));
    }

    #[test]
    fn handshakes_pause_ever_longer_and_are_given_up() {
        let mut transport = cut();
        let mut times = Vec::new();
        while let Some((at, parcel, tries)) = handshake(&mut transport) {
            times.push(at);
            transport.handshake(at, ROUTE, parcel, tries);
        }
        assert_eq!(times, [1_000, 3_000, 7_000].map(Instant::from_millis));
        assert!(transport.parcels.is_empty());
    }
}
