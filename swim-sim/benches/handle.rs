//! One input at a node that knows 1000 members, ours and foca's: messages as values on our side, foca with the cheapest
//! codec there is. Prints ratios.

mod common;

use bytes::BufMut;
use common::peer::{Name, Peer, Plain, peer};
use common::{Target, shortest, verdict};
use foca::{Codec, Header, Member, Message as PeerMessage, Notification, Runtime, State, Timer};
use swim_core::{
    Boot, BootstrapOptions, Change, ChangeList, Changes, Checksum, Command, CommandId, Config, Effect, Effects,
    EventMask, Incarnation, Input, Instant, Kind, Labels, Message, Node, Options, Seq, Source, Status, UnixMillis, Via,
};

const KNOWN: u32 = 1000;
const EPOCH: u64 = 1_700_000_000_000;
const ROUNDS: usize = 5;
const REPEATS: u32 = 20_000;

fn main() {
    println!("{:<66} {:>8}   {:<14}", "", "ratio", "wanted");
    compare("a ping without changes", 1.0, Target::AtLeast(8.0), ours_ping(), peer_ping());
    compare("a ping with six known changes", 1.0, Target::AtLeast(10.0), ours_known(6), peer_known(6));
    compare("a ping with six new changes, a full ack back", 1.0, Target::AtLeast(6.0), ours_new(6), peer_new(6));
    let full = full_datagram();
    let each = full as f64;
    println!("a full gossip message has {full} changes");
    let (ours, peers) = (ours_gossip(full, New::No), peer_gossip(full, New::No));
    println!("per known change of a full gossip message: {:.1} ns, foca {:.1} ns", ours / each, peers / each);
    let (ours, peers) = (ours_gossip(full, New::Yes), peer_gossip(full, New::Yes));
    compare("per change of a full gossip message", each, Target::AtLeast(25.0), ours, peers);
}

fn compare(what: &str, parts: f64, target: Target, ours: f64, peers: f64) {
    println!("{what}: {:.1} ns, foca {:.1} ns", ours / parts, peers / parts);
    verdict(&format!("{what}, foca's time / ours"), peers / ours, target);
}

/// Whether the changes of a message are news.
#[derive(Clone, Copy, PartialEq, Eq)]
enum New {
    No,
    Yes,
}

/// Nanoseconds for each call of `once`.
fn nanos(mut once: impl FnMut(u32)) -> f64 {
    let mut round = 0;
    let time = shortest(ROUNDS, || {
        for _ in 0..REPEATS {
            once(round);
            round += 1;
        }
    });
    time.as_secs_f64() * 1e9 / f64::from(REPEATS)
}

/// Our node 0, which has joined through node 1 and knows nodes 0 to 999.
struct Ours {
    node: Node<u32>,
    effects: Effects<u32>,
    now: Instant,
}

impl Ours {
    fn new() -> Self {
        let config =
            Config::try_from(Options { events: EventMask::NONE, ..Options::lan() }).expect("a preset is sound");
        let now = Instant::from_millis(1_000);
        let node = Node::new(config, 0, Boot { now, wall: UnixMillis(EPOCH), seed: 1 });
        let mut ours = Self { node, effects: Effects::new(), now };
        let command = Command::Bootstrap(BootstrapOptions::default());
        ours.handle(Input::Command { id: CommandId(1), command });
        let id = ours.effects.iter().find_map(|effect| match effect {
            Effect::Discover(id) => Some(id),
            _ => None,
        });
        ours.handle(Input::Hosts { id: id.expect("bootstrap discovers"), result: Ok(&[0, 1]) });
        let ticket = ours.effects.iter().find_map(|effect| match effect {
            Effect::Send { channel: swim_core::Channel::Request(ticket), .. } => Some(ticket),
            _ => None,
        });
        let list: ChangeList<u32> = (1..KNOWN).map(|member| claim(member, 0)).collect();
        let answer = message(Kind::List, Checksum(0), list.as_changes());
        let via = Via::Response(ticket.expect("a joiner asks"));
        ours.handle(Input::Message { from: 1, via, message: answer });
        assert!(ours.node.is_ready());
        assert_eq!(ours.node.listed().count(), KNOWN as usize);
        // The node's own claim goes round first, and each has to have answered once, or it is told little (R16).
        while ours.node.has_changes() || ours.node.count_proven() < KNOWN as usize {
            ours.now = ours.node.next_deadline().expect("a member has deadlines");
            ours.handle(Input::Tick);
            let pinged: Vec<_> = ours
                .effects
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Send { to, message: Message { kind: Kind::Ping { seq }, .. }, .. } => Some((to, seq)),
                    _ => None,
                })
                .collect();
            for (from, seq) in pinged {
                let kind = Kind::Ack { seq, ready: swim_core::Readiness::Ready };
                let ack = message(kind, ours.node.checksum(), Changes::NONE);
                ours.handle(Input::Message { from, via: Via::Datagram, message: ack });
            }
        }
        ours
    }

    fn handle(&mut self, input: Input<'_, u32>) {
        self.effects.clear();
        self.node.handle(self.now, input, &mut self.effects);
    }

    fn receive(&mut self, from: u32, kind: Kind<u32>, changes: Changes<'_, u32>) {
        let message = message(kind, self.node.checksum(), changes);
        self.handle(Input::Message { from, via: Via::Datagram, message });
    }
}

fn incarnation(raised: u32) -> Incarnation {
    Incarnation::new(EPOCH + u64::from(raised)).expect("a small number")
}

/// Member 1 passes on what `member` says of itself.
fn claim(member: u32, raised: u32) -> Change<'static, u32> {
    let incarnation = incarnation(raised);
    let source = Some(Source { address: member, incarnation });
    Change { address: member, incarnation, status: Status::Alive, source, labels: Labels::NONE }
}

/// The sender's incarnation is never behind what is known of it: a sender that is behind is told so.
fn message<'a>(kind: Kind<u32>, checksum: Checksum, changes: Changes<'a, u32>) -> Message<'a, u32> {
    Message { kind, incarnation: incarnation(1 << 20), checksum, changes }
}

/// Who sends this round's message: everyone in turn, in an order that is not that of any list.
fn sender(round: u32) -> u32 {
    1 + round * 397 % (KNOWN - 1)
}

/// Members that a message tells of: another group each time, so that no change supersedes one of the last messages.
fn subjects(round: u32, count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(move |place| 2 + (round * count + place) % (KNOWN - 2))
}

/// By how much the incarnations of this round's subjects were raised before.
fn raised(round: u32, count: u32) -> u32 {
    1 + round * count / (KNOWN - 2)
}

fn ours_ping() -> f64 {
    let mut ours = Ours::new();
    let time = nanos(|round| {
        ours.receive(sender(round), Kind::Ping { seq: Seq(round) }, Changes::NONE);
        assert!(!ours.effects.is_empty());
    });
    let answers = ours.effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count();
    assert_eq!(answers, 1, "an ack and nothing else");
    time
}

fn ours_known(count: u32) -> f64 {
    let mut ours = Ours::new();
    let lists: Vec<_> = (0..KNOWN)
        .map(|round| subjects(round, count).map(|member| claim(member, 0)).collect::<ChangeList<u32>>())
        .collect();
    nanos(|round| {
        let list = &lists[(round % KNOWN) as usize];
        ours.receive(sender(round), Kind::Ping { seq: Seq(round) }, list.as_changes());
    })
}

fn ours_new(count: u32) -> f64 {
    let mut ours = Ours::new();
    let lists: Vec<_> = (0..REPEATS * ROUNDS as u32)
        .map(|round| {
            subjects(round, count).map(|member| claim(member, raised(round, count))).collect::<ChangeList<u32>>()
        })
        .collect();
    let time =
        nanos(|round| ours.receive(sender(round), Kind::Ping { seq: Seq(round) }, lists[round as usize].as_changes()));
    let told = ours.effects.iter().find_map(|effect| match effect {
        Effect::Send { message, .. } => Some(message.changes.len()),
        _ => None,
    });
    println!("  our full ack had {} changes", told.unwrap_or(0));
    time
}

fn ours_gossip(count: u32, new: New) -> f64 {
    let mut ours = Ours::new();
    let rounds = 1_000 * ROUNDS as u32;
    let lists: Vec<ChangeList<u32>> = (0..rounds)
        .map(|round| {
            let raise = if new == New::Yes { raised(round, count) } else { 0 };
            subjects(round, count).map(|member| claim(member, raise)).collect()
        })
        .collect();
    let mut round = 0;
    let time = shortest(ROUNDS, || {
        for _ in 0..1_000 {
            ours.receive(sender(round as u32), Kind::Gossip, lists[round].as_changes());
            round += 1;
        }
    });
    time.as_secs_f64() * 1e9 / 1_000.0
}

/// How many claims that members make of themselves fit in a datagram.
fn full_datagram() -> u32 {
    let len = |count: u32| {
        let list: ChangeList<u32> = (0..count).map(|member| claim(member, 0)).collect();
        swim_core::wire::encoded_len(&message(Kind::Gossip, Checksum(0), list.as_changes()))
    };
    (1..).take_while(|count| len(*count) <= 1400).last().unwrap_or(1)
}

/// Counts what a peer does and does nothing of it.
#[derive(Default)]
struct Sink {
    sent: usize,
}

impl Runtime<Name> for &mut Sink {
    fn notify(&mut self, _: Notification<'_, Name>) {}

    fn send_to(&mut self, _: Name, data: &[u8]) {
        self.sent += data.len();
    }

    fn submit_after(&mut self, _: Timer<Name>, _: std::time::Duration) {}
}

/// A foca that knows nodes 1 to 999 and has nothing left to tell.
fn peer_at_rest() -> Peer {
    let mut node = peer(0, KNOWN);
    node.apply_many((1..KNOWN).map(|member| Member::alive(Name(member))), false, &mut Sink::default())
        .expect("members are fine");
    while node.updates_backlog() > 0 {
        node.gossip(&mut Sink::default()).expect("gossip is fine");
    }
    assert_eq!(node.num_members(), KNOWN as usize - 1);
    node
}

/// A packet of this round's sender.
fn packet(round: u32, message: PeerMessage<Name>, claims: impl Iterator<Item = Member<Name>>) -> Vec<u8> {
    let claims: Vec<_> = claims.collect();
    let mut bytes = Vec::new();
    let header = Header { src: Name(sender(round)), src_incarnation: 0, dst: Name(0), message };
    Plain.encode_header(&header, &mut bytes).expect("it cannot fail");
    bytes.put_u16(claims.len() as u16);
    claims.iter().for_each(|member| Plain.encode_member(member, &mut bytes).expect("it cannot fail"));
    bytes
}

fn alive(member: u32, raised: u32) -> Member<Name> {
    Member::new(Name(member), raised as u16, State::Alive)
}

fn peer_ping() -> f64 {
    let mut node = peer_at_rest();
    let packets: Vec<_> = (0..KNOWN).map(|round| packet(round, PeerMessage::Ping(1), [].into_iter())).collect();
    let mut sink = Sink::default();
    let time = nanos(|round| node.handle_data(&packets[(round % KNOWN) as usize], &mut sink).expect("a ping is fine"));
    assert!(sink.sent > 0);
    time
}

fn peer_known(count: u32) -> f64 {
    let mut node = peer_at_rest();
    let packets: Vec<_> = (0..KNOWN)
        .map(|round| packet(round, PeerMessage::Ping(1), subjects(round, count).map(|member| alive(member, 0))))
        .collect();
    nanos(|round| {
        node.handle_data(&packets[(round % KNOWN) as usize], &mut Sink::default()).expect("a ping is fine");
    })
}

fn peer_new(count: u32) -> f64 {
    let mut node = peer_at_rest();
    let news = |round| subjects(round, count).map(move |member| alive(member, raised(round, count)));
    let packets: Vec<_> =
        (0..REPEATS * ROUNDS as u32).map(|round| packet(round, PeerMessage::Ping(1), news(round))).collect();
    nanos(|round| node.handle_data(&packets[round as usize], &mut Sink::default()).expect("a ping is fine"))
}

fn peer_gossip(count: u32, new: New) -> f64 {
    let mut node = peer_at_rest();
    let raise = |round| if new == New::Yes { raised(round, count) } else { 0 };
    let news = |round| subjects(round, count).map(move |member| alive(member, raise(round)));
    let packets: Vec<_> =
        (0..1_000 * ROUNDS as u32).map(|round| packet(round, PeerMessage::Gossip, news(round))).collect();
    let mut round = 0;
    let time = shortest(ROUNDS, || {
        for _ in 0..1_000 {
            node.handle_data(&packets[round], &mut Sink::default()).expect("gossip is fine");
            round += 1;
        }
    });
    time.as_secs_f64() * 1e9 / 1_000.0
}
