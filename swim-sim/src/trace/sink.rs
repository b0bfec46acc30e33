//! Where a trace is written to. The first failure ends the trace and is told when it is finished; the run goes on.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

/// A buffered writer that remembers why it stopped.
pub(crate) struct Sink {
    writer: BufWriter<Box<dyn Write + Send>>,
    failed: Option<io::Error>,
}

impl Sink {
    pub(crate) fn new(writer: impl Write + Send + 'static) -> Self {
        Self { writer: BufWriter::with_capacity(BUFFER, Box::new(writer)), failed: None }
    }

    /// Writes `before`, then `value` as JSON.
    pub(crate) fn write(&mut self, before: &str, value: &impl Serialize) {
        if self.failed.is_some() {
            return;
        }
        let written = self.writer.write_all(before.as_bytes());
        let written = written.and_then(|()| serde_json::to_writer(&mut self.writer, value).map_err(io::Error::from));
        self.failed = written.err();
    }

    /// Writes `after` and everything that is still in the buffer.
    pub(crate) fn finish(mut self, after: &str) -> io::Result<()> {
        match self.failed.take() {
            None => {
                self.writer.write_all(after.as_bytes())?;
                self.writer.flush()
            }
            Some(error) => {
                // Dropped as it is, the buffer would try to write once more.
                let _ = self.writer.into_parts();
                Err(error)
            }
        }
    }
}

const BUFFER: usize = 1 << 16;
