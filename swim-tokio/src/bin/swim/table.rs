//! Tables for people: columns as wide as what is in them.

use owo_colors::Style;

use crate::output::Paint;

/// One field: text, and how it looks on a terminal.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn styled(text: impl ToString, style: Style) -> Self {
        Self { text: printable(&text.to_string()), style }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

/// Rows below a head.
#[derive(Clone, Debug)]
pub(crate) struct Table(Vec<Vec<Cell>>);

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self(vec![head.iter().map(|name| Cell::styled(name, Style::new().bold())).collect()])
    }

    pub(crate) fn row<const N: usize>(&mut self, row: [Cell; N]) {
        self.0.push(row.into());
    }

    /// The lines, without blanks at their ends.
    pub(crate) fn lines(&self, paint: Paint) -> Vec<String> {
        self.lines_within(usize::MAX, paint)
    }

    /// The lines, cut off where they are longer than `room`.
    pub(crate) fn lines_within(&self, room: usize, paint: Paint) -> Vec<String> {
        let mut widths = Vec::new();
        for row in &self.0 {
            widths.resize(row.len().max(widths.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.text.chars().count().max(*width);
            }
        }
        self.0.iter().map(|row| line(row, &widths, room, paint)).collect()
    }
}

fn line(row: &[Cell], widths: &[usize], mut room: usize, paint: Paint) -> String {
    let mut line = String::new();
    let mut gap = 0;
    for (cell, width) in row.iter().zip(widths) {
        if cell.text.is_empty() {
            gap += width + 2;
            continue;
        }
        if room <= gap {
            break;
        }
        line.extend(std::iter::repeat_n(' ', gap));
        let text: String = cell.text.chars().take(room - gap).collect();
        let length = text.chars().count();
        line.push_str(&paint.style(text, cell.style));
        room -= gap + length;
        gap = width - length + 2;
    }
    line
}

/// Text without what would move a terminal's cursor: labels come from others.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::new(["A", "LONG", "C"]);
        table.row(["abc".into(), "".into(), 7.into()]);
        table.row(["x".into(), "y".into(), "".into()]);
        assert_eq!(table.lines(Paint::Off), ["A    LONG  C", "abc        7", "x    y"]);
    }

    #[test]
    fn lines_are_cut_off_where_there_is_no_more_room() {
        let mut table = Table::new(["A", "LONG", "C"]);
        table.row([Cell::styled("abc", Style::new().red()), "".into(), 7.into()]);
        let within = |room| table.lines_within(room, Paint::Off);
        assert_eq!(within(0), ["", ""]);
        assert_eq!(within(2), ["A", "ab"]);
        assert_eq!(within(7), ["A    LO", "abc"]);
        assert_eq!(within(11), ["A    LONG", "abc"]);
        assert_eq!(within(12), ["A    LONG  C", "abc        7"]);
        let bare = |line: &str| line.replace("\u{1b}[31m", "").replace("\u{1b}[39m", "").replace("\u{1b}[0m", "");
        assert_eq!(bare(&table.lines_within(2, Paint::On)[1]), "ab", "colours take no room here either");
    }

    #[test]
    fn what_others_say_cannot_move_the_cursor() {
        let mut table = Table::new(["LABELS"]);
        table.row(["a=\u{1b}[2J\n".into()]);
        assert_eq!(table.lines(Paint::Off)[1], "a=\u{fffd}[2J\u{fffd}");
    }

    #[test]
    fn colours_take_no_room() {
        let mut table = Table::new(["A", "B"]);
        table.row([Cell::styled("x", Style::new().red()), "y".into()]);
        assert!(
            table.lines(Paint::On)[1].ends_with("\u{1b}[0m  y") || table.lines(Paint::On)[1].contains("x\u{1b}[39m  y")
        );
    }
}
