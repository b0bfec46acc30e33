//! `swim-sim replay`: one run of a hunt again, and what led to its end.

use std::process::ExitCode;

use anyhow::Context;
use swim_sim::Watchers;
use swim_sim::hunt::{Attempt, attempt};
use swim_sim::trace::JsonLines;

use super::hunt::{EXAMPLES, scenario_of, status};
use crate::output::print;
use crate::tail::Tail;

/// See again what a hunt found, or any scenario under every checker
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct ReplayArgs {
    /// The seed of a hunt, a file, or the name of a built-in scenario
    what: String,

    /// Stop after this event
    #[arg(long, value_name = "EVENT")]
    until: Option<u64>,

    /// Print the last inputs with all that they caused, as JSON lines
    #[arg(long)]
    verbose: bool,

    /// How many inputs --verbose prints
    #[arg(long, default_value_t = 40, value_name = "COUNT", requires = "verbose")]
    last: usize,

    /// Print the scenario
    #[arg(long)]
    show: bool,
}

impl ReplayArgs {
    /// Runs it again.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let scenario = scenario_of(&self.what)?;
        if self.show {
            print(toml::to_string(&scenario).context("the scenario cannot be written")?)?;
        }
        let tail = Tail::new(self.last);
        let lines = self.verbose.then(|| JsonLines::new(tail.clone()));
        let watchers = Watchers { lines, ..Watchers::default() };
        let run = Attempt { until: self.until, watchers, ..Attempt::thorough(&scenario) };
        let (result, watchers) = attempt(run);
        if let Some(lines) = watchers.lines {
            lines.finish(&[]).context("the trace cannot be kept")?;
            print(tail.text())?;
        }
        match result {
            Ok(pass) => {
                print(format!("nothing found: {} events, hash {:016x}\n", pass.events, pass.hash))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(find) => {
                print(format!("{find}\n"))?;
                Ok(status(find.kind))
            }
        }
    }
}
