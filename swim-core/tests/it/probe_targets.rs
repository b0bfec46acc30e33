//! R4: in a large cluster a few targets are looked up at once; what happens to them meanwhile counts.

use std::time::Duration;

use swim_core::{Hearsay, Status};

use crate::forge::{STRANGER, inc, millis, own, quiet_lan, said};
use crate::world::World;
use Status::{Alive, Leave, Tombstone};

#[test]
fn targets_that_left_since_they_were_looked_up_are_not_probed() {
    let mut world = World::claimed(quiet_lan(), 70);
    let ping = world.probe();
    world.acknowledge(&ping, &[]);
    let last = if ping.to == 70 { 69 } else { 70 };
    let gone: Vec<_> = (2..=70).filter(|&member| member != last).map(|member| own(member, Leave, inc(1))).collect();
    world.tell(2, 1, &gone);
    for _ in 0..3 {
        let ping = world.probe();
        assert_eq!(ping.to, last);
        world.acknowledge(&ping, &[]);
    }
}

#[test]
fn targets_that_were_evicted_since_they_were_looked_up_are_not_probed_nor_those_in_their_places_in_their_name() {
    let mut options = quiet_lan();
    options.hearsay = Hearsay::Believe;
    options.state_timeouts.tombstone = Duration::from_millis(1);
    let mut world = World::claimed(options, 70);
    let ping = world.probe();
    world.acknowledge(&ping, &[]);
    let evicted: Vec<_> = (2..=70).map(|member| said(STRANGER, member, Tombstone, inc(0))).collect();
    world.tell(STRANGER, 1, &evicted);
    world.run(millis(1));
    assert_eq!(world.node(1).members().len(), 1);
    let others: Vec<_> = (102..=170).map(|member| own(member, Alive, inc(0))).collect();
    world.tell(STRANGER, 1, &others);
    for _ in 0..10 {
        let ping = world.probe();
        assert!((102..=170).contains(&ping.to), "{} is gone", ping.to);
        world.acknowledge(&ping, &[]);
    }
}

#[test]
fn targets_that_were_looked_up_keep_their_turn_though_the_list_changes_meanwhile() {
    let mut world = World::claimed(quiet_lan(), 70);
    let mut probed: Vec<u32> = Vec::new();
    for turn in 1..70 {
        world.tell(2, 1, &[own(2, Alive, inc(turn))]);
        let ping = world.probe();
        world.acknowledge(&ping, &[]);
        probed.push(ping.to);
    }
    probed.sort_unstable();
    assert_eq!(probed, (2..=70).collect::<Vec<_>>(), "each once in a pass");
}
