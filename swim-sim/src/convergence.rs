//! What a cluster still lacks until it has reached a goal.

use std::fmt;

use swim_core::{Node, Status};

use crate::cluster::Cluster;
use crate::core_nodes::core_nodes;
use crate::network::Sides;
use crate::nodes::Nodes;

/// What a cluster can be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The nodes that can reach one another have one checksum and hold one another alive (L1, L3), and all others dead
    /// (L2).
    AllAlive,
    /// They hold one another reachable, and all others dead. Under loss refuted suspicions go round all the time, and
    /// one checksum at one instant may never be seen.
    AllReachable,
    /// Everyone on this side holds everyone on the others faulty (L2). Who was never heard of is not held so.
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
    /// A node has not joined; only of small worlds that are explored.
    Joining {
        /// Which.
        node: u32,
    },
    /// Messages are under way that may change something; only of small worlds that are explored.
    UnderWay,
    /// Nobody is left of whom anything could be expected.
    Nobody,
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
        match &self.goal {
            Goal::AllAlive => {
                let core = core_nodes(cluster);
                divided(cluster.nodes(), &core)
            }
            Goal::AllReachable => {
                let core = core_nodes(cluster);
                self.everyone(cluster, &core, |node, observer| {
                    lacking(node, observer, &core, |status| status.is_pingable())
                })
            }
            Goal::OthersFaulty { sides, side } => {
                let cluster_size = cluster.setup().nodes;
                let all = Nodes::of(cluster_size, sides.members(*side));
                let observers = Nodes::of(cluster_size, all.iter().filter(|node| cluster.is_observer(*node)));
                self.everyone(cluster, &observers, |node, observer| {
                    others_not_faulty(node, observer, &observers).or_else(|| others_unknown(node, observer, &all))
                })
            }
        }
    }

    /// Asks every one of `observers` what it lacks, beginning with the one that lacked something at last.
    fn everyone(
        &mut self,
        cluster: &Cluster,
        observers: &Nodes,
        lacks: impl Fn(&Node<u32>, u32) -> Option<Reason>,
    ) -> Option<Reason> {
        if observers.is_empty() {
            return Some(Reason::Nobody);
        }
        let nodes = cluster.nodes();
        let count = observers.cluster();
        let all = (0..count).map(|step| (self.cursor + step) % count).filter(|node| observers.has(*node));
        for observer in all {
            if let Some(reason) = lacks(&nodes[observer as usize], observer) {
                self.cursor = observer;
                return Some(reason);
            }
        }
        None
    }
}

/// What the nodes of `core` lack to have one checksum, hold one another alive, and nobody else pingable.
pub(crate) fn divided(nodes: &[Node<u32>], core: &Nodes) -> Option<Reason> {
    let Some(first) = core.iter().next() else { return Some(Reason::Nobody) };
    let checksum = nodes[first as usize].checksum();
    if let Some(other) = core.iter().find(|node| nodes[*node as usize].checksum() != checksum) {
        return Some(Reason::Checksums { node: first, other });
    }
    lacking(&nodes[first as usize], first, core, |status| status == Status::Alive)
}

/// The first member that `observer` does not hold as wanted: those of `core` so, and nobody else pingable.
pub(crate) fn lacking(
    node: &Node<u32>,
    observer: u32,
    core: &Nodes,
    wanted: impl Fn(Status) -> bool,
) -> Option<Reason> {
    let mut listed = 0;
    for member in node.listed() {
        let in_core = core.has(member.address);
        listed += u32::from(in_core);
        let fits = if in_core { wanted(member.status) } else { !member.status.is_pingable() };
        if !fits {
            return Some(Reason::Member { observer, subject: member.address, status: Some(member.status) });
        }
    }
    if listed == core.len() {
        return None;
    }
    let subject = core.iter().find(|subject| node.member(*subject).is_none())?;
    Some(Reason::Member { observer, subject, status: None })
}

/// The first node beyond `side` that `observer` has never heard of. Where it has evicted members, it may have been one of those.
fn others_unknown(node: &Node<u32>, observer: u32, side: &Nodes) -> Option<Reason> {
    if node.counters().evictions > 0 || node.listed().count() as u32 == side.cluster() {
        return None;
    }
    let subject = (0..side.cluster()).find(|subject| !side.has(*subject) && node.member(*subject).is_none())?;
    Some(Reason::Member { observer, subject, status: None })
}

/// The first member beyond `side` that `observer` does not hold faulty.
fn others_not_faulty(node: &Node<u32>, observer: u32, side: &Nodes) -> Option<Reason> {
    let alive = |member: &swim_core::Member<'_, u32>| !side.has(member.address) && member.status.is_pingable();
    let member = node.listed().find(alive)?;
    Some(Reason::Member { observer, subject: member.address, status: Some(member.status) })
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booting { nodes } => write!(f, "{nodes} nodes have not booted"),
            Self::Joining { node } => write!(f, "node {node} has not joined"),
            Self::Nobody => write!(f, "nobody is left: no node runs, has not left, and can be reached"),
            Self::UnderWay => write!(f, "messages are under way"),
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
    use crate::cluster::{Memory, Setup};
    use crate::network::CutId;
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

        cluster.cut_sides(sides);
        cluster.run_until(Instant::from_millis(200_000)).unwrap();
        assert_eq!(detected.pending(&cluster), None);
        cluster.mend(CutId(0));
        assert!(matches!(whole.pending(&cluster), Some(Reason::Checksums { .. })));
        assert!(matches!(reachable.pending(&cluster), Some(Reason::Member { status: Some(Status::Faulty), .. })));
    }

    #[test]
    fn a_node_that_is_down_must_be_held_so_and_need_not_see_anything() {
        let mut cluster = Cluster::new(Setup::new(6, 1)).unwrap();
        let mut whole = Wait::new(Goal::AllAlive);
        cluster.run_until(Instant::from_millis(20_000)).unwrap();
        cluster.crash(4, Memory::Lost);
        let alive = Reason::Member { observer: 0, subject: 4, status: Some(Status::Alive) };
        assert_eq!(whole.pending(&cluster), Some(alive));
        cluster.run_until(Instant::from_millis(90_000)).unwrap();
        assert_eq!(whole.pending(&cluster), None);
    }

    #[test]
    fn who_was_never_heard_of_is_not_held_faulty() {
        let mut cluster = Cluster::new(Setup::new(4, 1)).unwrap();
        let sides = Sides::halves(4).unwrap();
        cluster.cut_sides(sides.clone());
        cluster.run_until(Instant::from_millis(60_000)).unwrap();
        let pending = Wait::new(Goal::OthersFaulty { sides, side: 0 }).pending(&cluster);
        assert_eq!(pending, Some(Reason::Member { observer: 0, subject: 2, status: None }));
    }
}
