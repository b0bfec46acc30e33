//! What can go wrong, one enum per operation. Each message names the thing and says what to do; the cause is kept as
//! the source.

mod command;
mod discover;
mod join;
mod missing;
mod seeds;
mod start;

pub use command::{GossipError, HealError, LeaveError, ReapError, RejoinError, SelfEvictError, SetLabelsError};
pub use discover::DiscoverError;
pub use join::{JoinError, WaitError};
pub use missing::Missing;
pub use seeds::{SeedFailure, Seeds};
pub use start::{AdvertiseProblem, StartError, Transport};

/// The node was stopped, by [`Swim::shutdown`](crate::Swim::shutdown) or because its last handle was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node was stopped")]
pub struct Stopped;
