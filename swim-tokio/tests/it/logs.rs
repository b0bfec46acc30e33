//! Membership changes are logged at info, and each protocol period is a span at trace.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::helpers::{builder, start, until, within};

/// Keeps what is logged, as text, and counts the periods that were entered.
#[derive(Clone, Default)]
struct Log(Arc<Kept>);

#[derive(Default)]
struct Kept {
    lines: Mutex<Vec<String>>,
    periods: AtomicU64,
    entered: AtomicU64,
    inside: AtomicU64,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "swim"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        assert_eq!((span.metadata().name(), *span.metadata().level()), ("period", Level::TRACE));
        Id::from_u64(self.0.periods.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lines.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {
        self.0.entered.fetch_add(1, Ordering::Relaxed);
        assert_eq!(self.0.inside.fetch_add(1, Ordering::Relaxed), 0, "one period at a time");
    }

    fn exit(&self, _: &Id) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
}

#[tokio::test]
async fn membership_changes_are_logged_and_periods_are_spans() {
    let log = Log::default();
    let _installed = tracing::subscriber::set_default(log.clone());
    let node = builder().start().await.unwrap();
    let second = start(&[&node]).await;
    within(node.wait_for(2)).await.unwrap();
    let logged = |start: &str, parts: [String; 2]| {
        let lines = log.0.lines.lock().unwrap();
        lines.iter().any(|line| line.starts_with(start) && parts.iter().all(|part| line.contains(part)))
    };
    let local = format!("local={}", node.local());
    assert!(logged(
        "INFO message=membership change",
        [local.clone(), format!("member={} status=alive", second.local())]
    ));
    within(second.leave()).await.unwrap();
    until("the leave is logged", || {
        logged("INFO message=membership change", [local.clone(), format!("member={} status=leave", second.local())])
    })
    .await;
    until("periods follow one another", || log.0.periods.load(Ordering::Relaxed) > 5).await;
    assert!(log.0.entered.load(Ordering::Relaxed) >= log.0.periods.load(Ordering::Relaxed));
}
