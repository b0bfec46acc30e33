//! The search: breadth first, one layer of states after another, so that the list of choices to a find is as short as can
//! be. What is found and counted does not depend on how many threads there are.

use rayon::prelude::*;
use swim_core::Micros;

use super::choice::Choice;
use super::coverage::Coverage;
use super::finding::{Ending, ExploreFind, Way, Wrong};
use super::settings::{Settings, SettingsError};
use super::settle::{Run, Settled};
use super::step::Stage;
use super::table::Table;
use super::world::World;
use crate::panics::caught;
use crate::scenario::convergence_bound;

/// What an exploration came to.
#[derive(Clone, Debug)]
pub struct Explored {
    /// Different states.
    pub states: u64,
    /// Steps between them, those to states that were met before included.
    pub steps: u64,
    /// The most choices in a row.
    pub depth: u32,
    /// Why it ended.
    pub end: End,
    /// States from which faults stopped, in all: those on the runs included.
    pub settled: u64,
    /// The longest that convergence took from any state.
    pub longest: Micros,
    /// The longest that it may take.
    pub bound: Micros,
    /// Where it went.
    pub coverage: Coverage,
    /// What was found.
    pub find: Option<Box<ExploreFind>>,
}

/// Why an exploration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// There are no more states.
    Complete,
    /// Of the states at the last depth it was not seen what comes after them.
    Depth,
    /// There were too many.
    States,
    /// Something was found.
    Found,
}

/// How far an exploration is.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// So many choices in a row.
    pub depth: u32,
    /// States so far.
    pub states: u64,
    /// Of these, of which it was not seen yet what comes after them.
    pub waiting: u64,
}

/// A state whose next ones are still to be seen.
struct Waiting {
    number: u32,
    world: World,
}

/// What one step from a state came to.
struct Child {
    choice: Choice,
    key: u128,
    world: World,
}

/// All steps from one state, up to the first that went wrong.
struct Children {
    children: Vec<Child>,
    coverage: Coverage,
    wrong: Option<(Choice, Box<Wrong>)>,
}

/// Explores until there is nothing new, or too much, or something is found.
///
/// # Errors
/// When the settings cannot be explored.
pub fn explore(settings: &Settings, mut progress: impl FnMut(Layer)) -> Result<Explored, SettingsError> {
    let mut stage = Stage::new(settings)?;
    let bound = convergence_bound(stage.config(), settings.nodes);
    let mut search = Search {
        settings,
        seen: Table::new(),
        settled: Settled::new(bound),
        parents: Vec::new(),
        explored: Explored {
            states: 0,
            steps: 0,
            depth: 0,
            end: End::Complete,
            settled: 0,
            longest: Micros::ZERO,
            bound,
            coverage: Coverage::default(),
            find: None,
        },
    };
    let first = caught(|| stage.first(settings.faults));
    let nowhere = || Way { choices: Vec::new(), ending: Ending::None };
    let at = swim_core::Instant::ZERO;
    let first = match first {
        Ok(Ok(world)) => world,
        Ok(Err(finding)) => return Ok(search.found(Wrong::safety(at, &finding).on(nowhere()))),
        Err(said) => return Ok(search.found(Wrong::panic(at, said).on(nowhere()))),
    };
    let key = first.print_all(first.print());
    let mut layer = Vec::new();
    search.meet(None, key, first, &mut layer);
    if let Err(find) = search.settle(&layer) {
        return Ok(search.found(find));
    }
    while !layer.is_empty() {
        progress(Layer { depth: search.explored.depth, states: search.explored.states, waiting: layer.len() as u64 });
        if settings.depth.is_some_and(|depth| search.explored.depth >= depth) {
            search.explored.end = End::Depth;
            break;
        }
        if search.explored.states > settings.states {
            search.explored.end = End::States;
            break;
        }
        layer = match search.next(layer) {
            Ok(next) => next,
            Err(find) => return Ok(search.found(find)),
        };
        search.explored.depth += u32::from(!layer.is_empty());
    }
    Ok(search.over())
}

struct Search<'a> {
    settings: &'a Settings,
    /// The states that were met, by their numbers.
    seen: Table,
    settled: Settled,
    /// From which state by which choice each was met first.
    parents: Vec<Option<(u32, Choice)>>,
    explored: Explored,
}

impl Search<'_> {
    /// The states that are one choice further.
    fn next(&mut self, layer: Vec<Waiting>) -> Result<Vec<Waiting>, Box<ExploreFind>> {
        let mut next = Vec::new();
        let mut layer = layer.into_iter();
        loop {
            // A slice at a time, so that their children need not be kept all at once.
            let slice: Vec<Waiting> = layer.by_ref().take(SLICE).collect();
            if slice.is_empty() {
                return Ok(next);
            }
            let all: Vec<Children> =
                slice.par_iter().map_init(|| self.stage(), |stage, waiting| children(&waiting.world, stage)).collect();
            let new = next.len();
            for (waiting, Children { children, coverage, wrong }) in slice.iter().zip(all) {
                self.explored.coverage.add(&coverage);
                for Child { choice, key, world } in children {
                    self.explored.steps += 1;
                    self.meet(Some((waiting.number, choice)), key, world, &mut next);
                }
                if let Some((choice, wrong)) = wrong {
                    let mut choices = self.way(waiting.number);
                    choices.push(choice);
                    return Err(wrong.on(Way { choices, ending: Ending::None }));
                }
            }
            self.settle(&next[new..])?;
        }
    }

    /// A state is reached; it waits if it was not met before.
    fn meet(&mut self, parent: Option<(u32, Choice)>, key: u128, world: World, next: &mut Vec<Waiting>) {
        let number = u32::try_from(self.parents.len()).expect("fewer than 2^32 states fit in memory");
        if self.seen.insert(key, number) {
            self.parents.push(parent);
            self.explored.states += 1;
            self.explored.coverage.state(&world);
            next.push(Waiting { number, world });
        }
    }

    /// From each of these states faults stop.
    fn settle(&mut self, new: &[Waiting]) -> Result<(), Box<ExploreFind>> {
        for slice in new.chunks(SLICE) {
            let runs: Vec<(u32, Ending, Result<Run, Box<Wrong>>)> = slice
                .par_iter()
                .map_init(
                    || self.stage(),
                    |stage, Waiting { number, world }| {
                        let run = |ending: &Ending| (*number, *ending, self.settled.run(world, *ending, stage));
                        Settled::endings(world).iter().map(run).collect::<Vec<_>>()
                    },
                )
                .flatten_iter()
                .collect();
            for (number, ending, run) in runs {
                match run {
                    Ok(run) => {
                        self.explored.longest = self.explored.longest.max(run.took);
                        self.settled.learn(&run);
                    }
                    Err(wrong) => return Err(wrong.on(Way { choices: self.way(number), ending })),
                }
            }
        }
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::new(self.settings).expect("the settings were checked")
    }

    /// How a state was met first.
    fn way(&self, number: u32) -> Vec<Choice> {
        let mut choices = Vec::new();
        let mut at = number;
        while let Some((parent, choice)) = self.parents[at as usize] {
            choices.push(choice);
            at = parent;
        }
        choices.reverse();
        choices
    }

    fn found(mut self, find: Box<ExploreFind>) -> Explored {
        self.explored.end = End::Found;
        self.explored.find = Some(find);
        self.over()
    }

    fn over(mut self) -> Explored {
        self.explored.settled = self.settled.len() as u64;
        self.explored
    }
}

/// Makes every choice that a world offers.
fn children(world: &World, stage: &mut Stage) -> Children {
    let mut all = Children { children: Vec::new(), coverage: Coverage::default(), wrong: None };
    for choice in world.choices() {
        let mut after = world.clone();
        match caught(|| stage.step(&mut after, choice)) {
            Ok(Ok(())) => {
                all.coverage.step(world, &after);
                let key = after.print_all(after.print());
                all.children.push(Child { choice, key, world: after });
            }
            Ok(Err(finding)) => {
                all.wrong = Some((choice, Wrong::safety(after.now, &finding)));
                return all;
            }
            Err(said) => {
                all.wrong = Some((choice, Wrong::panic(after.now, said)));
                return all;
            }
        }
    }
    all
}

/// So many states at a time.
const SLICE: usize = 1 << 13;
