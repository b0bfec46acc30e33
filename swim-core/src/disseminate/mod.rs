//! Dissemination (R5): which changes are still to be told, how often, and in which message.

mod buddy;
pub(crate) mod full_sync;
pub(crate) mod issue;
pub(crate) mod limit;
mod pending;
mod queue;

pub(crate) use buddy::Buddies;
pub(crate) use pending::{Charged, Pending};
pub(crate) use queue::{Finished, Queue, Take};
