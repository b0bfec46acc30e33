//! What a node asks of its host: the way out.
//!
//! [`Effects`] is one ordered log and one arena for changes, both owned by the caller and used again, so that an
//! input allocates nothing once they have grown.

use alloc::vec::Vec;
use core::ops::Range;

use crate::member::{Change, ChangeList, Changes, Incarnation};
use crate::message::{Channel, Checksum, Kind, Message};
use crate::observe::{Event, EventMask};
use crate::time::Instant;

/// Names a command; chosen by the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CommandId(pub u64);

/// Names a discovery; chosen by the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DiscoverId(pub u64);

/// One thing that the host has to do. Closed: a host that ignores a new kind must not compile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect<'a, A: Copy + 'static> {
    /// Send a message.
    Send {
        /// To whom.
        to: A,
        /// By which way.
        channel: Channel,
        /// What.
        message: Message<'a, A>,
    },
    /// Something happened that the mask asks for.
    Event(Event<'a, A>),
    /// Find hosts, and answer with [`Input::Hosts`](crate::Input::Hosts).
    Discover(DiscoverId),
    /// A command ended.
    CommandDone {
        /// Which.
        id: CommandId,
        /// How.
        outcome: Outcome,
    },
    /// Replaces the node's one timer: call with [`Input::Tick`](crate::Input::Tick) then. Last, and at most once.
    Wake(Option<Instant>),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[must_use]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// The node has joined; this many hosts answered.
    Joined(u32),
    /// Healing was attempted with this many hosts, which answered. Where members have to refute first it goes on by itself
    /// ([`Event::HealEnded`]).
    Healed(u32),
    /// The departure was acknowledged by this many members.
    Departed(u32),
    /// It was not carried out.
    Failed(CommandError),
}

/// Why a command was not carried out. The node is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum CommandError {
    /// A bootstrap was asked for while one is under way, or after one that succeeded.
    #[error("the node was bootstrapped before")]
    AlreadyBootstrapped,
    /// Nobody, or not enough of the hosts, answered within `join.max_duration` (R10).
    #[error("not enough hosts answered in time; check the host list and that they are up")]
    JoinFailed,
    /// The node has not joined yet.
    #[error("the node has not joined yet; bootstrap it first")]
    NotReady,
    /// The node left or evicted itself before.
    #[error("the node has left; rejoin first")]
    AlreadyLeft,
    /// The node has not left.
    #[error("the node has not left, so it cannot rejoin")]
    NotLeft,
    /// The node is at [`Incarnation::MAX`], so what it would say of itself now would not be newer (R2, I1).
    #[error("no higher incarnation is left for this address; start the node under another one")]
    NoIncarnationLeft,
    /// The discovery provider failed.
    #[error("the discovery provider failed")]
    DiscoveryFailed,
    /// The target is pingable, or is the node itself.
    #[error("the target is no candidate for healing")]
    NoCandidate,
    /// The target did not answer, or refused.
    #[error("the target of the healing attempt did not answer, or refused")]
    HealFailed,
    /// Too many such commands are under way.
    #[error("too many commands of this kind are under way")]
    Busy,
    /// The node was destroyed.
    #[error("the node was destroyed")]
    Destroyed,
}

/// The caller's buffer of effects.
#[derive(Clone, Debug)]
pub struct Effects<A: Copy + 'static> {
    log: Vec<Item<A>>,
    changes: ChangeList<A>,
    addresses: Vec<A>,
    wanted: EventMask,
}

/// An effect as it is stored: lists are ranges of the arenas.
#[derive(Clone, Copy, Debug)]
enum Item<A: Copy + 'static> {
    Send { to: A, channel: Channel, kind: Kind<A>, incarnation: Incarnation, checksum: Checksum, changes: Span },
    Event { event: Event<'static, A>, changes: Span, addresses: Span },
    Discover(DiscoverId),
    CommandDone { id: CommandId, outcome: Outcome },
    Wake(Option<Instant>),
}

/// A range of an arena; `Range` is not `Copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(crate) const EMPTY: Self = Self { start: 0, end: 0 };

    #[inline]
    fn range(self) -> Range<u32> {
        self.start..self.end
    }

    #[inline]
    pub(crate) fn len(self) -> u32 {
        self.end - self.start
    }
}

impl<A: Copy + 'static> Effects<A> {
    /// An empty buffer; allocates nothing.
    pub const fn new() -> Self {
        Self { log: Vec::new(), changes: ChangeList::new(), addresses: Vec::new(), wanted: EventMask::ALL }
    }

    /// Removes all effects and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.log.clear();
        self.changes.clear();
        self.addresses.clear();
    }

    /// How many effects there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.log.is_empty()
    }

    /// The effects, in causal order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Effect<'_, A>> {
        self.log.iter().map(|item| self.effect(item))
    }

    /// Adds an effect at the end as if a node had caused it, its lists copied; whether events are wanted is not asked.
    ///
    /// For what stands between a node and the world, such as a test of a host: it can leave out, change and add effects
    /// by pushing what it wants from one buffer into another.
    ///
    /// ```
    /// use swim_core::{Effect, Effects};
    ///
    /// /// What a node caused, as a host would see it whose timers are broken.
    /// fn without_wakes(caused: &Effects<u32>) -> Effects<u32> {
    ///     let mut seen = Effects::new();
    ///     caused.iter().filter(|effect| !matches!(effect, Effect::Wake(_))).for_each(|effect| seen.push(effect));
    ///     seen
    /// }
    /// # let mut caused = Effects::new();
    /// # caused.push(Effect::Wake(None));
    /// # assert!(without_wakes(&caused).is_empty());
    /// ```
    pub fn push(&mut self, effect: Effect<'_, A>) {
        let mark = self.mark();
        let item = match effect {
            Effect::Send { to, channel, message: Message { kind, incarnation, checksum, changes } } => {
                self.changes.extend(changes);
                Item::Send { to, channel, kind, incarnation, checksum, changes: self.since(mark) }
            }
            Effect::Event(event) => {
                self.changes.extend(event.changes());
                let start = self.addresses.len() as u32;
                self.addresses.extend_from_slice(event.addresses());
                let addresses = Span { start, end: self.addresses.len() as u32 };
                Item::Event { event: event.emptied(), changes: self.since(mark), addresses }
            }
            Effect::Discover(id) => Item::Discover(id),
            Effect::CommandDone { id, outcome } => Item::CommandDone { id, outcome },
            Effect::Wake(at) => Item::Wake(at),
        };
        self.log.push(item);
    }

    #[inline]
    fn effect(&self, item: &Item<A>) -> Effect<'_, A> {
        match *item {
            Item::Send { to, channel, kind, incarnation, checksum, changes } => Effect::Send {
                to,
                channel,
                message: Message { kind, incarnation, checksum, changes: self.changes.slice(changes.range()) },
            },
            Item::Event { event, changes, addresses } => Effect::Event(event.with(
                self.changes.slice(changes.range()),
                &self.addresses[addresses.start as usize..addresses.end as usize],
            )),
            Item::Discover(id) => Effect::Discover(id),
            Item::CommandDone { id, outcome } => Effect::CommandDone { id, outcome },
            Item::Wake(at) => Effect::Wake(at),
        }
    }
}

impl<A: Copy + 'static> Default for Effects<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Copy + PartialEq + 'static> PartialEq for Effects<A> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// How the node fills the buffer.
impl<A: Copy + 'static> Effects<A> {
    /// From now on events are kept that `wanted` picks; several nodes may share one buffer.
    #[inline]
    pub(crate) fn want(&mut self, wanted: EventMask) {
        self.wanted = wanted;
    }

    /// Where the next change will stand in the arena.
    #[inline]
    pub(crate) fn mark(&self) -> u32 {
        self.changes.len() as u32
    }

    /// Adds a change to the arena.
    #[inline]
    pub(crate) fn push_change(&mut self, change: Change<'_, A>) {
        self.changes.push(change);
    }

    /// Adds what a member without labels says of itself to the arena.
    #[inline]
    pub(crate) fn push_own(&mut self, address: A, incarnation: Incarnation, status: crate::member::Status) {
        self.changes.push_own(address, incarnation, status);
    }

    /// Makes room for a list of this many changes.
    pub(crate) fn reserve_changes(&mut self, additional: usize) {
        self.changes.reserve(additional);
    }

    /// All changes since `mark`.
    #[inline]
    pub(crate) fn since(&self, mark: u32) -> Span {
        Span { start: mark, end: self.mark() }
    }

    /// Sends the message with the changes of `changes`.
    #[inline]
    pub(crate) fn send(
        &mut self,
        to: A,
        channel: Channel,
        kind: Kind<A>,
        (incarnation, checksum): (Incarnation, Checksum),
        changes: Span,
    ) {
        self.log.push(Item::Send { to, channel, kind, incarnation, checksum, changes });
    }

    /// Reports an event without a list.
    #[inline]
    pub(crate) fn event(&mut self, event: Event<'static, A>) {
        if self.wanted.wants(event.kind()) {
            self.log.push(Item::Event { event, changes: Span::EMPTY, addresses: Span::EMPTY });
        }
    }

    /// Reports an event with changes that stand in the arena already.
    #[inline]
    pub(crate) fn event_span(&mut self, event: Event<'static, A>, changes: Span) {
        if self.wanted.wants(event.kind()) {
            self.log.push(Item::Event { event, changes, addresses: Span::EMPTY });
        }
    }

    /// Reports an event with changes that are copied into the arena.
    #[inline]
    pub(crate) fn event_changes(&mut self, event: Event<'static, A>, changes: Changes<'_, A>) {
        if self.wanted.wants(event.kind()) {
            let mark = self.mark();
            self.changes.extend(changes);
            let changes = self.since(mark);
            self.log.push(Item::Event { event, changes, addresses: Span::EMPTY });
        }
    }

    /// Reports an event with a list of members.
    pub(crate) fn event_addresses(&mut self, event: Event<'static, A>, addresses: impl Iterator<Item = A>) {
        if self.wanted.wants(event.kind()) {
            let start = self.addresses.len() as u32;
            self.addresses.extend(addresses);
            let addresses = Span { start, end: self.addresses.len() as u32 };
            self.log.push(Item::Event { event, changes: Span::EMPTY, addresses });
        }
    }

    /// Asks for hosts.
    pub(crate) fn discover(&mut self, id: DiscoverId) {
        self.log.push(Item::Discover(id));
    }

    /// Ends a command.
    pub(crate) fn command_done(&mut self, id: CommandId, outcome: Outcome) {
        self.log.push(Item::CommandDone { id, outcome });
        self.event(Event::CommandEnded { id });
    }

    /// Sets the node's timer.
    #[inline]
    pub(crate) fn wake(&mut self, at: Option<Instant>) {
        self.log.push(Item::Wake(at));
    }

    /// Whether anyone wants events of this kind.
    #[inline]
    pub(crate) fn wants(&self, kind: crate::observe::EventKind) -> bool {
        self.wanted.wants(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::member::Status;

    #[test]
    fn what_is_pushed_comes_out_as_it_was() {
        let change = |address| Change {
            address,
            incarnation: Incarnation::default(),
            status: Status::Alive,
            source: None,
            labels: Labels::NONE,
        };
        let (first, second) = (ChangeList::from_iter([change(1), change(2)]), ChangeList::from_iter([change(3)]));
        let (kind, incarnation, checksum) = (Kind::Gossip, Incarnation::default(), Checksum(7));
        let message = Message { kind, incarnation, checksum, changes: second.as_changes() };
        let pushed = [
            Effect::Event(Event::PingSend { remote: 4, changes: first.as_changes() }),
            Effect::Send { to: 5, channel: Channel::Datagram, message },
            Effect::Event(Event::PingRequestsSend { target: 6, peers: &[1, 2] }),
            Effect::Discover(DiscoverId(8)),
            Effect::CommandDone { id: CommandId(9), outcome: Outcome::Done },
            Effect::Wake(Some(Instant::ZERO)),
        ];
        let mut effects = Effects::new();
        pushed.iter().for_each(|effect| effects.push(*effect));
        assert!(effects.iter().eq(pushed));
        assert!(!effects.is_empty());
        let mut same = Effects::new();
        pushed.iter().for_each(|effect| same.push(*effect));
        assert_eq!(effects, same);
        same.push(Effect::Wake(None));
        assert_ne!(effects, same);
        effects.clear();
        assert!(effects.is_empty());
    }
}
