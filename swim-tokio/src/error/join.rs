//! Why a node did not join.

use std::net::SocketAddr;
use std::time::Duration;

use super::{DiscoverError, Seeds};

/// Why a node did not join. The node keeps running: [`Swim::join`](crate::Swim::join) tries again.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// Hosts are known, and too few of them answered in time.
    #[error("not enough hosts answered within {time:?}: {seeds}; check the hosts, and that they are up and reachable")]
    Unreachable {
        /// How long it was tried.
        time: Duration,
        /// What became of each.
        seeds: Seeds,
    },
    /// Every host that answered belongs to another cluster.
    #[error("the hosts {seeds} belong to another cluster than `{cluster}`; check the cluster's name and the hosts")]
    OtherCluster {
        /// The name of the cluster that was to be joined.
        cluster: String,
        /// Who they are.
        seeds: Seeds,
    },
    /// Another agent speaks under this node's address.
    #[error(
        "another agent uses {address} too, and speaks from {source_address}; give each agent an address of its own"
    )]
    AddressTaken {
        /// The address that both advertise.
        address: SocketAddr,
        /// Where the other one's traffic comes from.
        source_address: SocketAddr,
    },
    /// Discovery failed until the end.
    #[error("no hosts could be found within {time:?}")]
    Discovery {
        /// How long it was tried.
        time: Duration,
        /// What it said last.
        source: DiscoverError,
    },
    /// Discovery gave an empty list until the end.
    #[error("discovery gave no hosts within {time:?}; a list with this node alone makes a cluster of one")]
    NoHosts {
        /// How long it was tried.
        time: Duration,
    },
    /// The node joins already, or has joined.
    #[error("the node is joining already, or has joined")]
    AlreadyJoined,
    /// The node was stopped.
    #[error("the node was stopped")]
    Stopped,
}

/// Why [`Swim::wait_for`](crate::Swim::wait_for) gave up.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The node did not join, so that nobody will come.
    #[error("the node did not join")]
    Join(#[source] JoinError),
    /// The node was stopped.
    #[error("the node was stopped")]
    Stopped,
}
