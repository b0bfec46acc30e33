//! A set of nodes of one cluster.

/// Which of a cluster's nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes {
    bits: Vec<u64>,
    cluster: u32,
}

impl Nodes {
    /// None of a cluster of `cluster` nodes.
    pub fn none(cluster: u32) -> Self {
        Self { bits: vec![0; (cluster as usize).div_ceil(64)], cluster }
    }

    /// All of them.
    pub fn all(cluster: u32) -> Self {
        Self::of(cluster, 0..cluster)
    }

    /// These of them.
    ///
    /// # Panics
    /// When one is not of the cluster.
    pub fn of(cluster: u32, nodes: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::none(cluster);
        nodes.into_iter().for_each(|node| set.add(node));
        set
    }

    /// Adds one.
    ///
    /// # Panics
    /// When it is not of the cluster.
    pub fn add(&mut self, node: u32) {
        assert!(node < self.cluster, "node {node} is not one of {}", self.cluster);
        self.bits[node as usize / 64] |= 1 << (node % 64);
    }

    /// Whether a node is among them.
    #[inline]
    pub fn has(&self, node: u32) -> bool {
        self.bits[node as usize / 64] & 1 << (node % 64) != 0
    }

    /// They, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.cluster).filter(|node| self.has(*node))
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.bits.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many nodes the cluster has.
    pub const fn cluster(&self) -> u32 {
        self.cluster
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let set = Nodes::of(130, [0, 64, 129]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 64, 129]);
        assert!(set.has(64) && !set.has(63));
        assert_eq!((set.len(), Nodes::all(130).len(), Nodes::none(130).is_empty()), (3, 130, true));
    }
}
