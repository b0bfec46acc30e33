//! The command line.

use std::process::ExitCode;

use clap::Parser;

use crate::commands::{Command, RunArgs, RunOptions};

/// Simulates SWIM clusters: what goes wrong, who notices, and how they find together again.
///
/// Without a command it runs the main job: all nodes boot within a second and join through nodes 0, 1 and 2. Once all
/// see all and it is quiet, the cluster is cut into sides until each holds the others faulty; then the cut ends, and the
/// cluster has to find together again. A timeline and a summary are printed at the end.
///
/// One seed is one run, to the last microsecond: the hash in the summary says whether two runs were the same.
#[derive(Clone, Debug, Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 120, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: RunOptions,
}

impl Args {
    /// Does what the command line asks for.
    pub(crate) fn run(self) -> ExitCode {
        self.command.unwrap_or_else(|| Command::Run(RunArgs::main_job(self.options))).run()
    }
}

const EXAMPLES: &str = "\
Examples:
  swim-sim                                     1000 nodes part into halves and heal
  swim-sim --nodes 200 --split 150,50          sides of different sizes
  swim-sim --split 400,300,300 --cut 2m        three sides, cut for two minutes
  swim-sim --loss 5 --latency 1ms..80ms        a bad network
  swim-sim --preset wan --latency 40ms..150ms  a wide one
  swim-sim list                                what else can go wrong
  swim-sim run churn --nodes 300               one of these
  swim-sim run rack.toml --html rack.html      one of your own, and a page to look at

Exit status: 0 the cluster converged and nobody was wrongly declared faulty; 1 it did not, or somebody was, or a file cannot
be written; 2 a mistake on the command line or in a scenario; 3 an invariant was broken; 4 a node panicked.";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (args, hint) in [
            (["--cut", "90"], "such as `90s`"),
            (["--duration", "0s"], "above zero"),
            (["--latency", "5"], "such as `5ms`"),
            (["--latency", "9ms..1ms"], "shorter time first"),
            (["--loss", "120"], "0 to 100"),
            (["--nodes", "0"], "1..=100000"),
            (["--preset", "moon"], "possible values"),
        ] {
            let error = Args::try_parse_from(["swim-sim"].iter().chain(&args)).unwrap_err().to_string();
            assert!(error.contains(hint), "{args:?}: {error}");
        }
    }
}
