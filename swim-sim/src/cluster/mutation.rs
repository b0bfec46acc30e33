//! Breaks nodes of a cluster on purpose, for the tests of the checkers.

use super::Cluster;
use crate::mutants::Mutant;

impl Cluster {
    /// Some nodes are broken: what they do from now on, what they are from their next boot on.
    pub(crate) fn mutate(&mut self, nodes: impl IntoIterator<Item = u32>, mutant: Mutant) {
        nodes.into_iter().for_each(|node| self.mutants.add(node, mutant));
    }
}
