//! The protocol as the paper has it: everything that differs from it on purpose is switched off.
//!
//! | here | in the paper | the switch |
//! |---|---|---|
//! | gossip beside the probes (R5) | changes travel on probes only | `gossip: None` |
//! | local health (R8), adaptive suspicion (R7) | periods and timeouts are fixed | `local_health_max: 0`, `Fixed` |
//! | silent helpers accuse nobody (R4) | whoever is silent is accused | `inconclusive_max: 0` |
//! | a ping on a stream beside the helpers (R4) | none | `stream_ping: false` |
//! | hearsay of a death is doubted (R1a), suspects are told (R9) | neither | `Hearsay::Believe`, `buddy: false` |
//! | who never answered is told little (R16) | all are told the same | `Unproven::Trusted` |
//! | healing (R11) | none | `heal.period: None` |
//!
//! Suspicions never run out within a run: nobody leaves the lists, so that each measurement finds the same cluster.
//! Full syncs (R6) stay on, because clusters form by them. They send nothing at rest and make no accusation; where a
//! rumour is measured nobody runs out of sends, so that none starts.

use std::time::Duration;

use swim_core::{HealOptions, Hearsay, Options, ProbeOrder, ProtocolPeriod, StateTimeouts, SuspicionTimeout, Unproven};
use swim_core::{Instant, Micros};

use crate::cluster::Setup;
use crate::network::Latency;

/// One protocol period. What is measured is counted in periods, so its length does not matter.
pub(super) const PERIOD: Micros = Micros::from_millis(1_000);

/// Settings of the paper's protocol with so many helpers.
pub(super) fn options(probe_order: ProbeOrder, helpers: u32) -> Options {
    let lan = Options::lan();
    Options {
        protocol_period: ProtocolPeriod::Fixed(PERIOD.into()),
        probe_order,
        ping_request_size: helpers,
        stream_ping: false,
        inconclusive_max: 0,
        state_timeouts: StateTimeouts {
            suspect: SuspicionTimeout::Fixed(YEAR),
            faulty: 2 * YEAR,
            ..lan.state_timeouts
        },
        local_health_max: 0,
        hearsay: Hearsay::Believe,
        unproven: Unproven::Trusted,
        buddy: false,
        gossip: None,
        heal: HealOptions { period: None, ..lan.heal },
        ..lan
    }
}

/// A network on which messages take next to no time, as in the paper: a crash hardly ever meets a ping or ack under way,
/// and the way of a rumour takes only the time until the next ping.
pub(super) fn setup(nodes: u32, seed: u64, options: Options) -> Setup {
    let latency = Latency::uniform(LATENCY, LATENCY).expect("the times are equal");
    Setup { options, latency, boot_within: BOOT_WITHIN, ..Setup::new(nodes, seed) }
}

/// The time between two moments in periods.
pub(super) fn periods(from: Instant, until: Instant) -> f64 {
    until.since(from).0 as f64 / PERIOD.0 as f64
}

/// Many periods, so that most nodes find the hosts up and begin their periods where they boot: at any moment of one.
const BOOT_WITHIN: Micros = PERIOD.times(20);
const LATENCY: Micros = Micros(100);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::Config;

    #[test]
    fn the_papers_protocol_breaks_no_rule_of_the_options() {
        for helpers in [0, 1, 3] {
            assert!(Config::try_from(options(ProbeOrder::Random, helpers)).is_ok());
        }
    }
}
