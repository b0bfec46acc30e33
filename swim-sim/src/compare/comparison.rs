//! Two files compared: every result of every point that both have.

use std::collections::BTreeSet;

use serde::Serialize;

use super::join::{Join, JoinError, Joined, join};
use super::statistics::{Difference, Interval, Sample};
use crate::results::{Table, Value};

/// What differs between two files.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The confidence of the intervals.
    pub confidence: f64,
    /// How many differences there are: of so many, some look large by chance.
    pub differences: usize,
    /// What is compared: settings with one value in each file, and not the same one; `None` where a file does not have it.
    pub between: Vec<(String, [Option<String>; 2])>,
    /// How many points only A has, and only B.
    pub points_on_one_side: [usize; 2],
    /// The results that only one file has.
    pub results_on_one_side: Vec<String>,
    /// The results that no run of either file has.
    pub results_of_no_run: Vec<String>,
    /// The points that both have.
    pub points: Vec<Point>,
}

/// The runs of one point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Its settings.
    pub settings: Vec<(String, String)>,
    /// How many runs A has, and B.
    pub runs: [usize; 2],
    /// How many of them broke.
    pub broken: [usize; 2],
    /// Which runs are held against which.
    pub pairing: Pairing,
    /// How many pairs have the same results throughout.
    pub alike: usize,
    /// Its results.
    pub results: Vec<ResultLine>,
}

/// Which runs are held against which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// Both files have the same seeds: each run against the one of its seed.
    BySeed,
    /// All runs against all.
    None,
}

/// One result of a point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResultLine {
    /// Which.
    pub name: String,
    /// In A, and in B.
    pub sides: [Side; 2],
    /// How much larger it is in B; of pairs, where runs are paired.
    pub difference: Option<f64>,
    /// Where the true difference lies, with the confidence of the comparison.
    pub interval: Option<Interval>,
    /// Whether that is a difference.
    pub mark: Mark,
}

/// One result in one file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Side {
    /// How many runs have it.
    pub count: usize,
    /// How many do not.
    pub missing: usize,
    /// The mean of those that have it.
    pub mean: Option<f64>,
    /// Their median.
    pub median: Option<f64>,
}

/// How sure a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Its interval includes zero, or there is none.
    None,
    /// Its interval excludes zero.
    Alone,
    /// Its interval excludes zero even when the chance of a mistake is shared by all differences (Bonferroni).
    AmongAll,
}

/// Compares A and B; with names, only the results of these names.
///
/// # Errors
/// When nothing belongs together, or it is not clear what does.
pub fn compare(a: &Table, b: &Table, names: &[String]) -> Result<Comparison, JoinError> {
    let tables = [a, b];
    let Join { keys, points, between } = join(tables)?;
    let Shared { numbers: columns, results_on_one_side, results_of_no_run } = Shared::of(tables, names);
    let count = |side: usize| points.iter().filter(|(_, joined)| joined.rows[1 - side].is_empty()).count();
    let points_on_one_side = [count(0), count(1)];
    let mut found = Vec::new();
    for (values, joined) in points.into_iter().filter(|(_, joined)| joined.is_on_both_sides()) {
        let settings = keys.iter().cloned().zip(values).collect();
        found.push(Held { tables, columns: &columns, joined }.point(settings));
    }
    let differences = found.iter().flat_map(|(_, lines)| lines).filter(|line| line.is_some()).count();
    let points = found.into_iter().map(|(mut point, lines)| {
        for (line, difference) in point.results.iter_mut().zip(lines) {
            line.judge(difference, differences);
        }
        point
    });
    let points = points.collect();
    Ok(Comparison {
        confidence: 1.0 - ALPHA,
        differences,
        between,
        points_on_one_side,
        results_on_one_side,
        results_of_no_run,
        points,
    })
}

/// Which results the two files have.
struct Shared {
    /// Those that both have as numbers, with their places.
    numbers: Vec<(String, [usize; 2])>,
    results_on_one_side: Vec<String>,
    results_of_no_run: Vec<String>,
}

impl Shared {
    fn of(tables: [&Table; 2], names: &[String]) -> Self {
        let [a, b] = tables.map(|table| {
            let columns = table.layout().columns()[table.layout().results()].iter();
            columns.map(|column| column.name.as_str()).collect::<Vec<_>>()
        });
        let wanted = |name: &&&str| names.is_empty() || names.iter().any(|wanted| wanted == **name);
        let single = a.iter().filter(|name| !b.contains(name)).chain(b.iter().filter(|name| !a.contains(name)));
        let results_on_one_side = single.filter(wanted).map(ToString::to_string).collect();
        let mut shared = Self { numbers: Vec::new(), results_on_one_side, results_of_no_run: Vec::new() };
        for name in a.iter().filter(|name| b.contains(name)).filter(wanted) {
            let places = tables.map(|table| table.layout().place(name).expect("it is a name of both"));
            let column = |side: usize| tables[side].rows().iter().map(move |row| &row[places[side]]);
            let mut present = column(0).chain(column(1)).filter(|value| !value.is_missing()).peekable();
            if present.peek().is_none() {
                shared.results_of_no_run.push(name.to_string());
            } else if present.all(|value| value.as_number().is_some()) {
                shared.numbers.push((name.to_string(), places));
            }
        }
        shared
    }
}

/// The runs of a point, held against each other.
struct Held<'a> {
    tables: [&'a Table; 2],
    columns: &'a [(String, [usize; 2])],
    joined: Joined<'a>,
}

impl Held<'_> {
    /// The point, and the difference of each of its results, not judged yet.
    fn point(&self, settings: Vec<(String, String)>) -> (Point, Vec<Option<Difference>>) {
        let pairs = self.pairs();
        let broken = |side: usize| {
            let error = self.tables[side].layout().error();
            self.joined.rows[side].iter().filter(|row| !row[error].is_missing()).count()
        };
        let (lines, differences) =
            self.columns.iter().map(|(name, places)| self.line(name, *places, pairs.as_deref())).unzip();
        let point = Point {
            settings,
            runs: [0, 1].map(|side| self.joined.rows[side].len()),
            broken: [0, 1].map(broken),
            pairing: if pairs.is_some() { Pairing::BySeed } else { Pairing::None },
            alike: pairs.iter().flatten().filter(|pair| self.is_alike(pair)).count(),
            results: lines,
        };
        (point, differences)
    }

    /// The rows of A and B with the same seeds, if both have the same seeds.
    fn pairs(&self) -> Option<Vec<[&[Value]; 2]>> {
        let sorted = [0, 1].map(|side| {
            let seed = self.tables[side].layout().seed();
            let mut rows: Vec<_> = self.joined.rows[side].iter().map(|row| (row[seed].as_integer(), *row)).collect();
            rows.sort_by_key(|(seed, _)| *seed);
            rows
        });
        let [a, b] = sorted;
        let same = a.len() == b.len() && a.iter().zip(&b).all(|((a, _), (b, _))| a == b);
        same.then(|| a.into_iter().zip(b).map(|((_, a), (_, b))| [a, b]).collect())
    }

    /// Whether the two runs of a pair have the same results, texts included, in all columns that both have.
    fn is_alike(&self, pair: &[&[Value]; 2]) -> bool {
        let [a, b] = self.tables.map(Table::layout);
        a.results().chain([a.error()]).all(|place| {
            let other = b.place(&a.columns()[place].name);
            other.is_none_or(|other| pair[0][place].to_string() == pair[1][other].to_string())
        })
    }

    fn line(
        &self,
        name: &str,
        places: [usize; 2],
        pairs: Option<&[[&[Value]; 2]]>,
    ) -> (ResultLine, Option<Difference>) {
        let samples = [0, 1].map(|side| {
            let values = self.joined.rows[side].iter().filter_map(|row| row[places[side]].as_number());
            Sample::new(values.collect())
        });
        let difference = match pairs {
            Some(pairs) => {
                let of = |pair: &[&[Value]; 2]| Some(pair[1][places[1]].as_number()? - pair[0][places[0]].as_number()?);
                Difference::paired(pairs.iter().filter_map(of).collect())
            }
            None => Difference::unpaired(&samples[0], &samples[1]),
        };
        let side = |side: usize| Side {
            count: samples[side].count(),
            missing: self.joined.rows[side].len() - samples[side].count(),
            mean: samples[side].mean(),
            median: samples[side].median(),
        };
        let sides = [0, 1].map(side);
        (ResultLine { name: name.into(), sides, difference: None, interval: None, mark: Mark::None }, difference)
    }
}

impl ResultLine {
    /// Says how sure the difference is, one of so many.
    fn judge(&mut self, difference: Option<Difference>, differences: usize) {
        let Some(difference) = difference else { return };
        let excludes = |alpha| difference.interval(alpha).is_some_and(|interval| interval.excludes_zero());
        self.difference = Some(difference.estimate());
        self.interval = difference.interval(ALPHA);
        self.mark = match (excludes(ALPHA), excludes(ALPHA / differences.max(1) as f64)) {
            (true, true) => Mark::AmongAll,
            (true, false) => Mark::Alone,
            (false, _) => Mark::None,
        };
    }
}

impl Comparison {
    /// The names of `names` that no file has as a number.
    pub fn unknown<'a>(&self, names: &'a [String]) -> Vec<&'a str> {
        let known: BTreeSet<_> =
            self.points.iter().flat_map(|point| &point.results).map(|line| line.name.as_str()).collect();
        let known = |name: &&str| known.contains(name) || self.results_of_no_run.iter().any(|none| none == name);
        names.iter().map(String::as_str).filter(|name| !known(name)).collect()
    }
}

/// The chance that an interval misses.
const ALPHA: f64 = 0.05;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::results::{Column, Kind, Layout};

    /// A file of one setting and two results: a number for each seed of each point, and a text.
    pub(in crate::compare) fn file(setting: &str, points: &[(&str, &[Option<f64>])]) -> Table {
        let results = vec![Column::new("time", Kind::Float), Column::new("hash", Kind::Text)];
        let mut table = Table::new(Layout::new(vec![Column::new(setting, Kind::Text)], results).unwrap());
        let mut run = 0;
        for (point, times) in points {
            for (seed, time) in times.iter().enumerate() {
                let time = time.map_or(Value::Missing, Value::Float);
                let hash = Value::text(format!("0x{time}"));
                let (seed, error) = (Value::count(seed as u64), Value::Missing);
                let first = [Value::text("0x1"), Value::Integer(run), Value::Integer(1000), Value::text(*point)];
                table.push([&first[..], &[seed, time, hash, error]].concat()).unwrap();
                run += 1;
            }
        }
        table
    }

    pub(in crate::compare) fn times(count: u32, time: impl Fn(f64) -> f64) -> Vec<Option<f64>> {
        (0..count).map(|seed| Some(time(f64::from(seed)))).collect()
    }

    fn only(comparison: &Comparison) -> &ResultLine {
        assert_eq!((comparison.points.len(), comparison.points[0].results.len()), (1, 1));
        &comparison.points[0].results[0]
    }

    #[test]
    fn a_file_does_not_differ_from_itself() {
        let table = file("nodes", &[("10", &times(20, |seed| seed * seed)), ("20", &times(20, |seed| 5.0 - seed))]);
        let comparison = compare(&table, &table, &[]).unwrap();
        assert_eq!(comparison.points.len(), 2);
        for point in &comparison.points {
            assert_eq!((point.alike, point.pairing), (20, Pairing::BySeed));
            assert!(point.results.iter().all(|line| line.mark == Mark::None && line.difference == Some(0.0)));
        }
    }

    #[test]
    fn a_small_difference_shows_where_the_seeds_are_the_same() {
        let a = file("nodes", &[("10", &times(20, |seed| seed * 100.0))]);
        let b = file("nodes", &[("10", &times(20, |seed| seed * 100.0 + 1.0 + seed % 3.0 / 10.0))]);
        let paired = compare(&a, &b, &[]).unwrap();
        assert_eq!(only(&paired).mark, Mark::AmongAll);
        assert!((only(&paired).difference.unwrap() - 1.1).abs() < 0.02);
        let b = file("nodes", &[("10", &times(19, |seed| seed * 100.0 + 1.0 + seed % 3.0 / 10.0))]);
        let unpaired = compare(&a, &b, &[]).unwrap();
        assert_eq!((unpaired.points[0].pairing, only(&unpaired).mark), (Pairing::None, Mark::None));
    }

    #[test]
    fn a_missing_value_is_counted_and_takes_its_pair_along() {
        let a = file("nodes", &[("10", &[Some(1.0), Some(2.0), Some(3.0), None])]);
        let b = file("nodes", &[("10", &[Some(2.0), None, Some(5.0), None])]);
        let comparison = compare(&a, &b, &[]).unwrap();
        let line = only(&comparison);
        assert_eq!([line.sides[0].missing, line.sides[1].missing], [1, 2]);
        assert_eq!((line.difference, line.sides[0].mean), (Some(1.5), Some(2.0)));
        assert_eq!(comparison.points[0].alike, 1);
    }

    #[test]
    fn a_result_that_nobody_has_is_told_and_one_that_is_missing_at_one_point_keeps_its_line() {
        let (all, none) = (times(5, |seed| seed), [None; 5]);
        let alone = file("nodes", &[("10", &none)]);
        let comparison = compare(&alone, &alone, &[]).unwrap();
        assert_eq!((comparison.results_of_no_run.as_slice(), comparison.differences), (&["time".to_owned()][..], 0));
        let table = file("nodes", &[("10", &none), ("20", &all)]);
        let line = &compare(&table, &table, &[]).unwrap().points[0].results[0];
        assert_eq!((line.sides[0].missing, line.difference), (5, None));
    }

    #[test]
    fn one_of_many_differences_must_be_surer() {
        // By itself its interval excludes zero, among forty it does not.
        let lone = |shift: f64| times(20, move |seed| seed.sin() + shift);
        let (zero, shifted) = (times(20, |_| 0.0), lone(0.42));
        let names: Vec<_> = (0..40).map(|point| point.to_string()).collect();
        let points = |first: &[Option<f64>]| {
            let points: Vec<_> =
                names.iter().map(|name| (name.as_str(), if name == "0" { first } else { &zero })).collect();
            file("nodes", &points)
        };
        let many = compare(&points(&zero), &points(&shifted), &[]).unwrap();
        let alone = compare(&file("nodes", &[("0", &zero)]), &file("nodes", &[("0", &shifted)]), &[]).unwrap();
        assert_eq!((many.differences, many.points[0].results[0].mark), (40, Mark::Alone));
        assert_eq!(only(&alone).mark, Mark::AmongAll);
    }

    #[test]
    fn settings_with_one_value_on_each_side_are_what_is_compared() {
        let a = file("preset", &[("lan", &times(5, |seed| seed))]);
        let b = file("preset", &[("wan", &times(5, |seed| seed))]);
        let comparison = compare(&a, &b, &[]).unwrap();
        assert_eq!(comparison.between, [("preset".into(), [Some("lan".into()), Some("wan".into())])]);
        let none = file("loss", &[("5", &times(5, |seed| seed))]);
        assert_eq!(compare(&a, &none, &[]).unwrap().between.len(), 2);
    }

    #[test]
    fn what_does_not_belong_together_is_told() {
        let a = file("preset", &[("lan", &times(5, |seed| seed)), ("wan", &times(5, |seed| seed))]);
        let b = file("preset", &[("local", &times(5, |seed| seed))]);
        assert_eq!(compare(&a, &b, &[]), Err(JoinError::Nothing));
        let other = file("loss", &[("5", &times(5, |seed| seed))]);
        let error = compare(&a, &other, &[]).unwrap_err().to_string();
        assert!(error.contains("lan, wan") && error.contains("--only-a preset=VALUE"), "{error}");
    }

    #[test]
    fn points_of_one_file_only_are_counted() {
        let a = file("nodes", &[("10", &times(5, |seed| seed)), ("20", &times(5, |seed| seed))]);
        let b = file(
            "nodes",
            &[("20", &times(5, |seed| seed)), ("30", &times(5, |seed| seed)), ("40", &times(5, |seed| seed))],
        );
        assert_eq!(compare(&a, &b, &[]).unwrap().points_on_one_side, [1, 2]);
    }
}
