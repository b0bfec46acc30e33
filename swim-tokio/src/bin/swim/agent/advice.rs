//! What to do about errors of the library, in the words of the command line.

use swim_tokio::{JoinError, StartError};

use super::Agent;
use crate::exit::{Exit, Failure};

/// A node that did not start.
pub(crate) fn not_started(error: StartError) -> Failure {
    let (exit, advice) = match &error {
        StartError::Options(_) | StartError::DatagramTooSmall { .. } => {
            (Exit::Mistake, Some("the options are those of `swim agent --help`, and of [options] in the settings file"))
        }
        StartError::CannotAdvertise { .. } => {
            (Exit::NotStarted, Some("pass --advertise ADDRESS:PORT with an address that the others can reach"))
        }
        StartError::PortInUse { .. } | StartError::NoPermission { .. } | StartError::NoFreePort { .. } => {
            (Exit::NotStarted, Some("pass --bind ADDRESS:PORT to listen elsewhere"))
        }
        StartError::NotThisMachine { .. } => {
            (Exit::NotStarted, Some("pass --bind with an address of this machine, and --advertise with the other"))
        }
        StartError::Socket { .. } => (Exit::NotStarted, Some("pass --bind ADDRESS:PORT to listen elsewhere")),
        _ => (Exit::NotStarted, None),
    };
    Failure::new(exit, error).advised(advice)
}

/// A node that did not join.
pub(crate) fn not_joined(error: JoinError, agent: &Agent) -> Failure {
    let remembers = agent.recalled > 0;
    let advice = match &error {
        JoinError::OtherCluster { .. } => Some("pass --cluster NAME with the name that the hosts use"),
        JoinError::ClocksApart { .. } => {
            Some("--retry-join waits until the clock is right, as where it is set from the network after boot")
        }
        JoinError::AddressTaken { .. } => Some("pass --bind or --advertise with an address that no other agent has"),
        JoinError::Unreachable { .. } if remembers => Some(
            "some hosts are remembered from an earlier run: --retry-join waits for them, and without the file of \
             --remember and without hosts the agent is a cluster of one",
        ),
        JoinError::Unreachable { .. } => {
            Some("check --join, --hosts-file and --dns; --join-timeout waits longer, --retry-join for ever")
        }
        JoinError::Discovery { .. } | JoinError::NoHosts { .. } => {
            Some("check --join, --hosts-file and --dns; a list with this agent alone makes a cluster of one")
        }
        JoinError::Loopback { .. } => Some(
            "pass --bind ADDRESS:PORT with an address of this machine that the hosts can reach; behind NAT, or to listen \
             on all addresses, --advertise with that address, too",
        ),
        _ => None,
    };
    Failure::new(Exit::NotJoined, error).advised(advice)
}
