//! swim-core's own wire: datagrams by UDP and streams by TCP on one port, sealed.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use swim_core::{About, Channel, Config, Input, Kind, Message, RefusedReason, Ticket, Via, wire};
use tokio::io::Ready;
use tokio::net::TcpStream;

use super::scratch::Scratch;
use super::twin::{LOOK, Twin};
use super::wire::Wire;
use super::{Driver, Ended, longest_exchange};
use crate::error::SeedFailure;
use crate::shared::Fixed;
use crate::stats::TransportCounters;
use crate::transport::datagrams::{Datagrams, Outbox};
use crate::transport::limits::StreamLimits;
use crate::transport::listener::Listener;
use crate::transport::open::Sockets;
use crate::transport::seal::Seal;
use crate::transport::streams::{Finished, Streams, Useless, Waiting};

/// The sockets of a node, and all that belongs to them.
pub(crate) struct Native {
    datagrams: Datagrams,
    listener: Listener,
    streams: Streams,
    /// Streams on which others wait for this node's answer.
    waiting: BTreeMap<Ticket, Waiting>,
    next_ticket: u64,
    seal: Arc<Seal>,
    frames: wire::Limits,
    longest_datagram: usize,
    twin: Twin,
}

/// What has come.
pub(crate) enum Arrival {
    Datagrams(io::Result<Ready>),
    Accepted(TcpStream, SocketAddr),
}

impl Native {
    /// `number` is known to nobody else.
    pub(crate) fn new(sockets: Sockets, seal: Seal, config: &Config, limits: StreamLimits, number: u32) -> Self {
        let Sockets { udp, tcp, bound } = sockets;
        let options = config.options();
        let seal = Arc::new(seal);
        // The core knows what its own datagrams may hold. An envelope of another's is shorter or longer, and the frame in it may
        // be longer or shorter.
        let longest_frame = options.datagram_max.map_or(DATAGRAM_MAX, |max| max as usize);
        let longest_datagram = (longest_frame + seal.envelope().len()).min(DATAGRAM_MAX);
        let stream_frames = wire::Limits::stream(options.members_max as usize);
        Self {
            datagrams: Datagrams::new(udp, bound),
            listener: Listener::new(tcp),
            streams: Streams::new(bound, Arc::clone(&seal), stream_frames, limits, longest_exchange(options)),
            waiting: BTreeMap::new(),
            next_ticket: 0,
            seal,
            frames: wire::Limits::datagram(longest_datagram - ENVELOPE_MIN),
            longest_datagram,
            twin: Twin::new(number),
        }
    }
}

impl Wire for Native {
    type Arrival = Arrival;
    type Finished = Finished;

    async fn arrival(&mut self) -> Arrival {
        let has_room = self.streams.has_room();
        tokio::select! {
            ready = self.datagrams.ready() => Arrival::Datagrams(ready),
            (stream, source) = self.listener.accept(), if has_room => Arrival::Accepted(stream, source),
        }
    }

    fn started(driver: &mut Driver<Self>) {
        driver.look_for_twin();
    }

    fn arrived(driver: &mut Driver<Self>, arrival: Arrival, scratch: &mut Scratch) {
        match arrival {
            Arrival::Datagrams(ready) => driver.datagrams(ready, scratch),
            Arrival::Accepted(stream, source) => driver.accepted(stream, source),
        }
    }

    fn finished(driver: &mut Driver<Self>, finished: Finished, scratch: &mut Scratch) {
        driver.stream_finished(finished, scratch);
    }

    fn send(
        driver: &mut Driver<Self>,
        to: SocketAddr,
        channel: Channel,
        message: &Message<'_, SocketAddr>,
        outbox: &mut Outbox,
    ) {
        match channel {
            Channel::Datagram => outbox.add(to, |bytes| driver.wire.seal.close(message, bytes)),
            Channel::Request(ticket) => driver.ask(ticket, to, message),
            Channel::Reply(ticket) => driver.reply(ticket, message),
        }
    }

    fn forget(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
    }

    fn flush(&mut self, outbox: &mut Outbox, counters: &mut TransportCounters, undelivered: &mut Vec<SocketAddr>) {
        if !outbox.is_empty() {
            self.datagrams.send(outbox, counters, undelivered);
        }
    }
}

impl Driver<Native> {
    /// The socket for datagrams has something.
    fn datagrams(&mut self, ready: io::Result<Ready>, scratch: &mut Scratch) {
        let ready = match ready {
            Ok(ready) => ready,
            Err(error) => {
                tracing::error!(target: "swim", %error, "the socket for datagrams fails");
                return;
            }
        };
        if ready.is_error() {
            self.wire.datagrams.errors(&mut scratch.undelivered);
        }
        if ready.is_writable() {
            self.wire.datagrams.send_backlog(&mut self.counters, &mut scratch.undelivered);
        }
        if !ready.is_readable() {
            return;
        }
        let Scratch { inbox, list, undelivered, caused } = scratch;
        inbox.fit(self.wire.longest_datagram);
        self.wire.datagrams.receive(inbox, undelivered);
        for at in 0..inbox.len() {
            let (source, bytes) = inbox.datagram(at);
            self.counters.datagrams_received += 1;
            self.counters.datagram_bytes_received += bytes.len() as u64;
            let Some(opened) = self.wire.seal.open(bytes) else {
                self.useless(source, Useless::Malformed);
                continue;
            };
            match wire::decode(self.wire.seal.cluster(), self.wire.frames, opened.frame, list) {
                Ok(message) => {
                    if self.is_heard(opened.from, source) {
                        self.input(Input::Message { from: opened.from, via: Via::Datagram, message }, caused);
                    }
                }
                Err(wire::DecodeError::OtherCluster { .. }) => self.useless(source, Useless::OtherCluster),
                Err(_) => self.useless(source, Useless::Malformed),
            }
        }
    }

    /// Asks whoever listens at this node's address; see `twin.rs`.
    fn look_for_twin(&mut self) {
        let request = self.wire.seal.close_for_stream(&self.wire.twin.message());
        if let Some(exchange) = self.wire.streams.ask(LOOK, self.shared.fixed.local, request) {
            self.tasks.spawn(async move { Ended::Wire(Box::new(exchange.await)) });
        }
    }

    /// Bytes came that are no message of this cluster's. They are counted; the first of a kind is logged.
    fn useless(&mut self, source: SocketAddr, why: Useless) {
        let (counter, text) = match why {
            Useless::OtherCluster => (
                &mut self.counters.other_cluster,
                "another cluster speaks to this port; take this node out of the other's hosts, or give both one name",
            ),
            Useless::Malformed => (&mut self.counters.malformed, "what came to this port is no message"),
            Useless::TooSlow | Useless::TooLong | Useless::Broken => {
                (&mut self.counters.streams_cut, "a stream was cut, or ended before its message did")
            }
        };
        *counter += 1;
        if *counter == 1 {
            let Fixed { local, cluster, .. } = &self.shared.fixed;
            tracing::warn!(target: "swim", %local, %cluster, %source, ?why, "{text}");
        }
    }

    /// Another has opened a stream.
    fn accepted(&mut self, stream: TcpStream, source: SocketAddr) {
        match self.wire.streams.serve(stream, source) {
            Some(request) => {
                self.tasks.spawn(async move { Ended::Wire(Box::new(request.await)) });
            }
            None => self.counters.streams_turned_away += 1,
        }
    }

    /// A stream has come to something.
    fn stream_finished(&mut self, finished: Finished, scratch: &mut Scratch) {
        match finished {
            Finished::Asked { message, .. } if self.wire.twin.is_own(message.as_message().kind) => {}
            Finished::Answered { ticket: LOOK, to, .. } => self.met_twin(to),
            Finished::Failed { ticket: LOOK, to, failure } => {
                if failure == SeedFailure::OtherCluster {
                    self.met_twin(to);
                }
            }
            Finished::Asked { waiting, from, message } => {
                if !self.is_heard(from, waiting.source()) {
                    return;
                }
                self.counters.requests_received += 1;
                self.wire.next_ticket += 1;
                let ticket = Ticket(self.wire.next_ticket);
                self.wire.waiting.insert(ticket, waiting);
                self.hear(from, Via::Request(ticket), message, scratch);
            }
            Finished::Useless { source, why } => self.useless(source, why),
            Finished::Replied => {}
            Finished::Answered { ticket, to, from, message, held: _held } => {
                if self.is_filtered(to) {
                    return;
                }
                let kind = message.as_message().kind;
                self.shared.lock().joining.answered(to, &kind);
                if matches!(kind, Kind::Refused { reason: RefusedReason::Oneself }) {
                    self.met_twin(to);
                }
                // A host may be asked by another address than it advertises, as behind a proxy: what it was asked
                // for it answers under the name by which it was asked. An ack is proof of life of nobody else.
                let from = if matches!(kind, Kind::Ack { .. } | Kind::PingReqAnswer { .. }) { from } else { to };
                self.hear(from, Via::Response(ticket), message, scratch);
            }
            Finished::Failed { ticket, to, failure } => {
                self.counters.requests_failed += 1;
                self.shared.lock().joining.failed(to, failure);
                self.input(Input::Undeliverable { to, about: About::Request(ticket) }, &mut scratch.caused);
            }
        }
    }

    fn ask(&mut self, ticket: Ticket, to: SocketAddr, message: &Message<'_, SocketAddr>) {
        self.counters.requests_sent += 1;
        match self.wire.streams.ask(ticket, to, self.wire.seal.close_for_stream(message)) {
            Some(exchange) => {
                self.tasks.spawn(async move { Ended::Wire(Box::new(exchange.await)) });
            }
            None => self.not_sent(to, ticket),
        }
    }

    fn reply(&mut self, ticket: Ticket, message: &Message<'_, SocketAddr>) {
        if let Some(waiting) = self.wire.waiting.remove(&ticket) {
            let reply = waiting.reply(message);
            self.tasks.spawn(async move { Ended::Wire(Box::new(reply.await)) });
        }
    }
}

/// The fewest bytes that go before a frame: an IPv4 address and what is around it.
const ENVELOPE_MIN: usize = 12;
/// The longest datagram that there is, in bytes.
const DATAGRAM_MAX: usize = 65_507;
