//! What is said of a member, and which of two claims wins.

mod change;
mod change_list;
mod incarnation;
pub(crate) mod precedence;
mod record;
mod status;

pub use change::{Change, Source};
pub use change_list::{ChangeList, Changes};
pub use incarnation::Incarnation;
pub use precedence::{Claim, Precedence, precedence};
pub use record::Member;
pub use status::Status;
