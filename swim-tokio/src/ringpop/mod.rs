//! Membership of ringpop clusters: the same node, spoken to over TChannel with JSON bodies.
//!
//! ```text
//!   bytes of a connection ─> tchannel ─> calls ─> body, translate ─> Message ─> Node
//!                            (frames,    (endpoint,   (JSON)          (swim-core)
//!                             checksums)  arguments)
//! ```
//!
//! All of these but the last are without I/O.

mod admin;
#[cfg(test)]
mod behaviour;
mod body;
pub(crate) mod digest;
mod farm;
mod follow;
mod link;
mod links;
mod ring;
mod stats;
pub(crate) mod tchannel;
pub(crate) mod translate;
pub(crate) mod wire;

pub use digest::fingerprint32;
pub use follow::Ring;
pub use ring::HashRing;
