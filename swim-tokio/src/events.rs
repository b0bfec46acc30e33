//! Events for those who want to see all of them: a bounded queue for each reader.
//!
//! The driver never waits for a reader. When a reader's queue is full the oldest event in it gives way, and the reader
//! is told how many it missed before it sees the next one. A queue is full by number, and by what its events weigh: some
//! of them hold whole lists. It takes memory only while someone reads.
//!
//! Events are put into the queues under the same lock under which the node took the input that caused them
//! (`shared.rs`): [`Swim::subscribe`](crate::Swim::subscribe) returns a list and the events that follow it, none
//! missing and none twice. Wakers are called, cloned and dropped where no lock is held.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use swim_core::{Change, Event, EventMask, OwnedEvent};

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

    /// What has happened already; `None` where nothing waits to be read.
    #[cfg(any(feature = "ringpop", test))]
    pub(crate) fn try_next(&mut self) -> Option<Notice> {
        match self.lock().next() {
            Poll::Ready(notice) => notice,
            Poll::Pending => None,
        }
    }

    /// A waker is foreign code also where it is cloned or dropped, so both are done without the lock.
    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        let mut queue = self.lock();
        let next = queue.next();
        if next.is_ready() || queue.will_wake(context.waker()) {
            return next;
        }
        drop(queue);
        let waker = context.waker().clone();
        let mut queue = self.lock();
        // Something may have happened meanwhile.
        let next = queue.next();
        let unused = if next.is_ready() { Some(waker) } else { queue.waker.replace(waker) };
        drop(queue);
        drop(unused);
        next
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Events {
    /// The task may hold the queue right now, and would drop the waker under a lock.
    fn drop(&mut self) {
        let waker = self.lock().waker.take();
        drop(waker);
    }
}

impl Stream for Events {
    type Item = Notice;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        self.poll(context)
    }
}

/// What the changes in a queue may weigh together, in bytes; the newest event stays whatever it weighs.
const WEIGHT_MAX: usize = 16 << 20;

/// An event, and the bytes of its changes.
#[derive(Clone, Debug)]
struct Weighed {
    event: Arc<OwnedEvent<SocketAddr>>,
    weight: usize,
}

impl Weighed {
    fn new(event: Event<'_, SocketAddr>) -> Self {
        let each = |change: Change<'_, SocketAddr>| size_of_val(&change) + change.labels.encoded().len();
        Self { event: Arc::new(OwnedEvent::new(event)), weight: event.changes().iter().map(each).sum() }
    }
}

/// One reader's events.
#[derive(Debug)]
struct Queue {
    events: VecDeque<Weighed>,
    /// The most events.
    capacity: usize,
    /// What they weigh together.
    weight: usize,
    wanted: EventMask,
    missed: u64,
    ended: bool,
    waker: Option<Waker>,
}

impl Queue {
    fn next(&mut self) -> Poll<Option<Notice>> {
        let missed = std::mem::take(&mut self.missed);
        if missed > 0 {
            return Poll::Ready(Some(Notice::Missed(missed)));
        }
        match self.pop() {
            Some(event) => Poll::Ready(Some(Notice::Event(event))),
            None if self.ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn pop(&mut self) -> Option<Arc<OwnedEvent<SocketAddr>>> {
        let Weighed { event, weight } = self.events.pop_front()?;
        self.weight -= weight;
        Some(event)
    }

    /// Adds an event; the oldest give way to it.
    fn push(&mut self, new: Weighed) {
        self.weight += new.weight;
        self.events.push_back(new);
        while self.events.len() > self.capacity || (self.weight > WEIGHT_MAX && self.events.len() > 1) {
            self.pop();
            self.missed += 1;
        }
    }

    /// Whether the waker that waits wakes the same task. Compares pointers and calls nothing.
    fn will_wake(&self, waker: &Waker) -> bool {
        self.waker.as_ref().is_some_and(|waiting| waiting.will_wake(waker))
    }
}

/// All readers.
#[derive(Debug, Default)]
pub(crate) struct Readers(Vec<Weak<Mutex<Queue>>>);

impl Readers {
    /// A reader more, for the events that happen from now on.
    pub(crate) fn add(&mut self, wanted: EventMask, capacity: usize) -> Events {
        let queue = Queue {
            events: VecDeque::new(),
            capacity: capacity.max(1),
            weight: 0,
            wanted,
            missed: 0,
            ended: false,
            waker: None,
        };
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
            queue.push(owned.get_or_insert_with(|| Weighed::new(event)).clone());
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use swim_core::{ChangeList, Incarnation, Labels, Status};

    use super::*;

    /// A waker that looks at the queue when it is dropped, as one that runs a task's destructor may.
    struct Curious {
        queue: Weak<Mutex<Queue>>,
        found_it_free: Arc<AtomicU32>,
    }

    impl Wake for Curious {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Curious {
        fn drop(&mut self) {
            let Some(queue) = self.queue.upgrade() else { return };
            self.found_it_free.fetch_add(u32::from(queue.try_lock().is_ok()), Ordering::Relaxed);
        }
    }

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lets `events` wait with a waker that nobody else has, and returns how often that found the queue free.
    fn wait(events: &Events) -> Arc<AtomicU32> {
        let found_it_free = Arc::new(AtomicU32::new(0));
        let curious = Curious { queue: Arc::downgrade(&events.0), found_it_free: Arc::clone(&found_it_free) };
        let waker = Waker::from(Arc::new(curious));
        assert!(events.poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(events.poll(&mut Context::from_waker(&waker)).is_pending());
        found_it_free
    }

    #[test]
    fn a_waker_that_gives_way_is_dropped_without_the_lock() {
        let mut readers = Readers::default();
        let events = readers.add(EventMask::ALL, 4);
        let found_it_free = wait(&events);
        let newest = Arc::new(Woken::default());
        assert!(events.poll(&mut Context::from_waker(&Arc::clone(&newest).into())).is_pending());
        assert_eq!(found_it_free.load(Ordering::Relaxed), 1);
        let mut wake = Vec::new();
        readers.end(&mut wake);
        wake.into_iter().for_each(Waker::wake);
        assert_eq!(newest.0.load(Ordering::Relaxed), 1, "whoever asked last is woken");
    }

    #[test]
    fn events_with_long_lists_give_way_by_their_weight_and_the_newest_stays() {
        let list = |len: u32| -> ChangeList<SocketAddr> {
            let address = |number| SocketAddr::from((Ipv4Addr::from_bits(number), 7946));
            let change = |number| Change {
                address: address(number),
                incarnation: Incarnation::default(),
                status: Status::Alive,
                source: None,
                labels: Labels::NONE,
            };
            (0..len).map(change).collect()
        };
        let mut readers = Readers::default();
        let mut events = readers.add(EventMask::ALL, 100);
        let mut tell = |len| {
            let (list, source) = (list(len), SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
            readers.tell(Event::MemberlistChangesReceived { source, changes: list.as_changes() }, &mut Vec::new());
        };
        let fits = (WEIGHT_MAX / size_of::<Change<'_, SocketAddr>>()) as u32;
        let mut heard = || match events.try_next().expect("there is more") {
            Notice::Missed(missed) => Err(missed),
            Notice::Event(event) => match event.as_event() {
                Event::MemberlistChangesReceived { changes, .. } => Ok(changes.len() as u32),
                other => panic!("{other:?}"),
            },
        };
        [fits / 2, fits / 2, fits / 4, 1].into_iter().for_each(&mut tell);
        assert_eq!([heard(), heard(), heard(), heard()], [Err(1), Ok(fits / 2), Ok(fits / 4), Ok(1)]);
        [1, 2, 2 * fits].into_iter().for_each(&mut tell);
        assert_eq!([heard(), heard()], [Err(2), Ok(2 * fits)]);
        (0..101).for_each(|_| tell(0));
        assert_eq!(heard(), Err(1));
    }

    #[test]
    fn a_reader_that_is_gone_leaves_no_waker_to_whoever_holds_its_queue() {
        let events = Readers::default().add(EventMask::ALL, 4);
        let found_it_free = wait(&events);
        let queue = Arc::clone(&events.0);
        drop(events);
        assert_eq!(found_it_free.load(Ordering::Relaxed), 1, "it is gone already");
        drop(queue);
    }
}
