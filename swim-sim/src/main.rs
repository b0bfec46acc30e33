//! `swim-sim`: clusters under simulation. `swim-sim --help` explains.

mod cli;
mod clock;
mod commands;
mod output;
mod outputs;
mod progress;
mod tail;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::Args::parse().run()
}
