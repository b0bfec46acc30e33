//! What the binary can do, one command a file.

mod compare;
mod explore;
mod hunt;
mod list;
mod merge;
mod replay;
mod run;
mod show;
mod shrink;
mod sweep;
mod sweep_progress;
mod theory;
mod worlds;

use std::process::ExitCode;

use clap::Subcommand;
use swim_sim::{ScenarioError, SetupError};

use crate::output::say;

pub(crate) use run::{RunArgs, RunOptions};

/// What there is to do.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Sweep(sweep::SweepArgs),
    Merge(merge::MergeArgs),
    Compare(compare::CompareArgs),
    Hunt(hunt::HuntArgs),
    Explore(explore::ExploreArgs),
    Replay(replay::ReplayArgs),
    Shrink(shrink::ShrinkArgs),
    Theory(theory::TheoryArgs),
}

impl Command {
    /// Does it; returns with which status the process ends. That a file cannot be read or written is 1, a mistake in
    /// what was asked for is 2.
    pub(crate) fn run(self) -> ExitCode {
        let ended = match self {
            Self::Run(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Show(args) => args.run(),
            Self::Sweep(args) => args.run(),
            Self::Merge(args) => args.run(),
            Self::Compare(args) => args.run(),
            Self::Hunt(args) => args.run(),
            Self::Explore(args) => args.run(),
            Self::Replay(args) => args.run(),
            Self::Shrink(args) => args.run(),
            Self::Theory(args) => args.run(),
        };
        ended.unwrap_or_else(|error| match error.downcast::<Box<ScenarioError>>() {
            Ok(error) => {
                say(error);
                ExitCode::from(2)
            }
            Err(error) => {
                say(format_args!("error: {error:#}"));
                if error.is::<SetupError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
            }
        })
    }
}
