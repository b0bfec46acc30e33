//! docs/WIRE.md says what the code does: its examples are what the code computes.

use alloc::format;

use super::{incarnation, message};
use crate::cluster::ClusterId;
use crate::config::{Config, Options};
use crate::effect::Effects;
use crate::hash::hash64;
use crate::input::{Boot, BootstrapOptions, Command, Input};
use crate::labels::OwnLabels;
use crate::member::{Change, ChangeList, Source, Status};
use crate::message::{Kind, Via};
use crate::node::Node;
use crate::time::{Instant, UnixMillis};
use crate::{CommandId, Effect};

const DOCUMENT: &str = include_str!("../../../../docs/WIRE.md");

#[test]
fn the_documented_frames_are_golden() {
    assert!(DOCUMENT.contains(include_str!("golden/ping.txt")));
    assert!(DOCUMENT.contains(include_str!("golden/gossip.txt")));
}

#[test]
fn the_documented_hashes_are_right() {
    assert!(DOCUMENT.contains(&format!("`hash64(0, \"ringpop\")` is\n{:#018x}", hash64(0, b"ringpop"))));
    assert!(DOCUMENT.contains(&format!("That of `example` is {:#010x}", ClusterId::from_name("example").0)));
}

#[test]
fn the_documented_checksum_is_that_of_a_node_with_this_list() {
    let boot = Boot { now: Instant::ZERO, wall: UnixMillis(0x0191_0000_0001), seed: 1 };
    let mut node = Node::new(Config::try_from(Options::lan()).unwrap(), 1_u32, boot);
    let mut effects = Effects::new();
    let command = Command::Bootstrap(BootstrapOptions::default());
    node.handle(Instant::ZERO, Input::Command { id: CommandId(1), command }, &mut effects);
    let discover = effects.iter().find_map(|effect| match effect {
        Effect::Discover(id) => Some(id),
        _ => None,
    });
    let id = discover.expect("bootstrap discovers");
    node.handle(Instant::ZERO, Input::Hosts { id, result: Ok(&[1]) }, &mut effects);

    let labels = OwnLabels::new([("zone", "b")]).unwrap();
    let list: ChangeList<u32> = [Change {
        address: 2,
        incarnation: incarnation(0x0191_0000_0002),
        status: Status::Suspect,
        source: Some(Source { address: 3, incarnation: incarnation(1) }),
        labels: labels.as_labels(),
    }]
    .into_iter()
    .collect();
    let message = message(Kind::Gossip, list.as_changes());
    node.handle(Instant::ZERO, Input::Message { from: 3, via: Via::Datagram, message }, &mut effects);

    assert_eq!(node.members().len(), 2);
    assert!(DOCUMENT.contains(&format!("the checksum is {:#010x}.", node.checksum().0)));
}
