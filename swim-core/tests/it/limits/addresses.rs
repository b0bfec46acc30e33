//! Addresses: IPv6 with scopes, IPv4 inside IPv6, ports at their ends; and an address type as long as may be.

use std::net::SocketAddr;

use swim_core::{
    Address, Boot, BootstrapOptions, Canonical, Change, ChangeList, Channel, Checksum, Command, CommandId, Config,
    Effect, Effects, Incarnation, Input, Instant, Kind, Labels, Message, Node, Options, OwnLabels, Random, Seq, Source,
    StartGossip, Status, Via, wire,
};

use crate::world::WALL;

fn node<A: Address>(local: A) -> Node<A> {
    let config = Config::try_from(Options::lan()).unwrap();
    Node::new(config, local, Boot { now: Instant::ZERO, wall: WALL, seed: 1 })
}

fn claim<A: Address>(address: A) -> Change<'static, A> {
    let incarnation = Incarnation::new(WALL.0).unwrap();
    let source = Some(Source { address, incarnation });
    Change { address, incarnation, status: Status::Alive, source, labels: Labels::NONE }
}

/// Tells a node of `others`, through the codec, and returns what its list says.
fn tell<A: Address>(node: &mut Node<A>, others: &[A]) -> Vec<A> {
    let cluster = Config::try_from(Options::lan()).unwrap().cluster();
    let list: ChangeList<A> = others.iter().map(|&address| claim(address)).collect();
    let (incarnation, checksum) = (Incarnation::new(WALL.0).unwrap(), Checksum(1));
    let message = Message { kind: Kind::Ping { seq: Seq(3) }, incarnation, checksum, changes: list.as_changes() };
    let mut bytes = Vec::new();
    wire::encode(cluster, &message, &mut bytes);
    assert_eq!(bytes.len(), wire::encoded_len(&message));
    let mut decoded = ChangeList::new();
    let message_read = wire::decode::<A>(cluster, wire::Limits::datagram(1400), &bytes, &mut decoded).unwrap();
    assert_eq!(message_read, message);
    let mut out = Effects::new();
    let input = Input::Message { from: others[0], via: Via::Datagram, message: message_read };
    node.handle(Instant::ZERO, input, &mut out);
    node.check();
    for effect in out.iter() {
        if let Effect::Send { message, .. } = effect {
            let mut bytes = Vec::new();
            wire::encode(cluster, &message, &mut bytes);
            assert!(bytes.len() <= 1400);
        }
    }
    node.members().iter().map(|member| member.address).filter(|&address| address != node.local()).collect()
}

#[test]
fn one_address_in_two_scopes_is_two_members() {
    let parse = |text: &str| text.parse::<SocketAddr>().unwrap();
    let all: Vec<SocketAddr> =
        ["[fe80::1%1]:7000", "[fe80::1%2]:7000", "[fe80::1%4294967295]:7000", "[fe80::1]:7000"].map(parse).into();
    let mut node = node(parse("[fe80::9%1]:7000"));
    let mut expected = all.clone();
    expected.sort();
    assert_eq!(tell(&mut node, &all), expected);
    assert!(all[0].same_host(&all[1]), "the same interface identifier counts as one machine");
}

#[test]
fn an_ipv4_address_and_the_same_inside_ipv6_are_two_members_and_ports_reach_to_their_ends() {
    let all: Vec<SocketAddr> =
        ["0.0.0.0:0", "10.0.0.1:65535", "[::ffff:10.0.0.1]:65535", "[::]:0"].map(|text| text.parse().unwrap()).into();
    let mut node = node("127.0.0.1:1".parse::<SocketAddr>().unwrap());
    let mut expected = all.clone();
    expected.sort();
    assert_eq!(tell(&mut node, &all), expected);
}

/// A type whose canonical form is as long as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Long([u8; Canonical::MAX]);

impl Address for Long {
    fn same_host(&self, other: &Self) -> bool {
        self == other
    }

    fn canonical(&self) -> Canonical {
        Canonical::new(&self.0)
    }

    fn from_canonical(bytes: &[u8]) -> Option<(Self, usize)> {
        Some((Self(*bytes.first_chunk()?), Canonical::MAX))
    }
}

/// A type whose canonical form is as short as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Short(u8);

impl Address for Short {
    fn same_host(&self, other: &Self) -> bool {
        self == other
    }

    fn canonical(&self) -> Canonical {
        Canonical::new(&[self.0])
    }

    fn from_canonical(bytes: &[u8]) -> Option<(Self, usize)> {
        Some((Self(*bytes.first()?), 1))
    }
}

#[test]
fn addresses_as_long_and_as_short_as_may_be_are_told_and_listed() {
    let long: Vec<Long> = (1..=20).map(|first| Long([first; Canonical::MAX])).collect();
    assert_eq!(tell(&mut node(Long([0; Canonical::MAX])), &long), long);
    let short: Vec<Short> = (1..=90).map(Short).collect();
    assert_eq!(tell(&mut node(Short(0)), &short), short);
}

/// Changes go through the codec.
fn round_trip(kind: Kind<Long>, changes: &ChangeList<Long>) {
    let cluster = Config::try_from(Options::lan()).unwrap().cluster();
    let (incarnation, checksum) = (Incarnation::default(), Checksum(1));
    let message = Message { kind, incarnation, checksum, changes: changes.as_changes() };
    let mut bytes = Vec::new();
    wire::encode(cluster, &message, &mut bytes);
    let mut decoded = ChangeList::new();
    assert_eq!(wire::decode::<Long>(cluster, wire::Limits::stream(9), &bytes, &mut decoded), Ok(message));
}

/// The longest address, under an incarnation of so many bytes.
fn long(first: u8, bytes: u32) -> Source<Long> {
    Source { address: Long([first; Canonical::MAX]), incarnation: Incarnation::new(1 << (8 * bytes - 7)).unwrap() }
}

fn change<'a>(member: Source<Long>, source: Option<Source<Long>>, labels: Labels<'a>) -> Change<'a, Long> {
    Change { address: member.address, incarnation: member.incarnation, status: Status::Alive, source, labels }
}

#[test]
fn changes_of_the_longest_addresses_sources_and_incarnations_are_read_as_they_were_written() {
    let mut random = Random::new(1);
    for _ in 0..2_000 {
        let mut list = ChangeList::new();
        for _ in 0..1 + random.below(8) {
            let (own, other) = (long(1, 2 + random.below(6)), long(2, 2 + random.below(6)));
            let source = [Some(own), Some(other), None][random.below(3) as usize];
            list.push(change(own, source, Labels::NONE));
        }
        round_trip(Kind::List, &list);
    }
}

/// Whatever is gathered before it: the longest change and the length of its labels find room while a message is written.
#[test]
fn the_longest_change_with_labels_finds_room_whatever_was_written_before_it() {
    let labels = OwnLabels::new([("zone", "a")]).unwrap();
    for (count, widths) in (0..=5).flat_map(|count| (0..4u32.pow(count)).map(move |widths| (count, widths))) {
        let mut list = ChangeList::new();
        for place in 0..count {
            // Of 34, 36, 38 or 39 bytes.
            let own = long(1, [2, 4, 6, 7][(widths >> (2 * place) & 3) as usize]);
            list.push(change(own, Some(own), Labels::NONE));
        }
        list.push(change(long(2, 7), Some(long(3, 7)), labels.as_labels()));
        round_trip(Kind::Gossip, &list);
    }
}

/// A node that has founded a cluster, and hears of these by gossip.
fn founded(local: SocketAddr, others: &[SocketAddr]) -> (Node<SocketAddr>, Effects<SocketAddr>) {
    let mut node = node(local);
    let mut out = Effects::new();
    let options = BootstrapOptions { gossip: StartGossip::WhenReady };
    node.handle(Instant::ZERO, Input::Command { id: CommandId(1), command: Command::Bootstrap(options) }, &mut out);
    let id = out.iter().find_map(|effect| if let Effect::Discover(id) = effect { Some(id) } else { None }).unwrap();
    node.handle(Instant::ZERO, Input::Hosts { id, result: Ok(&[local]) }, &mut out);
    for some in others.chunks(40) {
        let list: ChangeList<SocketAddr> = some.iter().map(|&address| claim(address)).collect();
        let (incarnation, checksum) = (Incarnation::new(WALL.0).unwrap(), Checksum(1));
        let message = Message { kind: Kind::Gossip, incarnation, checksum, changes: list.as_changes() };
        let input = Input::Message { from: some[0], via: Via::Datagram, message };
        node.handle(Instant::ZERO, input, &mut out);
    }
    out.clear();
    (node, out)
}

/// Members of both families are told of by a node of either: what is pending is longer than the node's own address says.
#[test]
fn no_datagram_is_longer_than_its_budget_where_members_have_addresses_of_both_families() {
    let four = |number: u16| SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 7));
    let six = |number: u16| SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, number], 7));
    let (mut longest, mut carried) = (0, 0);
    for local in [four(0), six(0)] {
        for (fours, sixes) in [(0, 45), (0, 46), (0, 60), (0, 90), (40, 40), (90, 1), (10, 50), (300, 300)] {
            let others: Vec<_> = (1..=fours).map(four).chain((1..=sixes).map(six)).collect();
            let (mut node, mut out) = founded(local, &others);
            for _ in 0..40 {
                let Some(at) = node.next_deadline() else { break };
                node.handle(at, Input::Tick, &mut out);
            }
            for effect in out.iter() {
                if let Effect::Send { message, channel: Channel::Datagram, .. } = effect {
                    let len = wire::encoded_len(&message);
                    assert!(len <= 1400, "{len} bytes from {local}, {fours} and {sixes} others: {:?}", message.kind);
                    longest = longest.max(len);
                    carried += message.changes.len();
                }
            }
        }
    }
    assert!(longest > 1350 && carried > 1_000, "{longest}, {carried}");
}

/// Whoever never answered is told little, by what it sent and not by how long the node's own address is.
#[test]
fn what_a_stranger_told_of_short_addresses_counts_as_short() {
    let local = SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 7));
    let victim = SocketAddr::from(([10, 0, 0, 1], 7));
    let (mut node, mut out) = founded(local, &[victim]);
    let labels = OwnLabels::new((0..5).map(|key| (format!("{key}"), "v".repeat(128)))).unwrap();
    let told = |changes: &[Change<'_, SocketAddr>], node: &mut Node<_>, out: &mut Effects<_>| {
        let list: ChangeList<SocketAddr> = changes.iter().copied().collect();
        let kind = Kind::Ping { seq: Seq(1) };
        let message =
            Message { kind, incarnation: Incarnation::default(), checksum: Checksum(2), changes: list.as_changes() };
        out.clear();
        let len = wire::encoded_len(&message);
        node.handle(Instant::ZERO, Input::Message { from: victim, via: Via::Datagram, message }, out);
        len
    };
    let long =
        Change { incarnation: Incarnation::new(WALL.0 + 1).unwrap(), labels: labels.as_labels(), ..claim(victim) };
    told(&[long], &mut node, &mut out);
    let tombstones: Vec<_> = (0..22)
        .map(|number| SocketAddr::from(([10, 1, 0, number], 7)))
        .map(|address| Change { address, status: Status::Tombstone, source: None, ..claim(address) })
        .collect();
    let asked = told(&tombstones, &mut node, &mut out);
    let answers = out.iter().filter_map(|effect| match effect {
        Effect::Send { to, message, channel: Channel::Datagram } if to == victim => Some(wire::encoded_len(&message)),
        _ => None,
    });
    let longest = answers.max().expect("it is answered");
    assert!(longest <= 2 * asked, "{longest} bytes for {asked}");
}
