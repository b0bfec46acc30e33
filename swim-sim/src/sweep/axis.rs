//! One setting and the values that it takes in a sweep.

use std::str::FromStr;

use toml::Spanned;
use toml::de::DeValue;

use super::place::Place;
use crate::results::{Column, Kind, Value};

/// A setting of a grid. All its values are different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    name: String,
    kind: Kind,
    values: Vec<(String, Place)>,
}

/// Why something is no setting with values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AxisError {
    /// No name or no values.
    #[error("write a setting and the values that it takes, such as `nodes=100,1000`")]
    Form,
    /// A list that is no TOML.
    #[error("{reason}; a value that begins with `[` is a TOML list, such as `split=[\"60,40\", \"50,50\"]`")]
    List {
        /// What is wrong.
        reason: String,
    },
    /// A setting without values.
    #[error("`{name}` has no values; one at least is needed")]
    Empty {
        /// Which setting.
        name: String,
    },
    /// A value that is an empty text.
    #[error("a value of `{name}` is empty")]
    Blank {
        /// Which setting.
        name: String,
    },
    /// A value twice.
    #[error("`{name}` takes the value `{value}` twice; each point of the grid is run once")]
    Twice {
        /// Which setting.
        name: String,
        /// Which value.
        value: String,
    },
    /// A setting that a sweep sets by other means.
    #[error(
        "`{name}` is not a setting of the grid; seeds are given by `--seeds`, such as `--seeds 20` or `--seeds 5..8`"
    )]
    Seed {
        /// Which.
        name: String,
    },
}

impl Axis {
    /// A setting with these values. Where all of them are numbers, they are the numbers, however they were written.
    ///
    /// # Errors
    /// When there are none, one is empty, or one is there twice.
    pub fn new(name: &str, values: Vec<(String, Place)>) -> Result<Self, AxisError> {
        let name = name.to_owned();
        if name.is_empty() {
            return Err(AxisError::Form);
        }
        if name == "seed" || name == "seeds" {
            return Err(AxisError::Seed { name });
        }
        if values.is_empty() {
            return Err(AxisError::Empty { name });
        }
        if values.iter().any(|(value, _)| value.is_empty()) {
            return Err(AxisError::Blank { name });
        }
        let all = |kind| values.iter().all(|(value, _)| Value::parse(kind, value).is_some());
        let kind = [Kind::Integer, Kind::Float].into_iter().find(|kind| all(*kind)).unwrap_or(Kind::Text);
        let axis = Self { name, kind, values };
        let written: Vec<_> = (0..axis.len()).map(|place| axis.value(place).to_string()).collect();
        if let Some(place) = (1..written.len()).find(|place| written[..*place].contains(&written[*place])) {
            return Err(AxisError::Twice { name: axis.name, value: written[place].clone() });
        }
        Ok(axis)
    }

    /// The setting's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many values it takes.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Never: a setting takes one value at least.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A value as it was written.
    pub fn written(&self, place: usize) -> &str {
        &self.values[place].0
    }

    /// A value as it stands in result files.
    pub fn value(&self, place: usize) -> Value {
        Value::parse(self.kind, self.written(place)).expect("`new` found that all are of this kind")
    }

    /// Where a value was written.
    pub fn place(&self, place: usize) -> &Place {
        &self.values[place].1
    }

    /// Its column in result files.
    pub fn column(&self) -> Column {
        Column::new(&self.name, self.kind)
    }
}

/// `nodes=100,1000`, or `split=["60,40", "50,50"]` where values have commas.
impl FromStr for Axis {
    type Err = AxisError;

    fn from_str(text: &str) -> Result<Self, AxisError> {
        let (name, list) = text.split_once('=').ok_or(AxisError::Form)?;
        let list = list.trim();
        let values = if list.starts_with('[') {
            let parsed = DeValue::parse(list);
            let parsed = parsed.map_err(|error| AxisError::List { reason: error.message().into() })?;
            values(&parsed, list).into_iter().map(|(value, _)| value).collect()
        } else {
            list.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>()
        };
        let place = Place::Argument(format!("--vary {text}"));
        Self::new(name.trim(), values.into_iter().map(|value| (value, place.clone())).collect())
    }
}

/// The values of a TOML list, or the one value that is no list, each with where it stands in the text.
pub(super) fn values(value: &Spanned<DeValue<'_>>, text: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let one = |value: &Spanned<DeValue<'_>>| {
        let written = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            _ => text[value.span()].to_owned(),
        };
        (written, value.span())
    };
    value.get_ref().as_array().map_or_else(|| vec![one(value)], |list| list.iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<String>, AxisError> {
        let axis: Axis = text.parse()?;
        Ok((0..axis.len()).map(|place| axis.written(place).to_owned()).collect())
    }

    #[test]
    fn values_are_separated_by_commas_or_are_a_list() {
        assert_eq!(parse("nodes=100, 1000").unwrap(), ["100", "1000"]);
        assert_eq!(parse("latency=1ms..10ms").unwrap(), ["1ms..10ms"]);
        assert_eq!(parse(r#"split=["6,4", "5,5"]"#).unwrap(), ["6,4", "5,5"]);
        assert_eq!(parse("split=[[6, 4], [5, 5]]").unwrap(), ["[6, 4]", "[5, 5]"]);
        assert_eq!(parse("x=[1_000, 0.5, true]").unwrap(), ["1000", "0.5", "true"]);
    }

    #[test]
    fn numbers_are_numbers_in_result_files() {
        let values = |text: &str| {
            let axis: Axis = text.parse().unwrap();
            (axis.column().kind, (0..axis.len()).map(|place| axis.value(place).to_string()).collect::<Vec<_>>())
        };
        assert_eq!(values("nodes=100,010"), (Kind::Integer, vec!["100".into(), "10".into()]));
        assert_eq!(values("loss=0,0.50"), (Kind::Float, vec!["0".into(), "0.5".into()]));
        assert_eq!(values("loss=0,5%"), (Kind::Text, vec!["0".into(), "5%".into()]));
        assert_eq!(values("loss=0,inf").0, Kind::Text);
    }

    #[test]
    fn what_is_no_list_of_different_values_is_refused() {
        let twice = AxisError::Twice { name: "loss".into(), value: "0.5".into() };
        for (text, error) in [
            ("nodes", AxisError::Form),
            ("=5", AxisError::Form),
            ("nodes=", AxisError::Blank { name: "nodes".into() }),
            ("nodes=1,,2", AxisError::Blank { name: "nodes".into() }),
            ("nodes=[]", AxisError::Empty { name: "nodes".into() }),
            ("loss=0.5,1,0.50", twice),
            ("seed=1,2", AxisError::Seed { name: "seed".into() }),
        ] {
            assert_eq!(parse(text).unwrap_err(), error, "{text}");
        }
        assert!(matches!(parse("nodes=[1").unwrap_err(), AxisError::List { .. }));
    }
}
