//! The handle: what a service does with its node.

use std::net::SocketAddr;
use std::sync::Arc;

use swim_core::{BootstrapOptions, Checksum, CommandError, EventMask, Outcome, OwnLabels};
use tokio::sync::{mpsc, oneshot};

use crate::builder::Builder;
use crate::discovery::elsewhere;
use crate::error::{
    GossipError, HealError, JoinError, LeaveError, ReapError, RejoinError, SelfEvictError, SetLabelsError, Stopped,
    WaitError,
};
use crate::events::Events;
use crate::membership::{Changes, Member, Membership};
use crate::request::{Request, Wanted};
use crate::shared::{JoinState, Shared};
use crate::stats::Stats;
use crate::transport::filter::Filter;

/// A member of a cluster. Clones are handles of one node.
///
/// Dropping the last handle stops the node at once, without leaving: the others find it faulty. Call
/// [`leave`](Swim::leave) before to spare them that. [`Events`] and [`Changes`] are no handles.
///
/// Reading never waits for the network, and what one call reads is of one moment. What is `async` is cancellation-safe:
/// where a future is dropped before it ends, what was asked for still happens, and only its end is not seen. No
/// method panics, and none calls back.
#[derive(Clone, Debug)]
pub struct Swim {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
}

impl Swim {
    /// Starts to describe a node.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(shared: Arc<Shared>, requests: mpsc::Sender<Request>) -> Self {
        Self { shared, requests }
    }
}

/// What the node knows.
impl Swim {
    /// The node's own address: its name, by which the others reach it.
    pub fn local(&self) -> SocketAddr {
        self.shared.fixed.local
    }

    /// Where the node listens. With port 0 in the builder, this has the port that was found.
    pub fn bound(&self) -> SocketAddr {
        self.shared.fixed.bound
    }

    /// The name of the cluster.
    pub fn cluster(&self) -> &str {
        &self.shared.fixed.cluster
    }

    /// All members in the order of their addresses, the node itself and the dead included.
    pub fn members(&self) -> Membership {
        self.shared.members()
    }

    /// One member; `None` where it is not listed. Does not copy the list.
    pub fn member(&self, address: SocketAddr) -> Option<Member> {
        self.shared.member(address)
    }

    /// The addresses of the members that are alive or suspect, the node itself included, in order.
    pub fn reachable(&self) -> Vec<SocketAddr> {
        self.members().reachable().map(|member| member.address).collect()
    }

    /// The checksum of the list.
    pub fn checksum(&self) -> Checksum {
        self.shared.lock().node.checksum()
    }

    /// What the node measures.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Whether the node has joined.
    pub fn is_ready(&self) -> bool {
        self.shared.lock().node.is_ready()
    }

    /// Whether the node runs: it was not shut down, and its task is well. For liveness checks.
    pub fn is_running(&self) -> bool {
        self.shared.is_running()
    }

    /// The filter that the node was built with.
    pub fn filter(&self) -> Option<&Filter> {
        self.shared.fixed.filter.as_ref()
    }

    /// Everything that happens from now on. Who falls more than 1024 events behind is told how many it missed.
    pub fn events(&self) -> Events {
        self.events_of(EventMask::ALL, EVENTS_QUEUED)
    }

    /// The events that `wanted` picks, from now on, of which `queued` wait for their reader.
    pub fn events_of(&self, wanted: EventMask, queued: usize) -> Events {
        self.shared.listen(wanted, queued)
    }

    /// The list, and the events that `wanted` picks that follow it: none is missing and none is in the list already.
    pub fn subscribe(&self, wanted: EventMask, queued: usize) -> (Membership, Events) {
        self.shared.subscribe(wanted, queued)
    }

    /// The membership for those who only want the current state.
    pub fn changes(&self) -> Changes {
        Changes::new(Arc::clone(&self.shared))
    }
}

/// What the node can be asked to do.
impl Swim {
    /// Waits until the node has joined, and returns how many hosts answered.
    ///
    /// # Errors
    /// Why it gave up, after [`JoinOptions::max_duration`](swim_core::JoinOptions::max_duration), or at once where it is
    /// [`JoinError::Loopback`]. It keeps running, and [`join`](Swim::join) tries again.
    pub async fn joined(&self) -> Result<u32, JoinError> {
        let mut pulse = self.shared.pulse();
        loop {
            pulse.mark_unchanged();
            match self.join_state() {
                JoinState::Joined(hosts) => return Ok(hosts),
                JoinState::Failed(error) => return Err(error),
                JoinState::Joining if !self.is_running() => return Err(JoinError::Stopped),
                JoinState::Joining => {}
            }
            if pulse.changed().await.is_err() {
                return Err(JoinError::Stopped);
            }
        }
    }

    fn join_state(&self) -> JoinState {
        self.shared.lock().join.clone()
    }

    /// What stands in the way of joining by now, while it is tried still: the error that [`joined`](Swim::joined) would end
    /// with if nothing changed. `None` where nothing is known to, and where the node has joined or given up.
    pub fn join_trouble(&self) -> Option<JoinError> {
        let (now, fixed) = (self.shared.fixed.clock.now(), &self.shared.fixed);
        let state = self.shared.lock();
        match state.join {
            JoinState::Joining => state.joining.trouble(&fixed.cluster, fixed.local, now),
            JoinState::Joined(_) | JoinState::Failed(_) => None,
        }
    }

    /// Tries again to join, after [`joined`](Swim::joined) failed, and returns how many hosts answered.
    ///
    /// # Errors
    /// As [`joined`](Swim::joined), and [`JoinError::AlreadyJoined`].
    pub async fn join(&self) -> Result<u32, JoinError> {
        match self.ask(Wanted::Bootstrap(BootstrapOptions::default())).await {
            Ok(Outcome::Failed(CommandError::AlreadyBootstrapped)) => Err(JoinError::AlreadyJoined),
            Ok(_) => self.joined().await,
            Err(Stopped) => Err(JoinError::Stopped),
        }
    }

    /// Waits until `n` members are reachable, the node itself included.
    ///
    /// # Errors
    /// Where nobody will come any more: the node did not join, or was stopped.
    pub async fn wait_for(&self, n: usize) -> Result<(), WaitError> {
        let mut pulse = self.shared.pulse();
        loop {
            pulse.mark_unchanged();
            let (reachable, join) = {
                let state = self.shared.lock();
                (state.node.count_reachable(), state.join.clone())
            };
            if reachable as usize >= n {
                return Ok(());
            }
            if !self.is_running() {
                return Err(WaitError::Stopped);
            }
            if let JoinState::Failed(error) = join {
                return Err(WaitError::Join(error));
            }
            if pulse.changed().await.is_err() {
                return Err(WaitError::Stopped);
            }
        }
    }

    /// Replaces the node's labels; the others hear of it by gossip.
    ///
    /// # Errors
    /// Where the node was stopped.
    pub async fn set_labels(&self, labels: OwnLabels) -> Result<(), SetLabelsError> {
        self.command(Wanted::SetLabels(labels)).await.map(drop)
    }

    /// Leaves the cluster, and returns once that was spread: how many members acknowledged it (R12). The node keeps
    /// running, and can [`rejoin`](Swim::rejoin). A join that is under way ends with those that have answered.
    ///
    /// # Errors
    /// See [`LeaveError`].
    pub async fn leave(&self) -> Result<u32, LeaveError> {
        self.command(Wanted::Leave).await
    }

    /// Comes back after [`leave`](Swim::leave) or [`self_evict`](Swim::self_evict) (R12).
    ///
    /// # Errors
    /// See [`RejoinError`].
    pub async fn rejoin(&self) -> Result<(), RejoinError> {
        self.command(Wanted::Rejoin).await.map(drop)
    }

    /// Declares the node faulty, before its process ends, and returns once that was spread: how many members
    /// acknowledged it (R12). A join that is under way ends with those that have answered.
    ///
    /// # Errors
    /// See [`SelfEvictError`].
    pub async fn self_evict(&self) -> Result<u32, SelfEvictError> {
        self.command(Wanted::SelfEvict).await
    }

    /// Looks for partitions among the discovered hosts and heals them (R11), also where healing is switched off.
    /// Returns with how many hosts that was tried.
    ///
    /// # Errors
    /// See [`HealError`].
    pub async fn heal_now(&self) -> Result<u32, HealError> {
        self.command(Wanted::HealViaDiscovery).await
    }

    /// Tries to heal with one host (R11).
    ///
    /// # Errors
    /// See [`HealError`].
    pub async fn attempt_heal(&self, target: SocketAddr) -> Result<(), HealError> {
        let target = crate::transport::address::plain(target);
        if elsewhere::cannot_reach(target, self.local()) {
            return Err(HealError::Loopback);
        }
        self.command(Wanted::AttemptHeal(target)).await.map(drop)
    }

    /// Turns every faulty member into a tombstone, to be forgotten soon.
    ///
    /// # Errors
    /// Where the node was stopped.
    pub async fn reap(&self) -> Result<(), ReapError> {
        self.command(Wanted::Reap).await.map(drop)
    }

    /// Starts to probe, after [`stop_gossip`](Swim::stop_gossip) or a start without.
    ///
    /// # Errors
    /// See [`GossipError`].
    pub async fn start_gossip(&self) -> Result<(), GossipError> {
        self.command(Wanted::GossipStart).await.map(drop)
    }

    /// Stops probing; the others are still answered.
    ///
    /// # Errors
    /// See [`GossipError`].
    pub async fn stop_gossip(&self) -> Result<(), GossipError> {
        self.command(Wanted::GossipStop).await.map(drop)
    }

    /// Runs one protocol period, and returns when it is over.
    ///
    /// # Errors
    /// See [`GossipError`].
    pub async fn tick_gossip(&self) -> Result<(), GossipError> {
        self.command(Wanted::GossipTick).await.map(drop)
    }

    /// Stops the node, and returns once its ports are closed. Does not leave the cluster: see [`leave`](Swim::leave).
    /// All other handles find the node stopped; to stop a node twice is no mistake.
    pub async fn shutdown(&self) {
        // An error says that the task has ended.
        if self.requests.send(Request::Shutdown).await.is_ok() {
            self.requests.closed().await;
        }
    }

    /// Waits until the node has stopped, whoever stopped it, and also where its task has failed. This handle keeps it running.
    pub async fn stopped(&self) {
        self.requests.closed().await;
    }

    /// Asks the task and waits for the end of the command, as a number where it has one.
    async fn command<E: From<CommandError> + From<Stopped>>(&self, wanted: Wanted) -> Result<u32, E> {
        match self.ask(wanted).await? {
            Outcome::Done => Ok(0),
            Outcome::Joined(count) | Outcome::Healed(count) | Outcome::Departed(count) => Ok(count),
            Outcome::Failed(error) => Err(error.into()),
        }
    }

    async fn ask(&self, wanted: Wanted) -> Result<Outcome, Stopped> {
        let (done, end) = oneshot::channel();
        self.requests.send(Request::Command { wanted, done }).await.map_err(|_| Stopped)?;
        end.await.map_err(|_| Stopped)
    }
}

/// How many events wait for a reader of [`Swim::events`].
const EVENTS_QUEUED: usize = 1024;
