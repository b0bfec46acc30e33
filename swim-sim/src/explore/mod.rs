//! Exhaustive exploration of small worlds: every state that a few nodes can reach, whatever the network and the scheduler
//! do within bounds.
//!
//! ```text
//!   a state ──choices──> steps, each with every checker looking on ──> states that were not met before
//!      └── faults stop: it runs on without any, and must converge within the bound of the settings
//! ```
//! Time passes from deadline to deadline, and only while nothing is under way that keeps the order of its link; so a
//! message takes no time, is lost, or leaves that order and comes at any moment up to [`Settings::late`] later.
//! docs/VERIFICATION.md says what that covers.

mod choice;
mod coverage;
mod finding;
mod replay;
mod search;
mod settings;
mod settle;
mod step;
mod table;
#[cfg(test)]
mod tests;
mod world;

pub use choice::{Choice, ChoiceError, Link};
pub use coverage::Coverage;
pub use finding::{Ending, ExploreFind, Way};
pub use replay::{ReplayError, Replayed, replay};
pub use search::{End, Explored, Layer, explore};
pub use settings::{Faults, Settings, SettingsError, Start, short_times};
