//! A grid as a TOML file: `seeds`, and a table `vary` with a list of values for each setting.
//!
//! ```toml
//! seeds = 20
//!
//! [vary]
//! nodes = [100, 1000]
//! network.loss = ["0%", "5%"]
//! ```

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::axis::{Axis, AxisError, values};
use super::place::Place;
use super::seed_range::{SeedRange, SeedRangeError};

/// What a grid file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridFile {
    /// The settings, in the order of the file.
    pub axes: Vec<Axis>,
    /// The seeds, if it says.
    pub seeds: Option<SeedRange>,
}

/// Why a file is no grid. The message shows the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}\n{place}")]
pub struct GridFileError {
    reason: Reason,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("{0}")]
    Toml(String),
    #[error("`{key}` is no key of a grid file; allowed are `seeds` and the table `vary`")]
    Unknown { key: String },
    #[error("`vary` is a table: write `[vary]`, and below it a line for each setting, such as `nodes = [100, 1000]`")]
    Vary,
    #[error(transparent)]
    Axis(#[from] AxisError),
    #[error(transparent)]
    Seeds(#[from] SeedRangeError),
}

impl GridFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no TOML, has an unknown key, or a setting without different values.
    pub fn parse(file: &str, text: &str) -> Result<Self, GridFileError> {
        let at = |bytes| Place::in_file(file, text, bytes);
        let table = DeTable::parse(text).map_err(|error| GridFileError {
            place: at(error.span().unwrap_or(text.len()..text.len())),
            reason: Reason::Toml(error.message().into()),
        })?;
        let mut grid = Self { axes: Vec::new(), seeds: None };
        for (key, value) in table.get_ref() {
            let reason = match key.get_ref().as_ref() {
                "seeds" => match seeds(value, text) {
                    Ok(seeds) => {
                        grid.seeds = Some(seeds);
                        continue;
                    }
                    Err(error) => error.into(),
                },
                "vary" => match value.get_ref().as_table() {
                    Some(table) => {
                        grid.axes = Vary { file, text }.axes(table)?;
                        continue;
                    }
                    None => Reason::Vary,
                },
                key => Reason::Unknown { key: key.into() },
            };
            return Err(GridFileError { reason, place: at(key.span()) });
        }
        Ok(grid)
    }
}

/// A number, or a range as a text.
fn seeds(value: &Spanned<DeValue<'_>>, text: &str) -> Result<SeedRange, SeedRangeError> {
    match value.get_ref() {
        DeValue::String(range) => range.parse(),
        _ => text[value.span()].parse(),
    }
}

/// Reads the table `vary`.
struct Vary<'a> {
    file: &'a str,
    text: &'a str,
}

impl Vary<'_> {
    /// The settings in the order in which they are written.
    fn axes(&self, table: &DeTable<'_>) -> Result<Vec<Axis>, GridFileError> {
        let mut found = Vec::new();
        self.collect("", table, &mut found)?;
        found.sort_by_key(|(start, _)| *start);
        Ok(found.into_iter().map(|(_, axis)| axis).collect())
    }

    /// Tables within lead to settings with dots in their names.
    fn collect(&self, prefix: &str, table: &DeTable<'_>, found: &mut Vec<(usize, Axis)>) -> Result<(), GridFileError> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            if let Some(within) = value.get_ref().as_table() {
                self.collect(&format!("{name}."), within, found)?;
                continue;
            }
            let values = values(value, self.text).into_iter();
            let values = values.map(|(value, bytes)| (value, Place::in_file(self.file, self.text, bytes))).collect();
            let place = || Place::in_file(self.file, self.text, key.span());
            let axis = Axis::new(&name, values);
            let axis = axis.map_err(|error| GridFileError { reason: error.into(), place: place() })?;
            found.push((key.span().start, axis));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_keep_the_order_of_the_file() {
        let text = "[vary]\nnodes = [10, 20]\nloss = [\"0%\", \"5%\"]\ncut = \"20s\"\n";
        let grid = GridFile::parse("g.toml", text).unwrap();
        assert_eq!(grid.axes.iter().map(Axis::name).collect::<Vec<_>>(), ["nodes", "loss", "cut"]);
        assert_eq!((grid.axes[1].written(1), grid.axes[2].len(), grid.seeds), ("5%", 1, None));
    }

    #[test]
    fn dots_and_tables_are_the_same_setting() {
        for text in ["vary.network.loss = [1]", "[vary.network]\nloss = [1]", "[vary]\n\"network.loss\" = 1"] {
            assert_eq!(GridFile::parse("g", text).unwrap().axes[0].name(), "network.loss", "{text}");
        }
    }

    #[test]
    fn seeds_are_a_number_or_a_range() {
        for (text, seeds) in [("seeds = 20", "1..20"), ("seeds = \"5..8\"", "5..8")] {
            assert_eq!(GridFile::parse("g", text).unwrap().seeds.unwrap().to_string(), seeds);
        }
    }

    #[test]
    fn mistakes_are_shown_with_their_line_and_what_is_allowed() {
        for (text, line, hint) in [
            ("seeds = 20\nsedes = 5\n", "g.toml:2:1", "allowed are `seeds` and the table `vary`"),
            ("seeds = \"x\"\n", "g.toml:1:1", "such as `20`"),
            ("\nvary = 5\n", "g.toml:2:1", "write `[vary]`"),
            ("[vary]\nnodes = []\n", "g.toml:2:1", "one at least"),
            ("[vary]\nx = 1\nnodes = [1, 1]\n", "g.toml:3:1", "twice"),
            ("[vary]\nnodes = [1, \n\n", "g.toml:", "array"),
            ("[vary]\nseed = [1, 2]\n", "g.toml:2:1", "--seeds"),
        ] {
            let error = GridFile::parse("g.toml", text).unwrap_err().to_string();
            assert!(error.contains(line) && error.contains(hint), "{text}: {error}");
        }
    }
}
