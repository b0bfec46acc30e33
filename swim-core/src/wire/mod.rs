//! The bytes of a message: encoding, decoding and sizes. docs/WIRE.md describes the layout for other languages.
//!
//! A message is one frame: a header that says what it is and guards it, and a body. Each message has exactly one
//! encoding, and only that one is accepted. So equal messages are equal bytes, and what a peer sends costs at most
//! the memory that [`Limits`] allow (I5, I9).
//!
//! ```
//! use swim_core::{ChangeList, Changes, Checksum, ClusterId, Incarnation, Kind, Message, Seq, wire};
//!
//! let cluster = ClusterId::from_name("example");
//! let message: Message<'_, u32> = Message {
//!     kind: Kind::Ping { seq: Seq(1) },
//!     incarnation: Incarnation::new(1_700_000_000_000).unwrap(),
//!     checksum: Checksum(7),
//!     changes: Changes::NONE,
//! };
//! let mut datagram = Vec::new();
//! wire::encode(cluster, &message, &mut datagram);
//!
//! let mut list = ChangeList::new();
//! let decoded = wire::decode(cluster, wire::Limits::datagram(1400), &datagram, &mut list);
//! assert_eq!(decoded, Ok(message));
//! ```

mod block;
mod body;
mod change;
mod cursor;
mod error;
mod frame;
mod kind;
mod limits;
mod size;
#[cfg(test)]
mod tests;

/// Bodies without a frame, for benches/wire.rs.
#[doc(hidden)]
pub use body::{decode as decode_body, encode as encode_body};
pub use error::DecodeError;
pub use frame::{HEADER_LEN, VERSION, decode, encode, frame_len};
pub use limits::{Limits, MAX_BODY_LEN};
pub use size::encoded_len;
pub(crate) use size::{change_len, empty_len, own_change_len};
