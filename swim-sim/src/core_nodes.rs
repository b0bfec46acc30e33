//! The core of a cluster: the nodes of which everything is expected, because they work and reach one another.

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::nodes::Nodes;

/// The largest group of nodes that run, have not left, and stand on the same side of every cut that there is.
pub fn core_nodes(cluster: &Cluster) -> Nodes {
    let count = cluster.setup().nodes;
    let running = (0..count).filter(|node| cluster.is_observer(*node));
    let partition = cluster.network().partition();
    if !partition.is_cut() {
        return Nodes::of(count, running);
    }
    let mut groups: BTreeMap<Vec<usize>, Vec<u32>> = BTreeMap::new();
    running.for_each(|node| groups.entry(partition.standpoint(node)).or_default().push(node));
    // The first of the largest.
    let largest = groups.into_values().rev().max_by_key(Vec::len);
    Nodes::of(count, largest.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Memory, Setup};
    use crate::network::{Cut, CutId, Sides};
    use swim_core::Instant;

    #[test]
    fn the_core_is_the_largest_group_of_those_that_run_and_reach_one_another() {
        let mut cluster = Cluster::new(Setup::new(7, 1)).unwrap();
        cluster.run_until(Instant::from_millis(10_000)).unwrap();
        let core = |cluster: &Cluster| core_nodes(cluster).iter().collect::<Vec<_>>();
        assert_eq!(core(&cluster), [0, 1, 2, 3, 4, 5, 6]);
        cluster.crash(6, Memory::Lost);
        cluster.pause(5);
        cluster.leave(4).unwrap();
        assert_eq!(core(&cluster), [0, 1, 2, 3]);
        cluster.cut(CutId(0), Cut::between_all(Sides::new(&[1, 6], 7).unwrap()));
        assert_eq!(core(&cluster), [1, 2, 3]);
        cluster.mend(CutId(0));
        assert_eq!(core(&cluster), [0, 1, 2, 3]);
    }
}
