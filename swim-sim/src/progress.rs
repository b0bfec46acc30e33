//! The progress line: on a terminal one that moves, otherwise a line now and then. On stderr, so that the report
//! stays clean.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use swim_sim::Sample;

use crate::clock::Stopwatch;

/// Shows where the run is.
pub(crate) enum Progress {
    /// Nothing is shown.
    Quiet,
    /// One line that moves.
    Line(ProgressBar),
    /// A line every ten seconds.
    Lines {
        /// Since the last line.
        since: Stopwatch,
    },
}

impl Progress {
    /// Shows progress where someone can see it.
    pub(crate) fn new(nodes: u32) -> Self {
        if !stderr().is_terminal() {
            return Self::Lines { since: Stopwatch::start() };
        }
        let style =
            ProgressStyle::with_template("{spinner} {prefix}  {wide_msg}").expect("the template is well-formed");
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(format!("{nodes} nodes"));
        Self::Line(bar)
    }

    /// Shows a sample.
    pub(crate) fn show(&mut self, sample: &Sample) {
        match self {
            Self::Quiet => {}
            Self::Line(bar) => {
                bar.set_message(text(sample));
                bar.tick();
            }
            Self::Lines { since } => {
                if since.elapsed() >= PAUSE {
                    *since = Stopwatch::start();
                    eprintln!("{}", text(sample));
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

fn text(sample: &Sample) -> String {
    let second = sample.at.as_micros() / 1_000_000;
    let lists = sample.census.checksums;
    format!("{:<6} at {second} virtual seconds, {lists} different lists", sample.phase.name())
}

const PAUSE: Duration = Duration::from_secs(10);
