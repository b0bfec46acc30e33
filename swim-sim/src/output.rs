//! What is printed, and how mistakes are answered.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// Writes to stdout. Whoever reads may have seen enough: a closed pipe is no mistake.
pub(crate) fn print(bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("the output cannot be written"))
        }
        _ => Ok(()),
    }
}

/// Writes a line to stderr, if anybody reads it.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A mistake in what was asked for.
pub(crate) fn mistake(what: impl Display) -> ExitCode {
    say(format_args!("error: {what}"));
    ExitCode::from(2)
}
