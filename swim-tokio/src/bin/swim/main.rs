//! `swim`: an agent that makes a machine a member of a cluster, and the commands that talk to it. `swim --help`
//! explains.

mod admin;
mod agent;
mod api;
mod ask;
mod cli;
mod client;
#[cfg(unix)]
mod cluster;
mod exit;
mod help;
mod output;
mod settings;
mod table;
mod voice;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::Args::parse().run()
}
