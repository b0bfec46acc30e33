//! The queue of pending changes: one ring, one cursor a send count, fewest-sent first (R5).
//!
//! ```text
//! ring      [ sent twice | sent once      | never sent ]  <- new changes
//!             ^cursor 1    ^cursor 0 ends   here
//! ```
//! Entries before cursor `c` were sent more than `c` times. Sending an entry moves a cursor, not the entry; what the
//! last cursor has passed was sent often enough and is dropped. An entry names a member and the version of its
//! pending change: where the version is no longer the member's, a newer change has superseded it, and it is passed
//! over. The change itself is what the list says of the member.

use alloc::vec::Vec;

use super::{Charged, Pending};
use crate::fingerprint::Fingerprint;
use crate::room;

/// A ring of so many entries is looked through whenever there is reason to.
const SHORT: usize = 4096;
/// So many entries are looked at for each one that is added, in a longer one.
const LOOKS: usize = 64;

/// What a message does with an entry that it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// It carries the change: one send more.
    Taken,
    /// The entry was superseded; it goes the way of those that were sent.
    Stale,
    /// It does not carry the change; the entry keeps its place.
    Skipped,
    /// The message is full.
    Full,
}

/// What tells whether it is empty, which every ping asks, lies together.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub(crate) struct Queue {
    /// Memory of [`Queue::refund`].
    found: Vec<(u32, u32)>,
    /// So many entries of the ring are dropped and not yet moved out of the way.
    dropped: usize,
    /// The entries, after the dropped ones.
    ring: Vec<Pending>,
    cursors: Vec<u32>,
    /// How many entries are superseded.
    stale: u32,
    /// How many were added since the superseded ones were thrown out, at least.
    added: u32,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self { ring: Vec::new(), dropped: 0, cursors: Vec::new(), stale: 0, added: 0, found: Vec::new() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.ring.len() == self.dropped
    }

    /// How many changes are pending.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entries() - self.stale as usize
    }

    /// How many entries there are, superseded ones included.
    #[inline]
    pub(crate) fn entries(&self) -> usize {
        self.ring.len() - self.dropped
    }

    /// Adds a change that was never sent.
    pub(crate) fn push(&mut self, pending: Pending) {
        self.added = self.added.saturating_add(1);
        self.append(pending);
    }

    fn append(&mut self, pending: Pending) {
        if self.ring.len() == self.ring.capacity() {
            // What is won at the front may be little; with more than that the next are not drained for each.
            self.ring.drain(..self.dropped);
            self.dropped = 0;
            room::make_ahead(&mut self.ring, 0, 4);
        }
        self.ring.push(pending);
    }

    /// An entry was superseded.
    pub(crate) fn supersede(&mut self) {
        self.stale += 1;
    }

    /// Whether any entry is superseded.
    pub(crate) fn has_stale(&self) -> bool {
        self.stale > 0
    }

    /// Whether so many entries are superseded that it is time to throw them out.
    #[inline]
    pub(crate) fn is_littered(&self) -> bool {
        self.stale > 32 && self.stale as usize * 3 > self.entries()
    }

    /// Whether throwing out costs little for each entry that was added since the last time: it looks at all of them.
    pub(crate) fn is_worth_a_purge(&self) -> bool {
        self.entries() <= SHORT || self.added as usize >= self.entries() / LOOKS
    }

    /// Sets how often changes are sent. Those that were sent so often already are dropped.
    pub(crate) fn set_limit(&mut self, limit: u32, finished: impl FnMut(Pending) -> Finished) {
        self.cursors.resize(limit as usize, 0);
        self.drop_finished(finished);
    }

    /// Offers entries to a message, fewest-sent first, until it is full. No entry is offered twice. Those that were sent
    /// often enough are dropped with [`Queue::drop_finished`].
    #[inline]
    pub(crate) fn issue(&mut self, mut offer: impl FnMut(Pending) -> Take) {
        let ring = &mut self.ring[self.dropped..];
        let mut end = ring.len() as u32;
        for count in 0..self.cursors.len() {
            let start = self.cursors[count];
            let (next_end, mut write) = (start, start);
            let mut full = false;
            for read in start..end {
                match offer(ring[read as usize]) {
                    Take::Taken | Take::Stale => {
                        if read != write {
                            ring.swap(read as usize, write as usize);
                        }
                        write += 1;
                    }
                    Take::Skipped => {}
                    Take::Full => full = true,
                }
                if full {
                    break;
                }
            }
            self.cursors[count] = write;
            if full {
                break;
            }
            end = next_end;
        }
    }

    /// As [`Queue::issue`], for a message that all entries fit in: their order does not matter, so they are offered as
    /// they lie. What the message does not carry keeps its count.
    #[inline]
    pub(crate) fn issue_all(&mut self, mut offer: impl FnMut(Pending) -> Take) {
        let mut left = core::mem::take(&mut self.found);
        for (at, &entry) in self.ring[self.dropped..].iter().enumerate() {
            if !matches!(offer(entry), Take::Taken | Take::Stale) {
                left.push((at as u32, 0));
            }
        }
        if let Some(last) = self.cursors.len().checked_sub(1) {
            self.cursors.copy_within(..last, 1);
            self.cursors[0] = self.entries() as u32;
        }
        for (at, _) in left.drain(..).rev() {
            self.demote(at);
        }
        self.found = left;
    }

    /// Takes one send back from each entry of a message that did not arrive (I6: pings count when acked). `returns` is
    /// asked about entries that were dropped meanwhile, whether they come back. `wraps` is as when the message was
    /// charged, or versions may mean another change by now.
    pub(crate) fn refund(&mut self, charged: &mut Charged, wraps: u32, mut returns: impl FnMut(Pending) -> bool) {
        let mut owed = core::mem::take(&mut charged.pending);
        if charged.wraps == wraps {
            let mut found = core::mem::take(&mut self.found);
            owed.sort_unstable();
            for (at, entry) in self.ring[self.dropped..].iter().enumerate() {
                if let Ok(place) = owed.binary_search(entry) {
                    found.push((at as u32, place as u32));
                }
            }
            // From the back, so that what a swap brings forward is none of those that are still to come.
            for &(at, _) in found.iter().rev() {
                self.demote(at);
            }
            for (_, place) in found.drain(..) {
                owed[place as usize] = Pending::NONE;
            }
            self.found = found;
            let dropped_for_sends = charged.limit as usize <= self.cursors.len();
            for pending in owed.drain(..).filter(|&pending| pending != Pending::NONE) {
                if dropped_for_sends && returns(pending) {
                    self.push_sent(pending);
                }
            }
        }
        owed.clear();
        charged.pending = owed;
    }

    /// The entry was sent once less: it moves over the boundary behind it.
    fn demote(&mut self, at: u32) {
        // Cursors fall with the count; those that are beyond the entry are as many as its sends.
        let sends = self.cursors.iter().take_while(|&&cursor| cursor > at).count();
        if sends > 0 {
            let boundary = self.cursors[sends - 1] - 1;
            self.ring[self.dropped..].swap(at as usize, boundary as usize);
            self.cursors[sends - 1] = boundary;
        }
    }

    /// Puts an entry back that may be sent once more.
    fn push_sent(&mut self, pending: Pending) {
        self.append(pending);
        let mut at = self.entries() as u32 - 1;
        let sends = self.cursors.len().saturating_sub(1);
        let ring = &mut self.ring[self.dropped..];
        for cursor in &mut self.cursors[..sends] {
            ring.swap(at as usize, *cursor as usize);
            at = *cursor;
            *cursor += 1;
        }
    }

    /// Throws out the superseded entries; the others keep their counts.
    pub(crate) fn purge(&mut self, mut keep: impl FnMut(Pending) -> bool) {
        let mut kept = 0;
        // Cursors fall with the count: the last one is met first.
        let mut next = self.cursors.len();
        let ring = &mut self.ring[self.dropped..];
        for at in 0..=ring.len() as u32 {
            while next > 0 && self.cursors[next - 1] == at {
                self.cursors[next - 1] = kept;
                next -= 1;
            }
            if let Some(&entry) = ring.get(at as usize) {
                if keep(entry) {
                    ring[kept as usize] = entry;
                    kept += 1;
                }
            }
        }
        self.ring.truncate(self.dropped + kept as usize);
        (self.stale, self.added) = (0, 0);
    }

    /// Drops what was sent often enough; `finished` is told each entry and says whether it was superseded.
    #[inline]
    pub(crate) fn drop_finished(&mut self, finished: impl FnMut(Pending) -> Finished) {
        let count = self.cursors.last().map_or(self.entries() as u32, |&last| last);
        if count > 0 {
            self.drop_first(count, finished);
        }
    }

    fn drop_first(&mut self, count: u32, mut finished: impl FnMut(Pending) -> Finished) {
        let end = self.dropped + count as usize;
        for &entry in &self.ring[self.dropped..end] {
            self.stale -= u32::from(finished(entry) == Finished::Superseded);
        }
        self.dropped = end;
        for cursor in &mut self.cursors {
            *cursor = cursor.saturating_sub(count);
        }
        if self.is_empty() {
            self.ring.clear();
            self.dropped = 0;
            if self.ring.capacity() > 256 {
                self.ring = Vec::new();
            }
        }
    }

    /// How often the entry was sent, for the invariants.
    #[cfg(test)]
    fn sends(&self, pending: Pending) -> Option<usize> {
        let found = self.ring[self.dropped..].iter().position(|&entry| entry == pending)? as u32;
        Some(self.cursors.iter().take_while(|&&cursor| cursor > found).count())
    }

    /// Panics where the cursors do not descend or leave the ring.
    pub(crate) fn check(&self) {
        assert!(self.cursors.windows(2).all(|pair| pair[0] >= pair[1]), "cursors fall with the count");
        assert!(self.cursors.first().is_none_or(|&first| first as usize <= self.entries()), "cursors stay inside");
        assert!(self.cursors.last().is_none_or(|&last| last == 0), "what was sent often enough is dropped");
        assert!(self.stale as usize <= self.entries(), "superseded entries are entries");
    }
}

/// What an entry was when it was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    /// The pending change of its member.
    Current,
    /// Superseded by a newer one.
    Superseded,
}

impl Queue {
    /// Takes in the entries and how often each was sent.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        // A ring as short as those of explorations is looked through whatever was `added`.
        let Self { ring, dropped, cursors, stale, added: _, found: _ } = self;
        print.word((self.entries() as u64) << 32 | u64::from(*stale));
        ring[*dropped..].iter().for_each(|pending| pending.trace(print));
        cursors.iter().for_each(|cursor| print.word(u64::from(*cursor)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memberlist::Slot;
    use crate::random::Random;
    use alloc::collections::BTreeMap;

    fn pending(slot: u32) -> Pending {
        Pending::new(Slot(slot), 0)
    }

    fn current(_: Pending) -> Finished {
        Finished::Current
    }

    fn issue(queue: &mut Queue, count: usize) -> Vec<u32> {
        let mut taken = Vec::new();
        queue.issue(|entry| {
            if taken.len() == count {
                return Take::Full;
            }
            taken.push(entry.slot().0);
            Take::Taken
        });
        queue.drop_finished(current);
        queue.check();
        taken
    }

    fn queue(limit: u32, slots: u32) -> Queue {
        let mut queue = Queue::new();
        queue.set_limit(limit, current);
        (0..slots).for_each(|slot| queue.push(pending(slot)));
        queue
    }

    #[test]
    fn what_was_sent_least_goes_first() {
        let mut queue = queue(3, 4);
        assert_eq!(issue(&mut queue, 3), [0, 1, 2]);
        queue.push(pending(4));
        assert_eq!(issue(&mut queue, 3), [3, 4, 0]);
        assert_eq!(issue(&mut queue, 9), [1, 2, 3, 4, 0]);
    }

    #[test]
    fn the_room_of_a_queue_that_grows_is_made_seldom() {
        let mut queue = queue(1, 0);
        let moves = (0..10_000).filter(|&slot| {
            let before = queue.ring.capacity();
            queue.push(pending(slot));
            queue.ring.capacity() != before
        });
        assert!(moves.count() <= 40);
        assert!(queue.ring.capacity() <= 12_504);
    }

    #[test]
    fn the_room_of_a_long_queue_is_given_back_when_all_is_told() {
        for (len, is_kept) in [(1_000, false), (200, true)] {
            let mut queue = queue(1, len);
            issue(&mut queue, len as usize);
            assert!(queue.is_empty());
            assert_eq!(queue.ring.capacity() > 0, is_kept);
        }
    }

    #[test]
    fn each_change_is_sent_as_often_as_the_limit_says_and_then_dropped() {
        let mut queue = queue(3, 2);
        for _ in 0..3 {
            assert_eq!(issue(&mut queue, 9).len(), 2);
        }
        assert!(queue.is_empty());
    }

    #[test]
    fn a_long_queue_is_gone_through_once_for_each_64th_of_it_that_is_added() {
        let added = |queue: &mut Queue, more: u32| (0..more).for_each(|slot| queue.push(pending(slot)));
        let mut queue = queue(3, 0);
        added(&mut queue, SHORT as u32);
        queue.purge(|_| true);
        assert!(queue.is_worth_a_purge(), "a short one always is");
        added(&mut queue, 2 * SHORT as u32);
        queue.purge(|_| true);
        // 12,288 are left, and 193 more make 12,481, of which 195 are a 64th.
        added(&mut queue, 193);
        assert!(!queue.is_worth_a_purge());
        added(&mut queue, 2);
        assert!(queue.is_worth_a_purge());
    }

    #[test]
    fn a_skipped_change_keeps_its_count() {
        let mut queue = queue(2, 3);
        queue.issue(|entry| if entry.slot().0 == 1 { Take::Skipped } else { Take::Taken });
        assert_eq!(queue.sends(pending(1)), Some(0));
        assert_eq!(queue.sends(pending(0)), Some(1));
        assert_eq!(issue(&mut queue, 1), [1]);
    }

    #[test]
    fn a_message_that_all_fit_in_takes_all_but_those_that_it_skips() {
        for skipped in 0..1 << 5u32 {
            let mut queue = queue(3, 5);
            assert_eq!(issue(&mut queue, 3), [0, 1, 2]);
            assert_eq!(issue(&mut queue, 3), [3, 4, 0]);
            let before: Vec<_> = (0..5).map(|slot| queue.sends(pending(slot)).unwrap()).collect();
            let skip = |slot: u32| skipped >> slot & 1 == 1;
            queue.issue_all(|entry| if skip(entry.slot().0) { Take::Skipped } else { Take::Taken });
            queue.drop_finished(current);
            queue.check();
            for (slot, before) in (0..5).zip(before) {
                let sends = before + usize::from(!skip(slot));
                assert_eq!(queue.sends(pending(slot)), (sends < 3).then_some(sends), "{skipped:b} {slot}");
            }
        }
    }

    #[test]
    fn a_lower_limit_drops_what_was_sent_so_often_already() {
        let mut queue = queue(4, 2);
        issue(&mut queue, 1);
        issue(&mut queue, 1);
        issue(&mut queue, 1);
        queue.set_limit(2, current);
        assert_eq!(issue(&mut queue, 9), [1]);
        assert!(queue.is_empty());
    }

    /// Against a map of counts, with random limits, refunds and purges.
    #[test]
    fn it_agrees_with_a_map_of_counts() {
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let mut limit = 1 + random.below(6);
            let mut queue = queue(limit, 0);
            let mut model: BTreeMap<u32, u32> = BTreeMap::new();
            let mut sent: Vec<u32> = Vec::new();
            for step in 0..200 {
                match random.below(6) {
                    0 | 1 => {
                        queue.push(pending(step));
                        model.insert(step, 0);
                    }
                    2 | 3 => {
                        sent = issue(&mut queue, random.below(8) as usize);
                        let mut counts: Vec<u32> = sent.iter().map(|slot| model[slot]).collect();
                        let least: Vec<u32> = {
                            let mut all: Vec<u32> = model.values().copied().collect();
                            all.sort_unstable();
                            all[..sent.len()].to_vec()
                        };
                        counts.sort_unstable();
                        assert_eq!(counts, least);
                        for slot in &sent {
                            *model.get_mut(slot).unwrap() += 1;
                        }
                    }
                    4 => {
                        let mut charged = Charged::default();
                        sent.iter().for_each(|&slot| charged.add(pending(slot), 0, limit));
                        queue.refund(&mut charged, 0, |_| true);
                        for slot in sent.drain(..) {
                            let count = model.entry(slot).or_insert(limit);
                            *count = count.saturating_sub(1).min(limit - 1);
                        }
                    }
                    _ => {
                        if random.chance(1, 4) {
                            limit = 1 + random.below(6);
                            queue.set_limit(limit, current);
                            sent.clear();
                        } else {
                            let odd = random.below(7);
                            queue.purge(|entry| entry.slot().0 % 7 != odd);
                            model.retain(|slot, _| slot % 7 != odd);
                            sent.retain(|slot| slot % 7 != odd);
                        }
                    }
                }
                model.retain(|_, count| *count < limit);
                queue.check();
                assert_eq!(queue.entries(), model.len());
                for (&slot, &count) in &model {
                    assert_eq!(queue.sends(pending(slot)), Some(count as usize), "seed {seed} step {step}");
                }
            }
        }
    }
}
