//! `swim-sim hunt`: random scenarios, until something is found.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use indicatif::HumanCount;
use rayon::prelude::*;
use swim_sim::hunt::{Attempt, Find, FindKind, attempt, draw};
use swim_sim::{Carry, Check, SetupError};

use crate::clock::Stopwatch;
use crate::output::print;
use crate::progress::Spinner;

/// Run random scenarios and look for mistakes of the protocol
///
/// Each seed is one scenario: 3 to 12 nodes, two minutes in which networks, processes and clocks go wrong, and then a core
/// of the nodes that must find together again within a bound that is computed from the settings. What must always hold is
/// checked after every input. Seeds run in parallel; what is found does not depend on how many do.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct HuntArgs {
    /// How many seeds to run; without this and --minutes, until something is found
    #[arg(long, value_name = "COUNT")]
    runs: Option<u64>,

    /// How long to hunt, such as `10` for ten minutes of the machine's time
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<u64>,

    /// The first seed
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// Go on after something was found
    #[arg(long)]
    keep_going: bool,

    /// Write the scenario of each find into this folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Shown by all three commands.
pub(super) const EXAMPLES: &str = "\
Examples:
  swim-sim hunt --minutes 10                        ten minutes on all cores
  swim-sim hunt --seed 5000 --runs 1000             these thousand seeds
  swim-sim replay 4711 --show                       what the hunt ran with seed 4711
  swim-sim replay 4711 --until 2804 --verbose       what led to its event 2804
  swim-sim shrink 4711 --out small.toml             a smaller scenario that fails alike
  swim-sim replay small.toml --verbose              how

Exit status: 0 nothing was found; 1 a file cannot be read or written; 2 a mistake on the command line; 3 something
happened that must not (safety); 4 a node panicked; 5 the core did not converge in time (liveness). Of several finds the
worst counts: 4 before 3 before 5.";

impl HuntArgs {
    /// Hunts.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(folder) = &self.out {
            std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        let limit = self.minutes.map(|minutes| Duration::from_secs(60 * minutes));
        let stopwatch = Stopwatch::start();
        let progress = if self.quiet { Spinner::quiet() } else { Spinner::new("hunt") };
        let (done, events) = (AtomicU64::new(0), AtomicU64::new(0));
        let mut worst = None;
        let mut found = 0u64;
        let mut next = self.seed;
        let end = self.runs.map_or(u64::MAX, |runs| self.seed.saturating_add(runs));
        while next < end && limit.is_none_or(|limit| stopwatch.elapsed() < limit) {
            let seeds = next..end.min(next.saturating_add(BATCH));
            next = seeds.end;
            let mut finds: Vec<(u64, Find)> = seeds
                .into_par_iter()
                .filter_map(|seed| {
                    let (result, _) = attempt(run_of(seed, &draw(seed)));
                    let total = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if let Ok(pass) = &result {
                        events.fetch_add(pass.events, Ordering::Relaxed);
                    }
                    let rate = total as f64 / stopwatch.elapsed().as_secs_f64().max(1e-9);
                    progress.show(|| format!("{} runs, {rate:.0} a second, seed {seed}", HumanCount(total)));
                    result.err().map(|find| (seed, find))
                })
                .collect();
            finds.sort_by_key(|(seed, _)| *seed);
            for (seed, find) in &finds {
                self.tell(*seed, find)?;
            }
            worst = worst.max(worst_of(&finds));
            found += finds.len() as u64;
            if found > 0 && !self.keep_going {
                break;
            }
        }
        progress.finish();
        let (runs, events) = (done.load(Ordering::Relaxed), events.load(Ordering::Relaxed));
        let seconds = stopwatch.elapsed().as_secs_f64();
        print(format!(
            "{runs} runs from seed {} on, {events} events in {seconds:.1} s ({:.0} runs a second): {found} found\n",
            self.seed,
            runs as f64 / seconds.max(1e-9)
        ))?;
        Ok(worst.map_or(ExitCode::SUCCESS, status))
    }

    fn tell(&self, seed: u64, find: &Find) -> anyhow::Result<()> {
        let Find { event, .. } = find;
        print(format!("seed {seed}: {find}\n  again with: swim-sim replay {seed} --until {event} --verbose\n"))?;
        if let Some(folder) = &self.out {
            let path = folder.join(format!("{seed}.toml"));
            let text = toml::to_string(&draw(seed)).context("the scenario cannot be written")?;
            std::fs::write(&path, format!("# {}\n{text}", find.to_string().replace('\n', " ")))
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(())
    }
}

/// Every fourth run takes the codec, which takes time; it does not change a run.
fn run_of(seed: u64, scenario: &swim_sim::Scenario) -> Attempt<'_> {
    let carry = if seed.is_multiple_of(4) { Carry::Bytes } else { Carry::Values };
    Attempt { carry, check: Check::Every(CHECK_EVERY), ..Attempt::thorough(scenario) }
}

/// The scenario of a hunt's seed, of a file, or a built-in one.
pub(super) fn scenario_of(what: &str) -> anyhow::Result<swim_sim::Scenario> {
    if let Ok(seed) = what.parse() {
        return Ok(draw(seed));
    }
    let file = super::run::read_scenario(what)?;
    let job = file.job()?;
    if job.setup.nodes > Check::NODES_MAX {
        return Err(SetupError::Check { nodes: job.setup.nodes }.into());
    }
    Ok(file.scenario)
}

/// How the process ends with such a find.
pub(super) fn status(kind: FindKind) -> ExitCode {
    ExitCode::from(match kind {
        FindKind::Safety => 3,
        FindKind::Crash => 4,
        FindKind::Liveness => 5,
    })
}

/// The worst kind among these finds, whatever the order of their seeds.
fn worst_of(finds: &[(u64, Find)]) -> Option<FindKind> {
    finds.iter().map(|(_, find)| find.kind).max()
}

/// So many seeds are run between two looks at the clock.
const BATCH: u64 = 512;
/// A node's whole list is checked after each so many inputs of a run.
const CHECK_EVERY: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use FindKind::{Crash, Liveness, Safety};

    fn worst(kinds: &[FindKind]) -> Option<FindKind> {
        let find =
            |&kind| Find { kind, checker: String::new(), reason: String::new(), event: 0, at: Default::default() };
        worst_of(&(1..).zip(kinds.iter().map(find)).collect::<Vec<_>>())
    }

    #[test]
    fn the_worst_of_several_finds_counts_and_not_the_last() {
        assert_eq!(worst(&[]), None);
        assert_eq!(worst(&[Safety, Liveness]), Some(Safety));
        assert_eq!(worst(&[Safety, Crash, Liveness]), Some(Crash));
        assert!(worst(&[Liveness]) > None);
        assert_eq!([Crash, Safety, Liveness].map(status), [4, 3, 5].map(ExitCode::from));
    }
}
