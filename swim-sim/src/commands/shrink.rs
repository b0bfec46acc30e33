//! `swim-sim shrink`: the same find with less around it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use swim_sim::hunt::{Attempt, attempt, shrink};

use super::hunt::{EXAMPLES, scenario_of};
use crate::output::{print, say};
use crate::progress::Spinner;

/// Make what a hunt found small: fewer faults, fewer nodes, less time
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct ShrinkArgs {
    /// The seed of a hunt, or a file
    what: String,

    /// Write the small scenario into this file; without it, to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ShrinkArgs {
    /// Makes it small.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let scenario = scenario_of(&self.what)?;
        let (result, _) = attempt(Attempt::thorough(&scenario));
        let Err(find) = result else {
            say("nothing is found in this scenario, so there is nothing to make small");
            return Ok(ExitCode::from(2));
        };
        say(format_args!("{find}"));
        let progress = Spinner::new("shrink");
        let small = shrink(&scenario, &find, |now| {
            let (faults, nodes) = (now.scenario.faults.len(), now.scenario.nodes);
            progress.show(|| format!("{} runs: {nodes} nodes, {faults} faults", now.runs));
        });
        progress.finish();
        let text = toml::to_string(&small.scenario).context("the scenario cannot be written")?;
        let text = format!("# {}\n{text}", small.find.to_string().replace('\n', " "));
        match &self.out {
            Some(path) => {
                std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
                let again = format!("swim-sim replay {} --until {} --verbose", path.display(), small.find.event);
                say(format_args!(
                    "{} nodes, {} faults; again with: {again}",
                    small.scenario.nodes,
                    small.scenario.faults.len()
                ));
            }
            None => print(text)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
