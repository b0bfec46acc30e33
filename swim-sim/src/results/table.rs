//! The rows of a result file. Who makes a table adds them in the order of the runs, so that the same runs are the same
//! bytes whoever ran them.

use super::layout::Layout;
use super::value::Value;

/// Rows of one layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    layout: Layout,
    rows: Vec<Vec<Value>>,
}

/// Why a row is not one of a result file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// More or fewer values than columns.
    #[error("{found} values in {wanted} columns")]
    Length {
        /// How many values it has.
        found: usize,
        /// How many columns there are.
        wanted: usize,
    },
    /// A value that is not of its column's kind, or is missing where none may be.
    #[error("the column `{column}` does not hold `{value}`")]
    Value {
        /// Which column.
        column: String,
        /// Which value.
        value: String,
    },
    /// A run that the sweep does not have.
    #[error("there is no run {run} among {runs}")]
    Run {
        /// Which run.
        run: i64,
        /// How many there are.
        runs: i64,
    },
}

impl Table {
    /// A table without rows.
    pub const fn new(layout: Layout) -> Self {
        Self { layout, rows: Vec::new() }
    }

    /// Adds a row at the end.
    ///
    /// # Errors
    /// When it is no row of this layout; the table stays as it is.
    pub fn push(&mut self, row: Vec<Value>) -> Result<(), RowError> {
        let columns = self.layout.columns();
        if row.len() != columns.len() {
            return Err(RowError::Length { found: row.len(), wanted: columns.len() });
        }
        let refused = |place: &usize| {
            let value = &row[*place];
            let must = *place <= Layout::RUNS || *place == self.layout.seed();
            !value.fits(columns[*place].kind) || (must && value.is_missing())
        };
        if let Some(place) = (0..row.len()).find(refused) {
            return Err(RowError::Value { column: columns[place].name.clone(), value: row[place].to_string() });
        }
        let (run, runs) = (run(&row), runs(&row));
        if !(0..runs).contains(&run) {
            return Err(RowError::Run { run, runs });
        }
        self.rows.push(row);
        Ok(())
    }

    /// The columns.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The rows.
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// Keeps the rows that are wanted.
    pub fn retain(&mut self, wanted: impl Fn(&[Value]) -> bool) {
        self.rows.retain(|row| wanted(row));
    }

    /// The rows without the table.
    pub fn into_rows(self) -> Vec<Vec<Value>> {
        self.rows
    }
}

/// Which run a row is of.
pub(super) fn run(row: &[Value]) -> i64 {
    row[Layout::RUN].as_integer().expect("`push` takes rows with a run only")
}

/// How many runs the sweep of a row has.
pub(super) fn runs(row: &[Value]) -> i64 {
    row[Layout::RUNS].as_integer().expect("`push` takes rows with a number of runs only")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::layout::Column;
    use super::super::value::Kind;
    use super::*;

    /// A table with one setting and three results, one of each kind.
    pub(crate) fn small() -> Table {
        let settings = vec![Column::new("nodes", Kind::Integer)];
        let results = [("healed_after", Kind::Float), ("messages", Kind::Integer), ("ended_in", Kind::Text)];
        let results = results.map(|(name, kind)| Column::new(name, kind)).to_vec();
        let mut table = Table::new(Layout::new(settings, results).unwrap());
        for run in 0..4 {
            table.push(row(run)).unwrap();
        }
        table
    }

    /// The row of one run of the small table; the last did not heal.
    pub(crate) fn row(run: i64) -> Vec<Value> {
        let healed = if run == 3 { Value::Missing } else { Value::Float(4.5 + run as f64 / 3.0) };
        let ended = if run == 3 { "heal, late" } else { "done" };
        vec![
            Value::text("0x1234"),
            Value::Integer(run),
            Value::Integer(4),
            Value::Integer(10 + 10 * (run / 2)),
            Value::Integer(1 + run % 2),
            healed,
            Value::Integer(1000 * run),
            Value::text(ended),
            Value::Missing,
        ]
    }

    #[test]
    fn a_row_that_does_not_fit_is_refused() {
        let mut table = small();
        let mut short = row(3);
        short.pop();
        assert_eq!(table.push(short), Err(RowError::Length { found: 8, wanted: 9 }));
        for (place, value, column) in [(1, Value::Missing, "run"), (3, Value::text("many"), "nodes")] {
            let mut wrong = row(3);
            let text = value.to_string();
            wrong[place] = value;
            assert_eq!(table.push(wrong), Err(RowError::Value { column: column.into(), value: text }));
        }
        assert_eq!(table.push(row(4)), Err(RowError::Run { run: 4, runs: 4 }));
        assert_eq!(table, small());
    }
}
