//! The bodies of ringpop's calls, as JSON.
//!
//! | endpoint | request | answer |
//! |---|---|---|
//! | `/protocol/join` | app, source, incarnationNumber, timeout, labels? | app, coordinator, membership, membershipChecksum |
//! | `/protocol/ping` | changes, checksum, source, sourceIncarnationNumber, app? | the same |
//! | `/protocol/ping-req` | source, sourceIncarnationNumber, target, checksum, changes | changes, pingStatus, target |
//!
//! They are written strictly: these fields in this order and no others, and what is not there is left out, never null. They
//! are read leniently, field by field:
//!
//! | what is read | what becomes of it |
//! |---|---|
//! | no bytes | as `{}` |
//! | unknown fields; a field twice | ignored; the last one counts |
//! | a number or a list that is missing or null | 0; the empty list |
//! | a number of the body that is negative, no whole number, or too large | the body is refused |
//! | such a number in a change | the change is dropped |
//! | a change that is no object, of an unknown status, of an address in no or another spelling of `ip:port` | it is dropped |
//! | the source of a change that is missing, empty or no address | the change has none; its incarnation is ignored |
//! | labels that a member cannot have | the change is dropped |
//! | status faulty with `tombstone: true`, and status tombstone | a tombstone |
//!
//! Changes that are dropped are counted, by why ([`Dropped`]). A claim with labels beyond [`swim_core::Labels`] is not held
//! without them: it would have another digest, and told on so it could override the real one elsewhere.

mod read;
mod value;
mod write;

pub(crate) use read::{Body, Told};
pub(crate) use value::Scalar;
pub(crate) use write::{ErrorBody, JoinAnswer, JoinRequest, PingBody, PingReqAnswer, PingReqRequest, to_bytes};

/// Why a body was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is no JSON object, or a list in it is none.
    #[error("the body is not the JSON object that it should be: {0}")]
    Json(#[from] serde_json::Error),
    /// A field is missing, or is not what it must be.
    #[error("the field `{0}` of the body is missing, or is not what it must be")]
    Field(&'static str),
    /// It speaks for another application.
    #[error("the body is of the app `{0}`, which is another one")]
    OtherApp(String),
}

/// How many changes of a body were dropped, by why; the first reason counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// They were no objects.
    pub(crate) shape: u32,
    /// Their address is missing, or is not `ip:port`.
    pub(crate) address: u32,
    /// An incarnation is no number, negative, no whole number, or above [`swim_core::Incarnation::MAX`].
    pub(crate) incarnation: u32,
    /// Their status is missing or unknown.
    pub(crate) status: u32,
    /// Their labels are no texts, too many, or too long.
    pub(crate) labels: u32,
}

impl Dropped {
    /// All of them.
    pub(crate) fn total(&self) -> u32 {
        let Self { shape, address, incarnation, status, labels } = *self;
        shape + address + incarnation + status + labels
    }
}

#[cfg(test)]
mod tests;
