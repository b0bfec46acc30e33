//! Writing bodies: their fields in their order, and no others.

use std::net::SocketAddr;

use serde::{Serialize, Serializer};
use swim_core::{Change, Changes, Labels, Source, Status};

/// The bytes of a body.
pub(crate) fn to_bytes(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("texts, numbers, and objects with texts for keys can be written")
}

/// Asks for a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinRequest<'a> {
    pub(crate) app: &'a str,
    pub(crate) source: SocketAddr,
    pub(crate) incarnation_number: u64,
    /// Nanoseconds.
    pub(crate) timeout: u64,
    #[serde(skip_serializing_if = "is_empty")]
    pub(crate) labels: Labels<'a>,
}

/// The whole list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinAnswer<'a> {
    pub(crate) app: &'a str,
    pub(crate) coordinator: SocketAddr,
    #[serde(serialize_with = "entries")]
    pub(crate) membership: Changes<'a, SocketAddr>,
    pub(crate) membership_checksum: u32,
}

/// A ping, and its answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PingBody<'a> {
    #[serde(serialize_with = "entries")]
    pub(crate) changes: Changes<'a, SocketAddr>,
    pub(crate) checksum: u32,
    pub(crate) source: SocketAddr,
    pub(crate) source_incarnation_number: u64,
    pub(crate) app: &'a str,
}

/// Asks to ping another.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PingReqRequest<'a> {
    pub(crate) source: SocketAddr,
    pub(crate) source_incarnation_number: u64,
    pub(crate) target: SocketAddr,
    pub(crate) checksum: u32,
    #[serde(serialize_with = "entries")]
    pub(crate) changes: Changes<'a, SocketAddr>,
}

/// What came of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PingReqAnswer<'a> {
    #[serde(serialize_with = "entries")]
    pub(crate) changes: Changes<'a, SocketAddr>,
    pub(crate) ping_status: bool,
    pub(crate) target: SocketAddr,
}

/// An application error.
#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    pub(crate) message: &'a str,
}

impl<'a> ErrorBody<'a> {
    pub(crate) fn new(message: &'a str) -> Self {
        Self { kind: "error", message }
    }
}

/// A change as it stands in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    source: Maker,
    source_incarnation_number: u64,
    address: SocketAddr,
    incarnation_number: u64,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tombstone: Option<bool>,
    #[serde(skip_serializing_if = "is_empty")]
    labels: Labels<'a>,
}

impl<'a> From<Change<'a, SocketAddr>> for Entry<'a> {
    fn from(change: Change<'a, SocketAddr>) -> Self {
        let Change { address, incarnation, status, source, labels } = change;
        // Whoever does not know tombstones takes them for faulty members.
        let (status, tombstone) = match status {
            Status::Tombstone => (Status::Faulty, Some(true)),
            status => (status, None),
        };
        Self {
            source: Maker(source),
            source_incarnation_number: source.map_or(0, |source| source.incarnation.get()),
            address,
            incarnation_number: incarnation.get(),
            status: status.name(),
            tombstone,
            labels,
        }
    }
}

/// Who made a change; nobody is the empty text.
struct Maker(Option<Source<SocketAddr>>);

impl Serialize for Maker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(source) => source.address.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }
}

fn entries<S: Serializer>(changes: &Changes<'_, SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(changes.iter().map(Entry::from))
}

fn is_empty(labels: &Labels<'_>) -> bool {
    labels.is_empty()
}
