//! The one task: drives a node with datagrams, streams, time, hosts and requests.
//!
//! ```text
//!   requests ──┐                                   ┌──> the wire: messages to others
//!   the wire ──┤                                   ├──> tasks whose ends come back here: of the wire, of discovery
//!   tasks ─────┼─> one turn: input ─> Node ─> effects ──> events, logs, metrics
//!   the sleep ─┘                                   ├──> ends of commands
//!                                                  └──> the sleep
//! ```
//!
//! How messages travel is the [`Wire`]'s: datagrams and streams of swim-core's own format ([`native`]), or ringpop's
//! connections (`ringpop/wire.rs`).
//!
//! The task waits for whichever comes first, at random where several have come, so that no flood of one kind keeps the
//! others out; a turn takes one batch. Then it runs to its end without an `await`, in buffers of the thread
//! (`scratch.rs`).

pub(crate) mod clock;
mod effects;
mod inputs;
pub(crate) mod joining;
pub(crate) mod native;
mod remembered;
mod report;
pub(crate) mod scratch;
mod twin;
pub(crate) mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use swim_core::{About, BootstrapOptions, CommandId, DiscoverId, Input, Instant, Options, Outcome};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};

use self::clock::Clock;
use self::remembered::Remembered;
use self::report::Report;
use self::scratch::Scratch;
use self::wire::Wire;
use crate::discovery::{Discover, Found};
use crate::request::{Request, Wanted};
use crate::shared::Shared;
use crate::stats::TransportCounters;

/// What a driver is made of, besides its wire.
pub(crate) struct Parts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) discovery: Arc<dyn Discover>,
    pub(crate) remembered: Vec<SocketAddr>,
    pub(crate) join_time: Duration,
}

/// The task. Its fields end in the order in which they stand here: first the ports are closed, then the handles see
/// that the node has stopped, and last those that wait for that wake up.
pub(crate) struct Driver<W: Wire> {
    pub(crate) wire: W,
    pub(crate) tasks: JoinSet<Ended<W::Finished>>,
    commands: BTreeMap<CommandId, oneshot::Sender<Outcome>>,
    next_command: u64,
    pub(crate) clock: Clock,
    /// When the node wants its next tick.
    wake: Option<Instant>,
    discovery: Arc<dyn Discover>,
    remembered: Remembered,
    /// What was missing of the hosts, and who was left out, when that was told last.
    missing: (String, Vec<SocketAddr>),
    join_time: Duration,
    /// What did not arrive, as the node is to be told.
    later: VecDeque<Refused>,
    pub(crate) counters: TransportCounters,
    report: Report,
    pub(crate) shared: Stopping,
    requests: mpsc::Receiver<Request>,
}

/// Tells the handles when the task ends, however that comes about.
pub(crate) struct Stopping(Arc<Shared>);

impl Drop for Stopping {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(target: "swim", local = %self.0.fixed.local, "the task of the node panicked; the node has stopped");
        }
        self.0.stop();
    }
}

impl std::ops::Deref for Stopping {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What a task of the driver's came to.
pub(crate) enum Ended<F> {
    Wire(Box<F>),
    Hosts { id: DiscoverId, found: Found },
}

/// What did not arrive.
struct Refused {
    to: SocketAddr,
    about: About,
}

/// Why the task woke up.
enum Woken<W: Wire> {
    Request(Option<Request>),
    Time,
    Arrived(W::Arrival),
    Ended(Result<Ended<W::Finished>, JoinError>),
}

/// Whether the task goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    Stop,
}

impl<W: Wire> Driver<W> {
    pub(crate) fn new(wire: W, parts: Parts) -> Self {
        let Parts { shared, requests, discovery, remembered, join_time } = parts;
        Self {
            wire,
            tasks: JoinSet::new(),
            commands: BTreeMap::new(),
            next_command: 0,
            clock: shared.fixed.clock,
            wake: None,
            discovery,
            remembered: Remembered::new(remembered),
            missing: Default::default(),
            join_time,
            later: VecDeque::new(),
            counters: TransportCounters::default(),
            report: Report::new(&shared),
            shared: Stopping(shared),
            requests,
        }
    }

    /// Runs until the last handle is gone, or one of them asks to stop.
    pub(crate) async fn run(mut self, options: BootstrapOptions) {
        tracing::info!(
            target: "swim", local = %self.shared.fixed.local, bound = %self.shared.fixed.bound,
            cluster = self.shared.fixed.cluster, "started"
        );
        scratch::with(|scratch| {
            let (done, _) = oneshot::channel();
            self.command(&Wanted::Bootstrap(options), done, scratch);
            W::started(&mut self);
            self.finish(scratch);
        });
        let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
        let mut armed = None;
        loop {
            // Where one arrives while the one before is worked off there is always something to do. Whoever else is driven by
            // this thread, the clock and the sockets among them, has its turn all the same.
            tokio::task::consume_budget().await;
            if armed != self.wake {
                armed = self.wake;
                if let Some(at) = armed {
                    sleep.as_mut().reset(self.clock.moment(at));
                }
            }
            let woken = tokio::select! {
                request = self.requests.recv() => Woken::Request(request),
                () = &mut sleep, if armed.is_some() => Woken::Time,
                arrival = self.wire.arrival() => Woken::Arrived(arrival),
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => Woken::Ended(ended),
            };
            if matches!(woken, Woken::Time) {
                // Armed anew below, also where the same moment is meant: a clock that is read again may be behind.
                armed = None;
            }
            if scratch::with(|scratch| self.turn(woken, scratch)) == Next::Stop {
                break;
            }
        }
        tracing::info!(target: "swim", local = %self.shared.fixed.local, "stopped");
        self.tasks.shutdown().await;
    }

    /// One turn, from what woke the task to its last effect.
    fn turn(&mut self, woken: Woken<W>, scratch: &mut Scratch) -> Next {
        let period = self.report.period();
        let _period = period.enter();
        match woken {
            Woken::Request(Some(Request::Command { wanted, done })) => self.command(&wanted, done, scratch),
            Woken::Request(Some(Request::Shutdown) | None) => {
                self.destroy(scratch);
                return Next::Stop;
            }
            Woken::Time => self.tick(scratch),
            Woken::Arrived(arrival) => W::arrived(self, arrival, scratch),
            Woken::Ended(Ok(Ended::Wire(finished))) => W::finished(self, *finished, scratch),
            Woken::Ended(Ok(Ended::Hosts { id, found })) => self.hosts(id, found, scratch),
            // A task that panicked was this crate's mistake; the node waits for its own timeout.
            Woken::Ended(Err(error)) => tracing::error!(target: "swim", %error, "a task of the node panicked"),
        }
        self.finish(scratch);
        Next::GoOn
    }

    /// Sends what the turn has collected, tells the node of what could not be sent, until there is no more, and publishes what
    /// was counted, where it is time.
    fn finish(&mut self, scratch: &mut Scratch) {
        loop {
            self.wire.flush(&mut scratch.caused.outbox, &mut self.counters, &mut scratch.undelivered);
            self.counters.datagrams_refused += scratch.undelivered.len() as u64;
            let refused = scratch.undelivered.drain(..).map(|to| Refused { to, about: About::Datagram });
            self.later.extend(refused);
            let Some(Refused { to, about }) = self.later.pop_front() else { break };
            self.input(Input::Undeliverable { to, about }, &mut scratch.caused);
        }
        self.shared.lock().transport = self.counters;
        if self.report.is_due(self.clock.now()) {
            self.publish();
        }
    }

    /// Publishes what was counted.
    fn publish(&mut self) {
        let numbers = self.shared.numbers();
        self.report.publish(self.clock.now(), &numbers);
    }
}

/// The longest of the times that the exchanges of the protocol may take, and a little more: the node knows first.
pub(crate) fn longest_exchange(options: &Options) -> Duration {
    let round = options.ping_timeout + options.ping_request_timeout;
    let all = [round, options.join.timeout, options.full_sync_timeout, options.heal.timeout];
    all.into_iter().max().unwrap_or_default() + Duration::from_secs(1)
}
