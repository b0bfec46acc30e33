//! The list itself: records by slot, the node's own in slot 0.

use alloc::vec::Vec;

use super::checksum::{contribution, fold};
use super::index::Index;
use super::label_store::LabelStore;
use super::order::Order;
use super::proven::Proven;
use super::record::{
    KEPT, LABELED, ORDERED, PENDING, Record, SOURCE_LOCAL, SOURCE_NONE, SOURCE_OTHER, SOURCE_OWN, SOURCE_SHIFT,
    STATUS_SHIFT, State, Told, VACANT, VERSION_BITS, VERSION_SHIFT,
};
use super::slot::Slot;
use super::slot_map::SlotMap;
use super::targets::{Listed, Target, Targets};
use crate::address::Address;
use crate::config::ProbeOrder;
use crate::digests::Digests;
use crate::fingerprint::Fingerprint;
use crate::labels::Labels;
use crate::member::{Change, Claim, Incarnation, Member, Source, Status};
use crate::message::Checksum;
use crate::random::Random;
use crate::room;
use crate::split::Split;

/// What every message looks at comes first.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct Memberlist<A> {
    sum: u64,
    digests: Digests<A>,
    counts: [u32; Status::ALL.len()],
    /// What the host's function said of the list, where there is one.
    foreign: Checksum,
    /// Counts the changes of the list.
    revision: u32,
    targets: Targets<A>,
    key: u64,
    records: Vec<Record<A>>,
    index: Index,
    order: Order,
    proven: Proven,
    labels: LabelStore,
    sources: SlotMap<(A, Split)>,
    vacant: Vec<Slot>,
}

/// Where a member was found at one revision of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    slot: Slot,
    revision: u32,
}

impl<A: Address> Memberlist<A> {
    /// A list with the node itself; `key` keeps others from choosing addresses that collide in the index.
    pub(crate) fn new(key: u64, digests: Digests<A>, local: Change<'_, A>) -> Self {
        let mut list = Self {
            records: Vec::new(),
            index: Index::new(),
            order: Order::new(),
            labels: LabelStore::new(),
            sources: SlotMap::new(),
            vacant: Vec::new(),
            proven: Proven::new(),
            sum: 0,
            counts: [0; Status::ALL.len()],
            key,
            digests,
            foreign: Checksum::default(),
            revision: 0,
            targets: Targets::new(),
        };
        let slot = list.add_record(local);
        debug_assert_eq!(slot, Slot::LOCAL);
        list.proven.set(slot);
        list.settle();
        list
    }

    #[inline]
    fn hash(&self, address: &A) -> u64 {
        address.hash(self.key)
    }

    /// Where a member is listed.
    #[inline]
    pub(crate) fn find(&self, address: &A) -> Option<Slot> {
        self.index.find(self.hash(address), |slot| self.records[slot as usize].address == *address).map(Slot)
    }

    /// Where a member is listed that was found in `slot` just now, to find it again.
    #[inline]
    pub(crate) fn place(&self, slot: Slot) -> Place {
        Place { slot, revision: self.revision }
    }

    /// As [`Memberlist::find`]: as long as the list is as it was, the member is where it was found, and nothing need be
    /// looked up.
    #[inline]
    pub(crate) fn find_again(&self, place: Place, address: &A) -> Option<Slot> {
        if place.revision == self.revision { Some(place.slot) } else { self.find(address) }
    }

    /// Makes room for a list of so many members, so that it need not be made bit by bit.
    pub(crate) fn reserve(&mut self, members: usize) {
        let more = members.saturating_sub(self.records.len());
        if more > self.records.capacity() - self.records.len() {
            self.records.reserve_exact(more);
            self.order.reserve(more);
            let Self { index, records, key, .. } = self;
            index.resize(members, |number| records[number as usize].address.hash(*key));
        }
    }

    /// Lists a member that is not listed; it enters the probe order at random (R4).
    pub(crate) fn insert(&mut self, change: Change<'_, A>, random: &mut Random) -> Slot {
        let slot = self.add_record(change);
        self.enter_order(slot, random);
        slot
    }

    fn add_record(&mut self, change: Change<'_, A>) -> Slot {
        let record = Record::vacant(change.address);
        let slot = if let Some(slot) = self.vacant.pop() {
            // A slot that is still in the probe order under its old member stays there, and its versions go on.
            let old = self.records[slot.at()];
            self.records[slot.at()].address = record.address;
            debug_assert!(old.is_vacant());
            slot
        } else {
            room::make(&mut self.records, 1, 8);
            self.records.push(record);
            Slot(self.records.len() as u32 - 1)
        };
        let hash = self.hash(&change.address);
        let Self { index, records, key, .. } = self;
        index.insert(hash, slot.0, |number| records[number as usize].address.hash(*key));
        self.write(slot, change.address.hash(0), change);
        slot
    }

    /// Replaces what is known of a member; it enters the probe order if it became pingable.
    pub(crate) fn update(&mut self, slot: Slot, change: Change<'_, A>, random: &mut Random) {
        let name = change.address.hash(0);
        let claim = self.claim(slot);
        self.sum = self.sum.wrapping_sub(contribution(name, claim));
        self.counts[claim.status as usize] -= 1;
        self.write(slot, name, change);
        self.enter_order(slot, random);
    }

    fn enter_order(&mut self, slot: Slot, random: &mut Random) {
        let record = &mut self.records[slot.at()];
        if record.state().status.is_pingable() && !record.has(ORDERED) && slot != Slot::LOCAL {
            record.set(ORDERED, 1);
            self.order.insert(slot, random);
        }
    }

    /// Writes all that a change says into a record whose old contribution is out of the sum.
    fn write(&mut self, slot: Slot, name: u64, change: Change<'_, A>) {
        let source = match change.source {
            None => SOURCE_NONE,
            Some(source) if source.address == change.address => SOURCE_OWN,
            Some(source) if source.address == self.records[0].address => SOURCE_LOCAL,
            Some(_) => SOURCE_OTHER,
        };
        self.revision = self.revision.wrapping_add(1);
        let record = &mut self.records[slot.at()];
        let had_other = record.field(SOURCE_SHIFT, 2) == SOURCE_OTHER;
        let had_labels = record.has(LABELED);
        record.set_bits(
            record.bits() & KEPT
                | change.incarnation.get()
                | (change.status as u64) << STATUS_SHIFT
                | source << SOURCE_SHIFT
                | (LABELED * u64::from(!change.labels.is_empty())),
        );
        match change.source {
            Some(other) if source == SOURCE_OTHER => {
                self.sources.insert(slot, (other.address, Split::new(other.incarnation.get())));
            }
            _ if had_other => drop(self.sources.remove(slot)),
            _ => {}
        }
        if !change.labels.is_empty() {
            self.labels.set(slot, change.labels);
        } else if had_labels {
            self.labels.remove(slot);
        }
        self.counts[change.status as usize] += 1;
        self.sum = self.sum.wrapping_add(contribution(
            name,
            Claim { incarnation: change.incarnation, status: change.status, labels: self.digest(change.labels) },
        ));
    }

    /// Takes a member out of the list.
    pub(crate) fn evict(&mut self, slot: Slot) {
        let address = self.address(slot);
        let state = self.state(slot);
        self.sum = self.sum.wrapping_sub(contribution(address.hash(0), self.claim(slot)));
        self.counts[state.status as usize] -= 1;
        let hash = self.hash(&address);
        let Self { index, records, key, .. } = self;
        index.remove(hash, slot.0, |number| records[number as usize].address.hash(*key));
        self.revision = self.revision.wrapping_add(1);
        self.labels.remove(slot);
        self.sources.remove(slot);
        let record = &mut self.records[slot.at()];
        record.set_field(STATUS_SHIFT, 3, VACANT);
        record.set_field(SOURCE_SHIFT, 2, SOURCE_OWN);
        record.set(LABELED | PENDING, 0);
        self.proven.clear(slot);
        self.vacant.push(slot);
    }

    #[inline]
    pub(crate) fn address(&self, slot: Slot) -> A {
        self.records[slot.at()].address
    }

    #[inline]
    pub(crate) fn state(&self, slot: Slot) -> State {
        self.records[slot.at()].state()
    }

    #[inline]
    pub(crate) fn labels(&self, slot: Slot) -> Labels<'_> {
        if self.records[slot.at()].has(LABELED) { self.labels.get(slot) } else { Labels::NONE }
    }

    /// Whether there is room for these labels, of a member that is listed or of another one.
    #[inline]
    pub(crate) fn has_room_for_labels(&self, slot: Option<Slot>, labels: Labels<'_>) -> bool {
        labels.is_empty() || self.labels.has_room_for(slot, labels)
    }

    /// Whether these are the member's labels.
    #[inline]
    pub(crate) fn has_labels(&self, slot: Slot, labels: Labels<'_>) -> bool {
        if self.records[slot.at()].has(LABELED) { self.labels(slot) == labels } else { labels.is_empty() }
    }

    /// What precedence compares (R1).
    #[inline]
    pub(crate) fn claim(&self, slot: Slot) -> Claim {
        let record = &self.records[slot.at()];
        let State { incarnation, status } = record.state();
        let labels = if record.has(LABELED) { self.digest(self.labels(slot)) } else { 0 };
        Claim { incarnation, status, labels }
    }

    /// All that is known of a member, as it is told to others.
    #[inline]
    pub(crate) fn change(&self, slot: Slot) -> Change<'_, A> {
        let record = &self.records[slot.at()];
        let State { incarnation, status } = record.state();
        let source = match record.field(SOURCE_SHIFT, 2) {
            SOURCE_OWN => Some(Source { address: record.address, incarnation }),
            SOURCE_NONE => None,
            SOURCE_LOCAL => {
                let local = &self.records[0];
                Some(Source { address: local.address, incarnation: local.state().incarnation })
            }
            _ => self.sources.get(slot).map(|&(address, incarnation)| Source {
                address,
                incarnation: Incarnation::from_low_bits(incarnation.get()),
            }),
        };
        Change { address: record.address, incarnation, status, source, labels: self.labels(slot) }
    }

    /// Whether a slot has a member.
    pub(crate) fn is_listed(&self, slot: Slot) -> bool {
        self.records.get(slot.at()).is_some_and(|record| !record.is_vacant())
    }

    /// What a pending change of this version says.
    #[inline]
    pub(crate) fn told(&self, slot: Slot, version: u8) -> Told<A> {
        let record = &self.records[slot.at()];
        let bits = record.bits();
        if bits >> VERSION_SHIFT != u64::from(version) || record.is_vacant() {
            return Told::Superseded;
        }
        // An own claim without labels is all in the record.
        if bits & (LABELED | 3 << SOURCE_SHIFT) == SOURCE_OWN << SOURCE_SHIFT {
            return Told::Own { address: record.address, state: record.state() };
        }
        Told::More
    }

    pub(crate) fn member(&self, slot: Slot) -> Member<'_, A> {
        let State { incarnation, status } = self.state(slot);
        Member { address: self.address(slot), status, incarnation, labels: self.labels(slot) }
    }

    /// All members in the order of their slots, the node itself first.
    #[inline]
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.records.iter().enumerate().filter(|(_, record)| !record.is_vacant()).map(|(at, _)| Slot(at as u32))
    }

    /// How many members are listed, the node itself included.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.records.len() - self.vacant.len()
    }

    /// One more than the highest slot.
    pub(crate) fn slot_bound(&self) -> usize {
        self.records.len()
    }

    /// How many members have this status, the node itself included.
    #[inline]
    pub(crate) fn count(&self, status: Status) -> u32 {
        self.counts[status as usize]
    }

    /// How many others are pingable.
    #[inline]
    pub(crate) fn pingable(&self) -> u32 {
        let local = u32::from(self.state(Slot::LOCAL).status.is_pingable());
        self.count(Status::Alive) + self.count(Status::Suspect) - local
    }

    /// What precedence compares of labels.
    #[inline]
    pub(crate) fn digest(&self, labels: Labels<'_>) -> i32 {
        if labels.is_empty() { 0 } else { (self.digests.labels)(labels) }
    }

    #[inline]
    pub(crate) fn checksum(&self) -> Checksum {
        if self.digests.list.is_some() { self.foreign } else { fold(self.sum) }
    }

    /// The list has changed: a host's checksum is computed anew.
    #[inline]
    pub(crate) fn settle(&mut self) {
        if let Some(list) = self.digests.list {
            let checksum = list(&mut self.slots().map(|slot| self.member(slot)));
            self.foreign = checksum;
        }
    }

    /// The checksum computed from scratch, to check the one that is kept (I4).
    pub(crate) fn checksum_from_scratch(&self) -> Checksum {
        if let Some(list) = self.digests.list {
            return list(&mut self.slots().map(|slot| self.member(slot)));
        }
        fold(
            self.slots()
                .fold(0, |sum, slot| sum.wrapping_add(contribution(self.address(slot).hash(0), self.claim(slot)))),
        )
    }

    /// The next member to probe (R4).
    #[inline]
    pub(crate) fn next_target(&mut self, order: ProbeOrder, random: &mut Random) -> Option<Target<A>> {
        let listed = Listed {
            order: &mut self.order,
            records: &mut self.records,
            proven: &self.proven,
            revision: self.revision,
        };
        self.targets.next(listed, order, random)
    }

    /// The member has answered this node.
    pub(crate) fn prove(&mut self, slot: Slot) {
        self.proven.set(slot);
    }

    /// Whether the member has ever answered this node; the node itself counts as such.
    pub(crate) fn is_proven(&self, slot: Slot) -> bool {
        self.proven.has(slot)
    }

    /// Whether every member has.
    pub(crate) fn are_all_proven(&self) -> bool {
        self.proven.count() >= self.len()
    }

    /// One that never answered and has what is wanted: one that is held dead where there is any, then a suspect, then any other.
    pub(crate) fn least_proven(&mut self, wanted: Wanted) -> Option<Slot> {
        if self.are_all_proven() || (wanted == Wanted::Labels && self.labels.count() == 0) {
            return None;
        }
        let Self { proven, records, .. } = self;
        proven.search(records.len(), |slot| {
            let record = &records[slot.at()];
            let has = !record.is_vacant() && (wanted == Wanted::Place || record.has(LABELED));
            has.then(|| match record.state().status {
                Status::Faulty | Status::Leave | Status::Tombstone => 0,
                Status::Suspect => 1,
                Status::Alive => 2,
            })
        })
    }

    /// How many have ever answered, the node itself included.
    pub(crate) fn count_proven(&self) -> usize {
        self.proven.count()
    }

    /// Up to `count` different pingable members at random, without those that `skip` names, added to `into`.
    pub(crate) fn sample(
        &mut self,
        count: usize,
        random: &mut Random,
        skip: impl Fn(Slot) -> bool,
        into: &mut Vec<Slot>,
    ) {
        let Self { order, records, .. } = self;
        order.sample(count, random, records.as_mut_slice(), skip, into);
    }

    /// Gives what is said of a member another version, so that an older pending change is superseded, and notes whether
    /// there is a new one.
    pub(crate) fn next_version(&mut self, slot: Slot, pending: HasPending) -> NextVersion {
        let record = &mut self.records[slot.at()];
        let superseded = record.has(PENDING);
        let version = (record.field(VERSION_SHIFT, VERSION_BITS) + 1) % (1 << VERSION_BITS);
        record.set_field(VERSION_SHIFT, VERSION_BITS, version);
        record.set(PENDING, u64::from(pending == HasPending::Yes));
        NextVersion { version: version as u8, superseded }
    }

    /// Whether versions start again with the next change of the member.
    pub(crate) fn is_last_version(&self, slot: Slot) -> bool {
        self.records[slot.at()].field(VERSION_SHIFT, VERSION_BITS) == (1 << VERSION_BITS) - 1
    }

    /// Whether this is the version of what is said of a listed member.
    #[inline]
    pub(crate) fn is_current(&self, slot: Slot, version: u8) -> bool {
        let record = &self.records[slot.at()];
        !record.is_vacant() && record.bits() >> VERSION_SHIFT == u64::from(version)
    }

    /// Whether a change of the member is still to be told.
    pub(crate) fn has_pending(&self, slot: Slot) -> bool {
        self.records[slot.at()].bits() & PENDING != 0
    }

    /// Notes whether a member's pending change is in the queue.
    #[inline]
    pub(crate) fn set_pending(&mut self, slot: Slot, pending: HasPending) {
        self.records[slot.at()].set(PENDING, u64::from(pending == HasPending::Yes));
    }
}

/// What a member that gives way leaves to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Its place, and the room of its labels.
    Place,
    /// The room of its labels: there are places.
    Labels,
}

/// Whether a member has a pending change in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HasPending {
    No,
    Yes,
}

/// What became of a member's version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextVersion {
    /// The new version; 0 means that versions start again.
    pub(crate) version: u8,
    /// An entry of the queue is superseded.
    pub(crate) superseded: bool,
}

impl<A: Address> Memberlist<A> {
    /// Takes in all that is listed. Sum, counts and a host's checksum follow from the records; the index and its key only
    /// find them, and the revision only tells whether what was fetched is as it was.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self {
            sum: _,
            digests: _,
            counts: _,
            foreign: _,
            revision,
            targets,
            key: _,
            records,
            index: _,
            order,
            labels,
            sources,
            vacant,
            proven,
        } = self;
        targets.trace(*revision, print);
        print.word(records.len() as u64);
        for record in records {
            print.address(&record.address);
            print.word(record.bits());
        }
        order.trace(print);
        print.word(labels.count() as u64);
        for (slot, labels) in labels.iter() {
            print.word(slot.0.into());
            print.bytes(labels);
        }
        print.word(sources.len() as u64);
        for (slot, (address, incarnation)) in sources.iter() {
            print.word(slot.0.into());
            print.address(address);
            print.word(incarnation.get());
        }
        print.word(vacant.len() as u64);
        vacant.iter().for_each(|slot| print.word(slot.0.into()));
        proven.trace(print);
    }
}
