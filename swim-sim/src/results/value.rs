//! One value of a row: a number, a text, or missing. Written and read back it is the same value, to the last bit.

use std::fmt;

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Whole numbers of 64 bits with a sign.
    Integer,
    /// Numbers that are neither infinite nor undefined.
    Float,
    /// Texts, none of them empty.
    Text,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// There is none: a run that did not heal has no time in which it healed.
    Missing,
    /// A whole number.
    Integer(i64),
    /// A number; finite.
    Float(f64),
    /// A text; not empty.
    Text(String),
}

impl Value {
    /// A number; missing where it is infinite or undefined.
    pub fn float(number: f64) -> Self {
        if number.is_finite() { Self::Float(number) } else { Self::Missing }
    }

    /// A count; the largest whole number where it is larger.
    pub fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A text; missing where it is empty.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Missing } else { Self::Text(text) }
    }

    /// Reads what `Display` wrote of a value of this kind; `None` where it is none.
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Missing);
        }
        match kind {
            Kind::Integer => text.parse().ok().map(Self::Integer),
            Kind::Float => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Self::Float),
            Kind::Text => Some(Self::Text(text.into())),
        }
    }

    /// Whether a column of this kind can hold it.
    pub fn fits(&self, kind: Kind) -> bool {
        match self {
            Self::Missing => true,
            Self::Integer(_) => kind == Kind::Integer,
            Self::Float(number) => kind == Kind::Float && number.is_finite(),
            Self::Text(text) => kind == Kind::Text && !text.is_empty(),
        }
    }

    /// Whether there is none.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// The whole number, if it is one.
    pub const fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The number that it is, or that its text reads as: columns of CSV files have no kinds.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Missing => None,
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Text(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        }
    }
}

/// The shortest text that reads back as the same value; nothing where it is missing.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_to_the_last_bit() {
        let third = Value::Float(1.0 / 3.0);
        for (kind, value) in [
            (Kind::Integer, Value::Integer(i64::MIN)),
            (Kind::Float, third),
            (Kind::Float, Value::Float(5e-324)),
            (Kind::Float, Value::Float(-4.0)),
            (Kind::Text, Value::text("10")),
            (Kind::Text, Value::Missing),
        ] {
            assert_eq!(Value::parse(kind, &value.to_string()), Some(value.clone()), "{value:?}");
            assert!(value.fits(kind));
        }
    }

    #[test]
    fn what_is_no_number_is_missing_or_refused() {
        assert_eq!(Value::float(f64::NAN), Value::Missing);
        assert_eq!(Value::parse(Kind::Float, "inf"), None);
        assert_eq!(Value::parse(Kind::Integer, "1.0"), None);
        assert_eq!(Value::text("0x12").as_number(), None);
        assert_eq!(Value::text("4.5").as_number(), Some(4.5));
    }
}
