//! The fingerprint of a node: the same for the same future, another one for another.

use swim_core::{
    Boot, BootstrapOptions, Command, CommandId, Config, Effect, Effects, EventMask, Fingerprint, Input, Instant,
    Micros, Node, Numbers, Options, UnixMillis,
};

/// Deadlines are kept in buckets as long as this; a shift by whole ones changes nothing.
const BUCKET: Micros = Micros(1 << 20);
const WALL: UnixMillis = UnixMillis(1_700_000_000_000);

/// A cluster of one that was founded at `start`, and its fingerprint `after` that.
fn founded(start: Instant, after: Micros) -> (Node<u32>, u128) {
    let config = Config::try_from(Options { events: EventMask::NONE, ..Options::lan() }).unwrap();
    let mut node = Node::new(config, 1u32, Boot { now: start, wall: WALL, seed: 7 });
    let mut effects = Effects::new();
    let command = Command::Bootstrap(BootstrapOptions::default());
    node.handle(start, Input::Command { id: CommandId(1), command }, &mut effects);
    let discovery = effects.iter().find_map(|effect| match effect {
        Effect::Discover(id) => Some(id),
        _ => None,
    });
    let id = discovery.expect("a join begins with a discovery");
    node.handle(start, Input::Hosts { id, result: Ok(&[1]) }, &mut effects);
    let print = print(&node, start + after);
    (node, print)
}

fn print(node: &Node<u32>, now: Instant) -> u128 {
    let mut print = Fingerprint::new(now, [Numbers::NONE; Fingerprint::NODES_MAX]);
    node.trace(&mut print);
    print.get()
}

#[test]
fn a_node_of_another_time_has_the_same_fingerprint() {
    let first = founded(Instant::from_millis(5), Micros::from_millis(100));
    let second = founded(Instant::from_millis(5) + BUCKET.times(64), Micros::from_millis(100));
    assert_eq!(first.1, second.1);
    assert_ne!(first.1, founded(Instant::from_millis(5), Micros::from_millis(101)).1);
}

#[test]
fn a_copy_has_the_same_fingerprint_until_something_happens_to_it() {
    let start = Instant::from_millis(5);
    let (node, print_before) = founded(start, Micros::ZERO);
    let mut copy = node.clone();
    assert_eq!(print(&copy, start), print_before);
    copy.handle(start, Input::Command { id: CommandId(2), command: Command::Leave }, &mut Effects::new());
    assert_ne!(print(&copy, start), print_before);
    assert_eq!(print(&node, start), print_before);
}
