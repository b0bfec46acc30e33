//! `swim-sim`: clusters under simulation. `swim-sim --help` explains.

// `println` and `eprintln` panic when nobody reads; `output` has what does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

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
