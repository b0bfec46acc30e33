//! What lies beyond the wheel: a heap.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use swim_core::Instant;

/// Entries of the far future.
#[derive(Debug)]
pub(super) struct Far<T>(BinaryHeap<Planned<T>>);

impl<T: Copy> Far<T> {
    pub(super) const fn new() -> Self {
        Self(BinaryHeap::new())
    }

    #[cold]
    pub(super) fn push(&mut self, at: Instant, sequence: u64, what: T) {
        self.0.push(Planned { at, sequence, what });
    }

    /// When the first entry is due.
    pub(super) fn first(&self) -> Option<Instant> {
        self.0.peek().map(|first| first.at)
    }

    /// Takes the first entry, if it is due before `limit`.
    #[inline]
    pub(super) fn pop_before(&mut self, limit: Instant) -> Option<(Instant, u64, T)> {
        if self.0.peek()?.at >= limit {
            return None;
        }
        self.0.pop().map(|first| (first.at, first.sequence, first.what))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[derive(Debug)]
struct Planned<T> {
    at: Instant,
    sequence: u64,
    what: T,
}

impl<T> Planned<T> {
    fn key(&self) -> (Instant, u64) {
        (self.at, self.sequence)
    }
}

/// Reversed: the heap keeps its greatest on top, and the earliest is wanted.
impl<T> Ord for Planned<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Planned<T> {}
