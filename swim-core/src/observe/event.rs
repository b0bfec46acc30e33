//! Events: everything that ringpop reports, and a few more. The set is open, a mask picks the kinds wanted.
//! Serialised, an event is one object: `event` is its name, the rest are its fields; times are in microseconds.

use alloc::vec::Vec;

use crate::effect::CommandId;
use crate::member::{ChangeList, Changes, Incarnation, Status};
use crate::message::{Checksum, RefusedReason};
use crate::time::Micros;

/// Declares [`Event`], [`EventKind`] and the match between them, so that they cannot drift apart.
macro_rules! events {
    ($( $(#[$doc:meta])* $name:ident $({ $( $(#[$field_doc:meta])* $field:ident : $type:ty ),* $(,)? })? ),* $(,)?) => {
        /// What happened inside a node. Borrows from [`Effects`](crate::Effects); [`OwnedEvent`] owns.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[cfg_attr(feature = "serde", serde(tag = "event"))]
        #[non_exhaustive]
        pub enum Event<'a, A: Copy> {
            $( $(#[$doc])* $name $({ $( $(#[$field_doc])* $field: $type ),* })? ),*
        }

        /// The kind of an [`Event`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum EventKind {
            $( #[doc = concat!("[`Event::", stringify!($name), "`].")] $name ),*
        }

        impl EventKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$( Self::$name ),*];

            /// The name of the kind, as the enum spells it.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => stringify!($name) ),* }
            }
        }

        impl<A: Copy> Event<'_, A> {
            /// Its kind.
            #[inline]
            pub const fn kind(&self) -> EventKind {
                match self { $( Self::$name { .. } => EventKind::$name ),* }
            }
        }
    };
}

events! {
    /// A join's answer was added to the list.
    AddJoinList {
        /// Who answered.
        source: A,
        /// How many changes it brought.
        received: u32,
        /// How many of them were new.
        applied: u32,
    },
    /// An attempt to heal a partition with `target` starts (R11).
    AttemptHeal {
        /// The faulty or unknown host.
        target: A,
    },
    /// A change was left out of an answer, because the asker made it (R5).
    ChangeFiltered {
        /// Who asked.
        asker: A,
        /// The subject of the change.
        subject: A,
    },
    /// The changes of a message were chosen (R5).
    ChangesCalculated {
        /// How many there are.
        count: u32,
    },
    /// The checksum of the list changed (I4).
    ChecksumCompute {
        /// What it is.
        checksum: Checksum,
        /// What it was.
        old: Checksum,
    },
    /// The host was asked for hosts, to find partitions to heal (R11).
    DiscoHeal,
    /// An attempt to heal ended (R11).
    HealEnded {
        /// With whom.
        target: A,
        /// How.
        result: HealResult,
    },
    /// A whole list was sent (R6).
    FullSync {
        /// To whom.
        remote: A,
        /// The checksum that it had.
        remote_checksum: Checksum,
    },
    /// The node has joined (R10).
    JoinComplete {
        /// How long it took.
        duration: Micros,
        /// Who answered.
        joined: &'a [A],
    },
    /// The node gave up joining (R10).
    JoinFailed {
        /// Why.
        reason: JoinFailedReason,
    },
    /// A node asked to join.
    JoinReceive {
        /// Who.
        source: A,
    },
    /// A round of joins starts (R10).
    JoinTriesUpdate {
        /// How many rounds there were before it.
        retries: u32,
    },
    /// The node gave a member another status by itself: by a probe, a timer or a command.
    MakeNodeStatus {
        /// The member.
        address: A,
        /// The status.
        status: Status,
    },
    /// How often a change is sent changed with the size of the cluster (R5).
    MaxPAdjusted {
        /// What it was.
        old: u32,
        /// What it is.
        new: u32,
    },
    /// Changes were applied to the list. This is the event to follow: whatever makes a member come, change, leave or die is in
    /// it, the node's own verdicts included. Who vanishes is told by [`Event::MemberEvicted`] and [`Event::MemberDropped`].
    MemberlistChangesApplied {
        /// Which.
        changes: Changes<'a, A>,
        /// The checksum before.
        old_checksum: Checksum,
        /// The checksum after.
        new_checksum: Checksum,
        /// How many members are listed now.
        num_members: u32,
    },
    /// Changes arrived and are about to be applied.
    MemberlistChangesReceived {
        /// From whom.
        source: A,
        /// Which.
        changes: Changes<'a, A>,
    },
    /// A full sync was left out, because enough of them are under way (R6).
    OmitReverseFullSync {
        /// With whom.
        target: A,
    },
    /// A ping arrived.
    PingReceive {
        /// From whom.
        source: A,
        /// With what.
        changes: Changes<'a, A>,
    },
    /// A ping on another's behalf was answered (R4).
    PingRequestPing {
        /// Who asked.
        source: A,
        /// Who answered.
        target: A,
        /// How long it took.
        duration: Micros,
    },
    /// A ping-req arrived.
    PingRequestReceive {
        /// From whom.
        source: A,
        /// Who is to be pinged.
        target: A,
        /// With what.
        changes: Changes<'a, A>,
    },
    /// A helper did not answer (R4).
    PingRequestSendError {
        /// Who was to be pinged.
        target: A,
        /// Who was asked to.
        peer: A,
    },
    /// A round's ping-reqs are over (R4).
    PingRequestsSendComplete {
        /// Who was to be pinged.
        target: A,
        /// Who was asked to.
        peers: &'a [A],
        /// Whether one of them, or the target itself, answered.
        reached: bool,
        /// How long it took.
        duration: Micros,
    },
    /// A round asks for help (R4).
    PingRequestsSend {
        /// Who is to be pinged.
        target: A,
        /// Who is asked to.
        peers: &'a [A],
    },
    /// A ping was answered.
    PingSendComplete {
        /// By whom.
        remote: A,
        /// With what.
        changes: Changes<'a, A>,
        /// How long it took.
        duration: Micros,
    },
    /// A ping was sent.
    PingSend {
        /// To whom.
        remote: A,
        /// With what.
        changes: Changes<'a, A>,
    },
    /// The time until the next round was chosen.
    ProtocolDelayCompute {
        /// How long it is.
        duration: Micros,
    },
    /// A round is over.
    ProtocolFrequency {
        /// How long it took.
        duration: Micros,
    },
    /// A full sync brought nothing new (R6).
    RedundantReverseFullSync {
        /// With whom.
        target: A,
    },
    /// A claim about the node itself was refuted (R2).
    RefuteUpdate {
        /// The node's incarnation from now on.
        incarnation: Incarnation,
    },
    /// A request arrived before the node was ready.
    RequestBeforeReady {
        /// From whom.
        source: A,
        /// Of which endpoint.
        endpoint: Endpoint,
    },
    /// A full sync starts (R6).
    StartReverseFullSync {
        /// With whom.
        target: A,
    },

    /// A peer did what the rules do not allow; nothing of it was applied.
    Rejected {
        /// Who.
        source: A,
        /// What.
        reason: RejectReason,
    },
    /// A member that was known came back with an incarnation from another boot.
    MemberRestarted {
        /// Who.
        address: A,
        /// Its new incarnation.
        incarnation: Incarnation,
    },
    /// A member was dropped from the list: its tombstone ran out (R3).
    MemberEvicted {
        /// Who.
        address: A,
        /// The incarnation that is remembered, so that it is not taught back.
        incarnation: Incarnation,
    },
    /// A member that never answered was dropped from a full list, to make room for one that did (R16). The list is too
    /// small, or someone floods it.
    MemberDropped {
        /// Who.
        address: A,
        /// Its incarnation; it is not remembered, and may be listed again.
        incarnation: Incarnation,
    },
    /// A member's incarnation is far ahead of the clock: one of the two clocks is off.
    ClockFarOff {
        /// Who.
        address: A,
        /// How far, in milliseconds.
        ahead_ms: u64,
    },
    /// A host's answer to a join does not count: none of the members that it lists can be believed (R2). This node's clock is
    /// far behind, or theirs are far ahead.
    JoinListRejected {
        /// Who answered.
        source: A,
        /// How far ahead of this node's clock they all are at least, in milliseconds.
        ahead_ms: u64,
    },
    /// The local health score changed (R8).
    LocalHealth {
        /// What it is: 0 is healthy.
        score: u32,
    },
    /// A command ended; see [`Effect::CommandDone`](crate::Effect::CommandDone).
    CommandEnded {
        /// Which.
        id: CommandId,
    },
    /// The node's departure was spread: a leave or a self-eviction has ended (R12).
    Departed {
        /// As what: [`Status::Leave`] or [`Status::Faulty`].
        status: Status,
        /// How many members acknowledged it.
        acknowledged: u32,
    },
    /// Applied changes, reported together (R14).
    Rollup {
        /// Which.
        changes: Changes<'a, A>,
    },
}

impl<'a, A: Copy> Event<'a, A> {
    /// The same event with `changes` and `addresses` in the place of its own.
    pub(crate) fn with<'b>(self, all_changes: Changes<'b, A>, addresses: &'b [A]) -> Event<'b, A>
    where
        'a: 'b,
    {
        let mut event: Event<'b, A> = self;
        match &mut event {
            Event::MemberlistChangesApplied { changes, .. }
            | Event::MemberlistChangesReceived { changes, .. }
            | Event::PingReceive { changes, .. }
            | Event::PingRequestReceive { changes, .. }
            | Event::PingSendComplete { changes, .. }
            | Event::PingSend { changes, .. }
            | Event::Rollup { changes } => *changes = all_changes,
            Event::JoinComplete { joined: peers, .. }
            | Event::PingRequestsSendComplete { peers, .. }
            | Event::PingRequestsSend { peers, .. } => *peers = addresses,
            _ => {}
        }
        event
    }

    /// The same event without the lists that it carries.
    pub(crate) fn emptied(self) -> Event<'static, A>
    where
        A: 'static,
    {
        // Every list is replaced, so nothing borrowed is left; the compiler sees that per variant only.
        macro_rules! same {
            ($($name:ident { $($field:ident),* $(; $list:ident = $empty:expr)? }),* $(,)?) => {
                match self {
                    $( Event::$name { $($field,)* $($list: _,)? } => Event::$name { $($field,)* $($list: $empty,)? }, )*
                }
            };
        }
        same! {
            AddJoinList { source, received, applied },
            AttemptHeal { target },
            ChangeFiltered { asker, subject },
            ChangesCalculated { count },
            ChecksumCompute { checksum, old },
            DiscoHeal {},
            HealEnded { target, result },
            FullSync { remote, remote_checksum },
            JoinComplete { duration; joined = &[] },
            JoinFailed { reason },
            JoinReceive { source },
            JoinTriesUpdate { retries },
            MakeNodeStatus { address, status },
            MaxPAdjusted { old, new },
            MemberlistChangesApplied { old_checksum, new_checksum, num_members; changes = Changes::NONE },
            MemberlistChangesReceived { source; changes = Changes::NONE },
            OmitReverseFullSync { target },
            PingReceive { source; changes = Changes::NONE },
            PingRequestPing { source, target, duration },
            PingRequestReceive { source, target; changes = Changes::NONE },
            PingRequestSendError { target, peer },
            PingRequestsSendComplete { target, reached, duration; peers = &[] },
            PingRequestsSend { target; peers = &[] },
            PingSendComplete { remote, duration; changes = Changes::NONE },
            PingSend { remote; changes = Changes::NONE },
            ProtocolDelayCompute { duration },
            ProtocolFrequency { duration },
            RedundantReverseFullSync { target },
            RefuteUpdate { incarnation },
            RequestBeforeReady { source, endpoint },
            StartReverseFullSync { target },
            Rejected { source, reason },
            MemberRestarted { address, incarnation },
            MemberEvicted { address, incarnation },
            MemberDropped { address, incarnation },
            ClockFarOff { address, ahead_ms },
            JoinListRejected { source, ahead_ms },
            LocalHealth { score },
            CommandEnded { id },
            Departed { status, acknowledged },
            Rollup {; changes = Changes::NONE },
        }
    }

    /// The changes that it carries.
    pub fn changes(&self) -> Changes<'a, A> {
        match *self {
            Event::MemberlistChangesApplied { changes, .. }
            | Event::MemberlistChangesReceived { changes, .. }
            | Event::PingReceive { changes, .. }
            | Event::PingRequestReceive { changes, .. }
            | Event::PingSendComplete { changes, .. }
            | Event::PingSend { changes, .. }
            | Event::Rollup { changes } => changes,
            _ => Changes::NONE,
        }
    }

    /// The list of members that it carries.
    pub fn addresses(&self) -> &'a [A] {
        match *self {
            Event::JoinComplete { joined: peers, .. }
            | Event::PingRequestsSendComplete { peers, .. }
            | Event::PingRequestsSend { peers, .. } => peers,
            _ => &[],
        }
    }
}

/// An [`Event`] that owns what it carries, to be kept or sent elsewhere.
#[derive(Clone, Debug)]
pub struct OwnedEvent<A: Copy + 'static> {
    event: Event<'static, A>,
    changes: ChangeList<A>,
    addresses: Vec<A>,
}

impl<A: Copy> OwnedEvent<A> {
    /// Copies `event`.
    pub fn new(event: Event<'_, A>) -> Self {
        let changes = event.changes().iter().collect();
        let addresses = event.addresses().to_vec();
        Self { event: event.emptied(), changes, addresses }
    }

    /// The event.
    pub fn as_event(&self) -> Event<'_, A> {
        self.event.with(self.changes.as_changes(), &self.addresses)
    }
}

/// The endpoint of a request, after ringpop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Endpoint {
    /// A ping.
    Ping,
    /// A ping-req.
    PingReq,
    /// A full sync or a healer's request.
    Sync,
}

/// How an attempt to heal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum HealResult {
    /// The lists were merged.
    Merged,
    /// Members must reincarnate first, and the follow-ups are used up; a later attempt goes on.
    Waiting,
    /// The target did not answer.
    Failed,
    /// The target refused.
    Refused(RefusedReason),
    /// The target is pingable by now: there is nothing to heal.
    Needless,
}

/// Why a join failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum JoinFailedReason {
    /// Nobody, or not enough of the hosts, answered in time. Ringpop's `Error`.
    Error,
    /// The node was destroyed meanwhile.
    Destroyed,
}

/// What a peer did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum RejectReason {
    /// A message with the node's own address as its sender.
    FromOneself,
    /// A claim too far ahead of the clock, or above the ceiling (R2).
    Incarnation,
    /// A claim about one member more than [`Options::members_max`](crate::Options::members_max), or with labels that make all
    /// labels of the list longer than a quarter of [`MAX_BODY_LEN`](crate::wire::MAX_BODY_LEN). One that is claimed to be alive is
    /// pinged, and listed if it answers and another never did (R16).
    TooManyMembers,
    /// An answer to nothing that was asked.
    Unsolicited,
    /// A message of a kind that does not go by that way.
    WrongChannel,
    /// A request of another application (R10).
    OtherApp,
    /// A ping-req while too many others are under way.
    Overloaded,
    /// A claim that teaches back what was evicted (R3).
    Evicted,
}

/// Which events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventMask(u64);

impl Default for EventMask {
    /// All of them.
    fn default() -> Self {
        Self::ALL
    }
}

impl EventMask {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(u64::MAX);

    /// These and no others.
    pub const fn only(kinds: &[EventKind]) -> Self {
        let mut mask = 0;
        let mut next = 0;
        while next < kinds.len() {
            mask |= 1 << kinds[next] as u8;
            next += 1;
        }
        Self(mask)
    }

    /// Whether `kind` is wanted.
    #[inline]
    pub const fn wants(self, kind: EventKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

const _: () = assert!(EventKind::ALL.len() <= 64, "the mask has 64 bits");

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;
    use crate::member::Change;
    use serde_json::json;

    #[test]
    fn an_event_is_written_with_its_name_and_fields() {
        let labels = crate::labels::OwnLabels::new([("zone", "b")]).unwrap();
        let change = Change {
            address: 7u32,
            incarnation: Incarnation::new(5).unwrap(),
            status: Status::Suspect,
            source: None,
            labels: labels.as_labels(),
        };
        let list = ChangeList::from_iter([change]);
        let event = Event::PingSendComplete { remote: 3, changes: list.as_changes(), duration: Micros(1500) };
        let written = json!({
            "event": "PingSendComplete",
            "remote": 3,
            "changes": [
                { "address": 7, "incarnation": 5, "status": "suspect", "source": null, "labels": { "zone": "b" } },
            ],
            "duration": 1500,
        });
        assert_eq!(serde_json::to_value(event).unwrap(), written);
        assert_eq!(serde_json::to_value(Event::<u32>::DiscoHeal).unwrap(), json!({ "event": "DiscoHeal" }));
    }
}
