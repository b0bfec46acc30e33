//! Rollup (R14): applied changes are collected until it is quiet, or until there are enough, and reported once.

use crate::effect::Effects;
use crate::member::{Change, ChangeList};
use crate::observe::{Event, EventKind};
use crate::time::{Instant, Micros};

/// Changes that wait to be reported. Empty, and without cost, where nobody wants the event.
#[derive(Clone, Debug)]
pub(crate) struct Rollup<A: Copy> {
    waiting: ChangeList<A>,
}

impl<A: Copy + 'static> Rollup<A> {
    pub(crate) const fn new() -> Self {
        Self { waiting: ChangeList::new() }
    }

    /// Keeps a change that was applied; returns when to flush, if that moved.
    #[inline]
    pub(crate) fn add(
        &mut self,
        now: Instant,
        (flush_after, max): (Micros, usize),
        change: Change<'_, A>,
        out: &mut Effects<A>,
    ) -> Option<Instant> {
        if !out.wants(EventKind::Rollup) {
            return None;
        }
        self.waiting.push(change);
        if self.waiting.len() >= max {
            self.flush(out);
            return Some(Instant::NEVER);
        }
        Some(now + flush_after)
    }

    /// Reports what waits.
    pub(crate) fn flush(&mut self, out: &mut Effects<A>) {
        if !self.waiting.is_empty() {
            out.event_changes(Event::Rollup { changes: crate::member::Changes::NONE }, self.waiting.as_changes());
            self.waiting.clear();
        }
    }

    /// How many changes wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}
