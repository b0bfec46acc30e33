//! Traffic at rest: once nothing is new, what is pending drains, and then a node sends one ping a period and answers pings,
//! and nothing else, however large the cluster is.
//!
//! ```text
//!   Restless ── nothing new, and the network and all processes work ──> Draining ── nobody has anything to tell ──> Resting
//!      ^                                                                   │ too long: found                           │
//!      └──────────────── a change of any list, a command, a fault ─────────┴───────────────────────────────────────────┘
//! ```
//! Only what comes from within the nodes is judged, and only where all hold one another alive: a faulty member is one to
//! heal with, and a network in which a round trip can take longer than a ping waits is never at rest.

use swim_core::{Checksum, Effect, Event, Input, Instant, Kind, Micros, Node, ProtocolPeriod, Status};

use super::{Finding, Step};
use crate::cluster::Setup;

/// Watches for rest, and at rest.
pub(super) struct Rest {
    nodes: u32,
    period: Micros,
    ping_timeout: Micros,
    /// How long what was under way may go on: three periods, and a ping for another that was in the worst of health, after
    /// which what that ping carried is pending again.
    under_way_max: Micros,
    /// How long what is pending may take to drain.
    drain_max: Micros,
    /// The changes of the processes and the network that were seen.
    faults_seen: (u64, u64),
    /// When something was new.
    news_at: Instant,
    /// When somebody had something to tell.
    told_at: Instant,
    /// When somebody's own health was not the best: its rounds take longer, and it asks for help late (R8).
    ailed_at: Instant,
    /// How many nodes have something to tell.
    telling: u32,
    watched: Vec<Watched>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    telling: Telling,
    /// Since when its pings are counted; it was at rest since.
    counted_since: Instant,
    pings: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Telling {
    #[default]
    Nothing,
    Something,
}

impl Rest {
    pub(super) fn new(setup: &Setup) -> Self {
        let options = &setup.options;
        let period: Micros = match options.protocol_period {
            ProtocolPeriod::Fixed(period) => period.into(),
            ProtocolPeriod::Adaptive { min } => min.into(),
        };
        let digits = u64::from(setup.nodes.max(1).ilog10()) + 1;
        // Probes alone tell each change to someone in every period; a node in bad health takes longer ones.
        let sends = u64::from(options.retransmit_factor) * digits;
        let longest_help = Micros::from(options.ping_request_timeout).times(u64::from(options.local_health_max) + 1);
        let drain_max = period.times(2 * sends + u64::from(options.local_health_max) + 1) + DRAIN_LEAST;
        Self {
            nodes: setup.nodes,
            period,
            ping_timeout: options.ping_timeout.into(),
            under_way_max: longest_help.max(period.times(3)),
            drain_max,
            faults_seen: (0, 0),
            news_at: Instant::ZERO,
            told_at: Instant::ZERO,
            ailed_at: Instant::ZERO,
            telling: 0,
            watched: vec![Watched::default(); setup.nodes as usize],
        }
    }

    /// The node has nothing to tell yet.
    pub(super) fn reborn(&mut self, node: u32) {
        let Watched { telling, .. } = std::mem::take(&mut self.watched[node as usize]);
        self.telling -= u32::from(telling == Telling::Something);
    }

    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        let Step { node, now, machine, .. } = *step;
        self.note_telling(node, machine);
        if machine.local_health() > 0 {
            self.ailed_at = now;
        }
        // One that has come and gone since the last input as well.
        let faults = (step.processes.changes(), step.network.changes());
        let undisturbed = std::mem::replace(&mut self.faults_seen, faults) == faults;
        let calm = undisturbed
            && step.processes.are_plain()
            && step.network.longest().is_some_and(|longest| longest.times(2) < self.ping_timeout)
            && machine.is_ready()
            && machine.count(Status::Alive) == self.nodes;
        if !calm || is_news(step) {
            (self.news_at, self.told_at) = (now, now);
            return Ok(());
        }
        if self.telling > 0 {
            self.told_at = now;
            let drains = now.since(self.news_at) <= self.drain_max || !machine.has_changes();
            let reason = || {
                format!("nothing is new since {}, and {} changes are pending", self.news_at, machine.pending_changes())
            };
            return if drains { Ok(()) } else { Err(Finding::new("rest", node, reason())) };
        }
        let watched = &mut self.watched[node as usize];
        // What was under way when the last change was told is over by then.
        let resting_since = self.told_at.max(self.ailed_at) + self.under_way_max;
        if now < resting_since {
            return Ok(());
        }
        if watched.counted_since < resting_since {
            (watched.counted_since, watched.pings) = (now, 0);
        }
        watched.rests(step)?;
        watched.keeps_pace(node, now, self.period)
    }

    fn note_telling(&mut self, node: u32, machine: &Node<u32>) {
        let telling = if machine.has_changes() { Telling::Something } else { Telling::Nothing };
        let before = std::mem::replace(&mut self.watched[node as usize].telling, telling);
        self.telling += u32::from(telling == Telling::Something);
        self.telling -= u32::from(before == Telling::Something);
    }
}

impl Watched {
    /// What a node may send at rest: the answer to a ping, and one ping with a tick.
    fn rests(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        let mut left = match step.input {
            Input::Tick => 1,
            Input::Message { message, .. } => match message.kind {
                Kind::Ping { .. } => 1,
                Kind::Ack { .. } => 0,
                // Whoever sent it was not at rest, or it was long on its way.
                _ => return Ok(()),
            },
            _ => 0,
        };
        for effect in step.effects.iter() {
            let Effect::Send { message, .. } = effect else { continue };
            let fits = match message.kind {
                Kind::Ping { .. } => {
                    self.pings += 1;
                    matches!(step.input, Input::Tick)
                }
                Kind::Ack { .. } => !matches!(step.input, Input::Tick),
                _ => false,
            };
            if !fits || left == 0 || !message.changes.is_empty() {
                let reason = format!("sends this at rest: {message:?}");
                return Err(Finding::new("rest", step.node, reason));
            }
            left -= 1;
        }
        Ok(())
    }

    /// One ping a period, give or take those at the ends.
    fn keeps_pace(&self, node: u32, now: Instant, period: Micros) -> Result<(), Box<Finding>> {
        let elapsed = now.since(self.counted_since);
        let pings = period.times(self.pings);
        let pace = pings <= elapsed + period.times(2) && elapsed <= pings + period.times(4);
        if pace {
            return Ok(());
        }
        let reason = format!("{} pings in {} periods at rest", self.pings, elapsed.0 / period.0.max(1));
        Err(Finding::new("rest", node, reason))
    }
}

/// Whether the input, or what the node made of it, is more than the traffic of rest: a list changed or differs from
/// another, or the host wants something.
fn is_news(step: &Step<'_>) -> bool {
    let differs = |checksum: Checksum| checksum != step.machine.checksum();
    let brings = match step.input {
        Input::Message { message, .. } => differs(message.checksum),
        Input::Command { .. } | Input::Wall(_) | Input::Undeliverable { .. } => true,
        Input::Tick | Input::Hosts { .. } => false,
    };
    let changed = |effect: Effect<'_, u32>| {
        matches!(effect, Effect::Event(Event::MemberlistChangesApplied { .. } | Event::MakeNodeStatus { .. }))
    };
    brings || step.effects.iter().any(changed)
}

/// Even the fastest protocol has this long to drain: many changes do not fit in one message.
const DRAIN_LEAST: Micros = Micros::from_millis(10_000);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_a_period_is_the_pace_of_rest() {
        let pace = |pings, periods: u64| {
            let watched = Watched { pings, ..Watched::default() };
            watched.keeps_pace(0, Instant::from_millis(periods * 1_000), Micros::from_millis(1_000)).is_ok()
        };
        assert!(pace(10, 10) && pace(12, 10) && pace(6, 10));
        assert!(!pace(13, 10) && !pace(5, 10) && !pace(0, 5));
    }
}
