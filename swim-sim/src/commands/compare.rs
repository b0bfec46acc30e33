//! `swim-sim compare`: two result files side by side.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use swim_sim::compare::{ComparisonText, Selection, compare};
use swim_sim::results::{self, Format, Table};

use crate::output::{mistake, print};

/// Compare two result files, point by point, result by result
///
/// Points with the same settings belong together. A setting that has one value in A and another one in B is what is
/// compared. For each result there are the mean and the median in A and in B, how much larger it is in B, and the 95 %
/// interval of that difference of means.
///
/// Where both files have the same seeds at a point, each run is held against the one with its seed, and the interval is
/// Student's of the paired differences; otherwise it is Welch's. Both take means of as many runs to be about normal: fine for
/// twenty runs, a guess for five. Where runs do not vary at all, a difference needs six pairs, or four runs against four,
/// before it has an interval.
///
/// `*` marks intervals that exclude zero. Of a hundred results that do not differ about five are marked so; `**` marks those
/// that are still sure when that chance is shared by all differences shown (Bonferroni). Values that a run does not have, such
/// as the time until it healed of one that did not, are counted, and means are of the other runs.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct CompareArgs {
    /// A result file, `.csv` or `.parquet`
    #[arg(value_name = "A")]
    a: PathBuf,

    /// Another one, or the same with another selection
    #[arg(value_name = "B")]
    b: PathBuf,

    /// Take only the rows of A in which a setting has this value; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    only_a: Vec<Selection>,

    /// Take only the rows of B in which a setting has this value; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    only_b: Vec<Selection>,

    /// Show only this result; can be given several times
    #[arg(long, value_name = "NAME")]
    result: Vec<String>,

    /// Print one JSON object in place of text
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  swim-sim compare before.csv after.parquet
  swim-sim compare before.csv after.csv --result healed_after --result wrongly_faulty
  swim-sim compare runs.csv runs.csv --only-a loss=0 --only-b loss=5     two parts of one sweep
  swim-sim compare before.csv after.csv --json > differences.json

Exit status: 0 compared, whatever came out; 1 a file cannot be read, or nothing in them belongs together; 2 a mistake on
the command line.";

impl CompareArgs {
    /// Compares.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(error) = [&self.a, &self.b].into_iter().find_map(|path| Format::of(path).err()) {
            return Ok(mistake(error));
        }
        let (a, b) = (selected(&self.a, &self.only_a)?, selected(&self.b, &self.only_b)?);
        let comparison = compare(&a, &b, &self.result)?;
        if let Some(name) = comparison.unknown(&self.result).first() {
            return Ok(mistake(format_args!("--result: `{name}` is no number that both files have")));
        }
        let text = if self.json {
            let side =
                |path: &Path, table: &Table| json!({ "file": path.display().to_string(), "runs": table.rows().len() });
            let object = json!({ "a": side(&self.a, &a), "b": side(&self.b, &b), "comparison": comparison });
            format!("{object}\n")
        } else {
            let side = |path: &Path, table: &Table| format!("{}, {} runs", path.display(), table.rows().len());
            format!("A: {}\nB: {}\n{}", side(&self.a, &a), side(&self.b, &b), ComparisonText(&comparison))
        };
        print(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The selected rows of a file.
fn selected(path: &Path, selections: &[Selection]) -> anyhow::Result<Table> {
    let mut table = results::read(path)?;
    for selection in selections {
        selection.apply(&path.display().to_string(), &mut table)?;
    }
    Ok(table)
}
