//! What the task and the handles share: the node, behind a lock that is held for one input or for one copy.
//!
//! The task alone gives the node its inputs. Handles only read, and they read the node itself, so that a list, its
//! checksum and the statistics cannot disagree, whatever the moment. The alternatives were weighed:
//!
//! - A copy that the task publishes at each change costs as much as the list is long, a hundred times a second in a join
//!   storm; one that is kept up to date by changes doubles the memory of each node.
//! - Asking the task costs a turn of the runtime, makes every read `async`, and lets readers queue up before datagrams.
//!
//! So the lock it is: nanoseconds where nobody else wants it, no `await` and no foreign code (no waker, no
//! subscriber of logs or metrics) while it is held. A reader of the whole list holds it for as long as copying takes,
//! some ten nanoseconds a member, sorts afterwards, and leaves the list behind for readers that come before the next
//! change; nothing is kept once the last reader is done.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use swim_core::{Checksum, Counters, EventMask, Node, Status};
use tokio::sync::watch;

use crate::driver::clock::Clock;
use crate::driver::joining::Joining;
use crate::error::JoinError;
use crate::events::{Events, Readers};
use crate::membership::{Member, Membership, Snapshot};
#[cfg(feature = "ringpop")]
use crate::ringpop::Ring;
use crate::stats::{Stats, TransportCounters};
use crate::transport::filter::Filter;

/// The part of a node that handles and task share.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Changes whenever waiting handles should look again.
    pulse: watch::Sender<u64>,
    pub(crate) fixed: Fixed,
}

/// What never changes.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub(crate) local: SocketAddr,
    pub(crate) bound: SocketAddr,
    pub(crate) cluster: String,
    pub(crate) clock: Clock,
    pub(crate) filter: Option<Filter>,
    #[cfg(feature = "ringpop")]
    pub(crate) ring: Option<Ring>,
}

/// What changes, all at once.
pub(crate) struct State {
    pub(crate) node: Node<SocketAddr>,
    /// Grows with each change of the list.
    pub(crate) version: u64,
    pub(crate) transport: TransportCounters,
    pub(crate) readers: Readers,
    pub(crate) join: JoinState,
    pub(crate) joining: Joining,
    running: Running,
    /// The list that was read last, while someone has it.
    snapshot: Weak<Snapshot>,
}

/// Numbers of one moment, for metrics.
pub(crate) struct Numbers {
    pub(crate) counters: Counters,
    pub(crate) transport: TransportCounters,
    pub(crate) members: [u32; Status::ALL.len()],
    pub(crate) checksum: Checksum,
    pub(crate) local_health: u32,
    pub(crate) pending_changes: usize,
}

/// How far the node has come in joining.
#[derive(Clone, Debug)]
pub(crate) enum JoinState {
    Joining,
    Joined(u32),
    Failed(JoinError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    Yes,
    No,
}

impl Shared {
    pub(crate) fn new(node: Node<SocketAddr>, fixed: Fixed) -> Self {
        let state = State {
            node,
            version: 0,
            transport: TransportCounters::default(),
            readers: Readers::default(),
            join: JoinState::Joining,
            joining: Joining::default(),
            running: Running::Yes,
            snapshot: Weak::new(),
        };
        Self { state: Mutex::new(state), pulse: watch::Sender::new(0), fixed }
    }

    /// The state, for one input or one copy. A panic under the lock leaves a node that the task no longer drives.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets waiting handles look again.
    pub(crate) fn beat(&self) {
        self.pulse.send_modify(|beats| *beats += 1);
    }

    pub(crate) fn pulse(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// The task has ended.
    pub(crate) fn stop(&self) {
        let mut wake: Vec<Waker> = Vec::new();
        let mut state = self.lock();
        state.running = Running::No;
        state.readers.end(&mut wake);
        drop(state);
        wake.into_iter().for_each(Waker::wake);
        self.beat();
    }

    pub(crate) fn is_running(&self) -> bool {
        self.lock().running == Running::Yes
    }

    pub(crate) fn members(&self) -> Membership {
        let state = self.lock();
        match state.fresh() {
            Some(snapshot) => Membership::shared(snapshot),
            None => self.read(state),
        }
    }

    /// Copies the list under the lock, sorts it without, and leaves it behind for others.
    fn read(&self, state: MutexGuard<'_, State>) -> Membership {
        let unsorted = Membership::read(&state.node, state.version);
        drop(state);
        let members = Membership::sorted(unsorted);
        self.lock().snapshot = Arc::downgrade(members.share());
        members
    }

    pub(crate) fn member(&self, address: SocketAddr) -> Option<Member> {
        self.lock().node.member(address).map(Member::new)
    }

    pub(crate) fn listen(&self, wanted: EventMask, capacity: usize) -> Events {
        self.lock().add(wanted, capacity)
    }

    pub(crate) fn subscribe(&self, wanted: EventMask, capacity: usize) -> (Membership, Events) {
        let mut state = self.lock();
        let events = state.add(wanted, capacity);
        let members = match state.fresh() {
            Some(snapshot) => Membership::shared(snapshot),
            None => self.read(state),
        };
        (members, events)
    }

    /// The numbers that metrics show.
    pub(crate) fn numbers(&self) -> Numbers {
        let state = self.lock();
        let node = &state.node;
        Numbers {
            counters: *node.counters(),
            transport: state.transport,
            members: Status::ALL.map(|status| node.count(status)),
            checksum: node.checksum(),
            local_health: node.local_health(),
            pending_changes: node.pending_changes(),
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let now = self.fixed.clock.now();
        let state = self.lock();
        let node = &state.node;
        Stats {
            version: state.version,
            checksum: node.checksum(),
            members: Status::ALL.map(|status| node.count(status)),
            incarnation: node.incarnation(),
            ready: node.is_ready(),
            gossiping: !node.is_stopped(),
            local_health: node.local_health(),
            pending_changes: node.pending_changes(),
            uptime: node.uptime(now),
            counters: *node.counters(),
            protocol: node.protocol_stats(now),
            transport: state.transport,
        }
    }
}

impl State {
    /// A reader more; its events have ended where the node has.
    fn add(&mut self, wanted: EventMask, capacity: usize) -> Events {
        let events = self.readers.add(wanted, capacity);
        if self.running == Running::No {
            self.readers.end(&mut Vec::new());
        }
        events
    }

    /// The list that was read last, where nothing has changed since.
    fn fresh(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.upgrade().filter(|snapshot| snapshot.version() == self.version)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("fixed", &self.fixed).finish_non_exhaustive()
    }
}
