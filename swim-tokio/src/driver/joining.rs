//! What is learned while a node joins, so that its failure can be told in terms that help.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use swim_core::CommandId;

use crate::error::{DiscoverError, JoinError, SeedFailure, Seeds};

/// One attempt to join, from the bootstrap to its end.
#[derive(Debug, Default)]
pub(crate) struct Joining {
    /// The command that is under way.
    pub(crate) command: Option<CommandId>,
    /// What became of each host that was asked.
    seeds: BTreeMap<SocketAddr, SeedFailure>,
    /// What discovery said last, where it failed.
    discovery: Option<DiscoverError>,
    /// From where another speaks under this node's address.
    twin: Option<SocketAddr>,
}

impl Joining {
    pub(crate) fn start(&mut self, command: CommandId) {
        *self = Self { command: Some(command), ..Self::default() };
    }

    fn is_under_way(&self) -> bool {
        self.command.is_some()
    }

    /// A host is asked to let the node in.
    pub(crate) fn asked(&mut self, seed: SocketAddr) {
        if self.is_under_way() && self.seeds.len() < SEEDS_MAX {
            self.seeds.insert(seed, SeedFailure::Silent);
        }
    }

    /// A host that was asked failed to answer.
    pub(crate) fn failed(&mut self, seed: SocketAddr, failure: SeedFailure) {
        if let Some(known) = self.seeds.get_mut(&seed) {
            *known = failure;
        }
    }

    /// A host answered.
    pub(crate) fn answered(&mut self, seed: SocketAddr) {
        self.seeds.remove(&seed);
    }

    /// Hosts were discovered, or not.
    pub(crate) fn discovered(&mut self, error: Option<DiscoverError>) {
        if self.is_under_way() {
            self.discovery = error;
        }
    }

    /// Another speaks under this node's address.
    pub(crate) fn met_twin(&mut self, source: SocketAddr) {
        if self.is_under_way() {
            self.twin = Some(source);
        }
    }

    /// The attempt has ended well.
    pub(crate) fn succeed(&mut self) {
        *self = Self::default();
    }

    /// The attempt has failed after `time`: why.
    pub(crate) fn fail(&mut self, cluster: &str, local: SocketAddr, time: Duration) -> JoinError {
        let Self { seeds, discovery, twin, .. } = std::mem::take(self);
        if let Some(source_address) = twin {
            return JoinError::AddressTaken { address: local, source_address };
        }
        if seeds.is_empty() {
            return match discovery {
                Some(source) => JoinError::Discovery { time, source },
                None => JoinError::NoHosts { time },
            };
        }
        let other = seeds.values().all(|failure| *failure == SeedFailure::OtherCluster);
        let seeds = Seeds::new(seeds.into_iter().collect());
        if other {
            return JoinError::OtherCluster { cluster: cluster.into(), seeds };
        }
        JoinError::Unreachable { time, seeds }
    }
}

/// The most hosts of which a failure tells.
const SEEDS_MAX: usize = 64;
