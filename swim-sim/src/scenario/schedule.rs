//! The faults of a scenario as a list of what to do when: groups and shares are nodes now, and waves are steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use swim_core::{Instant, Micros, Random};

use super::fault::{ChurnFault, Fault, Lasts, Wave, What};
use super::node_set::{NodeSet, NodeSetError};
use crate::cluster::Memory;
use crate::network::{Bursts, Cut, CutId, Direction, Harm, Impairment, Sides, SidesError, Streams};
use crate::nodes::Nodes;
use crate::seeds::Stream;

/// What to do, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// The steps, their times counted from when the faults begin.
    pub steps: Vec<Step>,
    /// What a reader of a report is shown of each fault.
    pub marks: Vec<Mark>,
}

/// One thing to do.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub at: Micros,
    /// What.
    pub action: Action,
}

/// What is done to a cluster.
#[derive(Clone, Debug)]
pub enum Action {
    /// A cut begins. Where `ends` is [`Ends::WhenDetected`] it ends by itself.
    Cut(CutId, Arc<Cut>, Ends),
    /// A cut ends.
    Mend(CutId),
    /// An impairment begins.
    Impose(u32, Arc<Impairment>),
    /// An impairment ends.
    Lift(u32),
    /// A process stops.
    Pause(u32),
    /// A process goes on, unless another fault holds it still; so do the other ends.
    Resume(u32),
    /// What a process sends and gets is held up for so long.
    Block(u32, Micros),
    /// No longer.
    Unblock(u32),
    /// A process crashes, and its wall clock moves by so many milliseconds.
    Crash(u32, Memory, i64),
    /// A process boots.
    Boot(u32),
    /// A member leaves.
    Leave(u32),
    /// A member comes back.
    Rejoin(u32),
    /// A clock runs by so many parts of a million faster from now on.
    Drift(u32, i32),
    /// A wall clock jumps by so many milliseconds.
    Jump(u32, i64),
}

/// What ends a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// A step of the schedule, or nothing.
    ByStep,
    /// That each side holds the others faulty.
    WhenDetected,
}

/// A fault on the time axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When it begins, counted from when the faults begin.
    pub at: Micros,
    /// When it ends; `None` where it lasts for ever, or until it is detected.
    pub until: Option<Micros>,
    /// What it is.
    pub label: String,
}

/// Why there is no such schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Nodes that do not exist.
    #[error(transparent)]
    Nodes(#[from] NodeSetError),
    /// A cut that is none.
    #[error(transparent)]
    Sides(#[from] SidesError),
    /// Across bridges nobody is held faulty by a whole side.
    #[error(
        "a cut with bridges is never detected, as those in no group, or in several, speak for both sides; give it a time, \
         such as `for = \"60s\"`"
    )]
    NeverDetected,
    /// Waves, staggers and churn come to too many steps.
    #[error("this comes to more than {} steps; make it shorter, or its waves longer", Schedule::STEPS_MAX)]
    TooLong,
}

impl Schedule {
    /// The most steps: they are in memory all at once.
    pub const STEPS_MAX: usize = 2_000_000;

    /// What the faults come to in a cluster of `nodes`, with the luck of `seed`. `groups` are the named sets of nodes.
    ///
    /// # Errors
    /// The number of the fault that is wrong, and why.
    pub fn new(
        faults: &[Fault],
        groups: &BTreeMap<String, Nodes>,
        nodes: u32,
        seed: u64,
    ) -> Result<Self, (usize, ScheduleError)> {
        let mut schedule = Self::default();
        for (number, fault) in (0u32..).zip(faults) {
            // Each fault draws from a stream of its own, so that leaving one out does not change the others.
            let random = Random::new(Stream::Faults.seed(seed).wrapping_add(number.into()));
            let mut planner = Planner { schedule: &mut schedule, groups, nodes, number, random };
            planner.plan(fault).map_err(|error| (number as usize, error))?;
        }
        schedule.steps.sort_by_key(|step| step.at);
        Ok(schedule)
    }

    /// When the last step is.
    pub fn end(&self) -> Micros {
        self.steps.last().map_or(Micros::ZERO, |step| step.at)
    }
}

/// Plans one fault.
struct Planner<'a> {
    schedule: &'a mut Schedule,
    groups: &'a BTreeMap<String, Nodes>,
    nodes: u32,
    number: u32,
    random: Random,
}

/// What a fault of the network does while it is there.
enum Strikes {
    Cut(Arc<Cut>, Ends),
    Impairment(Arc<Impairment>),
}

impl Planner<'_> {
    fn plan(&mut self, fault: &Fault) -> Result<(), ScheduleError> {
        let until = match fault.lasts {
            Lasts::For(time) => Some(fault.at.0 + time.0),
            Lasts::Forever | Lasts::UntilDetected => None,
        };
        self.schedule.marks.push(Mark { at: fault.at.0, until, label: self.label(&fault.what) });
        match &fault.what {
            What::Churn(churn) => self.churn(fault, churn),
            what if what.is_of_processes() => self.processes(fault),
            _ => self.network(fault),
        }
    }

    fn label(&self, what: &What) -> String {
        let of = |nodes: &NodeSet| format!("{} {nodes}", what.name());
        match what {
            What::Cut(groups) => {
                let groups: Vec<_> = groups.iter().map(ToString::to_string).collect();
                format!("cut {}", groups.join(" | "))
            }
            What::OneWay(one_way) => format!("cut {} -> {}", one_way.from, one_way.to),
            What::Loss(loss) => format!("loss {} {} {}", loss.chance, loss.direction, loss.nodes),
            What::Bursts(bursts) => of(&bursts.nodes),
            What::Duplication(each) => of(&each.nodes),
            What::Reordering(each) => of(&each.nodes),
            What::Delay(each) => format!("delay {} {}", each.by, each.nodes),
            What::Streams(each) => of(&each.nodes),
            What::Pause(struck) | What::Slow(struck) | What::Leave(struck) => of(&struck.nodes),
            What::Crash(crash) => of(&crash.nodes),
            What::Clock(clock) => of(&clock.nodes),
            What::Churn(churn) => of(&churn.nodes),
        }
    }

    /// When a fault is there: from, and until where it ends.
    fn windows(fault: &Fault, begin: Micros) -> Result<Vec<(Micros, Option<Micros>)>, ScheduleError> {
        let Lasts::For(time) = fault.lasts else { return Ok(vec![(begin, None)]) };
        let end = begin + time.0;
        let Some(Wave { on, off }) = fault.wave else { return Ok(vec![(begin, Some(end))]) };
        let mut windows = Vec::new();
        let mut at = begin;
        while at < end {
            if windows.len() > Schedule::STEPS_MAX {
                return Err(ScheduleError::TooLong);
            }
            windows.push((at, Some((at + on.0).min(end))));
            at = at + on.0 + off.0;
        }
        Ok(windows)
    }

    fn network(&mut self, fault: &Fault) -> Result<(), ScheduleError> {
        // Drawn once, so that each wave strikes the same nodes.
        let strikes = match &fault.what {
            What::Cut(_) | What::OneWay(_) => {
                let cut = self.cut(&fault.what)?;
                let ends = if fault.lasts == Lasts::UntilDetected { Ends::WhenDetected } else { Ends::ByStep };
                if ends == Ends::WhenDetected && !cut.is_total() {
                    return Err(ScheduleError::NeverDetected);
                }
                Strikes::Cut(Arc::new(cut), ends)
            }
            what => Strikes::Impairment(Arc::new(self.impairment(what)?)),
        };
        for (window, (begin, end)) in (0u32..).zip(Self::windows(fault, fault.at.0)?) {
            // Windows of one fault do not overlap, but one may end where the next begins.
            let id = self.number << 1 | window & 1;
            let (first, last) = match &strikes {
                Strikes::Cut(cut, ends) => (Action::Cut(CutId(id), cut.clone(), *ends), Action::Mend(CutId(id))),
                Strikes::Impairment(impairment) => (Action::Impose(id, impairment.clone()), Action::Lift(id)),
            };
            self.push(begin, first)?;
            if let Some(end) = end {
                self.push(end, last)?;
            }
        }
        Ok(())
    }

    fn cut(&mut self, what: &What) -> Result<Cut, ScheduleError> {
        match what {
            What::OneWay(one_way) => {
                let groups = [self.resolve(&one_way.from)?, self.resolve(&one_way.to)?];
                Ok(Cut::one_way(Sides::of(&groups)?))
            }
            What::Cut(groups) => {
                let groups: Vec<Nodes> = groups.iter().map(|group| self.resolve(group)).collect::<Result<_, _>>()?;
                let sides = Sides::of(&groups)?;
                // A single group is cut off from all others; with several, whoever is in none or in two is a bridge.
                let bridges = groups.len() > 1 && sides.sizes().len() > groups.len();
                Ok(if bridges { Cut::with_bridges(sides) } else { Cut::between_all(sides) })
            }
            _ => unreachable!("only cuts are asked for"),
        }
    }

    fn impairment(&mut self, what: &What) -> Result<Impairment, ScheduleError> {
        let both = Direction::Both;
        let (nodes, direction, harm) = match what {
            What::Loss(loss) => (&loss.nodes, loss.direction, Harm::Loss(loss.chance)),
            What::Bursts(each) => {
                let bursts = Bursts::new(self.nodes, each.good.0, each.bad.0, each.loss);
                (&each.nodes, each.direction, Harm::Bursts(bursts))
            }
            What::Duplication(each) => (&each.nodes, both, Harm::Duplication(each.chance)),
            What::Reordering(each) => (&each.nodes, both, Harm::Reordering(each.chance, each.by.0)),
            What::Delay(each) => (&each.nodes, each.direction, Harm::Delay(each.by)),
            What::Streams(each) => {
                let streams = Streams { fail: each.fail, stall: each.stall, stall_for: each.stall_for.0 };
                (&each.nodes, both, Harm::Streams(streams))
            }
            _ => unreachable!("only impairments of the network are asked for"),
        };
        Ok(Impairment { nodes: self.resolve(nodes)?, direction, harm })
    }

    fn processes(&mut self, fault: &Fault) -> Result<(), ScheduleError> {
        let set = match &fault.what {
            What::Pause(struck) | What::Slow(struck) | What::Leave(struck) => &struck.nodes,
            What::Crash(crash) => &crash.nodes,
            What::Clock(clock) => &clock.nodes,
            _ => unreachable!("only faults of processes are asked for"),
        };
        let nodes = self.resolve(set)?;
        for (place, node) in (0u64..).zip(nodes.iter()) {
            let begin = fault.at.0 + fault.stagger.unwrap_or_default().0.times(place);
            for (begin, end) in Self::windows(fault, begin)? {
                self.process(&fault.what, node, begin, end)?;
            }
        }
        Ok(())
    }

    fn process(&mut self, what: &What, node: u32, begin: Micros, end: Option<Micros>) -> Result<(), ScheduleError> {
        let span = end.map_or(Instant::NEVER.since(Instant::ZERO), |end| end - begin);
        let (first, last) = match what {
            What::Pause(_) => (Action::Pause(node), Action::Resume(node)),
            What::Slow(_) => (Action::Block(node, span), Action::Unblock(node)),
            What::Crash(crash) => (Action::Crash(node, crash.keep, crash.clock.0), Action::Boot(node)),
            What::Leave(_) => (Action::Leave(node), Action::Rejoin(node)),
            What::Clock(clock) => {
                if clock.jump.0 != 0 {
                    self.push(begin, Action::Jump(node, clock.jump.0))?;
                }
                if clock.drift.0 == 0 {
                    return Ok(());
                }
                (Action::Drift(node, clock.drift.0), Action::Drift(node, -clock.drift.0))
            }
            _ => unreachable!("only faults of processes are asked for"),
        };
        self.push(begin, first)?;
        end.map_or(Ok(()), |end| self.push(end, last))
    }

    fn churn(&mut self, fault: &Fault, churn: &ChurnFault) -> Result<(), ScheduleError> {
        let nodes: Vec<u32> = self.resolve(&churn.nodes)?.iter().collect();
        let Lasts::For(time) = fault.lasts else { return Ok(()) };
        let mut at = Micros::ZERO;
        while at < time.0 {
            let node = nodes[self.random.below(nodes.len() as u32) as usize];
            self.push(fault.at.0 + at, Action::Crash(node, churn.keep, 0))?;
            self.push(fault.at.0 + at + churn.down.0, Action::Boot(node))?;
            at = at + churn.every.0;
        }
        Ok(())
    }

    fn resolve(&mut self, set: &NodeSet) -> Result<Nodes, NodeSetError> {
        set.resolve(self.nodes, self.groups, &mut self.random)
    }

    fn push(&mut self, at: Micros, action: Action) -> Result<(), ScheduleError> {
        if self.schedule.steps.len() >= Schedule::STEPS_MAX {
            return Err(ScheduleError::TooLong);
        }
        self.schedule.steps.push(Step { at, action });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(text: &str) -> Result<Vec<String>, ScheduleError> {
        let fault: Fault = toml::from_str(text).unwrap();
        let schedule = Schedule::new(&[fault], &BTreeMap::new(), 4, 1).map_err(|(_, error)| error)?;
        let show = |step: &Step| {
            let action = format!("{:?}", step.action);
            let end = action.find([',', ' ', ')']).unwrap_or(action.len());
            format!("{} {}", step.at.0 / 1_000, &action[..end])
        };
        Ok(schedule.steps.iter().map(show).collect())
    }

    #[test]
    fn a_wave_comes_and_goes_while_the_fault_lasts() {
        let steps = schedule("at = '1s'\nfor = '5s'\non = '2s'\noff = '1s'\nloss = { chance = 50 }").unwrap();
        assert_eq!(steps, ["1000 Impose(0", "3000 Lift(0", "4000 Impose(1", "6000 Lift(1"]);
    }

    #[test]
    fn each_wave_strikes_the_nodes_that_the_first_one_struck() {
        for what in ["loss = { nodes = 'random 8', chance = 50 }", "cut = ['random 8']"] {
            let fault: Fault = toml::from_str(&format!("for = '9s'\non = '2s'\noff = '1s'\n{what}")).unwrap();
            let schedule = Schedule::new(&[fault], &BTreeMap::new(), 60, 1).unwrap();
            let struck = |step: &Step| match &step.action {
                Action::Impose(_, impairment) => Some(impairment.nodes.iter().collect()),
                Action::Cut(_, cut, _) => Some(cut.sides().members(0).collect()),
                _ => None,
            };
            let struck: Vec<Vec<u32>> = schedule.steps.iter().filter_map(struck).collect();
            assert_eq!((struck.len(), struck[0].len()), (3, 8));
            assert!(struck.iter().all(|nodes| *nodes == struck[0]), "{struck:?}");
        }
    }

    #[test]
    fn a_staggered_fault_strikes_one_process_after_another() {
        let steps = schedule("for = '3s'\nstagger = '2s'\ncrash = { nodes = '1..3' }").unwrap();
        assert_eq!(steps, ["0 Crash(1", "2000 Crash(2", "3000 Boot(1", "5000 Boot(2"]);
    }

    #[test]
    fn without_an_end_nothing_is_undone() {
        assert_eq!(schedule("pause = { nodes = '0' }").unwrap(), ["0 Pause(0"]);
        assert_eq!(schedule("clock = { nodes = '0', jump = '1h' }\nfor = '9s'").unwrap(), ["0 Jump(0"]);
    }

    #[test]
    fn churn_strikes_one_process_at_a_time() {
        let steps = schedule("for = '6s'\nchurn = { nodes = '2', every = '2s', down = '1s' }").unwrap();
        let all = ["0 Crash(2", "1000 Boot(2", "2000 Crash(2", "3000 Boot(2", "4000 Crash(2", "5000 Boot(2"];
        assert_eq!(steps, all);
    }

    #[test]
    fn nodes_of_no_group_are_bridges_where_there_are_several_groups() {
        let cut = |text: &str| {
            let fault: Fault = toml::from_str(text).unwrap();
            let schedule = Schedule::new(&[fault], &BTreeMap::new(), 5, 1).unwrap();
            let Action::Cut(_, cut, _) = &schedule.steps[0].action else { panic!("a cut begins") };
            cut.clone()
        };
        let bridged = cut("cut = ['0..2', '3..5']");
        assert!(bridged.blocks(0, 3) && !bridged.blocks(0, 2));
        let shared = cut("cut = ['0..3', '2..5']");
        assert!(shared.blocks(0, 3) && !shared.blocks(0, 2) && !shared.blocks(2, 4));
        let alone = cut("cut = ['0']");
        assert!(alone.blocks(0, 3) && alone.blocks(4, 0) && !alone.blocks(1, 2));
    }

    #[test]
    fn what_cannot_be_planned_is_refused() {
        assert!(matches!(schedule("pause = { nodes = '4' }"), Err(ScheduleError::Nodes(_))));
        assert!(matches!(schedule("cut = ['all']"), Err(ScheduleError::Sides(_))));
        assert_eq!(schedule("for = 'detected'\ncut = ['0', '2']"), Err(ScheduleError::NeverDetected));
        let long = "for = '1day'\non = '1us'\noff = '1us'\npause = { nodes = '0' }";
        assert!(matches!(schedule(long), Err(ScheduleError::TooLong)));
    }
}
