//! One connection: a task that reads and writes, and gives what comes of it to the driver.
//!
//! ```text
//!   driver ── Order ──> task ── bytes ──> peer
//!   driver <── News ─── task <── bytes ── peer
//! ```
//!
//! It ends when the connection breaks, when the peer breaks the protocol, when a write gets stuck, and when the driver
//! lets go of it. Calls that were not answered by then have failed.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use swim_core::Ticket;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::tchannel::{Arrived, CallError, Connection, ErrorCode, Failure, SERVICE};
use crate::driver::clock::Clock;
use crate::error::SeedFailure;
use crate::transport::room::{Held, Room};

/// Names a connection of this node; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkId(pub(crate) u64);

/// What the driver wants of a connection.
#[derive(Debug)]
pub(crate) enum Order {
    /// Make a call.
    Call { ticket: Ticket, endpoint: &'static str, body: Vec<u8>, ttl: Duration },
    /// Answer one of the peer's.
    Answer { id: u32, answer: Answer, held: Held },
}

/// How a call is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// With this body.
    Done(Vec<u8>),
    /// It was understood and not carried out, as this body says.
    Failed(Vec<u8>),
    /// It is not taken.
    Refused(ErrorCode, String),
}

impl Answer {
    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Done(body) | Self::Failed(body) => body.len(),
            Self::Refused(_, message) => message.len(),
        }
    }
}

/// What a connection tells the driver.
#[derive(Debug)]
pub(crate) enum News {
    /// The peer has said where it listens.
    Ready { host_port: String },
    /// The peer makes a call.
    Called { id: u32, endpoint: String, body: Vec<u8>, held: Held },
    /// A call of this node's was answered, well or not.
    Answered { ticket: Ticket, result: Result<Vec<u8>, CallError>, held: Held },
    /// A call of this node's failed without an answer.
    Failed { ticket: Ticket, failure: SeedFailure },
    /// So many frames came that are of no use.
    Useless(u64),
    /// The connection is gone, and this was its last word.
    Closed(Fault),
}

/// Who is to blame for the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody, or the network.
    None,
    /// The peer broke the protocol, or would take more memory than there is for all.
    Peer,
}

/// The driver's end of a connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) orders: mpsc::Sender<Order>,
}

/// How a connection comes about.
#[derive(Debug)]
pub(crate) enum Way {
    /// The peer has opened it.
    Accepted(TcpStream),
    /// It is to be opened.
    To(SocketAddr),
}

/// What the task of a connection needs.
pub(crate) struct Task {
    pub(crate) id: LinkId,
    pub(crate) connection: Connection,
    pub(crate) clock: Clock,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) news: mpsc::Sender<(LinkId, News)>,
    pub(crate) room: Room,
}

/// A call of this node's that waits for its answer.
struct Pending {
    ticket: Ticket,
    until: Instant,
}

/// Why a connection ends.
enum End {
    /// The driver has let go.
    LetGo,
    Because(SeedFailure),
}

impl Task {
    /// Runs until the connection ends.
    pub(crate) async fn run(mut self, way: Way) {
        let mut pending = BTreeMap::new();
        let end = match self.open(way).await {
            Ok(mut stream) => self.converse(&mut stream, &mut pending).await,
            Err(failure) => End::Because(failure),
        };
        let End::Because(failure) = end else { return };
        for Pending { ticket, .. } in pending.into_values() {
            self.tell(News::Failed { ticket, failure }).await;
        }
        // What was ordered meanwhile fails as well.
        self.orders.close();
        while let Some(order) = self.orders.recv().await {
            if let Order::Call { ticket, .. } = order {
                self.tell(News::Failed { ticket, failure }).await;
            }
        }
        let fault = if failure == SeedFailure::Nonsense { Fault::Peer } else { Fault::None };
        self.tell(News::Closed(fault)).await;
    }

    async fn open(&self, way: Way) -> Result<TcpStream, SeedFailure> {
        let stream = match way {
            Way::Accepted(stream) => stream,
            Way::To(place) => {
                let opened = timeout_at(Instant::now() + OPEN_TIME, TcpStream::connect(place)).await;
                opened.map_err(|_| SeedFailure::Silent)?.map_err(|error| SeedFailure::of(&error))?
            }
        };
        // Every write is a message that somebody waits for; and a peer that is gone without a word is to be noticed, also
        // where this node never calls it. A system that has neither is no reason to do without the connection.
        let _ = stream.set_nodelay(true);
        let alive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        let _ = SockRef::from(&stream).set_tcp_keepalive(&alive);
        Ok(stream)
    }

    async fn converse(&mut self, stream: &mut TcpStream, pending: &mut BTreeMap<u32, Pending>) -> End {
        let (mut reader, mut writer) = stream.split();
        let mut bytes = vec![0; READ_MAX];
        let mut held = Held::default();
        let mut useless = 0;
        // Since when calls of this node wait and nothing at all has come.
        let mut unheard = None;
        let mut greeted = Greeted::Until(Instant::now() + OPEN_TIME);
        let mut stuck = None;
        let mut sleep = pin!(sleep_until(Instant::now()));
        loop {
            let now = Instant::now();
            if let Err(failure) = self.expire((now, unheard), greeted, stuck, pending).await {
                return End::Because(failure);
            }
            let expires = self.connection.expire(self.clock.now()).map(|at| self.clock.moment(at));
            let next = pending.values().map(|call| call.until).chain(expires).chain(greeted.until()).chain(stuck).min();
            if let Some(next) = next {
                sleep.as_mut().reset(next);
            }
            let waits = self.connection.outgoing().len();
            let step = tokio::select! {
                read = reader.read(&mut bytes), if waits < WRITE_MAX => Step::Read(read),
                written = writer.write(self.connection.outgoing()), if waits > 0 => Step::Written(written),
                order = self.orders.recv() => Step::Order(order),
                () = &mut sleep, if next.is_some() => Step::Time,
            };
            match step {
                Step::Read(Ok(0)) => return End::Because(SeedFailure::Broken),
                Step::Read(Ok(count)) => {
                    unheard = None;
                    self.connection.set_room(self.room.free() + held.bytes());
                    let received = self.connection.receive(self.clock.now(), &bytes[..count]);
                    while let Some(arrived) = self.connection.next() {
                        if let Arrived::Ready { .. } = arrived {
                            greeted = Greeted::Yes;
                        }
                        self.arrived(arrived, pending).await;
                    }
                    let counted = self.connection.counters().useless();
                    if counted > useless {
                        self.tell(News::Useless(counted - useless)).await;
                        useless = counted;
                    }
                    if received.is_err() {
                        // The peer is told what it did wrong, where there is a word for it and it listens.
                        let last = writer.write_all(self.connection.outgoing());
                        let _ = timeout_at(Instant::now() + LAST_WORD, last).await;
                        return End::Because(SeedFailure::Nonsense);
                    }
                }
                Step::Read(Err(error)) | Step::Written(Err(error)) => return End::Because(SeedFailure::of(&error)),
                Step::Written(Ok(count)) => {
                    self.connection.outgoing().drain(..count);
                    if self.connection.outgoing().is_empty() {
                        stuck = None;
                    }
                }
                Step::Order(Some(order)) => self.order(order, pending).await,
                Step::Order(None) => return End::LetGo,
                Step::Time => {}
            }
            let unwritten = self.connection.outgoing().len();
            if stuck.is_none() && unwritten > 0 {
                stuck = Some(Instant::now() + STUCK);
            }
            if unheard.is_none() && !pending.is_empty() {
                unheard = Some(Instant::now());
            }
            if !held.resize(self.connection.held_bytes() + unwritten, &self.room) {
                return End::Because(SeedFailure::Broken);
            }
        }
    }

    /// Ends what has lasted too long.
    async fn expire(
        &mut self,
        (now, unheard): (Instant, Option<Instant>),
        greeted: Greeted,
        stuck: Option<Instant>,
        pending: &mut BTreeMap<u32, Pending>,
    ) -> Result<(), SeedFailure> {
        if greeted.until().is_some_and(|until| until <= now) || stuck.is_some_and(|until| until <= now) {
            return Err(SeedFailure::Silent);
        }
        let late: Vec<u32> = pending.iter().filter(|(_, call)| call.until <= now).map(|(&id, _)| id).collect();
        let any = !late.is_empty();
        for id in late {
            self.connection.forget(id);
            if let Some(Pending { ticket, .. }) = pending.remove(&id) {
                self.tell(News::Failed { ticket, failure: SeedFailure::Silent }).await;
            }
        }
        // The system would go on trying for a quarter of an hour, ever more seldom: a new connection is there sooner.
        let is_dead = any && unheard.is_some_and(|since| now.duration_since(since) >= DEAD);
        if is_dead { Err(SeedFailure::Silent) } else { Ok(()) }
    }

    async fn order(&mut self, order: Order, pending: &mut BTreeMap<u32, Pending>) {
        match order {
            Order::Call { ticket, endpoint, body, ttl } => match self.connection.call(ttl, endpoint, &body) {
                Some(id) => {
                    pending.insert(id, Pending { ticket, until: Instant::now() + ttl });
                }
                None => self.tell(News::Failed { ticket, failure: SeedFailure::Broken }).await,
            },
            Order::Answer { id, answer, held } => {
                let result = match &answer {
                    Answer::Done(body) => Ok(&body[..]),
                    Answer::Failed(body) => Err(Failure::Application(body)),
                    Answer::Refused(code, message) => Err(Failure::Protocol(*code, message)),
                };
                self.connection.answer(id, result);
                // From here on it counts as unwritten.
                drop(held);
            }
        }
    }

    async fn arrived(&mut self, arrived: Arrived, pending: &mut BTreeMap<u32, Pending>) {
        match arrived {
            Arrived::Ready { host_port, .. } => self.tell(News::Ready { host_port }).await,
            Arrived::Call { id, service, endpoint, body, .. } if service == SERVICE => {
                match self.room.take(body.len()) {
                    Some(held) => self.tell(News::Called { id, endpoint, body, held }).await,
                    None => {
                        let message = "this node has too much to do";
                        self.connection.answer(id, Err(Failure::Protocol(ErrorCode::Busy, message)));
                    }
                }
            }
            Arrived::Call { id, service, .. } => {
                let message = format!("there is no service \"{service}\" here; membership is \"{SERVICE}\"");
                self.connection.answer(id, Err(Failure::Protocol(ErrorCode::BadRequest, &message)));
            }
            Arrived::Answered { id, result } => {
                if let Some(Pending { ticket, .. }) = pending.remove(&id) {
                    let news = match self.room.take(result.as_ref().map_or(0, Vec::len)) {
                        Some(held) => News::Answered { ticket, result, held },
                        None => News::Failed { ticket, failure: SeedFailure::Broken },
                    };
                    self.tell(news).await;
                }
            }
            // The answer goes nowhere; who made it need not know.
            Arrived::Cancelled { .. } => {}
        }
    }

    async fn tell(&self, news: News) {
        // A driver that is gone needs no news.
        let _ = self.news.send((self.id, news)).await;
    }
}

/// What happens next on a connection.
enum Step {
    Read(io::Result<usize>),
    Written(io::Result<usize>),
    Order(Option<Order>),
    Time,
}

/// Whether the peer has said who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeted {
    Yes,
    Until(Instant),
}

impl Greeted {
    fn until(self) -> Option<Instant> {
        match self {
            Self::Yes => None,
            Self::Until(until) => Some(until),
        }
    }
}

/// How long a connection may take to be opened, and its handshake after that.
const OPEN_TIME: Duration = Duration::from_secs(5);
/// Where a call was not answered and nothing at all has come for so long, the connection is taken for dead.
const DEAD: Duration = Duration::from_secs(10);
/// A connection on which nothing has come for so long is asked by the system whether its peer is still there, again and again.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long it may take until all is written that is to be.
const STUCK: Duration = Duration::from_secs(10);
/// How long the last word to a peer may take.
const LAST_WORD: Duration = Duration::from_millis(200);
/// How much is read at once, in bytes.
const READ_MAX: usize = 8 << 10;
/// Nothing more is read from a peer while so many bytes wait to be written to it.
const WRITE_MAX: usize = 1 << 20;
