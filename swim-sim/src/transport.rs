//! How what one node sends becomes what another receives: the queue, the network, and what is under way.

use swim_core::{About, Channel, Instant, Message, Micros, Ticket, Via};

use crate::happening::{Happening, Note};
use crate::network::{Arrival, Fate, Network, Sent};
use crate::parcels::Parcels;
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
        let Route { from, life, to } = route;
        match self.network.request(now, from, to) {
            Fate::Arrives(latency) => self.deliver(now + latency, route, Via::Request(ticket), message),
            Fate::Undeliverable(latency) => {
                let about = About::Request(ticket);
                self.queue.push(now + latency, Happening::undeliverable(from, life, to, about));
            }
            Fate::Lost => {}
        }
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
