//! What is printed on standard output.

use std::io::{ErrorKind, Write};

use anyhow::Context;

/// Prints text. Whoever reads may have seen enough: `swim-sim | head` is no mistake.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("the output cannot be written"),
        _ => Ok(()),
    }
}
