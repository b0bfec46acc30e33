//! Metrics, through the facade of the `metrics` crate; docs/METRICS.md lists them beside ringpop's.
//!
//! Counters that the node keeps anyway are published about once a second, as absolute numbers; times are recorded as
//! they are measured. All are without cost to speak of where no recorder was installed before the node was started.

use std::net::SocketAddr;

use metrics::{Counter, Gauge, Histogram};
use swim_core::{Counters, Event, Micros, Status};

use crate::shared::Numbers;
use crate::stats::TransportCounters;

/// The metrics of one node.
pub(crate) struct Metrics {
    protocol: Vec<Counter>,
    transport: Vec<Counter>,
    members: [Gauge; Status::ALL.len()],
    membership_set: [Counter; Status::ALL.len()],
    made: [Counter; Status::ALL.len()],
    checksum: Gauge,
    local_health: Gauge,
    pending: Gauge,
    max_piggyback: Gauge,
    join_retries: Gauge,
    join_failed: Counter,
    join: Histogram,
    ping: Histogram,
    ping_req: Histogram,
    ping_req_ping: Histogram,
    protocol_delay: Histogram,
    protocol_frequency: Histogram,
    heal_triggered: Counter,
    not_ready: Counter,
}

impl Metrics {
    pub(crate) fn new(local: SocketAddr, cluster: &str) -> Self {
        let labels = [("local", local.to_string()), ("cluster", cluster.to_owned())];
        let counter = |name: &'static str| metrics::counter!(name, &labels);
        let gauge = |name: &'static str| metrics::gauge!(name, &labels);
        let histogram = |name: &'static str| metrics::histogram!(name, &labels);
        let of_status = |status: Status| {
            let [local, cluster] = labels.clone();
            [local, cluster, ("status", status.name().to_owned())]
        };
        Self {
            protocol: PROTOCOL.iter().map(|Kept(name, _)| counter(name)).collect(),
            transport: TRANSPORT.iter().map(|Kept(name, _)| counter(name)).collect(),
            members: Status::ALL.map(|status| metrics::gauge!("swim_members", &of_status(status))),
            membership_set: Status::ALL
                .map(|status| metrics::counter!("swim_membership_set_total", &of_status(status))),
            made: Status::ALL.map(|status| metrics::counter!("swim_make_status_total", &of_status(status))),
            checksum: gauge("swim_checksum"),
            local_health: gauge("swim_local_health"),
            pending: gauge("swim_changes_pending"),
            max_piggyback: gauge("swim_max_piggyback"),
            join_retries: gauge("swim_join_retries"),
            join_failed: counter("swim_join_failed_total"),
            join: histogram("swim_join_seconds"),
            ping: histogram("swim_ping_seconds"),
            ping_req: histogram("swim_ping_req_seconds"),
            ping_req_ping: histogram("swim_ping_req_ping_seconds"),
            protocol_delay: histogram("swim_protocol_delay_seconds"),
            protocol_frequency: histogram("swim_protocol_frequency_seconds"),
            heal_triggered: counter("swim_heal_triggered_total"),
            not_ready: counter("swim_not_ready_total"),
        }
    }

    /// What happened once.
    pub(crate) fn event(&self, event: &Event<'_, SocketAddr>) {
        match *event {
            Event::MemberlistChangesApplied { changes, .. } => {
                changes.iter().for_each(|change| self.membership_set[change.status as usize].increment(1));
            }
            Event::MakeNodeStatus { status, .. } => self.made[status as usize].increment(1),
            Event::MaxPAdjusted { new, .. } => self.max_piggyback.set(new),
            Event::JoinTriesUpdate { retries } => self.join_retries.set(retries),
            Event::JoinFailed { .. } => self.join_failed.increment(1),
            Event::JoinComplete { duration, .. } => self.join.record(seconds(duration)),
            Event::PingSendComplete { duration, .. } => self.ping.record(seconds(duration)),
            Event::PingRequestsSendComplete { duration, .. } => self.ping_req.record(seconds(duration)),
            Event::PingRequestPing { duration, .. } => self.ping_req_ping.record(seconds(duration)),
            Event::ProtocolDelayCompute { duration } => self.protocol_delay.record(seconds(duration)),
            Event::ProtocolFrequency { duration } => self.protocol_frequency.record(seconds(duration)),
            Event::DiscoHeal => self.heal_triggered.increment(1),
            Event::RequestBeforeReady { .. } => self.not_ready.increment(1),
            _ => {}
        }
    }

    /// What was counted so far, and what is.
    pub(crate) fn publish(&self, numbers: &Numbers) {
        for (counter, Kept(_, read)) in self.protocol.iter().zip(&PROTOCOL) {
            counter.absolute(read(&numbers.counters));
        }
        for (counter, Kept(_, read)) in self.transport.iter().zip(&TRANSPORT) {
            counter.absolute(read(&numbers.transport));
        }
        self.members.iter().zip(numbers.members).for_each(|(gauge, count)| gauge.set(count));
        self.checksum.set(numbers.checksum.0);
        self.local_health.set(numbers.local_health);
        self.pending.set(u32::try_from(numbers.pending_changes).unwrap_or(u32::MAX));
    }
}

fn seconds(span: Micros) -> f64 {
    span.0 as f64 / 1e6
}

/// A counter's name, and where the node keeps it.
struct Kept<T>(&'static str, fn(&T) -> u64);

const PROTOCOL: [Kept<Counters>; 42] = [
    Kept("swim_ping_send_total", |counters| counters.pings_sent),
    Kept("swim_ping_recv_total", |counters| counters.pings_received),
    Kept("swim_ping_ack_total", |counters| counters.acks_received),
    Kept("swim_ping_timeout_total", |counters| counters.ping_timeouts),
    Kept("swim_ping_req_send_total", |counters| counters.ping_requests_sent),
    Kept("swim_ping_req_recv_total", |counters| counters.ping_requests_received),
    Kept("swim_ping_req_answer_total", |counters| counters.ping_request_answers_received),
    Kept("swim_rounds_inconclusive_total", |counters| counters.rounds_inconclusive),
    Kept("swim_rounds_failed_total", |counters| counters.rounds_failed),
    Kept("swim_rounds_abandoned_total", |counters| counters.rounds_abandoned),
    Kept("swim_gossip_send_total", |counters| counters.gossips_sent),
    Kept("swim_gossip_recv_total", |counters| counters.gossips_received),
    Kept("swim_membership_update_total", |counters| counters.changes_received),
    Kept("swim_updates_total", |counters| counters.changes_applied),
    Kept("swim_filtered_change_total", |counters| counters.changes_filtered),
    Kept("swim_doubted_change_total", |counters| counters.changes_doubted),
    Kept("swim_refuted_update_total", |counters| counters.refutations),
    Kept("swim_suspicions_confirmed_total", |counters| counters.suspicions_confirmed),
    Kept("swim_suspects_declared_total", |counters| counters.suspects_declared),
    Kept("swim_faulties_declared_total", |counters| counters.faulties_declared),
    Kept("swim_tombstones_declared_total", |counters| counters.tombstones_declared),
    Kept("swim_evictions_total", |counters| counters.evictions),
    Kept("swim_members_dropped_total", |counters| counters.members_dropped),
    Kept("swim_trials_total", |counters| counters.trials),
    Kept("swim_join_send_total", |counters| counters.joins_sent),
    Kept("swim_join_recv_total", |counters| counters.joins_received),
    Kept("swim_full_sync_reverse_total", |counters| counters.full_syncs_started),
    Kept("swim_full_sync_total", |counters| counters.full_syncs_answered),
    Kept("swim_full_sync_reverse_omitted_total", |counters| counters.full_syncs_omitted),
    Kept("swim_full_sync_redundant_reverse_total", |counters| counters.full_syncs_redundant),
    Kept("swim_heal_attempt_total", |counters| counters.heal_attempts),
    Kept("swim_heal_merge_total", |counters| counters.heal_merges),
    Kept("swim_undeliverable_total", |counters| counters.undeliverable),
    Kept("swim_refused_total", |counters| counters.refused),
    Kept("swim_rejected_from_oneself_total", |counters| counters.rejected_from_oneself),
    Kept("swim_rejected_incarnation_total", |counters| counters.rejected_incarnation),
    Kept("swim_rejected_too_many_members_total", |counters| counters.rejected_too_many_members),
    Kept("swim_rejected_unsolicited_total", |counters| counters.rejected_unsolicited),
    Kept("swim_rejected_wrong_channel_total", |counters| counters.rejected_wrong_channel),
    Kept("swim_rejected_other_app_total", |counters| counters.rejected_other_app),
    Kept("swim_rejected_overloaded_total", |counters| counters.rejected_overloaded),
    Kept("swim_rejected_evicted_total", |counters| counters.rejected_evicted),
];

const TRANSPORT: [Kept<TransportCounters>; 16] = [
    Kept("swim_datagrams_sent_total", |counters| counters.datagrams_sent),
    Kept("swim_datagrams_received_total", |counters| counters.datagrams_received),
    Kept("swim_datagram_bytes_sent_total", |counters| counters.datagram_bytes_sent),
    Kept("swim_datagram_bytes_received_total", |counters| counters.datagram_bytes_received),
    Kept("swim_datagrams_dropped_total", |counters| counters.datagrams_dropped),
    Kept("swim_datagrams_refused_total", |counters| counters.datagrams_refused),
    Kept("swim_requests_sent_total", |counters| counters.requests_sent),
    Kept("swim_requests_failed_total", |counters| counters.requests_failed),
    Kept("swim_requests_received_total", |counters| counters.requests_received),
    Kept("swim_streams_turned_away_total", |counters| counters.streams_turned_away),
    Kept("swim_streams_cut_total", |counters| counters.streams_cut),
    Kept("swim_other_cluster_total", |counters| counters.other_cluster),
    Kept("swim_malformed_total", |counters| counters.malformed),
    Kept("swim_changes_unread_total", |counters| counters.changes_unread),
    Kept("swim_own_address_total", |counters| counters.own_address),
    Kept("swim_filtered_total", |counters| counters.filtered),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};
    use swim_core::{Checksum, Incarnation, ProtocolStats};

    use super::*;
    use crate::stats::Stats;

    const DOCUMENTED: &str = include_str!("../../docs/METRICS.md");

    /// Statistics that are metrics of their own, beside the counters.
    const EXPORTED: [(&str, &str); 4] = [
        ("checksum", "swim_checksum"),
        ("members", "swim_members"),
        ("local_health", "swim_local_health"),
        ("pending_changes", "swim_changes_pending"),
    ];
    /// Those that are none on purpose: docs/METRICS.md says why.
    const LEFT_OUT: [&str; 10] = [
        "version",
        "incarnation",
        "ready",
        "gossiping",
        "uptime",
        "protocol.timing",
        "protocol.rate",
        "protocol.client_rate_milli",
        "protocol.server_rate_milli",
        "protocol.total_rate_milli",
    ];

    /// Looks that each number of `T` is read by one metric and that no other reads it.
    fn each_is_exported<T: Default + Serialize + DeserializeOwned>(metrics: &[Kept<T>]) {
        let none = serde_json::to_value(T::default()).unwrap();
        let names: Vec<&String> = none.as_object().unwrap().keys().collect();
        for name in &names {
            let mut one = none.clone();
            one[name.as_str()] = json!(7);
            let counters: T = serde_json::from_value(one).unwrap();
            let shown: Vec<_> = metrics.iter().filter(|Kept(_, read)| read(&counters) == 7).collect();
            assert_eq!(shown.len(), 1, "`{name}` is read by {:?}", shown.iter().map(|kept| kept.0).collect::<Vec<_>>());
        }
        assert_eq!(names.len(), metrics.len());
        assert_eq!(
            metrics.iter().map(|kept| kept.0).collect::<BTreeSet<_>>().len(),
            metrics.len(),
            "a name is used twice"
        );
    }

    #[test]
    fn every_counter_of_the_protocol_is_a_metric() {
        each_is_exported(&PROTOCOL);
    }

    #[test]
    fn every_counter_of_the_sockets_is_a_metric() {
        each_is_exported(&TRANSPORT);
    }

    #[test]
    fn every_other_statistic_is_a_metric_or_left_out_with_a_reason() {
        let stats = Stats {
            version: 0,
            checksum: Checksum(0),
            members: [0; Status::ALL.len()],
            incarnation: Incarnation::default(),
            ready: true,
            gossiping: true,
            local_health: 0,
            pending_changes: 0,
            uptime: Micros(0),
            counters: Counters::default(),
            protocol: ProtocolStats::default(),
            transport: TransportCounters::default(),
        };
        let Value::Object(mut stats) = serde_json::to_value(stats).unwrap() else { panic!("it has fields") };
        stats.remove("counters").and(stats.remove("transport")).unwrap();
        let protocol = stats.remove("protocol").unwrap();
        let protocol = protocol.as_object().unwrap().keys().map(|name| format!("protocol.{name}"));
        let all: BTreeSet<String> = stats.keys().cloned().chain(protocol).collect();
        let accounted = EXPORTED.iter().map(|(name, _)| name).chain(&LEFT_OUT).map(|name| (*name).to_owned());
        assert_eq!(all, accounted.collect());
        for (_, metric) in EXPORTED {
            assert!(DOCUMENTED.contains(&format!("| `{metric}` |")), "{metric}");
        }
        let (_, left_out) = DOCUMENTED.split_once("## Statistics that are no metrics").unwrap();
        let documented = left_out.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
        let documented: BTreeSet<&str> = documented
            .map(|(name, reason)| {
                assert!(reason.len() > 20, "{name} has no reason");
                name
            })
            .collect();
        assert_eq!(documented, LEFT_OUT.into());
    }
}
