//! Reading one value, whatever stands there: what cannot be used is passed over, and is no error of the whole body.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use swim_core::{Checksum, Incarnation};

use super::super::digest::parse_address;
use super::BodyError;

/// One value, as far as any field here can use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// Missing, or null.
    #[default]
    None,
    Flag(bool),
    Number(u64),
    Text(String),
    /// A negative or fractional number, one that is larger than 64 bits, a list, or an object.
    Other,
}

impl Scalar {
    /// The text of a field that may be missing or empty.
    pub(crate) fn text(self, field: &'static str) -> Result<Option<String>, BodyError> {
        match self {
            Self::None => Ok(None),
            Self::Text(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            _ => Err(BodyError::Field(field)),
        }
    }

    /// The address in a field that must be there.
    pub(crate) fn address(&self, field: &'static str) -> Result<SocketAddr, BodyError> {
        match self {
            Self::Text(text) => parse_address(text).ok_or(BodyError::Field(field)),
            _ => Err(BodyError::Field(field)),
        }
    }

    /// The checksum in a field; 0 where it is missing.
    pub(crate) fn checksum(&self, field: &'static str) -> Result<Checksum, BodyError> {
        let number = self.number().and_then(|number| u32::try_from(number).ok());
        number.map(Checksum).ok_or(BodyError::Field(field))
    }

    /// The incarnation in a field; 0 where it is missing.
    pub(crate) fn incarnation(&self, field: &'static str) -> Result<Incarnation, BodyError> {
        self.number().and_then(Incarnation::new).ok_or(BodyError::Field(field))
    }

    fn number(&self) -> Option<u64> {
        match self {
            Self::None => Some(0),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Something that is made of an object's fields.
pub(super) trait Fields: Default {
    fn fill<'de, M: MapAccess<'de>>(map: M) -> Result<Self, M::Error>;
}

/// What an object says; `None` for any other value.
pub(super) struct Whole<T>(pub(super) Option<T>);

impl<'de, T: Fields> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Any::new())? {
            Value::Object(object) => Ok(Self(Some(object))),
            Value::Scalar(_) => Ok(Self(None)),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Any::<Ignored>::new())? {
            Value::Scalar(scalar) => Ok(scalar),
            Value::Object(_) => Ok(Self::Other),
        }
    }
}

/// An object nobody looks at.
#[derive(Default)]
struct Ignored;

impl Fields for Ignored {
    fn fill<'de, M: MapAccess<'de>>(mut map: M) -> Result<Self, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self)
    }
}

/// Any value.
pub(super) enum Value<T> {
    Object(T),
    Scalar(Scalar),
}

/// Takes whatever stands there.
pub(super) struct Any<T>(PhantomData<T>);

impl<T> Any<T> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Fields> Visitor<'de> for Any<T> {
    type Value = Value<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Value<T>, E> {
        Ok(Value::Scalar(Scalar::None))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value<T>, E> {
        Ok(Value::Scalar(Scalar::Flag(flag)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<T>, E> {
        Ok(Value::Scalar(Scalar::Number(number)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<T>, E> {
        Ok(Value::Scalar(Scalar::Other))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<T>, E> {
        Ok(Value::Scalar(Scalar::Other))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<T>, E> {
        Ok(Value::Scalar(Scalar::Text(text.to_owned())))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Value<T>, S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Scalar(Scalar::Other))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Value<T>, M::Error> {
        T::fill(map).map(Value::Object)
    }
}
