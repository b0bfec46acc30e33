//! The simulator against the analysis of SWIM (Das, Gupta, Motivala, DSN 2002): what is predicted, what is measured, and
//! whether the two agree.
//!
//! ```text
//!   settings ──> experiments ──> series ──┬──> cells ──> verdicts ──> table
//!                                         │
//!                            predictions ─┘
//! ```
//! Where the protocol differs from the paper on purpose, `settings` switches that off.

mod cell;
mod comparison;
mod detection;
mod epidemic;
mod experiment;
pub mod prediction;
mod round_robin;
mod rumour;
mod series;
mod settings;
mod table;
mod traffic_at_rest;
mod wrong_accusations;

pub use cell::{Allowed, Cell, EVENTS_MIN, Events, TRIALS_MIN, Verdict};
pub use comparison::{Comparison, Done, Effort};
pub use experiment::TheoryError;
pub use series::Series;
pub use table::Table;

#[cfg(test)]
mod tests;
