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
use std::sync::Arc;
use std::time::Duration;

use swim_core::Ticket;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::tchannel::{Arrived, CallError, Connection, ErrorCode, Failure, SERVICE};
use crate::driver::clock::Clock;
use crate::error::SeedFailure;

/// Names a connection of this node; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkId(pub(crate) u64);

/// What the driver wants of a connection.
#[derive(Debug)]
pub(crate) enum Order {
    /// Make a call.
    Call { ticket: Ticket, endpoint: &'static str, body: Vec<u8>, ttl: Duration },
    /// Answer one of the peer's.
    Answer { id: u32, answer: Answer },
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

/// What a connection tells the driver.
#[derive(Debug)]
pub(crate) enum News {
    /// The peer has said where it listens.
    Ready { host_port: String },
    /// The peer makes a call.
    Called { id: u32, endpoint: String, body: Vec<u8> },
    /// A call of this node's was answered, well or not.
    Answered { ticket: Ticket, result: Result<Vec<u8>, CallError> },
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
    /// One permit for each byte that all connections hold of unfinished calls.
    pub(crate) budget: Arc<Semaphore>,
}

/// A call of this node's that waits for its answer.
struct Pending {
    ticket: Ticket,
    made: Instant,
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
        // Every write is a message that somebody waits for.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    async fn converse(&mut self, stream: &mut TcpStream, pending: &mut BTreeMap<u32, Pending>) -> End {
        let (mut reader, mut writer) = stream.split();
        let mut bytes = vec![0; READ_MAX];
        let mut held = None;
        let mut useless = 0;
        let mut heard = Instant::now();
        let mut greeted = Greeted::Until(heard + OPEN_TIME);
        let mut stuck = None;
        let mut sleep = pin!(sleep_until(Instant::now()));
        loop {
            let now = Instant::now();
            if let Err(failure) = self.expire((now, heard), greeted, stuck, pending).await {
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
                    heard = Instant::now();
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
                    if received.is_err() || !self.hold(&mut held) {
                        // The peer is told what it did wrong, where there is a word for it and it listens.
                        let last = writer.write_all(self.connection.outgoing());
                        let _ = timeout_at(Instant::now() + LAST_WORD, last).await;
                        return End::Because(SeedFailure::Nonsense);
                    }
                }
                Step::Read(Err(error)) | Step::Written(Err(error)) => return End::Because(SeedFailure::of(&error)),
                Step::Written(Ok(count)) => {
                    self.connection.outgoing().drain(..count);
                    stuck = None;
                }
                Step::Order(Some(order)) => self.order(order, pending).await,
                Step::Order(None) => return End::LetGo,
                Step::Time => {}
            }
            if stuck.is_none() && !self.connection.outgoing().is_empty() {
                stuck = Some(Instant::now() + STUCK);
            }
        }
    }

    /// Ends what has lasted too long.
    async fn expire(
        &mut self,
        (now, heard): (Instant, Instant),
        greeted: Greeted,
        stuck: Option<Instant>,
        pending: &mut BTreeMap<u32, Pending>,
    ) -> Result<(), SeedFailure> {
        if greeted.until().is_some_and(|until| until <= now) || stuck.is_some_and(|until| until <= now) {
            return Err(SeedFailure::Silent);
        }
        let late: Vec<u32> = pending.iter().filter(|(_, call)| call.until <= now).map(|(&id, _)| id).collect();
        let mut unheard = false;
        for id in late {
            self.connection.forget(id);
            if let Some(Pending { ticket, made, .. }) = pending.remove(&id) {
                unheard |= made > heard;
                self.tell(News::Failed { ticket, failure: SeedFailure::Silent }).await;
            }
        }
        // The system would go on trying for a quarter of an hour, ever more seldom: a new connection is there sooner.
        if unheard && now.duration_since(heard) >= DEAD { Err(SeedFailure::Silent) } else { Ok(()) }
    }

    /// Takes the bytes that the connection holds of unfinished calls from what all may hold together, or gives them back;
    /// whether there were enough.
    fn hold(&self, held: &mut Option<OwnedSemaphorePermit>) -> bool {
        let wanted = self.connection.held_bytes();
        let have = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if wanted <= have {
            if let Some(permit) = held {
                drop(permit.split(have - wanted));
            }
            return true;
        }
        let more = u32::try_from(wanted - have).ok();
        match more.and_then(|more| Arc::clone(&self.budget).try_acquire_many_owned(more).ok()) {
            Some(permit) => match held {
                Some(held) => held.merge(permit),
                None => *held = Some(permit),
            },
            None => return false,
        }
        true
    }

    async fn order(&mut self, order: Order, pending: &mut BTreeMap<u32, Pending>) {
        match order {
            Order::Call { ticket, endpoint, body, ttl } => match self.connection.call(ttl, endpoint, &body) {
                Some(id) => {
                    let made = Instant::now();
                    pending.insert(id, Pending { ticket, made, until: made + ttl });
                }
                None => self.tell(News::Failed { ticket, failure: SeedFailure::Broken }).await,
            },
            Order::Answer { id, answer } => self.connection.answer(
                id,
                match &answer {
                    Answer::Done(body) => Ok(body),
                    Answer::Failed(body) => Err(Failure::Application(body)),
                    Answer::Refused(code, message) => Err(Failure::Protocol(*code, message)),
                },
            ),
        }
    }

    async fn arrived(&mut self, arrived: Arrived, pending: &mut BTreeMap<u32, Pending>) {
        match arrived {
            Arrived::Ready { host_port, .. } => self.tell(News::Ready { host_port }).await,
            Arrived::Call { id, service, endpoint, body, .. } if service == SERVICE => {
                self.tell(News::Called { id, endpoint, body }).await;
            }
            Arrived::Call { id, service, .. } => {
                let message = format!("there is no service \"{service}\" here; membership is \"{SERVICE}\"");
                self.connection.answer(id, Err(Failure::Protocol(ErrorCode::BadRequest, &message)));
            }
            Arrived::Answered { id, result } => {
                if let Some(Pending { ticket, .. }) = pending.remove(&id) {
                    self.tell(News::Answered { ticket, result }).await;
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
/// How long a write may be stuck.
const STUCK: Duration = Duration::from_secs(10);
/// How long the last word to a peer may take.
const LAST_WORD: Duration = Duration::from_millis(200);
/// How much is read at once, in bytes.
const READ_MAX: usize = 8 << 10;
/// Nothing more is read from a peer while so many bytes wait to be written to it.
const WRITE_MAX: usize = 1 << 20;
