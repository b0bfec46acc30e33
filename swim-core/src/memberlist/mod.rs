//! The membership list: who is listed, as what, in which order they are probed, and the checksum of it all.
//!
//! ```text
//! Memberlist ── records    one small record a member, found by slot         record
//!            ├─ index      address -> slot, open addressing                 index
//!            ├─ order      the shuffled round robin of the probe (R4)       order
//!            ├─ targets    whom it meets next                               targets
//!            ├─ proven     who has ever answered this node (R16)            proven
//!            ├─ sources    who claimed it, where it is not the member       slot_map
//!            ├─ labels     of those that have some                          label_store
//!            └─ sum        the incremental checksum (I4)                  checksum
//! ```
//! A slot is stable as long as its member is listed. At two thousand members a pair of node and member costs
//! twelve bytes of record (with a four-byte address), five of index and four of order.

mod checksum;
mod index;
mod label_store;
mod order;
mod proven;
mod record;
mod slot;
mod slot_map;
mod slot_set;
mod storage;
mod targets;

pub(crate) use record::{State, Told};
pub(crate) use slot::Slot;
pub(crate) use slot_map::SlotMap;
pub(crate) use slot_set::SlotSet;
pub(crate) use storage::{HasPending, Memberlist, NextVersion, Place, Wanted};
