//! The agents of a lab, as processes in their namespaces: started, stopped, killed, and heard all the while.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use swim_sim::Setup;
use swim_sim::network::{Cut, CutId};

use super::lab::Lab;
use super::seen::{Life, Seen};
use super::watch::{ask, watch};

/// The agents.
#[derive(Debug)]
pub(crate) struct Crew<'a> {
    lab: &'a Lab,
    hosts: String,
    labels: Vec<String>,
    processes: Vec<Option<Child>>,
    /// Those who listen, one for each life of an agent.
    watchers: Vec<JoinHandle<()>>,
    /// What is seen of them.
    pub(crate) seen: Arc<Seen>,
}

impl<'a> Crew<'a> {
    /// Agents that do not run yet, as many as the simulator would have, with the same labels; the first hosts are those that
    /// all know.
    pub(crate) fn new(lab: &'a Lab, setup: &Setup) -> Self {
        let nodes = setup.nodes;
        let hosts: Vec<_> = (0..setup.hosts.min(nodes)).map(|host| Lab::address(host).to_string()).collect();
        let labels = setup.options.labels.as_labels();
        Self {
            lab,
            hosts: hosts.join(","),
            labels: labels.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            processes: (0..nodes).map(|_| None).collect(),
            watchers: Vec::new(),
            seen: Arc::new(Seen::new(nodes)),
        }
    }

    /// Starts an agent.
    pub(crate) fn boot(&mut self, node: u32) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swim"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"SWIM_")) {
            command.env_remove(name);
        }
        command.args(["agent", "--end-with-stdin", "--bind", &Lab::address(node).to_string(), "--join", &self.hosts]);
        for label in &self.labels {
            command.args(["--label", label]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let namespace = self.lab.of(node);
        let child = namespace.run(move || command.spawn()).expect("the agent can be started");
        self.processes[node as usize] = Some(child);
        let life = self.seen.begin(node);
        let seen = Arc::clone(&self.seen);
        self.watchers.push(namespace.spawn(move || watch(&seen, node, life)));
    }

    /// Ends an agent as a power cut would.
    pub(crate) fn kill(&mut self, node: u32) {
        self.seen.set(node, Life::Down);
        if let Some(mut child) = self.processes[node as usize].take() {
            child.kill().expect("it runs");
            child.wait().expect("it has ended");
        }
    }

    /// Those who listen have heard all so far.
    ///
    /// # Panics
    /// Where one of them did: what was seen is not all that happened.
    pub(crate) fn check_watchers(&mut self) {
        for watcher in self.watchers.extract_if(.., |watcher| watcher.is_finished()) {
            watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    }

    /// Ends all agents, and waits for those who listened to them.
    ///
    /// # Panics
    /// As [`check_watchers`](Self::check_watchers).
    pub(crate) fn end(mut self) {
        self.kill_all();
        while !self.watchers.is_empty() {
            self.check_watchers();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Stops an agent's process.
    pub(crate) fn suspend(&mut self, node: u32) {
        self.seen.set(node, Life::Suspended);
        self.signal(node, Signal::SIGSTOP);
    }

    /// Lets it run on.
    pub(crate) fn resume(&mut self, node: u32) {
        self.signal(node, Signal::SIGCONT);
        self.seen.set(node, Life::Running);
    }

    /// Asks an agent from inside its namespace.
    pub(crate) fn ask(&self, node: u32, request: &str, body: &str) -> Option<serde_json::Value> {
        let (request, body) = (request.to_owned(), body.to_owned());
        self.lab.of(node).run(move || ask(&request, &body))
    }

    /// The number of an agent's process.
    pub(crate) fn process(&self, node: u32) -> Option<u32> {
        self.processes[node as usize].as_ref().map(Child::id)
    }

    /// A cut begins.
    pub(crate) fn cut(&mut self, id: CutId, cut: Cut) {
        self.lab.cut(&self.seen.cut(id, Some(cut)));
    }

    /// A cut ends.
    pub(crate) fn mend(&mut self, id: CutId) {
        self.lab.cut(&self.seen.cut(id, None));
    }

    fn kill_all(&mut self) {
        for (node, process) in (0..).zip(&mut self.processes) {
            self.seen.set(node, Life::Down);
            if let Some(mut process) = process.take() {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }

    fn signal(&self, node: u32, signal: Signal) {
        // The number belongs to the child for as long as nobody has waited for it.
        let child = self.processes[node as usize].as_ref().expect("it runs");
        kill(Pid::from_raw(child.id() as i32), signal).expect("a child can be sent signals");
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        self.kill_all();
    }
}
