//! What a cluster still lacks until it has reached a goal.

use std::fmt;

use swim_core::{Node, Status};

use crate::cluster::Cluster;
use crate::network::Sides;

/// What a cluster can be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// One checksum everywhere, all listed, all alive (L1, L3).
    AllAlive,
    /// All listed everywhere, and nobody faulty. Under loss refuted suspicions go round all the time, and one checksum at
    /// one instant may never be seen.
    AllReachable,
    /// Everyone on this side holds everyone on the others faulty (L2).
    OthersFaulty {
        /// The sides.
        sides: Sides,
        /// Which of them.
        side: usize,
    },
}

/// Why a goal is not reached yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nodes have not booted.
    Booting {
        /// How many.
        nodes: u32,
    },
    /// Two nodes have different lists.
    Checksums {
        /// One of them.
        node: u32,
        /// The other.
        other: u32,
    },
    /// A member is not held as it should be.
    Member {
        /// By whom.
        observer: u32,
        /// Who.
        subject: u32,
        /// As what; `None` when it is not listed.
        status: Option<Status>,
    },
}

/// Waits for a goal, and remembers who was the last that had not reached it, so that asking often is cheap.
#[derive(Clone, Debug)]
pub struct Wait {
    goal: Goal,
    cursor: u32,
}

impl Wait {
    /// Waits for `goal`.
    pub const fn new(goal: Goal) -> Self {
        Self { goal, cursor: 0 }
    }

    /// What is lacking; `None` when the goal is reached.
    pub fn pending(&mut self, cluster: &Cluster) -> Option<Reason> {
        if cluster.booting() > 0 {
            return Some(Reason::Booting { nodes: cluster.booting() });
        }
        let nodes = cluster.nodes();
        match &self.goal {
            Goal::AllAlive => {
                let checksum = nodes[0].checksum();
                let other = nodes.iter().position(|node| node.checksum() != checksum);
                if let Some(other) = other {
                    return Some(Reason::Checksums { node: 0, other: other as u32 });
                }
                lacking(nodes, 0, |_, status| status == Status::Alive)
            }
            Goal::AllReachable => {
                let all = 0..nodes.len() as u32;
                self.everyone(nodes, all, |_, status| status.is_pingable())
            }
            Goal::OthersFaulty { sides, side } => {
                let (sides, side) = (sides.clone(), *side);
                let observers = sides.members(side);
                self.everyone(nodes, observers, |subject, status| {
                    status == Status::Faulty || sides.side_of(subject) == side
                })
            }
        }
    }

    /// Whether every one of `observers` holds everyone as wanted, beginning with the one that did not at last.
    fn everyone(
        &mut self,
        nodes: &[Node<u32>],
        observers: std::ops::Range<u32>,
        wanted: impl Fn(u32, Status) -> bool,
    ) -> Option<Reason> {
        let len = observers.end - observers.start;
        for step in 0..len {
            let observer = observers.start + (self.cursor + step) % len;
            if let Some(reason) = lacking(nodes, observer, &wanted) {
                self.cursor = observer - observers.start;
                return Some(reason);
            }
        }
        None
    }
}

/// The first member that `observer` does not hold as wanted.
fn lacking(nodes: &[Node<u32>], observer: u32, wanted: impl Fn(u32, Status) -> bool) -> Option<Reason> {
    let node = &nodes[observer as usize];
    let mut listed = 0;
    for member in node.listed() {
        listed += 1;
        if !wanted(member.address, member.status) {
            return Some(Reason::Member { observer, subject: member.address, status: Some(member.status) });
        }
    }
    if listed == nodes.len() {
        return None;
    }
    let subject = (0..nodes.len() as u32).find(|subject| node.member(*subject).is_none())?;
    Some(Reason::Member { observer, subject, status: None })
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booting { nodes } => write!(f, "{nodes} nodes have not booted"),
            Self::Checksums { node, other } => write!(f, "nodes {node} and {other} have different lists"),
            Self::Member { observer, subject, status: Some(status) } => {
                write!(f, "node {observer} holds node {subject} as {status}")
            }
            Self::Member { observer, subject, status: None } => {
                write!(f, "node {observer} does not know node {subject}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Setup;
    use swim_core::Instant;

    #[test]
    fn a_goal_says_what_it_lacks_until_it_is_reached() {
        let mut cluster = Cluster::new(Setup::new(6, 1)).unwrap();
        let sides = Sides::halves(6).unwrap();
        let mut whole = Wait::new(Goal::AllAlive);
        let mut reachable = Wait::new(Goal::AllReachable);
        let mut detected = Wait::new(Goal::OthersFaulty { sides: sides.clone(), side: 1 });
        assert_eq!(whole.pending(&cluster), Some(Reason::Booting { nodes: 6 }));

        cluster.run_until(Instant::from_millis(20_000)).unwrap();
        assert_eq!((whole.pending(&cluster), reachable.pending(&cluster)), (None, None));
        let lacking = detected.pending(&cluster).expect("nobody is faulty");
        assert_eq!(lacking, Reason::Member { observer: 3, subject: 0, status: Some(Status::Alive) });

        cluster.cut(sides);
        cluster.run_until(Instant::from_millis(200_000)).unwrap();
        assert_eq!(detected.pending(&cluster), None);
        assert!(matches!(whole.pending(&cluster), Some(Reason::Checksums { .. })));
        assert!(matches!(reachable.pending(&cluster), Some(Reason::Member { status: Some(Status::Faulty), .. })));
    }
}
