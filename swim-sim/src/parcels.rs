//! Messages under way that are too large for an entry of the queue.
//!
//! Their memory is used again, within bounds: a join storm has thousands of lists under way at once, and a process that
//! kept that memory would look as if the nodes needed it.

use swim_core::{ChangeList, Message, OwnedMessage, Via};

/// Names a message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParcelId(u32);

/// A message under way.
#[derive(Debug)]
pub struct Parcel {
    /// How it travels.
    pub via: Via,
    /// The life of the one who asked: with a request and with its reply.
    pub life: u32,
    /// What it says.
    pub message: OwnedMessage<u32>,
}

/// The messages under way.
#[derive(Debug, Default)]
pub struct Parcels {
    under_way: Vec<Option<Parcel>>,
    free: Vec<u32>,
    spare: Vec<ChangeList<u32>>,
}

impl Parcels {
    /// No messages.
    pub const fn new() -> Self {
        Self { under_way: Vec::new(), free: Vec::new(), spare: Vec::new() }
    }

    /// Puts a copy of `message` on its way.
    pub fn send(&mut self, via: Via, life: u32, message: Message<'_, u32>) -> ParcelId {
        let list = if message.changes.is_empty() { ChangeList::new() } else { self.spare.pop().unwrap_or_default() };
        let parcel = Some(Parcel { via, life, message: OwnedMessage::with_list(message, list) });
        if let Some(free) = self.free.pop() {
            self.under_way[free as usize] = parcel;
            return ParcelId(free);
        }
        self.under_way.push(parcel);
        ParcelId(u32::try_from(self.under_way.len() - 1).expect("fewer than 2^32 messages fit in memory"))
    }

    /// Takes a message that arrives; give it back with [`Parcels::recycle`].
    ///
    /// # Panics
    /// When it was taken before.
    pub fn arrive(&mut self, id: ParcelId) -> Parcel {
        let parcel = self.under_way[id.0 as usize].take().expect("a message arrives once");
        self.free.push(id.0);
        if self.free.len() == self.under_way.len() && self.under_way.len() > SLOTS_KEPT {
            self.under_way = Vec::new();
            self.free = Vec::new();
        }
        parcel
    }

    /// Takes the memory of a message that was read.
    pub fn recycle(&mut self, message: OwnedMessage<u32>) {
        let list = message.into_list();
        if (1..=CHANGES_KEPT).contains(&list.capacity()) && self.spare.len() < LISTS_KEPT {
            self.spare.push(list);
        }
    }

    /// How many messages are under way.
    pub fn len(&self) -> usize {
        self.under_way.len() - self.free.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Lists with room for more changes are freed: only full syncs are that long, a datagram never is.
const CHANGES_KEPT: usize = 256;
/// At most so many lists are kept: what a few thousand nodes have under way at a time. At most two megabytes.
const LISTS_KEPT: usize = 256;
/// With more places than that, they are freed once all are empty.
const SLOTS_KEPT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{Change, Checksum, Incarnation, Kind, Labels, Status};

    fn list(len: u32) -> ChangeList<u32> {
        let change = |address| Change {
            address,
            incarnation: Incarnation::default(),
            status: Status::Alive,
            source: None,
            labels: Labels::NONE,
        };
        (0..len).map(change).collect()
    }

    fn gossip(changes: &ChangeList<u32>) -> Message<'_, u32> {
        let incarnation = Incarnation::default();
        Message { kind: Kind::Gossip, incarnation, checksum: Checksum(0), changes: changes.as_changes() }
    }

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let mut parcels = Parcels::new();
        let (long, short) = (list(9), list(2));
        let first = parcels.send(Via::Datagram, 0, gossip(&long));
        let second = parcels.send(Via::Datagram, 0, gossip(&short));
        assert_eq!(parcels.arrive(first).message.as_message(), gossip(&long));
        assert_eq!(parcels.arrive(second).message.as_message(), gossip(&short));
        assert!(parcels.is_empty());
    }

    #[test]
    fn short_lists_are_used_again_and_long_ones_are_freed() {
        let mut parcels = Parcels::new();
        for (len, kept) in [(5, 1), (5, 1), (10_000, 0)] {
            let list = list(len);
            let id = parcels.send(Via::Datagram, 0, gossip(&list));
            let Parcel { message, .. } = parcels.arrive(id);
            parcels.recycle(message);
            assert_eq!(parcels.spare.len(), kept);
        }
    }

    #[test]
    fn what_is_kept_after_a_storm_is_bounded() {
        let mut parcels = Parcels::new();
        let list = list(3);
        let ids: Vec<_> = (0..10_000).map(|_| parcels.send(Via::Datagram, 0, gossip(&list))).collect();
        for id in ids {
            let Parcel { message, .. } = parcels.arrive(id);
            parcels.recycle(message);
        }
        assert!(parcels.spare.len() <= LISTS_KEPT);
        assert!(parcels.under_way.len() <= SLOTS_KEPT);
    }
}
