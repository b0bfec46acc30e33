//! The top of a terminal, where the nodes are shown as they change, above the lines that are typed.
//!
//! The rows above belong to the table, and the terminal scrolls only those below. A drawing saves the cursor, writes the
//! table, and puts the cursor back to where someone types. What does not fit is cut off on the right and summed up at the
//! bottom, and whoever changes the size of the terminal sees it with the next drawing.
//!
//! ```text
//!   NODE  ADDRESS ..                 NODE  ADDRESS ..                   not yet: ..
//!   1     127.0.0.1:40001 ..         1     127.0.0.1:40001 ..           > _
//!   2     127.0.0.1:40002 ..         and 2 more: 1 running, 1 down
//!   3     127.0.0.1:40003 ..         not yet: ..
//!                                    > _
//!   all agree: ..
//!   > _
//! ```

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};

use terminal_size::{Height, Width, terminal_size_of};

use super::view::{Seen, View};
use crate::output::Paint;

/// A terminal that shows a table; put back in order when it is dropped.
#[derive(Debug)]
pub(super) struct Board {
    nodes: usize,
    layout: Layout,
    paint: Paint,
}

/// How the rows of a terminal are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    /// How many nodes are shown.
    shown: usize,
    /// How many rows the board takes.
    rows: usize,
    /// How many characters a row has.
    width: usize,
}

/// Rows that are left to whoever types, if the terminal has any more.
const TYPED: usize = 5;
/// Rows beside those of the nodes: the head, one that is empty or sums up, and whether all agree.
const BESIDES: usize = 3;
/// What a terminal has that does not say.
const USUAL: (Width, Height) = (Width(80), Height(24));

impl Board {
    /// For `nodes` nodes; `None` where nobody looks, or with a terminal that cannot do it.
    pub(super) fn open(nodes: usize) -> Option<Self> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        if dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let layout = Layout::of_terminal(nodes);
        write(&layout.prepared());
        Some(Self { nodes, layout, paint: Paint::of_stdout() })
    }

    pub(super) fn draw(&mut self, view: &View) {
        let layout = Layout::of_terminal(self.nodes);
        if layout != self.layout {
            self.layout = layout;
            write(&layout.prepared());
            self.prompt();
        }
        let mut text = String::from("\x1b7");
        for (row, line) in layout.lines(view, self.paint).iter().enumerate() {
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

impl Layout {
    /// Of the terminal as it is now.
    fn of_terminal(nodes: usize) -> Self {
        let (Width(width), Height(height)) = terminal_size_of(io::stdout()).unwrap_or(USUAL);
        Self::new(nodes, width.into(), height.into())
    }

    fn new(nodes: usize, width: usize, height: usize) -> Self {
        let room = height.saturating_sub(TYPED);
        let shown = nodes.min(room.saturating_sub(BESIDES));
        // Where not one node fits, whether all agree is what matters most.
        let rows = if shown > 0 { shown + BESIDES } else { room.min(1) };
        Self { shown, rows, width }
    }

    /// Clears all, lets only what is below the table scroll, and goes there.
    fn prepared(self) -> String {
        format!("\x1b[2J\x1b[{0};r\x1b[{0};1H", self.rows + 1)
    }

    /// The rows, from the top.
    fn lines(self, view: &View, paint: Paint) -> Vec<String> {
        let Self { shown, rows, width } = self;
        let mut lines = Vec::new();
        if shown > 0 {
            lines = view.table(width, paint);
            lines.truncate(1 + shown);
            lines.push(cut(summed_up(&view.0[shown..]), width));
        }
        let agreed = match view.agreed() {
            Ok(sides) => format!("all agree: {}", sides.join("; ")),
            Err(reason) => format!("not yet: {reason}"),
        };
        lines.push(cut(agreed, width));
        lines.truncate(rows);
        lines
    }
}

/// What those are that are not shown, which is nothing where all are.
fn summed_up(hidden: &[Seen]) -> String {
    let mut lives: BTreeMap<&str, usize> = BTreeMap::new();
    for seen in hidden {
        *lives.entry(seen.life_now().0).or_default() += 1;
    }
    let lives: Vec<String> = lives.iter().map(|(life, count)| format!("{count} {life}")).collect();
    if hidden.is_empty() { String::new() } else { format!("and {} more: {}", hidden.len(), lives.join(", ")) }
}

fn cut(line: String, width: usize) -> String {
    line.chars().take(width).collect()
}

/// To a terminal that is gone nothing needs to be written.
fn write(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::node::Life;

    /// So many nodes, of which the last is down.
    fn view(nodes: usize) -> View {
        let seen = |number: usize| Seen {
            number,
            address: ([127, 0, 0, 1], 40_000 + number as u16).into(),
            life: if number == nodes { Life::Down } else { Life::Running },
            side: 0,
            members: None,
        };
        View((1..=nodes).map(seen).collect())
    }

    #[test]
    fn the_board_fits_every_terminal_and_leaves_rows_to_type_in() {
        for (nodes, height) in [1, 2, 5, 64].iter().flat_map(|nodes| (1..=80).map(move |height| (*nodes, height))) {
            for width in [1, 20, 300] {
                let layout = Layout::new(nodes, width, height);
                assert!(layout.rows + TYPED.min(height) <= height, "{layout:?} of {height}");
                let lines = layout.lines(&view(nodes), Paint::Off);
                assert_eq!(lines.len(), layout.rows, "{layout:?}");
                assert!(lines.iter().all(|line| line.chars().count() <= width), "{layout:?}: {lines:#?}");
                assert_eq!(lines.is_empty(), height <= TYPED, "something is shown where there is room: {layout:?}");
            }
        }
    }

    #[test]
    fn all_nodes_are_shown_where_they_fit() {
        let lines = Layout::new(3, 80, 3 + BESIDES + TYPED).lines(&view(3), Paint::Off);
        assert!(lines[0].starts_with("NODE") && lines[3].starts_with("3     127.0.0.1:40003  down"), "{lines:#?}");
        assert_eq!(lines[4..], ["", "not yet: node 1 does not answer"]);
    }

    #[test]
    fn those_that_do_not_fit_are_summed_up() {
        let lines = Layout::new(4, 80, 2 + BESIDES + TYPED).lines(&view(4), Paint::Off);
        assert!(lines[2].starts_with("2     127.0.0.1:40002"), "{lines:#?}");
        assert_eq!(lines[3..], ["and 2 more: 1 down, 1 silent", "not yet: node 1 does not answer"]);
        assert_eq!(Layout::new(4, 12, 1 + TYPED).lines(&view(4), Paint::Off), ["not yet: nod"]);
    }
}
