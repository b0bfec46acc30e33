//! `swim-sim explore`: every state that a small world can reach.

use std::process::ExitCode;

use indicatif::HumanCount;
use swim_core::Options;
use swim_sim::explore::{End, Explored, Faults, Replayed, Settings, Start, Way, explore, replay, short_times};
use swim_sim::memory;

use super::hunt::status;
use super::worlds::Worlds;
use crate::clock::Stopwatch;
use crate::output::{mistake, print};
use crate::progress::Spinner;

/// Visit every state that two or three nodes can reach
///
/// Where a run of the simulator draws what the network does, this tries everything it could do: at each point every
/// message under way may arrive, be lost, arrive twice or be held up, the next deadline may pass, a process may crash and
/// boot again, a node may be cut off and come back, each as often as is allowed. States that were met before are not
/// followed again. Every checker looks on at every step; and from every state the faults stop, and the cluster must
/// converge within the bound that a hunt has, too.
///
/// The nodes boot together and join, or have joined (--joined). All that a member can go through (suspicion, death, eviction, healing) takes
/// seconds of their time, so that it lies within few choices. docs/VERIFICATION.md says what is covered, and what is not.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct ExploreArgs {
    /// How many nodes there are
    #[arg(long, default_value_t = 2, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(2..=4))]
    nodes: u32,

    /// Begin with nodes that have joined and have nothing left to tell, not with their boot
    #[arg(long)]
    joined: bool,

    /// How many messages may be lost
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    losses: u8,

    /// How many datagrams may arrive twice
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    duplications: u8,

    /// How many messages may be held up: others overtake them, and time passes
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    reorderings: u8,

    /// How often a process may crash; it may boot again at any time
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    crashes: u8,

    /// How often a node may be cut off; the cut may end at any time
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    partitions: u8,

    /// The most choices in a row; without this, until there is nothing new
    #[arg(long, value_name = "CHOICES")]
    depth: Option<u32>,

    /// Stop when there are more states than this; each takes about 60 bytes, those of the present depth a few thousand
    #[arg(long, default_value_t = 10_000_000, value_name = "COUNT")]
    states: u64,

    /// How long a message can be held up at most, in milliseconds
    #[arg(long, default_value_t = 1_500, value_name = "MS")]
    late: u64,

    /// How long a cut lasts at most, and a process is down before it boots or stays down for good, in milliseconds
    #[arg(long, default_value_t = 13_000, value_name = "MS")]
    outage: u64,

    /// What the nodes' own random draws derive from
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// The settings of the nodes: short times, or those for one machine
    #[arg(long, default_value = "short", value_name = "NAME")]
    settings: SettingsName,

    /// Go this way again, as a find printed it, and show every step
    #[arg(long, value_name = "CHOICES")]
    replay: Option<String>,

    /// Explore the worlds of docs/VERIFICATION.md one after another, a row for each
    #[arg(long, value_name = "LIST", exclusive = true)]
    worlds: Option<Worlds>,

    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Settings by name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SettingsName {
    /// A suspicion lasts a second, the dead are evicted after six.
    Short,
    /// The preset for one machine; nobody is evicted within a day.
    Local,
}

const EXAMPLES: &str = "\
Examples:
  swim-sim explore                                   two nodes join; nothing goes wrong
  swim-sim explore --losses 1                        ... and any one message may be lost
  swim-sim explore --crashes 1 --partitions 1        a crash, a restart and a cut, at every moment
  swim-sim explore --nodes 3 --losses 1 --depth 40   three nodes, forty choices
  swim-sim explore --nodes 3 --joined --losses 1     three nodes that have joined, until there is nothing new
  swim-sim explore --worlds short                    the worlds that CI explores, in some twenty seconds
  swim-sim explore --losses 1 --replay 'd01 l10 t0 calm'   this way again; the other options as they were

Choices: t0 the deadline of node 0 passes; d01 node 1 gets what node 0 sent; l01 that is lost; c01 it arrives, and once
more later; o01 it is held up; s0 what was held up arrives; k0 node 0 crashes; b0 it boots again; p0 it is cut off; m the cut
ends; calm at the end: the faults stop; calm+boot: they stop, and who is down boots.

Exit status: 0 nothing was found; 1 the output cannot be written, or a world of --worlds was not seen whole; 2 a mistake on
the command line; 3 something happened that must not (safety); 4 a node panicked; 5 the nodes did not converge in time
(liveness).";

impl ExploreArgs {
    /// Explores.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(worlds) = self.worlds {
            return worlds.run();
        }
        let settings = self.settings();
        if let Some(way) = &self.replay {
            return go(&settings, way);
        }
        let stopwatch = Stopwatch::start();
        let progress = if self.quiet { Spinner::quiet() } else { Spinner::new("explore") };
        let explored = explore(&settings, |layer| {
            progress.show(|| {
                let rate = layer.states as f64 / stopwatch.elapsed().as_secs_f64().max(1e-9);
                let (states, waiting) = (HumanCount(layer.states), HumanCount(layer.waiting));
                format!("depth {}, {states} states, {waiting} of them to follow, {rate:.0} a second", layer.depth)
            });
        });
        progress.finish();
        let explored = match explored {
            Ok(explored) => explored,
            Err(error) => return Ok(mistake(error)),
        };
        print(summary(&explored))?;
        let peak = memory::peak().map_or_else(String::new, |bytes| format!(", {} MB at most", bytes >> 20));
        print(format!("{:.1} s{peak}\n", stopwatch.elapsed().as_secs_f64()))?;
        let Some(find) = &explored.find else { return Ok(ExitCode::SUCCESS) };
        print(format!("{find}\n  again with: {} --replay '{}'\n", self.command(), find.way))?;
        Ok(status(find.kind))
    }

    pub(super) fn settings(&self) -> Settings {
        let Self { losses, duplications, reorderings, crashes, partitions, .. } = *self;
        Settings {
            options: match self.settings {
                SettingsName::Short => short_times(),
                SettingsName::Local => Options::local(),
            },
            start: if self.joined { Start::Joined } else { Start::Boot },
            faults: Faults { losses, duplications, reorderings, crashes, partitions },
            late: swim_core::Micros::from_millis(self.late),
            outage: swim_core::Micros::from_millis(self.outage),
            depth: self.depth,
            states: self.states,
            ..Settings::new(self.nodes, self.seed)
        }
    }

    /// The command that has this world.
    pub(super) fn command(&self) -> String {
        let mut command = format!("swim-sim explore --nodes {} --seed {}", self.nodes, self.seed);
        if self.joined {
            command += " --joined";
        }
        let counts = [
            ("losses", self.losses),
            ("duplications", self.duplications),
            ("reorderings", self.reorderings),
            ("crashes", self.crashes),
            ("partitions", self.partitions),
        ];
        for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
            command += &format!(" --{name} {count}");
        }
        command += &format!(" --late {} --outage {}", self.late, self.outage);
        if matches!(self.settings, SettingsName::Local) {
            command += " --settings local";
        }
        command
    }
}

fn summary(explored: &Explored) -> String {
    let Explored { states, steps, depth, end, settled, longest, bound, coverage, .. } = explored;
    let end = match end {
        End::Complete => "complete: there are no more states".to_owned(),
        End::Depth => format!("every state within {depth} choices; what comes after was not seen"),
        End::States => format!("ended early: too many states, every one within {depth} choices was seen"),
        End::Found => format!("ended early: something was found after {depth} choices"),
    };
    let seconds = |micros: &swim_core::Micros| micros.0 as f64 / 1e6;
    format!(
        "{coverage}{states} states, {steps} steps, {depth} choices in a row: {end}\n\
         faults stopped in {states} states; {settled} states on the ways from there, convergence after {:.1} s at most \
         (bound {:.1} s)\n",
        seconds(longest),
        seconds(bound)
    )
}

/// Goes a way again and shows it.
fn go(settings: &Settings, way: &str) -> anyhow::Result<ExitCode> {
    let way: Way = match way.parse() {
        Ok(way) => way,
        Err(error) => return Ok(mistake(error)),
    };
    let mut lines = Vec::new();
    let ended = replay(settings, &way, |Replayed { at, choice, held }| {
        let (choice, words) = match choice {
            Some(choice) => (choice.to_string(), choice.words()),
            None if lines.is_empty() => {
                ("-".into(), if settings.start == Start::Joined { "all have joined".into() } else { "all boot".into() })
            }
            None => ("-".into(), "the faults stop".into()),
        };
        lines.push(format!("{at:>12} {choice:<4} {words:<52} {}\n", held.join(" | ")));
    });
    print(lines.concat())?;
    match ended {
        Ok(None) => {
            print("nothing found\n")?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(Some(find)) => {
            print(format!("{find}\n"))?;
            Ok(status(find.kind))
        }
        Err(error) => Ok(mistake(error)),
    }
}
