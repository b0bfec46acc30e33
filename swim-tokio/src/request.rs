//! What a handle asks of the task.

use std::net::SocketAddr;

use swim_core::{BootstrapOptions, Command, Outcome, OwnLabels};
use tokio::sync::oneshot;

/// One thing that a handle wants done.
#[derive(Debug)]
pub(crate) enum Request {
    /// A command for the node; its end goes to `done`.
    Command { wanted: Wanted, done: oneshot::Sender<Outcome> },
    /// Stop. The handle sees the end by the queue of requests being closed.
    Shutdown,
}

/// A [`Command`] that owns what it carries.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Bootstrap(BootstrapOptions),
    Leave,
    Rejoin,
    SelfEvict,
    SetLabels(OwnLabels),
    HealViaDiscovery,
    AttemptHeal(SocketAddr),
    Reap,
    GossipStart,
    GossipStop,
    GossipTick,
}

impl Wanted {
    pub(crate) fn as_command(&self) -> Command<'_, SocketAddr> {
        match self {
            Self::Bootstrap(options) => Command::Bootstrap(*options),
            Self::Leave => Command::Leave,
            Self::Rejoin => Command::Rejoin,
            Self::SelfEvict => Command::SelfEvict,
            Self::SetLabels(labels) => Command::SetLabels(labels),
            Self::HealViaDiscovery => Command::HealViaDiscovery,
            Self::AttemptHeal(target) => Command::AttemptHeal { target: *target },
            Self::Reap => Command::Reap,
            Self::GossipStart => Command::GossipStart,
            Self::GossipStop => Command::GossipStop,
            Self::GossipTick => Command::GossipTick,
        }
    }
}
