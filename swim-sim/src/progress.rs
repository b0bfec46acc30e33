//! The progress line: on a terminal one that moves, otherwise a line now and then. On stderr, so that the report
//! stays clean.

use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use swim_sim::Sample;

use crate::clock::Stopwatch;
use crate::output::say;

/// Shows that something goes on, and how far it is. Threads may share it.
pub(crate) enum Spinner {
    /// Nothing is shown.
    Quiet,
    /// One line that moves.
    Line(ProgressBar),
    /// A line every ten seconds, since the last one.
    Lines(Mutex<Stopwatch>),
}

impl Spinner {
    /// Shows nothing.
    pub(crate) const fn quiet() -> Self {
        Self::Quiet
    }

    /// Shows progress where someone can see it.
    pub(crate) fn new(prefix: impl Into<String>) -> Self {
        if !stderr().is_terminal() {
            return Self::Lines(Mutex::new(Stopwatch::start()));
        }
        let style =
            ProgressStyle::with_template("{spinner} {prefix}  {wide_msg}").expect("the template is well-formed");
        Self::Line(ProgressBar::new_spinner().with_style(style).with_prefix(prefix.into()))
    }

    /// Shows how far it is.
    pub(crate) fn show(&self, text: impl FnOnce() -> String) {
        match self {
            Self::Quiet => {}
            Self::Line(bar) => {
                bar.set_message(text());
                bar.tick();
            }
            Self::Lines(since) => {
                let mut since = since.lock().unwrap_or_else(PoisonError::into_inner);
                if since.elapsed() >= PAUSE {
                    *since = Stopwatch::start();
                    say(text());
                }
            }
        }
    }

    /// Removes the line.
    pub(crate) fn finish(&self) {
        if let Self::Line(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Where a run is.
pub(crate) fn where_at(sample: &Sample) -> String {
    let second = sample.at.as_micros() / 1_000_000;
    let lists = sample.census.checksums;
    format!("{:<6} at {second} virtual seconds, {lists} different lists", sample.phase.name())
}

const PAUSE: Duration = Duration::from_secs(10);
