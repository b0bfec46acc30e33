//! `swim-sim`: a cluster parts and heals. `swim-sim --help` explains.

mod cli;
mod clock;
mod progress;

use std::io::{ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use swim_sim::report::{Run, Summary, Timeline, to_json, to_svg};
use swim_sim::{Cluster, PartAndHeal};

use clock::Stopwatch;
use progress::Progress;

fn main() -> anyhow::Result<ExitCode> {
    let args = cli::Args::parse();
    let (setup, plan) = args.job();
    let mut cluster = Cluster::new(setup).context("the cluster cannot be built")?;
    let mut progress = if args.quiet { Progress::Quiet } else { Progress::new(cluster.setup().nodes) };
    let stopwatch = Stopwatch::start();
    let job = PartAndHeal::new(plan.clone(), &cluster);
    // A broken invariant inside a node panics; what was going on is still to be told.
    let ended = catch_unwind(AssertUnwindSafe(|| job.run(&mut cluster, |sample| progress.show(sample))));
    progress.finish();
    let outcome = match ended {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(violation)) => return Ok(broken(&cluster, &violation.to_string())),
        Err(_) => {
            let place = format!("event {} at {}: a node panicked, see above", cluster.events(), cluster.now());
            return Ok(broken(&cluster, &place));
        }
    };
    let elapsed = stopwatch.elapsed();
    if let Some(file) = &args.svg {
        let picture = to_svg(&outcome.timeline)?;
        std::fs::write(file, picture).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let run = Run { cluster: &cluster, plan: &plan, outcome: &outcome, preset: args.preset(), elapsed };
    let text = match (args.json, args.quiet) {
        (true, _) => format!("{}\n", to_json(&run)),
        (false, true) => Summary(&run).to_string(),
        (false, false) => format!("{}\n{}", Timeline(&outcome.timeline), Summary(&run)),
    };
    // Whoever reads may have seen enough: `swim-sim | head` is no mistake.
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(if run.succeeded() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what broke, and how to see it again.
fn broken(cluster: &Cluster, what: &str) -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    eprintln!("BROKEN: {what}");
    eprintln!("seed {}; again with: swim-sim {}", cluster.setup().seed, arguments.join(" "));
    ExitCode::from(3)
}
