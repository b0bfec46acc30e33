//! Reading bodies: all endpoints share one reader, which takes what it knows and passes over the rest.
//!
//! Changes become claims one at a time, so that a body takes no more memory than they do.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use swim_core::{Change, ChangeList, Labels, MAX_LABELS_RECEIVED, Source, Status};

use super::value::{Any, Fields, Scalar, Value, Whole};
use super::{BodyError, Dropped};

/// What a body of any endpoint says.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) app: Scalar,
    pub(crate) source: Scalar,
    pub(crate) incarnation_number: Scalar,
    pub(crate) source_incarnation_number: Scalar,
    pub(crate) checksum: Scalar,
    pub(crate) membership_checksum: Scalar,
    pub(crate) target: Scalar,
    pub(crate) ping_status: Scalar,
    pub(crate) message: Scalar,
    pub(crate) changes: Told,
    pub(crate) membership: Told,
}

/// A list of changes.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Those that are claims about members.
    pub(crate) list: ChangeList<SocketAddr>,
    /// The others.
    pub(crate) dropped: Dropped,
}

impl Body {
    /// Reads `bytes`; none at all are an empty object.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, BodyError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// What is read of one change.
#[derive(Debug, Default)]
struct Entry {
    source: Scalar,
    source_incarnation_number: Scalar,
    address: Scalar,
    incarnation_number: Scalar,
    status: Scalar,
    tombstone: Scalar,
    labels: Pairs,
}

/// Labels: `None` where they are not what a member can have.
#[derive(Debug)]
struct Pairs(Option<BTreeMap<String, String>>);

impl Default for Pairs {
    fn default() -> Self {
        Self(Some(BTreeMap::new()))
    }
}

impl Told {
    /// Adds an entry as a claim, or counts why it is none.
    fn push(&mut self, entry: &Entry) {
        let Ok(address) = entry.address.address("address") else {
            self.dropped.address += 1;
            return;
        };
        let Ok(incarnation) = entry.incarnation_number.incarnation("incarnationNumber") else {
            self.dropped.incarnation += 1;
            return;
        };
        let source = entry.source.address("source").ok();
        let Ok(source) = source.map(|address| entry.made_by(address)).transpose() else {
            self.dropped.incarnation += 1;
            return;
        };
        let Some(status) = entry.status() else {
            self.dropped.status += 1;
            return;
        };
        let encoded = entry.labels.encoded();
        let Some(labels) = encoded.as_deref().and_then(Labels::from_encoded) else {
            self.dropped.labels += 1;
            return;
        };
        self.list.push(Change { address, incarnation, status, source, labels });
    }
}

impl Entry {
    fn made_by(&self, address: SocketAddr) -> Result<Source<SocketAddr>, BodyError> {
        let incarnation = self.source_incarnation_number.incarnation("sourceIncarnationNumber")?;
        Ok(Source { address, incarnation })
    }

    fn status(&self) -> Option<Status> {
        let Scalar::Text(name) = &self.status else { return None };
        let status = Status::ALL.into_iter().find(|status| status.name() == name)?;
        let is_tombstone = status == Status::Faulty && self.tombstone == Scalar::Flag(true);
        Some(if is_tombstone { Status::Tombstone } else { status })
    }
}

impl Pairs {
    /// As `swim_core` has them: each key and value after its length, in the order of the keys.
    fn encoded(&self) -> Option<Vec<u8>> {
        let mut encoded = Vec::new();
        for text in self.0.as_ref()?.iter().flat_map(|(key, value)| [key, value]) {
            encoded.push(u8::try_from(text.len()).ok()?);
            encoded.extend_from_slice(text.as_bytes());
        }
        Some(encoded)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum BodyField {
    App,
    Source,
    IncarnationNumber,
    SourceIncarnationNumber,
    Checksum,
    MembershipChecksum,
    Target,
    PingStatus,
    Message,
    Changes,
    Membership,
    #[serde(other)]
    Unknown,
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Body;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Body, M::Error> {
                let mut body = Body::default();
                while let Some(field) = map.next_key()? {
                    match field {
                        BodyField::App => body.app = map.next_value()?,
                        BodyField::Source => body.source = map.next_value()?,
                        BodyField::IncarnationNumber => body.incarnation_number = map.next_value()?,
                        BodyField::SourceIncarnationNumber => body.source_incarnation_number = map.next_value()?,
                        BodyField::Checksum => body.checksum = map.next_value()?,
                        BodyField::MembershipChecksum => body.membership_checksum = map.next_value()?,
                        BodyField::Target => body.target = map.next_value()?,
                        BodyField::PingStatus => body.ping_status = map.next_value()?,
                        BodyField::Message => body.message = map.next_value()?,
                        BodyField::Changes => body.changes = map.next_value()?,
                        BodyField::Membership => body.membership = map.next_value()?,
                        BodyField::Unknown => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(body)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Told;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of changes, or null")
            }

            fn visit_unit<E>(self) -> Result<Told, E> {
                Ok(Told::default())
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Told, S::Error> {
                let mut told = Told::default();
                while let Some(entry) = seq.next_element::<Whole<Entry>>()? {
                    match entry.0 {
                        Some(entry) => told.push(&entry),
                        None => told.dropped.shape += 1,
                    }
                }
                Ok(told)
            }
        }
        deserializer.deserialize_any(List)
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Any::<Self>::new())? {
            Value::Object(pairs) => Ok(pairs),
            Value::Scalar(Scalar::None) => Ok(Self::default()),
            Value::Scalar(_) => Ok(Self(None)),
        }
    }
}

impl Fields for Pairs {
    /// Goes on to the end, or what follows could not be read; but keeps no more than a member can have.
    fn fill<'de, M: MapAccess<'de>>(mut map: M) -> Result<Self, M::Error> {
        let mut pairs = Self::default();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value()?;
            match (&mut pairs.0, value) {
                (Some(known), Scalar::Text(value)) if known.len() <= MAX_LABELS_RECEIVED => {
                    known.insert(key, value);
                }
                _ => pairs.0 = None,
            }
        }
        Ok(pairs)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum EntryField {
    Source,
    SourceIncarnationNumber,
    Address,
    IncarnationNumber,
    Status,
    Tombstone,
    Labels,
    #[serde(other)]
    Unknown,
}

impl Fields for Entry {
    fn fill<'de, M: MapAccess<'de>>(mut map: M) -> Result<Self, M::Error> {
        let mut entry = Self::default();
        while let Some(field) = map.next_key()? {
            match field {
                EntryField::Source => entry.source = map.next_value()?,
                EntryField::SourceIncarnationNumber => entry.source_incarnation_number = map.next_value()?,
                EntryField::Address => entry.address = map.next_value()?,
                EntryField::IncarnationNumber => entry.incarnation_number = map.next_value()?,
                EntryField::Status => entry.status = map.next_value()?,
                EntryField::Tombstone => entry.tombstone = map.next_value()?,
                EntryField::Labels => entry.labels = map.next_value()?,
                EntryField::Unknown => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(entry)
    }
}
