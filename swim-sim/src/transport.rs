//! How what one node sends becomes what another receives: the queue, the network, and what is under way.

use swim_core::{Channel, Instant, Message, Micros, Ticket, Via};

use crate::happening::{Happening, Note};
use crate::network::{Fate, Network};
use crate::parcels::Parcels;
use crate::queue::Queue;
use crate::requests::Requests;
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

    /// `from` sends `message`, which takes `size` bytes, at `now`.
    ///
    /// # Errors
    /// When it is a reply to nothing that `from` was asked.
    #[inline(always)]
    pub fn send(
        &mut self,
        now: Instant,
        (from, to): (u32, u32),
        channel: Channel,
        message: Message<'_, u32>,
        size: usize,
    ) -> Result<(), Box<TransportError>> {
        self.traffic.sent(size as u64, message.changes.len());
        match channel {
            Channel::Datagram => {
                if let Some(latency) = self.network.datagram(from, to) {
                    match Note::of(&message) {
                        Some(note) => self.queue.push(now + latency, Happening::Note { from, to, note }),
                        None => self.deliver(now + latency, (from, to), Via::Datagram, message),
                    }
                }
                Ok(())
            }
            Channel::Request(ticket) => {
                self.request(now, (from, to), ticket, message);
                Ok(())
            }
            Channel::Reply(ticket) => self.reply(now, (from, to), ticket, message),
        }
    }

    /// The connection that `from` asked for is refused, because nobody runs at `to`.
    pub fn refuse(&mut self, now: Instant, (from, to): (u32, u32), ticket: Ticket) {
        if let Some(latency) = self.network.refusal(to, from) {
            self.queue.push(now + latency, Happening::Undeliverable { from, to, ticket });
        }
    }

    #[inline(never)]
    fn request(&mut self, now: Instant, (from, to): (u32, u32), ticket: Ticket, message: Message<'_, u32>) {
        match self.network.request(from, to) {
            Fate::Arrives(latency) => self.deliver(now + latency, (from, to), Via::Request(ticket), message),
            Fate::Undeliverable(latency) => {
                self.queue.push(now + latency, Happening::Undeliverable { from, to, ticket });
            }
            Fate::Lost => {}
        }
    }

    #[inline(never)]
    fn reply(
        &mut self,
        now: Instant,
        (from, to): (u32, u32),
        ticket: Ticket,
        message: Message<'_, u32>,
    ) -> Result<(), Box<TransportError>> {
        let exchange = self.requests.close(from, ticket).ok_or(TransportError::Unasked { to })?;
        if exchange.asker != to {
            return Err(TransportError::WrongAsker { to, asker: exchange.asker }.into());
        }
        if let Some(latency) = self.network.reply(from, to) {
            self.deliver(now + latency, (from, to), Via::Response(exchange.ticket), message);
        }
        Ok(())
    }

    #[inline(never)]
    fn deliver(&mut self, at: Instant, (from, to): (u32, u32), via: Via, message: Message<'_, u32>) {
        let parcel = self.parcels.send(via, message);
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
