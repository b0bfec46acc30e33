//! All connections of a node: one for each peer, used in both directions, and who may open one.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::link::{Answer, Link, LinkId, News, Order, Task, Way};
use super::tchannel::{Connection, ErrorCode, Identity, Limits, Role};
use crate::driver::clock::Clock;
use crate::transport::address::{Reach, plain};
use crate::transport::limits::StreamLimits;
use crate::transport::room::{Held, Room};

/// The connections of a node.
pub(crate) struct Links {
    clock: Clock,
    identity: Identity,
    reach: Reach,
    limits: StreamLimits,
    next: u64,
    open: BTreeMap<LinkId, Entry>,
    /// By which connection a peer is called: one that this node opened, where there is one.
    by_peer: BTreeMap<SocketAddr, LinkId>,
    /// How many connections others have opened, by their address and in all.
    incoming: BTreeMap<IpAddr, u32>,
    accepted: u32,
    room: Room,
    news: mpsc::Sender<(LinkId, News)>,
}

/// What is known of a connection.
struct Entry {
    link: Link,
    from: Origin,
    /// Where the peer listens, once that is known.
    peer: Option<SocketAddr>,
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Here,
    /// The peer, from this address.
    There(IpAddr),
}

impl Links {
    /// Also returns where their news come from.
    pub(crate) fn new(
        identity: Identity,
        bound: SocketAddr,
        clock: Clock,
        limits: StreamLimits,
    ) -> (Self, mpsc::Receiver<(LinkId, News)>) {
        let (news, told) = mpsc::channel(NEWS_QUEUED);
        let links = Self {
            clock,
            identity,
            reach: Reach::new(bound),
            limits,
            next: 0,
            open: BTreeMap::new(),
            by_peer: BTreeMap::new(),
            incoming: BTreeMap::new(),
            accepted: 0,
            room: Room::new(limits.total_bytes),
            news,
        };
        (links, told)
    }

    /// Whether one more connection of others may be accepted.
    pub(crate) fn has_room(&self) -> bool {
        self.accepted < self.limits.incoming.max(1)
    }

    /// Serves a connection that another has opened; the task that does. `None` where it was turned away.
    pub(crate) fn accept(
        &mut self,
        stream: TcpStream,
        source: SocketAddr,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let ip = plain(source).ip();
        let count = self.incoming.entry(ip).or_default();
        if *count >= self.limits.incoming_per_peer.max(1) {
            return None;
        }
        *count += 1;
        self.accepted += 1;
        Some(self.start(Role::Accepted, Origin::There(ip), None).run(Way::Accepted(stream)))
    }

    /// Gives a call for a peer to its connection. Where there is none one is opened, by the task that is returned.
    ///
    /// # Errors
    /// The order, where the peer's connection has too much to do, or too many are open.
    pub(crate) fn call(
        &mut self,
        to: SocketAddr,
        order: Order,
    ) -> Result<Option<impl Future<Output = ()> + Send + use<>>, Order> {
        let order = match self.by_peer.get(&to).and_then(|id| self.open.get(id)) {
            // Answers always find a place: more are not asked for.
            Some(entry) if entry.link.orders.capacity() <= CALLS_MAX => return Err(order),
            Some(entry) => match entry.link.orders.try_send(order) {
                Ok(()) => return Ok(None),
                Err(mpsc::error::TrySendError::Full(order)) => return Err(order),
                // Its last news are on their way.
                Err(mpsc::error::TrySendError::Closed(order)) => order,
            },
            None => order,
        };
        let opened = self.open.values().filter(|entry| entry.from == Origin::Here).count();
        if opened >= self.limits.outgoing.max(1) as usize {
            return Err(order);
        }
        let task = self.start(Role::Opened, Origin::Here, Some(to));
        self.by_peer.insert(to, task.id);
        if let Some(entry) = self.open.get(&task.id) {
            entry.link.orders.try_send(order).map_err(mpsc::error::TrySendError::into_inner)?;
        }
        Ok(Some(task.run(Way::To(self.reach.stream_place(to)))))
    }

    /// Whether there is still somebody at a connection.
    pub(crate) fn is_open(&self, id: LinkId) -> bool {
        self.open.contains_key(&id)
    }

    /// Gives the answer of a call to its connection, unless that is gone. Where answers have no room the caller is told so.
    pub(crate) fn answer(&mut self, id: LinkId, call: u32, answer: Answer) {
        let Some(entry) = self.open.get(&id) else { return };
        let (answer, held) = match self.room.take(answer.len()) {
            Some(held) => (answer, held),
            None => (Answer::Refused(ErrorCode::Busy, "this node has too much to do".into()), Held::default()),
        };
        // It has a place, or the connection has just ended.
        let _ = entry.link.orders.try_send(Order::Answer { id: call, answer, held });
    }

    fn start(&mut self, role: Role, from: Origin, peer: Option<SocketAddr>) -> Task {
        self.next += 1;
        let id = LinkId(self.next);
        let (orders, taken) = mpsc::channel(ORDERS_QUEUED);
        self.open.insert(id, Entry { link: Link { orders }, from, peer });
        let limits = Limits {
            body_bytes: self.limits.message_bytes as usize,
            assembling_bytes: self.limits.message_bytes as usize,
            calls: CALLS_MAX,
        };
        let connection = Connection::new(role, self.identity.clone(), limits);
        Task { id, connection, clock: self.clock, orders: taken, news: self.news.clone(), room: self.room.clone() }
    }

    /// A peer has said where it listens: it is called by its connection from now on, where it has no other. Not where it
    /// speaks from another machine than it names: calls for that one would go to it.
    pub(crate) fn ready(&mut self, id: LinkId, host_port: &str) {
        let Some(entry) = self.open.get_mut(&id) else { return };
        let Origin::There(ip) = entry.from else { return };
        let named = host_port.parse().ok().map(plain);
        entry.peer = named.filter(|peer: &SocketAddr| peer.ip() == ip && peer.port() != 0);
        if let Some(peer) = entry.peer {
            self.by_peer.entry(peer).or_insert(id);
        }
    }

    /// A connection is gone.
    pub(crate) fn closed(&mut self, id: LinkId) {
        let Some(Entry { from, peer, .. }) = self.open.remove(&id) else { return };
        if let Origin::There(ip) = from
            && let Some(count) = self.incoming.get_mut(&ip)
        {
            self.accepted -= 1;
            *count -= 1;
            if *count == 0 {
                self.incoming.remove(&ip);
            }
        }
        if let Some(peer) = peer
            && self.by_peer.get(&peer) == Some(&id)
        {
            // Another connection of the same peer, if there is one, is as good.
            let other = self.open.iter().find(|(_, entry)| entry.peer == Some(peer)).map(|(&other, _)| other);
            match other {
                Some(other) => drop(self.by_peer.insert(peer, other)),
                None => drop(self.by_peer.remove(&peer)),
            }
        }
    }
}

/// How many orders wait for a connection: an answer to each call that it may hand out, and some calls.
const ORDERS_QUEUED: usize = CALLS_MAX + 128;
/// How much news waits for the driver; connections wait beyond.
const NEWS_QUEUED: usize = 256;
/// How many calls of a peer may wait for their answers on one connection.
const CALLS_MAX: usize = 256;
