//! Who can reach whom: nodes stand on sides, and nothing passes from one side to another.

use std::fmt;
use std::sync::Arc;

/// A grouping of nodes into sides: the first so many nodes are on the first side, and so on.
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
    pub fn members(&self, side: usize) -> std::ops::Range<u32> {
        let start = self.sizes[..side].iter().sum();
        start..start + self.sizes[side]
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

/// The cut that there is at present, if any.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    sides: Option<Sides>,
}

impl Partition {
    /// Everyone reaches everyone.
    pub const fn none() -> Self {
        Self { sides: None }
    }

    /// From now on nothing passes between these sides.
    pub fn cut(&mut self, sides: Sides) {
        self.sides = Some(sides);
    }

    /// From now on everyone reaches everyone.
    pub fn mend(&mut self) {
        self.sides = None;
    }

    /// Whether nothing passes from `a` to `b`.
    #[inline]
    pub fn separates(&self, a: u32, b: u32) -> bool {
        self.sides.as_ref().is_some_and(|sides| sides.side_of(a) != sides.side_of(b))
    }

    /// Whether there is a cut.
    #[inline]
    pub fn is_cut(&self) -> bool {
        self.sides.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_reach_their_own_side_only() {
        let sides = Sides::new(&[2, 1, 3], 6).unwrap();
        let mut partition = Partition::none();
        partition.cut(sides.clone());
        for (a, b, apart) in [(0, 1, false), (1, 2, true), (2, 3, true), (3, 5, false), (5, 0, true)] {
            assert_eq!(partition.separates(a, b), apart, "{a} {b}");
        }
        assert_eq!(sides.members(2), 3..6);
        partition.mend();
        assert!(!partition.separates(1, 2));
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
