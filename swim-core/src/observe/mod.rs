//! What a node tells its host about itself: events, statistics, and applied changes rolled up.

mod event;
mod histogram;
mod meter;
mod rollup;
mod stats;

pub use event::{Endpoint, Event, EventKind, EventMask, HealResult, JoinFailedReason, OwnedEvent, RejectReason};
pub use histogram::Timing;
pub(crate) use rollup::Rollup;
pub(crate) use stats::Stats;
pub use stats::{Counters, ProtocolStats};
