//! Why a node did not join.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Missing, Seeds};

/// Why a node did not join. The node keeps running: [`Swim::join`](crate::Swim::join) tries again.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// Hosts are known, and too few of them let the node in in time.
    #[error(
        "not enough hosts let this node in within {time:?}: {seeds}; check the hosts, and that they are up and reachable{}",
        more(.missing)
    )]
    Unreachable {
        /// How long it was tried.
        time: Duration,
        /// What became of each.
        seeds: Seeds,
        /// Other hosts that could not even be asked.
        missing: Missing,
    },
    /// Every host that answered belongs to another cluster.
    #[error("the hosts {seeds} belong to another cluster than `{cluster}`; check the cluster's name and the hosts")]
    OtherCluster {
        /// The name of the cluster that was to be joined.
        cluster: String,
        /// Who they are.
        seeds: Seeds,
    },
    /// No host lists a member that can be believed: either this machine's clock is far behind, or theirs are far ahead.
    #[error(
        "nobody that the hosts list can be believed, so far ahead of this machine's clock they are: {seeds}; set the clock \
         of this machine, or theirs"
    )]
    ClocksApart {
        /// Who they are, and how far ahead.
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
    /// The node advertises a loopback address, and every host is on another machine. Time does not mend that, so that this
    /// is told at once.
    #[error(
        "only this machine can reach {address}, a loopback address, and {} on other machines; bind or advertise an \
         address by which they reach this node",
        are(.hosts)
    )]
    Loopback {
        /// The address that the node advertises.
        address: SocketAddr,
        /// The hosts; some of them where there are very many.
        hosts: Vec<SocketAddr>,
    },
    /// Discovery failed until the end, or found nobody but the node itself while something was missing.
    #[error("no hosts could be found within {time:?}")]
    Discovery {
        /// How long it was tried.
        time: Duration,
        /// What was missing last.
        #[source]
        missing: Missing,
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

/// What was missing, after what is told of the hosts that were there.
fn more(missing: &Missing) -> String {
    if missing.is_empty() { String::new() } else { format!("; more hosts may be missing: {missing}") }
}

/// Some of the hosts, and that they are.
fn are(hosts: &[SocketAddr]) -> String {
    let shown: Vec<String> = hosts.iter().take(HOSTS_SHOWN).map(ToString::to_string).collect();
    let shown = shown.join(", ");
    match hosts.len() {
        1 => format!("{shown} is"),
        count @ ..=HOSTS_SHOWN => format!("the {count} hosts {shown} are"),
        count => format!("{count} hosts, {shown} among them, are"),
    }
}

const HOSTS_SHOWN: usize = 5;

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
