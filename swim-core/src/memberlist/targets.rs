//! Whom the probe meets next (R4): a few members of the order are looked up at once.
//!
//! In a large cluster each is a record that no cache holds, and to fetch several together takes little longer than to fetch
//! one. As long as the list stays as it was, what was fetched holds.

use alloc::vec::Vec;

use super::order::{Candidates, Order};
use super::proven::Proven;
use super::record::Record;
use super::slot::Slot;
use crate::address::Address;
use crate::config::ProbeOrder;
use crate::fingerprint::Fingerprint;
use crate::member::Incarnation;
use crate::random::Random;
use crate::split::Split;

/// So many targets are looked up at once.
const UPCOMING: usize = 8;
const TARGET_PROVEN: u64 = 1 << 63;

/// A member to probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<A> {
    pub(crate) slot: Slot,
    pub(crate) address: A,
    /// The incarnation that is pinged, and above it whether the member has ever answered.
    pinged: Split,
}

impl<A: Address> Target<A> {
    fn new(slot: Slot, record: &Record<A>, proven: &Proven) -> Self {
        let flag = TARGET_PROVEN * u64::from(proven.has(slot));
        Self { slot, address: record.address, pinged: Split::new(record.state().incarnation.get() | flag) }
    }

    pub(crate) fn incarnation(&self) -> Incarnation {
        Incarnation::from_low_bits(self.pinged.get())
    }

    /// Whether it has answered this node before.
    pub(crate) fn is_proven(&self) -> bool {
        self.pinged.get() & TARGET_PROVEN != 0
    }
}

/// What of the list a choice of targets looks at.
pub(super) struct Listed<'l, A> {
    pub(super) order: &'l mut Order,
    pub(super) records: &'l mut [Record<A>],
    pub(super) proven: &'l Proven,
    /// Counts the changes of the list.
    pub(super) revision: u32,
}

/// The members that are next, the last one first, as they were at a revision of the list.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Targets<A> {
    revision: u32,
    upcoming: Vec<Target<A>>,
}

impl<A: Address> Targets<A> {
    pub(super) const fn new() -> Self {
        Self { revision: 0, upcoming: Vec::new() }
    }

    /// The next one, unless nobody is pingable.
    #[inline]
    pub(super) fn next(
        &mut self,
        mut listed: Listed<'_, A>,
        order: ProbeOrder,
        random: &mut Random,
    ) -> Option<Target<A>> {
        loop {
            while let Some(target) = self.upcoming.pop() {
                if self.revision == listed.revision {
                    return Some(target);
                }
                // The list has changed: the member may have another state by now, or be gone.
                let record = &listed.records[target.slot.at()];
                if record.address == target.address && listed.records.is_pingable(target.slot) {
                    return Some(Target::new(target.slot, record, listed.proven));
                }
            }
            self.fetch(&mut listed, order, random);
            if self.upcoming.is_empty() {
                return None;
            }
        }
    }

    fn fetch(&mut self, listed: &mut Listed<'_, A>, probe_order: ProbeOrder, random: &mut Random) {
        let Listed { order, records, proven, revision } = listed;
        // A small cluster is probed in its order without looking ahead, or a newcomer would wait for a whole pass.
        let count = (order.len() / 16).clamp(1, UPCOMING);
        for _ in 0..count {
            let next = match probe_order {
                ProbeOrder::RoundRobin => order.next(random, *records),
                ProbeOrder::Random => order.draw(random, *records),
            };
            let Some(slot) = next else { break };
            self.upcoming.push(Target::new(slot, &records[slot.at()], proven));
        }
        self.upcoming.reverse();
        self.revision = *revision;
    }

    /// Takes in who is next, and whether the list has changed since, at this revision.
    pub(super) fn trace(&self, at: u32, print: &mut Fingerprint) {
        let Self { revision, upcoming } = self;
        print.word(upcoming.len() as u64);
        for Target { slot, address, pinged } in upcoming {
            print.word(slot.0.into());
            print.address(address);
            print.word(pinged.get());
            print.word((*revision == at).into());
        }
    }
}
