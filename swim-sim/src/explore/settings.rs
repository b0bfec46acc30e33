//! What is explored: how large the world is, how its nodes are set, and how much may go wrong.

use std::time::Duration;

use swim_core::{
    Config, ConfigError, ExchangeMode, GossipOptions, HealOptions, JoinOptions, Micros, Options, ProtocolPeriod,
    StateTimeouts, SuspicionTimeout,
};

/// What is explored.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many nodes there are; 2 to [`Settings::NODES_MAX`].
    pub nodes: u32,
    /// What the nodes' own draws derive from.
    pub seed: u64,
    /// The settings of every node; the explorer picks the events.
    pub options: Options,
    /// Where it begins.
    pub start: Start,
    /// How much may go wrong.
    pub faults: Faults,
    /// How late a message can be that left the order of its link.
    pub late: Micros,
    /// How long a cut lasts at most, and how long a process is down before it boots or stays down for good: a node that
    /// joins and finds nobody pauses for random times, and there is no end of the ways in which these can lie.
    pub outage: Micros,
    /// The most choices in a row; `None` goes on until there is nothing new.
    pub depth: Option<u32>,
    /// The most states; the exploration ends with the layer in which there are more.
    pub states: u64,
    /// Nodes that are broken on purpose.
    #[cfg(test)]
    pub(super) mutants: crate::mutants::Mutants,
}

/// The first state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// All nodes have just booted, and know nothing but their host list.
    #[default]
    Boot,
    /// They have joined: all hold all alive, nobody has anything left to tell, and nothing is under way. Nothing went wrong until then.
    Joined,
}

/// How often each fault may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Messages that are lost.
    pub losses: u8,
    /// Datagrams that arrive twice.
    pub duplications: u8,
    /// Messages that leave the order of their link: others overtake them, and time passes meanwhile.
    pub reorderings: u8,
    /// Processes that end and may start again.
    pub crashes: u8,
    /// Cuts between one node and all others, which may end.
    pub partitions: u8,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self { losses: 0, duplications: 0, reorderings: 0, crashes: 0, partitions: 0 };
}

/// Why something cannot be explored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Too many nodes, or too few.
    #[error("a world of {nodes} nodes cannot be explored; 2 to {} can", Settings::NODES_MAX)]
    Nodes {
        /// How many were asked for.
        nodes: u32,
    },
    /// An adaptive period follows statistics, which would make every state another one.
    #[error("the protocol period must be fixed, and pings must travel as datagrams")]
    Protocol,
    /// Options that break a rule.
    #[error("the options do not work: {0}")]
    Options(#[from] ConfigError),
}

impl Settings {
    /// The most nodes of a world.
    pub const NODES_MAX: u32 = 4;

    /// A world of `nodes` with short times in which nothing goes wrong, explored without a bound.
    pub fn new(nodes: u32, seed: u64) -> Self {
        let options = short_times();
        let late = Micros::from_millis(1_500);
        Self {
            nodes,
            seed,
            options,
            start: Start::Boot,
            faults: Faults::NONE,
            late,
            outage: Micros::from_millis(13_000),
            depth: None,
            states: 10_000_000,
            #[cfg(test)]
            mutants: crate::mutants::Mutants::default(),
        }
    }

    /// Checks them.
    ///
    /// # Errors
    /// What cannot be explored.
    pub(super) fn config(&self) -> Result<Config, SettingsError> {
        if !(2..=Self::NODES_MAX).contains(&self.nodes) {
            return Err(SettingsError::Nodes { nodes: self.nodes });
        }
        let fixed = matches!(self.options.protocol_period, ProtocolPeriod::Fixed(_));
        if !fixed || self.options.exchange != ExchangeMode::Datagrams {
            return Err(SettingsError::Protocol);
        }
        let events = crate::watch::Watchers::default().events();
        Ok(Config::try_from(Options { events, ..self.options.clone() })?)
    }
}

/// Settings under which everything that a member can go through takes a few seconds: suspicion, death, eviction, healing.
/// The rest is as on one machine.
///
/// The period is as long as a bucket of a node's deadlines, and the others of a cluster at rest are multiples of it: which
/// deadlines share a bucket depends on the time, and else such a cluster would not come back to where it was for hours.
pub fn short_times() -> Options {
    let local = Options::local();
    Options {
        protocol_period: ProtocolPeriod::Fixed(PERIOD),
        ping_timeout: Duration::from_millis(200),
        ping_request_timeout: Duration::from_millis(600),
        ping_request_size: 1,
        state_timeouts: StateTimeouts {
            suspect: SuspicionTimeout::Lifeguard { alpha: 1, beta: 2, confirmations: 3 },
            faulty: Duration::from_secs(4),
            leave: Some(Duration::from_secs(4)),
            tombstone: Duration::from_secs(2),
        },
        local_health_max: 1,
        retransmit_factor: 2,
        gossip: Some(GossipOptions { interval: Duration::from_millis(400), nodes: 1 }),
        full_sync_timeout: Duration::from_secs(1),
        join: JoinOptions {
            size: 2,
            timeout: Duration::from_millis(500),
            max_duration: Duration::from_secs(10),
            delay_max: Duration::from_secs(1),
            settle_after: Some(Duration::from_secs(2)),
            ..local.join
        },
        heal: HealOptions { period: Some(PERIOD * 2), timeout: Duration::from_millis(500), ..local.heal },
        ..local
    }
}

const PERIOD: Duration = Duration::from_micros(1 << 20);
