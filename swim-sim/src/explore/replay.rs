//! One way again, choice by choice.

use swim_core::{Instant, Micros};

use super::choice::Choice;
use super::finding::{Ending, ExploreFind, Way, Wrong};
use super::settings::{Settings, SettingsError};
use super::settle::{Settled, calm, pending};
use super::step::Stage;
use super::world::World;
use crate::panics::caught;
use crate::scenario::convergence_bound;

/// What came of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// When it was made, in the time of the world.
    pub at: Instant,
    /// The choice; `None` is the first state, or that faults stop.
    pub choice: Option<Choice>,
    /// What each node holds of all, after it.
    pub held: Vec<String>,
}

/// Why a way cannot be gone.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// What cannot be explored.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The world offers other choices.
    #[error("choice {number}, `{choice}`, is not offered; these are: {offered}")]
    NotOffered {
        /// Which one, the first is 1.
        number: usize,
        /// The choice.
        choice: Choice,
        /// What is offered.
        offered: String,
    },
}

/// Goes a way again; `tell` hears of each choice. Returns what is found at its end.
///
/// # Errors
/// When it is no way of this world.
pub fn replay(
    settings: &Settings,
    way: &Way,
    mut tell: impl FnMut(Replayed),
) -> Result<Option<Box<ExploreFind>>, ReplayError> {
    let mut stage = Stage::new(settings)?;
    let found = |wrong: Box<Wrong>| Ok(Some(wrong.on(way.clone())));
    let mut world = match caught(|| stage.first(settings.faults)) {
        Ok(Ok(world)) => world,
        Ok(Err(finding)) => return found(Wrong::safety(Instant::ZERO, &finding)),
        Err(said) => return found(Wrong::panic(Instant::ZERO, said)),
    };
    tell(look(&world, None));
    for (number, &choice) in way.choices.iter().enumerate() {
        let offered = world.choices();
        if !offered.contains(&choice) {
            let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
            return Err(ReplayError::NotOffered { number: number + 1, choice, offered: offered.join(" ") });
        }
        match caught(|| stage.step(&mut world, choice)) {
            Ok(Ok(())) => tell(look(&world, Some(choice))),
            Ok(Err(finding)) => return found(Wrong::safety(world.now, &finding)),
            Err(said) => return found(Wrong::panic(world.now, said)),
        }
    }
    if way.ending == Ending::None {
        return Ok(None);
    }
    let bound = convergence_bound(stage.config(), settings.nodes);
    if let Err(wrong) = Settled::new(bound).run(&world, way.ending, &mut stage) {
        tell_settling(world, way.ending, bound, &mut stage, &mut tell);
        return found(wrong);
    }
    tell_settling(world, way.ending, bound, &mut stage, &mut tell);
    Ok(None)
}

/// The run without faults once more, for those who look.
fn tell_settling(mut world: World, ending: Ending, bound: Micros, stage: &mut Stage, tell: &mut impl FnMut(Replayed)) {
    let start = world.now;
    let ended = caught(|| {
        if calm(&mut world, ending, stage).is_err() {
            return;
        }
        tell(look(&world, None));
        while pending(&world).is_some() && world.now.since(start) <= bound {
            let Some(choice) = world.plain_choice() else { return };
            if stage.step(&mut world, choice).is_err() {
                return;
            }
            tell(look(&world, Some(choice)));
        }
    });
    // What it said is the find that is told after this.
    drop(ended);
}

fn look(world: &World, choice: Option<Choice>) -> Replayed {
    let held = world.nodes.iter().map(|node| {
        let Some(node) = node else { return "down".into() };
        let members = node.members();
        let members = members.iter().map(|member| {
            let incarnation = member.incarnation.get() % 100_000;
            format!("{}:{}@{incarnation}", member.address, member.status)
        });
        members.collect::<Vec<_>>().join(" ")
    });
    Replayed { at: world.now, choice, held: held.collect() }
}
