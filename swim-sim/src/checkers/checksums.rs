//! I4: equal lists have equal checksums, whatever the order of arrival, and different lists different ones. (That a node's
//! incremental checksum is that of its list, [`Node::check`] sees.)
//!
//! Checksums have 32 bits, so that once in four thousand million pairs of lists two share one rightly. One such pair in a
//! run is let pass; nobody sees a second one. In explorations, of few lists, none is.

use std::collections::{BTreeMap, BTreeSet};

use swim_core::{Checksum, Node, Status};

use super::Finding;
use crate::seeds::mix64;

/// Compares lists by a digest of its own, which does not depend on their order either.
pub(super) struct Checksums {
    /// Pairs of different lists with one checksum.
    coincidences: BTreeSet<(u128, u128)>,
    /// So many of those are let pass.
    most: usize,
}

impl Checksums {
    /// Lets so many pairs pass.
    pub(super) const fn allowing(most: usize) -> Self {
        Self { coincidences: BTreeSet::new(), most }
    }

    pub(super) fn see_all(&mut self, nodes: &[Node<u32>]) -> Result<(), Box<Finding>> {
        self.see_each((0..).zip(nodes))
    }

    pub(super) fn see_each<'a>(
        &mut self,
        nodes: impl Iterator<Item = (u32, &'a Node<u32>)>,
    ) -> Result<(), Box<Finding>> {
        let mut checksums: BTreeMap<u128, (u32, Checksum)> = BTreeMap::new();
        for (node, machine) in nodes {
            let checksum = machine.checksum();
            let (other, expected) = *checksums.entry(digest(machine)).or_insert((node, checksum));
            if checksum != expected {
                let reason = format!("{checksum:?}, but node {other} has the same list and {expected:?}");
                return Err(Finding::new("I4 checksums", node, reason));
            }
        }
        let mut lists: BTreeMap<Checksum, (u32, u128)> = BTreeMap::new();
        for (digest, (node, checksum)) in checksums {
            let (other, first) = *lists.entry(checksum).or_insert((node, digest));
            if first != digest && self.coincidences.insert((first, digest)) && self.coincidences.len() > self.most {
                let reason = format!("{checksum:?}, and node {other} has another list and the same");
                return Err(Finding::new("I4 checksums", node, reason));
            }
        }
        Ok(())
    }
}

/// The sum of mixed members, wide enough that no two lists of a run share it.
fn digest(machine: &Node<u32>) -> u128 {
    let mut sum = 0u128;
    for member in machine.listed().filter(|member| member.status != Status::Tombstone) {
        let claim = mix64(member.incarnation.get() << 3 | member.status as u64);
        let labels = member.labels.digest() as u32;
        let low = mix64(mix64(claim ^ u64::from(member.address)) ^ u64::from(labels));
        sum = sum.wrapping_add(u128::from(mix64(!low)) << 64 | u128::from(low));
    }
    sum
}
