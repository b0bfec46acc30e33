//! SWIM membership as a pure state machine.
//!
//! A [`Node`] takes inputs (messages, ticks, the host's time, commands) and appends effects (sends, events, one
//! timer) to a buffer of the caller's. It does no I/O, reads no clock, and draws its random numbers from a seed: the
//! same inputs give the same effects, byte for byte, whatever the build.
//!
//! The protocol is SWIM (Das, Gupta, Motivala, DSN 2002) with ringpop's additions (members that stay known after
//! death, a membership checksum, full sync in both directions, healing of partitions) and Lifeguard's (Dadgar,
//! Phillips, Currey, DSN-W 2018). The rules R1 to R16 that comments cite are those of docs/PROTOCOL.md, the invariants I1 to
//! I9 those of ARCHITECTURE.md.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod address;
mod cluster;
mod config;
mod departure;
mod digests;
mod disseminate;
mod effect;
mod evicted;
mod fingerprint;
mod fixed;
mod hash;
mod heal;
mod input;
mod join;
mod labels;
mod member;
mod memberlist;
mod membership;
mod message;
mod node;
mod observe;
mod probe;
mod random;
mod room;
mod split;
mod suspicion;
mod time;
mod timer;
mod transition;
pub mod wire;

pub use address::{Address, Canonical};
pub use cluster::ClusterId;
pub use config::{
    Config, ConfigError, ExchangeMode, FullSyncMode, GossipOptions, HealOptions, Hearsay, JoinOptions, Options,
    ProbeOrder, ProtocolPeriod, StateTimeouts, SuspicionTimeout, Unproven,
};
pub use digests::Digests;
pub use effect::{CommandError, CommandId, DiscoverId, Effect, Effects, Outcome};
#[doc(hidden)]
pub use fingerprint::Fingerprint;
pub use input::{About, Boot, BootstrapOptions, Command, DiscoverFailed, Input, StartGossip};
pub use labels::{
    LabelError, Labels, MAX_BYTES_RECEIVED, MAX_KEY_SET, MAX_LABELS_RECEIVED, MAX_LABELS_SET, MAX_VALUE_SET, OwnLabels,
    RESERVED_PREFIX,
};
pub use member::{Change, ChangeList, Changes, Claim, Incarnation, Member, Precedence, Source, Status, precedence};
#[doc(hidden)]
pub use membership::Numbers;
pub use message::{
    Channel, Checksum, Kind, Message, OwnedMessage, Reach, Readiness, RefusedReason, Seq, SyncReason, Ticket, Via,
};
pub use node::Node;
pub use observe::{
    Counters, Endpoint, Event, EventKind, EventMask, HealResult, JoinFailedReason, OwnedEvent, ProtocolStats,
    RejectReason, Timing,
};
pub use random::Random;
pub use time::{Instant, Micros, UnixMillis};
