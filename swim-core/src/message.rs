//! What nodes say to one another.
//!
//! Every message carries who speaks (its incarnation), what it knows (its membership checksum) and what it has to
//! tell (changes). The [`Kind`] is what it wants.
//!
//! ```text
//! datagrams:   Ping ─> Ack        PingReq ─> PingReqAnswer        Gossip
//! streams:     Ping ─> Ack        PingReq ─> PingReqAnswer        Join ─> List | Refused
//!              Sync ─> SyncAnswer | Refused         HealFetch ─> List | Refused
//!              HealSuspect ─> Done | Refused        HealMerge ─> Done | Refused
//! ```

use crate::cluster::ClusterId;
use crate::member::{ChangeList, Changes, Incarnation};
use crate::time::Micros;

/// Numbers the pings and ping-reqs of one node; answers repeat it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Seq(pub u32);

/// The checksum of a membership list (I4). Equal lists have equal checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Checksum(pub u32);

/// Names one exchange on a stream: one request and its one answer.
///
/// A node numbers the requests that it sends; the host numbers those that arrive, as it likes, and gets the number
/// back with the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Ticket(pub u64);

/// How a message arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Via {
    /// Alone, by a datagram.
    Datagram,
    /// As a request on a stream. It gets exactly one [`Channel::Reply`] with this ticket, a refusal included.
    Request(Ticket),
    /// As the answer to the [`Channel::Request`] of this ticket.
    Response(Ticket),
}

/// How a message leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Channel {
    /// By a datagram; it fits in [`Options::datagram_max`](crate::Options::datagram_max).
    Datagram,
    /// As a request on a stream; the answer comes back as [`Via::Response`] with this ticket.
    Request(Ticket),
    /// As the answer to the [`Via::Request`] of this ticket.
    Reply(Ticket),
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message<'a, A: Copy> {
    /// What it wants.
    pub kind: Kind<A>,
    /// The sender's incarnation.
    pub incarnation: Incarnation,
    /// The checksum of the sender's list.
    pub checksum: Checksum,
    /// What the sender tells.
    pub changes: Changes<'a, A>,
}

/// What a message wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind", rename_all = "snake_case"))]
pub enum Kind<A> {
    /// Are you there? (SWIM 3.1)
    Ping {
        /// Comes back in the answer.
        seq: Seq,
    },
    /// I am here.
    Ack {
        /// Of the ping.
        seq: Seq,
        /// Whether the answering node has joined; a node that has not is alive all the same (R4).
        ready: Readiness,
    },
    /// Is `target` there? I cannot reach it. (SWIM 3.1)
    PingReq {
        /// Comes back in the answer.
        seq: Seq,
        /// Who is to be pinged.
        target: A,
        /// How long the helper may take; its answer must arrive before the asker's own timeout (R4).
        timeout: Micros,
    },
    /// What a helper found.
    PingReqAnswer {
        /// Of the ping-req.
        seq: Seq,
        /// Who was pinged.
        target: A,
        /// Whether it answered.
        reach: Reach,
    },
    /// Changes only (R5).
    Gossip,
    /// Let me in (R10). The changes hold the joiner's claim about itself.
    Join {
        /// The joiner's cluster; another one is refused.
        app: ClusterId,
    },
    /// My whole list: the answer to a join or to a healer.
    List,
    /// My whole list, because yours differs; tell me what I lack (R6).
    Sync {
        /// Why the lists are compared.
        reason: SyncReason,
    },
    /// What differs, from the one that was asked to sync.
    SyncAnswer {
        /// As in the request.
        reason: SyncReason,
    },
    /// Your list, please: I hold you faulty and want to heal (R11).
    HealFetch {
        /// The healer's cluster; another one is refused.
        app: ClusterId,
    },
    /// These must speak up before our sides can be merged (R11).
    HealSuspect,
    /// My list, safe to merge (R11).
    HealMerge,
    /// The request was carried out.
    Done,
    /// The request was not carried out.
    Refused {
        /// Why.
        reason: RefusedReason,
    },
}

/// Whether a node has joined its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Readiness {
    /// It has.
    Ready,
    /// It is still joining; ringpop calls its requests' error `ErrNodeNotReady`.
    NotReady,
}

/// What a helper found out about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Reach {
    /// It answered.
    Reached,
    /// It did not answer in time.
    NotReached,
    /// The helper is not ready, or has too much to do, to find out. Counts as silence (R4).
    NotReady,
}

/// Why two nodes compare their lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SyncReason {
    /// Neither has anything to tell, and yet the lists differ. What is learned so is gossiped.
    Diverged,
    /// More is pending than messages can carry, as in a join storm. What is learned so is not gossiped again.
    Overload,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum RefusedReason {
    /// The sender belongs to another app (R10).
    OtherApp,
    /// The sender has the address of the node itself.
    Oneself,
    /// The node has too many such exchanges under way.
    Busy,
    /// The node does not hold the sender pingable, and so does not merge with it (R6).
    NotPingable,
    /// The node is stopped, or a request of this kind is never answered.
    Unexpected,
    /// The node has not joined yet.
    NotReady,
}

/// A message that owns its changes.
#[derive(Clone, Debug)]
pub struct OwnedMessage<A: Copy> {
    kind: Kind<A>,
    incarnation: Incarnation,
    checksum: Checksum,
    changes: ChangeList<A>,
}

impl<A: Copy> OwnedMessage<A> {
    /// Copies `message`.
    pub fn new(message: Message<'_, A>) -> Self {
        Self::with_list(message, ChangeList::new())
    }

    /// Copies `message`, its changes into `list`, whose memory is used again.
    pub fn with_list(message: Message<'_, A>, mut list: ChangeList<A>) -> Self {
        list.clear();
        list.extend(message.changes);
        Self { kind: message.kind, incarnation: message.incarnation, checksum: message.checksum, changes: list }
    }

    /// A message of these parts; copies nothing, as there is need for where a long list was decoded.
    pub const fn of_list(kind: Kind<A>, incarnation: Incarnation, checksum: Checksum, list: ChangeList<A>) -> Self {
        Self { kind, incarnation, checksum, changes: list }
    }

    /// The message.
    #[inline]
    pub fn as_message(&self) -> Message<'_, A> {
        Message {
            kind: self.kind,
            incarnation: self.incarnation,
            checksum: self.checksum,
            changes: self.changes.as_changes(),
        }
    }

    /// The list of its changes, to be used again.
    pub fn into_list(self) -> ChangeList<A> {
        self.changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::member::{Change, Status};

    #[test]
    fn the_list_of_a_message_is_had_back_and_used_again() {
        let change = Change {
            address: 1,
            incarnation: Incarnation::default(),
            status: Status::Alive,
            source: None,
            labels: Labels::NONE,
        };
        let list = ChangeList::from_iter([change, change]);
        let (kind, incarnation, checksum) = (Kind::Gossip, Incarnation::default(), Checksum(7));
        let message = Message { kind, incarnation, checksum, changes: list.as_changes() };
        let owned = OwnedMessage::new(message);
        assert_eq!(owned.as_message(), message);
        let again = owned.into_list();
        assert_eq!(again, list);
        let empty = Message { changes: Changes::NONE, ..message };
        assert_eq!(OwnedMessage::with_list(empty, again).as_message(), empty);
    }
}
