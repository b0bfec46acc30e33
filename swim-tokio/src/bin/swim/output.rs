//! What people and programs read: lines, and colours where there is somebody to see them.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

use anyhow::Context;
use owo_colors::{OwoColorize, Style};
use swim_core::Status;

/// Writes a line to stdout. Whoever reads may have seen enough: a closed pipe is no mistake.
pub(crate) fn print(line: impl Display) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("the output cannot be written"),
        _ => Ok(()),
    }
}

/// Writes a line to stderr, if anybody reads it.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether what is printed has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    On,
    Off,
}

impl Paint {
    /// Colours only on a terminal, and not where `NO_COLOR` is set.
    pub(crate) fn of_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if wanted && io::stdout().is_terminal() { Self::On } else { Self::Off }
    }

    pub(crate) fn style(self, text: impl Display, style: Style) -> String {
        match self {
            Self::On => text.style(style).to_string(),
            Self::Off => text.to_string(),
        }
    }
}

/// The colour of a status.
pub(crate) fn style_of(status: Status) -> Style {
    match status {
        Status::Alive => Style::new().green(),
        Status::Suspect => Style::new().yellow(),
        Status::Faulty => Style::new().red(),
        Status::Leave | Status::Tombstone => Style::new().dimmed(),
    }
}
