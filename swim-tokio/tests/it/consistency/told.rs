//! The list as the events tell it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use swim_core::{Checksum, Event, Incarnation, Status};
use swim_tokio::{Membership, Stats};

use super::Moment;

/// What is known of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    status: Status,
    incarnation: Incarnation,
    labels: Vec<u8>,
}

/// What a list says.
pub(super) fn of(list: &Membership) -> BTreeMap<SocketAddr, Known> {
    let known = list.iter().map(|member| {
        let labels = member.labels.as_labels().encoded().to_vec();
        (member.address, Known { status: member.status, incarnation: member.incarnation, labels })
    });
    known.collect()
}

/// A list that is kept up to date by events alone.
pub(super) struct Told {
    local: SocketAddr,
    pub(super) members: BTreeMap<SocketAddr, Known>,
    /// As the last event that has one says; before there was one, as the list says.
    checksum: Checksum,
    /// Without what the node was asked to say of itself, which no counter counts.
    applied: u64,
    evicted: u64,
    dropped: u64,
}

impl Told {
    /// A list from which the events of the same moment go on.
    pub(super) fn new(moment: &Moment) -> Self {
        let stats = moment.stats.as_ref().expect("nothing happens yet");
        Self {
            local: moment.list.local(),
            members: of(&moment.list),
            checksum: moment.list.checksum(),
            applied: stats.counters.changes_applied,
            evicted: stats.counters.evictions,
            dropped: stats.counters.members_dropped,
        }
    }

    /// Brings the list up to date.
    pub(super) fn apply(&mut self, event: &Event<'_, SocketAddr>) {
        match *event {
            Event::MemberlistChangesApplied { changes, old_checksum, new_checksum, num_members } => {
                assert_eq!(old_checksum, self.checksum, "no change is missing between two that were told");
                self.checksum = new_checksum;
                for change in changes {
                    self.applied += 1;
                    let labels = change.labels.encoded().to_vec();
                    let known = Known { status: change.status, incarnation: change.incarnation, labels };
                    self.members.insert(change.address, known);
                }
                assert_eq!(self.members.len(), num_members as usize, "as many are listed as the event says");
            }
            // A tombstone is no part of the checksum.
            Event::MemberEvicted { address, incarnation } => {
                self.evicted += 1;
                let known = self.members.remove(&address).expect("who is evicted was listed");
                assert_eq!((known.status, known.incarnation), (Status::Tombstone, incarnation));
            }
            // The event of the one that came in its place has the checksum without either.
            Event::MemberDropped { address, incarnation } => {
                self.dropped += 1;
                let known = self.members.remove(&address).expect("who is dropped was listed");
                assert_eq!(known.incarnation, incarnation);
            }
            // Before the change that it was asked to make, or one by its probes and timers.
            Event::MakeNodeStatus { address, .. } => self.applied -= u64::from(address == self.local),
            _ => panic!("an event that nobody asked for: {event:?}"),
        }
    }

    /// The statistics of this list say what the events have told.
    pub(super) fn check(&self, stats: &Stats) {
        assert_eq!(stats.checksum, self.checksum);
        for status in Status::ALL {
            let members = self.members.values().filter(|known| known.status == status).count();
            assert_eq!(stats.count(status) as usize, members, "{status}");
        }
        let counters = &stats.counters;
        let counted = [counters.changes_applied, counters.evictions, counters.members_dropped];
        assert_eq!(counted, [self.applied, self.evicted, self.dropped], "applied, evicted, dropped");
    }
}
