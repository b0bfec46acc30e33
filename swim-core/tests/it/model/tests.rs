//! The stories: drawn at random, and those in which something was found.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};
use swim_core::Counters;

use super::machine::{Counts, Machine};
use super::setup::Setup;
use super::transition::Transition;
use super::twin::Difference;

/// So many stories where `PROPTEST_CASES` does not say how many.
const CASES: u32 = 400;
/// The longest story.
const STEPS: usize = 60;

/// What the stories must have met, as the nodes count it.
#[expect(clippy::type_complexity, reason = "a table of words and counters")]
const MET: [(&str, fn(&Counters) -> u64); 14] = [
    ("claims that were doubted", |counters| counters.changes_doubted),
    ("refutations", |counters| counters.refutations),
    ("confirmed suspicions", |counters| counters.suspicions_confirmed),
    ("accusations after a probe", |counters| counters.suspects_declared),
    ("inconclusive rounds", |counters| counters.rounds_inconclusive),
    ("rounds that were slept through", |counters| counters.rounds_abandoned),
    ("suspects that became faulty", |counters| counters.faulties_declared),
    ("tombstones", |counters| counters.tombstones_declared),
    ("evictions", |counters| counters.evictions),
    ("claims about the evicted", |counters| counters.rejected_evicted),
    ("absurd incarnations", |counters| counters.rejected_incarnation),
    ("syncs", |counters| counters.full_syncs_answered),
    ("healed partitions", |counters| counters.heal_merges),
    ("answers to nothing", |counters| counters.rejected_unsolicited),
];

#[test]
fn every_list_is_what_the_reference_says() {
    let mut config =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let cases = config.cases;
    let stories = (Setup::any(), vec(Transition::any(), 1..STEPS));
    let (total, told, found) = (Cell::new(Counts::default()), Cell::new(0u64), Cell::new(None));
    let met = Cell::new([0; MET.len()]);
    let result = TestRunner::new(config).run(&stories, |(setup, steps)| {
        told.set(told.get() + 1);
        let (machine, outcome) = tell(&setup, &steps);
        total.set(total.get() + machine.counts);
        let counted = machine.counters().map(|counters| MET.map(|(_, count)| count(counters)));
        met.set(counted.fold(met.get(), |sum, more| std::array::from_fn(|place| sum[place] + more[place])));
        outcome.map_err(|difference| {
            found.set(found.get().or(Some(told.get())));
            TestCaseError::fail(difference.to_string())
        })
    });
    let Counts { transitions, inputs } = total.get();
    println!("{} stories, {transitions} transitions, {inputs} inputs with a comparison after each", told.get());
    match result {
        // A comparison in which nothing happens finds nothing.
        Ok(()) => MET.iter().zip(met.get()).for_each(|((what, _), count)| {
            println!("{count} {what}");
            assert!(count > 0 || cases < CASES, "no {what} in all stories");
        }),
        Err(TestError::Fail(_, (setup, steps))) => {
            let (steps, difference) = without_needless(&setup, steps);
            let steps: String = steps.iter().map(|step| format!("  {step:?}\n")).collect();
            let found = found.get().expect("a story failed");
            panic!("{difference}\nin story {found}, made short: {setup:?}\n{steps}");
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

fn tell(setup: &Setup, steps: &[Transition]) -> (Machine, Result<(), Difference>) {
    let mut machine = Machine::new(setup);
    let outcome = machine.start().and_then(|()| steps.iter().try_for_each(|step| machine.apply(step)));
    (machine, outcome)
}

/// Leaves out each step without which node and reference part as well: steps that became simpler may have become
/// needless.
fn without_needless(setup: &Setup, mut steps: Vec<Transition>) -> (Vec<Transition>, Difference) {
    let mut difference = tell(setup, &steps).1.expect_err("a story that failed fails again");
    let mut place = steps.len();
    while place > 0 {
        place -= 1;
        let mut fewer = steps.clone();
        fewer.remove(place);
        if let (_, Err(other)) = tell(setup, &fewer) {
            (steps, difference) = (fewer, other);
            place = steps.len();
        }
    }
    (steps, difference)
}

/// What is written twice must be easier to see through than what it is compared with.
#[test]
fn the_reference_has_fewer_than_three_hundred_lines_of_code_and_none_of_swim_core() {
    let files = [include_str!("reference.rs"), include_str!("claim.rs")];
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    let code: Vec<_> = files.into_iter().flat_map(str::lines).filter(is_code).collect();
    assert!(code.len() < 300, "{}", code.len());
    assert!(code.iter().all(|line| !line.contains("swim_core")));
}
