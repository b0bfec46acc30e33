//! Two result files side by side: what differs, by how much, and how sure that is.
//!
//! ```text
//!  A ──> Selection ──┐
//!                    ├──> Join: points with the same settings ──> Difference of each result ──> Comparison
//!  B ──> Selection ──┘          runs with the same seeds paired       with its interval
//! ```

mod comparison;
mod join;
mod selection;
mod statistics;
mod text;

pub use comparison::{Comparison, Mark, Pairing, Point, ResultLine, Side, compare};
pub use join::JoinError;
pub use selection::{Selection, SelectionError};
pub use statistics::{Difference, Interval, Sample};
pub use text::ComparisonText;
