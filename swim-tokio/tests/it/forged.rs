//! What a stranger can make: bytes that follow no rule, and frames that follow them all.

use std::net::{Ipv4Addr, SocketAddr};

use swim_core::{
    Change, ChangeList, Changes, Checksum, ClusterId, Incarnation, Kind, Labels, Message, Seq, Source, Status,
    UnixMillis, wire,
};

/// Bytes that follow no rule, the same in each run.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(len)
    .collect()
}

/// A ping as docs/WIRE.md says, in the envelope that names `sender`.
pub(crate) fn ping(cluster: &str, sender: SocketAddr) -> Vec<u8> {
    sealed(cluster, sender, Kind::Ping { seq: Seq(1) }, Changes::NONE)
}

/// A request to join, as it goes over a stream, of a `sender` that exists since `wall` as far as its word goes.
pub(crate) fn join(cluster: &str, sender: SocketAddr, wall: UnixMillis) -> Vec<u8> {
    let kind = Kind::Join { app: ClusterId::from_name(cluster) };
    streamed(sealed(cluster, sender, kind, alone(sender, wall).as_changes()))
}

/// What a healer merges, as it goes over a stream: a list of so many members that were there since `wall` and have left.
pub(crate) fn departed(cluster: &str, sender: SocketAddr, members: u32, wall: UnixMillis) -> Vec<u8> {
    let incarnation = Incarnation::from_wall(wall);
    let mut list = ChangeList::new();
    for number in 0..members {
        let address = SocketAddr::from((Ipv4Addr::from_bits(0x0a00_0000 + number), 7946));
        let source = Some(Source { address, incarnation });
        list.push(Change { address, incarnation, status: Status::Leave, source, labels: Labels::NONE });
    }
    streamed(sealed(cluster, sender, Kind::HealMerge, list.as_changes()))
}

/// What a host answers to a join that is alone in its cluster since `wall`, as far as its word goes.
pub(crate) fn list(cluster: &str, sender: SocketAddr, wall: UnixMillis) -> Vec<u8> {
    streamed(sealed(cluster, sender, Kind::List, alone(sender, wall).as_changes()))
}

/// What one says of itself that exists since `wall`.
fn alone(member: SocketAddr, wall: UnixMillis) -> ChangeList<SocketAddr> {
    let incarnation = Incarnation::from_wall(wall);
    let source = Some(Source { address: member, incarnation });
    ChangeList::from_iter([Change {
        address: member,
        incarnation,
        status: Status::Alive,
        source,
        labels: Labels::NONE,
    }])
}

/// Gossip of made-up members, in as many bytes as a datagram may have; the last changes are left out that do not fit.
pub(crate) fn full_gossip(cluster: &str, sender: SocketAddr, wall: UnixMillis, len: usize) -> Vec<u8> {
    let incarnation = Incarnation::from_wall(wall);
    let mut list = ChangeList::new();
    let mut longest = Vec::new();
    for number in 0.. {
        let address = SocketAddr::from((Ipv4Addr::from_bits(0x0a00_0000 + number), 7946));
        let source = Some(Source { address, incarnation });
        list.push(Change { address, incarnation, status: Status::Alive, source, labels: Labels::NONE });
        let datagram = sealed(cluster, sender, Kind::Gossip, list.as_changes());
        if datagram.len() > len {
            break;
        }
        longest = datagram;
    }
    longest
}

/// Before a message on a stream goes its length.
fn streamed(message: Vec<u8>) -> Vec<u8> {
    let mut bytes = u32::try_from(message.len()).expect("it is short").to_le_bytes().to_vec();
    bytes.extend(message);
    bytes
}

fn sealed(cluster: &str, sender: SocketAddr, kind: Kind<SocketAddr>, changes: Changes<'_, SocketAddr>) -> Vec<u8> {
    let mut bytes = envelope(sender);
    let incarnation = changes.iter().next().map_or(Incarnation::from_wall(UnixMillis(1)), |own| own.incarnation);
    let message = Message { kind, incarnation, checksum: Checksum(0), changes };
    wire::encode(ClusterId::from_name(cluster), &message, &mut bytes);
    bytes
}

/// What goes before each frame of an IPv4 `sender`.
pub(crate) fn envelope(sender: SocketAddr) -> Vec<u8> {
    let SocketAddr::V4(v4) = sender else { panic!("IPv4 is enough here") };
    let mut bytes = vec![1, 4];
    bytes.extend(v4.ip().octets());
    bytes.extend(v4.port().to_be_bytes());
    let crc = crc32fast::hash(&bytes);
    bytes.extend(crc.to_le_bytes());
    bytes
}
