//! Datagrams: many a system call where the platform has it, and what the network says of those that did not arrive.
//!
//! What arrives is read into an [`Inbox`], what leaves is collected in an [`Outbox`]; both are lent for one turn of the
//! task, so that a node at rest has no buffers. What the system does not take at once waits here, up to a bound.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use tokio::io::{Interest, Ready};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

use super::address::{Reach, plain};
#[cfg(target_os = "linux")]
use super::linux as system;
#[cfg(not(target_os = "linux"))]
use super::portable as system;
use crate::stats::TransportCounters;

/// A node's socket for datagrams.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: UdpSocket,
    reach: Reach,
    /// What the system would not take yet ...
    backlog: VecDeque<Waiting>,
    /// ... and when it is tried again: once ICMP has told of an error the socket is said to be writable for ever.
    retry: Instant,
}

#[derive(Debug)]
struct Waiting {
    to: SocketAddr,
    bytes: Box<[u8]>,
}

impl Datagrams {
    pub(crate) fn new(socket: UdpSocket, bound: SocketAddr) -> Self {
        if let Err(error) = system::prepare(&socket, bound) {
            tracing::warn!(target: "swim", %error, "the system will not tell of datagrams that did not arrive");
        }
        Self { socket, reach: Reach::new(bound), backlog: VecDeque::new(), retry: Instant::now() }
    }

    /// Waits until there is something to do. Cancellation-safe.
    pub(crate) async fn ready(&self) -> io::Result<Ready> {
        tokio::select! {
            ready = self.socket.ready(Interest::READABLE | Interest::ERROR) => ready,
            () = self.time_to_retry() => Ok(Ready::WRITABLE),
        }
    }

    async fn time_to_retry(&self) {
        if self.backlog.is_empty() {
            pending().await
        } else {
            sleep_until(self.retry).await;
        }
    }

    /// Reads what has arrived, as much as `inbox` holds. More may be left.
    pub(crate) fn receive(&mut self, inbox: &mut Inbox, undelivered: &mut Vec<SocketAddr>) {
        inbox.arrived.clear();
        for _ in 0..ATTEMPTS {
            match self.socket.try_io(Interest::READABLE, || system::receive(&self.socket, inbox)) {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The error of an earlier datagram; the next attempt brings what has arrived.
                Err(_) => self.errors(undelivered),
            }
        }
    }

    /// Collects whose datagrams did not arrive, as the network told.
    pub(crate) fn errors(&self, undelivered: &mut Vec<SocketAddr>) {
        let before = undelivered.len();
        // Until there are no more, so that the socket is no longer ready.
        while self.socket.try_io(Interest::ERROR, || system::errors(&self.socket, undelivered)).is_ok() {
            if undelivered.len() - before >= ERRORS_MAX {
                break;
            }
        }
        undelivered[before..].iter_mut().for_each(|to| *to = plain(*to));
    }

    /// Sends what `outbox` has collected, and empties it. Those whose address cannot be sent to are `undelivered`.
    pub(crate) fn send(
        &mut self,
        outbox: &mut Outbox,
        counters: &mut TransportCounters,
        undelivered: &mut Vec<SocketAddr>,
    ) {
        outbox.datagrams.iter_mut().for_each(|outgoing| outgoing.to = self.reach.place(outgoing.to));
        let mut next = 0;
        while next < outbox.datagrams.len() && self.backlog.is_empty() {
            let rest = &outbox.datagrams[next..];
            match self.try_send(&outbox.bytes, rest, undelivered) {
                Sent::Some(count) => {
                    counters.datagrams_sent += count as u64;
                    let bytes = rest[..count].iter().map(|outgoing| outgoing.range.len() as u64);
                    counters.datagram_bytes_sent += bytes.sum::<u64>();
                    next += count;
                }
                Sent::Refused => {
                    undelivered.push(plain(rest[0].to));
                    next += 1;
                }
                Sent::Dropped => {
                    counters.datagrams_dropped += 1;
                    next += 1;
                }
                Sent::Later => break,
            }
        }
        if self.backlog.is_empty() {
            self.retry = Instant::now() + RETRY;
        }
        for Outgoing { to, range } in &outbox.datagrams[next..] {
            if self.backlog.len() >= BACKLOG_MAX {
                counters.datagrams_dropped += 1;
            } else {
                self.backlog.push_back(Waiting { to: *to, bytes: outbox.bytes[range.clone()].into() });
            }
        }
        outbox.clear();
    }

    /// Sends what had to wait, as much as the system takes now.
    pub(crate) fn send_backlog(&mut self, counters: &mut TransportCounters, undelivered: &mut Vec<SocketAddr>) {
        self.retry = Instant::now() + RETRY;
        while let Some(waiting) = self.backlog.front() {
            match self.try_send(
                &waiting.bytes,
                &[Outgoing { to: waiting.to, range: 0..waiting.bytes.len() }],
                undelivered,
            ) {
                Sent::Some(_) => {
                    counters.datagrams_sent += 1;
                    counters.datagram_bytes_sent += waiting.bytes.len() as u64;
                }
                Sent::Refused => undelivered.push(plain(waiting.to)),
                Sent::Dropped => counters.datagrams_dropped += 1,
                Sent::Later => return,
            }
            self.backlog.pop_front();
        }
        self.backlog.shrink_to_fit();
    }

    fn try_send(&self, bytes: &[u8], datagrams: &[Outgoing], undelivered: &mut Vec<SocketAddr>) -> Sent {
        for _ in 0..ATTEMPTS {
            match self.socket.try_io(Interest::WRITABLE, || system::send(&self.socket, bytes, datagrams)) {
                Ok(count) => return Sent::Some(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Sent::Later,
                // It may be the error of an earlier datagram.
                Err(error) => {
                    let before = undelivered.len();
                    self.errors(undelivered);
                    if undelivered.len() == before && error.kind() != io::ErrorKind::ConnectionRefused {
                        tracing::debug!(target: "swim", to = %datagrams[0].to, %error, "a datagram cannot be sent");
                        return if is_about_the_way(&error) { Sent::Refused } else { Sent::Dropped };
                    }
                }
            }
        }
        Sent::Dropped
    }
}

/// Whether an error says that there is no way to an address, and not that the system is short of something.
fn is_about_the_way(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable
    )
}

/// Where to send which of the outbox's bytes.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) to: SocketAddr,
    pub(super) range: Range<usize>,
}

enum Sent {
    /// So many, at least one.
    Some(usize),
    /// There is no way to the first.
    Refused,
    /// The first cannot be sent, which says nothing of its member.
    Dropped,
    /// The system takes no more for now.
    Later,
}

/// How often a call is repeated that brought the error of an earlier datagram.
const ATTEMPTS: usize = 4;
/// How many errors are read at once.
const ERRORS_MAX: usize = 64;
/// How soon is tried again what the system would not take.
const RETRY: Duration = Duration::from_millis(1);
/// How many datagrams wait for the system.
const BACKLOG_MAX: usize = 256;

/// Datagrams that have arrived: one run of memory, cut into equal parts.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    pub(super) bytes: Vec<u8>,
    pub(super) part: usize,
    pub(super) arrived: Vec<Arrived>,
}

/// One datagram that has arrived, in the part of its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    pub(crate) from: SocketAddr,
    pub(crate) len: usize,
}

impl Inbox {
    /// Makes room for datagrams of up to `max` bytes, and a byte that shows that one was longer.
    pub(crate) fn fit(&mut self, max: usize) {
        self.part = max + 1;
        let parts = (BYTES_MAX / self.part).clamp(1, BATCH);
        self.bytes.resize(parts * self.part, 0);
    }

    /// How many datagrams have arrived.
    pub(crate) fn len(&self) -> usize {
        self.arrived.len()
    }

    /// One of them, with where it came from.
    pub(crate) fn datagram(&self, at: usize) -> (SocketAddr, &[u8]) {
        let Arrived { from, len } = self.arrived[at];
        let start = at * self.part;
        (from, &self.bytes[start..start + len])
    }
}

/// The most datagrams that one system call takes.
pub(super) const BATCH: usize = 16;
/// The most memory for one batch, in bytes, except for a single datagram.
const BYTES_MAX: usize = 64 << 10;

/// Datagrams that are to leave: one run of memory.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    datagrams: Vec<Outgoing>,
}

impl Outbox {
    /// Adds a datagram to the member `to`; `write` appends its bytes.
    pub(crate) fn add(&mut self, to: SocketAddr, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.datagrams.push(Outgoing { to, range: start..self.bytes.len() });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.datagrams.clear();
    }
}
