//! Whom the node has forgotten on purpose (R3): so that one that slept through an eviction cannot teach a ghost back.

use alloc::collections::{BTreeMap, VecDeque};

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::member::Incarnation;
use crate::time::Instant;

/// The evicted members of the last faulty timeout, `max` of them at most; the oldest give way.
#[derive(Clone)]
pub(crate) struct Evicted<A> {
    incarnations: BTreeMap<A, Incarnation>,
    order: VecDeque<(Instant, A, Incarnation)>,
    max: usize,
}

impl<A: Address> Evicted<A> {
    pub(crate) const fn new(max: usize) -> Self {
        Self { incarnations: BTreeMap::new(), order: VecDeque::new(), max }
    }

    /// Remembers an eviction until `until`.
    pub(crate) fn remember(&mut self, address: A, incarnation: Incarnation, until: Instant) {
        if self.max == 0 {
            return;
        }
        if self.order.len() >= self.max {
            self.forget_oldest();
        }
        self.incarnations.insert(address, incarnation);
        self.order.push_back((until, address, incarnation));
    }

    /// Whether one more can be remembered, and none be forgotten for it.
    pub(crate) fn has_room(&self) -> bool {
        self.order.len() < self.max
    }

    /// The incarnation at which a member was evicted, if that is remembered.
    #[inline]
    pub(crate) fn incarnation(&self, address: &A) -> Option<Incarnation> {
        if self.incarnations.is_empty() { None } else { self.incarnations.get(address).copied() }
    }

    /// Forgets what is remembered no longer than until `now`.
    pub(crate) fn expire(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(until, ..)| *until <= now) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, address, incarnation)) = self.order.pop_front() else { return };
        if self.incarnations.get(&address) == Some(&incarnation) {
            self.incarnations.remove(&address);
        }
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }
}

impl<A: Address> Evicted<A> {
    /// Takes in who is remembered until when; the map follows from that.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self { incarnations: _, order, max: _ } = self;
        print.word(order.len() as u64);
        for (until, address, incarnation) in order {
            print.until(*until);
            print.address(address);
            print.word(incarnation.get());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incarnation(number: u64) -> Incarnation {
        Incarnation::new(number).unwrap()
    }

    #[test]
    fn the_oldest_give_way_and_the_old_expire() {
        let mut evicted = Evicted::new(2);
        for address in 1..=3u32 {
            evicted.remember(address, incarnation(5), Instant::from_millis(u64::from(address)));
        }
        assert_eq!(evicted.incarnation(&1), None);
        assert_eq!(evicted.incarnation(&2), Some(incarnation(5)));
        evicted.expire(Instant::from_millis(2));
        assert_eq!(evicted.incarnation(&2), None);
        assert_eq!(evicted.len(), 1);
    }

    #[test]
    fn one_that_is_evicted_again_is_remembered_at_its_last_incarnation() {
        let mut evicted = Evicted::new(4);
        evicted.remember(1u32, incarnation(5), Instant::from_millis(1));
        evicted.remember(1u32, incarnation(6), Instant::from_millis(9));
        evicted.expire(Instant::from_millis(1));
        assert_eq!(evicted.incarnation(&1), Some(incarnation(6)));
    }
}
