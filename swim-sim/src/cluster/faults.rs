//! What can be done to a cluster from outside: cuts, impairments, and all that happens to processes.

use swim_core::{About, Boot, Command, CommandId, Input, Instant, OwnLabels, Via};

use super::{Cluster, EPOCH, Wants, checked};
use crate::checkers::{Finding, Violation};
use crate::happening::Happening;
use crate::network::{Cut, CutId, Impairment, Sides};
use crate::processes::State;
use crate::run_hash::Deed;
use crate::seeds::Stream;
use crate::transport::Route;

/// What a process has when it boots again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Memory {
    /// Nothing but its host list.
    #[default]
    #[serde(rename = "nothing")]
    Lost,
    /// The addresses of the members that it knew, as further hosts to join.
    Members,
}

impl Cluster {
    /// From now on nothing passes between these sides; ends with [`Cluster::mend`] of [`CutId`] 0.
    pub fn cut_sides(&mut self, sides: Sides) {
        self.cut(CutId(0), Cut::between_all(sides));
    }

    /// A cut begins.
    pub fn cut(&mut self, id: CutId, cut: Cut) {
        self.hash.deed(self.now, Deed::Cut, id.0);
        if let Some(watchers) = self.watchers.as_mut().filter(|_| cut.is_total()) {
            watchers.cut(self.now, cut.sides());
        }
        self.transport.network.cut(id, cut);
    }

    /// A cut ends, if it is there.
    pub fn mend(&mut self, id: CutId) {
        self.hash.deed(self.now, Deed::Mend, id.0);
        self.transport.network.mend(id);
        if let Some(watchers) = self.watchers.as_mut().filter(|_| !self.transport.network.partition().is_cut()) {
            watchers.mend();
        }
    }

    /// From now on something is wrong with the network of some nodes.
    pub fn impose(&mut self, id: u32, impairment: Impairment) {
        self.hash.deed(self.now, Deed::Impose, id);
        self.transport.network.impose(id, impairment);
    }

    /// No longer is it.
    pub fn lift(&mut self, id: u32) {
        self.hash.deed(self.now, Deed::Lift, id);
        self.transport.network.lift(id);
    }

    /// A process ends at once, without a word. One that does not run stays so.
    pub fn crash(&mut self, node: u32, memory: Memory) {
        self.hash.deed(self.now, Deed::Crash, node);
        let remembered = match memory {
            Memory::Lost => None,
            Memory::Members => Some(self.nodes[node as usize].listed().map(|member| member.address).collect()),
        };
        let Some(waiting) = self.processes.crash(node, remembered) else { return };
        waiting.into_iter().for_each(|what| self.nobody_there(self.now, what));
        for exchange in self.transport.requests.abandon(node) {
            self.transport.reset(self.now, &exchange);
        }
        self.wakes.forget(node);
        self.wants[node as usize] = Wants::Member;
        if let Some(watchers) = &mut self.watchers {
            watchers.down(self.now, node);
        }
    }

    /// A process starts, and its node joins. One that runs stays as it is.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn boot(&mut self, node: u32) -> Result<(), Box<Violation>> {
        self.hash.deed(self.now, Deed::Boot, node);
        let started = self.start(self.now, node);
        checked(started, self.events, self.now)
    }

    /// A process stops while its clock runs on.
    pub fn pause(&mut self, node: u32) {
        self.hash.deed(self.now, Deed::Pause, node);
        self.processes.pause(node);
    }

    /// A process goes on where it stopped, and finds what came meanwhile; that its wall clock jumped it is told first.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn resume(&mut self, node: u32) -> Result<(), Box<Violation>> {
        self.hash.deed(self.now, Deed::Resume, node);
        let Some(waiting) = self.processes.resume(node) else { return Ok(()) };
        waiting.into_iter().for_each(|what| self.transport.queue.push(self.now, what));
        self.transport.requests.postpone(node, self.now);
        self.plan_wake(node);
        self.tell_jump(node)
    }

    /// What a process sends and gets is held up until `until`; its timers run.
    pub fn block(&mut self, node: u32, until: Instant) {
        self.hash.deed(self.now, Deed::Block, node);
        self.processes.block(node, until);
    }

    /// Nothing is held up any more.
    pub fn unblock(&mut self, node: u32) {
        self.hash.deed(self.now, Deed::Unblock, node);
        self.processes.unblock(node);
        self.transport.requests.postpone(node, self.now);
    }

    /// From now on the clock of a process runs so many parts of a million faster.
    pub fn drift(&mut self, node: u32, drift: i32) {
        self.hash.deed(self.now, Deed::Drift, node);
        let mut clock = self.processes.clock(node);
        clock.set_drift(self.now, drift);
        self.processes.set_clock(node, clock);
        if self.processes.state(node) == State::Up {
            self.plan_wake(node);
        }
    }

    /// The wall clock of a process jumps by so many milliseconds; it is told once it runs.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn jump(&mut self, node: u32, millis: i64) -> Result<(), Box<Violation>> {
        self.hash.deed(self.now, Deed::Jump, node);
        self.processes.jump(node, millis);
        self.tell_jump(node)
    }

    /// A process that runs is told what its wall clock shows, where that jumped since it was told last.
    fn tell_jump(&mut self, node: u32) -> Result<(), Box<Violation>> {
        if self.processes.state(node) != State::Up || !self.processes.take_jump(node) {
            return Ok(());
        }
        let wall = self.processes.clock(node).wall(EPOCH, self.now);
        let result = self.input(self.now, node, Input::Wall(wall));
        checked(result, self.events, self.now)
    }

    /// A host wants its node to leave; nothing happens where the process does not run.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn leave(&mut self, node: u32) -> Result<(), Box<Violation>> {
        self.want(node, Deed::Leave, Wants::Left)
    }

    /// A host wants its node back; nothing happens where the process does not run.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn rejoin(&mut self, node: u32) -> Result<(), Box<Violation>> {
        self.want(node, Deed::Rejoin, Wants::Member)
    }

    /// A host gives its node other labels.
    ///
    /// # Errors
    /// At the first thing that must not happen.
    pub fn set_labels(&mut self, node: u32, labels: &OwnLabels) -> Result<(), Box<Violation>> {
        self.commands += 1;
        let command = Command::SetLabels(labels);
        let result = self.input(self.now, node, Input::Command { id: CommandId(self.commands), command });
        checked(result, self.events, self.now)
    }

    fn want(&mut self, node: u32, deed: Deed, wants: Wants) -> Result<(), Box<Violation>> {
        self.hash.deed(self.now, deed, node);
        match self.processes.state(node) {
            State::Down => Ok(()),
            State::Paused => {
                // It finds what is wanted of it when it goes on.
                self.wants[node as usize] = wants;
                let life = self.processes.life(node);
                self.transport.queue.push(self.now, Happening::Again { node, life });
                Ok(())
            }
            State::Up => {
                self.wants[node as usize] = wants;
                let result = self.host_acts(self.now, node);
                checked(result, self.events, self.now)
            }
        }
    }

    /// Each life of a process has a new node, which begins with the clock as it is then: a fault may have set it, or may
    /// boot the process sooner than was planned.
    pub(super) fn start(&mut self, now: Instant, node: u32) -> Result<(), Box<Finding>> {
        if !self.processes.boot(node) {
            return Ok(());
        }
        let life = self.processes.life(node);
        let stream = if life == 1 { Stream::Node(node) } else { Stream::Life(node, life) };
        let clock = self.processes.clock(node);
        let boot = Boot { now: clock.local(now), wall: clock.wall(EPOCH, now), seed: stream.seed(self.setup.seed) };
        #[cfg(not(test))]
        let machine = swim_core::Node::new(self.config.clone(), node, boot);
        #[cfg(test)]
        let machine = self.mutants.node(&self.config, node, boot);
        self.nodes[node as usize] = machine;
        self.wakes.forget(node);
        self.accusations.forget(node);
        if let Some(checkers) = &mut self.checkers {
            checkers.reborn(node);
        }
        self.host_acts(now, node)
    }

    fn plan_wake(&mut self, node: u32) {
        self.wakes.forget(node);
        let Some(at) = self.nodes[node as usize].next_deadline() else { return };
        let at = self.processes.global(at, node).max(self.now);
        if self.wakes.want(node, at) {
            self.transport.queue.push(at, Happening::Wake(node));
        }
    }

    /// What becomes of something that arrives where nobody runs.
    pub(super) fn nobody_there(&mut self, now: Instant, what: Happening) {
        match what {
            Happening::Note { from, to, .. } => {
                let life = self.processes.life(from);
                self.transport.refuse(now, Route { from, life, to }, About::Datagram);
            }
            Happening::Parcel { from, to, parcel } => {
                let parcel = self.transport.parcels.arrive(parcel);
                let about = match parcel.via {
                    Via::Datagram => Some(About::Datagram),
                    Via::Request(ticket) => Some(About::Request(ticket)),
                    Via::Response(_) => None,
                };
                self.transport.parcels.recycle(parcel.message);
                if let Some(about) = about {
                    self.transport.refuse(now, Route { from, life: parcel.life, to }, about);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Setup;
    use swim_core::{Incarnation, Micros, Status};

    /// Lets time pass until all four nodes hold these of them alive, which takes a minute at most.
    fn until_alive(cluster: &mut Cluster, members: &[u32]) {
        let end = cluster.now() + Micros::from_millis(60_000);
        let holds = |cluster: &Cluster, at: u32, of: u32| {
            cluster.nodes()[at as usize].member(of).is_some_and(|member| member.status == Status::Alive)
        };
        while !members.iter().all(|at| (0..4).all(|of| holds(cluster, *at, of) == members.contains(&of))) {
            assert!(cluster.now() < end, "not all of {members:?} hold one another alive, and nobody else");
            cluster.run_until(cluster.now() + Micros::from_millis(100)).unwrap();
        }
    }

    #[test]
    fn who_boots_sooner_than_planned_or_with_a_slow_clock_has_the_time_of_its_boot() {
        let setup = Setup { boot_within: Micros::from_millis(60_000), ..Setup::new(2, 1) };
        let mut cluster = Cluster::new(setup).unwrap();
        cluster.drift(1, -100_000);
        cluster.run_until(Instant::from_millis(1_000)).unwrap();
        (0..2).for_each(|node| cluster.boot(node).unwrap());
        cluster.run_until(Instant::from_millis(9_000)).unwrap();
        let uptimes = [0, 1].map(|node| cluster.nodes()[node].uptime(Instant::from_millis(9_000)));
        assert_eq!(uptimes, [Micros::from_millis(8_000), Micros::from_millis(8_100)]);
        assert!(cluster.nodes().iter().all(|node| node.counters().pings_sent > 0));
    }

    /// Packets take 200 ms: the SYN of the first one's request arrives at 1.2 s, the request itself would at 1.6 s.
    #[test]
    fn who_boots_after_the_first_packet_of_a_request_does_not_get_it() {
        for (boots, gets) in [(1_100, true), (1_300, false)] {
            let latency = "200ms".parse().unwrap();
            let setup = Setup { boot_within: Micros::from_millis(60_000), latency, ..Setup::new(2, 1) };
            let mut cluster = Cluster::new(setup).unwrap();
            for (node, at) in [(0, 1_000), (1, boots)] {
                cluster.run_until(Instant::from_millis(at)).unwrap();
                cluster.boot(node).unwrap();
            }
            cluster.run_until(Instant::from_millis(1_700)).unwrap();
            assert_eq!(cluster.nodes()[1].member(0).is_some(), gets, "booted at {boots} ms");
            cluster.run_until(Instant::from_millis(9_000)).unwrap();
            assert!(cluster.nodes()[1].member(0).is_some());
        }
    }

    /// The one host is dead, everyone holds the node faulty by now, and nobody heals: only what it remembers helps.
    #[test]
    fn who_remembers_its_members_joins_by_them_when_no_host_is_alive() {
        for memory in [Memory::Members, Memory::Lost] {
            let mut setup = Setup { hosts: 1, ..Setup::new(4, 1) };
            setup.options.heal.period = None;
            let mut cluster = Cluster::new(setup).unwrap();
            until_alive(&mut cluster, &[0, 1, 2, 3]);
            cluster.crash(0, Memory::Lost);
            cluster.crash(3, memory);
            until_alive(&mut cluster, &[1, 2]);
            cluster.boot(3).unwrap();
            match memory {
                Memory::Members => until_alive(&mut cluster, &[1, 2, 3]),
                Memory::Lost => {
                    cluster.run_until(cluster.now() + Micros::from_millis(60_000)).unwrap();
                    assert!(!cluster.nodes()[3].is_ready());
                }
            }
        }
    }

    #[test]
    fn who_boots_with_a_clock_an_hour_behind_has_its_incarnation_from_it_and_gets_back_in() {
        let mut cluster = Cluster::new(Setup::new(4, 1)).unwrap();
        until_alive(&mut cluster, &[0, 1, 2, 3]);
        let before = cluster.nodes()[3].incarnation();
        cluster.crash(3, Memory::Lost);
        until_alive(&mut cluster, &[0, 1, 2]);
        cluster.jump(3, -HOUR).unwrap();
        cluster.boot(3).unwrap();
        let now = cluster.now().as_micros() / 1_000;
        assert_eq!(cluster.nodes()[3].incarnation().get(), EPOCH.0 + now - HOUR.unsigned_abs());
        until_alive(&mut cluster, &[0, 1, 2, 3]);
        // The others held it faulty at its old incarnation, which it had to overtake.
        let held: Vec<Incarnation> = (0..3).map(|at| cluster.nodes()[at].member(3).unwrap().incarnation).collect();
        assert!(held.iter().all(|held| *held > before), "{before:?}, {held:?}");
    }

    #[test]
    fn who_is_stopped_while_its_wall_clock_jumps_is_told_when_it_goes_on_and_once() {
        let mut cluster = Cluster::new(Setup::new(4, 1)).unwrap();
        until_alive(&mut cluster, &[0, 1, 2, 3]);
        let own = |cluster: &Cluster| cluster.nodes()[3].incarnation();
        cluster.pause(3);
        cluster.jump(3, HOUR).unwrap();
        cluster.resume(3).unwrap();
        assert!(!cluster.processes.take_jump(3));
        let (before, labels) = (own(&cluster), OwnLabels::new([("a", "b")]).unwrap());
        cluster.set_labels(3, &labels).unwrap();
        assert!(own(&cluster).get() >= before.get() + HOUR.unsigned_abs());
    }

    const HOUR: i64 = 60 * 60 * 1_000;
}
