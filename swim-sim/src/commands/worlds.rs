//! `swim-sim explore --worlds`: the worlds of docs/VERIFICATION.md one after another, a row for each.

use std::process::ExitCode;

use clap::Parser;
use swim_sim::explore::{End, Explored, explore};
use swim_sim::memory;

use super::explore::ExploreArgs;
use super::hunt::status;
use crate::clock::Stopwatch;
use crate::output::{mistake, print, say};

/// Which worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Worlds {
    /// Those of CI: some twenty seconds.
    Short,
    /// Those of the page.
    All,
}

/// Two and three nodes, from their boot on and once they have joined; with every kind of fault.
const SHORT: [&str; 10] = [
    "--losses 2",
    "--losses 1 --reorderings 1",
    "--crashes 1",
    "--partitions 1",
    "--nodes 3 --losses 1 --depth 16",
    "--nodes 3 --reorderings 1 --depth 14",
    "--nodes 3 --joined --losses 2",
    "--nodes 3 --joined --duplications 1 --reorderings 1",
    "--nodes 3 --joined --crashes 1 --depth 38",
    "--nodes 3 --joined --partitions 1 --depth 52",
];

const ALL: [&str; 22] = [
    "--losses 3",
    "--losses 1 --duplications 1 --reorderings 1",
    "--crashes 1",
    "--partitions 1",
    "--crashes 1 --losses 1",
    "--partitions 1 --losses 1",
    "--crashes 1 --partitions 1 --depth 36",
    "--nodes 3",
    "--nodes 3 --losses 1 --depth 22",
    "--nodes 3 --duplications 1 --depth 16",
    "--nodes 3 --reorderings 1 --depth 16",
    "--nodes 3 --crashes 1 --depth 18",
    "--nodes 3 --partitions 1 --depth 18",
    "--joined --losses 1 --duplications 1 --reorderings 1",
    "--joined --crashes 1 --losses 1",
    "--joined --partitions 1 --losses 1",
    "--nodes 3 --joined --losses 3",
    "--nodes 3 --joined --losses 1 --duplications 1 --reorderings 1",
    "--nodes 3 --joined --crashes 1 --depth 110",
    "--nodes 3 --joined --partitions 1 --depth 90",
    "--nodes 3 --joined --crashes 1 --losses 1 --depth 26",
    "--nodes 3 --joined --partitions 1 --losses 1 --depth 32",
];

/// The options of one world, as on a command line.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct World {
    #[command(flatten)]
    args: ExploreArgs,
}

impl Worlds {
    const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Short => &SHORT,
            Self::All => &ALL,
        }
    }

    /// Explores each; ends with the first in which something is found, or of which not all is seen.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        print("| options | states | steps | choices in a row | | longest convergence | time | memory so far |\n")?;
        print("|---|---|---|---|---|---|---|---|\n")?;
        for options in self.options() {
            let args = World::parse_from(options.split_whitespace()).args;
            let stopwatch = Stopwatch::start();
            let explored = match explore(&args.settings(), |_| {}) {
                Ok(explored) => explored,
                Err(error) => return Ok(mistake(error)),
            };
            print(row(options, &explored, stopwatch.elapsed().as_secs_f64()))?;
            if let Some(find) = &explored.find {
                print(format!("{find}\n  again with: {} --replay '{}'\n", args.command(), find.way))?;
                return Ok(status(find.kind));
            }
            if explored.end == End::States {
                say("this world has grown: not all of it was seen; raise --states, or bound it with --depth");
                return Ok(ExitCode::from(NOT_ALL));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The exit status of a world that is larger than it was.
const NOT_ALL: u8 = 1;

fn row(options: &str, explored: &Explored, seconds: f64) -> String {
    let Explored { states, steps, depth, end, longest, .. } = explored;
    let end = match end {
        End::Complete => "complete",
        End::Depth => "within the depth",
        End::States => "too many states",
        End::Found => "something was found",
    };
    let memory = memory::peak().map_or_else(String::new, |bytes| format!("{} MB", bytes >> 20));
    let longest = longest.0 as f64 / 1e6;
    format!("| `{options}` | {states} | {steps} | {depth} | {end} | {longest:.1} s | {seconds:.1} s | {memory} |\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_all_worlds_are_understood() {
        for options in [Worlds::Short, Worlds::All].into_iter().flat_map(Worlds::options) {
            World::try_parse_from(options.split_whitespace()).unwrap_or_else(|error| panic!("{options}: {error}"));
        }
    }
}
