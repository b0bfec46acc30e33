//! `swim-sim show NAME`: the text of a built-in scenario.

use std::process::ExitCode;

use anyhow::Context;
use swim_sim::builtin;

use crate::output::print;

/// Print a built-in scenario, to be copied and changed.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Its name, as `swim-sim list` has it
    name: String,
}

impl ShowArgs {
    /// Prints it.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let found = builtin(&self.name);
        let found = found.with_context(|| format!("there is no scenario `{}`; see `swim-sim list`", self.name))?;
        print(found.source)?;
        Ok(ExitCode::SUCCESS)
    }
}
