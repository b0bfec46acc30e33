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
    /// Members with the same points: one, or all that go by one identity.
    groups: Vec<Group>,
    /// The group of each name that points are made of ...
    names: BTreeMap<Box<str>, u32>,
    /// ... and the places of groups that are empty.
    free: Vec<u32>,
    /// The members, and the identities of those whose points are not those of their addresses.
    members: BTreeMap<SocketAddr, Option<Box<str>>>,
}

impl HashRing {
    /// The points of each member.
    pub const POINTS: usize = 100;

    /// A ring without members.
    pub const fn new() -> Self {
        Self {
            points: BTreeMap::new(),
            groups: Vec::new(),
            names: BTreeMap::new(),
            free: Vec::new(),
            members: BTreeMap::new(),
        }
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
        let name = name(&text, identity);
        let id = match self.names.get(&*name) {
            Some(&id) => id,
            None => self.add_group(name),
        };
        self.groups[id as usize].0.insert((text.into(), address));
        self.members.insert(address, identity.map(Box::from));
        true
    }

    /// A group without members, with its points.
    fn add_group(&mut self, name: Box<str>) -> u32 {
        let id = self.free.pop().unwrap_or_else(|| {
            self.groups.push(Group::default());
            self.groups.len() as u32 - 1
        });
        for point in points(&name) {
            self.points.entry(point).or_insert(Owners::One(id)).add(id);
        }
        self.names.insert(name, id);
        id
    }

    /// Takes a member out of the ring. Returns whether it was in it.
    pub fn remove(&mut self, address: SocketAddr) -> bool {
        let Some(identity) = self.members.remove(&address) else { return false };
        let text = address_text(address);
        let name = name(&text, identity.as_deref());
        let id = self.names[&name];
        let Group(members) = &mut self.groups[id as usize];
        members.remove(&(text.into(), address));
        if members.is_empty() {
            self.names.remove(&name);
            self.free.push(id);
            for point in points(&name) {
                // Two points of one group may coincide: then the second is gone already.
                if self.points.get_mut(&point).is_some_and(|owners| owners.drop(id) == Left::Nobody) {
                    self.points.remove(&point);
                }
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
        owners.flat_map(|(_, owners)| self.members_at(owners))
    }

    /// The members that have a point at one place, in the order of their texts.
    fn members_at<'r>(&'r self, owners: &'r Owners) -> impl Iterator<Item = SocketAddr> + 'r {
        let group = |id: u32| self.groups[id as usize].0.iter();
        let (one, several) = match owners {
            Owners::One(id) => (Some(*id), None),
            Owners::Several(ids) => {
                let all: BTreeSet<_> = ids.iter().flat_map(|&id| group(id)).collect();
                (None, Some(all))
            }
        };
        one.into_iter().flat_map(group).chain(several.into_iter().flatten()).map(|&(_, address)| address)
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

/// What a member's points are made of.
fn name(address: &str, identity: Option<&str>) -> Box<str> {
    // No address ends like this, so that nobody's identity is another one's address.
    identity.map_or_else(|| address.into(), |identity| format!("{identity}#").into())
}

/// Where the points of a name are.
fn points(name: &str) -> impl Iterator<Item = u32> {
    (0..HashRing::POINTS).map(move |number| fingerprint32(format!("{name}{number}").as_bytes()))
}

/// Members with the same points, in the order of their texts; the first one owns them.
#[derive(Clone, Debug, Default)]
struct Group(BTreeSet<(Box<str>, SocketAddr)>);

/// Which groups have a point at one place: nearly always one.
#[derive(Clone, Debug)]
enum Owners {
    One(u32),
    Several(BTreeSet<u32>),
}

/// Who is left at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Somebody,
    Nobody,
}

impl Owners {
    fn add(&mut self, id: u32) {
        match self {
            Self::One(known) if *known == id => {}
            Self::One(known) => *self = Self::Several([*known, id].into()),
            Self::Several(ids) => {
                ids.insert(id);
            }
        }
    }

    fn drop(&mut self, id: u32) -> Left {
        match self {
            Self::One(known) if *known == id => return Left::Nobody,
            Self::One(_) => {}
            Self::Several(ids) => {
                ids.remove(&id);
                if let (Some(&first), 1) = (ids.first(), ids.len()) {
                    *self = Self::One(first);
                }
            }
        }
        Left::Somebody
    }
}

#[cfg(test)]
mod tests;
