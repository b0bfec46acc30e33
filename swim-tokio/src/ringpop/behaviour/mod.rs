//! What peers of a ringpop cluster rely on, seen as they see it: JSON in, JSON out, one node between.
//!
//! The node is 10.0.0.1:1; every peer is played by the test, at 10.0.0.N:N.

mod dissemination;
mod failure;
mod heal;
mod joining;
mod sync;

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use swim_core::{
    About, Boot, BootstrapOptions, Channel, Command, CommandId, Config, DiscoverId, Effect, Effects, Incarnation,
    Input, Instant, Labels, Message, Micros, Node, Options, Outcome, Seq, StartGossip, Status, Ticket, UnixMillis, Via,
};

use super::digest::digests;
use super::translate::{Call, Endpoint, Words, error_body, refused};

/// When the node was made, by its wall clock.
const WALL: u64 = 1_700_000_000_000;
/// A checksum that no list here has.
const ODD: u32 = 77;

/// A request of the node that is under way.
struct Sent {
    to: SocketAddr,
    ticket: Ticket,
    call: Call,
}

impl Sent {
    fn body(&self) -> Value {
        serde_json::from_slice(&self.call.body).unwrap()
    }

    fn is(&self, endpoint: Endpoint) -> bool {
        self.call.asked.endpoint() == endpoint
    }
}

/// What the node replied to a request: an answer, or an application error.
struct Reply {
    ticket: Ticket,
    body: Result<Vec<u8>, Vec<u8>>,
}

/// One node, and what it did.
struct Bench {
    node: Node<SocketAddr>,
    words: Words,
    now: Instant,
    tickets: u64,
    sent: Vec<Sent>,
    replies: Vec<Reply>,
    discover: Option<DiscoverId>,
    done: Vec<(CommandId, Outcome)>,
}

impl Bench {
    fn new(options: Options) -> Self {
        let words = Words::new(&options, peer(1));
        let boot = Boot { now: Instant::ZERO, wall: UnixMillis(WALL), seed: 7 };
        let node = Node::with_digests(Config::try_from(options).unwrap(), peer(1), boot, digests());
        let (sent, replies, done) = (Vec::new(), Vec::new(), Vec::new());
        Self { node, words, now: Instant::ZERO, tickets: 0, sent, replies, discover: None, done }
    }

    /// A node that knows of `others` more, all alive at incarnation 1, and that has nothing more to tell.
    fn among(others: u16) -> Self {
        Self::with(Options { heal: no_heal(), ..Options::ringpop() }, others)
    }

    fn with(options: Options, others: u16) -> Self {
        let mut bench = Self::new(options);
        bench.bootstrap(StartGossip::OnCommand, &(1..=1 + others).map(peer).collect::<Vec<_>>());
        let list: Vec<Value> = (2..2 + others).map(|number| change(number, "alive", 1)).collect();
        for join in bench.take(Endpoint::Join) {
            bench.answer(&join, &json!({ "membership": list }));
        }
        assert!(bench.node.is_ready());
        bench.drain();
        bench
    }

    /// Pings from one that is not listed, until nothing is pending.
    fn drain(&mut self) {
        while self.node.has_changes() {
            let checksum = self.node.checksum().0;
            self.ask(Endpoint::Ping, &json!({ "source": "10.0.9.9:9", "checksum": checksum })).unwrap();
        }
    }

    fn bootstrap(&mut self, gossip: StartGossip, hosts: &[SocketAddr]) {
        self.command(1, Command::Bootstrap(BootstrapOptions { gossip }));
        self.hosts(hosts);
    }

    fn hosts(&mut self, hosts: &[SocketAddr]) {
        let id = self.discover.take().expect("it asks for hosts");
        self.handle(Input::Hosts { id, result: Ok(hosts) });
    }

    fn command(&mut self, id: u64, command: Command<'_, SocketAddr>) {
        self.handle(Input::Command { id: CommandId(id), command });
    }

    fn outcome(&self, id: u64) -> Option<Outcome> {
        self.done.iter().find(|(done, _)| *done == CommandId(id)).map(|(_, outcome)| *outcome)
    }

    fn handle(&mut self, input: Input<'_, SocketAddr>) {
        let mut effects = Effects::new();
        self.node.handle(self.now, input, &mut effects);
        self.node.check();
        for effect in effects.iter() {
            match effect {
                Effect::Send { to, channel: Channel::Request(ticket), message } => {
                    let own = self.node.member(peer(1)).map_or(Labels::NONE, |member| member.labels);
                    let call = self.words.request(ticket, &message, own).expect("ringpop can be asked for it");
                    self.sent.push(Sent { to, ticket, call });
                }
                Effect::Send { channel: Channel::Reply(ticket), message, .. } => {
                    self.replies.push(Reply { ticket, body: self.words.reply(&message) });
                }
                Effect::Send { channel: Channel::Datagram, .. } => panic!("ringpop has no datagrams: {effect:?}"),
                Effect::Discover(id) => self.discover = Some(id),
                Effect::CommandDone { id, outcome } => self.done.push((id, outcome)),
                Effect::Event(_) | Effect::Wake(_) => {}
            }
        }
    }

    /// A peer calls; the reply comes at once.
    fn ask(&mut self, endpoint: Endpoint, body: &Value) -> Result<Value, Value> {
        let ticket = self.call(endpoint, body)?;
        self.reply_to(ticket).expect("it answers at once")
    }

    /// A peer calls, and may have to wait.
    fn call(&mut self, endpoint: Endpoint, body: &Value) -> Result<Ticket, Value> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let request = self.words.asked(endpoint, body.to_string().as_bytes(), Seq(ticket.0 as u32));
        let request = request.map_err(|error| json_of(&error_body(&error)))?;
        assert_eq!(request.dropped.total(), 0, "{body}");
        let message = request.message.as_message();
        self.handle(Input::Message { from: request.from, via: Via::Request(ticket), message });
        Ok(ticket)
    }

    fn reply_to(&mut self, ticket: Ticket) -> Option<Result<Value, Value>> {
        let at = self.replies.iter().position(|reply| reply.ticket == ticket)?;
        let reply = self.replies.swap_remove(at).body;
        Some(reply.map(|body| json_of(&body)).map_err(|body| json_of(&body)))
    }

    /// A peer pings with these changes, and the checksum that the node has.
    fn ping(&mut self, from: u16, changes: &[Value]) -> Value {
        let checksum = self.node.checksum().0;
        self.ping_with(from, checksum, changes)
    }

    fn ping_with(&mut self, from: u16, checksum: u32, changes: &[Value]) -> Value {
        let source = peer(from).to_string();
        let body = json!({ "changes": changes, "checksum": checksum, "source": source, "sourceIncarnationNumber": 1 });
        self.ask(Endpoint::Ping, &body).expect("a ping is answered")
    }

    fn answer(&mut self, sent: &Sent, body: &Value) {
        let answer = self.words.answered(sent.call.asked, body.to_string().as_bytes()).unwrap();
        self.respond(sent, answer.message.as_message());
    }

    /// An application error.
    fn refuse(&mut self, sent: &Sent, text: &str) {
        let error = refused(json!({ "type": "error", "message": text }).to_string().as_bytes());
        self.respond(sent, error.as_message());
    }

    fn respond(&mut self, sent: &Sent, message: Message<'_, SocketAddr>) {
        self.handle(Input::Message { from: sent.to, via: Via::Response(sent.ticket), message });
    }

    /// The connection is refused, or breaks.
    fn fail(&mut self, sent: &Sent) {
        self.handle(Input::Undeliverable { to: sent.to, about: About::Request(sent.ticket) });
    }

    /// Lets time pass, timer by timer.
    fn run(&mut self, span: Duration) {
        let end = self.now + Micros::from(span);
        while let Some(at) = self.node.next_deadline().filter(|&at| at <= end) {
            self.now = at.max(self.now);
            self.handle(Input::Tick);
        }
        self.now = end;
    }

    fn take(&mut self, endpoint: Endpoint) -> Vec<Sent> {
        let (taken, rest) = std::mem::take(&mut self.sent).into_iter().partition(|sent| sent.is(endpoint));
        self.sent = rest;
        taken
    }

    fn count(&self, endpoint: Endpoint) -> usize {
        self.sent.iter().filter(|sent| sent.is(endpoint)).count()
    }

    /// Starts a round, and returns its ping.
    fn tick(&mut self) -> Sent {
        self.command(99, Command::GossipTick);
        let mut pings = self.take(Endpoint::Ping);
        assert_eq!(pings.len(), 1);
        pings.pop().unwrap()
    }

    fn status(&self, number: u16) -> Option<Status> {
        self.node.member(peer(number)).map(|member| member.status)
    }

    fn incarnation(&self, number: u16) -> Option<u64> {
        self.node.member(peer(number)).map(|member| Incarnation::get(member.incarnation))
    }
}

fn peer(number: u16) -> SocketAddr {
    ([10, 0, (number >> 8) as u8, number as u8], number).into()
}

/// What a member says of itself.
fn change(number: u16, status: &str, incarnation: u64) -> Value {
    said(number, incarnation, number, status, incarnation)
}

fn said(source: u16, source_incarnation: u64, number: u16, status: &str, incarnation: u64) -> Value {
    json!({
        "source": peer(source).to_string(),
        "sourceIncarnationNumber": source_incarnation,
        "address": peer(number).to_string(),
        "incarnationNumber": incarnation,
        "status": status,
    })
}

/// Of whom the changes of a body are.
fn subjects(body: &Value) -> Vec<String> {
    let list = body.get("changes").or(body.get("membership")).and_then(Value::as_array).expect("it has changes");
    list.iter().map(|change| change["address"].as_str().unwrap().to_owned()).collect()
}

fn named(numbers: impl IntoIterator<Item = u16>) -> Vec<String> {
    numbers.into_iter().map(|number| peer(number).to_string()).collect()
}

fn about(body: &Value, number: u16) -> Option<Value> {
    let list = body.get("changes").or(body.get("membership"))?.as_array()?;
    list.iter().find(|change| change["address"] == peer(number).to_string()).cloned()
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

fn no_heal() -> swim_core::HealOptions {
    swim_core::HealOptions { period: None, ..Options::ringpop().heal }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
