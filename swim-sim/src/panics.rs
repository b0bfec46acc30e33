//! Panics of nodes are findings: what they said is kept, not printed.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// Does something that may panic; what was changed meanwhile is not used after a panic but to look at it.
///
/// # Errors
/// What the panic said.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    quiet_panics();
    PANIC.with(|panic| *panic.borrow_mut() = Some(String::new()));
    let ended = catch_unwind(AssertUnwindSafe(work));
    let panicked = PANIC.with(|panic| panic.borrow_mut().take()).unwrap_or_default();
    ended.map_err(|_| panicked)
}

thread_local! {
    /// What the last panic of this thread said; `None` where panics are to be printed.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on panics of runs are kept, not printed; all others are printed as before.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let kept = PANIC.with(|panic| match panic.borrow_mut().as_mut() {
                Some(said) => {
                    *said = info.to_string().replace('\n', " ");
                    true
                }
                None => false,
            });
            if !kept {
                print(info);
            }
        }));
    });
}
