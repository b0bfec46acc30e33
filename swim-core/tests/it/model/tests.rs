//! The stories: drawn at random, and those in which something was found.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

use super::machine::{Counts, Machine};
use super::setup::Setup;
use super::transition::Transition;
use super::twin::Difference;

/// So many stories where `PROPTEST_CASES` does not say how many.
const CASES: u32 = 256;
/// The longest story.
const STEPS: usize = 60;

#[test]
fn every_list_is_what_the_reference_says() {
    let mut config =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let stories = (Setup::any(), vec(Transition::any(), 1..STEPS));
    let (total, told) = (Cell::new(Counts::default()), Cell::new(0));
    let result = TestRunner::new(config).run(&stories, |(setup, steps)| {
        told.set(told.get() + 1);
        let (counts, outcome) = tell(&setup, &steps);
        let Counts { transitions, inputs } = total.get();
        total.set(Counts { transitions: transitions + counts.transitions, inputs: inputs + counts.inputs });
        outcome.map_err(|difference| TestCaseError::fail(difference.to_string()))
    });
    println!("{} stories, {:?}", told.get(), total.get());
    match result {
        Ok(()) => {}
        Err(TestError::Fail(_, (setup, steps))) => {
            let (steps, difference) = without_needless(&setup, steps);
            let steps: String = steps.iter().map(|step| format!("  {step:?}\n")).collect();
            panic!("{difference}\nin the story of {setup:?}\n{steps}");
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

fn tell(setup: &Setup, steps: &[Transition]) -> (Counts, Result<(), Difference>) {
    let mut machine = Machine::new(setup);
    let outcome = machine.start().and_then(|()| steps.iter().try_for_each(|step| machine.apply(step)));
    (machine.counts, outcome)
}

/// Leaves out each step without which node and reference part as well: steps that became simpler may have become
/// needless.
fn without_needless(setup: &Setup, mut steps: Vec<Transition>) -> (Vec<Transition>, Difference) {
    let mut difference = tell(setup, &steps).1.expect_err("a story that failed fails again");
    for place in (0..steps.len()).rev() {
        let mut fewer = steps.clone();
        fewer.remove(place);
        if let (_, Err(other)) = tell(setup, &fewer) {
            (steps, difference) = (fewer, other);
        }
    }
    (steps, difference)
}
