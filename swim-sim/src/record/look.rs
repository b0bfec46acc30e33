//! A look at the whole cluster: how each node is held by the others.
//!
//! Each different list is read once, for all nodes that hold it. What a node says of
//! itself does not count, and neither does what a node says that does not run.

use swim_core::{Instant, Status};

use super::{Cell, Groups, Map};
use crate::census::List;
use crate::cluster::Cluster;
use crate::traffic::Tally;

/// The cluster at one moment.
#[derive(Clone, Debug)]
pub struct Look {
    /// When.
    pub at: Instant,
    /// How many nodes run.
    pub up: u32,
    /// How many different lists they hold.
    pub lists: u32,
    /// Everything that was sent until then.
    pub total: Tally,
    /// How many nodes have which local health score.
    pub health: Vec<u32>,
    /// Pairs of observer and subject as alive, suspect, faulty, other and unknown, by the observer's group, then by the
    /// subject's.
    pub pairs: Vec<[u64; 5]>,
    /// Each row of the map as the observers of each view hold it, view by view.
    pub cells: Box<[Cell]>,
}

/// Takes one look after another.
#[derive(Clone, Debug)]
pub struct LookTaker {
    groups: Groups,
    /// How the present list holds each node: a place in a [`Cell`].
    held: Vec<u8>,
}

impl LookTaker {
    /// A taker that looks at these groups.
    pub fn new(groups: Groups) -> Self {
        Self { held: vec![UNKNOWN; groups.nodes() as usize], groups }
    }

    /// The groups.
    pub const fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Looks at all nodes.
    pub fn take(&mut self, cluster: &Cluster) -> Look {
        let nodes = cluster.nodes();
        let running = (0..).zip(nodes).filter(|(node, _)| cluster.processes().is_up(*node));
        let mut holders: Vec<(List, u32)> = running.map(|(node, machine)| (List::of(machine), node)).collect();
        holders.sort_unstable();
        let groups = self.groups.count();
        let mut look = Look {
            at: cluster.now(),
            up: holders.len() as u32,
            lists: 0,
            total: cluster.traffic().total(),
            health: Vec::new(),
            pairs: vec![[0; 5]; groups * groups],
            cells: vec![Cell::default(); Map::views(&self.groups) * Map::rows(self.groups.nodes())].into(),
        };
        for (_, node) in &holders {
            let score = nodes[*node as usize].local_health() as usize;
            if look.health.len() <= score {
                look.health.resize(score + 1, 0);
            }
            look.health[score] += 1;
        }
        for same in holders.chunk_by(|a, b| a.0 == b.0) {
            look.lists += 1;
            for member in nodes[same[0].1 as usize].listed() {
                self.held[member.address as usize] = place(member.status);
            }
            self.count(same, &mut look);
            self.held.fill(UNKNOWN);
        }
        look
    }

    /// Counts what the present list says, for all who hold it.
    fn count(&self, holders: &[(List, u32)], look: &mut Look) {
        let groups = self.groups.count();
        let mut of_group = vec![0; groups];
        for (_, holder) in holders {
            of_group[self.groups.group_of(*holder)] += 1;
        }
        for (group, holders) in of_group.into_iter().enumerate().filter(|(_, holders)| *holders > 0) {
            let cells = Map::place(&self.groups, group, 0);
            for (subject, held) in (0..).zip(&self.held) {
                let place = usize::from(*held);
                look.pairs[group * groups + self.groups.group_of(subject)][place] += u64::from(holders);
                look.cells[cells + Map::row(self.groups.nodes(), subject)].counts[place] += holders;
            }
        }
        for (_, holder) in holders {
            let (group, place) = (self.groups.group_of(*holder), usize::from(self.held[*holder as usize]));
            look.pairs[group * groups + group][place] -= 1;
            look.cells[Map::place(&self.groups, group, *holder)].counts[place] -= 1;
        }
    }
}

const UNKNOWN: u8 = 4;

const fn place(status: Status) -> u8 {
    match status {
        Status::Alive => 0,
        Status::Suspect => 1,
        Status::Faulty => 2,
        Status::Leave | Status::Tombstone => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Setup;
    use crate::network::Sides;

    #[test]
    fn a_look_counts_pairs_without_what_nodes_say_of_themselves() {
        let mut cluster = Cluster::new(Setup::new(5, 1)).unwrap();
        let mut taker = LookTaker::new(Groups::of_sides(&Sides::halves(5).unwrap()));
        let before = taker.take(&cluster);
        assert_eq!((before.up, before.lists, before.pairs[0]), (0, 0, [0; 5]));

        cluster.run_until(Instant::from_millis(20_000)).unwrap();
        let after = taker.take(&cluster);
        assert_eq!((after.up, after.lists, after.health.as_slice()), (5, 1, [5].as_slice()));
        let alive = |pairs| [pairs, 0, 0, 0, 0];
        assert_eq!(after.pairs, [alive(6), alive(6), alive(6), alive(2)]);
        // Node 0 is held alive by two of its own side and by two of the other.
        assert_eq!((after.cells[0].counts, after.cells[5].counts), ([2, 0, 0, 0, 0], [2, 0, 0, 0, 0]));
        assert_eq!(after.cells[4].counts, [3, 0, 0, 0, 0]);

        cluster.cut_sides(Sides::halves(5).unwrap());
        cluster.run_until(Instant::from_millis(120_000)).unwrap();
        let parted = taker.take(&cluster);
        assert_eq!((parted.lists, parted.pairs[1], parted.pairs[0]), (2, [0, 0, 6, 0, 0], alive(6)));
    }
}
