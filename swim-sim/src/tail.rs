//! The last lines of what is written.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// Keeps the last lines; its clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    lines: Arc<Mutex<VecDeque<Vec<u8>>>>,
    most: usize,
}

impl Tail {
    /// Keeps so many lines.
    pub(crate) fn new(most: usize) -> Self {
        Self { lines: Arc::default(), most }
    }

    /// The lines.
    pub(crate) fn text(&self) -> Vec<u8> {
        self.lines.lock().map(|lines| lines.iter().flatten().copied().collect()).unwrap_or_default()
    }
}

impl Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.lines.lock().map_err(|_| io::Error::other("a writer panicked"))?;
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            match lines.back_mut().filter(|line| !line.ends_with(b"\n")) {
                Some(line) => line.extend_from_slice(part),
                None => lines.push_back(part.to_vec()),
            }
            while lines.len() > self.most {
                lines.pop_front();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_stay_however_they_were_written() {
        let mut tail = Tail::new(2);
        for part in ["on", "e\ntwo\nth", "ree\nfour\n"] {
            tail.write_all(part.as_bytes()).unwrap();
        }
        assert_eq!(tail.text(), b"three\nfour\n");
    }
}
