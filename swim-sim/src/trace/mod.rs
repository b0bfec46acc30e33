//! Traces: what happens in a run, written down as it happens, for programs and for timeline viewers.

mod chrome;
mod lines;
mod sink;

pub use chrome::ChromeTrace;
pub use lines::JsonLines;
