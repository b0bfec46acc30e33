//! The comparison as text: one line per cell.

use std::fmt;

use super::cell::{Allowed, Cell, Verdict};
use super::comparison::Comparison;

/// Prints as a table and a conclusion.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub &'a Comparison);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<[String; COLUMNS]> = vec![HEADINGS.map(String::from)];
        rows.extend(self.0.cells.iter().map(row));
        let widths: [usize; COLUMNS] =
            std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
        for row in rows {
            let mut line = String::new();
            for (column, (text, width)) in row.iter().zip(widths).enumerate() {
                let gap = if column == 0 { "" } else { "  " };
                // Words to the left, numbers to the right.
                match column {
                    0 | VERDICT | NOTE => line.push_str(&format!("{gap}{text:<width$}")),
                    _ => line.push_str(&format!("{gap}{text:>width$}")),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        let count = |verdict| self.0.count(verdict);
        let (ok, off, left) = (count(Verdict::Ok), count(Verdict::Off), count(Verdict::NotJudged));
        let word = if self.0.agrees() { "AGREES" } else { "DIFFERS" };
        writeln!(f, "\n{word}: {ok} ok, {off} off, {left} not judged (fewer than 400 events expected)")
    }
}

fn row(cell: &Cell) -> [String; COLUMNS] {
    let share = f64::from(cell.live) / f64::from(cell.nodes);
    let allowed = match cell.allowed {
        Allowed::Within(share) => format!("±{} %", number(100.0 * share, 2)),
        Allowed::AtMost { least } if least > 1.0 => format!("{}..", number(least, 3)),
        Allowed::AtMost { .. } => "at most".into(),
    };
    [
        cell.what.into(),
        cell.nodes.to_string(),
        format!("{share:.2}"),
        format!("{} %", cell.loss),
        cell.helpers.to_string(),
        cell.trials.to_string(),
        cell.events.map_or(String::new(), |events| format!("{} of {:.0}", events.counted, events.expected)),
        number(cell.limit, 4),
        number(cell.predicted, 4),
        number(cell.measured, 4),
        format!("{:.3}", cell.ratio()),
        allowed,
        cell.verdict().name().into(),
        cell.note.clone().unwrap_or_default(),
    ]
}

/// A number with so many significant digits, or more where it is longer than that before the point.
fn number(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    if value != 0.0 && value.abs() < 1e-3 {
        return format!("{value:.*e}", digits - 1);
    }
    let exponent = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    format!("{value:.*}", (digits as i32 - 1 - exponent).max(0) as usize)
}

const HEADINGS: [&str; COLUMNS] = [
    "what",
    "n",
    "live",
    "loss",
    "k",
    "trials",
    "events",
    "limit",
    "predicted",
    "measured",
    "ratio",
    "allowed",
    "verdict",
    "note",
];
const COLUMNS: usize = 14;
const VERDICT: usize = 12;
const NOTE: usize = 13;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::cell::tests::one_of_each;
    use crate::theory::comparison::Effort;

    #[test]
    fn each_cell_is_a_line_and_the_last_one_says_what_all_come_to() {
        let comparison = Comparison { effort: Effort::Quick, seed: 1, cells: one_of_each().into() };
        let text = Table(&comparison).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        let headings: Vec<&str> = lines[0].split_whitespace().collect();
        assert_eq!(headings, HEADINGS);
        assert!(lines[1].contains("1.005") && lines[1].ends_with("ok"), "{text}");
        assert!(lines[2].contains("at most") && lines[2].ends_with("OFF"), "{text}");
        assert!(lines[3].contains("2 of 12") && lines[3].ends_with("not judged  so few"), "{text}");
        assert_eq!(lines[5], "DIFFERS: 1 ok, 1 off, 1 not judged (fewer than 400 events expected)");
    }

    #[test]
    fn numbers_keep_their_significant_digits() {
        for (value, text) in [
            (1.5819, "1.582"),
            (0.0, "0.000"),
            (1165.4, "1165"),
            (31165.4, "31165"),
            (0.02934, "0.02934"),
            (0.0001234, "1.234e-4"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value, 4), text);
        }
    }
}
