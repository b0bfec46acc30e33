//! The command line.

use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use swim_core::{Micros, Options};
use swim_sim::network::{Chance, Latency, Sides};
use swim_sim::{Carry, Check, Plan, Setup};

/// Simulates a SWIM cluster that is cut apart and heals.
///
/// All nodes boot within a second and join through nodes 0, 1 and 2. Once all see all and it is quiet, the cluster is
/// cut into sides until each holds the others faulty; then the cut ends, and the cluster has to find together again.
/// A timeline and a summary are printed at the end.
///
/// One seed is one run, to the last microsecond: the hash in the summary says whether two runs were the same.
#[derive(Clone, Debug, Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct Args {
    /// How many nodes the cluster has
    #[arg(long, default_value_t = 1000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(2..=i64::from(Setup::NODES_MAX)))]
    nodes: u32,

    /// What everything random derives from
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// How long to simulate in all, such as `10m`; without it, until the cluster has healed
    #[arg(long, value_name = "TIME", value_parser = time)]
    duration: Option<Micros>,

    /// How long the cut lasts, such as `90s`; without it, until each side holds the others faulty, 180 s at most
    #[arg(long, value_name = "TIME", value_parser = time)]
    cut: Option<Micros>,

    /// How many nodes are on each side of the cut; without it, two halves
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    split: Option<Vec<u32>>,

    /// How many packets are lost, in percent
    #[arg(long, default_value_t = Chance::NEVER, value_name = "PERCENT")]
    loss: Chance,

    /// How long a packet takes: one time, or a range that is drawn from evenly
    #[arg(long, default_value_t = Latency::default(), value_name = "TIME|TIME..TIME")]
    latency: Latency,

    /// The settings of the protocol
    #[arg(long, value_enum, default_value_t = Preset::Lan)]
    preset: Preset,

    /// Print the result only: no progress, no timeline
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// Print one JSON object in place of text
    #[arg(long)]
    pub(crate) json: bool,

    /// Draw the run as a picture (SVG) into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<std::path::PathBuf>,

    /// Send every message through the codec, and compare what comes out
    #[arg(long)]
    wire: bool,

    /// Check all invariants while the run goes on: several times slower
    #[arg(long)]
    check: bool,
}

/// The presets of the protocol that travel by datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// One network: a probe each second
    Lan,
    /// Networks that are far apart: a probe every five seconds
    Wan,
    /// One machine
    Local,
}

impl Args {
    /// What the command line asks for. Mistakes that only show in the whole of it end the process with an explanation.
    pub(crate) fn job(&self) -> (Setup, Plan) {
        let options = match self.preset {
            Preset::Lan => Options::lan(),
            Preset::Wan => Options::wan(),
            Preset::Local => Options::local(),
        };
        let sides = match &self.split {
            Some(sizes) => Sides::new(sizes, self.nodes),
            None => Sides::halves(self.nodes),
        };
        let sides = sides.unwrap_or_else(|error| {
            let hint = format!("--split: {error} (--nodes is {})", self.nodes);
            Self::command().error(ErrorKind::ValueValidation, hint).exit()
        });
        let setup = Setup {
            options,
            latency: self.latency,
            loss: self.loss,
            carry: if self.wire { Carry::Bytes } else { Carry::Values },
            check: if self.check { Check::Every(CHECK_EVERY) } else { Check::Off },
            ..Setup::new(self.nodes, self.seed)
        };
        (setup, Plan { sides, cut: self.cut, duration: self.duration })
    }

    /// The name of the preset.
    pub(crate) fn preset(&self) -> &'static str {
        match self.preset {
            Preset::Lan => "lan",
            Preset::Wan => "wan",
            Preset::Local => "local",
        }
    }
}

fn time(text: &str) -> Result<Micros, String> {
    let hint = "write a time with its unit, such as `90s` or `2m 30s`";
    let time = humantime::parse_duration(text).map_err(|error| format!("{error}; {hint}"))?;
    if time.is_zero() {
        return Err(format!("a time above zero is needed; {hint}"));
    }
    if time > LONGEST {
        return Err("longer than a year".into());
    }
    Ok(time.into())
}

const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// With `--check`, a node's whole list is checked after each so many inputs of the run.
const CHECK_EVERY: u32 = 64;

const EXAMPLES: &str = "\
Examples:
  swim-sim                                     1000 nodes part into halves and heal
  swim-sim --nodes 200 --split 150,50          sides of different sizes
  swim-sim --split 400,300,300 --cut 2m        three sides, cut for two minutes
  swim-sim --loss 5 --latency 1ms..80ms        a bad network
  swim-sim --preset wan --latency 40ms..150ms  a wide one
  swim-sim --seed 7 --json > run.json          for programs
  swim-sim --split 500,300,200 --svg run.svg   a picture of it
  swim-sim --nodes 60 --check --wire           every invariant, every byte

Exit status: 0 the cluster healed and nobody was wrongly declared faulty; 1 it did not, or somebody was;
2 a mistake on the command line; 3 an invariant was broken.";

#[cfg(test)]
mod tests {
    use super::*;

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
            (["--nodes", "1"], "2..=100000"),
            (["--preset", "moon"], "possible values"),
        ] {
            let error = Args::try_parse_from(["swim-sim"].iter().chain(&args)).unwrap_err().to_string();
            assert!(error.contains(hint), "{args:?}: {error}");
        }
    }

    #[test]
    fn without_arguments_it_is_the_main_job() {
        let (setup, plan) = Args::parse_from(["swim-sim"]).job();
        assert_eq!((setup.nodes, setup.hosts, plan), (1000, 3, Plan::halves(1000)));
    }
}
