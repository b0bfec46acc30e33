//! The top of a terminal, where the nodes are shown as they change, above the lines that are typed.
//!
//! The rows above belong to the table, and the terminal scrolls only those below. A drawing saves the cursor, writes the
//! table, and puts the cursor back to where someone types.

use std::io::{self, IsTerminal, Write};

use super::view::View;
use crate::output::Paint;

/// A terminal that shows a table; put back in order when it is dropped.
#[derive(Debug)]
pub(super) struct Board {
    rows: usize,
    paint: Paint,
}

impl Board {
    /// For `nodes` nodes; `None` where nobody looks, or with a terminal that cannot do it.
    pub(super) fn open(nodes: usize) -> Option<Self> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        if dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let rows = nodes + 3;
        // Clear all, let only what is below the table scroll, and go there.
        write(&format!("\x1b[2J\x1b[{};r\x1b[{};1H", rows + 1, rows + 1));
        Some(Self { rows, paint: Paint::of_stdout() })
    }

    pub(super) fn draw(&self, view: &View) {
        let mut lines = view.table(self.paint);
        lines.push(String::new());
        lines.push(match view.agreed() {
            Ok(sides) => format!("all agree: {}", sides.join("; ")),
            Err(reason) => format!("not yet: {reason}"),
        });
        let mut text = String::from("\x1b7");
        for row in 0..self.rows {
            let line = lines.get(row).map(String::as_str).unwrap_or_default();
            text.push_str(&format!("\x1b[{};1H\x1b[2K{line}", row + 1));
        }
        text.push_str("\x1b8");
        write(&text);
    }

    /// Asks for a line.
    pub(super) fn prompt(&self) {
        write("> ");
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // All rows scroll again, and what comes next is below all that was written.
        write("\x1b[r\x1b[999;1H\n");
    }
}

/// To a terminal that is gone nothing needs to be written.
fn write(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
