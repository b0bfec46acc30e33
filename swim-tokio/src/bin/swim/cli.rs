//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::agent;
use crate::ask::{Ask, AskArgs, Gossip, HealArgs, LabelArgs};
#[cfg(unix)]
use crate::cluster::ClusterArgs;
use crate::exit::Failure;
use crate::settings::flags::AgentFlags;

/// Membership for clusters: who is there, who is dead, and how two halves that lost each other become one again.
///
/// `swim cluster` shows all of it on one terminal. `swim agent` makes this machine a member; the other commands talk to
/// an agent over its admin address.
#[derive(Clone, Debug, Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What the program can do.
#[derive(Clone, Debug, Subcommand)]
enum Command {
    Agent(Box<AgentFlags>),
    #[cfg(unix)]
    Cluster(ClusterArgs),
    /// Lists the members that an agent knows.
    Members(AskArgs),
    /// Lists the members, and from then on shows every change, until Ctrl-C.
    Watch(AskArgs),
    /// Shows what an agent says of itself.
    Info(AskArgs),
    /// Makes an agent leave its cluster; it keeps running, and can rejoin.
    Leave(AskArgs),
    /// Makes an agent come back after `leave`.
    Rejoin(AskArgs),
    /// Looks for partitions and heals them now, instead of some time soon.
    Heal {
        #[command(flatten)]
        heal: HealArgs,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Shows or changes the labels of an agent: `swim label zone=a old-`.
    Label {
        #[command(flatten)]
        label: LabelArgs,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Turns the faulty members of an agent's list into tombstones, to be forgotten soon.
    Reap(AskArgs),
    /// Starts or stops an agent's probing, or runs one protocol period.
    Gossip {
        /// What to do.
        gossip: Gossip,
        #[command(flatten)]
        ask: AskArgs,
    },
}

impl Args {
    /// Does what the command line asks for.
    pub(crate) fn run(self) -> ExitCode {
        match self.command.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        }
    }
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Agent(flags) => agent::run(*flags),
            #[cfg(unix)]
            Self::Cluster(cluster) => cluster.run(),
            Self::Members(ask) => ask.run(Ask::Members),
            Self::Watch(ask) => ask.run(Ask::Watch),
            Self::Info(ask) => ask.run(Ask::Info),
            Self::Leave(ask) => ask.run(Ask::Leave),
            Self::Rejoin(ask) => ask.run(Ask::Rejoin),
            Self::Reap(ask) => ask.run(Ask::Reap),
            Self::Heal { heal, ask } => ask.run(Ask::Heal(heal)),
            Self::Label { label, ask } => ask.run(Ask::Label(label)),
            Self::Gossip { gossip, ask } => ask.run(Ask::Gossip(gossip)),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  swim cluster -n 5                                         five members on this machine, to play with
  swim agent                                                a member, with its admin address at 127.0.0.1:8946
  swim agent --bind 127.0.0.1:7947 --join 127.0.0.1:7946    a second one beside it
  swim members                                              who is there
  swim watch                                                ... and who comes and goes
  swim label zone=a

Exit status: 0 done; 1 failed otherwise; 2 a mistake on the command line, in the environment, or in a file; 3 a port or an
address cannot be used; 4 the cluster was not joined; 5 no agent answers; 6 the agent refused.";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }
}
