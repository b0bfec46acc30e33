//! Where an exploration went: what nodes held of one another, how that changed, and what happened on the way.

use std::fmt;

use swim_core::{Counters, Status};

use super::world::World;

/// Counts over all states and all steps between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// States in which some node holds another so; the last one is 'not listed'.
    states: [u64; HELD],
    /// Steps by which some node came from holding another so to holding it so.
    moves: [[u64; HELD]; HELD],
    /// Steps in which each of these happened.
    happened: [u64; HAPPENINGS.len()],
    /// States in which somebody is down, and in which somebody is cut off.
    down: u64,
    cut: u64,
    /// States in which all hold one another alive.
    whole: u64,
}

/// The statuses, and 'not listed'.
const HELD: usize = 6;
const NAMES: [&str; HELD] = ["alive", "suspect", "faulty", "leave", "tombstone", "unlisted"];
#[expect(clippy::type_complexity, reason = "an alias would hide what is counted")]
const HAPPENINGS: [(&str, fn(&Counters) -> u64); 12] = [
    ("suspicion declared", |counters| counters.suspects_declared),
    ("suspicion confirmed", |counters| counters.suspicions_confirmed),
    ("death declared", |counters| counters.faulties_declared),
    ("tombstone declared", |counters| counters.tombstones_declared),
    ("eviction", |counters| counters.evictions),
    ("refutation", |counters| counters.refutations),
    ("hearsay doubted", |counters| counters.changes_doubted),
    ("round inconclusive", |counters| counters.rounds_inconclusive),
    ("full sync answered", |counters| counters.full_syncs_answered),
    ("healing attempted", |counters| counters.heal_attempts),
    ("healing merged", |counters| counters.heal_merges),
    ("claim of an evicted one", |counters| counters.rejected_evicted),
];

impl Coverage {
    /// A state that was not met before.
    pub(super) fn state(&mut self, world: &World) {
        let mut seen = [false; HELD];
        for (held, _) in pairs(world) {
            seen[held] = true;
        }
        for (count, seen) in self.states.iter_mut().zip(seen) {
            *count += u64::from(seen);
        }
        let is_down = (0..world.count()).any(|node| !world.is_up(node));
        self.down += u64::from(is_down);
        self.cut += u64::from(world.cut.is_some());
        self.whole += u64::from(!is_down && pairs(world).all(|(held, _)| held == Status::Alive as usize));
    }

    /// A step, to a new state or to one that was met before.
    pub(super) fn step(&mut self, before: &World, after: &World) {
        for number in 0..before.count() {
            let at = usize::from(number);
            let (Some(old), Some(new)) = (&before.nodes[at], &after.nodes[at]) else { continue };
            if std::sync::Arc::ptr_eq(old, new) {
                continue;
            }
            for subject in (0..u32::from(before.count())).filter(|subject| *subject != u32::from(number)) {
                let (from, to) = (held(old, subject), held(new, subject));
                self.moves[from][to] += u64::from(from != to);
            }
            for (count, (_, of)) in self.happened.iter_mut().zip(HAPPENINGS) {
                *count += u64::from(of(new.counters()) > of(old.counters()));
            }
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let Self { states, moves, happened, down, cut, whole } = other;
        self.states.iter_mut().zip(states).for_each(|(sum, count)| *sum += count);
        self.happened.iter_mut().zip(happened).for_each(|(sum, count)| *sum += count);
        self.moves.as_flattened_mut().iter_mut().zip(moves.as_flattened()).for_each(|(sum, count)| *sum += count);
        self.down += down;
        self.cut += cut;
        self.whole += whole;
    }
}

/// What each node that runs holds of each other one.
fn pairs(world: &World) -> impl Iterator<Item = (usize, u32)> + '_ {
    world.running().flat_map(|(observer, node)| {
        (0..u32::from(world.count()))
            .filter(move |subject| *subject != observer)
            .map(move |subject| (held(node, subject), observer))
    })
}

fn held(node: &swim_core::Node<u32>, subject: u32) -> usize {
    node.member(subject).map_or(HELD - 1, |member| member.status as usize)
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "states in which somebody holds another")?;
        for (name, count) in NAMES.iter().zip(self.states) {
            writeln!(f, "  {name:<24}{count:>12}")?;
        }
        writeln!(f, "states in which")?;
        for (name, count) in
            [("all hold all alive", self.whole), ("somebody is down", self.down), ("somebody is cut off", self.cut)]
        {
            writeln!(f, "  {name:<24}{count:>12}")?;
        }
        writeln!(f, "steps with a")?;
        for ((name, _), count) in HAPPENINGS.iter().zip(self.happened) {
            writeln!(f, "  {name:<24}{count:>12}")?;
        }
        writeln!(f, "steps by which a member moved")?;
        for (from, moves) in NAMES.iter().zip(self.moves) {
            for (to, count) in NAMES.iter().zip(moves).filter(|(_, count)| *count > 0) {
                writeln!(f, "  {:<24}{count:>12}", format!("{from} -> {to}"))?;
            }
        }
        Ok(())
    }
}
