//! What can happen in a run: the entries of its queue.

use swim_core::{About, Checksum, DiscoverId, Incarnation, Instant, Kind, Message, Readiness, Seq, Ticket};

use crate::parcels::ParcelId;

/// One entry of the queue. Small and `Copy`: a ping or an ack without changes, which is nearly everything in a cluster
/// at rest, is the entry itself; whatever is larger waits among the [`Parcels`](crate::parcels::Parcels).
#[derive(Clone, Copy, Debug)]
pub enum Happening {
    /// A process starts, and its node joins.
    Boot(u32),
    /// A host looks whether its node is what it wants it to be.
    Again {
        /// Which.
        node: u32,
        /// In which life.
        life: u32,
    },
    /// The wake of a node, if it still is the one that counts.
    Wake(u32),
    /// A ping or an ack without changes arrives by datagram.
    Note {
        /// Who sent it.
        from: u32,
        /// Who gets it.
        to: u32,
        /// What it says.
        note: Note,
    },
    /// Any other message arrives.
    Parcel {
        /// Who sent it.
        from: u32,
        /// Who gets it.
        to: u32,
        /// What it says.
        parcel: ParcelId,
    },
    /// The first packet of a request's handshake arrives: who runs then answers, and where nobody does it is refused.
    Syn {
        /// Who asks.
        from: u32,
        /// In which life.
        life: u32,
        /// Whom.
        to: u32,
        /// The request.
        parcel: ParcelId,
        /// When the request arrives.
        arrives: Instant,
    },
    /// A handshake that was not answered is tried again.
    Handshake {
        /// Who asks.
        from: u32,
        /// In which life.
        life: u32,
        /// Whom.
        to: u32,
        /// The request.
        parcel: ParcelId,
        /// How often it was tried.
        tries: u8,
    },
    /// A node learns that a datagram did not arrive.
    DatagramUndeliverable {
        /// Who sent it.
        from: u32,
        /// In which life.
        life: u32,
        /// To whom.
        to: u32,
    },
    /// A node learns that a request did not arrive, or gets no reply.
    RequestUndeliverable {
        /// Who sent it.
        from: u32,
        /// In which life.
        life: u32,
        /// To whom.
        to: u32,
        /// Its number for the request.
        ticket: Ticket,
    },
    /// A node gets the hosts that it asked for.
    Hosts {
        /// Who asked.
        node: u32,
        /// In which life.
        life: u32,
        /// For which discovery.
        id: DiscoverId,
    },
}

impl Happening {
    /// `from`, in that life, learns that something did not arrive at `to`.
    pub const fn undeliverable(from: u32, life: u32, to: u32, about: About) -> Self {
        match about {
            About::Datagram => Self::DatagramUndeliverable { from, life, to },
            About::Request(ticket) => Self::RequestUndeliverable { from, life, to, ticket },
        }
    }
}

/// A ping or an ack without changes, in two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    seq: Seq,
    checksum: Checksum,
    /// The incarnation, and above it what kind of message it is: an entry of the queue stays within a cache line.
    incarnation_and_kind: u64,
}

const KIND_SHIFT: u32 = 60;
const PING: u64 = 0;
const ACK_READY: u64 = 1;
const ACK_NOT_READY: u64 = 2;

impl Note {
    /// The note that says what `message` says, if there is one.
    #[inline]
    pub fn of(message: &Message<'_, u32>) -> Option<Self> {
        if !message.changes.is_empty() {
            return None;
        }
        let (kind, seq) = match message.kind {
            Kind::Ping { seq } => (PING, seq),
            Kind::Ack { seq, ready: Readiness::Ready } => (ACK_READY, seq),
            Kind::Ack { seq, ready: Readiness::NotReady } => (ACK_NOT_READY, seq),
            _ => return None,
        };
        let incarnation_and_kind = message.incarnation.get() | kind << KIND_SHIFT;
        Some(Self { seq, checksum: message.checksum, incarnation_and_kind })
    }

    /// The message.
    #[inline]
    pub fn message(&self) -> Message<'static, u32> {
        let seq = self.seq;
        let incarnation = self.incarnation_and_kind & ((1 << KIND_SHIFT) - 1);
        Message {
            kind: match self.incarnation_and_kind >> KIND_SHIFT {
                PING => Kind::Ping { seq },
                ACK_READY => Kind::Ack { seq, ready: Readiness::Ready },
                _ => Kind::Ack { seq, ready: Readiness::NotReady },
            },
            incarnation: Incarnation::new(incarnation).expect("it is one that a message had"),
            checksum: self.checksum,
            changes: swim_core::Changes::NONE,
        }
    }
}

/// When the one entry in the queue that wakes each node is due.
///
/// A node moves its deadline at almost every input, mostly to a later time. The entry then stays where it is; when it is
/// due, it is planned again for the deadline of that moment. So an ack costs no work on the queue.
#[derive(Clone, Debug)]
pub struct Wakes {
    due: Vec<Instant>,
}

/// What to do with a wake that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The node wants it: tick.
    Tick,
    /// The node wants it later: plan it again for then.
    Later(Instant),
    /// An earlier entry took its place, or the node wants none.
    Void,
}

impl Wakes {
    /// No wakes, for this many nodes.
    pub fn new(nodes: u32) -> Self {
        Self { due: vec![Instant::NEVER; nodes as usize] }
    }

    /// The node wants none any more.
    pub fn forget(&mut self, node: u32) {
        self.due[node as usize] = Instant::NEVER;
    }

    /// The node wants to be woken at `wanted`; returns whether an entry must be planned for that.
    #[inline]
    #[must_use]
    pub fn want(&mut self, node: u32, wanted: Instant) -> bool {
        let due = &mut self.due[node as usize];
        if wanted < *due {
            *due = wanted;
            return true;
        }
        false
    }

    /// An entry of `node` is due now; `wanted` is its deadline.
    #[inline]
    pub fn due(&mut self, now: Instant, node: u32, wanted: Option<Instant>) -> Due {
        let due = &mut self.due[node as usize];
        if *due != now {
            return Due::Void;
        }
        *due = Instant::NEVER;
        match wanted {
            None | Some(Instant::NEVER) => Due::Void,
            Some(wanted) if wanted > now => {
                *due = wanted;
                Due::Later(wanted)
            }
            Some(_) => Due::Tick,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{ChangeList, Changes};

    const AT: fn(u64) -> Instant = Instant::from_micros;

    #[test]
    fn an_entry_of_the_queue_stays_within_a_cache_line_with_its_key_and_link() {
        assert!(size_of::<Happening>() <= 32, "{}", size_of::<Happening>());
    }

    #[test]
    fn pings_and_acks_without_changes_are_notes_and_nothing_else_is() {
        let message = |kind| Message {
            kind,
            incarnation: Incarnation::new(7).unwrap(),
            checksum: Checksum(9),
            changes: Changes::NONE,
        };
        for kind in [
            Kind::Ping { seq: Seq(3) },
            Kind::Ack { seq: Seq(3), ready: Readiness::Ready },
            Kind::Ack { seq: Seq(3), ready: Readiness::NotReady },
        ] {
            assert_eq!(Note::of(&message(kind)).map(|note| note.message()), Some(message(kind)));
        }
        assert_eq!(Note::of(&message(Kind::Gossip)), None);
        let change = swim_core::Change {
            address: 1,
            incarnation: Incarnation::default(),
            status: swim_core::Status::Alive,
            source: None,
            labels: swim_core::Labels::NONE,
        };
        let changes = ChangeList::from_iter([change]);
        assert_eq!(Note::of(&Message { changes: changes.as_changes(), ..message(Kind::Ping { seq: Seq(3) }) }), None);
    }

    #[test]
    fn a_wake_moved_later_is_planned_again_when_it_is_due() {
        let mut wakes = Wakes::new(1);
        assert!(wakes.want(0, AT(5)));
        assert!(!wakes.want(0, AT(9)));
        assert_eq!(wakes.due(AT(5), 0, Some(AT(9))), Due::Later(AT(9)));
        assert_eq!(wakes.due(AT(9), 0, Some(AT(9))), Due::Tick);
    }

    #[test]
    fn a_wake_moved_earlier_makes_the_later_entry_void() {
        let mut wakes = Wakes::new(1);
        assert!(wakes.want(0, AT(9)));
        assert!(wakes.want(0, AT(5)));
        assert_eq!(wakes.due(AT(5), 0, Some(AT(5))), Due::Tick);
        assert!(wakes.want(0, AT(12)));
        assert_eq!(wakes.due(AT(9), 0, Some(AT(12))), Due::Void);
        assert_eq!(wakes.due(AT(12), 0, Some(AT(12))), Due::Tick);
    }

    #[test]
    fn a_node_that_wants_no_wake_gets_none() {
        let mut wakes = Wakes::new(1);
        assert!(wakes.want(0, AT(5)));
        assert_eq!(wakes.due(AT(5), 0, None), Due::Void);
        assert!(wakes.want(0, AT(7)));
    }
}
