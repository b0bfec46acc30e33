//! One node of the cluster: an agent in a process of its own.
//!
//! ```text
//!            kill                 suspend
//!   Down <--------- Running  <--------------->  Suspended ---> Down
//!        --------->            resume                     kill
//!         revive
//! ```
//!
//! A process ends with this one, however that ends: it is killed when its handle is dropped, and it ends by itself when
//! its stdin is closed (agent/mod.rs). Only processes that were started here get signals: the system keeps the number of
//! a child for it until its end was seen.

use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::client::{Client, PATIENCE};

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    /// From 1 on.
    pub(super) number: usize,
    /// The same in all its lives.
    pub(super) address: SocketAddr,
    state: State,
}

#[derive(Debug)]
enum State {
    Running(Process),
    Suspended(Process),
    Down,
}

#[derive(Debug)]
struct Process {
    child: Child,
    admin: SocketAddr,
    /// Closed when this process ends.
    _stdin: ChildStdin,
}

/// What a node is as the one who plays sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Running,
    Suspended,
    Down,
}

/// How all nodes are started.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) program: PathBuf,
    pub(super) preset: String,
    /// Where each node's log goes.
    pub(super) logs: Option<PathBuf>,
}

/// How long a node may take to start.
const START_MAX: Duration = Duration::from_secs(60);
/// How much of what a node says on stderr is kept.
const LAST_WORDS: usize = 20;

impl Node {
    /// Starts a node on a free port, that joins `hosts`.
    pub(super) async fn start(plan: &Plan, number: usize, hosts: &[SocketAddr]) -> anyhow::Result<Self> {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let (address, process) = launch(plan, number, anywhere, hosts, &[]).await?;
        Ok(Self { number, address, state: State::Running(process) })
    }

    /// Starts it again where it was, cut off from `cut`.
    pub(super) async fn revive(&mut self, plan: &Plan, hosts: &[SocketAddr], cut: &[SocketAddr]) -> anyhow::Result<()> {
        if self.life() != Life::Down {
            bail!("node {} is not down", self.number);
        }
        let (_, process) = launch(plan, self.number, self.address, hosts, cut).await?;
        self.state = State::Running(process);
        Ok(())
    }

    /// Ends it at once.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        match &mut self.state {
            State::Running(process) | State::Suspended(process) => {
                process.child.kill().await.with_context(|| format!("node {} cannot be killed", self.number))?;
                self.state = State::Down;
                Ok(())
            }
            State::Down => bail!("node {} is down already; `revive {0}` starts it again", self.number),
        }
    }

    /// Stops it without ending it.
    pub(super) fn suspend(&mut self) -> anyhow::Result<()> {
        match std::mem::replace(&mut self.state, State::Down) {
            State::Running(process) => {
                process.signal(Signal::SIGSTOP)?;
                self.state = State::Suspended(process);
                Ok(())
            }
            other => {
                self.state = other;
                bail!("node {} does not run", self.number)
            }
        }
    }

    /// Lets it run on.
    pub(super) fn resume(&mut self) -> anyhow::Result<()> {
        match std::mem::replace(&mut self.state, State::Down) {
            State::Suspended(process) => {
                process.signal(Signal::SIGCONT)?;
                self.state = State::Running(process);
                Ok(())
            }
            other => {
                self.state = other;
                bail!("node {} is not suspended", self.number)
            }
        }
    }

    pub(super) fn life(&self) -> Life {
        match self.state {
            State::Running(_) => Life::Running,
            State::Suspended(_) => Life::Suspended,
            State::Down => Life::Down,
        }
    }

    /// Its admin address, while it runs.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        match &self.state {
            State::Running(process) => Ok(Client::new(process.admin, PATIENCE)),
            State::Suspended(_) => bail!("node {} is suspended; `resume {0}` first", self.number),
            State::Down => bail!("node {} is down; `revive {0}` first", self.number),
        }
    }

    /// Notices where it ended by itself.
    pub(super) fn look(&mut self) -> Option<String> {
        let (State::Running(process) | State::Suspended(process)) = &mut self.state else { return None };
        let status = process.child.try_wait().ok()??;
        self.state = State::Down;
        Some(format!("node {} ended by itself ({status})", self.number))
    }
}

impl Process {
    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = self.child.id().context("the process has ended")?;
        kill(Pid::from_raw(i32::try_from(id)?), signal).with_context(|| format!("{signal} could not be sent"))
    }
}

/// Starts a process, and waits until it says where it listens.
async fn launch(
    plan: &Plan,
    number: usize,
    bind: SocketAddr,
    hosts: &[SocketAddr],
    cut: &[SocketAddr],
) -> anyhow::Result<(SocketAddr, Process)> {
    let mut command = Command::new(&plan.program);
    command.args(["agent", "--end-with-stdin", "--allow-partitions", "--retry-join", "--admin", "127.0.0.1:0"]);
    command.args(["--cluster", "swim-cluster", "--preset", &plan.preset, "--bind", &bind.to_string()]);
    for (flag, addresses) in [("--join", hosts), ("--cut", cut)] {
        for address in addresses {
            command.args([flag, &address.to_string()]);
        }
    }
    // What is meant for an agent of one's own is not meant for these.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"SWIM_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // Ctrl-C is for this process, which then ends the others.
    command.process_group(0);
    if plan.logs.is_some() {
        command.args(["--log", "info"]);
    }
    let mut child = command.spawn().with_context(|| format!("{} cannot be started", plan.program.display()))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (stdin, stdout) = (stdin.context("no stdin")?, stdout.context("no stdout")?);
    let words = listen(stderr.context("no stderr")?, plan, number)?;
    let mut lines = BufReader::new(stdout).lines();
    match tokio::time::timeout(START_MAX, introduction(&mut lines)).await {
        Ok(Some((address, admin))) => {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            Ok((address, Process { child, admin, _stdin: stdin }))
        }
        Ok(None) => {
            let status = child.wait().await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
            let words = words.lock().unwrap_or_else(PoisonError::into_inner);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            Err(anyhow!("node {number} did not start ({status}): {}", words.join("; ")))
        }
        Err(_) => bail!("node {number} did not start within {START_MAX:?}"),
    }
}

/// The addresses that an agent names when it starts; `None` where it ends before.
async fn introduction(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<(SocketAddr, SocketAddr)> {
    let mut address = None;
    loop {
        let line = lines.next_line().await.ok()??;
        if let Some(rest) = line.strip_prefix("swim agent ") {
            address = rest.split(' ').next()?.parse().ok();
        }
        if let Some((_, admin)) = line.split_once("http://") {
            return Some((address?, admin.trim().parse().ok()?));
        }
    }
}

/// Keeps what a process says on stderr: its last words, and all of it where logs are wanted.
fn listen(
    stderr: impl AsyncRead + Unpin + Send + 'static,
    plan: &Plan,
    number: usize,
) -> anyhow::Result<Arc<Mutex<VecDeque<String>>>> {
    let mut log = None;
    if let Some(folder) = &plan.logs {
        let path = folder.join(format!("node-{number}.log"));
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        log = Some(file.with_context(|| format!("the log {} cannot be written", path.display()))?);
    }
    let words = Arc::new(Mutex::new(VecDeque::new()));
    let kept = Arc::clone(&words);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            // A full disk must not stop the play.
            let _ = log.as_mut().map(|log| writeln!(log, "{line}"));
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_back(line);
            if kept.len() > LAST_WORDS {
                kept.pop_front();
            }
        }
    });
    Ok(words)
}
