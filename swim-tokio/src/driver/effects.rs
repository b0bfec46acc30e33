//! Gives the node one input and carries out what it causes.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use swim_core::{About, Channel, CommandId, DiscoverId, Effect, Effects, Event, Input, Kind, Outcome, Ticket};

use super::scratch::{Caused, Keep, LONG};
use super::wire::Wire;
use super::{Driver, Ended, Refused};
use crate::discovery::{Discover, Found};
use crate::error::DiscoverError;
use crate::shared::{JoinState, State};

impl<W: Wire> Driver<W> {
    /// Applies one input, and carries out its effects but for the datagrams, which are collected.
    pub(crate) fn input(&mut self, input: Input<'_, SocketAddr>, caused: &mut Caused) {
        let now = self.clock.now();
        let changed = {
            let mut state = self.shared.lock();
            state.node.handle(now, input, &mut caused.effects);
            #[cfg(feature = "ringpop")]
            if let Some(ring) = &self.shared.fixed.ring {
                ring.follow(&caused.effects);
            }
            state.tell(&caused.effects, &mut caused.wake)
        };
        caused.wake.drain(..).for_each(Waker::wake);
        if changed == Changed::Yes {
            self.shared.beat();
        }
        self.report.events(self.shared.fixed.local, &caused.effects);
        let Caused { effects, outbox, keep, .. } = caused;
        for effect in effects.iter() {
            match effect {
                Effect::Send { to, channel, message } => {
                    if message.changes.len() > LONG {
                        *keep = Keep::No;
                    }
                    if self.is_filtered(to) {
                        if let Channel::Reply(ticket) = channel {
                            self.wire.forget(ticket);
                        }
                        continue;
                    }
                    if let (Channel::Request(_), Kind::Join { .. }) = (channel, message.kind) {
                        self.shared.lock().joining.asked(to);
                    }
                    W::send(self, to, channel, &message, outbox);
                }
                Effect::Event(Event::JoinListRejected { source, ahead_ms }) => {
                    self.shared.lock().joining.disbelieved(source, Duration::from_millis(ahead_ms));
                }
                Effect::Event(_) => {}
                Effect::Discover(id) => self.discover(id),
                Effect::CommandDone { id, outcome } => self.done(id, outcome),
                Effect::Wake(at) => self.wake = at,
            }
        }
        effects.clear();
    }

    /// Whether the traffic of this member is dropped.
    pub(crate) fn is_filtered(&mut self, member: SocketAddr) -> bool {
        let filtered = self.shared.fixed.filter.as_ref().is_some_and(|filter| filter.blocks(member));
        self.counters.filtered += u64::from(filtered);
        filtered
    }

    /// A request of the node's cannot be sent.
    pub(crate) fn not_sent(&mut self, to: SocketAddr, ticket: Ticket) {
        self.counters.requests_failed += 1;
        self.later.push_back(Refused { to, about: About::Request(ticket) });
    }

    fn discover(&mut self, id: DiscoverId) {
        let discovery = Arc::clone(&self.discovery);
        self.tasks.spawn(async move { Ended::Hosts { id, found: find(discovery).await } });
    }

    fn done(&mut self, id: CommandId, outcome: Outcome) {
        if self.shared.lock().joining.is_of(id) {
            let state = self.join_ended(outcome);
            self.shared.lock().join = state;
            self.shared.beat();
            // A log may begin only now, as the agent's does.
            self.missing = Default::default();
        }
        if let Some(done) = self.commands.remove(&id) {
            // Whoever asked may have gone.
            let _ = done.send(outcome);
        }
    }

    fn join_ended(&self, outcome: Outcome) -> JoinState {
        let fixed = &self.shared.fixed;
        let mut state = self.shared.lock();
        let error = match outcome {
            Outcome::Failed(_) => state.joining.fail(&fixed.cluster, fixed.local, self.join_time),
            Outcome::Joined(hosts) => {
                state.joining.succeed();
                return JoinState::Joined(hosts);
            }
            _ => return JoinState::Joined(0),
        };
        drop(state);
        tracing::error!(target: "swim", local = %fixed.local, error = %Chain(&error), "the node did not join");
        JoinState::Failed(error)
    }
}

/// Whether the list is another than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    Yes,
    No,
}

impl State {
    /// Gives the events among `effects` to their readers, and counts a change of the list.
    fn tell(&mut self, effects: &Effects<SocketAddr>, wake: &mut Vec<Waker>) -> Changed {
        let mut changed = Changed::No;
        for effect in effects.iter() {
            let Effect::Event(event) = effect else { continue };
            if changes_list(&event) {
                changed = Changed::Yes;
            }
            if !self.readers.is_empty() {
                self.readers.tell(event, wake);
            }
        }
        if changed == Changed::Yes {
            self.version += 1;
        }
        changed
    }
}

/// Whether the list is another after this event. A refutation is among the changes that are applied.
fn changes_list(event: &Event<'_, SocketAddr>) -> bool {
    matches!(event, Event::MemberlistChangesApplied { .. } | Event::MemberEvicted { .. })
}

/// Asks for hosts, and waits for as long as that may take.
async fn find(discovery: Arc<dyn Discover>) -> Found {
    let mut hosts = pin!(async { discovery.hosts().await });
    // The author's code may panic; the node must hear of it all the same.
    let caught =
        std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| hosts.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(Err(DiscoverError::Panicked)),
        });
    match tokio::time::timeout(DISCOVERY_TIME, caught).await {
        Ok(found) => found.unwrap_or_else(Found::from),
        Err(_) => DiscoverError::TooSlow { limit: DISCOVERY_TIME }.into(),
    }
}

/// How long a discovery may take.
const DISCOVERY_TIME: Duration = Duration::from_secs(10);

/// An error with all that led to it, for logs.
pub(super) struct Chain<'a>(pub(super) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
