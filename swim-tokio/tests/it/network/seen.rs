//! What is seen of a cluster from outside: every agent's list, as its events tell it, and who was wrongly declared faulty.
//! The questions are those that the simulator asks of its clusters, so that the answers can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use swim_core::Status;
use swim_sim::network::{Cut, CutId, Partition, Sides};

/// What is seen of a cluster.
#[derive(Debug)]
pub(crate) struct Seen(Mutex<World>);

#[derive(Debug)]
struct World {
    agents: Vec<Watched>,
    cuts: Partition,
    /// Suspicions that began with the way open: observer and subject.
    began_open: BTreeSet<(u32, u32)>,
    wrongly_faulty: BTreeSet<u32>,
    /// How many changes all agents have received; those that are down count as they were.
    received: Vec<u64>,
}

#[derive(Debug)]
struct Watched {
    life: Life,
    /// Which of its lives it is.
    number: u32,
    list: Option<List>,
}

/// How an agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Its process is not there.
    Down,
    /// Its process runs.
    Running,
    /// Its process is stopped.
    Suspended,
}

/// An agent's list.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) checksum: u32,
    pub(crate) members: BTreeMap<u32, Status>,
}

/// What all must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// Equal checksums, and those that run are alive.
    Checksum,
    /// Those that run are alive or suspect.
    Reachable,
}

impl Seen {
    pub(crate) fn new(nodes: u32) -> Self {
        let agent = |_| Watched { life: Life::Down, number: 0, list: None };
        Self(Mutex::new(World {
            agents: (0..nodes).map(agent).collect(),
            cuts: Partition::none(),
            began_open: BTreeSet::new(),
            wrongly_faulty: BTreeSet::new(),
            received: vec![0; nodes as usize],
        }))
    }

    /// An agent was started; returns the number of its life.
    pub(crate) fn begin(&self, node: u32) -> u32 {
        let mut world = self.lock();
        world.began_open.retain(|(observer, _)| *observer != node);
        let agent = &mut world.agents[node as usize];
        (agent.life, agent.list) = (Life::Running, None);
        agent.number += 1;
        agent.number
    }

    /// Whether an agent still has this life.
    pub(crate) fn is_of(&self, node: u32, life: u32) -> bool {
        let agent = &self.lock().agents[node as usize];
        agent.number == life && agent.life != Life::Down
    }

    pub(crate) fn set(&self, node: u32, life: Life) {
        self.lock().agents[node as usize].life = life;
    }

    /// A cut begins, or ends; returns what is cut now.
    pub(crate) fn cut(&self, id: CutId, cut: Option<Cut>) -> Partition {
        let mut world = self.lock();
        match cut {
            Some(cut) => world.cuts.cut(id, cut),
            None => world.cuts.mend(id),
        }
        world.cuts.clone()
    }

    /// An agent's whole list.
    pub(crate) fn list(&self, node: u32, list: List) {
        self.lock().agents[node as usize].list = Some(list);
    }

    /// A member of an agent's list has this status from now on; `None` and it is no longer listed.
    pub(crate) fn change(&self, node: u32, subject: u32, status: Option<Status>, checksum: Option<u32>) {
        let mut world = self.lock();
        if status == Some(Status::Suspect) {
            let open = world.is_open(node, subject);
            if open {
                world.began_open.insert((node, subject));
            } else {
                world.began_open.remove(&(node, subject));
            }
        }
        let Some(list) = &mut world.agents[node as usize].list else { return };
        match status {
            Some(status) => drop(list.members.insert(subject, status)),
            None => drop(list.members.remove(&subject)),
        }
        list.checksum = checksum.unwrap_or(list.checksum);
    }

    /// An agent declared a member faulty by itself.
    pub(crate) fn declared(&self, node: u32, subject: u32) {
        let mut world = self.lock();
        if node != subject && world.began_open.contains(&(node, subject)) && world.is_open(node, subject) {
            world.wrongly_faulty.insert(subject);
        }
    }

    /// How many changes an agent has received since it started.
    pub(crate) fn received(&self, node: u32, changes: u64) {
        self.lock().received[node as usize] = changes;
    }

    /// How many changes all agents have received.
    pub(crate) fn all_received(&self) -> u64 {
        self.lock().received.iter().sum()
    }

    /// How many live members were declared faulty by someone who could reach them.
    pub(crate) fn wrongly_faulty(&self) -> usize {
        self.lock().wrongly_faulty.len()
    }

    /// What those that run lack to hold one another alive, and everyone else dead.
    pub(crate) fn lacking(&self, agreement: Agreement) -> Option<String> {
        let world = self.lock();
        let running: Vec<u32> = world.running().collect();
        let mut lists = Vec::new();
        for node in &running {
            match &world.agents[*node as usize].list {
                Some(list) => lists.push((*node, list)),
                None => return Some(format!("agent {node} has not answered")),
            }
        }
        let (_, first) = lists.first()?;
        for (node, list) in &lists {
            if agreement == Agreement::Checksum && list.checksum != first.checksum {
                return Some(format!("agents {} and {node} have different lists", running[0]));
            }
            for subject in 0..world.agents.len() as u32 {
                let status = list.members.get(&subject).copied();
                let fits = match (running.contains(&subject), agreement) {
                    (true, Agreement::Checksum) => status == Some(Status::Alive),
                    (true, Agreement::Reachable) => status.is_some_and(Status::is_pingable),
                    (false, _) => !status.is_some_and(Status::is_pingable),
                };
                if !fits {
                    return Some(format!("agent {node} holds agent {subject} as {status:?}"));
                }
            }
        }
        None
    }

    /// Whether everyone on `side` holds everyone on other sides faulty.
    pub(crate) fn others_are_faulty(&self, sides: &Sides, side: usize) -> bool {
        let world = self.lock();
        let mut observers = world.running().filter(|node| sides.side_of(*node) == side);
        observers.all(|observer| {
            let list = world.agents[observer as usize].list.as_ref();
            let beyond = |(subject, status): (&u32, &Status)| sides.side_of(*subject) != side && status.is_pingable();
            list.is_some_and(|list| !list.members.iter().any(beyond))
        })
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    fn running(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.agents).filter(|(_, agent)| agent.life == Life::Running).map(|(node, _)| node)
    }

    /// Whether both run and reach each other.
    fn is_open(&self, observer: u32, subject: u32) -> bool {
        let runs = |node: u32| self.agents[node as usize].life == Life::Running;
        runs(observer) && runs(subject) && self.cuts.is_open(observer, subject)
    }
}
