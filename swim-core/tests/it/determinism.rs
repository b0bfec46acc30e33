//! I8: the same configuration, seed and inputs give the same effects, byte for byte, on every machine.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

use swim_core::{Command, Effects, Instant, Options, OwnLabels, StartGossip, Status};

use crate::forge::{inc, millis, own, quiet_ringpop, said, secs};
use crate::world::World;

/// Everything that happened, one hash after each input, and the latest few inputs in words.
#[derive(Default)]
struct Log {
    hash: u64,
    grown: Vec<u64>,
    words: Vec<String>,
}

/// FNV-1a, so that the golden numbers depend on nothing but this file and the effects.
fn fnv(hash: u64, text: &str) -> u64 {
    text.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

impl Log {
    fn add(&mut self, now: Instant, node: u32, effects: &Effects<u32>) {
        let mut words = format!("{now} {node}");
        effects.iter().for_each(|effect| write!(words, " {effect:?}").unwrap());
        let before = if self.grown.is_empty() { 0xcbf2_9ce4_8422_2325 } else { self.hash };
        self.hash = fnv(before, &words);
        self.grown.push(self.hash);
        self.words.push(words);
    }
}

/// A story with a bit of everything.
fn story(mut options: Options, seed: u64) -> Log {
    let log = Rc::new(RefCell::new(Log::default()));
    options.heal.period = Options::lan().heal.period;
    let mut world = World::new(options);
    world.seed = seed;
    let kept = Rc::clone(&log);
    world.observe(move |now, node, effects| kept.borrow_mut().add(now, node, effects));
    world.hosts = Some((1..=5).collect());
    for address in 1..=5 {
        world.boot(address);
        world.bootstrap(address, StartGossip::WhenReady);
        world.run(millis(30));
    }
    world.run(secs(5));
    let labels = OwnLabels::new([("role", "db")]).unwrap();
    world.command(1, Command::SetLabels(&labels));
    world.tell(900, 1, &[own(900, Status::Alive, inc(0)), said(900, 2, Status::Suspect, inc(9_000))]);
    world.run(secs(10));
    world.cut(|letter| (letter.from <= 2) != (letter.to <= 2));
    world.run(secs(70));
    world.mend();
    world.run(secs(70));
    world.kill(5);
    world.command(4, Command::Leave);
    world.run(secs(30));
    world.command(4, Command::Rejoin);
    world.run(secs(10));
    drop(world);
    Rc::into_inner(log).expect("the world is gone").into_inner()
}

/// Compares two logs as they grew: the first input after which they differ is where to look.
fn same(one: &Log, other: &Log) {
    if let Some(at) = one.grown.iter().zip(&other.grown).position(|(a, b)| a != b) {
        panic!("input {at} differs:\n{}\n{}", one.words[at], other.words[at]);
    }
    assert_eq!(one.grown.len(), other.grown.len());
}

#[test]
fn one_seed_gives_the_same_effects_twice() {
    for options in [Options::lan(), quiet_ringpop()] {
        let log = story(options.clone(), 0);
        assert!(log.grown.len() > 1_000, "{}", log.grown.len());
        same(&log, &story(options, 0));
    }
}

#[test]
fn other_seeds_give_other_effects() {
    let (one, other) = (story(Options::lan(), 0), story(Options::lan(), 1000));
    assert!(one.grown.iter().zip(&other.grown).any(|(a, b)| a != b));
    assert_ne!(one.hash, other.hash);
}

/// These numbers change with every change of behaviour, of random draws, and of what is reported; then take the new
/// ones. They must not change with the machine, the build profile, or from run to run.
const GOLDEN: [(&str, u64); 2] = [("lan", 8_645_903_267_328_279_066), ("ringpop", 6_929_396_105_268_130_564)];

#[test]
fn the_effects_of_a_seed_are_the_same_on_every_machine() {
    let now = [("lan", story(Options::lan(), 0).hash), ("ringpop", story(quiet_ringpop(), 0).hash)];
    assert_eq!(now, GOLDEN, "where the change is meant, take the new numbers");
}
