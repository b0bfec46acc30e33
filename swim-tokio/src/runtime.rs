//! Whether the runtime in which a node is started has what the node needs.
//!
//! tokio cannot be asked for it: where a runtime was built without time or without I/O, the first use panics. That panic
//! is made into an error here, and no other: all others go on as they are.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use crate::error::StartError;

/// Whether the runtime has timers.
pub(crate) fn has_time() -> Result<(), StartError> {
    // Making one is what panics; it is never waited for.
    without_panic("timers are disabled", || drop(tokio::time::sleep(Duration::ZERO))).ok_or(StartError::NoTime)
}

/// What `open` opens, in a runtime that has I/O.
pub(crate) fn with_io<T>(open: impl FnOnce() -> Result<T, StartError>) -> Result<T, StartError> {
    without_panic("IO is disabled", open).unwrap_or(Err(StartError::NoIo))
}

/// What `work` comes to; `None` where it panics with `words`. What it has opened by then is closed by the unwinding.
fn without_panic<T>(words: &str, work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(panic) if text(&*panic).is_some_and(|text| text.contains(words)) => None,
        Err(panic) => resume_unwind(panic),
    }
}

fn text(panic: &(dyn Any + Send)) -> Option<&str> {
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    panic.downcast_ref::<&str>().copied().or_else(owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_panic_that_is_meant_becomes_an_error() {
        assert_eq!(without_panic("timers", || 7), Some(7));
        assert_eq!(without_panic("timers", || panic!("there are no timers")), None::<u32>);
        let other = catch_unwind(|| without_panic("timers", || panic!("a mistake in {}", "other words")));
        assert_eq!(text(&*other.expect_err("it goes on")), Some("a mistake in other words"));
    }
}
