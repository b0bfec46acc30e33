//! A comparison for people: a block for each point, a line for each result.

use std::fmt;

use super::comparison::{Comparison, Mark, Pairing, Point, ResultLine, Side};

/// Shows a comparison.
pub struct ComparisonText<'a>(pub &'a Comparison);

impl fmt::Display for ComparisonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(comparison) = self;
        for (name, [a, b]) in &comparison.between {
            let value = |value: &Option<String>| value.clone().unwrap_or("not given".into());
            writeln!(f, "{name} is {} in A and {} in B", value(a), value(b))?;
        }
        for (side, points) in ["A", "B"].into_iter().zip(comparison.points_on_one_side) {
            if points > 0 {
                writeln!(f, "only in {side}: {points} points, left out here")?;
            }
        }
        if !comparison.results_on_one_side.is_empty() {
            writeln!(f, "only in one file: {}", comparison.results_on_one_side.join(", "))?;
        }
        if !comparison.results_of_no_run.is_empty() {
            writeln!(f, "missing in every run of both: {}", comparison.results_of_no_run.join(", "))?;
        }
        for point in &comparison.points {
            writeln!(f)?;
            write_point(f, point)?;
        }
        write_legend(f, comparison)
    }
}

fn write_point(f: &mut fmt::Formatter<'_>, point: &Point) -> fmt::Result {
    let settings: Vec<_> = point.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let settings = if settings.is_empty() { "all runs".into() } else { settings.join(" ") };
    let [a, b] = point.runs;
    match point.pairing {
        Pairing::BySeed => {
            writeln!(f, "{settings}: {a} pairs of runs with the same seed, {} alike in everything", point.alike)?;
        }
        Pairing::None => writeln!(f, "{settings}: {a} runs in A, {b} in B, other seeds")?,
    }
    if point.broken != [0, 0] {
        writeln!(f, "  broke an invariant: {} runs in A, {} in B", point.broken[0], point.broken[1])?;
    }
    let header = ["", "A mean (median)", "B mean (median)", "B less A", "95 % interval", "", ""].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(header).chain(point.results.iter().map(cells)).collect();
    let widths: [usize; CELLS] = std::array::from_fn(|cell| rows.iter().map(|row| row[cell].len()).max().unwrap_or(0));
    for row in rows {
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The cells of a line.
fn cells(line: &ResultLine) -> [String; CELLS] {
    let side = |side: &Side| match (side.mean, side.median) {
        (Some(mean), Some(median)) => format!("{} ({})", short(mean), short(median)),
        _ => "-".into(),
    };
    let [a, b] = &line.sides;
    let difference = line.difference.map_or("-".into(), |difference| {
        let share = a.mean.filter(|mean| *mean != 0.0).map(|mean| 100.0 * difference / mean.abs());
        let share = share.map_or(String::new(), |share| format!(" ({share:+.1} %)"));
        format!("{}{share}", signed(difference))
    });
    let interval = match line.interval {
        Some(interval) => format!("{} to {}", signed(interval.low), signed(interval.high)),
        None if line.difference.is_some() => "too few alike".into(),
        None => "too few".into(),
    };
    let missing = match [a.missing, b.missing] {
        [0, 0] => String::new(),
        [in_a, in_b] => format!("missing: {in_a} of {} in A, {in_b} of {} in B", in_a + a.count, in_b + b.count),
    };
    [line.name.clone(), side(a), side(b), difference, interval, stars(line.mark).into(), missing]
}

fn write_legend(f: &mut fmt::Formatter<'_>, comparison: &Comparison) -> fmt::Result {
    let lines = || comparison.points.iter().flat_map(|point| &point.results);
    let count = |wanted: &[Mark]| lines().filter(|line| wanted.contains(&line.mark)).count();
    let marked = count(&[Mark::Alone, Mark::AmongAll]);
    let all = comparison.differences;
    let by_chance = all as f64 * (1.0 - comparison.confidence);
    writeln!(
        f,
        "\n{marked} of {all} differences are marked; about {by_chance:.1} would be by chance if there were none"
    )?;
    if marked > 0 {
        writeln!(f, "*   the interval excludes zero")?;
        writeln!(
            f,
            "**  it does even when the chance of a mistake is shared by all {all} (Bonferroni): {}",
            count(&[Mark::AmongAll])
        )?;
    }
    if lines().any(|line| line.sides.iter().any(|side| side.missing > 0)) {
        writeln!(
            f,
            "means, medians and differences are of the runs that have the value; look at what is missing first"
        )?;
    }
    Ok(())
}

const fn stars(mark: Mark) -> &'static str {
    match mark {
        Mark::None => "",
        Mark::Alone => "*",
        Mark::AmongAll => "**",
    }
}

/// Four digits that say something, and all those before the point.
fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    let before = number.abs().log10().floor() as i32 + 1;
    let text = format!("{number:.*}", usize::try_from(4 - before).unwrap_or(0).min(9));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

fn signed(number: f64) -> String {
    let text = short(number);
    if number > 0.0 { format!("+{text}") } else { text }
}

const CELLS: usize = 7;

#[cfg(test)]
mod tests {
    use super::super::comparison::compare;
    use super::super::comparison::tests::{file, times};
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, 4.0, 4.56789, 123.456, 1_234_567.8, 0.000_123_456, -0.5].map(short);
        assert_eq!(numbers, ["0", "4", "4.568", "123.5", "1234568", "0.0001235", "-0.5"]);
        assert_eq!([1.5, -1.5, 0.0].map(signed), ["+1.5", "-1.5", "0"]);
    }

    #[test]
    fn a_difference_is_a_line_with_everything_about_it() {
        let a = file("nodes", &[("10", &times(20, |seed| 10.0 + seed % 2.0))]);
        let mut later = times(20, |seed| 12.0 + seed % 3.0);
        later[7] = None;
        let text = ComparisonText(&compare(&a, &file("nodes", &[("10", &later)]), &[]).unwrap()).to_string();
        let line = text.lines().find(|line| line.contains("time")).unwrap();
        for fact in ["10.5 (10.5)", "+2.", " to ", "**", "missing: 0 of 20 in A, 1 of 20 in B"] {
            assert!(line.contains(fact), "{fact}: {text}");
        }
        assert!(text.contains("20 pairs of runs with the same seed") && text.contains("1 of 1 differences"), "{text}");
    }
}
