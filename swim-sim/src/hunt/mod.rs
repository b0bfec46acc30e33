//! The hunt: random small clusters with random faults, seed after seed. What must always hold is checked after every
//! input; then the faults stop for a core of the nodes, which must converge within a bound.
//!
//! ```text
//!   seed ──draw──> Scenario ──attempt──> nothing, or a Find ──shrink──> a smaller Scenario that fails alike
//! ```

mod attempt;
mod draw;
mod find;
mod shrink;

pub use attempt::{Attempt, Pass, attempt};
pub use draw::draw;
pub use find::{Find, FindKind};
pub use shrink::{Shrinker, shrink};
