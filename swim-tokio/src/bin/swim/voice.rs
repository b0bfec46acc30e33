//! Lines of a process that waits for nobody who reads them: a terminal that was stopped, a pager that nobody scrolls, a disk
//! that hangs. One thread writes what is to go to stdout and to stderr, in the order in which it was said. What finds no room in
//! its queue is lost, and how much that was is told once somebody reads on.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// Bytes of the log that wait to be written.
const LOG_MAX: usize = 4 << 20;
/// ... and of all there is. A log that nobody reads leaves room for an error.
const ALL_MAX: usize = LOG_MAX + (64 << 10);
/// So much is written at once, where it waits.
const BATCH: usize = 64 << 10;
/// How long the end waits until all is written.
const END_MAX: Duration = Duration::from_secs(1);

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Stdout,
    Stderr,
}

impl To {
    fn write(self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(lines)?;
                out.flush()
            }
            Self::Stderr => io::stderr().write_all(lines),
        }
    }
}

/// What the thread is to do.
enum Task {
    Write(To, Vec<u8>),
    /// To let go of this, so that whoever waits knows that all before it is written.
    End(SyncSender<()>),
}

static QUEUE: OnceLock<Sender<Task>> = OnceLock::new();
/// Bytes in it.
static WAITING: AtomicUsize = AtomicUsize::new(0);
/// Writes that found no room.
static LOST: AtomicUsize = AtomicUsize::new(0);

/// From now on nothing that is written waits. Where the system has no thread left it does as before.
pub(crate) fn start() {
    let (queue, tasks) = channel();
    if thread::Builder::new().name("lines".into()).spawn(move || work(&tasks)).is_ok() {
        let _ = QUEUE.set(queue);
    }
}

fn work(tasks: &Receiver<Task>) {
    let mut next = tasks.recv().ok();
    while let Some(task) = next.take() {
        let (to, mut lines) = match task {
            Task::Write(to, lines) => (to, lines),
            Task::End(end) => {
                // Before the next one is waited for.
                drop(end);
                next = tasks.recv().ok();
                continue;
            }
        };
        // What waits for the same reader goes with it.
        while lines.len() < BATCH {
            match tasks.try_recv() {
                Ok(Task::Write(also, more)) if also == to => lines.extend(more),
                other => {
                    next = other.ok();
                    break;
                }
            }
        }
        WAITING.fetch_sub(lines.len(), Ordering::Relaxed);
        let lost = LOST.swap(0, Ordering::Relaxed);
        if lost > 0 {
            lines.extend(format!("warning: {lost} lines are lost; they could not be written in time\n").into_bytes());
        }
        match to.write(&lines) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => drop(LOST.fetch_add(lost + 1, Ordering::Relaxed)),
            // Written, or whoever read has seen enough.
            _ => {}
        }
        next = next.or_else(|| tasks.recv().ok());
    }
}

/// Writes whole lines: into the queue, or, where nothing was [started](start), in the caller's time.
pub(crate) fn write(to: To, lines: &[u8]) -> io::Result<()> {
    write_within(ALL_MAX, to, lines)
}

fn write_within(most: usize, to: To, lines: &[u8]) -> io::Result<()> {
    let Some(queue) = QUEUE.get() else { return to.write(lines) };
    if WAITING.fetch_add(lines.len(), Ordering::Relaxed) + lines.len() > most {
        WAITING.fetch_sub(lines.len(), Ordering::Relaxed);
        LOST.fetch_add(1, Ordering::Relaxed);
        return Ok(());
    }
    // The thread never ends.
    let _ = queue.send(Task::Write(to, lines.to_vec()));
    Ok(())
}

/// Waits until all is written, but not for long.
pub(crate) fn end() {
    let Some(queue) = QUEUE.get() else { return };
    let (end, ended) = sync_channel(0);
    let _ = queue.send(Task::End(end));
    // It fails when the thread has let go of the other end.
    let _ = ended.recv_timeout(END_MAX);
}

/// For a log: what it writes at once is one line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LogLines;

impl Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        write_within(LOG_MAX, To::Stderr, line).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
