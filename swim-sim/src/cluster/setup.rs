//! What a cluster is made of.

use swim_core::{ConfigError, Instant, Micros, Options};

use crate::checkers::Check;
use crate::network::{Chance, Latency, Undeliverable, Zones};
use crate::seeds::Stream;
use crate::wire::Carry;

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many nodes there are; 1 to [`Setup::NODES_MAX`].
    pub nodes: u32,
    /// What everything random derives from.
    pub seed: u64,
    /// The settings of every node; the simulator picks the events.
    pub options: Options,
    /// Within which time all nodes boot, each at a random moment.
    pub boot_within: Micros,
    /// How many nodes, from the first one on, are on everybody's host list.
    pub hosts: u32,
    /// How long messages take.
    pub latency: Latency,
    /// Latencies by zone, in place of the one for all.
    pub zones: Option<Zones>,
    /// How many packets are lost.
    pub loss: Chance,
    /// What senders are told of what cannot arrive.
    pub undeliverable: Undeliverable,
    /// Whether messages go through the codec.
    pub carry: Carry,
    /// What is checked while the run goes on.
    pub check: Check,
}

impl Setup {
    /// The most nodes of a cluster.
    pub const NODES_MAX: u32 = 100_000;

    /// The LAN preset, 1 to 10 ms, no loss, three hosts, all boot within a second.
    pub fn new(nodes: u32, seed: u64) -> Self {
        Self {
            nodes,
            seed,
            options: Options::lan(),
            boot_within: Micros::from_millis(1_000),
            hosts: 3,
            latency: Latency::default(),
            zones: None,
            loss: Chance::NEVER,
            undeliverable: Undeliverable::default(),
            carry: Carry::default(),
            check: Check::default(),
        }
    }

    /// When each node boots, node 0 first; they depend on the seed, `nodes` and `boot_within` alone.
    pub fn boot_moments(&self) -> impl Iterator<Item = Instant> + use<> {
        let (mut random, within) = (Stream::Boot.random(self.seed), self.boot_within.0);
        (0..self.nodes).map(move |_| Instant::from_micros(random.below_u64(within)))
    }
}

/// Why there is no such cluster.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Too many nodes, or none.
    #[error("a cluster of {nodes} nodes cannot be simulated; 1 to {} can", Setup::NODES_MAX)]
    Nodes {
        /// How many were asked for.
        nodes: u32,
    },
    /// Checkers for more nodes than they can remember.
    #[error(
        "what checkers remember of the pairs of {nodes} nodes takes {} GB; {} nodes at most can be checked",
        Check::memory(*nodes) >> 30,
        Check::NODES_MAX
    )]
    Check {
        /// How many nodes there are.
        nodes: u32,
    },
    /// No host to join.
    #[error("the host list is empty; one host at least is needed")]
    Hosts,
    /// Options that break a rule.
    #[error("the options do not work: {0}")]
    Options(#[from] ConfigError),
}
