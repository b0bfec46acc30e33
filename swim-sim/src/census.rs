//! Who sees whom as what.
//!
//! A list has a checksum, which with the number of tombstones tells it apart, so each is read once however many nodes hold
//! it, and not again while it stays. At rest that is one list; looking at every pair would cost more than the run.

use serde::Serialize;
use swim_core::{Checksum, Node, Status};

use crate::cluster::Cluster;
use crate::network::Sides;

/// One look at the whole cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Census {
    /// How many different lists there are.
    pub checksums: usize,
    /// What each side sees.
    pub sides: Vec<SideView>,
}

/// What the nodes of one side see, all of them together: one count per pair of observer and subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SideView {
    /// How many nodes of the side looked.
    pub nodes: u32,
    /// Of their own side, each node itself included.
    pub own: Seen,
    /// Of all others.
    pub others: Seen,
}

/// How many are seen as what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "each name says all there is to say")]
pub struct Seen {
    pub alive: u64,
    pub suspect: u64,
    pub faulty: u64,
    pub leave: u64,
    pub tombstone: u64,
    /// Not listed at all.
    pub unknown: u64,
}

impl Seen {
    /// Counts one more.
    #[inline]
    pub fn add(&mut self, status: Status) {
        *match status {
            Status::Alive => &mut self.alive,
            Status::Suspect => &mut self.suspect,
            Status::Faulty => &mut self.faulty,
            Status::Leave => &mut self.leave,
            Status::Tombstone => &mut self.tombstone,
        } += 1;
    }

    /// How many there are, the unknown left out.
    pub const fn listed(&self) -> u64 {
        self.alive + self.suspect + self.faulty + self.leave + self.tombstone
    }
}

impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.alive += other.alive;
        self.suspect += other.suspect;
        self.faulty += other.faulty;
        self.leave += other.leave;
        self.tombstone += other.tombstone;
        self.unknown += other.unknown;
    }
}

/// What tells lists apart: a checksum shows no tombstones, and of those their number is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct List {
    checksum: Checksum,
    tombstones: u32,
}

impl List {
    /// That of a node.
    pub(crate) fn of(node: &Node<u32>) -> Self {
        Self { checksum: node.checksum(), tombstones: node.count(Status::Tombstone) }
    }
}

/// Takes one census after another and remembers the lists that it has read.
#[derive(Clone, Debug)]
pub struct CensusTaker {
    sides: Sides,
    /// The lists of the last census: what they say of each side.
    read: Vec<(List, Box<[Seen]>)>,
}

impl CensusTaker {
    /// A taker that looks at these sides, whether there is a cut between them or not.
    pub const fn new(sides: Sides) -> Self {
        Self { sides, read: Vec::new() }
    }

    /// Looks through the eyes of all nodes that run, those included that have not booted yet.
    pub fn take(&mut self, cluster: &Cluster) -> Census {
        let nodes = cluster.nodes();
        let looks = |node: &u32| cluster.is_observer(*node) || cluster.processes().life(*node) == 0;
        let mut holders: Vec<(List, u32)> =
            (0..nodes.len() as u32).filter(looks).map(|node| (List::of(&nodes[node as usize]), node)).collect();
        holders.sort_unstable();
        let mut views = vec![SideView::default(); self.sides.sizes().len()];
        holders.iter().for_each(|(_, observer)| views[self.sides.side_of(*observer)].nodes += 1);
        let mut read = Vec::new();
        for same in holders.chunk_by(|a, b| a.0 == b.0) {
            let (list, holder) = same[0];
            let seen = match self.read.binary_search_by_key(&list, |read| read.0) {
                Ok(place) => std::mem::take(&mut self.read[place].1),
                Err(_) => self.read_list(&nodes[holder as usize]),
            };
            for (_, observer) in same {
                let side = self.sides.side_of(*observer);
                for (subject_side, seen) in seen.iter().enumerate() {
                    let view = &mut views[side];
                    *(if subject_side == side { &mut view.own } else { &mut view.others }) += *seen;
                }
            }
            read.push((list, seen));
        }
        self.read = read;
        let checksums = self.read.chunk_by(|(a, _), (b, _)| a.checksum == b.checksum).count();
        Census { checksums, sides: views }
    }

    /// What one list says of each side.
    fn read_list(&self, node: &Node<u32>) -> Box<[Seen]> {
        let mut seen: Box<[Seen]> = vec![Seen::default(); self.sides.sizes().len()].into();
        for member in node.listed() {
            seen[self.sides.side_of(member.address)].add(member.status);
        }
        for (seen, size) in seen.iter_mut().zip(self.sides.sizes()) {
            seen.unknown = u64::from(*size).saturating_sub(seen.listed());
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Setup;
    use swim_core::Instant;

    #[test]
    fn a_census_tells_who_is_unknown_and_who_is_alive_to_whom() {
        let mut cluster = Cluster::new(Setup::new(5, 1)).unwrap();
        let mut taker = CensusTaker::new(Sides::halves(5).unwrap());
        let before = taker.take(&cluster);
        assert_eq!(before.checksums, 5);
        let first = before.sides[0];
        assert_eq!((first.nodes, first.own.alive, first.own.unknown, first.others.unknown), (3, 3, 6, 6));

        cluster.run_until(Instant::from_millis(20_000)).unwrap();
        let after = taker.take(&cluster);
        let all = |pairs| Seen { alive: pairs, ..Seen::default() };
        assert_eq!(after.checksums, 1);
        assert_eq!(after.sides[0], SideView { nodes: 3, own: all(9), others: all(6) });
        assert_eq!(after.sides[1], SideView { nodes: 2, own: all(4), others: all(6) });
        assert_eq!(taker.take(&cluster), after);
    }

    #[test]
    fn whose_tombstone_has_run_out_is_unknown_from_then_on() {
        let mut options = swim_core::Options::lan();
        options.state_timeouts.faulty = std::time::Duration::from_secs(30);
        options.state_timeouts.tombstone = std::time::Duration::from_secs(5);
        let mut cluster = Cluster::new(Setup { options, ..Setup::new(4, 1) }).unwrap();
        cluster.run_until(Instant::from_millis(20_000)).unwrap();
        cluster.crash(3, crate::cluster::Memory::Lost);
        let mut taker = CensusTaker::new(Sides::whole(4));
        let mut seen = |cluster: &Cluster| {
            let Seen { faulty, tombstone, unknown, .. } = taker.take(cluster).sides[0].own;
            (faulty, tombstone, unknown)
        };
        let mut all = vec![seen(&cluster)];
        for _ in 0..1_000 {
            cluster.run_until(cluster.now() + swim_core::Micros::from_millis(100)).unwrap();
            all.push(seen(&cluster));
        }
        all.dedup();
        assert_eq!((all[0], all.last()), ((0, 0, 0), Some(&(0, 0, 3))));
        assert!(all.contains(&(3, 0, 0)) && all.contains(&(0, 3, 0)), "{all:?}");
    }
}
