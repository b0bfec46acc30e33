//! Lines of a process that waits for nobody who reads them: a terminal that was stopped, a pager that nobody scrolls, a disk
//! that hangs. A thread each writes what is to go to stdout and to stderr. What finds no room in its queue is lost, and how
//! much that was is told once somebody reads on.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that wait to be read.
const LINES_MAX: usize = 1024;
/// How long the end waits until all are written.
const END_MAX: Duration = Duration::from_secs(1);

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Stdout,
    Stderr,
}

/// What a thread is to do.
enum Task {
    Write(Vec<u8>),
    /// To let go of this, so that whoever waits knows that all before it is written.
    End(#[expect(dead_code, reason = "dropped, and nothing else")] SyncSender<()>),
}

static STDOUT: OnceLock<SyncSender<Task>> = OnceLock::new();
static STDERR: OnceLock<SyncSender<Task>> = OnceLock::new();
static LOST: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

impl To {
    fn queue(self) -> &'static OnceLock<SyncSender<Task>> {
        match self {
            Self::Stdout => &STDOUT,
            Self::Stderr => &STDERR,
        }
    }

    fn lost(self) -> &'static AtomicU64 {
        &LOST[self as usize]
    }
}

/// From now on nothing that is written waits. Where the system has no threads left it does as before.
pub(crate) fn start() {
    begin(To::Stdout, io::stdout());
    begin(To::Stderr, io::stderr());
}

fn begin(to: To, file: impl Write + Send + 'static) {
    let (queue, tasks) = sync_channel(LINES_MAX);
    let thread = thread::Builder::new().name("lines".into()).spawn(move || work(file, &tasks, to.lost()));
    if thread.is_ok() {
        let _ = to.queue().set(queue);
    }
}

fn work(mut file: impl Write, tasks: &Receiver<Task>, lost: &AtomicU64) {
    for task in tasks {
        let Task::Write(line) = task else { continue };
        let missing = lost.swap(0, Ordering::Relaxed);
        let told = match missing {
            0 => Ok(()),
            _ => writeln!(file, "warning: {missing} lines are lost; they could not be written in time"),
        };
        match told.and_then(|()| file.write_all(&line)).and_then(|()| file.flush()) {
            // Whoever read has seen enough.
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(_) => drop(lost.fetch_add(missing + 1, Ordering::Relaxed)),
        }
    }
}

/// Writes whole lines: at once into the queue, or, where nothing was [started](start), in the caller's time.
pub(crate) fn write(to: To, lines: &[u8]) -> io::Result<()> {
    let Some(queue) = to.queue().get() else {
        return match to {
            To::Stdout => io::stdout().lock().write_all(lines).and_then(|()| io::stdout().flush()),
            To::Stderr => io::stderr().write_all(lines),
        };
    };
    if queue.try_send(Task::Write(lines.to_vec())).is_err() {
        to.lost().fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Waits until all is written, but not for long, and not where a queue is full: nobody reads that one.
pub(crate) fn end() {
    let (end, ended) = sync_channel(0);
    for queue in [&STDOUT, &STDERR].into_iter().filter_map(OnceLock::get) {
        let _ = queue.try_send(Task::End(end.clone()));
    }
    drop(end);
    // It fails when both threads have let go of the other end.
    let _ = ended.recv_timeout(END_MAX);
}

/// For a log: what it writes at once is one line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LogLines;

impl Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        write(To::Stderr, line).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
