//! Joining the files of the shards of one sweep into the file that one machine would have written.

use std::collections::BTreeMap;
use std::fmt;

use super::layout::Layout;
use super::table::{Table, run, runs};

/// A file to be joined with others.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called in messages.
    pub name: String,
    /// Its rows.
    pub table: Table,
}

/// Whether runs may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Every run of the sweep must be there.
    Whole,
    /// What is there is joined.
    Partial,
}

/// Why files cannot be joined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// Nothing to join.
    #[error("there are no runs to join")]
    Nothing,
    /// Other columns.
    #[error("{first} and {other} have different columns; they are of different sweeps, or one is CSV and one Parquet")]
    Columns {
        /// One file.
        first: String,
        /// The other.
        other: String,
    },
    /// Other sweeps.
    #[error(
        "{first} and {other} are of different sweeps (column `sweep`): another grid, other seeds or another version \
         of the program; run all shards with the same command"
    )]
    Sweeps {
        /// One file.
        first: String,
        /// The other.
        other: String,
    },
    /// A run twice.
    #[error("run {run} is both in {first} and in {other}; give each shard's file once")]
    Twice {
        /// Which run.
        run: i64,
        /// One file.
        first: String,
        /// The other.
        other: String,
    },
    /// Runs that are nowhere.
    #[error(
        "{missing} of {runs} runs are missing: {which}; add the files of the other shards, or join what is there with --partial"
    )]
    Missing {
        /// How many.
        missing: i64,
        /// Of how many.
        runs: i64,
        /// The first few.
        which: Which,
    },
}

/// The first few of many runs, as they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which(Vec<i64>);

/// Joins files; the result does not depend on their order.
///
/// # Errors
/// When they are of different sweeps, a run is in two of them, or one is missing that must not be.
pub fn merge(parts: Vec<Part>, completeness: Completeness) -> Result<Table, MergeError> {
    let names: Vec<_> = parts.iter().map(|part| part.name.clone()).collect();
    let Some(first) = parts.iter().position(|part| !part.table.rows().is_empty()) else {
        return Err(MergeError::Nothing);
    };
    let layout = parts[first].table.layout().clone();
    let sample = parts[first].table.rows()[0].clone();
    let mut found = BTreeMap::new();
    for (place, part) in parts.into_iter().enumerate() {
        let both = || (names[first].clone(), names[place].clone());
        if *part.table.layout() != layout {
            let (first, other) = both();
            return Err(MergeError::Columns { first, other });
        }
        for row in part.table.into_rows() {
            if row[Layout::SWEEP] != sample[Layout::SWEEP] || runs(&row) != runs(&sample) {
                let (first, other) = both();
                return Err(MergeError::Sweeps { first, other });
            }
            let run = run(&row);
            if let Some((earlier, _)) = found.insert(run, (place, row)) {
                return Err(MergeError::Twice { run, first: names[earlier].clone(), other: names[place].clone() });
            }
        }
    }
    let runs = runs(&sample);
    let missing = runs - found.len() as i64;
    if completeness == Completeness::Whole && missing > 0 {
        let which = (0..runs).filter(|run| !found.contains_key(run)).take(SHOWN + 1).collect();
        return Err(MergeError::Missing { missing, runs, which: Which(which) });
    }
    let mut table = Table::new(layout);
    for (_, row) in found.into_values() {
        table.push(row).expect("it was a row of a table of this layout");
    }
    Ok(table)
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> = self.0.iter().take(SHOWN).map(ToString::to_string).collect();
        f.write_str(&shown.join(", "))?;
        if self.0.len() > SHOWN { f.write_str(", ...") } else { Ok(()) }
    }
}

/// How many missing runs a message names.
const SHOWN: usize = 8;

#[cfg(test)]
mod tests {
    use super::super::layout::Column;
    use super::super::table::tests::{row, small};
    use super::super::value::{Kind, Value};
    use super::*;

    fn part(name: &str, runs: &[i64]) -> Part {
        let mut table = Table::new(small().layout().clone());
        runs.iter().for_each(|run| table.push(row(*run)).unwrap());
        Part { name: name.into(), table }
    }

    #[test]
    fn parts_in_any_order_are_the_whole() {
        let whole = merge(vec![part("b", &[3, 1]), part("a", &[0, 2])], Completeness::Whole);
        assert_eq!(whole, Ok(small()));
        assert_eq!(merge(vec![part("a", &[0, 1, 2, 3])], Completeness::Whole), Ok(small()));
    }

    #[test]
    fn a_missing_run_is_told_unless_that_is_meant() {
        let parts = || vec![part("a", &[0, 1]), part("b", &[2])];
        let error = merge(parts(), Completeness::Whole).unwrap_err();
        assert!(error.to_string().starts_with("1 of 4 runs are missing: 3;"), "{error}");
        assert_eq!(merge(parts(), Completeness::Partial).unwrap().rows().len(), 3);
    }

    #[test]
    fn a_file_given_twice_is_told() {
        let error = merge(vec![part("a", &[0, 1]), part("b", &[1, 2, 3])], Completeness::Partial).unwrap_err();
        assert_eq!(error, MergeError::Twice { run: 1, first: "a".into(), other: "b".into() });
    }

    #[test]
    fn files_of_different_sweeps_are_told_apart() {
        let mut other = row(1);
        other[Layout::SWEEP] = Value::text("0x5678");
        let mut table = Table::new(small().layout().clone());
        table.push(other).unwrap();
        let error = merge(vec![part("a", &[0]), Part { name: "b".into(), table }], Completeness::Partial).unwrap_err();
        assert_eq!(error, MergeError::Sweeps { first: "a".into(), other: "b".into() });

        let layout = Layout::new(vec![], vec![Column::new("x", Kind::Float)]).unwrap();
        let parts = vec![part("a", &[0]), Part { name: "b".into(), table: Table::new(layout) }];
        let error = merge(parts, Completeness::Partial).unwrap_err();
        assert_eq!(error, MergeError::Columns { first: "a".into(), other: "b".into() });
    }

    #[test]
    fn nothing_is_no_sweep() {
        assert_eq!(merge(vec![], Completeness::Partial), Err(MergeError::Nothing));
        assert_eq!(merge(vec![part("a", &[])], Completeness::Whole), Err(MergeError::Nothing));
    }
}
