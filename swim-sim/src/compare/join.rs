//! Which rows of two files belong together: those of points with the same settings.

use std::collections::{BTreeMap, BTreeSet};

use crate::results::{Table, Value};

/// Rows of one point: those of A, and those of B.
#[derive(Clone, Debug, Default)]
pub(super) struct Joined<'a> {
    pub(super) rows: [Vec<&'a [Value]>; 2],
}

/// Two files, joined.
#[derive(Debug)]
pub(super) struct Join<'a> {
    /// The settings that make a point.
    pub(super) keys: Vec<String>,
    /// The points of either file with their values, in the order of the files.
    pub(super) points: Vec<(Vec<String>, Joined<'a>)>,
    /// Settings that each file has one value of, and not the same one: what is compared.
    pub(super) between: Vec<(String, [Option<String>; 2])>,
}

/// Why two files cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// A setting that only one file has, and that varies there.
    #[error(
        "only {file} has the setting `{name}`, with the values {values}; pick the one to compare with \
         `--only-{side} {name}=VALUE`"
    )]
    OneSided {
        /// Which file.
        file: &'static str,
        /// Its option.
        side: &'static str,
        /// Which setting.
        name: String,
        /// The values that it has.
        values: String,
    },
    /// No point in both.
    #[error(
        "A and B have no point in common; to compare different values of a setting, pick one on each side with \
         `--only-a KEY=VALUE` and `--only-b KEY=VALUE`"
    )]
    Nothing,
    /// A point whose runs are told apart by nothing.
    #[error("{file} has seed {seed} twice at one point; it holds runs of several sweeps")]
    Twice {
        /// Which file.
        file: &'static str,
        /// Which seed.
        seed: String,
    },
}

/// Joins A and B.
///
/// # Errors
/// When nothing belongs together, or it is not clear what does.
pub(super) fn join<'a>(tables: [&'a Table; 2]) -> Result<Join<'a>, JoinError> {
    let mut names: Vec<_> = settings(tables[0]).collect();
    names.extend(settings(tables[1]).filter(|name| tables[0].layout().place(name).is_none()));
    let (mut keys, mut between) = (Vec::new(), Vec::new());
    for name in names {
        let values = tables.map(|table| values(table, name));
        match &values {
            [Some(a), Some(b)] if a.len() > 1 || b.len() > 1 || a == b => keys.push(name.to_owned()),
            [Some(several), None] if several.len() > 1 => return Err(one_sided(0, name, several)),
            [None, Some(several)] if several.len() > 1 => return Err(one_sided(1, name, several)),
            _ => between
                .push((name.to_owned(), values.map(|values| values.and_then(|values| values.into_iter().next())))),
        }
    }
    let mut order = BTreeMap::new();
    let mut points: Vec<(Vec<String>, Joined<'a>)> = Vec::new();
    for (side, table) in tables.into_iter().enumerate() {
        let places: Vec<_> = keys.iter().filter_map(|name| table.layout().place(name)).collect();
        let mut seen = BTreeSet::new();
        for row in table.rows() {
            let point: Vec<_> = places.iter().map(|place| row[*place].to_string()).collect();
            let seed = row[table.layout().seed()].to_string();
            if !seen.insert((point.clone(), seed.clone())) {
                return Err(JoinError::Twice { file: FILES[side], seed });
            }
            let place = *order.entry(point.clone()).or_insert_with(|| {
                points.push((point, Joined::default()));
                points.len() - 1
            });
            points[place].1.rows[side].push(row);
        }
    }
    if !points.iter().any(|(_, joined)| joined.is_on_both_sides()) {
        return Err(JoinError::Nothing);
    }
    Ok(Join { keys, points, between })
}

impl Joined<'_> {
    /// Whether both files have runs of this point.
    pub(super) fn is_on_both_sides(&self) -> bool {
        self.rows.iter().all(|rows| !rows.is_empty())
    }
}

fn settings(table: &Table) -> impl Iterator<Item = &str> {
    table.layout().columns()[table.layout().settings()].iter().map(|column| column.name.as_str())
}

/// The values that a setting has in a file; `None` where the file does not have it.
fn values(table: &Table, name: &str) -> Option<BTreeSet<String>> {
    let place = table.layout().place(name).filter(|place| table.layout().settings().contains(place))?;
    Some(table.rows().iter().map(|row| row[place].to_string()).collect())
}

fn one_sided(side: usize, name: &str, values: &BTreeSet<String>) -> JoinError {
    let values = values.iter().cloned().collect::<Vec<_>>().join(", ");
    JoinError::OneSided { file: FILES[side], side: ["a", "b"][side], name: name.into(), values }
}

const FILES: [&str; 2] = ["A", "B"];
