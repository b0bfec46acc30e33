//! The queue of what is going to happen, in the order of (time, sequence).
//!
//! Nearly everything that a cluster plans lies within a few seconds, so the near future is a wheel of slots of about a
//! millisecond, and only what lies beyond it is in a heap. Times stay exact: a slot is sorted when it becomes the
//! current one.
//!
//! ```text
//!   current slot          wheel: one chain of entries per slot             heap, beyond the wheel
//!   [sorted, popped]  ->  [ . | a-b | . | c | . . . . . . . . | d ]   ->   e, f, g
//! ```
//!
//! All entries live in one arena with a free list, and stay in their place until they are taken. So the queue touches
//! as much memory as there are entries, not as there are slots: cache misses decide how fast a simulation runs.

mod far;
mod wheel;

use swim_core::Instant;

use far::Far;
use wheel::{Due, Wheel};

/// What is going to happen, ordered by time, and among the simultaneous by the order in which it was planned.
#[derive(Debug)]
pub struct Queue<T> {
    slot_bits: u32,
    /// The slot whose entries are in `current`.
    cursor: u64,
    /// Sorted, the next one last.
    current: Vec<Due>,
    wheel: Wheel<T>,
    far: Far<T>,
    /// Numbers what is planned.
    sequence: u64,
    now: Instant,
}

impl<T: Copy> Queue<T> {
    /// An empty queue at time zero with slots of [`Queue::SLOT_BITS`].
    pub fn new() -> Self {
        Self::with_slot_bits(Self::SLOT_BITS)
    }

    /// An empty queue whose slots are `2^bits` microseconds wide. The width changes the speed and nothing else.
    ///
    /// # Panics
    /// When `bits` is above [`Queue::SLOT_BITS_MAX`].
    pub fn with_slot_bits(bits: u32) -> Self {
        assert!(bits <= Self::SLOT_BITS_MAX, "a slot of 2^{bits} microseconds is too wide");
        Self {
            slot_bits: bits,
            cursor: 0,
            current: Vec::new(),
            wheel: Wheel::new(),
            far: Far::new(),
            sequence: 0,
            now: Instant::ZERO,
        }
    }

    /// Plans `what` for `at`, after everything that is planned for that time already.
    ///
    /// # Panics
    /// When `at` is before the last time that was popped, or too many entries (2^48) were ever planned.
    #[inline(always)]
    pub fn push(&mut self, at: Instant, what: T) {
        assert!(at >= self.now, "{at} is past, it is {}", self.now);
        let micros = at.as_micros();
        let slot = micros >> self.slot_bits;
        let sequence = self.sequence;
        self.sequence += 1;
        if (1..Wheel::<T>::SLOTS).contains(&slot.wrapping_sub(self.cursor)) {
            self.wheel.put(slot, self.key(micros, sequence), what);
        } else if slot == self.cursor {
            self.push_current(self.key(micros, sequence), what);
        } else {
            self.far.push(at, sequence, what);
        }
    }

    /// Takes the next entry, if it is planned for before `limit`.
    #[inline]
    pub fn pop_before(&mut self, limit: Instant) -> Option<(Instant, T)> {
        loop {
            if let Some(next) = self.current.last() {
                let at = self.at(next.key);
                if at >= limit {
                    return None;
                }
                let next = *next;
                self.current.pop();
                self.now = at;
                return Some((at, self.wheel.take(next)));
            }
            if !self.advance(limit) {
                return None;
            }
        }
    }

    /// Whether an entry is planned for before `limit`.
    pub fn has_before(&mut self, limit: Instant) -> bool {
        loop {
            if let Some(next) = self.current.last() {
                return self.at(next.key) < limit;
            }
            if !self.advance(limit) {
                return false;
            }
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.current.len() + self.wheel.chained() + self.far.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Plans something for the slot that is being drained.
    #[inline(never)]
    fn push_current(&mut self, key: u64, what: T) {
        let due = self.wheel.keep_due(key, what);
        let place = self.current.partition_point(|other| other.key > key);
        self.current.insert(place, due);
    }

    /// Makes the next slot the current one, unless it begins at `limit` or later. Not every slot has entries.
    fn advance(&mut self, limit: Instant) -> bool {
        let limit_slot = limit.as_micros() >> self.slot_bits;
        if self.wheel.chained() > 0 {
            if self.cursor >= limit_slot {
                return false;
            }
            self.cursor += 1;
        } else {
            let Some(first) = self.far.first() else { return false };
            let slot = (first.as_micros() >> self.slot_bits).min(limit_slot);
            if slot <= self.cursor {
                return false;
            }
            self.cursor = slot;
        }
        let beyond = (self.cursor + Wheel::<T>::SLOTS) << self.slot_bits;
        while let Some((at, sequence, what)) = self.far.pop_before(Instant::from_micros(beyond)) {
            let micros = at.as_micros();
            self.wheel.put(micros >> self.slot_bits, self.key(micros, sequence), what);
        }
        self.wheel.unchain(self.cursor, &mut self.current);
        if self.current.len() > 1 {
            self.current.sort_unstable_by_key(|due| std::cmp::Reverse(due.key));
        }
        true
    }

    /// What a slot is sorted by: the time within the slot, then the sequence.
    #[inline]
    fn key(&self, micros: u64, sequence: u64) -> u64 {
        assert!(sequence < 1 << SEQUENCE_BITS, "2^48 entries are more than a queue can number");
        (micros & ((1 << self.slot_bits) - 1)) << SEQUENCE_BITS | sequence
    }

    #[inline]
    fn at(&self, key: u64) -> Instant {
        Instant::from_micros((self.cursor << self.slot_bits) + (key >> SEQUENCE_BITS))
    }
}

impl<T: Copy> Default for Queue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Queue<T> {
    /// The width of a slot unless another one is asked for: 2^10 microseconds, about a millisecond.
    pub const SLOT_BITS: u32 = 10;
    /// The widest slot: its times and the sequence share a 64-bit key.
    pub const SLOT_BITS_MAX: u32 = 64 - SEQUENCE_BITS;
}

const SEQUENCE_BITS: u32 = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::Random;

    fn micros(at: u64) -> Instant {
        Instant::from_micros(at)
    }

    fn drain(queue: &mut Queue<u32>, limit: u64) -> Vec<(u64, u32)> {
        std::iter::from_fn(|| queue.pop_before(micros(limit))).map(|(at, what)| (at.as_micros(), what)).collect()
    }

    #[test]
    fn entries_come_in_the_order_of_their_times_and_the_simultaneous_as_they_were_planned() {
        let mut queue = Queue::new();
        for (what, at) in [5_000, 1, 5_000, 70_000_000, 3, 1, 9_000_000].into_iter().enumerate() {
            queue.push(micros(at), what as u32);
        }
        let order = [(1, 1), (1, 5), (3, 4), (5_000, 0), (5_000, 2), (9_000_000, 6), (70_000_000, 3)];
        assert_eq!(drain(&mut queue, u64::MAX), order);
        assert!(queue.is_empty());
    }

    #[test]
    fn nothing_is_taken_at_or_after_the_limit_and_earlier_entries_may_still_be_planned() {
        let mut queue = Queue::new();
        queue.push(micros(20_000_000), 1);
        assert_eq!(drain(&mut queue, 20_000_000), []);
        queue.push(micros(19_999_999), 2);
        assert_eq!(drain(&mut queue, 20_000_000), [(19_999_999, 2)]);
        assert_eq!(drain(&mut queue, 20_000_001), [(20_000_000, 1)]);
    }

    #[test]
    fn an_entry_planned_for_now_comes_next() {
        let mut queue = Queue::new();
        queue.push(micros(100), 1);
        queue.push(micros(101), 2);
        assert_eq!(queue.pop_before(Instant::NEVER), Some((micros(100), 1)));
        queue.push(micros(100), 3);
        assert_eq!(drain(&mut queue, u64::MAX), [(100, 3), (101, 2)]);
    }

    #[test]
    #[should_panic(expected = "is past")]
    fn the_past_cannot_be_planned() {
        let mut queue = Queue::new();
        queue.push(micros(100), 1);
        queue.pop_before(Instant::NEVER);
        queue.push(micros(99), 2);
    }

    #[test]
    fn the_order_does_not_depend_on_the_width_of_the_slots() {
        let orders: Vec<_> = [0, 3, 10, 16].map(|bits| plan_and_take(Queue::with_slot_bits(bits))).into();
        assert!(orders[0].is_sorted_by_key(|(at, _)| *at));
        assert!(orders.iter().all(|order| *order == orders[0]));
    }

    /// What is taken leads to more that is planned, near and far, as in a simulation.
    fn plan_and_take(mut queue: Queue<u32>) -> Vec<(u64, u32)> {
        let mut random = Random::new(1);
        let mut order = Vec::new();
        for what in 0..100 {
            queue.push(micros(random.below_u64(1_000_000)), what);
        }
        let mut limit = 0;
        while order.len() < 20_000 {
            limit += 100_000;
            while let Some((at, what)) = queue.pop_before(micros(limit)) {
                order.push((at.as_micros(), what));
                let far = if random.chance(1, 50) { 30_000_000 } else { 20_000 };
                queue.push(micros(at.as_micros() + random.below_u64(far)), what);
            }
        }
        order
    }
}
