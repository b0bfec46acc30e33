//! The hash ring against one that is built from scratch, and against what a ring is.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use swim_core::{OwnLabels, Status};

use crate::ringpop::{HashRing, fingerprint32};

/// The first byte is a number of steps, each of two bytes: what becomes of which member, under which identity. The rest is a key.
///
/// # Panics
/// Where a ring depends on the order in which it came about, or a key does not belong to the first point at or after it.
pub fn ringpop_ring(bytes: &[u8]) {
    let Some((&count, rest)) = bytes.split_first() else { return };
    let (steps, key) = rest.split_at((usize::from(count % 32) * 2).min(rest.len() / 2 * 2));
    let mut ring = HashRing::new();
    let mut members: BTreeMap<SocketAddr, OwnLabels> = BTreeMap::new();
    for step in steps.chunks_exact(2) {
        let member = SocketAddr::from(([127, 0, 0, step[0] % 8], 3000));
        let name = match step[1] >> 4 {
            0..=7 => String::new(),
            // Another member's address, so that all of their points are the same.
            number @ 8..=11 => format!("127.0.0.{}:3000", number % 8),
            number => format!("node-{number}"),
        };
        let pairs = (!name.is_empty()).then_some(("__identity", name));
        let labels = OwnLabels::with_reserved(pairs).expect("it is short");
        let status = Status::ALL[usize::from(step[1] & 15) % Status::ALL.len()];
        let changed = ring.update(member, status, labels.as_labels());
        let is_other = if status.is_pingable() {
            members.insert(member, labels.clone()).as_ref() != Some(&labels)
        } else {
            members.remove(&member).is_some()
        };
        assert!(is_other || !changed, "{member} {status:?}");
    }
    let mut anew = HashRing::new();
    for (member, labels) in members.iter().rev() {
        anew.insert(*member, labels.as_labels());
    }
    let key = String::from_utf8_lossy(key);
    let all = anew.lookup_n(&key, usize::MAX);
    assert_eq!((ring.len(), ring.servers(), ring.checksum()), (members.len(), anew.servers(), anew.checksum()));
    assert_eq!((ring.lookup(&key), ring.lookup_n(&key, usize::MAX)), (all.first().copied(), all.clone()));
    assert_eq!(all.len(), members.len(), "each once: {all:?}");
    assert_eq!(ring.lookup(&key), owner(&members, &key));
}

/// By looking at every point.
fn owner(members: &BTreeMap<SocketAddr, OwnLabels>, key: &str) -> Option<SocketAddr> {
    let at = fingerprint32(key.as_bytes());
    let points = members.iter().flat_map(|(member, labels)| {
        let text = member.to_string();
        let identity = labels.as_labels().value("__identity").filter(|identity| *identity != text).map(str::to_owned);
        (0..HashRing::POINTS).map(move |number| {
            let point = match &identity {
                Some(identity) => format!("{identity}#{number}"),
                None => format!("{text}{number}"),
            };
            // How far the point is after the key's, around the ring; of two at one place the smaller text owns it.
            (fingerprint32(point.as_bytes()).wrapping_sub(at), text.clone(), *member)
        })
    });
    points.min().map(|(_, _, member)| member)
}
