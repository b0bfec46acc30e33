//! Looks whether another agent uses this node's address: once, at the start, a stream to oneself.
//!
//! ```text
//!   the address is this node's alone:  ping ─> its own listener knows the number, and closes the stream
//!   another has it, too:               ping ─> the other one hears its own name, and refuses
//! ```
//!
//! Where the address leads nowhere from here, as behind many a NAT, nothing is learned. Later a second agent shows where
//! it speaks to this one.

use std::net::SocketAddr;

use swim_core::{Changes, Checksum, Incarnation, Kind, Message, Seq, Ticket, UnixMillis};

/// The look at one's own address.
#[derive(Debug)]
pub(crate) struct Twin {
    /// Nobody else knows it.
    seq: Seq,
}

impl Twin {
    pub(crate) fn new(number: u32) -> Self {
        Self { seq: Seq(number) }
    }

    /// What is sent to oneself.
    pub(crate) fn message(&self) -> Message<'static, SocketAddr> {
        Message {
            kind: Kind::Ping { seq: self.seq },
            incarnation: Incarnation::from_wall(UnixMillis(0)),
            checksum: Checksum(0),
            changes: Changes::NONE,
        }
    }

    /// Whether this is what was sent to oneself.
    pub(crate) fn is_own(&self, kind: Kind<SocketAddr>) -> bool {
        kind == Kind::Ping { seq: self.seq }
    }
}

/// The ticket of the look. The node counts its own from zero and never comes near.
pub(crate) const LOOK: Ticket = Ticket(u64::MAX);
