//! TChannel, version 2, as far as ringpop uses it: one connection's protocol without I/O.
//!
//! ```text
//!                     ┌───────────────────── connection ─────────────────────┐
//!   bytes read ──────>│ frame ─┬─> theirs ── call ── Arrived::Call ──────────│──> next()
//!   (in any pieces)   │        └─> ours ──── call ── Arrived::Answered ──────│──>
//!                     │              (fragments put together, checksum)      │
//!   bytes to write <──│ write <── call <── theirs <── answer(), expire() ────│<── the host
//!   outgoing()        │       <── call <── ours   <── call(), forget() ──────│<──
//!                     └──────────────────────────────────────────────────────┘
//! ```
//!
//! Both sides may call on any connection, whoever opened it; each numbers its own calls. Everything that another can
//! make grow is bounded ([`Limits`]) before memory is taken, and nothing that arrives panics. What is not as it should
//! be is counted ([`Counters`]).

mod call;
mod checksum;
mod connection;
mod error;
mod frame;
mod ours;
mod shared;
#[cfg(test)]
mod tests;
mod theirs;
mod write;

#[cfg(test)]
pub(crate) use self::shared::Counters;
pub(crate) use self::{
    connection::{Connection, Identity, Limits, Role},
    error::{CallError, ErrorCode, Failure, Fatal},
    ours::SERVICE,
    shared::Arrived,
};
