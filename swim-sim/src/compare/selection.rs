//! A part of a result file: the rows in which a setting has a certain value.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::results::{Table, Value};

/// A setting and the value that it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Which setting.
    pub name: String,
    /// Which value.
    pub value: String,
}

/// Why nothing is selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// Not of the form of a selection.
    #[error("write a setting and its value, such as `preset=lan`")]
    Form,
    /// No such setting.
    #[error("{file} has no setting `{name}`; its settings are {settings}")]
    Name {
        /// Which file.
        file: String,
        /// The name that it does not have.
        name: String,
        /// The names that it has.
        settings: String,
    },
    /// No row with that value.
    #[error("`{name}` is never `{value}` in {file}; it is {values}")]
    Value {
        /// Which file.
        file: String,
        /// Which setting.
        name: String,
        /// The value that it never has.
        value: String,
        /// The values that it has.
        values: String,
    },
}

impl Selection {
    /// Leaves only the selected rows in a table.
    ///
    /// # Errors
    /// When there are none.
    pub fn apply(&self, file: &str, table: &mut Table) -> Result<(), SelectionError> {
        let Self { name, value } = self.clone();
        let layout = table.layout();
        let place = layout.place(&name).filter(|place| layout.settings().contains(place));
        let Some(place) = place else {
            let settings = layout.columns()[layout.settings()].iter().map(|column| column.name.as_str());
            let settings = settings.collect::<Vec<_>>().join(", ");
            return Err(SelectionError::Name { file: file.into(), name, settings });
        };
        let values: BTreeSet<_> = table.rows().iter().map(|row| row[place].to_string()).collect();
        table.retain(|row| self.takes(&row[place]));
        if table.rows().is_empty() {
            let values = values.into_iter().collect::<Vec<_>>().join(", ");
            return Err(SelectionError::Value { file: file.into(), name, value, values });
        }
        Ok(())
    }

    /// Numbers are the same however they are written.
    fn takes(&self, value: &Value) -> bool {
        let text = Value::text(&self.value);
        value.to_string() == self.value || (text.as_number().is_some() && text.as_number() == value.as_number())
    }
}

/// `preset=lan`
impl FromStr for Selection {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let (name, value) = text.split_once('=').ok_or(SelectionError::Form)?;
        Ok(Self { name: name.trim().into(), value: value.trim().into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::small;

    fn apply(text: &str) -> Result<usize, SelectionError> {
        let mut table = small();
        text.parse::<Selection>()?.apply("a.csv", &mut table)?;
        Ok(table.rows().len())
    }

    #[test]
    fn rows_with_the_value_stay_however_it_is_written() {
        assert_eq!((apply("nodes=10"), apply("nodes=20.0")), (Ok(2), Ok(2)));
    }

    #[test]
    fn mistakes_say_what_there_is() {
        assert_eq!(apply("nodes"), Err(SelectionError::Form));
        let error = |text| apply(text).unwrap_err().to_string();
        assert_eq!(error("nodes=7"), "`nodes` is never `7` in a.csv; it is 10, 20");
        assert_eq!(error("messages=0"), "a.csv has no setting `messages`; its settings are nodes");
    }
}
