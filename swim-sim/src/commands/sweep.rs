//! `swim-sim sweep`: one job over a grid of settings and many seeds.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use swim_sim::results::{self, Format};
use swim_sim::sweep::{Axis, Broken, Grid, GridFile, Journal, Record, ScenarioRuns, SeedRange, Shard, Sweep};

use super::run::read_scenario;
use super::sweep_progress::SweepProgress;
use crate::output::{mistake, print, say};

/// Run a scenario over a grid of settings, with many seeds for each point
///
/// Every combination of the values is a point of the grid, and every point is run with every seed. There is one row for
/// each run, always in the same order: the same sweep gives the same bytes, whatever the number of threads and however
/// often it was interrupted. All points are checked before the first run begins.
///
/// With --out, each finished run is kept at once in a journal beside the first file. After an interruption the same
/// command goes on where it was.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct SweepArgs {
    /// The name of a built-in scenario, or a file [default: halves, the main job]
    scenario: Option<String>,

    /// A TOML file with `seeds` and a table `vary`; what the command line says goes before it
    #[arg(long, value_name = "FILE")]
    grid: Option<PathBuf>,

    /// A setting and its values; give it once for each setting. Values with commas are written as a TOML list
    #[arg(long, value_name = "KEY=VALUE,..")]
    vary: Vec<Axis>,

    /// How many seeds for each point, counted from 1; or the first and the last, such as `101..120` [default: 1]
    #[arg(long, value_name = "COUNT|FIRST..LAST")]
    seeds: Option<SeedRange>,

    /// Run only this share of the runs, counted from 0, such as `0/4`; `swim-sim merge` joins the files
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    shard: Shard,

    /// Write the rows into this file, `.csv` or `.parquet`; give it twice for both. Without it, CSV goes to stdout
    #[arg(long, value_name = "FILE")]
    out: Vec<PathBuf>,

    /// How many runs go on at the same time [default: one for each core]
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZeroUsize>,

    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Settings: every key of a scenario file, such as nodes, preset, loss, latency, ping_timeout or fault.0.at; besides
probe_period (the timeouts follow it), and cut and split of the main job.

Examples:
  swim-sim sweep --vary nodes=100,1000 --vary loss=0,5 --seeds 20 --out loss.csv --out loss.parquet
  swim-sim sweep --grid grid.toml --out loss.csv               the same from a file
  swim-sim sweep churn --vary probe_period=0.5s,1s,2s --seeds 20 --out churn.csv
  swim-sim sweep --vary 'split=[\"90,10\", \"50,50\"]' --vary nodes=100 --seeds 5 | column -ts,
  swim-sim sweep --grid grid.toml --shard 3/8 --out part-3.csv   one of eight machines
  swim-sim merge part-*.csv --out loss.csv                     what they found

grid.toml:
  seeds = 20
  [vary]
  nodes = [100, 1000]
  loss = [\"0%\", \"5%\"]

Columns: which sweep it is, the number of the run and how many there are, the settings, the seed, the results, and the
error of a run that broke. A result that there is not, such as the time until it healed of a run that did not, is empty.

Exit status: 0 all runs are over, healed or not; 1 a file cannot be read or written; 2 a mistake in the settings, and
nothing was run; 3 a run broke an invariant: the other runs are there, and the command that shows it again is printed.";

impl SweepArgs {
    /// Sweeps.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let mut formats = Vec::new();
        for path in &self.out {
            match Format::of(path) {
                Ok(format) => formats.push((path.as_path(), format)),
                Err(error) => return Ok(mistake(format_args!("--out: {error}"))),
            }
        }
        let grid = match self.grid()? {
            Ok(grid) => grid,
            Err(what) => return Ok(mistake(what)),
        };
        let runs = ScenarioRuns::new(read_scenario(self.scenario.as_deref().unwrap_or("halves"))?);
        let sweep = match Sweep::new(&runs, &grid, self.shard) {
            Ok(sweep) => sweep,
            Err(error) => return Ok(mistake(error)),
        };
        let record = match formats.first() {
            None => Record::Nowhere,
            Some((path, _)) => {
                let journal = beside(path);
                if let Some((path, _)) = formats.iter().find(|(path, _)| path.exists() && !journal.exists()) {
                    let path = path.display();
                    return Ok(mistake(format_args!(
                        "{path} is there, and no journal `{}` of this sweep; choose another --out, or remove {path}",
                        journal.display()
                    )));
                }
                let (journal, finished) = Journal::open(&journal, &sweep.header())?;
                Record::Journal { journal, finished }
            }
        };
        let threads = self.threads.map_or(0, NonZeroUsize::get);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("no threads can be started")?;
        let progress = if self.quiet { SweepProgress::Quiet } else { SweepProgress::new() };
        let ended = pool.install(|| sweep.run(record, |now| progress.show(now)));
        progress.finish();
        let outcome = ended?;
        for (path, format) in &formats {
            if let Err(error) = results::write(path, &results::encode(&outcome.table, *format)) {
                bail!(
                    "{error}; the runs are kept in the journal: once that is mended, the same command writes the file"
                );
            }
        }
        if formats.is_empty() {
            print(results::encode(&outcome.table, Format::Csv))?;
        }
        Ok(told(&outcome.broken))
    }

    /// The grid of the file and the command line; or what is wrong with it.
    fn grid(&self) -> anyhow::Result<Result<Grid, String>> {
        let mut file = GridFile { axes: Vec::new(), seeds: None };
        if let Some(path) = &self.grid {
            let name = path.display().to_string();
            let text = fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
            match GridFile::parse(&name, &text) {
                Ok(read) => file = read,
                Err(error) => return Ok(Err(error.to_string())),
            }
        }
        let GridFile { mut axes, seeds } = file;
        let of_file = axes.len();
        for axis in &self.vary {
            match axes[..of_file].iter_mut().find(|earlier| earlier.name() == axis.name()) {
                Some(earlier) => *earlier = axis.clone(),
                None => axes.push(axis.clone()),
            }
        }
        Ok(Grid::new(axes, self.seeds.or(seeds).unwrap_or_default()).map_err(|error| error.to_string()))
    }
}

/// `runs.csv.journal` for `runs.csv`.
fn beside(path: &Path) -> PathBuf {
    let mut journal = path.as_os_str().to_owned();
    journal.push(".journal");
    journal.into()
}

/// Says what broke, and how to see it again.
fn told(broken: &[Broken]) -> ExitCode {
    for Broken { id, settings, error } in broken.iter().take(SHOWN) {
        say(format_args!("BROKEN: run {}, {settings} seed {}: {error}", id.run, id.seed));
        say(format_args!("again with: {}", error.again));
    }
    if broken.len() > SHOWN {
        say(format_args!("and {} more, see the column `error`", broken.len() - SHOWN));
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) }
}

/// How many broken runs are shown.
const SHOWN: usize = 10;
