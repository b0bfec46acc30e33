//! The machine's own clock. It tells how long a run takes and decides nothing in it.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "measures the machine, not the run")]

use std::time::{Duration, Instant};

/// Measures time from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago it was started.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
