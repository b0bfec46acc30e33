//! What a node measures of itself and of its sockets, all at one moment.

use serde::Serialize;
use swim_core::{Checksum, Counters, Incarnation, Micros, ProtocolStats, Status};

/// Statistics at one moment: everything in it is of the same list. Serialised, times are in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// The number of the list, as in [`Membership::version`](crate::Membership::version).
    pub version: u64,
    /// The checksum of the list.
    pub checksum: Checksum,
    /// How many members have each status, in the order of [`Status::ALL`], the node itself included.
    pub members: [u32; Status::ALL.len()],
    /// The node's own incarnation.
    pub incarnation: Incarnation,
    /// Whether the node has joined.
    pub ready: bool,
    /// Whether the node probes.
    pub gossiping: bool,
    /// The local health score: 0 is healthy, 8 the worst (R8).
    pub local_health: u32,
    /// How many changes are to be told, about (R5).
    pub pending_changes: usize,
    /// How long ago the node was started.
    pub uptime: Micros,
    /// How often each thing happened in the protocol.
    pub counters: Counters,
    /// Timing and rates of the protocol (R15).
    pub protocol: ProtocolStats,
    /// How often each thing happened on the sockets.
    pub transport: TransportCounters,
}

impl Stats {
    /// How many members have this status.
    pub fn count(&self, status: Status) -> u32 {
        self.members[status as usize]
    }

    /// How many members are alive or suspect, the node itself included.
    pub fn count_reachable(&self) -> u32 {
        self.count(Status::Alive) + self.count(Status::Suspect)
    }
}

/// How often each thing happened on the sockets since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[non_exhaustive]
pub struct TransportCounters {
    /// Datagrams that were handed to the system.
    pub datagrams_sent: u64,
    /// Datagrams that arrived, good or bad.
    pub datagrams_received: u64,
    /// Bytes of datagrams that were handed to the system.
    pub datagram_bytes_sent: u64,
    /// Bytes of datagrams that arrived, good or bad.
    pub datagram_bytes_received: u64,
    /// Datagrams that were dropped, because the system took no more for too long.
    pub datagrams_dropped: u64,
    /// Datagrams of which the system said that they did not arrive.
    pub datagrams_refused: u64,
    /// Requests of this node on streams.
    pub requests_sent: u64,
    /// Requests of this node that failed: refused, broken, too slow, or answered with nonsense.
    pub requests_failed: u64,
    /// Requests of others on streams.
    pub requests_received: u64,
    /// Streams of others that were closed at once, because their peer had too many.
    pub streams_turned_away: u64,
    /// Streams of others that were cut: too slow, too long, or more than all streams may take together.
    pub streams_cut: u64,
    /// Messages of another cluster.
    pub other_cluster: u64,
    /// Bytes that are no message: damaged, of another version, or not of this protocol at all.
    pub malformed: u64,
    /// Changes in ringpop's messages that could not be read: of members that have no address and port, of an unknown status,
    /// or beyond what numbers and labels may be.
    pub changes_unread: u64,
    /// How often it showed that another agent uses this node's address: by messages under it that this node did not
    /// send, or by an answer that came from there.
    pub own_address: u64,
    /// Messages that the filter dropped.
    pub filtered: u64,
}
