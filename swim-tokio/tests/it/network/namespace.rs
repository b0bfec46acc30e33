//! A network namespace without a name: a thread that lives in it. It is gone with the last thread and process that are in
//! it, however the tests end, so that nothing is left behind and nothing can collide.

use std::fs::File;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::gettid;

/// A network namespace.
#[derive(Debug)]
pub(crate) struct Namespace {
    jobs: Option<Sender<Box<dyn FnOnce() + Send>>>,
    /// The thread that lives in it, as the system numbers it.
    thread_id: i32,
    thread: Option<JoinHandle<()>>,
}

impl Namespace {
    /// A new one, with nothing in it but a loopback device.
    ///
    /// # Errors
    /// Where the system does not let this process have one.
    pub(crate) fn new() -> io::Result<Self> {
        let (jobs, receiver): (_, Receiver<Box<dyn FnOnce() + Send>>) = channel();
        let (tell, told) = channel();
        let thread = std::thread::spawn(move || {
            let entered = unshare(CloneFlags::CLONE_NEWNET).map(|()| gettid().as_raw());
            let failed = entered.is_err();
            let _ = tell.send(entered);
            if !failed {
                receiver.iter().for_each(|job| job());
            }
        });
        let thread_id = told.recv().map_err(io::Error::other)??;
        Ok(Self { jobs: Some(jobs), thread_id, thread: Some(thread) })
    }

    /// The number by which `ip link` finds this namespace.
    pub(crate) const fn number(&self) -> i32 {
        self.thread_id
    }

    /// Does `job` inside. Processes that it starts, and sockets that it opens, stay in the namespace.
    pub(crate) fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (tell, told) = channel();
        let jobs = self.jobs.as_ref().expect("the sender is there until the namespace is dropped");
        jobs.send(Box::new(move || drop(tell.send(job())))).expect("the thread takes jobs until then, too");
        told.recv().expect("jobs do not panic")
    }

    /// A thread of its own inside.
    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        let door = File::open(format!("/proc/self/task/{}/ns/net", self.thread_id)).expect("the namespace has a file");
        std::thread::spawn(move || {
            setns(door, CloneFlags::CLONE_NEWNET).expect("who made a namespace may enter it");
            work();
        })
    }

    /// Runs a program inside, which reads `input`.
    ///
    /// # Errors
    /// What the program said when it failed.
    pub(crate) fn execute(&self, program: &str, args: &[&str], input: &str) -> Result<(), String> {
        self.output(program, args, input).map(drop)
    }

    /// Runs a program inside, which reads `input`, and returns what it wrote.
    ///
    /// # Errors
    /// What the program said when it failed.
    pub(crate) fn output(&self, program: &str, args: &[&str], input: &str) -> Result<String, String> {
        let mut command = Command::new(program);
        command.args(args);
        let (line, input) = (format!("{program} {}", args.join(" ")), input.to_owned());
        self.run(move || {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().map_err(|error| format!("`{line}` cannot be run: {error}"))?;
            let written = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
            let output = child.wait_with_output().map_err(|error| format!("`{line}`: {error}"))?;
            if output.status.success() && written.is_ok() {
                return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            Err(format!("`{line}` failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
