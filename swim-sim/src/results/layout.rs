//! Which columns a result file has: what stands left of `seed` is a setting, what stands right of it a result.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::value::Kind;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, which no other column of the file has.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
}

impl Column {
    /// A column of this name.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind }
    }
}

/// The columns of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    columns: Vec<Column>,
    seed: usize,
}

/// Why these are not the columns of a result file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// One of the fixed columns is not where it should be.
    #[error(
        "the column `{name}` is not in its place; a file that `swim-sim sweep` or `swim-sim merge` wrote is needed"
    )]
    Fixed {
        /// Which.
        name: &'static str,
    },
    /// Two columns of one name.
    #[error("there are two columns `{name}`; every setting and every result needs a name of its own")]
    Twice {
        /// Which name.
        name: String,
    },
}

impl Layout {
    /// The fingerprint of the sweep.
    pub const SWEEP: usize = 0;
    /// Which run of the sweep it is; the first is 0.
    pub const RUN: usize = 1;
    /// How many runs the whole sweep has.
    pub const RUNS: usize = 2;

    /// A layout of these settings and results.
    ///
    /// # Errors
    /// When two columns would have the same name.
    pub fn new(settings: Vec<Column>, results: Vec<Column>) -> Result<Self, LayoutError> {
        let fixed = |(name, kind): (&str, Kind)| Column::new(name, kind);
        let mut columns: Vec<_> = FIRST.into_iter().map(fixed).collect();
        columns.extend(settings);
        columns.push(fixed(SEED));
        columns.extend(results);
        columns.push(fixed(LAST));
        Self::of(columns)
    }

    /// The layout that has exactly these columns.
    ///
    /// # Errors
    /// When a fixed column is missing or misplaced, or two columns have the same name.
    pub fn of(columns: Vec<Column>) -> Result<Self, LayoutError> {
        let is = |place: usize, name| columns.get(place).is_some_and(|column| column.name == name);
        if let Some((_, (name, _))) = FIRST.iter().enumerate().find(|(place, (name, _))| !is(*place, *name)) {
            return Err(LayoutError::Fixed { name });
        }
        let seed = columns.iter().position(|column| column.name == SEED.0);
        let seed = seed.ok_or(LayoutError::Fixed { name: SEED.0 })?;
        if !is(columns.len() - 1, LAST.0) {
            return Err(LayoutError::Fixed { name: LAST.0 });
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = columns.iter().find(|column| !names.insert(column.name.as_str())) {
            return Err(LayoutError::Twice { name: twice.name.clone() });
        }
        Ok(Self { columns, seed })
    }

    /// What a column of this name holds where only its name is known, as in a CSV file.
    pub(super) fn kind_of(name: &str) -> Kind {
        let fixed = FIRST.into_iter().chain([SEED, LAST]).find(|(fixed, _)| *fixed == name);
        fixed.map_or(Kind::Text, |(_, kind)| kind)
    }

    /// All columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Where the settings are.
    pub const fn settings(&self) -> Range<usize> {
        FIRST.len()..self.seed
    }

    /// Where the seed is.
    pub const fn seed(&self) -> usize {
        self.seed
    }

    /// Where the results are.
    pub fn results(&self) -> Range<usize> {
        self.seed + 1..self.error()
    }

    /// Where it says why a run has no results.
    pub fn error(&self) -> usize {
        self.columns.len() - 1
    }

    /// Where the column of this name is.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

const FIRST: [(&str, Kind); 3] = [("sweep", Kind::Text), ("run", Kind::Integer), ("runs", Kind::Integer)];
const SEED: (&str, Kind) = ("seed", Kind::Integer);
const LAST: (&str, Kind) = ("error", Kind::Text);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stand_left_of_the_seed_and_results_right_of_it() {
        let columns = |names: &[&str]| names.iter().map(|name| Column::new(*name, Kind::Float)).collect();
        let layout = Layout::new(columns(&["nodes", "loss"]), columns(&["healed_after"])).unwrap();
        let names = |places: Range<usize>| layout.columns()[places].iter().map(|c| c.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names(layout.settings()), ["nodes", "loss"]);
        assert_eq!(names(layout.results()), ["healed_after"]);
        assert_eq!((layout.seed(), layout.error()), (5, 7));
        assert_eq!(Layout::of(layout.columns().to_vec()), Ok(layout));
    }

    #[test]
    fn a_name_belongs_to_one_column() {
        let column = |name: &str| vec![Column::new(name, Kind::Text)];
        assert_eq!(Layout::new(column("seed"), vec![]), Err(LayoutError::Twice { name: "seed".into() }));
        assert_eq!(Layout::new(column("x"), column("x")), Err(LayoutError::Twice { name: "x".into() }));
    }

    #[test]
    fn other_tables_are_no_result_files() {
        let columns = |names: &[&str]| names.iter().map(|name| Column::new(*name, Kind::Text)).collect();
        let error = |names: &[&str]| Layout::of(columns(names)).unwrap_err();
        assert_eq!(error(&[]), LayoutError::Fixed { name: "sweep" });
        assert_eq!(error(&["sweep", "run", "seed", "error"]), LayoutError::Fixed { name: "runs" });
        assert_eq!(error(&["sweep", "run", "runs", "error"]), LayoutError::Fixed { name: "seed" });
        assert_eq!(error(&["sweep", "run", "runs", "seed"]), LayoutError::Fixed { name: "error" });
    }
}
