//! Rollup (R14): applied changes are collected until it is quiet, or until there are enough, and reported once.

use crate::effect::Effects;
use crate::member::{Change, ChangeList};
use crate::observe::{Event, EventKind};

/// Room for so many changes is kept for the next ones; one long list must not hold more for ever.
const ROOM_KEPT: usize = 1024;

/// Changes that wait to be reported. Empty, and without cost, where nobody wants the event.
#[derive(Clone, Debug)]
pub(crate) struct Rollup<A: Copy> {
    waiting: ChangeList<A>,
}

impl<A: Copy + 'static> Rollup<A> {
    pub(crate) const fn new() -> Self {
        Self { waiting: ChangeList::new() }
    }

    /// Keeps a change that was applied, if anyone wants to know; returns whether it was kept.
    #[inline]
    pub(crate) fn add(&mut self, change: Change<'_, A>, out: &Effects<A>) -> bool {
        let wanted = out.wants(EventKind::Rollup);
        if wanted {
            self.waiting.push(change);
        }
        wanted
    }

    /// Reports what waits.
    pub(crate) fn flush(&mut self, out: &mut Effects<A>) {
        if !self.waiting.is_empty() {
            out.event_changes(Event::Rollup { changes: crate::member::Changes::NONE }, self.waiting.as_changes());
            if self.waiting.capacity() > ROOM_KEPT {
                self.waiting = ChangeList::new();
            } else {
                self.waiting.clear();
            }
        }
    }

    /// How many changes wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}
