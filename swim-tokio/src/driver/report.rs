//! What a node tells its surroundings: logs and metrics. Outside of every lock, since both call foreign code.

use std::net::SocketAddr;

use swim_core::{Effect, Effects, Event, Instant, Micros};
use tracing::Span;

use crate::metrics::Metrics;
use crate::shared::{Numbers, Shared};

/// Logs and metrics of one node.
pub(crate) struct Report {
    metrics: Metrics,
    /// The protocol period that runs, at trace level.
    period: Span,
    periods: u64,
    published: Instant,
}

impl Report {
    pub(crate) fn new(shared: &Shared) -> Self {
        let metrics = Metrics::new(shared.fixed.local, &shared.fixed.cluster);
        Self { metrics, period: Span::none(), periods: 0, published: Instant::ZERO }
    }

    /// The span in which everything happens that belongs to the period.
    pub(crate) fn period(&self) -> Span {
        self.period.clone()
    }

    /// The events among `effects`.
    pub(crate) fn events(&mut self, local: SocketAddr, effects: &Effects<SocketAddr>) {
        for effect in effects.iter() {
            let Effect::Event(event) = effect else { continue };
            self.metrics.event(&event);
            match event {
                Event::ProtocolDelayCompute { .. } => self.next_period(local),
                ref event => log(local, event),
            }
        }
    }

    fn next_period(&mut self, local: SocketAddr) {
        self.periods += 1;
        self.period = tracing::trace_span!(target: "swim", parent: None, "period", %local, number = self.periods);
    }

    /// Whether it is time to publish what was counted.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        now.since(self.published) >= PUBLISH_EVERY
    }

    pub(crate) fn publish(&mut self, now: Instant, numbers: &Numbers) {
        self.published = now;
        self.metrics.publish(numbers);
    }
}

/// How often counters are published, at most.
const PUBLISH_EVERY: Micros = Micros::from_millis(950);

/// Membership changes at info, trouble at warn, the rest at debug.
fn log(local: SocketAddr, event: &Event<'_, SocketAddr>) {
    match *event {
        Event::MemberlistChangesApplied { changes, .. } => {
            for change in changes {
                let (member, status, incarnation) = (change.address, change.status, change.incarnation.get());
                tracing::info!(target: "swim", %local, %member, %status, incarnation, "membership change");
            }
        }
        Event::MemberEvicted { address, .. } => {
            tracing::info!(target: "swim", %local, member = %address, "a member was forgotten");
        }
        Event::MemberRestarted { address, .. } => {
            tracing::info!(target: "swim", %local, member = %address, "a member came back from a restart");
        }
        Event::RefuteUpdate { incarnation } => {
            tracing::info!(target: "swim", %local, incarnation = incarnation.get(), "refuted what was said of this node");
        }
        Event::JoinComplete { duration, joined } => {
            tracing::info!(target: "swim", %local, hosts = joined.len(), micros = duration.0, "joined");
        }
        Event::HealEnded { target: host, result } => {
            tracing::info!(target: "swim", %local, %host, ?result, "an attempt to heal ended");
        }
        Event::Departed { status, acknowledged } => {
            tracing::info!(target: "swim", %local, %status, acknowledged, "departed");
        }
        Event::ClockFarOff { address, ahead_ms } => {
            tracing::warn!(target: "swim", %local, member = %address, ahead_ms, "a member's clock is far ahead of this one's");
        }
        Event::JoinListRejected { source: host, ahead_ms } => {
            tracing::warn!(
                target: "swim", %local, %host, ahead_ms,
                "nobody that a host lists can be believed: their clocks are far ahead of this one's"
            );
        }
        Event::Rejected { source, reason } => {
            tracing::debug!(target: "swim", %local, %source, ?reason, "a peer did what the rules do not allow");
        }
        Event::LocalHealth { score } => {
            tracing::debug!(target: "swim", %local, score, "local health");
        }
        _ => {}
    }
}
