//! What people and programs read: lines, and colours where there is somebody to see them.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal};

use anyhow::Context;
use owo_colors::{OwoColorize, Style};
use swim_core::Status;

use crate::voice::{self, To};

/// Writes a line to stdout. Whoever reads may have seen enough: a closed pipe is no mistake.
pub(crate) fn print(line: impl Display) -> anyhow::Result<()> {
    match voice::write(To::Stdout, format!("{line}\n").as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("the output cannot be written"),
        _ => Ok(()),
    }
}

/// Writes a line to stderr, if anybody reads it.
pub(crate) fn say(line: impl Display) {
    let _ = voice::write(To::Stderr, format!("{line}\n").as_bytes());
}

/// Whether what is printed has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    On,
    Off,
}

impl Paint {
    /// Of what goes to stdout.
    pub(crate) fn of_stdout() -> Self {
        Self::of(&io::stdout(), std::env::var_os("NO_COLOR").as_deref())
    }

    /// Of what goes to stderr.
    pub(crate) fn of_stderr() -> Self {
        Self::of(&io::stderr(), std::env::var_os("NO_COLOR").as_deref())
    }

    /// Colours only on a terminal, and not where `NO_COLOR` is set to something.
    fn of(out: &impl IsTerminal, no_color: Option<&OsStr>) -> Self {
        if out.is_terminal() && no_color.is_none_or(OsStr::is_empty) { Self::On } else { Self::Off }
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

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn colours_are_there_on_a_terminal_and_nowhere_else() {
        // The near end of a new terminal, and a device that is none.
        let terminal = File::options().read(true).write(true).open("/dev/ptmx").expect("terminals can be opened");
        let nothing = File::open("/dev/null").expect("it is everywhere");
        assert_eq!(Paint::of(&terminal, None), Paint::On);
        assert_eq!(Paint::of(&nothing, None), Paint::Off);
        assert_eq!(Paint::of(&terminal, Some("".as_ref())), Paint::On, "set to nothing is not set");
        assert_eq!(Paint::of(&terminal, Some("1".as_ref())), Paint::Off);
    }

    #[test]
    fn a_status_has_its_colour_where_there_are_colours() {
        let on = Status::ALL.map(|status| Paint::On.style(status, style_of(status)));
        for (status, text) in Status::ALL.into_iter().zip(&on) {
            assert_eq!(Paint::Off.style(status, style_of(status)), status.to_string());
            assert!(text.starts_with("\u{1b}[") && text.contains(&status.to_string()), "{text:?}");
        }
        let green = |text: &str| text.starts_with("\u{1b}[32m");
        assert!(green(&on[0]) && !on[1..].iter().any(|text| green(text)), "{on:?}");
    }
}
