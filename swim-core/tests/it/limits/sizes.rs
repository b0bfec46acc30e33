//! Sizes at their ends: no members, one, 65,536; datagrams from the shortest to the longest; labels as long as may be.

use swim_core::{
    ChangeList, Channel, Command, Config, ConfigError, Kind, Options, OwnLabels, OwnedMessage, Status, Via, wire,
};

use crate::forge::{inc, join, message, own, quiet_lan, said, secs};
use crate::world::World;
use Status::{Alive, Suspect};

fn len(message: &OwnedMessage<u32>) -> usize {
    wire::encoded_len(&message.as_message())
}

#[test]
fn a_list_without_room_for_anybody_holds_the_node_itself() {
    assert!(matches!(Config::try_from(Options { members_max: 0, ..quiet_lan() }), Err(ConfigError::Range { .. })));
    let mut world = World::lone(Options { members_max: 1, ..Options::lan() });
    world.tell(2, 1, &[own(2, Alive, inc(0))]);
    world.command(1, Command::GossipStart);
    world.run(secs(60));
    assert_eq!(world.node(1).count_reachable(), 1);
    assert_eq!(world.node(1).counters().rejected_too_many_members, 1);
    assert_eq!(world.sent_by(1).count(), 0, "there is nobody to talk to, and nobody is tried out");
}

#[test]
fn a_node_alone_does_everything_that_can_be_asked_of_it() {
    let mut world = World::lone(Options::lan());
    let labels = OwnLabels::new([("zone", "b")]).unwrap();
    for command in [
        Command::GossipStart,
        Command::GossipTick,
        Command::SetLabels(&labels),
        Command::HealViaDiscovery,
        Command::Reap,
        Command::Leave,
        Command::Rejoin,
        Command::SelfEvict,
        Command::Destroy,
    ] {
        let id = world.command(1, command);
        world.run(secs(5));
        assert!(world.outcome(id).is_some(), "{command:?}");
    }
}

/// A list that came by one message, with the changes that follow; the limit is what a simulated cluster may have.
#[test]
fn a_list_of_65_536_members_is_learned_probed_and_told() {
    let options = Options { events: swim_core::EventMask::NONE, ..quiet_lan() };
    let mut world = World::lone(options);
    let list: Vec<_> = (2..=65_536).map(|address| own(address, Alive, inc(0))).collect();
    world.tell(2, 1, &list);
    assert_eq!(world.node(1).count_reachable(), 65_536);
    assert_eq!(world.node(1).send_limit(), 4 * 5);
    let asked = world.probe();
    assert!(len(&asked.message) <= 1400);
    world.acknowledge(&asked, &[said(2, 60_000, Suspect, inc(0))]);
    assert_eq!(world.status(1, 60_000), Some(Suspect));
    let reply = world.request(70_000, 1, &message(join(), &[own(70_000, Alive, inc(0))]));
    assert_eq!(reply.subjects().len(), 65_537);
    assert!(len(&reply.message) < wire::Limits::stream(65_537).bytes);
}

#[test]
fn a_list_of_a_million_entries_takes_no_more_than_the_configured_members() {
    let options = Options { members_max: 1_000, events: swim_core::EventMask::NONE, ..quiet_lan() };
    let mut world = World::among(options, 3);
    let list: Vec<_> = (2..=1_000_001).map(|address| own(address, Alive, inc(0))).collect();
    let told = message(Kind::Gossip, &list);
    world.inject(2, 1, Via::Datagram, &told);
    assert_eq!(world.node(1).listed().count(), 1_000);
    assert_eq!(world.node(1).counters().rejected_too_many_members, 1_000_000 - 999);
    assert!(world.sent_by(1).count() <= 16, "and no more than sixteen of the others are tried out");
    // What is encoded does not get that far: it is refused by the number that it claims.
    let cluster = Config::try_from(quiet_lan()).unwrap().cluster();
    let (mut bytes, mut decoded) = (Vec::new(), ChangeList::<u32>::new());
    wire::encode(cluster, &message(Kind::List, &list[..100_000]).as_message(), &mut bytes);
    assert!(wire::decode(cluster, wire::Limits::stream(1_000), &bytes, &mut decoded).is_err());
    assert_eq!(decoded.capacity(), 0, "before any memory is taken for it");
}

#[test]
fn datagram_budgets_from_the_shortest_to_the_longest_are_kept_and_used() {
    for budget in [1024, 1025, 1400, 9_000, 65_507] {
        let mut world = World::among(Options { datagram_max: Some(budget), ..quiet_lan() }, 3);
        let crowd: Vec<_> = (1_000..9_000).map(|address| said(2, address, Suspect, inc(3))).collect();
        world.tell(2, 1, &crowd);
        let told = world.ask(3, 1);
        assert_eq!(told.channel, Channel::Datagram);
        let len = len(&told.message);
        assert!(len <= budget as usize && len + 40 > budget as usize, "{len} of {budget}");
    }
    for budget in [0, 1, 1023, 65_508, u32::MAX] {
        let options = Options { datagram_max: Some(budget), ..quiet_lan() };
        assert!(matches!(Config::try_from(options), Err(ConfigError::DatagramMax { .. })), "{budget}");
    }
}

#[test]
fn labels_at_their_limits_are_told_and_longer_ones_refused() {
    let key = |number: usize, len: usize| format!("{number}{}", "k".repeat(len - 1));
    let most = OwnLabels::new((0..5).map(|number| (key(number, 32), "v".repeat(128)))).unwrap();
    assert!(OwnLabels::new((0..6).map(|number| (key(number, 32), String::new()))).is_err());
    assert!(OwnLabels::new([(key(0, 33), String::new())]).is_err());
    assert!(OwnLabels::new([(key(0, 1), "v".repeat(129))]).is_err());
    let empty = OwnLabels::new([("k", "")]).unwrap();
    for labels in [most, empty] {
        let mut world = World::among(quiet_lan(), 3);
        world.command(1, Command::SetLabels(&labels));
        let told = world.ask(2, 1);
        let own = told.message.as_message().changes.iter().find(|change| change.address == 1).unwrap().labels;
        assert_eq!(own, labels.as_labels());
        assert!(len(&told.message) <= 1400);
    }
}
