//! Events for those who want to see all of them: a bounded queue for each reader.
//!
//! The driver never waits for a reader. When a reader's queue is full the oldest event in it gives way, and the reader
//! is told how many it missed before it sees the next one. A queue takes memory only while someone reads.
//!
//! Events are put into the queues under the same lock under which the node took the input that caused them
//! (`shared.rs`): [`Swim::subscribe`](crate::Swim::subscribe) returns a list and the events that follow it, none
//! missing and none twice. Wakers are called after the lock is gone.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use swim_core::{Event, EventMask, OwnedEvent};

/// What a reader of events gets.
#[derive(Clone, Debug)]
pub enum Notice {
    /// Something happened.
    Event(Arc<OwnedEvent<SocketAddr>>),
    /// So many events were dropped, because they were not read in time. The next one is younger.
    Missed(u64),
}

/// The events of a node, from the call that made it on. A [`Stream`] of [`Notice`].
///
/// It does not keep the node running: it ends when the node was stopped and all events were read.
#[derive(Debug)]
pub struct Events(Arc<Mutex<Queue>>);

impl Events {
    /// The next event, or how many were missed before it; `None` once the node was stopped.
    ///
    /// Cancellation-safe: nothing is lost where it is dropped before it ends.
    pub async fn next(&mut self) -> Option<Notice> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = std::mem::take(&mut queue.missed);
        if missed > 0 {
            return Poll::Ready(Some(Notice::Missed(missed)));
        }
        if let Some(event) = queue.events.pop_front() {
            return Poll::Ready(Some(Notice::Event(event)));
        }
        if queue.ended {
            return Poll::Ready(None);
        }
        queue.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Stream for Events {
    type Item = Notice;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        self.poll(context)
    }
}

/// One reader's events.
#[derive(Debug)]
struct Queue {
    events: VecDeque<Arc<OwnedEvent<SocketAddr>>>,
    capacity: usize,
    wanted: EventMask,
    missed: u64,
    ended: bool,
    waker: Option<Waker>,
}

/// All readers.
#[derive(Debug, Default)]
pub(crate) struct Readers(Vec<Weak<Mutex<Queue>>>);

impl Readers {
    /// A reader more, for the events that happen from now on.
    pub(crate) fn add(&mut self, wanted: EventMask, capacity: usize) -> Events {
        let queue =
            Queue { events: VecDeque::new(), capacity: capacity.max(1), wanted, missed: 0, ended: false, waker: None };
        let queue = Arc::new(Mutex::new(queue));
        self.0.push(Arc::downgrade(&queue));
        Events(queue)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives `event` to all that want it, and drops those that are gone. Who is to be woken ends up in `wake`.
    pub(crate) fn tell(&mut self, event: Event<'_, SocketAddr>, wake: &mut Vec<Waker>) {
        let kind = event.kind();
        let mut owned = None;
        self.each(|queue| {
            if !queue.wanted.wants(kind) {
                return;
            }
            if queue.events.len() >= queue.capacity {
                queue.events.pop_front();
                queue.missed += 1;
            }
            queue.events.push_back(owned.get_or_insert_with(|| Arc::new(OwnedEvent::new(event))).clone());
            wake.extend(queue.waker.take());
        });
    }

    /// Nothing more will happen.
    pub(crate) fn end(&mut self, wake: &mut Vec<Waker>) {
        self.each(|queue| {
            queue.ended = true;
            wake.extend(queue.waker.take());
        });
        self.0.clear();
    }

    fn each(&mut self, mut apply: impl FnMut(&mut Queue)) {
        self.0.retain(|queue| {
            let Some(queue) = queue.upgrade() else { return false };
            apply(&mut queue.lock().unwrap_or_else(PoisonError::into_inner));
            true
        });
    }
}
