//! Failure detection (R4): one member is probed at a time, others help, and a member that does not answer is accused.
//!
//! ```text
//!  asker            target         helper                     | one round
//!    │── ping ───────> x                                      | ping_timeout passes
//!    │── ping-req ──────────────────>│── ping ──> x           | helpers have 80 % of what is left
//!    │── ping on a stream ──> x      │                        | (native, beside the helpers)
//!    │<───────────── not reached ────│                        | in time for the verdict
//!    └─ verdict: suspect
//! ```

pub(crate) mod health;
pub(crate) mod help;
pub(crate) mod round;
