//! The log, on stderr.
//!
//! What goes wrong while it joins an agent tells in words of its own, so that by default the log is silent until then, and
//! tells warnings from then on. Whoever names a filter gets all of it from the start.

use anyhow::Context;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::output::Paint;
use crate::voice::LogLines;

/// A log that was started.
pub(crate) struct Log {
    /// Only where nobody named a filter.
    filter: Option<reload::Handle<EnvFilter, Registry>>,
}

impl Log {
    /// Starts the log with `filter`, or with that of RUST_LOG.
    ///
    /// # Errors
    /// A filter that is written wrongly.
    pub(crate) fn start(filter: Option<&str>) -> anyhow::Result<Self> {
        let environment = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
        let named = filter.map(str::to_owned).or(environment);
        let parsed = EnvFilter::builder().parse(named.as_deref().unwrap_or("off"));
        let parsed = parsed.with_context(|| {
            format!(
                "the log filter `{}` is not understood; write a level such as `info`",
                named.as_deref().unwrap_or_default()
            )
        })?;
        let (layer, handle) = reload::Layer::new(parsed);
        let lines = fmt::layer().with_ansi(Paint::of_stderr() == Paint::On).with_writer(LogLines::default);
        tracing_subscriber::registry().with(layer).with(lines).init();
        Ok(Self { filter: named.is_none().then_some(handle) })
    }

    /// The agent has joined.
    pub(crate) fn joined(&self) {
        if let Some(filter) = &self.filter {
            // It fails only once nothing is logged any more.
            let _ = filter.reload(EnvFilter::new("warn"));
        }
    }
}
