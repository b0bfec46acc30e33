//! ringpop's wire: the node's messages as calls with JSON bodies, on connections that both sides use.
//!
//! ```text
//!   /protocol/..  Called ─> Message by Via::Request ─> Node ─> Channel::Reply ─> answer
//!   /admin/..     Called ─> a command of the node, or a question (`admin.rs`) ─> answer
//!   Node ─> Channel::Request ─> call ... Answered ─> Message by Via::Response; Failed ─> Input::Undeliverable
//! ```

use std::collections::BTreeMap;
use std::net::SocketAddr;

use swim_core::{About, Channel, Input, Message, Options, Seq, Ticket, Via};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::admin::Ended;
use super::body::BodyError;
use super::follow::Ring;
use super::link::{Answer, Fault, LinkId, News, Order};
use super::links::Links;
use super::tchannel::{CallError, Identity};
use super::translate::{Asked, Call, Endpoint, Request, Words, error_body, refused};
use crate::driver::clock::Clock;
use crate::driver::scratch::Scratch;
use crate::driver::wire::Wire;
use crate::driver::{Driver, Ended as TaskEnded};
use crate::error::SeedFailure;
use crate::stats::TransportCounters;
use crate::transport::datagrams::Outbox;
use crate::transport::limits::StreamLimits;
use crate::transport::listener::Listener;

/// What speaks to ringpop's processes.
pub(crate) struct Ringpop {
    listener: Listener,
    pub(super) links: Links,
    news: mpsc::Receiver<(LinkId, News)>,
    words: Words,
    /// What this node has asked, until it is answered.
    asked: BTreeMap<Ticket, (SocketAddr, Asked)>,
    /// What others have asked, until the node answers.
    waiting: BTreeMap<Ticket, Waiting>,
    next_ticket: u64,
    pub(super) ring: Ring,
}

/// A call of another's that the node is to answer.
struct Waiting {
    link: LinkId,
    id: u32,
}

/// What has come.
pub(crate) enum Arrival {
    Accepted(TcpStream, SocketAddr),
    News(LinkId, News),
}

impl Ringpop {
    pub(crate) fn new(
        listener: TcpListener,
        (bound, local): (SocketAddr, SocketAddr),
        clock: Clock,
        options: &Options,
        limits: StreamLimits,
        ring: Ring,
    ) -> Self {
        let identity = Identity { host_port: local.to_string(), process_name: PROCESS.into() };
        let (links, news) = Links::new(identity, bound, clock, limits);
        Self {
            listener: Listener::new(listener),
            links,
            news,
            words: Words::new(options, local),
            asked: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next_ticket: 0,
            ring,
        }
    }
}

impl Wire for Ringpop {
    type Arrival = Arrival;
    type Finished = Ended;

    async fn arrival(&mut self) -> Arrival {
        let has_room = self.links.has_room();
        tokio::select! {
            Some((link, news)) = self.news.recv() => Arrival::News(link, news),
            (stream, source) = self.listener.accept(), if has_room => Arrival::Accepted(stream, source),
        }
    }

    fn started(_: &mut Driver<Self>) {}

    fn arrived(driver: &mut Driver<Self>, arrival: Arrival, scratch: &mut Scratch) {
        match arrival {
            Arrival::News(link, news) => driver.news(link, news, scratch),
            Arrival::Accepted(stream, source) => match driver.wire.links.accept(stream, source) {
                Some(task) => driver.spawn_link(task),
                None => driver.counters.streams_turned_away += 1,
            },
        }
    }

    fn finished(driver: &mut Driver<Self>, finished: Ended, scratch: &mut Scratch) {
        driver.admin_ended(finished, scratch);
    }

    fn send(
        driver: &mut Driver<Self>,
        to: SocketAddr,
        channel: Channel,
        message: &Message<'_, SocketAddr>,
        _: &mut Outbox,
    ) {
        match channel {
            Channel::Request(ticket) => driver.call(ticket, to, message),
            Channel::Reply(ticket) => driver.answer_node(ticket, message),
            // The ringpop preset has no datagrams.
            Channel::Datagram => {}
        }
    }

    fn forget(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
    }

    fn flush(&mut self, _: &mut Outbox, _: &mut TransportCounters, _: &mut Vec<SocketAddr>) {}
}

impl Driver<Ringpop> {
    fn spawn_link(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async move {
            task.await;
            TaskEnded::Wire(Box::new(Ended::Link))
        });
    }

    /// The node asks another something.
    fn call(&mut self, ticket: Ticket, to: SocketAddr, message: &Message<'_, SocketAddr>) {
        self.counters.requests_sent += 1;
        let call = {
            let state = self.shared.lock();
            let labels = state.node.member(self.shared.fixed.local).map(|member| member.labels);
            self.wire.words.request(ticket, message, labels.unwrap_or_default())
        };
        let Some(Call { ttl, body, asked }) = call else {
            self.not_sent(to, ticket);
            return;
        };
        let order = Order::Call { ticket, endpoint: asked.endpoint().path(), body, ttl };
        match self.wire.links.call(to, order) {
            Ok(task) => {
                self.wire.asked.insert(ticket, (to, asked));
                if let Some(task) = task {
                    self.spawn_link(task);
                }
            }
            Err(_) => self.not_sent(to, ticket),
        }
    }

    /// The node answers another.
    fn answer_node(&mut self, ticket: Ticket, message: &Message<'_, SocketAddr>) {
        if let Some(Waiting { link, id }) = self.wire.waiting.remove(&ticket) {
            let answer = match self.wire.words.reply(message) {
                Ok(body) => Answer::Done(body),
                Err(body) => Answer::Failed(body),
            };
            self.answer(link, id, answer);
        }
    }

    pub(super) fn answer(&mut self, link: LinkId, id: u32, answer: Answer) {
        self.wire.links.answer(link, id, answer);
    }

    fn news(&mut self, link: LinkId, news: News, scratch: &mut Scratch) {
        match news {
            News::Ready { host_port } => self.wire.links.ready(link, &host_port),
            // What is held of the body is given back at the end of the turn.
            News::Called { id, endpoint, body, held: _held } => match Endpoint::from_path(&endpoint) {
                Some(endpoint) => self.called(link, id, endpoint, &body, scratch),
                None => self.admin(link, id, &endpoint, &body, scratch),
            },
            News::Answered { ticket, result, held: _held } => self.answered(ticket, result, scratch),
            News::Failed { ticket, failure } => self.call_failed(ticket, failure, scratch),
            News::Useless(count) => self.useless_frames(count),
            News::Closed(fault) => {
                self.counters.streams_cut += u64::from(fault == Fault::Peer);
                self.wire.links.closed(link);
            }
        }
    }

    /// Frames or bodies came that are of no use. They are counted; the first is logged.
    fn useless_frames(&mut self, count: u64) {
        if self.counters.malformed == 0 {
            let local = self.shared.fixed.local;
            tracing::warn!(target: "swim", %local, "what came to this port is no call of ringpop's");
        }
        self.counters.malformed += count;
    }

    /// Another asks the node something.
    fn called(&mut self, link: LinkId, id: u32, endpoint: Endpoint, body: &[u8], scratch: &mut Scratch) {
        let wire = &mut self.wire;
        wire.next_ticket += 1;
        let ticket = Ticket(wire.next_ticket);
        match wire.words.asked(endpoint, body, Seq(ticket.0 as u32)) {
            Ok(Request { from, message, dropped }) => {
                self.counters.changes_unread += u64::from(dropped.total());
                if !self.is_heard(from, from) {
                    return;
                }
                self.counters.requests_received += 1;
                self.wire.waiting.insert(ticket, Waiting { link, id });
                self.hear(from, Via::Request(ticket), message, scratch);
            }
            Err(error) => {
                match error {
                    BodyError::OtherApp(_) => self.counters.other_cluster += 1,
                    _ => self.useless_frames(1),
                }
                self.answer(link, id, Answer::Failed(error_body(&error)));
            }
        }
    }

    /// A call of the node's was answered.
    fn answered(&mut self, ticket: Ticket, result: Result<Vec<u8>, CallError>, scratch: &mut Scratch) {
        let Some((to, asked)) = self.wire.asked.remove(&ticket) else { return };
        if self.is_filtered(to) {
            return;
        }
        let message = match result {
            Ok(body) => self.wire.words.answered(asked, &body).map(|heard| {
                self.counters.changes_unread += u64::from(heard.dropped.total());
                heard.message
            }),
            Err(CallError::Application(body)) => Ok(refused(&body)),
            Err(_) => {
                self.fail(ticket, to, SeedFailure::Nonsense, scratch);
                return;
            }
        };
        match message {
            Ok(message) => {
                self.shared.lock().joining.answered(to, &message.as_message().kind);
                self.hear(to, Via::Response(ticket), message, scratch);
            }
            Err(_) => {
                self.useless_frames(1);
                self.fail(ticket, to, SeedFailure::Nonsense, scratch);
            }
        }
    }

    fn call_failed(&mut self, ticket: Ticket, failure: SeedFailure, scratch: &mut Scratch) {
        if let Some((to, _)) = self.wire.asked.remove(&ticket) {
            self.fail(ticket, to, failure, scratch);
        }
    }

    fn fail(&mut self, ticket: Ticket, to: SocketAddr, failure: SeedFailure, scratch: &mut Scratch) {
        self.counters.requests_failed += 1;
        self.shared.lock().joining.failed(to, failure);
        self.input(Input::Undeliverable { to, about: About::Request(ticket) }, &mut scratch.caused);
    }
}

/// What the process calls itself in its handshakes.
const PROCESS: &str = concat!("swim-tokio/", env!("CARGO_PKG_VERSION"));
