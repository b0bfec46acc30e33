//! `swim-sim merge`: the files of all shards become the file of the sweep.

use std::path::PathBuf;
use std::process::ExitCode;

use swim_sim::results::{self, Completeness, Format, Part};

use crate::output::{mistake, print};

/// Join the result files of the shards of a sweep
///
/// The joined file is byte for byte the one that the whole sweep would have written on one machine. Files of other sweeps,
/// files given twice and missing runs are told.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct MergeArgs {
    /// The files, all of them CSV or all of them Parquet
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Write the rows into this file, of the same format; without it, CSV goes to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Join what is there, although runs are missing
    #[arg(long)]
    partial: bool,
}

const EXAMPLES: &str = "\
Examples:
  swim-sim merge part-*.csv --out runs.csv
  swim-sim merge part-*.parquet --out runs.parquet
  swim-sim merge --partial part-0.csv part-1.csv | column -ts,      a look while the others still run

Exit status: 0 joined; 1 a file cannot be read or written, or they do not make up one sweep; 2 a mistake on the command line.";

impl MergeArgs {
    /// Joins.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let mut formats = Vec::new();
        for path in self.files.iter().chain(&self.out) {
            match Format::of(path) {
                Ok(format) => formats.push(format),
                Err(error) => return Ok(mistake(error)),
            }
        }
        let format = formats[0];
        if formats.iter().any(|other| *other != format) {
            // CSV has no kinds: what Parquet would be made of it could differ from what the sweep wrote.
            return Ok(mistake(
                "CSV and Parquet cannot be mixed; join the .csv files and the .parquet files each for themselves",
            ));
        }
        if self.out.is_none() && format == Format::Parquet {
            return Ok(mistake(
                "Parquet is not for terminals and pipes; say where it goes, such as `--out runs.parquet`",
            ));
        }
        let read = |path: &PathBuf| Ok(Part { name: path.display().to_string(), table: results::read(path)? });
        let parts = self.files.iter().map(read).collect::<anyhow::Result<_>>()?;
        let completeness = if self.partial { Completeness::Partial } else { Completeness::Whole };
        let bytes = results::encode(&results::merge(parts, completeness)?, format);
        match &self.out {
            Some(path) => results::write(path, &bytes)?,
            None => print(&bytes)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
