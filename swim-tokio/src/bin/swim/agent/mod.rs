//! The agent: one node, its admin address, its memory, and the signals that it obeys.
//!
//! ```text
//! signals -> settings -> hosts, memory -> admin port -> node -> [join] -> reloads -> leave -> end
//! ```

mod advice;
mod hosts;
mod log;
mod memory;
pub(crate) mod signals;

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use swim_tokio::{Filter, JoinError, LeaveError, Swim};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use self::hosts::Hosts;
use self::log::Log;
use self::memory::Memory;
use self::signals::{Asked, Signals};
use crate::admin::Admin;
use crate::exit::{Exit, Failure, OrExit};
use crate::output::{print, say};
use crate::settings::flags::AgentFlags;
use crate::settings::{Settings, Sources};
use crate::voice;

/// A running agent.
pub(crate) struct Agent {
    flags: AgentFlags,
    swim: Swim,
    hosts: Option<Hosts>,
    memory: Option<Memory>,
    /// How many members were remembered from an earlier run.
    recalled: usize,
    retry_join: bool,
    join_timeout: Duration,
    log: Log,
}

/// How long a leave may take to spread before the agent ends all the same.
const LEAVE_MAX: Duration = Duration::from_secs(10);
/// How long the members may take to be written down at the end.
const REMEMBER_MAX: Duration = Duration::from_secs(5);
/// How often it is said that joining takes its time.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether another agent has the same address.
const LOOK_FOR_TWINS_EVERY: Duration = Duration::from_millis(500);
/// Changes that come this close together are remembered together.
const REMEMBER_AFTER: Duration = Duration::from_millis(500);

/// Runs an agent until it is asked to end.
pub(crate) fn run(flags: AgentFlags) -> Result<(), Failure> {
    // One thread answers members, signals and requests: no line that it writes may hold it up.
    voice::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().or_exit(Exit::Failed)?;
    let ended = runtime.block_on(live(flags));
    // A name that is being looked up or a file that is being read may hang; the threads that do it end with the process.
    runtime.shutdown_background();
    ended
}

async fn live(flags: AgentFlags) -> Result<(), Failure> {
    // Before all else: from here on no signal ends the agent unheard.
    let mut signals = Signals::new().or_exit(Exit::Failed)?;
    let settings = tokio::select! {
        settings = read_settings(flags.clone()) => settings?,
        () = signals.end() => return Ok(()),
    };
    let log = Log::start(settings.log.as_deref()).or_exit(Exit::Mistake)?;
    let parent = settings.end_with_stdin.then(watch_parent);
    let (agent, admin) = tokio::select! {
        started = Agent::start(flags, settings, log) => started?,
        () = signals.end() => return Ok(()),
    };
    let ended = tokio::select! {
        ended = agent.work(&mut signals) => ended,
        () = gone(parent) => Ok(()),
    };
    agent.swim.shutdown().await;
    drop(admin);
    ended
}

async fn read_settings(flags: AgentFlags) -> Result<Settings, Failure> {
    on_a_thread(|| Settings::resolve(flags)).await?.or_exit(Exit::Mistake)
}

/// Reads a file on a thread of its own: it may be on a disk that hangs, and whoever waits for it can still end the agent.
async fn on_a_thread<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(read).await.or_exit(Exit::Failed)
}

impl Agent {
    async fn start(flags: AgentFlags, settings: Settings, log: Log) -> Result<(Self, Option<Admin>), Failure> {
        let hosts = match settings.sources {
            sources if sources.is_empty() => None,
            sources => Some(on_a_thread(move || Hosts::open(&sources)).await?.or_exit(Exit::Mistake)?),
        };
        let memory = settings.remember.map(|path| Memory::new(path, &settings.options.app));
        let recalled = match memory.clone() {
            None => Vec::new(),
            Some(memory) => on_a_thread(move || memory.recall()).await?.unwrap_or_else(|error| {
                say_chain("warning", &error);
                Vec::new()
            }),
        };
        // Before the node, so that nobody hears of an agent that cannot start.
        let admin = Admin::open(settings.admin, settings.admin_exposed).await?;
        let filter = settings.allow_partitions.then(Filter::new);
        if let Some(filter) = &filter {
            settings.cut.iter().for_each(|member| filter.block(*member));
        }
        let join_timeout = settings.options.join.max_duration;
        let mut builder = Swim::builder().bind(settings.bind).options(settings.options).remembered(recalled.clone());
        if let Some(advertise) = settings.advertise {
            builder = builder.advertise(advertise);
        }
        if let Some(hosts) = &hosts {
            builder = builder.discovery(hosts.clone());
        }
        if let Some(filter) = filter {
            builder = builder.filter(filter);
        }
        let swim = builder.start().await.map_err(advice::not_started)?;
        let agent = Self {
            flags,
            swim,
            hosts,
            memory,
            recalled: recalled.len(),
            retry_join: settings.retry_join,
            join_timeout,
            log,
        };
        agent.introduce(admin.as_ref())?;
        let admin = admin.map(|admin| admin.serve(&agent.swim));
        Ok((agent, admin))
    }

    /// Says what it is and what it will do.
    fn introduce(&self, admin: Option<&Admin>) -> anyhow::Result<()> {
        let swim = &self.swim;
        let mut lines = vec![
            format!("swim agent {} of the cluster `{}`", swim.local(), swim.cluster()),
            format!("  listens on  {} (UDP and TCP)", swim.bound()),
        ];
        lines.push(match admin {
            Some(admin) => format!("  admin       http://{}", admin.address()),
            None => "  admin       off".into(),
        });
        lines.push(match &self.hosts {
            Some(hosts) => format!("  joins       {hosts}"),
            None if self.recalled > 0 => "  joins       those that it remembers".into(),
            None => format!("  joins       nobody; others join with --join {}", swim.local()),
        });
        if let Some(memory) = &self.memory {
            lines.push(format!("  remembers   {} members in {}", self.recalled, memory.path().display()));
        }
        if swim.filter().is_some() {
            lines.push("  partitions  can be played over the admin address".into());
        }
        print(lines.join("\n"))
    }

    /// Lives until it is asked to end, and leaves.
    async fn work(&self, signals: &mut Signals) -> Result<(), Failure> {
        let mut joining = Box::pin(self.join());
        let mut joined = false;
        let mut remembering = Box::pin(self.keep_remembering());
        let mut watching = Box::pin(self.watch_for_twins());
        let mut ending = Box::pin(self.until_it_stops());
        let asked_to_reload = Notify::new();
        let mut reloading = Box::pin(self.keep_reloading(&asked_to_reload));
        let mut patience = tokio::time::interval_at(Instant::now() + PATIENCE, PATIENCE);
        loop {
            tokio::select! {
                result = &mut joining, if !joined => {
                    result?;
                    joined = true;
                }
                _ = patience.tick(), if !joined => self.say_still_joining(),
                never = &mut remembering => match never {},
                never = &mut watching => match never {},
                never = &mut reloading => match never {},
                () = &mut ending => return Err(Failure::new(Exit::Failed, anyhow::anyhow!("the node has stopped; its log says why"))),
                asked = signals.next() => match asked {
                    Asked::Reload => asked_to_reload.notify_one(),
                    Asked::End => break,
                }
            }
        }
        drop(remembering);
        let last = async { tokio::join!(self.leave(), self.remember_to_the_end()) };
        tokio::select! {
            _ = last => Ok(()),
            // Who asks twice does not want to wait. To read the hosts anew is of no use any more.
            () = signals.end() => {
                say("warning: ended at once; members that were not told find this one faulty");
                Ok(())
            }
        }
    }

    /// Ends when the node does, which nobody has asked for: an agent without a node is of no use.
    async fn until_it_stops(&self) {
        self.swim.stopped().await;
    }

    async fn join(&self) -> Result<(), Failure> {
        let mut result = self.swim.joined().await;
        loop {
            match result {
                Ok(hosts) => {
                    self.log.joined();
                    let reachable = self.swim.stats().count_reachable();
                    let said =
                        print(format_args!("joined: {hosts} of the hosts answered; reachable members: {reachable}"));
                    // On a full disk, say. The others know the node by now.
                    said.unwrap_or_else(|error| say_chain("warning", error.as_ref()));
                    return Ok(());
                }
                Err(error @ (JoinError::Stopped | JoinError::AlreadyJoined)) => {
                    return Err(Failure::new(Exit::Failed, error));
                }
                // A loopback address stays one, however often it is tried.
                Err(error) if self.retry_join && !matches!(error, JoinError::Loopback { .. }) => {
                    advice::not_joined(error, self).report();
                    say("trying again");
                    result = self.swim.join().await;
                }
                Err(error) => return Err(advice::not_joined(error, self)),
            }
        }
    }

    /// Reads the hosts anew each time that it is asked for: once more, however often that was meanwhile.
    async fn keep_reloading(&self, asked: &Notify) -> Infallible {
        loop {
            asked.notified().await;
            self.reload().await;
        }
    }

    /// Reads the hosts anew and looks for those among them that are not reachable yet. Never fatal.
    async fn reload(&self) {
        let Some(hosts) = self.hosts.clone() else {
            say("warning: there are no hosts to read anew; the agent was started without any");
            return;
        };
        let flags = self.flags.clone();
        // On a thread that may wait for a disk; this one has members to answer.
        let read = tokio::task::spawn_blocking(move || -> anyhow::Result<Hosts> {
            hosts.replace(&Sources::reread(&flags)?)?;
            Ok(hosts)
        });
        let hosts = match read.await.map_err(anyhow::Error::from).and_then(|read| read) {
            Ok(hosts) => hosts,
            Err(error) => return say_chain("warning: nothing was read anew", error.as_ref()),
        };
        let looked = print(format_args!("hosts were read anew: {hosts}"));
        if looked.is_err() || !self.swim.is_ready() {
            // A node that joins asks for hosts in each round by itself.
            return;
        }
        let swim = self.swim.clone();
        tokio::spawn(async move {
            match swim.heal_now().await {
                Ok(0) => {}
                Ok(asked) => drop(print(format_args!("{asked} hosts that were not reachable were asked"))),
                Err(error) => say_chain("warning: new hosts could not be asked", &error),
            }
        });
    }

    async fn leave(&self) {
        match tokio::time::timeout(LEAVE_MAX, self.swim.leave()).await {
            Ok(Ok(acknowledged)) => drop(print(format_args!("left: {acknowledged} members know"))),
            // There is nothing to leave, or nothing left to do.
            Ok(Err(LeaveError::NotReady | LeaveError::AlreadyLeft | LeaveError::Stopped)) => {}
            Ok(Err(error)) => say_chain("warning", &error),
            Err(_) => {
                say(format_args!("warning: nobody acknowledged the leave within {LEAVE_MAX:?}; ending all the same"))
            }
        }
    }

    fn say_still_joining(&self) {
        let still = if self.retry_join { "for ever".into() } else { format!("for {:?} in all", self.join_timeout) };
        say(format_args!("not joined yet: too few hosts have answered; it is tried {still}, Ctrl-C ends it"));
        if let Some(trouble) = self.swim.join_trouble() {
            say_chain("  so far", &trouble);
        }
    }

    /// Says so where another agent has this one's address.
    async fn watch_for_twins(&self) -> Infallible {
        let seen = || self.swim.stats().transport.own_address;
        let mut told = 0;
        loop {
            tokio::time::sleep(LOOK_FOR_TWINS_EVERY).await;
            if seen() > told && self.swim.is_ready() {
                told = u64::MAX;
                say(format_args!(
                    "error: another agent uses {} too, so that members see the two as one that comes and goes\n  \
                     advice: pass --bind or --advertise with an address that no other agent has",
                    self.swim.local()
                ));
            }
        }
    }

    /// Remembers the members whenever they change.
    async fn keep_remembering(&self) -> Infallible {
        if self.memory.is_none() {
            return pending().await;
        }
        let mut changes = self.swim.changes();
        while changes.changed().await.is_some() {
            tokio::time::sleep(REMEMBER_AFTER).await;
            self.remember().await;
        }
        pending().await
    }

    /// Remembers the members once more before the end, unless that takes too long.
    async fn remember_to_the_end(&self) {
        if tokio::time::timeout(REMEMBER_MAX, self.remember()).await.is_err() {
            say(format_args!(
                "warning: the members are not written down after {REMEMBER_MAX:?}; ending with those of before"
            ));
        }
    }

    /// Remembers the members as they are, unless that is nobody: then those before are of more use.
    async fn remember(&self) {
        let Some(memory) = self.memory.clone() else { return };
        let members = memory::worth_remembering(&self.swim.members());
        if members.is_empty() {
            return;
        }
        // On a thread that may wait for the disk; this one has members to answer.
        let written = tokio::task::spawn_blocking(move || memory.remember(members)).await;
        if let Ok(Err(error)) = written {
            say_chain("warning", &error);
        }
    }
}

/// Waits for the end of the process that started this one.
async fn gone(parent: Option<oneshot::Receiver<()>>) {
    match parent {
        Some(parent) => drop(parent.await),
        None => pending().await,
    }
}

/// Notices when the process that started this one is gone: it holds the other end of stdin.
fn watch_parent() -> oneshot::Receiver<()> {
    // A process that is stopped does not see its stdin end.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    let (gone, end) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = gone.send(());
    });
    end
}

/// An error with all its causes, on one line.
fn say_chain(what: &str, error: &(dyn std::error::Error + 'static)) {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let text: Vec<String> = causes.map(ToString::to_string).collect();
    say(format_args!("{what}: {}", text.join(": ")));
}
