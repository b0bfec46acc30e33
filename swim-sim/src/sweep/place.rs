//! Where a setting was written, so that a mistake can be pointed at.

use std::fmt;
use std::ops::Range;

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the command line.
    Argument(String),
    /// In a file.
    Line {
        /// The file's name.
        file: String,
        /// The number of the line; the first is 1.
        number: usize,
        /// The line.
        line: String,
        /// The characters of the line that are meant.
        characters: Range<usize>,
    },
}

impl Place {
    /// The place of some bytes of a file's text. Where they go on over several lines, it is the first of them.
    pub fn in_file(file: &str, text: &str, bytes: Range<usize>) -> Self {
        let start = text[..bytes.start].rfind('\n').map_or(0, |end| end + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        let column = text[start..bytes.start].chars().count();
        // What is meant may be the end of the line itself.
        let end = (start + line.len()).max(bytes.start);
        let meant = &text[bytes.start..bytes.end.clamp(bytes.start, end)];
        Self::Line {
            file: file.into(),
            number: text[..start].matches('\n').count() + 1,
            line: line.into(),
            characters: column..column + meant.chars().count().max(1),
        }
    }
}

/// The place, and the line with what is meant underlined.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(argument) => write!(f, "  --> {argument}"),
            Self::Line { file, number, line, characters } => {
                let margin = number.to_string().len();
                writeln!(f, "{:margin$} --> {file}:{number}:{}", "", characters.start + 1)?;
                writeln!(f, "{:margin$} |", "")?;
                writeln!(f, "{number} | {}", line.replace('\t', " "))?;
                write!(
                    f,
                    "{:margin$} | {:start$}{:^<len$}",
                    "",
                    "",
                    "",
                    start = characters.start,
                    len = characters.len()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_file_is_shown_with_its_line() {
        let text = "seeds = 5\n[vary]\nüber = [1, 22]\n";
        let start = text.find("22").unwrap();
        let shown = Place::in_file("grid.toml", text, start..start + 2).to_string();
        assert_eq!(shown, "  --> grid.toml:3:12\n  |\n3 | über = [1, 22]\n  |            ^^");
    }

    #[test]
    fn what_spans_lines_is_underlined_to_the_end_of_the_first() {
        let text = "a = [1,\n2]\n";
        let shown = Place::in_file("g", text, 4..10).to_string();
        assert!(shown.ends_with("1 | a = [1,\n  |     ^^^"), "{shown}");
        assert!(Place::in_file("g", "", 0..0).to_string().ends_with('^'));
    }

    #[test]
    fn a_mistake_at_the_end_of_a_line_is_underlined_behind_it() {
        let shown = Place::in_file("g", "a\r\nb", 2..3).to_string();
        assert!(shown.ends_with("1 | a\n  |   ^"), "{shown}");
    }
}
