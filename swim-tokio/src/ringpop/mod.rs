//! Membership of ringpop clusters: the same node, spoken to over TChannel with JSON bodies.
//!
//! ```text
//!   bytes of a connection ─> tchannel ─> calls ─> body, translate ─> Message ─> Node
//!                            (frames,    (endpoint,   (JSON)          (swim-core)
//!                             checksums)  arguments)
//! ```
//!
//! All of these but the last are without I/O.

#[cfg(test)]
mod behaviour;
mod body;
mod digest;
mod farm;
mod ring;
pub(crate) mod tchannel;
pub(crate) mod translate;

pub use digest::fingerprint32;
pub use ring::HashRing;
