//! What is learned while a node joins, so that its failure can be told in terms that help, and what stands in its way
//! before.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use swim_core::{CommandId, Instant, Kind};

use crate::error::{JoinError, Missing, SeedFailure, Seeds};

/// One attempt to join, from the bootstrap to its end.
#[derive(Debug, Default)]
pub(crate) struct Joining {
    /// The command that is under way, and since when.
    command: Option<(CommandId, Instant)>,
    /// What became of each host that was asked.
    seeds: BTreeMap<SocketAddr, SeedFailure>,
    /// What discovery said last.
    looked: Looked,
    /// From where another speaks under this node's address.
    twin: Option<SocketAddr>,
}

/// What came of looking for hosts, and what was missing.
#[derive(Debug, Default)]
pub(crate) enum Looked {
    /// It goes on.
    #[default]
    NotYet,
    /// There are hosts.
    Found(Missing),
    /// There are none.
    Nobody(Missing),
    /// There are some, and none of them can reach this node by the address that it advertises.
    Elsewhere(Vec<SocketAddr>, Missing),
}

impl Looked {
    /// Whether to look again will not help: neither the node's address nor its hosts will be others.
    pub(crate) fn is_hopeless(&self) -> bool {
        matches!(self, Self::Elsewhere(_, missing) if missing.is_empty())
    }
}

impl Joining {
    pub(crate) fn start(&mut self, command: CommandId, now: Instant) {
        *self = Self { command: Some((command, now)), ..Self::default() };
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.command.is_some()
    }

    /// Whether this is the command that is under way.
    pub(crate) fn is_of(&self, command: CommandId) -> bool {
        self.command.is_some_and(|(id, _)| id == command)
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

    /// A host answered, be it that it declined.
    pub(crate) fn answered(&mut self, seed: SocketAddr, kind: &Kind<SocketAddr>) {
        match SeedFailure::of_answer(kind) {
            Some(failure) => self.failed(seed, failure),
            None => drop(self.seeds.remove(&seed)),
        }
    }

    /// Nothing of what a host answered could be believed.
    pub(crate) fn disbelieved(&mut self, seed: SocketAddr, ahead: Duration) {
        if self.is_under_way() && self.seeds.len() < SEEDS_MAX {
            self.seeds.insert(seed, SeedFailure::ClocksApart { ahead });
        }
    }

    /// Hosts were looked for.
    pub(crate) fn looked(&mut self, looked: Looked) {
        self.looked = looked;
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
        let error = self.error(cluster, local, time);
        *self = Self::default();
        error.unwrap_or(JoinError::NoHosts { time })
    }

    /// What stands in the way by now, as far as it is known.
    pub(crate) fn trouble(&self, cluster: &str, local: SocketAddr, now: Instant) -> Option<JoinError> {
        let (_, since) = self.command?;
        self.error(cluster, local, Duration::from_millis(now.since(since).0 / 1000))
    }

    fn error(&self, cluster: &str, local: SocketAddr, time: Duration) -> Option<JoinError> {
        if let Some(source_address) = self.twin {
            return Some(JoinError::AddressTaken { address: local, source_address });
        }
        if let Looked::Elsewhere(hosts, _) = &self.looked {
            let hosts = hosts.iter().copied().take(SEEDS_MAX).collect();
            return Some(JoinError::Loopback { address: local, hosts });
        }
        if !self.seeds.is_empty() {
            return Some(self.unreachable(cluster, time));
        }
        match &self.looked {
            Looked::Nobody(missing) if missing.is_empty() => Some(JoinError::NoHosts { time }),
            Looked::Nobody(missing) => Some(JoinError::Discovery { time, missing: missing.clone() }),
            _ => None,
        }
    }

    fn unreachable(&self, cluster: &str, time: Duration) -> JoinError {
        let all = |is: fn(&SeedFailure) -> bool| self.seeds.values().all(is);
        let seeds = Seeds::new(self.seeds.iter().map(|(seed, failure)| (*seed, *failure)).collect());
        if all(|failure| *failure == SeedFailure::OtherCluster) {
            return JoinError::OtherCluster { cluster: cluster.into(), seeds };
        }
        if all(|failure| matches!(failure, SeedFailure::ClocksApart { .. })) {
            return JoinError::ClocksApart { seeds };
        }
        let missing = match &self.looked {
            Looked::Found(missing) | Looked::Nobody(missing) | Looked::Elsewhere(_, missing) => missing.clone(),
            Looked::NotYet => Missing::default(),
        };
        JoinError::Unreachable { time, seeds, missing }
    }
}

/// The most hosts of which a failure tells.
const SEEDS_MAX: usize = 64;
