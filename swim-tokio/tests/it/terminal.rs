//! A terminal of any size, and the board of `swim cluster` as it is drawn on it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use nix::pty::{OpenptyResult, Winsize, openpty};
use tokio::process::Command;

use crate::helpers::{until, within};

/// A terminal, of which what is written to it is kept.
pub(crate) struct Terminal {
    keys: File,
    programs: OwnedFd,
    written: Arc<Mutex<String>>,
}

/// The board as it was drawn once: its rows, without colours, and the first row below that scrolls.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) rows: Vec<String>,
    pub(crate) scrolls_from: usize,
}

impl Terminal {
    pub(crate) fn new(rows: u16, columns: u16) -> Self {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
        let keys = File::from(master);
        let written = Arc::<Mutex<String>>::default();
        let (mut from, to) = (keys.try_clone().unwrap(), Arc::clone(&written));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut bytes) {
                to.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        });
        Self { keys, programs: slave, written }
    }

    /// What a program has for its stdin and its stdout.
    pub(crate) fn end(&self) -> Stdio {
        self.programs.try_clone().unwrap().into()
    }

    pub(crate) async fn resize(&self, rows: u16, columns: u16) {
        let mut stty = Command::new("stty");
        stty.args(["rows", &rows.to_string(), "cols", &columns.to_string()]).stdin(self.end());
        assert!(within(stty.status()).await.unwrap().success());
    }

    pub(crate) fn types(&self, keys: &str) {
        (&self.keys).write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for a board like that.
    pub(crate) async fn shows(&self, what: &str, is_so: impl Fn(&Drawn) -> bool) -> Drawn {
        let mut found = None;
        until(what, || {
            found = self.last().filter(&is_so);
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    /// The last board that was drawn to its end.
    fn last(&self) -> Option<Drawn> {
        let written = self.written.lock().unwrap();
        let (before, drawing) = written[..written.rfind("\x1b8")?].rsplit_once("\x1b7")?;
        let scrolls_from = before.rsplit_once(";r")?.0.rsplit_once('[')?.1.parse().unwrap();
        let mut drawn = Drawn { rows: Vec::new(), scrolls_from };
        for order in drawing.split("\x1b[") {
            if let Some(text) = order.strip_prefix("2K") {
                drawn.rows.push(text.into());
            } else if let Some(row) = order.strip_suffix(";1H") {
                assert_eq!(row.parse(), Ok(drawn.rows.len() + 1), "from the top downwards: {drawing:?}");
            } else if let Some((_, text)) = order.split_once('m') {
                // A colour.
                drawn.rows.last_mut().unwrap().push_str(text);
            }
        }
        Some(drawn)
    }
}
