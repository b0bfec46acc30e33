//! L1, L2 and L3: once faults have stopped, all agree, the dead are noticed, and the living are taken back, in a bounded
//! time (L1 to L3).
//!
//! | | among the nodes that work and reach one another | violated by |
//! |---|---|---|
//! | L1 | all reach one checksum | different lists, or a member that one does not list |
//! | L2 | who is down is dead to all | a member that is down, and that one still pings |
//! | L3 | who is up is alive to all | a member that is up, and that one suspects or worse |

use swim_core::{Instant, Member, Micros, Status};

use super::Finding;
use crate::cluster::Cluster;
use crate::convergence::{Goal, Reason, Wait};
use crate::core_nodes::core_nodes;
use crate::nodes::Nodes;

/// What must come about in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// L1.
    Convergence,
    /// L2.
    Detection,
    /// L3.
    Refutation,
}

impl Property {
    /// The name of its checker.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Convergence => "L1 convergence",
            Self::Detection => "L2 detection",
            Self::Refutation => "L3 refutation",
        }
    }
}

/// Waits for a goal until it is too late.
#[derive(Clone, Debug)]
pub struct Liveness {
    goal: Goal,
    wait: Wait,
    due: Instant,
}

impl Liveness {
    /// Faults stopped at `since`; the goal must be reached `within` that time.
    pub fn new(goal: Goal, since: Instant, within: Micros) -> Self {
        Self { wait: Wait::new(goal.clone()), goal, due: since + within }
    }

    /// What is lacking; `None` when the goal is reached.
    ///
    /// # Errors
    /// When something is lacking, and time is up: one finding for each property that does not hold.
    pub fn look(&mut self, cluster: &Cluster) -> Result<Option<Reason>, Vec<Finding>> {
        match self.wait.pending(cluster) {
            Some(_) if cluster.now() >= self.due => Err(lacking(&self.goal, cluster)
                .map(|(property, reason)| {
                    let (Reason::Checksums { node, .. } | Reason::Member { observer: node, .. }) = reason else {
                        return Finding { checker: property.name(), node: 0, reason: reason.to_string() };
                    };
                    Finding { checker: property.name(), node, reason: reason.to_string() }
                })
                .collect()),
            pending => Ok(pending),
        }
    }
}

/// The properties that do not hold, each with one reason.
fn lacking(goal: &Goal, cluster: &Cluster) -> impl Iterator<Item = (Property, Reason)> {
    let core = core_nodes(cluster);
    let held_wrongly = |status: Status| match goal {
        Goal::AllAlive => status != Status::Alive,
        Goal::AllReachable | Goal::OthersFaulty { .. } => !status.is_pingable(),
    };
    let undetected = |member: &Member<'_, u32>| !core.has(member.address) && member.status.is_pingable();
    let unrefuted = |member: &Member<'_, u32>| core.has(member.address) && held_wrongly(member.status);
    let all = match goal {
        Goal::OthersFaulty { .. } => [Wait::new(goal.clone()).pending(cluster), None, None],
        Goal::AllAlive | Goal::AllReachable => {
            [first(cluster, &core, undetected), first(cluster, &core, unrefuted), divergence(goal, cluster, &core)]
        }
    };
    [Property::Detection, Property::Refutation, Property::Convergence]
        .into_iter()
        .zip(all)
        .filter_map(|(property, reason)| Some((property, reason?)))
}

/// The first member that someone of the core holds so.
fn first(cluster: &Cluster, core: &Nodes, is_wrong: impl Fn(&Member<'_, u32>) -> bool) -> Option<Reason> {
    core.iter().find_map(|observer| {
        let wrong = cluster.nodes()[observer as usize].listed().find(&is_wrong)?;
        Some(Reason::Member { observer, subject: wrong.address, status: Some(wrong.status) })
    })
}

/// Who has not booted, or does not list someone, or has another list.
fn divergence(goal: &Goal, cluster: &Cluster, core: &Nodes) -> Option<Reason> {
    if cluster.booting() > 0 {
        return Some(Reason::Booting { nodes: cluster.booting() });
    }
    if core.is_empty() {
        return Some(Reason::Nobody);
    }
    let nodes = cluster.nodes();
    let unknown = core.iter().find_map(|observer| {
        let subject = core.iter().find(|subject| nodes[observer as usize].member(*subject).is_none())?;
        Some(Reason::Member { observer, subject, status: None })
    });
    let checksums = || {
        let node = core.iter().next()?;
        let differs = |other: &u32| nodes[*other as usize].checksum() != nodes[node as usize].checksum();
        core.iter().find(differs).map(|other| Reason::Checksums { node, other })
    };
    unknown.or_else(|| if *goal == Goal::AllAlive { checksums() } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Memory, Setup};
    use crate::network::Sides;

    /// What is found, with no time to lose.
    fn found(cluster: &Cluster) -> Vec<&'static str> {
        let looked = Liveness::new(Goal::AllAlive, cluster.now(), Micros::ZERO).look(cluster);
        looked.err().unwrap_or_default().iter().map(|finding| finding.checker).collect()
    }

    #[test]
    fn each_property_is_named_that_does_not_hold() {
        let mut cluster = Cluster::new(Setup::new(6, 1)).unwrap();
        assert_eq!(found(&cluster), ["L1 convergence"]);
        cluster.run_until(Instant::from_millis(20_000)).unwrap();
        assert_eq!(found(&cluster), [""; 0]);
        cluster.crash(4, Memory::Lost);
        assert_eq!(found(&cluster), ["L2 detection"]);
        cluster.run_until(Instant::from_millis(90_000)).unwrap();
        assert_eq!(found(&cluster), [""; 0]);
        cluster.cut_sides(Sides::halves(6).unwrap());
        cluster.run_until(Instant::from_millis(200_000)).unwrap();
        cluster.mend(crate::network::CutId(0));
        assert_eq!(found(&cluster), ["L3 refutation", "L1 convergence"]);
    }

    #[test]
    fn where_nobody_is_left_nothing_has_converged() {
        let mut cluster = Cluster::new(Setup::new(3, 1)).unwrap();
        cluster.run_until(Instant::from_millis(20_000)).unwrap();
        (0..3).for_each(|node| cluster.crash(node, Memory::Lost));
        assert_eq!(found(&cluster), ["L1 convergence"]);
        let reachable = Wait::new(Goal::AllReachable).pending(&cluster);
        assert_eq!(
            (reachable, Wait::new(Goal::AllAlive).pending(&cluster)),
            (Some(Reason::Nobody), Some(Reason::Nobody))
        );
        let sides = Sides::new(&[1, 2], 3).unwrap();
        assert_eq!(Wait::new(Goal::OthersFaulty { sides, side: 0 }).pending(&cluster), Some(Reason::Nobody));
    }

    #[test]
    fn there_is_time_until_the_bound() {
        let cluster = Cluster::new(Setup::new(6, 1)).unwrap();
        let mut liveness = Liveness::new(Goal::AllAlive, cluster.now(), Micros(1));
        assert_eq!(liveness.look(&cluster), Ok(Some(Reason::Booting { nodes: 6 })));
    }
}
