//! Metrics arrive in a recorder, under the names that docs/METRICS.md gives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::helpers::{builder, start, until, within};

/// Keeps the last value of each metric, or how many values a histogram got, and of what kind each is.
#[derive(Default)]
struct Kept {
    values: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    kinds: Mutex<BTreeMap<String, String>>,
}

struct Count(Arc<AtomicU64>);

impl HistogramFn for Count {
    fn record(&self, _value: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Kept {
    fn slot(&self, key: &Key, kind: &str) -> Arc<AtomicU64> {
        let status = key.labels().find(|label| label.key() == "status").map(|label| format!(" {}", label.value()));
        let kind = kind.to_owned() + if status.is_some() { ", by status" } else { "" };
        self.kinds.lock().unwrap().insert(key.name().into(), kind);
        let name = key.name().to_owned() + &status.unwrap_or_default();
        Arc::clone(self.values.lock().unwrap().entry(name).or_default())
    }

    fn value(&self, name: &str) -> u64 {
        self.values.lock().unwrap()[name].load(Ordering::Relaxed)
    }

    fn gauge(&self, name: &str) -> f64 {
        f64::from_bits(self.value(name))
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.slot(key, "counter"))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.slot(key, "gauge"))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Count(self.slot(key, "histogram"))))
    }
}

#[tokio::test]
async fn what_a_node_does_can_be_read_from_its_metrics() {
    let kept = Kept::default();
    let node = {
        let _installed = metrics::set_default_local_recorder(&kept);
        builder().start().await.unwrap()
    };
    let second = start(&[&node]).await;
    within(node.wait_for(2)).await.unwrap();
    until("counters are published", || kept.value("swim_ping_send_total") > 2).await;
    until("gauges are published", || kept.gauge("swim_members alive") == 2.0).await;
    assert!(kept.value("swim_ping_seconds") > 2, "each ack was timed");
    assert!(kept.value("swim_datagram_bytes_sent_total") > kept.value("swim_datagrams_sent_total"));
    assert_eq!(kept.value("swim_join_recv_total"), 1);
    within(second.leave()).await.unwrap();
    until("the leave is counted", || kept.value("swim_membership_set_total leave") == 1).await;
}

/// The metrics that docs/METRICS.md has, each with its kind: those in the first column of its tables.
fn documented() -> BTreeMap<String, String> {
    let mut documented = BTreeMap::new();
    for row in include_str!("../../../docs/METRICS.md").lines() {
        let mut columns = row.split('|').map(str::trim).skip(1);
        let (Some(names), Some(kind)) = (columns.next(), columns.next()) else { continue };
        for name in names.split('`').filter(|word| word.starts_with("swim_")) {
            assert_eq!(documented.insert(name.into(), kind.into()), None, "{name} is there twice");
        }
    }
    documented
}

#[tokio::test]
async fn every_metric_is_documented_with_its_kind_and_nothing_else_is() {
    let kept = Kept::default();
    {
        let _installed = metrics::set_default_local_recorder(&kept);
        builder().start().await.unwrap();
    }
    let kinds = kept.kinds.lock().unwrap();
    assert!(kinds.len() > 60, "the recorder was asked");
    assert_eq!(*kinds, documented());
    assert!(kinds.contains_key("swim_members_dropped_total") && kinds.contains_key("swim_trials_total"));
}
