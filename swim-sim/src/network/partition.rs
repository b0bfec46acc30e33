//! Who can reach whom: nodes stand on sides, and nothing passes from some sides to some others.

use std::fmt;
use std::sync::Arc;

use crate::nodes::Nodes;

/// A grouping of nodes into sides: each node stands on one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    sizes: Vec<u32>,
    side_of: Arc<[u8]>,
}

/// Why nodes cannot be grouped so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SidesError {
    /// One side, or none.
    #[error("a cut needs two sides at least; write their sizes, such as `500,500`")]
    TooFew,
    /// More sides than can be told apart.
    #[error("{count} sides are more than the {} that are simulated", Sides::MAX)]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A side without a node.
    #[error("side {side} has no nodes; every side needs one at least")]
    Empty {
        /// Which, the first is 1.
        side: usize,
    },
    /// The sizes do not add up to the cluster.
    #[error("the sides have {sum} nodes together, the cluster has {nodes}; make them add up")]
    Sum {
        /// How many nodes are on sides.
        sum: u64,
        /// How many there are.
        nodes: u32,
    },
}

impl Sides {
    /// The most sides there can be.
    pub const MAX: usize = 255;

    /// Sides of these sizes in a cluster of `nodes`.
    ///
    /// # Errors
    /// When there are fewer than two or more than [`Sides::MAX`], one is empty, or they do not add up to `nodes`.
    pub fn new(sizes: &[u32], nodes: u32) -> Result<Self, SidesError> {
        if sizes.len() < 2 {
            return Err(SidesError::TooFew);
        }
        if sizes.len() > Self::MAX {
            return Err(SidesError::TooMany { count: sizes.len() });
        }
        if let Some(side) = sizes.iter().position(|size| *size == 0) {
            return Err(SidesError::Empty { side: side + 1 });
        }
        let sum = sizes.iter().map(|size| u64::from(*size)).sum();
        if sum != u64::from(nodes) {
            return Err(SidesError::Sum { sum, nodes });
        }
        let side_of = (0u8..).zip(sizes).flat_map(|(side, size)| std::iter::repeat_n(side, *size as usize)).collect();
        Ok(Self { sizes: sizes.into(), side_of })
    }

    /// Sides of these nodes; whoever is in none of them, or in several, is on one side more, the last.
    ///
    /// # Errors
    /// When there are too few or too many sides, or one would be empty.
    pub fn of(groups: &[Nodes]) -> Result<Self, SidesError> {
        let cluster = groups.first().map_or(0, Nodes::cluster);
        let place = |node| {
            let mut of = (0..groups.len()).filter(|group| groups[*group].has(node));
            match (of.next(), of.next()) {
                (Some(group), None) => group,
                _ => groups.len(),
            }
        };
        let side_of: Vec<usize> = (0..cluster).map(place).collect();
        let last = side_of.iter().max().map_or(0, |last| last + 1).max(groups.len());
        if last < 2 {
            return Err(SidesError::TooFew);
        }
        if last > Self::MAX {
            return Err(SidesError::TooMany { count: last });
        }
        let mut sizes = vec![0; last];
        side_of.iter().for_each(|side| sizes[*side] += 1);
        if let Some(side) = sizes.iter().position(|size| *size == 0) {
            return Err(SidesError::Empty { side: side + 1 });
        }
        Ok(Self { sizes, side_of: side_of.into_iter().map(|side| side as u8).collect() })
    }

    /// All nodes on one side: what there is to look at without a cut.
    pub fn whole(nodes: u32) -> Self {
        Self { sizes: vec![nodes], side_of: vec![0; nodes as usize].into() }
    }

    /// Two halves of a cluster of `nodes`; the first has the odd one.
    ///
    /// # Errors
    /// When there are fewer than two nodes.
    pub fn halves(nodes: u32) -> Result<Self, SidesError> {
        Self::new(&[nodes.div_ceil(2), nodes / 2], nodes)
    }

    /// On which side `node` is; the first is 0.
    #[inline]
    pub fn side_of(&self, node: u32) -> usize {
        usize::from(self.side_of[node as usize])
    }

    /// How many nodes each side has.
    pub fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// The nodes of one side.
    pub fn members(&self, side: usize) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(self.side_of.iter()).filter(move |(_, of)| usize::from(**of) == side).map(|(node, _)| node)
    }
}

/// `500,500`
impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (side, size) in self.sizes.iter().enumerate() {
            write!(f, "{}{size}", if side == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// A cut: sides, and between which of them nothing passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    sides: Sides,
    /// Per pair of sides, from the first to the second: whether nothing passes.
    blocked: Vec<bool>,
}

impl Cut {
    /// Nothing passes from any side to any other.
    pub fn between_all(sides: Sides) -> Self {
        let count = sides.sizes().len();
        let blocked = (0..count * count).map(|pair| pair / count != pair % count).collect();
        Self { sides, blocked }
    }

    /// Nothing passes between the sides, but for the last one: its nodes are bridges, which reach everyone.
    pub fn with_bridges(sides: Sides) -> Self {
        let mut cut = Self::between_all(sides);
        let count = cut.sides.sizes().len();
        for other in 0..count {
            cut.blocked[other * count + count - 1] = false;
            cut.blocked[(count - 1) * count + other] = false;
        }
        cut
    }

    /// Nothing passes from side 0 to side 1; everything else does.
    pub fn one_way(sides: Sides) -> Self {
        let count = sides.sizes().len();
        let blocked = (0..count * count).map(|pair| pair == 1).collect();
        Self { sides, blocked }
    }

    /// Whether nothing passes from any side to any other.
    pub fn is_total(&self) -> bool {
        let count = self.sides.sizes().len();
        (0..count * count).all(|pair| self.blocked[pair] == (pair / count != pair % count))
    }

    /// Its sides.
    pub const fn sides(&self) -> &Sides {
        &self.sides
    }

    /// Whether nothing passes from `from` to `to`.
    #[inline]
    pub fn blocks(&self, from: u32, to: u32) -> bool {
        let (from, to) = (self.sides.side_of(from), self.sides.side_of(to));
        self.blocked[from * self.sides.sizes().len() + to]
    }
}

/// Names a cut while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CutId(pub u32);

/// The cuts that there are at present. Several may lie over one another.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    cuts: Vec<(CutId, Cut)>,
}

impl Partition {
    /// Everyone reaches everyone.
    pub const fn none() -> Self {
        Self { cuts: Vec::new() }
    }

    /// Adds a cut.
    pub fn cut(&mut self, id: CutId, cut: Cut) {
        self.cuts.push((id, cut));
    }

    /// Removes a cut, if it is there.
    pub fn mend(&mut self, id: CutId) {
        self.cuts.retain(|(other, _)| *other != id);
    }

    /// Whether nothing passes from `from` to `to`.
    #[inline]
    pub fn separates(&self, from: u32, to: u32) -> bool {
        self.cuts.iter().any(|(_, cut)| cut.blocks(from, to))
    }

    /// Whether everything passes between `a` and `b`, both ways.
    #[inline]
    pub fn is_open(&self, a: u32, b: u32) -> bool {
        !self.separates(a, b) && !self.separates(b, a)
    }

    /// Whether there is a cut.
    #[inline]
    pub fn is_cut(&self) -> bool {
        !self.cuts.is_empty()
    }

    /// The sides of all cuts on which a node stands: nodes that share them are cut off from the same others.
    pub fn standpoint(&self, node: u32) -> Vec<usize> {
        self.cuts.iter().map(|(_, cut)| cut.sides.side_of(node)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_reach_their_own_side_only() {
        let sides = Sides::new(&[2, 1, 3], 6).unwrap();
        let mut partition = Partition::none();
        partition.cut(CutId(1), Cut::between_all(sides.clone()));
        for (a, b, apart) in [(0, 1, false), (1, 2, true), (2, 3, true), (3, 5, false), (5, 0, true)] {
            assert_eq!(partition.separates(a, b), apart, "{a} {b}");
        }
        assert_eq!(sides.members(2).collect::<Vec<_>>(), [3, 4, 5]);
        partition.mend(CutId(1));
        assert!(!partition.separates(1, 2));
    }

    #[test]
    fn a_bridge_reaches_both_halves_which_do_not_reach_each_other() {
        let sides = Sides::of(&[Nodes::of(5, [0, 1]), Nodes::of(5, [3, 4])]).unwrap();
        assert_eq!((sides.sizes(), sides.side_of(2)), (&[2, 2, 1][..], 2));
        let cut = Cut::with_bridges(sides);
        assert!(cut.blocks(0, 3) && cut.blocks(4, 1));
        assert!(!cut.blocks(0, 2) && !cut.blocks(2, 3) && !cut.blocks(0, 1));
    }

    #[test]
    fn a_one_way_cut_lets_the_other_way_pass() {
        let sides = Sides::of(&[Nodes::of(3, [0]), Nodes::of(3, [1])]).unwrap();
        let mut partition = Partition::none();
        partition.cut(CutId(0), Cut::one_way(sides));
        assert!(partition.separates(0, 1) && !partition.separates(1, 0));
        assert!(!partition.is_open(1, 0) && partition.is_open(0, 2));
    }

    #[test]
    fn cuts_that_overlap_end_each_for_itself() {
        let mut partition = Partition::none();
        partition.cut(CutId(0), Cut::between_all(Sides::new(&[1, 3], 4).unwrap()));
        partition.cut(CutId(1), Cut::between_all(Sides::new(&[2, 2], 4).unwrap()));
        assert_eq!(partition.standpoint(1), [1, 0]);
        partition.mend(CutId(0));
        assert!(!partition.separates(0, 1) && partition.separates(1, 2));
        partition.mend(CutId(1));
        assert!(!partition.is_cut());
    }

    #[test]
    fn every_node_of_a_cluster_must_be_on_a_side() {
        assert!(Sides::new(&[2, 3], 5).is_ok());
        assert_eq!(Sides::new(&[2, 3], 6), Err(SidesError::Sum { sum: 5, nodes: 6 }));
        assert_eq!(Sides::new(&[u32::MAX, 6], 5), Err(SidesError::Sum { sum: (1 << 32) + 5, nodes: 5 }));
    }

    #[test]
    fn what_is_no_cut_is_refused() {
        assert_eq!(Sides::new(&[5], 5), Err(SidesError::TooFew));
        assert_eq!(Sides::new(&[5, 0], 5), Err(SidesError::Empty { side: 2 }));
        assert_eq!(Sides::new(&[1; 256], 256), Err(SidesError::TooMany { count: 256 }));
        assert_eq!(Sides::halves(1), Err(SidesError::Empty { side: 2 }));
        assert_eq!(Sides::halves(5).unwrap().sizes(), [3, 2]);
    }
}
