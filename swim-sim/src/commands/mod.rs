//! What the binary can do, one command a file.

pub(crate) mod list;
pub(crate) mod run;
pub(crate) mod show;
