//! The progress of a sweep: on a terminal a bar with the time that is left, otherwise a line now and then. On stderr, so
//! that rows on stdout stay clean.

use std::fmt;
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use swim_sim::sweep::Progress;

use crate::clock::Stopwatch;
use crate::output::say;

/// Shows how far a sweep is.
pub(super) enum SweepProgress {
    /// Nothing is shown.
    Quiet,
    /// A bar that moves.
    Bar(ProgressBar),
    /// A line at the beginning, every ten seconds, and at the end.
    Lines {
        /// Since the beginning.
        start: Stopwatch,
        /// Since the last line, once there was one.
        last: Mutex<Option<Stopwatch>>,
    },
}

impl SweepProgress {
    /// Shows progress where someone can see it.
    pub(super) fn new() -> Self {
        if !stderr().is_terminal() {
            return Self::Lines { start: Stopwatch::start(), last: Mutex::new(None) };
        }
        let template = "{wide_bar} {pos} of {len} runs{msg}, {elapsed} gone, about {eta} left";
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        Self::Bar(ProgressBar::no_length().with_style(style))
    }

    /// Shows where the sweep is.
    pub(super) fn show(&self, now: Progress) {
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => {
                if now.done == now.before && now.broken == 0 {
                    // What was done before says nothing about how long a run takes.
                    bar.set_length(now.total);
                    bar.set_position(now.done);
                    bar.reset_eta();
                }
                bar.set_message(Notes(now).to_string());
                bar.set_position(now.done);
            }
            Self::Lines { start, last } => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if now.done == now.total || last.is_none_or(|last| last.elapsed() >= PAUSE) {
                    *last = Some(Stopwatch::start());
                    let left = Left { now, elapsed: start.elapsed() };
                    say(format_args!("{} of {} runs{}{left}", now.done, now.total, Notes(now)));
                }
            }
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// What is worth a word about the runs.
struct Notes(Progress);

impl fmt::Display for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { before, broken, .. } = self.0;
        if before > 0 {
            write!(f, ", {before} of them from the journal")?;
        }
        if broken > 0 {
            write!(f, ", {broken} BROKEN")?;
        }
        Ok(())
    }
}

/// The time that is left, once there is something to tell it by.
struct Left {
    now: Progress,
    elapsed: Duration,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { total, before, done, .. } = self.now;
        if done == before || done == total {
            return Ok(());
        }
        let seconds = self.elapsed.as_secs_f64() * (total - done) as f64 / (done - before) as f64;
        let left = Duration::from_secs(seconds.ceil() as u64);
        write!(f, ", about {} left", humantime::format_duration(left))
    }
}

const PAUSE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_told_by_the_runs_of_this_time() {
        let left = |before, done| {
            let now = Progress { total: 100, before, done, broken: 0 };
            Left { now, elapsed: Duration::from_secs(60) }.to_string()
        };
        assert_eq!(left(0, 20), ", about 4m left");
        assert_eq!(left(40, 50), ", about 5m left");
        assert_eq!((left(40, 40), left(0, 100)), (String::new(), String::new()));
    }
}
