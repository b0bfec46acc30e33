//! `swim-sim run [SCENARIO]`: one run, and what it showed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{CommandFactory, ValueEnum};
use swim_core::Micros;
use swim_sim::network::{Chance, Latency};
use swim_sim::report::{Run, Short, Summary, Timeline, to_json};
use swim_sim::{Carry, Check, Cluster, Job, Preset, Runner, ScenarioFile, Setup, Time, builtin};

use crate::clock::Stopwatch;
use crate::output::{print, say};
use crate::outputs::Outputs;
use crate::progress::{Spinner, where_at};

/// Run a scenario: a built-in one by its name, or a file (TOML).
///
/// Without a name it is the main job. `swim-sim list` names the scenarios that are built in, and `swim-sim show NAME`
/// prints one, with comments that teach the format.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The name of a built-in scenario, or a file
    scenario: Option<String>,
    #[command(flatten)]
    options: RunOptions,
}

/// What can be changed of a scenario, and how the run is shown.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunOptions {
    /// How many nodes the cluster has [default: what the scenario says, 1000]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=i64::from(Setup::NODES_MAX)))]
    nodes: Option<u32>,

    /// What everything random derives from [default: what the scenario says, 1]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// How long to simulate in all, such as `10m`; without it, until the cluster has converged
    #[arg(long, value_name = "TIME", value_parser = time)]
    duration: Option<Time>,

    /// Main job: how long the cut lasts, such as `90s`; without it, until each side holds the others faulty, 180 s at
    /// most
    #[arg(long, value_name = "TIME", value_parser = time)]
    cut: Option<Time>,

    /// Main job: how many nodes are on each side of the cut; without it, two halves
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    split: Option<Vec<u32>>,

    /// How many packets are lost, in percent [default: what the scenario says, 0%]
    #[arg(long, value_name = "PERCENT")]
    loss: Option<Chance>,

    /// How long a packet takes: one time, a range that is drawn from evenly, or `lognormal(MEDIAN, SIGMA)` [default:
    /// what the scenario says, 1ms..10ms]
    #[arg(long, value_name = "TIME|TIME..TIME")]
    latency: Option<Latency>,

    /// The settings of the protocol [default: what the scenario says, lan]
    #[arg(long, value_enum)]
    preset: Option<PresetName>,

    /// Change any key of the scenario, such as `ping_timeout=300ms` or `fault.0.at=20s`; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Print the result only: no progress, no timeline
    #[arg(long, short)]
    quiet: bool,

    /// Print one line of fixed columns for each second
    #[arg(long)]
    short: bool,

    /// Print one JSON object in place of text
    #[arg(long)]
    json: bool,

    /// Draw the run as a picture (SVG) into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    /// Write the run as a page with charts into this file; it opens in a browser, without a network
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Write every input of every node and what it causes into this file, as JSON lines; while much changes that is
    /// about a megabyte a minute for each node
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// Write the first 200 nodes for a timeline viewer such as Perfetto into this file (Trace Event Format)
    #[arg(long, value_name = "FILE")]
    pub(crate) chrome_trace: Option<PathBuf>,

    /// Send every message through the codec, and compare what comes out
    #[arg(long)]
    wire: bool,

    /// Check all invariants while the run goes on: about twice as slow, and for 8192 nodes at most
    #[arg(long)]
    check: bool,
}

/// The presets of the protocol that travel by datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PresetName {
    /// One network: a probe each second
    Lan,
    /// Networks that are far apart: a probe every five seconds
    Wan,
    /// One machine
    Local,
}

impl RunArgs {
    /// The main job with these options.
    pub(crate) const fn main_job(options: RunOptions) -> Self {
        Self { scenario: None, options }
    }

    /// Runs it, and shows what came out.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (file, Job { setup, plan }) = self.job()?;
        let options = &self.options;
        let (outputs, watchers) = Outputs::open(options, setup.nodes, &plan)?;
        let mut cluster = Cluster::watched(setup, watchers)?;
        let nodes = cluster.setup().nodes;
        let progress = if options.quiet { Spinner::quiet() } else { Spinner::new(format!("{nodes} nodes")) };
        let stopwatch = Stopwatch::start();
        let runner = Runner::new(plan.clone(), &cluster);
        // A broken invariant inside a node panics; what was going on is still to be told.
        let ended =
            catch_unwind(AssertUnwindSafe(|| runner.run(&mut cluster, |_, sample| progress.show(|| where_at(sample)))));
        progress.finish();
        let outcome = match ended {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(violation)) => return Ok(broken(&cluster, &violation.to_string(), 3)),
            Err(_) => {
                let place = format!("event {} at {}: a node panicked, see above", cluster.events(), cluster.now());
                return Ok(broken(&cluster, &place, 4));
            }
        };
        let elapsed = stopwatch.elapsed();
        let watchers = cluster.take_watchers();
        let preset = file.scenario.preset.name();
        let description = &file.scenario.description;
        let scenario = Path::new(&file.name).file_name().map_or(file.name.clone(), |name| name.display().to_string());
        let run = Run {
            cluster: &cluster,
            plan: &plan,
            outcome: &outcome,
            scenario: &scenario,
            description,
            preset,
            elapsed,
        };
        let text = if options.json {
            format!("{}\n", to_json(&run))
        } else if options.short {
            format!("{}\n{}", Short(&outcome.timeline), Summary(&run))
        } else if options.quiet {
            Summary(&run).to_string()
        } else {
            format!("{}\n{}", Timeline(&outcome.timeline), Summary(&run))
        };
        print(&text)?;
        // Last, so that a full disk does not cost the report.
        outputs.write(&run, watchers)?;
        Ok(if run.succeeded() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The scenario, with what the command line changes.
    fn job(&self) -> anyhow::Result<(ScenarioFile, Job)> {
        let options = &self.options;
        let mut file = read_scenario(self.scenario.as_deref().unwrap_or("halves"))?;
        let scenario = &mut file.scenario;
        scenario.nodes = options.nodes.unwrap_or(scenario.nodes);
        scenario.seed = options.seed.unwrap_or(scenario.seed);
        scenario.duration = options.duration.or(scenario.duration);
        scenario.network.loss = options.loss.unwrap_or(scenario.network.loss);
        scenario.network.latency = options.latency.unwrap_or(scenario.network.latency);
        scenario.preset = options.preset.map_or(scenario.preset, Preset::from);
        let split = options.split.as_ref().map(|sizes| {
            let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
            ("split", sizes.join(","))
        });
        let cut = options.cut.map(|time| ("cut", time.to_string()));
        for (key, value) in [split, cut].into_iter().flatten() {
            if let Err(error) = scenario.set(key, &value) {
                usage(&format!("--{key}: {error} (--nodes is {})", scenario.nodes));
            }
        }
        for change in &options.set {
            let Some((key, value)) = change.split_once('=') else {
                usage(&format!("--set: `{change}` is no change; write KEY=VALUE, such as `ping_timeout=300ms`"));
            };
            if let Err(error) = scenario.set(key.trim(), value.trim()) {
                usage(&format!("--set {change}: {error}"));
            }
        }
        let mut job = match file.job() {
            Ok(job) => job,
            // What the command line changed stands in no line of the file.
            Err(error) if self.changes_something() => usage(&error.message),
            Err(error) => return Err(error.into()),
        };
        job.setup.carry = if options.wire { Carry::Bytes } else { Carry::Values };
        job.setup.check = if options.check { Check::ALL } else { Check::Off };
        Ok((file, job))
    }

    fn changes_something(&self) -> bool {
        let RunOptions { nodes, preset, set, split, .. } = &self.options;
        nodes.is_some() || preset.is_some() || split.is_some() || !set.is_empty()
    }
}

/// Reads a built-in scenario by its name, or else a file.
pub(crate) fn read_scenario(name: &str) -> anyhow::Result<ScenarioFile> {
    if let Some(builtin) = builtin(name) {
        return Ok(ScenarioFile::read(builtin.name, builtin.source)?);
    }
    let source = std::fs::read_to_string(name).with_context(|| {
        format!("`{name}` is neither a built-in scenario (see `swim-sim list`) nor a file that can be read")
    })?;
    Ok(ScenarioFile::read(name, &source)?)
}

/// Ends the process with an explanation.
fn usage(hint: &str) -> ! {
    crate::cli::Args::command().error(ErrorKind::ValueValidation, hint).exit()
}

/// Says what broke, and how to see it again.
fn broken(cluster: &Cluster, what: &str, status: u8) -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    say(format_args!("BROKEN: {what}"));
    say(format_args!("seed {}; again with: swim-sim {}", cluster.setup().seed, arguments.join(" ")));
    ExitCode::from(status)
}

impl From<PresetName> for Preset {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Lan => Self::Lan,
            PresetName::Wan => Self::Wan,
            PresetName::Local => Self::Local,
        }
    }
}

/// A time above zero.
pub(crate) fn time(text: &str) -> Result<Time, String> {
    let time: Time = text.parse().map_err(|error: swim_sim::TimeError| error.to_string())?;
    if time.0 == Micros::ZERO { Err("a time above zero is needed, such as `90s`".into()) } else { Ok(time) }
}
