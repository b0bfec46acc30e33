//! Result files: one row for each run, as CSV or Parquet, always with the same columns in the same order.
//!
//! ```text
//!  sweep │ run │ runs │ settings ... │ seed │ results ... │ error
//!  which sweep, which │ of the point │      │ what the run │ why there are none
//!  run of how many    │ of the grid  │      │ showed       │
//! ```

mod csv;
mod file;
mod layout;
mod merge;
mod parquet;
mod table;
mod value;

pub use file::{Format, FormatError, ReadError, WriteError, encode, read, write};
pub use layout::{Column, Layout, LayoutError};
pub use merge::{Completeness, MergeError, Part, merge};
#[cfg(test)]
pub(crate) use table::tests;
pub use table::{RowError, Table};
pub use value::{Kind, Value};
