//! Dissemination (R5): which changes are still to be told, how often, and in which message.

mod buddy;
pub(crate) mod full_sync;
pub(crate) mod issue;
pub(crate) mod limit;
mod queue;

pub(crate) use buddy::Buddies;
pub(crate) use queue::{Charged, Finished, Pending, Queue, Take};
