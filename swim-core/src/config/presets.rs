//! Settings that were found to work, after hashicorp/memberlist's presets where they mean the same, and after the
//! defaults of ringpop-go.

use core::time::Duration;

use super::options::{
    ExchangeMode, FullSyncMode, GossipOptions, HealOptions, Hearsay, JoinOptions, Options, ProbeOrder, ProtocolPeriod,
    StateTimeouts, SuspicionTimeout, Unproven,
};
use crate::labels::OwnLabels;
use crate::observe::EventMask;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Options {
    /// One network, or several that are near: a probe each second, half a second for its answer.
    pub fn lan() -> Self {
        Self {
            app: "swim".into(),
            labels: OwnLabels::default(),
            protocol_period: ProtocolPeriod::Fixed(Duration::from_secs(1)),
            probe_order: ProbeOrder::RoundRobin,
            ping_timeout: Duration::from_millis(500),
            ping_request_timeout: Duration::from_millis(500),
            ping_request_size: 3,
            helper_share: 80,
            exchange: ExchangeMode::Datagrams,
            stream_ping: true,
            inconclusive_max: 3,
            state_timeouts: StateTimeouts {
                suspect: SuspicionTimeout::Lifeguard { alpha: 4, beta: 6, confirmations: 3 },
                faulty: DAY,
                leave: Some(DAY),
                tombstone: Duration::from_secs(60),
            },
            local_health_max: 8,
            hearsay: Hearsay::Suspect,
            unproven: Unproven::Guarded,
            buddy: true,
            incarnation_limit: Some(7 * DAY),
            evicted_max: 4096,
            members_max: 1 << 20,
            retransmit_factor: 4,
            datagram_max: Some(1400),
            gossip: Some(GossipOptions { interval: Duration::from_millis(200), nodes: 3 }),
            full_sync: FullSyncMode::Stream,
            max_full_sync_jobs: 5,
            full_sync_timeout: Duration::from_secs(10),
            join: JoinOptions {
                size: 3,
                parallelism_factor: 2,
                timeout: Duration::from_secs(2),
                max_duration: Duration::from_secs(120),
                delay_min: Duration::from_millis(100),
                delay_max: Duration::from_secs(60),
                settle_after: Some(Duration::from_secs(10)),
            },
            heal: HealOptions {
                period: Some(Duration::from_secs(30)),
                base_probability: 3,
                faulty_rate: 2,
                failures_max: 10,
                follow_ups: 3,
                timeout: Duration::from_secs(2),
            },
            rollup_flush_interval: Duration::from_secs(5),
            rollup_max_updates: 250,
            events: EventMask::ALL,
        }
    }

    /// Networks that are far apart: slower probes, longer suspicions.
    pub fn wan() -> Self {
        let lan = Self::lan();
        Self {
            protocol_period: ProtocolPeriod::Fixed(Duration::from_secs(5)),
            ping_timeout: Duration::from_secs(3),
            ping_request_timeout: Duration::from_secs(2),
            state_timeouts: StateTimeouts {
                suspect: SuspicionTimeout::Lifeguard { alpha: 6, beta: 6, confirmations: 3 },
                ..lan.state_timeouts
            },
            gossip: Some(GossipOptions { interval: Duration::from_millis(500), nodes: 4 }),
            full_sync_timeout: Duration::from_secs(30),
            join: JoinOptions { timeout: Duration::from_secs(10), ..lan.join },
            heal: HealOptions { timeout: Duration::from_secs(10), ..lan.heal },
            ..lan
        }
    }

    /// One machine: answers are quick, and a helper more would only compete for the same processors.
    pub fn local() -> Self {
        let lan = Self::lan();
        Self {
            ping_timeout: Duration::from_millis(200),
            ping_request_timeout: Duration::from_millis(800),
            ping_request_size: 1,
            state_timeouts: StateTimeouts {
                suspect: SuspicionTimeout::Lifeguard { alpha: 3, beta: 6, confirmations: 3 },
                ..lan.state_timeouts
            },
            // memberlist has 2. In a cluster below ten that is two sends of a change by each node, and rumours can die
            // out: nine simulated nodes with 3 % loss declared one faulty that answered. With 4 they do not.
            retransmit_factor: 4,
            gossip: Some(GossipOptions { interval: Duration::from_millis(100), nodes: 3 }),
            ..lan
        }
    }

    /// Ringpop's defaults and its ways, for a host that speaks its wire.
    pub fn ringpop() -> Self {
        let lan = Self::lan();
        Self {
            app: "ringpop".into(),
            protocol_period: ProtocolPeriod::Adaptive { min: Duration::from_millis(200) },
            ping_timeout: Duration::from_millis(1500),
            ping_request_timeout: Duration::from_secs(5),
            exchange: ExchangeMode::Requests,
            stream_ping: false,
            inconclusive_max: u32::MAX,
            state_timeouts: StateTimeouts {
                suspect: SuspicionTimeout::Fixed(Duration::from_secs(5)),
                faulty: DAY,
                leave: None,
                tombstone: Duration::from_secs(60),
            },
            local_health_max: 0,
            hearsay: Hearsay::Believe,
            unproven: Unproven::Trusted,
            buddy: false,
            incarnation_limit: None,
            evicted_max: 0,
            retransmit_factor: 15,
            datagram_max: None,
            gossip: None,
            full_sync: FullSyncMode::InAnswer,
            join: JoinOptions { timeout: Duration::from_secs(1), settle_after: None, ..lan.join },
            heal: HealOptions { faulty_rate: 0, follow_ups: 0, timeout: Duration::from_secs(1), ..lan.heal },
            ..lan
        }
    }
}

impl Default for Options {
    /// [`Options::lan`].
    fn default() -> Self {
        Self::lan()
    }
}
