//! A hash ring as ringpop has it: 100 points for each member, and a key belongs to the first point at or after its own.
//!
//! ```text
//!        0 ──────●────────●──────────────●──────── 2³²
//!                A        B      ↑       A   ↑
//!                                │       ↑   └ past the last point: the first, so A
//!                                └───────┘ a key belongs to the next point
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use swim_core::{Change, Labels, Status};

use super::digest::{address_text, fingerprint32};

/// Who owns which key.
///
/// A member has 100 points on a circle of 32-bit numbers: the fingerprints of its address followed by 0 to 99; where its
/// label `__identity` differs from its address, of that label, `#` and 0 to 99. A member that comes or goes so moves the
/// keys of its own points only. What a ring answers depends on its members alone, never on the order in which they came:
/// where points of two members coincide, the member whose address is the smaller text (byte by byte) owns the point.
///
/// ```
/// use swim_tokio::ringpop::HashRing;
/// use swim_tokio::swim_core::Labels;
///
/// let mut ring = HashRing::new();
/// for port in 3000..3003 {
///     ring.insert(([127, 0, 0, 1], port).into(), Labels::NONE);
/// }
/// let owners = ring.lookup_n("a key", 2);
/// assert_eq!(ring.lookup("a key"), Some(owners[0]));
/// assert!(ring.remove(owners[0]));
/// assert_eq!(ring.lookup("a key"), Some(owners[1]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct HashRing {
    points: BTreeMap<u32, Owners>,
    /// The members, and the identities of those whose points are not those of their addresses.
    members: BTreeMap<SocketAddr, Option<Box<str>>>,
}

impl HashRing {
    /// The points of each member.
    pub const POINTS: usize = 100;

    /// A ring without members.
    pub const fn new() -> Self {
        Self { points: BTreeMap::new(), members: BTreeMap::new() }
    }

    /// Follows a membership: whoever is alive or suspect is in the ring, nobody else is, and another identity moves a
    /// member's points. Takes the changes that a node reports as applied, or those of
    /// [`Membership`](crate::Membership), in their order.
    pub fn apply(&mut self, change: &Change<'_, SocketAddr>) {
        self.update(change.address, change.status, change.labels);
    }

    /// As [`HashRing::apply`]. Returns whether the ring changed.
    pub fn update(&mut self, address: SocketAddr, status: Status, labels: Labels<'_>) -> bool {
        if status.is_pingable() { self.insert(address, labels) } else { self.remove(address) }
    }

    /// Puts a member into the ring, or its points where its labels say by now. Returns whether the ring changed.
    pub fn insert(&mut self, address: SocketAddr, labels: Labels<'_>) -> bool {
        let text = address_text(address);
        let identity = labels.value(IDENTITY).filter(|identity| *identity != text);
        if self.members.get(&address).is_some_and(|known| known.as_deref() == identity) {
            return false;
        }
        self.remove(address);
        for point in points(&text, identity) {
            match self.points.get_mut(&point) {
                Some(owners) => owners.add(address),
                None => {
                    self.points.insert(point, Owners::One(address));
                }
            }
        }
        self.members.insert(address, identity.map(Box::from));
        true
    }

    /// Takes a member out of the ring. Returns whether it was in it.
    pub fn remove(&mut self, address: SocketAddr) -> bool {
        let Some(identity) = self.members.remove(&address) else { return false };
        for point in points(&address_text(address), identity.as_deref()) {
            // Two points of one member may coincide: then the second is gone already.
            if self.points.get_mut(&point).is_some_and(|owners| owners.drop(address) == Left::Nobody) {
                self.points.remove(&point);
            }
        }
        true
    }

    /// The member that owns `key`; `None` where the ring is empty. Takes time with the logarithm of the members.
    pub fn lookup(&self, key: &str) -> Option<SocketAddr> {
        self.from(fingerprint32(key.as_bytes())).next()
    }

    /// Up to `count` members, each once: the one that owns `key`, and those whose points follow. All members where there
    /// are fewer.
    pub fn lookup_n(&self, key: &str, count: usize) -> Vec<SocketAddr> {
        let count = count.min(self.members.len());
        let mut met = BTreeSet::new();
        let others = self.from(fingerprint32(key.as_bytes())).filter(|&owner| met.insert(owner));
        others.take(count).collect()
    }

    /// The owners of all points, from the first at or after `point` once around.
    fn from(&self, point: u32) -> impl Iterator<Item = SocketAddr> {
        let owners = self.points.range(point..).chain(self.points.range(..point));
        owners.flat_map(|(_, owners)| owners.as_slice()).copied()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether a member is in the ring.
    pub fn contains(&self, address: SocketAddr) -> bool {
        self.members.contains_key(&address)
    }

    /// The members, sorted as texts as ringpop sorts them: `127.0.0.1:10` comes before `127.0.0.1:9`.
    pub fn servers(&self) -> Vec<SocketAddr> {
        self.sorted().into_iter().map(|(_, address)| address).collect()
    }

    /// A number by which rings are compared: the fingerprint of the servers' addresses, sorted as texts and joined by
    /// semicolons.
    ///
    /// That rings have such a checksum, and that it is shown beside the servers, is known of ringpop-go; that it is
    /// made so is taken over from how it makes others, and no peer compares it. Identities are no part of it.
    pub fn checksum(&self) -> u32 {
        let texts: Vec<String> = self.sorted().into_iter().map(|(text, _)| text).collect();
        fingerprint32(texts.join(";").as_bytes())
    }

    fn sorted(&self) -> Vec<(String, SocketAddr)> {
        let mut servers: Vec<_> = self.members.keys().map(|&address| (address_text(address), address)).collect();
        servers.sort_unstable();
        servers
    }
}

/// Rings are equal where their members and identities are: their points follow.
impl PartialEq for HashRing {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl Eq for HashRing {}

/// The label whose value takes the place of the address.
const IDENTITY: &str = "__identity";

/// Where a member's points are.
fn points(address: &str, identity: Option<&str>) -> impl Iterator<Item = u32> {
    (0..HashRing::POINTS).map(move |number| {
        let text = match identity {
            Some(identity) => format!("{identity}#{number}"),
            None => format!("{address}{number}"),
        };
        fingerprint32(text.as_bytes())
    })
}

/// Who has a point at one place: nearly always one.
#[derive(Clone, Debug)]
enum Owners {
    One(SocketAddr),
    /// In the order of their texts; the first one is the owner.
    Several(Vec<SocketAddr>),
}

/// Who is left at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Somebody,
    Nobody,
}

impl Owners {
    fn as_slice(&self) -> &[SocketAddr] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Several(addresses) => addresses,
        }
    }

    fn add(&mut self, address: SocketAddr) {
        let mut all = self.as_slice().to_vec();
        if !all.contains(&address) {
            all.push(address);
            all.sort_by_key(|&address| address_text(address));
            *self = Self::Several(all);
        }
    }

    fn drop(&mut self, address: SocketAddr) -> Left {
        let rest: Vec<_> = self.as_slice().iter().copied().filter(|&other| other != address).collect();
        match rest[..] {
            [] => return Left::Nobody,
            [one] => *self = Self::One(one),
            _ => *self = Self::Several(rest),
        }
        Left::Somebody
    }
}

#[cfg(test)]
mod tests;
