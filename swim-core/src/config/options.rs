//! What can be set. Start from a preset and change what you need:
//!
//! ```
//! use core::time::Duration;
//! use swim_core::{Config, Options};
//!
//! let mut options = Options::lan();
//! options.app = "shop".into();
//! options.ping_timeout = Duration::from_millis(300);
//! options.ping_request_timeout = Duration::from_millis(700);
//! let config = Config::try_from(options)?;
//! # Ok::<(), swim_core::ConfigError>(())
//! ```

use alloc::string::String;
use core::time::Duration;

use crate::labels::OwnLabels;
use crate::observe::EventMask;

/// The settings of a node. [`Config::try_from`](crate::Config) checks them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Options {
    /// The name of the application. Nodes of another one are not heard (R10). 1 to 255 bytes.
    pub app: String,
    /// The labels that the node starts with (R13).
    pub labels: OwnLabels,

    /// The time between two probes (R4).
    pub protocol_period: ProtocolPeriod,
    /// In which order members are probed (R4).
    pub probe_order: ProbeOrder,
    /// How long a ping waits for its ack before helpers are asked (R4).
    pub ping_timeout: Duration,
    /// How long a round then waits for its helpers before it ends (R4).
    pub ping_request_timeout: Duration,
    /// How many helpers are asked (R4); 0 to 16.
    pub ping_request_size: u32,
    /// How much of `ping_request_timeout` the helpers may use, in percent; 1 to 99 (R4).
    pub helper_share: u32,
    /// Whether pings travel as datagrams or as requests on streams.
    pub exchange: ExchangeMode,
    /// Whether a ping on a stream runs beside the indirect pings (R4). Only with datagrams.
    pub stream_ping: bool,
    /// After how many inconclusive rounds in a row a round accuses all the same (R4); with 0 each of them does, as in
    /// SWIM, and with `u32::MAX` none, as in ringpop.
    pub inconclusive_max: u32,

    /// How long a member stays in each status (R3, R7).
    pub state_timeouts: StateTimeouts,
    /// The highest local health score, by which periods and timeouts grow (R8); 0 switches it off, 8 at most.
    pub local_health_max: u32,
    /// What a claim of a death by hearsay does (R1a).
    pub hearsay: Hearsay,
    /// What is told to whoever never answered this node (R16).
    pub unproven: Unproven,
    /// Whether a ping to a suspect always tells it so (R9).
    pub buddy: bool,
    /// Claims that are further ahead of the clock than this are rejected (R2), and a wall clock that jumps raises the node's own
    /// incarnation no further beyond the clock at boot; `None` does neither.
    pub incarnation_limit: Option<Duration>,
    /// How many evicted members are remembered, so that they are not taught back (R3); 0 switches it off.
    pub evicted_max: u32,
    /// The most members that are listed, the node itself included; 1 to [`Options::MEMBERS_MAX`], 1,048,576 in every
    /// preset. It bounds the memory that peers can make a node take: with socket addresses 59 to 157 bytes each, and up to a
    /// kilobyte each for the moment in which a whole list is heard (docs/SECURITY.md).
    ///
    /// In a full list members that never answered this node give way to those that do; those that have are never pushed
    /// out (R16). Lists that are full differ from node to node, and so do their checksums, so it has to be larger than
    /// the cluster; [`Event::MemberDropped`](crate::Event::MemberDropped) and the counter `rejected_too_many_members`
    /// tell when it is not.
    pub members_max: u32,

    /// How often a change is sent: this times the decimal logarithm of the cluster (R5); 1 to 32.
    pub retransmit_factor: u32,
    /// The longest datagram in bytes, frame included (R5, I5); `None` is without bound, for streams only.
    pub datagram_max: Option<u32>,
    /// Gossip beside the probes (R5); `None` switches it off.
    pub gossip: Option<GossipOptions>,
    /// How lists are compared when checksums differ (R6).
    pub full_sync: FullSyncMode,
    /// How many full syncs may run at once (R6); 1 to 64.
    pub max_full_sync_jobs: u32,
    /// How long a full sync may take (R6).
    pub full_sync_timeout: Duration,

    /// Joining (R10).
    pub join: JoinOptions,
    /// Healing partitions (R11).
    pub heal: HealOptions,

    /// Applied changes are reported together once none has come for this long (R14).
    pub rollup_flush_interval: Duration,
    /// ... or once there are this many (R14).
    pub rollup_max_updates: u32,
    /// The events that the node reports.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub events: EventMask,
}

impl Options {
    /// The most members that a list can hold.
    pub const MEMBERS_MAX: u32 = 1 << 22;
}

/// How rounds follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ProtocolPeriod {
    /// A round starts every so often and ends within.
    Fixed(Duration),
    /// One round at a time; the next starts after twice the median duration of a round, this at least (ringpop).
    Adaptive {
        /// Ringpop's `MinProtocolPeriod`.
        min: Duration,
    },
}

/// In which order members are probed (R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ProbeOrder {
    /// Each once in a pass, in an order that is shuffled anew for each (SWIM 4.3): whoever dies is probed by each
    /// member within two passes. All presets have this.
    RoundRobin,
    /// Each time any of them, with the same chance (SWIM 3.1, before its refinements): what the analysis assumes.
    /// Without a bound on the time until a member is probed, so for comparisons with the analysis only.
    Random,
}

/// How pings and ping-reqs travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ExchangeMode {
    /// As datagrams.
    Datagrams,
    /// As requests on streams, each with one answer (ringpop).
    Requests,
}

/// How long a member stays in a status before it moves on (R3). Ringpop's `StateTimeouts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct StateTimeouts {
    /// Suspect to Faulty (R7).
    pub suspect: SuspicionTimeout,
    /// Faulty to Tombstone; evicted members are remembered for as long.
    pub faulty: Duration,
    /// Leave to Tombstone; `None` keeps those that left for ever (ringpop).
    pub leave: Option<Duration>,
    /// Tombstone to evicted.
    pub tombstone: Duration,
}

/// How long a suspect has to refute (R7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SuspicionTimeout {
    /// Always the same.
    Fixed(Duration),
    /// Shorter the more members accuse it (Lifeguard IV-B).
    Lifeguard {
        /// The shortest timeout is `alpha * max(1, log10 n)` periods; 1 to 100.
        alpha: u32,
        /// The longest is `beta` times the shortest; 1 to 100.
        beta: u32,
        /// After this many confirmations the timeout is the shortest; 0 to [`SuspicionTimeout::CONFIRMATIONS_MAX`].
        confirmations: u32,
    },
}

impl SuspicionTimeout {
    /// The most confirmations that may be asked for.
    pub const CONFIRMATIONS_MAX: u32 = 3;
}

/// What a claim that a pingable member is dead does when it does not come from that member (R1a).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Hearsay {
    /// It is suspected: a single message must not kill.
    Suspect,
    /// It is believed (ringpop).
    Believe,
}

/// What acks and answers tell one that never answered this node: its address may be forged (R16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Unproven {
    /// What it must hear, within twice the length of what it sent, and nothing that is pending. News travels the slower for
    /// it where there is no gossip beside the probes.
    Guarded,
    /// As much as any other: for networks on which senders cannot be forged, and where all goes by request.
    Trusted,
}

/// Gossip beside the probes (R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct GossipOptions {
    /// The time between two rounds while changes are pending.
    pub interval: Duration,
    /// To how many members each time; 1 to 16.
    pub nodes: u32,
}

/// How a full sync travels (R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum FullSyncMode {
    /// As a request on a stream, both ways at once.
    Stream,
    /// As the changes of the answer, with a join in reverse (ringpop).
    InAnswer,
}

/// Joining a cluster (R10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct JoinOptions {
    /// How many answers make a node ready; fewer where there are fewer hosts. 1 to 32.
    pub size: u32,
    /// How many times as many hosts are asked at once as are still needed; 1 to 32.
    pub parallelism_factor: u32,
    /// How long one join request may take.
    pub timeout: Duration,
    /// After how long the node gives up.
    pub max_duration: Duration,
    /// The pause after the first failed round; it doubles from round to round.
    pub delay_min: Duration,
    /// The longest pause.
    pub delay_max: Duration,
    /// After how long a single answer is enough, so that a node can come back while others are down; `None` is never.
    pub settle_after: Option<Duration>,
}

/// Healing partitions (R11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct HealOptions {
    /// How often a node considers an attempt. Ringpop's `PartitionHealPeriod`; `None` switches healing off.
    pub period: Option<Duration>,
    /// How many attempts the whole cluster makes in a period. Ringpop's `PartitionHealBaseProbabillity`; up to 1000.
    pub base_probability: u32,
    /// How many attempts a second each side makes while many of its members are faulty; 0 makes no difference
    /// between faulty members and hosts, and needs discovery (ringpop). Up to 1000.
    pub faulty_rate: u32,
    /// After how many failures a search through the hosts ends; 1 to 100.
    pub failures_max: u32,
    /// How often an attempt is followed up by itself; 0 to 10.
    pub follow_ups: u32,
    /// How long each of an attempt's requests may take.
    pub timeout: Duration,
}
