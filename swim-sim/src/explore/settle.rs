//! Faults stop here: the world runs on without any, and must converge (L1, L2, L3) within the bound of its settings.
//!
//! From then on there is one run only: cuts have ended, messages arrive at once, and deadlines pass in order. Runs meet:
//! a run that comes to a state from which the rest of the way is known is as long as that.

use swim_core::{Instant, Micros, Status};

use super::finding::{Ending, Wrong};
use super::settings::Faults;
use super::step::Stage;
use super::table::Table;
use super::world::World;
use crate::convergence::{Reason, lacking};
use crate::hunt::FindKind;
use crate::nodes::Nodes;
use crate::panics::caught;

/// How long convergence takes from each state in which nothing goes wrong any more, in microseconds.
pub(super) struct Settled {
    known: Table,
    /// The longest that it may take.
    bound: Micros,
}

/// What one run without faults came to: how long from which state, and from the first.
pub(super) struct Run {
    pub(super) path: Vec<(u128, u32)>,
    pub(super) took: Micros,
}

impl Settled {
    pub(super) fn new(bound: Micros) -> Self {
        Self { known: Table::new(), bound }
    }

    /// How many states are known.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Remembers what runs came to.
    pub(super) fn learn(&mut self, run: &Run) {
        for (key, left) in &run.path {
            self.known.insert(*key, *left);
        }
    }

    /// The runs that can follow: whoever is down stays so, or boots at once.
    pub(super) fn endings(world: &World) -> &'static [Ending] {
        if world.nodes.iter().all(Option::is_some) { &[Ending::Calm] } else { &[Ending::Calm, Ending::CalmAndBoot] }
    }

    /// Runs on without faults until all is well.
    pub(super) fn run(&self, world: &World, ending: Ending, stage: &mut Stage) -> Result<Run, Box<Wrong>> {
        let mut world = world.clone();
        let start = world.now;
        let ended = caught(|| self.run_on(&mut world, ending, stage));
        match ended {
            Err(said) => Err(Wrong::panic(world.now, said)),
            Ok(Err(wrong)) => Err(wrong),
            Ok(Ok((mut path, end))) => {
                let left = |at: Instant| u32::try_from(end.since(at).0).unwrap_or(u32::MAX);
                let path = path.drain(..).map(|(key, at)| (key, left(at))).collect();
                Ok(Run { path, took: end.since(start) })
            }
        }
    }

    /// Returns the states on the way, each with its moment, and the moment when all is well.
    #[expect(clippy::type_complexity, reason = "a list of pairs and a moment")]
    fn run_on(
        &self,
        world: &mut World,
        ending: Ending,
        stage: &mut Stage,
    ) -> Result<(Vec<(u128, Instant)>, Instant), Box<Wrong>> {
        let start = world.now;
        calm(world, ending, stage).map_err(|finding| Wrong::safety(world.now, &finding))?;
        let mut path = Vec::new();
        loop {
            let key = world.print().get();
            if let Some(left) = self.known.get(key) {
                let end = world.now + Micros(left.into());
                return if end.since(start) <= self.bound { Ok((path, end)) } else { Err(self.late(world)) };
            }
            let lacks = pending(world);
            path.push((key, world.now));
            if world.now.since(start) > self.bound || path.len() > STEPS_MAX {
                return Err(self.late(world));
            }
            if lacks.is_none() {
                return Ok((path, world.now));
            }
            let Some(choice) = world.plain_choice() else { return Err(self.late(world)) };
            stage.step(world, choice).map_err(|finding| Wrong::safety(world.now, &finding))?;
        }
    }

    fn late(&self, world: &World) -> Box<Wrong> {
        let lacks = pending(world).map_or_else(|| "it will take longer".into(), |reason| reason.to_string());
        let reason = format!("no convergence within {}: {lacks}", Instant::ZERO + self.bound);
        Box::new(Wrong { kind: FindKind::Liveness, checker: "L1 convergence".into(), reason, at: world.now })
    }
}

/// Nothing goes wrong any more.
pub(super) fn calm(world: &mut World, ending: Ending, stage: &mut Stage) -> Result<(), Box<crate::checkers::Finding>> {
    world.cut = None;
    world.left = Faults::NONE;
    world.boot_by.fill(Instant::NEVER);
    if ending == Ending::CalmAndBoot {
        for node in 0..world.count() {
            if !world.is_up(node) {
                stage.step(world, super::choice::Choice::Boot(node))?;
            }
        }
    }
    Ok(())
}

/// What is lacking: those that run have joined and have one list, hold one another alive and all others dead, and nothing
/// is under way.
///
/// One that is alone and has not joined has nobody to join; it goes on trying, and is no member that could notice anything
/// (R10).
pub(super) fn pending(world: &World) -> Option<Reason> {
    let up = Nodes::of(world.count().into(), world.running().map(|(number, _)| number));
    let (first, node) = world.running().next()?;
    if up.len() == 1 && !node.is_ready() {
        return None;
    }
    let checksum = node.checksum();
    if let Some((other, _)) = world.running().find(|(_, node)| node.checksum() != checksum) {
        return Some(Reason::Checksums { node: first, other });
    }
    let mut all = world.running();
    if let Some(reason) = all.find_map(|(number, node)| lacking(node, number, &up, |status| status == Status::Alive)) {
        return Some(reason);
    }
    if let Some((observer, _)) = world.running().find(|(_, node)| !node.is_ready()) {
        return Some(Reason::Joining { node: observer });
    }
    // Something is under way, and may yet change a list.
    let is_empty = world.is_quiet() && world.strays.is_empty();
    (!is_empty).then_some(Reason::UnderWay)
}

/// More inputs than this without convergence are a storm that never ends.
const STEPS_MAX: usize = 200_000;
