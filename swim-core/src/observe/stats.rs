//! Statistics (R15): counters that are always on, and the timing and rates of the protocol.

use super::histogram::{Histogram, Timing};
use super::meter::Meter;
use crate::observe::RejectReason;
use crate::time::{Instant, Micros};

/// How often each thing happened since boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
#[allow(missing_docs, reason = "each name says all there is to say")]
pub struct Counters {
    pub pings_sent: u64,
    pub pings_received: u64,
    pub acks_received: u64,
    pub ping_timeouts: u64,
    pub ping_requests_sent: u64,
    pub ping_requests_received: u64,
    pub ping_request_answers_received: u64,
    pub rounds_inconclusive: u64,
    pub rounds_failed: u64,
    pub rounds_abandoned: u64,
    pub gossips_sent: u64,
    pub gossips_received: u64,
    pub changes_received: u64,
    pub changes_applied: u64,
    pub changes_filtered: u64,
    pub changes_doubted: u64,
    pub refutations: u64,
    pub suspicions_confirmed: u64,
    pub suspects_declared: u64,
    pub faulties_declared: u64,
    pub tombstones_declared: u64,
    pub evictions: u64,
    pub members_dropped: u64,
    pub trials: u64,
    pub joins_sent: u64,
    pub joins_received: u64,
    pub full_syncs_started: u64,
    pub full_syncs_answered: u64,
    pub full_syncs_omitted: u64,
    pub full_syncs_redundant: u64,
    pub heal_attempts: u64,
    pub heal_merges: u64,
    pub undeliverable: u64,
    pub refused: u64,
    pub rejected_from_oneself: u64,
    pub rejected_incarnation: u64,
    pub rejected_too_many_members: u64,
    pub rejected_unsolicited: u64,
    pub rejected_wrong_channel: u64,
    pub rejected_other_app: u64,
    pub rejected_overloaded: u64,
    pub rejected_evicted: u64,
}

impl Counters {
    /// Counts what a peer did wrong.
    pub(crate) fn reject(&mut self, reason: RejectReason) {
        *match reason {
            RejectReason::FromOneself => &mut self.rejected_from_oneself,
            RejectReason::Incarnation => &mut self.rejected_incarnation,
            RejectReason::TooManyMembers => &mut self.rejected_too_many_members,
            RejectReason::Unsolicited => &mut self.rejected_unsolicited,
            RejectReason::WrongChannel => &mut self.rejected_wrong_channel,
            RejectReason::OtherApp => &mut self.rejected_other_app,
            RejectReason::Overloaded => &mut self.rejected_overloaded,
            RejectReason::Evicted => &mut self.rejected_evicted,
        } += 1;
    }
}

/// What a node measures of itself; what every round counts lies together.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub(crate) struct Stats {
    pub(crate) timing: Histogram,
    /// Requests that the node makes: ringpop's client rate.
    pub(crate) client: Meter,
    /// Requests that the node answers: ringpop's server rate.
    pub(crate) server: Meter,
    pub(crate) counters: Counters,
}

impl Stats {
    /// What ringpop reports.
    pub(crate) fn protocol(&self, now: Instant, rate: Micros) -> ProtocolStats {
        let client_milli = self.client.per_second_milli(now);
        let server_milli = self.server.per_second_milli(now);
        ProtocolStats {
            timing: self.timing.timing(),
            rate,
            client_rate_milli: client_milli,
            server_rate_milli: server_milli,
            total_rate_milli: client_milli + server_milli,
        }
    }
}

/// Statistics of the protocol. Ringpop's `ProtocolStats`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ProtocolStats {
    /// How long rounds take.
    pub timing: Timing,
    /// The time between two rounds, as it is now.
    pub rate: Micros,
    /// Requests made, in thousandths a second, over the last minute.
    pub client_rate_milli: u64,
    /// Requests answered, in thousandths a second, over the last minute.
    pub server_rate_milli: u64,
    /// Both together.
    pub total_rate_milli: u64,
}
