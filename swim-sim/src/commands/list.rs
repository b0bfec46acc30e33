//! `swim-sim list`: the built-in scenarios.

use std::process::ExitCode;

use swim_sim::{ScenarioFile, builtins};

use crate::output::print;

/// List the built-in scenarios.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {}

impl ListArgs {
    /// Prints name and description of each.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let mut text = String::new();
        for builtin in builtins() {
            let file = ScenarioFile::read(builtin.name, builtin.source)?;
            let description = file.scenario.description.replace('\n', " ");
            text += &format!("{:<20} {}\n", builtin.name, first_sentence(&description));
        }
        text += "\nswim-sim run NAME      runs one\nswim-sim show NAME     prints it, to be copied and changed\n";
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}
