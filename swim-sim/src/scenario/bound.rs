//! How long a cluster may take to converge once nothing is wrong any more.

use swim_core::{Config, Micros, ProtocolPeriod, SuspicionTimeout};

/// The longest that convergence may take, from the settings.
///
/// Who is dead and not noticed yet is probed, suspected and declared faulty; who is wrongly held faulty is found by
/// healing, whose attempts follow up on themselves; who could not join tries again after a pause of its own. Periods
/// count ninefold while a node mistrusts its own health (R8).
pub fn convergence_bound(config: &Config, nodes: u32) -> Micros {
    let options = config.options();
    let period = match options.protocol_period {
        ProtocolPeriod::Fixed(period) => Micros::from(period),
        ProtocolPeriod::Adaptive { min } => Micros::from(min).times(10),
    };
    // SWIM 4.3: at most 2n - 1 rounds until one node has probed all; among many someone does so in a few.
    let rounds = u64::from(2 * nodes.max(1) - 1).clamp(ROUNDS_MIN, ROUNDS_MAX);
    let slow = u64::from(options.local_health_max) + 1;
    let suspicion = match options.state_timeouts.suspect {
        SuspicionTimeout::Fixed(time) => Micros::from(time),
        SuspicionTimeout::Lifeguard { alpha, beta, .. } => {
            let digits = u64::from(nodes.max(10).ilog10()) + 1;
            period.times(u64::from(alpha) * u64::from(beta) * digits)
        }
    };
    let healing = options.heal.period.map_or(Micros::ZERO, |period| Micros::from(period).times(2));
    let joining = Micros::from(options.join.delay_max) + Micros::from(options.join.timeout).times(3);
    let settling = options.join.settle_after.map_or(Micros::ZERO, Micros::from);
    period.times(rounds) + period.times(slow * 3) + suspicion.times(2) + healing + joining + settling
}

const ROUNDS_MIN: u64 = 5;
const ROUNDS_MAX: u64 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::Options;

    #[test]
    fn the_bound_grows_with_what_takes_time() {
        let bound =
            |options: Options, nodes| convergence_bound(&Config::try_from(options).unwrap(), nodes).0 / 1_000_000;
        assert_eq!(bound(Options::lan(), 10), 19 + 27 + 96 + 60 + 66 + 10);
        assert!(bound(Options::lan(), 1000) > bound(Options::lan(), 10));
        assert!(bound(Options::wan(), 10) > bound(Options::lan(), 10));
        let mut unhealed = Options::lan();
        unhealed.heal.period = None;
        assert_eq!(bound(unhealed, 10), bound(Options::lan(), 10) - 60);
    }
}
