//! Two to six nodes, and a network that does its worst: step by step the bytes choose which message arrives, is lost,
//! refused or repeated, whose timer fires and how late. Then everything works, and the nodes must converge (L1, L3).
//!
//! ```text
//!   3 bytes: how many nodes, which preset, whether they have joined already
//!   then one byte a step:   arrive | repeat | lose | refuse | tick | tick early | time passes | a host wants something
//! ```
//! A byte more or less is a step more or less. All nodes are honest, so every checker of the simulator holds, those of
//! rest included once nothing goes wrong any more.

use swim_core::{Command, Input, Micros, Options, OwnLabels};

use super::bytes::Choices;
use super::world::{Wants, World};
use crate::checkers::{Finding, Violation};

/// Plays the run that `bytes` choose.
///
/// # Panics
/// At the first thing that must not happen, and when the nodes do not converge in time.
pub fn cluster(bytes: &[u8]) {
    play(bytes, &|_| {}).unwrap_or_else(|violation| panic!("{violation}"));
}

/// As [`cluster`], with a world that is prepared before; returns the hash of the run.
pub(super) fn play(bytes: &[u8], prepare: &dyn Fn(&mut World)) -> Result<u64, Box<Violation>> {
    let mut choices = Choices::new(bytes);
    let nodes = 2 + choices.below(5) as u32;
    let options = choices.of(&[Options::lan(), Options::local(), Options::wan()]);
    let mut world = World::new(nodes, nodes, &options);
    prepare(&mut world);
    let played = match choices.below(2) {
        0 => world.converge().map(|()| world.disturb()),
        _ => world.hosts_act(),
    };
    let played = played.and_then(|()| {
        for _ in 0..STEPS_MAX {
            if choices.is_over() {
                break;
            }
            step(&mut world, choices.byte())?;
        }
        world.converge()
    });
    played.map(|()| world.hash()).map_err(|finding| world.violation(*finding))
}

fn step(world: &mut World, byte: u8) -> Result<(), Box<Finding>> {
    world.trim(UNDER_WAY_MAX);
    let place = |first: u8| match world.under_way.len() {
        0 => None,
        len => Some(usize::from(byte - first) % len),
    };
    let node = |first: u8| u32::from(byte - first) % world.count();
    match byte {
        0..64 => place(0).map_or(Ok(()), |place| world.arrive(place)),
        64..96 => place(64).map_or(Ok(()), |place| world.repeat(place)),
        96..144 => place(96).map_or(Ok(()), |place| world.lose(place)),
        144..160 => place(144).map_or(Ok(()), |place| world.refuse(place)),
        160..208 => world.tick(node(160)),
        208..216 => {
            let node = node(208);
            world.input(node, Input::Tick)
        }
        216..224 => {
            world.pass(TIMES[usize::from(byte - 216)]);
            Ok(())
        }
        224..230 => world.want(node(224), Wants::Away),
        230..236 => world.want(node(230), Wants::Member),
        236..242 => world.command(node(236), Command::SelfEvict),
        242..248 => world.command(node(242), Command::GossipTick),
        _ => {
            let labels = OwnLabels::new([("step", byte.to_string())]).expect("a short label");
            world.command(node(248), Command::SetLabels(&labels))
        }
    }
}

/// As many steps as one input takes.
const STEPS_MAX: usize = 2048;
/// As much as may be under way between two steps.
const UNDER_WAY_MAX: usize = 48;
/// What may pass at once: within a round trip, a period, a suspicion, an attempt to join.
const TIMES: [Micros; 8] = [
    Micros(1),
    Micros::from_millis(5),
    Micros::from_millis(100),
    Micros::from_millis(500),
    Micros::from_millis(2_000),
    Micros::from_millis(10_000),
    Micros::from_millis(40_000),
    Micros::from_millis(150_000),
];
