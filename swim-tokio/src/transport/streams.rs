//! Exchanges on streams: a connection each, one request and one answer, bounded in number, size and time.
//!
//! ```text
//!   asks                                    answers
//!   connect ─ request ──────────────────> accept ─ read ─> Finished::Asked
//!                                                              │ the node replies
//!   Finished::Answered <─ read ────────────────── answer <─────┘
//! ```
//!
//! Every step is a task of its own set, so that whatever happens there ends as one [`Finished`], and dropping the set
//! ends them all.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use swim_core::{ChangeList, Checksum, Incarnation, Kind, Message, OwnedMessage, RefusedReason, Ticket, wire};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::address::{Reach, plain};
use super::limits::StreamLimits;
use super::room::{Held, Room};
use super::seal::Seal;
use crate::error::SeedFailure;

/// What opens and answers streams.
#[derive(Debug)]
pub(crate) struct Streams {
    reach: Reach,
    reader: Arc<Reader>,
    time: Duration,
    incoming_per_peer: u32,
    incoming: Arc<Semaphore>,
    outgoing: Arc<Semaphore>,
    peers: Arc<Peers>,
}

/// What a stream came to.
#[derive(Debug)]
pub(crate) enum Finished {
    /// Another asks something; the answer goes to `waiting`.
    Asked { waiting: Waiting, from: SocketAddr, message: OwnedMessage<SocketAddr> },
    /// Another's stream brought no request.
    Useless { source: SocketAddr, why: Useless },
    /// Another's request was answered, or it did not wait for the answer.
    Replied,
    /// A request of this node was answered, by who says to be `from`; the answer takes its bytes until `held` is dropped.
    Answered { ticket: Ticket, to: SocketAddr, from: SocketAddr, message: OwnedMessage<SocketAddr>, held: Held },
    /// A request of this node failed.
    Failed { ticket: Ticket, to: SocketAddr, failure: SeedFailure },
}

/// Why bytes on a stream are of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Useless {
    /// The stream ended or broke first.
    Broken,
    /// It took too long.
    TooSlow,
    /// The message is longer than any may be, or than all together may be.
    TooLong,
    /// It is of another cluster.
    OtherCluster,
    /// It is no message.
    Malformed,
}

/// A stream on which another waits for an answer.
#[derive(Debug)]
pub(crate) struct Waiting {
    stream: TcpStream,
    source: SocketAddr,
    until: Instant,
    reader: Arc<Reader>,
    /// What the request takes, and then the answer.
    held: Held,
    _slot: Slot,
}

impl Streams {
    /// With the limits of streams and of the frames in them; no exchange takes longer than `time`.
    pub(crate) fn new(
        bound: SocketAddr,
        seal: Arc<Seal>,
        frames: wire::Limits,
        limits: StreamLimits,
        time: Duration,
    ) -> Self {
        let frames = wire::Limits { bytes: frames.bytes.min(limits.message_bytes as usize), ..frames };
        let semaphore = |permits: u32| Arc::new(Semaphore::new(permits as usize));
        let reader = Reader { seal, frames, message_bytes: limits.message_bytes, room: Room::new(limits.total_bytes) };
        Self {
            reach: Reach::new(bound),
            reader: Arc::new(reader),
            time,
            incoming_per_peer: limits.incoming_per_peer.max(1),
            incoming: semaphore(limits.incoming.max(1)),
            outgoing: semaphore(limits.outgoing.max(1)),
            peers: Arc::default(),
        }
    }

    /// Whether one more stream of others may be accepted.
    pub(crate) fn has_room(&self) -> bool {
        self.incoming.available_permits() > 0
    }

    /// Serves a stream of another's; `None` where it was turned away.
    pub(crate) fn serve(
        &self,
        stream: TcpStream,
        source: SocketAddr,
    ) -> Option<impl Future<Output = Finished> + Send + 'static> {
        let permit = Arc::clone(&self.incoming).try_acquire_owned().ok()?;
        let slot = Peers::enter(&self.peers, plain(source).ip(), self.incoming_per_peer, permit)?;
        let (reader, until) = (Arc::clone(&self.reader), Instant::now() + self.time);
        Some(read_request(Waiting { stream, source, until, reader, held: Held::default(), _slot: slot }))
    }

    /// Sends a request of this node's; `None` where too many are under way.
    pub(crate) fn ask(
        &self,
        ticket: Ticket,
        to: SocketAddr,
        request: Vec<u8>,
    ) -> Option<impl Future<Output = Finished> + Send + 'static> {
        let permit = Arc::clone(&self.outgoing).try_acquire_owned().ok()?;
        let (reader, until, place) =
            (Arc::clone(&self.reader), Instant::now() + self.time, self.reach.stream_place(to));
        Some(async move {
            let _permit = permit;
            match timeout_at(until, exchange(place, &request, &reader)).await {
                Ok(Ok(Letter { from, message, held })) => Finished::Answered { ticket, to, from, message, held },
                Ok(Err(failure)) => Finished::Failed { ticket, to, failure },
                Err(_) => Finished::Failed { ticket, to, failure: SeedFailure::Silent },
            }
        })
    }
}

impl Waiting {
    /// Where the stream comes from.
    pub(crate) fn source(&self) -> SocketAddr {
        self.source
    }

    /// Sends the answer, or that this node is busy where there is no room for it, and closes the stream. What there is no room
    /// for is not encoded: of answers that are asked for at one moment there may be many.
    pub(crate) fn reply(
        mut self,
        message: &Message<'_, SocketAddr>,
    ) -> impl Future<Output = Finished> + Send + 'static + use<> {
        let seal = &self.reader.seal;
        let has_room = self.held.resize(seal.len_on_stream(message), &self.reader.room);
        let answer = seal.close_for_stream(if has_room { message } else { &BUSY });
        async move {
            // Whoever asked knows by itself that no answer came.
            let _ = timeout_at(self.until, async {
                self.stream.write_all(&answer).await?;
                self.stream.shutdown().await
            })
            .await;
            Finished::Replied
        }
    }
}

async fn read_request(mut waiting: Waiting) -> Finished {
    let source = waiting.source;
    let read = waiting.reader.read(&mut waiting.stream);
    match timeout_at(waiting.until, read).await.unwrap_or(Err(Useless::TooSlow)) {
        Ok(Letter { from, message, held }) => {
            waiting.held = held;
            Finished::Asked { waiting, from, message }
        }
        Err(Useless::OtherCluster) => {
            // Under this cluster's name, so that the other one sees where it has come to.
            waiting.reply(&OTHER_APP).await;
            Finished::Useless { source, why: Useless::OtherCluster }
        }
        Err(why) => Finished::Useless { source, why },
    }
}

const OTHER_APP: Message<'static, SocketAddr> = refused(RefusedReason::OtherApp);
const BUSY: Message<'static, SocketAddr> = refused(RefusedReason::Busy);

const fn refused(reason: RefusedReason) -> Message<'static, SocketAddr> {
    Message {
        kind: Kind::Refused { reason },
        incarnation: Incarnation::from_wall(swim_core::UnixMillis(0)),
        checksum: Checksum(0),
        changes: swim_core::Changes::NONE,
    }
}

/// One request and its answer, as the one who asks sees it.
async fn exchange(place: SocketAddr, request: &[u8], reader: &Reader) -> Result<Letter, SeedFailure> {
    let mut stream = TcpStream::connect(place).await.map_err(|error| SeedFailure::of(&error))?;
    // One write each way: there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    stream.write_all(request).await.map_err(|error| SeedFailure::of(&error))?;
    reader.read(&mut stream).await.map_err(|why| match why {
        Useless::Broken => SeedFailure::Broken,
        Useless::TooSlow => SeedFailure::Silent,
        Useless::OtherCluster => SeedFailure::OtherCluster,
        Useless::TooLong | Useless::Malformed => SeedFailure::Nonsense,
    })
}

/// Reads messages from streams.
#[derive(Debug)]
struct Reader {
    seal: Arc<Seal>,
    frames: wire::Limits,
    message_bytes: u32,
    room: Room,
}

/// A message that was read.
#[derive(Debug)]
struct Letter {
    from: SocketAddr,
    message: OwnedMessage<SocketAddr>,
    held: Held,
}

impl Reader {
    /// Reads one message. It takes room as its bytes come: a claimed length takes nothing.
    async fn read(&self, stream: &mut TcpStream) -> Result<Letter, Useless> {
        let len = stream.read_u32_le().await.map_err(|_| Useless::Broken)?;
        if len > self.message_bytes {
            return Err(Useless::TooLong);
        }
        let mut bytes = Vec::new();
        let mut held = Held::default();
        while bytes.len() < len as usize {
            let have = bytes.len();
            let next = (have + CHUNK).min(len as usize);
            if !held.resize(next, &self.room) {
                return Err(Useless::TooLong);
            }
            bytes.resize(next, 0);
            stream.read_exact(&mut bytes[have..]).await.map_err(|_| Useless::Broken)?;
        }
        let opened = self.seal.open(&bytes).ok_or(Useless::Malformed)?;
        let mut list = ChangeList::new();
        match wire::decode(self.seal.cluster(), self.frames, opened.frame, &mut list) {
            Ok(message) => {
                let Message { kind, incarnation, checksum, changes: _ } = message;
                let message = OwnedMessage::of_list(kind, incarnation, checksum, list);
                Ok(Letter { from: opened.from, message, held })
            }
            Err(wire::DecodeError::OtherCluster { .. }) => Err(Useless::OtherCluster),
            Err(_) => Err(Useless::Malformed),
        }
    }
}

/// How many bytes are waited for at once.
const CHUNK: usize = 16 << 10;

/// How many streams each peer has open here.
#[derive(Debug, Default)]
struct Peers(Mutex<BTreeMap<IpAddr, u32>>);

impl Peers {
    fn enter(peers: &Arc<Self>, peer: IpAddr, most: u32, permit: OwnedSemaphorePermit) -> Option<Slot> {
        let mut open = peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(peer).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Slot { peers: Arc::clone(peers), peer, _permit: permit })
    }
}

/// The place of one stream among its peer's and among all.
#[derive(Debug)]
struct Slot {
    peers: Arc<Peers>,
    peer: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}
