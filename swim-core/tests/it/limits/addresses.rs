//! Addresses: IPv6 with scopes, IPv4 inside IPv6, ports at their ends; and an address type as long as may be.

use std::net::SocketAddr;

use swim_core::{
    Address, Boot, Canonical, Change, ChangeList, Checksum, Config, Effect, Effects, Incarnation, Input, Instant, Kind,
    Labels, Message, Node, Options, Random, Seq, Source, Status, Via, wire,
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

/// Whatever is gathered before it: a change of the longest kind finds room while a message is written.
#[test]
fn changes_of_the_longest_addresses_sources_and_incarnations_are_read_as_they_were_written() {
    let cluster = Config::try_from(Options::lan()).unwrap().cluster();
    let mut random = Random::new(1);
    for _ in 0..2_000 {
        let mut list = ChangeList::new();
        for _ in 0..1 + random.below(8) {
            // Of two to seven bytes.
            let mut incarnation = || Incarnation::new(random.next_u64() >> (14 + 8 * random.below(7))).unwrap();
            let own = Source { address: Long([1; Canonical::MAX]), incarnation: incarnation() };
            let other = Source { address: Long([2; Canonical::MAX]), incarnation: incarnation() };
            let source = [Some(own), Some(other), None][random.below(3) as usize];
            let Source { address, incarnation } = own;
            list.push(Change { address, incarnation, status: Status::Alive, source, labels: Labels::NONE });
        }
        let (incarnation, checksum) = (Incarnation::default(), Checksum(1));
        let message = Message { kind: Kind::List, incarnation, checksum, changes: list.as_changes() };
        let mut bytes = Vec::new();
        wire::encode(cluster, &message, &mut bytes);
        let mut decoded = ChangeList::new();
        assert_eq!(wire::decode::<Long>(cluster, wire::Limits::stream(9), &bytes, &mut decoded), Ok(message));
    }
}
