//! The one task: drives a node with datagrams, streams, time, hosts and requests.
//!
//! ```text
//!   requests ──┐                                   ┌──> datagrams (collected, sent at the end of the turn)
//!   datagrams ─┤                                   ├──> streams, discovery: tasks whose ends come back here
//!   streams ───┼─> one turn: input ─> Node ─> effects ──> events, logs, metrics
//!   hosts ─────┤                                   ├──> ends of commands
//!   the sleep ─┘                                   └──> the sleep
//! ```
//!
//! The task waits for whichever comes first, at random where several have come, so that no flood of one kind keeps the
//! others out; a turn takes one batch. Then it runs to its end without an `await`, in buffers of the thread
//! (`scratch.rs`).

pub(crate) mod clock;
mod effects;
mod inputs;
mod joining;
mod report;
mod scratch;
mod twin;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use swim_core::{
    About, BootstrapOptions, CommandId, Config, DiscoverId, Input, Instant, Options, Outcome, Ticket, wire,
};
use tokio::io::Ready;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};

use self::clock::Clock;
use self::joining::Joining;
use self::report::Report;
use self::scratch::Scratch;
use self::twin::Twin;
use crate::discovery::Discover;
use crate::error::DiscoverError;
use crate::request::{Request, Wanted};
use crate::shared::Shared;
use crate::stats::TransportCounters;
use crate::transport::datagrams::Datagrams;
use crate::transport::limits::StreamLimits;
use crate::transport::open::Sockets;
use crate::transport::seal::Seal;
use crate::transport::streams::{Finished, Streams, Waiting};

/// What a driver is made of.
pub(crate) struct Parts {
    pub(crate) sockets: Sockets,
    pub(crate) seal: Seal,
    pub(crate) config: Config,
    pub(crate) limits: StreamLimits,
    pub(crate) discovery: Arc<dyn Discover>,
    pub(crate) remembered: Vec<SocketAddr>,
    /// Known to nobody else.
    pub(crate) number: u32,
}

/// The task. Its fields end in the order in which they stand here: first the ports are closed, then the handles see
/// that the node has stopped, and last those that wait for that wake up.
pub(crate) struct Driver {
    datagrams: Datagrams,
    listener: TcpListener,
    accepting: Accepting,
    streams: Streams,
    tasks: JoinSet<Ended>,
    /// Streams on which others wait for this node's answer.
    waiting: BTreeMap<Ticket, Waiting>,
    next_ticket: u64,
    commands: BTreeMap<CommandId, oneshot::Sender<Outcome>>,
    next_command: u64,
    clock: Clock,
    /// When the node wants its next tick.
    wake: Option<Instant>,
    seal: Arc<Seal>,
    frames: wire::Limits,
    longest_datagram: usize,
    discovery: Arc<dyn Discover>,
    remembered: Vec<SocketAddr>,
    joining: Joining,
    twin: Twin,
    join_time: Duration,
    /// What did not arrive, as the node is to be told.
    later: VecDeque<Refused>,
    counters: TransportCounters,
    report: Report,
    shared: Stopping,
    requests: mpsc::Receiver<Request>,
}

/// Tells the handles when the task ends, however that comes about.
struct Stopping(Arc<Shared>);

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

/// Whether streams of others are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepting {
    Yes,
    /// Not before the next tick: the system could not open one more.
    AfterTick,
}

/// What a task of the driver's came to.
enum Ended {
    Stream(Box<Finished>),
    Hosts { id: DiscoverId, found: Result<Vec<SocketAddr>, DiscoverError> },
}

/// What did not arrive.
struct Refused {
    to: SocketAddr,
    about: About,
}

/// Why the task woke up.
enum Woken {
    Request(Option<Request>),
    Time,
    Datagrams(io::Result<Ready>),
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    Ended(Result<Ended, JoinError>),
}

/// Whether the task goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    Stop,
}

impl Driver {
    pub(crate) fn new(shared: Arc<Shared>, requests: mpsc::Receiver<Request>, parts: Parts) -> Self {
        let Parts { sockets: Sockets { udp, tcp, bound }, seal, config, limits, discovery, remembered, number } = parts;
        let options = config.options();
        let seal = Arc::new(seal);
        let longest_frame = options.datagram_max.map_or(DATAGRAM_MAX, |max| max as usize);
        let longest_datagram = (longest_frame + ENVELOPE_MAX).min(DATAGRAM_MAX);
        let stream_frames = wire::Limits::stream(options.members_max as usize);
        let time = longest_exchange(options);
        Self {
            datagrams: Datagrams::new(udp, bound),
            listener: tcp,
            accepting: Accepting::Yes,
            streams: Streams::new(bound, Arc::clone(&seal), stream_frames, limits, time),
            tasks: JoinSet::new(),
            waiting: BTreeMap::new(),
            next_ticket: 0,
            commands: BTreeMap::new(),
            next_command: 0,
            clock: shared.fixed.clock,
            wake: None,
            seal,
            frames: wire::Limits::datagram(longest_frame),
            longest_datagram,
            discovery,
            remembered,
            joining: Joining::default(),
            twin: Twin::new(number),
            join_time: options.join.max_duration,
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
            self.look_for_twin();
            self.finish(scratch);
        });
        let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
        let mut armed = None;
        loop {
            if armed != self.wake {
                armed = self.wake;
                if let Some(at) = armed {
                    sleep.as_mut().reset(self.clock.moment(at));
                }
            }
            let accepts = self.accepting == Accepting::Yes && self.streams.has_room();
            let woken = tokio::select! {
                request = self.requests.recv() => Woken::Request(request),
                () = &mut sleep, if armed.is_some() => Woken::Time,
                ready = self.datagrams.ready() => Woken::Datagrams(ready),
                accepted = self.listener.accept(), if accepts => Woken::Accepted(accepted),
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
    fn turn(&mut self, woken: Woken, scratch: &mut Scratch) -> Next {
        let period = self.report.period();
        let _period = period.enter();
        match woken {
            Woken::Request(Some(Request::Command { wanted, done })) => self.command(&wanted, done, scratch),
            Woken::Request(Some(Request::Shutdown) | None) => {
                self.destroy(scratch);
                return Next::Stop;
            }
            Woken::Time => self.tick(scratch),
            Woken::Datagrams(ready) => self.datagrams(ready, scratch),
            Woken::Accepted(Ok((stream, source))) => self.accepted(stream, source),
            Woken::Accepted(Err(error)) => {
                tracing::warn!(target: "swim", %error, "a stream cannot be accepted; are there enough file descriptors?");
                self.accepting = Accepting::AfterTick;
            }
            Woken::Ended(Ok(Ended::Stream(finished))) => self.finished(*finished, scratch),
            Woken::Ended(Ok(Ended::Hosts { id, found })) => self.hosts(id, found, scratch),
            // A task that panicked was this crate's mistake; the node waits for its own timeout.
            Woken::Ended(Err(error)) => tracing::error!(target: "swim", %error, "a stream's task panicked"),
        }
        self.finish(scratch);
        Next::GoOn
    }

    /// Sends what the turn has collected, and tells the node of what could not be sent, until there is no more.
    fn finish(&mut self, scratch: &mut Scratch) {
        loop {
            if !scratch.caused.outbox.is_empty() {
                self.datagrams.send(&mut scratch.caused.outbox, &mut self.counters, &mut scratch.undelivered);
            }
            self.counters.datagrams_refused += scratch.undelivered.len() as u64;
            let refused = scratch.undelivered.drain(..).map(|to| Refused { to, about: About::Datagram });
            self.later.extend(refused);
            let Some(Refused { to, about }) = self.later.pop_front() else { break };
            self.input(Input::Undeliverable { to, about }, &mut scratch.caused);
        }
        self.shared.lock().transport = self.counters;
    }
}

/// The longest of the times that the exchanges of the protocol may take, and a little more: the node knows first.
fn longest_exchange(options: &Options) -> Duration {
    let round = options.ping_timeout + options.ping_request_timeout;
    let all = [round, options.join.timeout, options.full_sync_timeout, options.heal.timeout];
    all.into_iter().max().unwrap_or_default() + Duration::from_secs(1)
}

/// The most bytes that go before a frame: an IPv6 address and what is around it.
const ENVELOPE_MAX: usize = 28;
/// The longest datagram that there is, in bytes.
const DATAGRAM_MAX: usize = 65_507;
