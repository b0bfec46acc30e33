//! Turns what woke the task into inputs of the node.

use std::io;
use std::net::SocketAddr;

use swim_core::{
    About, Command, CommandId, DiscoverFailed, DiscoverId, Input, Kind, Message, OwnedMessage, RefusedReason, Ticket,
    Via, wire,
};
use tokio::io::Ready;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::effects::Chain;
use super::scratch::{Keep, LONG, Scratch};
use super::twin::LOOK;
use super::{Accepting, Driver, Ended};
use crate::error::{DiscoverError, SeedFailure};
use crate::request::Wanted;
use crate::shared::{Fixed, JoinState};
use crate::transport::streams::{Finished, Useless};

impl Driver {
    /// A handle, or the start, wants something done.
    pub(super) fn command(
        &mut self,
        wanted: &Wanted,
        done: oneshot::Sender<swim_core::Outcome>,
        scratch: &mut Scratch,
    ) {
        let id = self.next_command();
        self.commands.insert(id, done);
        if matches!(wanted, Wanted::Bootstrap(_)) && self.may_join() {
            self.joining.start(id);
            self.shared.lock().join = JoinState::Joining;
        }
        self.input(Input::Command { id, command: wanted.as_command() }, &mut scratch.caused);
    }

    fn next_command(&mut self) -> CommandId {
        self.next_command += 1;
        CommandId(self.next_command)
    }

    /// Whether a bootstrap starts a new attempt: at the start, and after one that failed.
    fn may_join(&self) -> bool {
        self.joining.command.is_none() && !matches!(self.shared.lock().join, JoinState::Joined(_))
    }

    /// The node stops for good. Whoever waits for the end of a command hears of it.
    pub(super) fn destroy(&mut self, scratch: &mut Scratch) {
        let id = self.next_command();
        self.input(Input::Command { id, command: Command::Destroy }, &mut scratch.caused);
        self.finish(scratch);
    }

    /// The node's time has come.
    pub(super) fn tick(&mut self, scratch: &mut Scratch) {
        self.accepting = Accepting::Yes;
        let now = self.clock.now();
        if let Some(wall) = self.clock.jump(now) {
            tracing::warn!(target: "swim", millis = wall.0, "the wall clock was set anew, or the machine slept");
            self.input(Input::Wall(wall), &mut scratch.caused);
        }
        self.input(Input::Tick, &mut scratch.caused);
        if self.report.is_due(now) {
            let numbers = self.shared.numbers();
            self.report.publish(now, &numbers);
        }
    }

    /// The socket for datagrams has something.
    pub(super) fn datagrams(&mut self, ready: io::Result<Ready>, scratch: &mut Scratch) {
        let ready = match ready {
            Ok(ready) => ready,
            Err(error) => {
                tracing::error!(target: "swim", %error, "the socket for datagrams fails");
                return;
            }
        };
        if ready.is_error() {
            self.datagrams.errors(&mut scratch.undelivered);
        }
        if ready.is_writable() {
            self.datagrams.send_backlog(&mut self.counters, &mut scratch.undelivered);
        }
        if !ready.is_readable() {
            return;
        }
        let Scratch { inbox, list, undelivered, caused } = scratch;
        inbox.fit(self.longest_datagram);
        self.datagrams.receive(inbox, undelivered);
        for at in 0..inbox.len() {
            let (source, bytes) = inbox.datagram(at);
            self.counters.datagrams_received += 1;
            self.counters.datagram_bytes_received += bytes.len() as u64;
            let Some(opened) = self.seal.open(bytes) else {
                self.useless(source, Useless::Malformed);
                continue;
            };
            match wire::decode(self.seal.cluster(), self.frames, opened.frame, list) {
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

    /// Whether a message is given to the node: not where it is filtered. Notices who has this node's address.
    fn is_heard(&mut self, from: SocketAddr, source: SocketAddr) -> bool {
        if self.is_filtered(from) {
            return false;
        }
        if from == self.shared.fixed.local {
            self.met_twin(source);
        }
        true
    }

    /// Asks whoever listens at this node's address; see `twin.rs`.
    pub(super) fn look_for_twin(&mut self) {
        let request = self.seal.close_for_stream(&self.twin.message());
        if let Some(exchange) = self.streams.ask(LOOK, self.shared.fixed.local, request) {
            self.tasks.spawn(async move { Ended::Stream(Box::new(exchange.await)) });
        }
    }

    /// Another agent uses this node's address, and speaks from `source`.
    fn met_twin(&mut self, source: SocketAddr) {
        if self.counters.own_address == 0 {
            tracing::error!(
                target: "swim", address = %self.shared.fixed.local, %source,
                "another agent uses this node's address; give each agent an address of its own"
            );
        }
        self.counters.own_address += 1;
        self.joining.met_twin(source);
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
    pub(super) fn accepted(&mut self, stream: TcpStream, source: SocketAddr) {
        match self.streams.serve(stream, source) {
            Some(request) => {
                self.tasks.spawn(async move { Ended::Stream(Box::new(request.await)) });
            }
            None => self.counters.streams_turned_away += 1,
        }
    }

    /// A stream has come to something.
    pub(super) fn finished(&mut self, finished: Finished, scratch: &mut Scratch) {
        match finished {
            Finished::Asked { message, .. } if self.twin.is_own(message.as_message().kind) => {}
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
                self.next_ticket += 1;
                let ticket = Ticket(self.next_ticket);
                self.waiting.insert(ticket, waiting);
                self.hear(from, Via::Request(ticket), message, scratch);
            }
            Finished::Useless { source, why } => self.useless(source, why),
            Finished::Replied => {}
            Finished::Answered { ticket, to, from, message } => {
                if self.is_filtered(to) {
                    return;
                }
                let kind = message.as_message().kind;
                self.joining.answered(to);
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
                self.joining.failed(to, failure);
                self.input(Input::Undeliverable { to, about: About::Request(ticket) }, &mut scratch.caused);
            }
        }
    }

    fn hear(&mut self, from: SocketAddr, via: Via, message: OwnedMessage<SocketAddr>, scratch: &mut Scratch) {
        let message: Message<'_, SocketAddr> = message.as_message();
        if message.changes.len() > LONG {
            scratch.caused.keep = Keep::No;
        }
        self.input(Input::Message { from, via, message }, &mut scratch.caused);
    }

    /// A discovery has ended.
    pub(super) fn hosts(
        &mut self,
        id: DiscoverId,
        found: Result<Vec<SocketAddr>, DiscoverError>,
        scratch: &mut Scratch,
    ) {
        let result = match found {
            Ok(hosts) => {
                self.joining.discovered(None);
                let plain = hosts.into_iter().map(crate::transport::address::plain);
                Ok(plain.chain(self.remembered.iter().copied()).collect::<Vec<_>>())
            }
            Err(error) => {
                tracing::warn!(target: "swim", local = %self.shared.fixed.local, error = %Chain(&error), "hosts could not be found");
                self.joining.discovered(Some(error));
                // What is remembered helps even then.
                if self.remembered.is_empty() { Err(DiscoverFailed) } else { Ok(self.remembered.clone()) }
            }
        };
        let result = result.as_deref().map_err(|failed| *failed);
        self.input(Input::Hosts { id, result }, &mut scratch.caused);
    }
}
