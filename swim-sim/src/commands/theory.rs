//! `swim-sim theory`: the simulator against the analysis of SWIM.

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use swim_sim::theory::{Cell, Comparison, Effort, Table};

use crate::clock::Stopwatch;
use crate::output::{print, say};

/// Compares the simulator with what the analysis of SWIM predicts, and fails where it is off.
///
/// The paper (Das, Gupta, Motivala, DSN 2002) derives how long a first detection takes, how much is sent, how often live
/// members are accused wrongly under loss, and how fast a rumour spreads. Each is measured in simulated clusters of 8 to
/// 2000 members, in 1000 trials at least (for round robin these are pairs of a crash and a member), and compared line by
/// line. Where the protocol differs from the paper on purpose (gossip beside probes, Lifeguard, the inconclusive rule,
/// stream pings, hearsay), that is switched off.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = MORE, max_term_width = 120)]
pub(crate) struct TheoryArgs {
    /// Small clusters and fewer trials: seconds in place of minutes, for continuous integration
    #[arg(long)]
    quick: bool,

    /// What everything random derives from; another one is an independent check
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// Print one JSON object in place of the table
    #[arg(long)]
    json: bool,
}

impl TheoryArgs {
    /// Measures, prints, and tells by the exit status whether all agrees.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let effort = if self.quick { Effort::Quick } else { Effort::Full };
        let stopwatch = Stopwatch::start();
        let bar = progress_bar();
        let comparison = Comparison::run(effort, self.seed, |done| {
            bar.set_length(done.of as u64);
            bar.inc(1);
            if !stderr().is_terminal() && done.clusters % LINES == 0 {
                say(format_args!("{} of {} clusters measured", done.clusters, done.of));
            }
        });
        bar.finish_and_clear();
        let comparison = comparison.context("the simulator could not be measured")?;
        say(format_args!("measured in {:.1} s", stopwatch.elapsed().as_secs_f64()));
        let text = if self.json { as_json(&comparison) } else { Table(&comparison).to_string() };
        print(&text)?;
        Ok(if comparison.agrees() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn progress_bar() -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} clusters measured, {elapsed}");
    ProgressBar::new(0).with_style(style.expect("the template is well-formed"))
}

/// The cells with what follows from them.
fn as_json(comparison: &Comparison) -> String {
    let cell = |cell: &Cell| json!({ "cell": cell, "ratio": cell.ratio(), "verdict": cell.verdict() });
    let cells: Vec<_> = comparison.cells.iter().map(cell).collect();
    let object = json!({
        "effort": comparison.effort,
        "seed": comparison.seed,
        "agrees": comparison.agrees(),
        "cells": cells,
    });
    format!("{object:#}\n")
}

/// Where there is no terminal, a line after so many clusters.
const LINES: usize = 20;

const MORE: &str = "\
The columns:
  live        share of the members that live; the dead are listed all the same
  k           how many helpers a failed ping asks
  trials      how often it was measured; for rates, periods of members
  events      for rates: how many were counted, and how many were expected
  limit       what the formula for large clusters gives, the paper's where it has one; or a bound
  predicted   the same quantity for this number of members; what is judged
  allowed     how far the ratio of measured and predicted may be off 1: four standard errors for means, 10 % for
              rates; `at most` and `2.15..` are bounds, the latter with the least that is possible
  verdict     ok, OFF, or not judged: fewer than 400 events expected
docs/SIMULATOR.md derives the predictions and says what is switched off.

Examples:
  swim-sim theory --quick            a few points, in seconds
  swim-sim theory                    everything, in minutes
  swim-sim theory --seed 2           again with other luck
  swim-sim theory --json > t.json    for programs

Exit status: 0 all that is judged agrees; 1 something is off, or could not be measured; 2 a mistake on the command line.";
