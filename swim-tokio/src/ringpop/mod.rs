//! Membership of ringpop clusters: the same node, spoken to over TChannel with JSON bodies.
//!
//! ```text
//!   bytes of a connection ─> tchannel ─> calls ─> body ─> Message ─> Node
//!                            (frames,    (endpoint,  (JSON)   (swim-core)
//!                             checksums)  arguments)
//! ```
//!
//! All of these but the last are without I/O.

mod body;
mod digest;
mod farm;
mod ring;
pub(crate) mod tchannel;

pub use digest::fingerprint32;
pub use ring::HashRing;
