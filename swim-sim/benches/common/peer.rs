//! The peer: the crate foca with its LAN settings, the cheapest codec there is, and the simulator's own queue around it.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::time::Duration;

use bytes::{Buf, BufMut};
use foca::{Codec, Config, Foca, Header, Identity, Incarnation, Member, Message, NoCustomBroadcast, Notification};
use foca::{Runtime, State, Timer};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use swim_core::{Instant, Micros, Random};
use swim_sim::Queue;
use swim_sim::network::Latency;

/// The name of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) u32);

impl Identity for Name {
    type Addr = u32;

    fn renew(&self) -> Option<Self> {
        None
    }

    fn addr(&self) -> u32 {
        self.0
    }

    fn win_addr_conflict(&self, _: &Self) -> bool {
        false
    }
}

/// Fixed-width numbers, copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

impl Codec<Name> for Plain {
    type Error = Infallible;

    fn encode_header(&mut self, header: &Header<Name>, mut buf: impl BufMut) -> Result<(), Infallible> {
        buf.put_u32(header.src.0);
        buf.put_u16(header.src_incarnation);
        buf.put_u32(header.dst.0);
        let (kind, peer, number) = match &header.message {
            Message::Ping(number) => (0, 0, *number),
            Message::Ack(number) => (1, 0, *number),
            Message::PingReq { target, probe_number } => (2, target.0, *probe_number),
            Message::IndirectPing { origin, probe_number } => (3, origin.0, *probe_number),
            Message::IndirectAck { target, probe_number } => (4, target.0, *probe_number),
            Message::ForwardedAck { origin, probe_number } => (5, origin.0, *probe_number),
            Message::Announce => (6, 0, 0),
            Message::Feed => (7, 0, 0),
            Message::Gossip => (8, 0, 0),
            Message::Broadcast => (9, 0, 0),
            Message::TurnUndead => (10, 0, 0),
        };
        buf.put_u8(kind);
        buf.put_u32(peer);
        buf.put_u8(number);
        Ok(())
    }

    fn decode_header(&mut self, mut buf: impl Buf) -> Result<Header<Name>, Infallible> {
        let (src, src_incarnation, dst) = (Name(buf.get_u32()), buf.get_u16(), Name(buf.get_u32()));
        let (kind, peer, probe_number) = (buf.get_u8(), Name(buf.get_u32()), buf.get_u8());
        let message = match kind {
            0 => Message::Ping(probe_number),
            1 => Message::Ack(probe_number),
            2 => Message::PingReq { target: peer, probe_number },
            3 => Message::IndirectPing { origin: peer, probe_number },
            4 => Message::IndirectAck { target: peer, probe_number },
            5 => Message::ForwardedAck { origin: peer, probe_number },
            6 => Message::Announce,
            7 => Message::Feed,
            8 => Message::Gossip,
            9 => Message::Broadcast,
            _ => Message::TurnUndead,
        };
        Ok(Header { src, src_incarnation, dst, message })
    }

    fn encode_member(&mut self, member: &Member<Name>, mut buf: impl BufMut) -> Result<(), Infallible> {
        // Foca fills a datagram until a member does not fit.
        if buf.remaining_mut() < 7 {
            return Ok(());
        }
        buf.put_u32(member.id().0);
        buf.put_u16(member.incarnation());
        buf.put_u8(member.state() as u8);
        Ok(())
    }

    fn decode_member(&mut self, mut buf: impl Buf) -> Result<Member<Name>, Infallible> {
        let (id, incarnation): (_, Incarnation) = (Name(buf.get_u32()), buf.get_u16());
        let state = match buf.get_u8() {
            0 => State::Alive,
            1 => State::Suspect,
            _ => State::Down,
        };
        Ok(Member::new(id, incarnation, state))
    }
}

/// One member.
pub(crate) type Peer = Foca<Name, Plain, SmallRng, NoCustomBroadcast>;

/// A member of a cluster of `nodes`.
pub(crate) fn peer(name: u32, nodes: u32) -> Peer {
    let config = Config::new_lan(NonZeroU32::new(nodes).expect("a cluster has nodes"));
    Foca::new(Name(name), config, SmallRng::seed_from_u64(name.into()), Plain)
}

/// A cluster in a plain event loop.
pub(crate) struct PeerCluster {
    nodes: Vec<Peer>,
    host: Host,
}

/// What happens to a peer.
#[derive(Clone, Copy)]
enum Event {
    Boot(u32),
    Packet(u32, usize),
    Timer(u32, usize),
}

/// Carries out what peers want.
struct Host {
    queue: Queue<Event>,
    random: Random,
    latency: Latency,
    packets: Slab<Vec<u8>>,
    timers: Slab<Timer<Name>>,
    spare: Vec<Vec<u8>>,
    now: Instant,
    node: u32,
}

impl Runtime<Name> for &mut Host {
    fn notify(&mut self, _: Notification<'_, Name>) {}

    fn send_to(&mut self, to: Name, data: &[u8]) {
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.extend_from_slice(data);
        let packet = self.packets.put(packet);
        let at = self.now + self.latency.draw(&mut self.random);
        self.queue.push(at, Event::Packet(to.0, packet));
    }

    fn submit_after(&mut self, event: Timer<Name>, after: Duration) {
        let timer = self.timers.put(event);
        self.queue.push(self.now + after, Event::Timer(self.node, timer));
    }
}

impl PeerCluster {
    /// All boot within a second and announce themselves to three of them.
    pub(crate) fn new(nodes: u32) -> Self {
        let mut host = Host {
            queue: Queue::new(),
            random: Random::new(1),
            latency: Latency::default(),
            packets: Slab::default(),
            timers: Slab::default(),
            spare: Vec::new(),
            now: Instant::ZERO,
            node: 0,
        };
        for node in 0..nodes {
            let at = Instant::from_micros(host.random.below(1_000_000).into());
            host.queue.push(at, Event::Boot(node));
        }
        Self { nodes: (0..nodes).map(|name| peer(name, nodes)).collect(), host }
    }

    /// Runs for a while.
    pub(crate) fn advance(&mut self, span: Micros) {
        let limit = self.host.now + span;
        let Self { nodes, host } = self;
        while let Some((now, event)) = host.queue.pop_before(limit) {
            host.now = now;
            match event {
                Event::Boot(node) => {
                    host.node = node;
                    for seed in (0..3).filter(|seed| *seed != node) {
                        let _ = nodes[node as usize].announce(Name(seed), &mut *host);
                    }
                }
                Event::Packet(node, packet) => {
                    host.node = node;
                    let mut packet = host.packets.take(packet);
                    let _ = nodes[node as usize].handle_data(&packet, &mut *host);
                    packet.clear();
                    host.spare.push(packet);
                }
                Event::Timer(node, timer) => {
                    host.node = node;
                    let timer = host.timers.take(timer);
                    let _ = nodes[node as usize].handle_timer(timer, &mut *host);
                }
            }
        }
        host.now = limit;
    }

    /// Runs until all see all, a bound at most; returns the virtual time and how many pairs were seen by then.
    pub(crate) fn join(&mut self, bound: Micros) -> (Instant, usize) {
        let all = self.nodes.len() * (self.nodes.len() - 1);
        loop {
            self.advance(Micros::from_millis(1_000));
            let seen = self.seen();
            if seen == all || self.host.now.since(Instant::ZERO) >= bound {
                return (self.host.now, seen);
            }
        }
    }

    /// How many pairs of an observer and a member that it holds alive there are.
    pub(crate) fn seen(&self) -> usize {
        self.nodes.iter().map(Foca::num_members).sum()
    }

    /// Whether anyone has anything left to tell.
    pub(crate) fn has_changes(&self) -> bool {
        self.nodes.iter().any(|node| node.updates_backlog() > 0)
    }
}

/// Values under a number, until they are taken.
struct Slab<T> {
    values: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    fn put(&mut self, value: T) -> usize {
        if let Some(free) = self.free.pop() {
            self.values[free] = Some(value);
            return free;
        }
        self.values.push(Some(value));
        self.values.len() - 1
    }

    fn take(&mut self, place: usize) -> T {
        self.free.push(place);
        self.values[place].take().expect("it is taken once")
    }
}
