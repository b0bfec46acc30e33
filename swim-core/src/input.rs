//! What a host tells a node: the way in.

use crate::effect::{CommandId, DiscoverId};
use crate::labels::OwnLabels;
use crate::message::{Message, Ticket, Via};
use crate::time::{Instant, UnixMillis};

/// One input of [`Node::handle`](crate::Node::handle).
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, A: Copy> {
    /// A message arrived.
    Message {
        /// Whose address it came from.
        from: A,
        /// How.
        via: Via,
        /// What it says.
        message: Message<'a, A>,
    },
    /// The deadline passed. Early, late and repeated ticks are harmless.
    Tick,
    /// The wall clock, after a jump. Without it the wall clock follows `now`.
    Wall(UnixMillis),
    /// The transport knows sooner than the timeout that something did not arrive.
    Undeliverable {
        /// To whom it was sent.
        to: A,
        /// What.
        about: About,
    },
    /// Answers [`Effect::Discover`](crate::Effect::Discover).
    Hosts {
        /// The discovery that is answered.
        id: DiscoverId,
        /// The hosts, the node itself among them or not; or that the provider failed.
        result: Result<&'a [A], DiscoverFailed>,
    },
    /// The host wants something done; the end comes as [`Effect::CommandDone`](crate::Effect::CommandDone).
    Command {
        /// Chosen by the host; comes back with the end.
        id: CommandId,
        /// What.
        command: Command<'a, A>,
    },
}

/// What did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A datagram, as an ICMP message tells.
    Datagram,
    /// The request of this ticket: the connection was refused, or broke.
    Request(Ticket),
}

/// The host list could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the discovery provider failed")]
pub struct DiscoverFailed;

/// What a host can ask of a node. Every command ends exactly once.
#[derive(Clone, Copy, Debug)]
pub enum Command<'a, A> {
    /// Discover hosts, join them, and start to probe (R10). Once it has failed it may be asked for again. Ringpop's `Bootstrap`.
    Bootstrap(BootstrapOptions),
    /// Leave the cluster: say so, and go on answering (R12). A join that some have answered ends with those first.
    Leave,
    /// Come back after a leave or a self-eviction (R12).
    Rejoin,
    /// Declare oneself faulty before the process ends (R12). As with a leave, a join that some have answered ends first.
    SelfEvict,
    /// Replace the node's own labels (R13).
    SetLabels(&'a OwnLabels),
    /// Ask for hosts, and try to heal with those that are unknown or faulty (R11).
    HealViaDiscovery,
    /// Try to heal with one host (R11). Ringpop's `AttemptHeal`.
    AttemptHeal {
        /// With whom.
        target: A,
    },
    /// Turn every faulty member into a tombstone.
    Reap,
    /// Start to probe. Ringpop's `Start`.
    GossipStart,
    /// Stop probing; requests are still answered. Ringpop's `Stop`.
    GossipStop,
    /// Run one protocol period now.
    GossipTick,
    /// Stop for good: no timers, no answers but refusals. Ringpop's `Destroy`.
    Destroy,
}

/// How to bootstrap. The sizes and times of joining are in [`Options::join`](crate::Options::join); the hosts come
/// from [`Effect::Discover`](crate::Effect::Discover).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BootstrapOptions {
    /// Whether to probe as soon as the node is ready. Ringpop's `Stopped`.
    pub gossip: StartGossip,
}

/// When probing starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartGossip {
    /// As soon as the node is ready.
    #[default]
    WhenReady,
    /// With [`Command::GossipStart`].
    OnCommand,
}

/// What a node is told when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The host's time.
    pub now: Instant,
    /// The wall clock at `now`; the first incarnation.
    pub wall: UnixMillis,
    /// The seed of the node's random numbers: unlike any other's, and unpredictable where peers are not trusted.
    pub seed: u64,
}
