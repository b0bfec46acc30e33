//! The membership as readers see it: one consistent list, and the news that it has changed.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use swim_core::{Checksum, Incarnation, Labels, Node, Status};
use tokio::sync::watch;

use crate::shared::Shared;

/// One member, as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The address that it advertises: its name.
    pub address: SocketAddr,
    /// What it is held to be.
    pub status: Status,
    /// The incarnation of which that is known.
    pub incarnation: Incarnation,
    /// Its labels.
    pub labels: MemberLabels,
}

impl Member {
    pub(crate) fn new(member: swim_core::Member<'_, SocketAddr>) -> Self {
        let swim_core::Member { address, status, incarnation, labels } = member;
        Self { address, status, incarnation, labels: MemberLabels::new(labels) }
    }
}

/// The labels of a member: clones share them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct MemberLabels(Option<Arc<[u8]>>);

impl MemberLabels {
    fn new(labels: Labels<'_>) -> Self {
        Self((!labels.is_empty()).then(|| labels.encoded().into()))
    }

    /// The labels as swim-core has them.
    pub fn as_labels(&self) -> Labels<'_> {
        self.0.as_deref().and_then(Labels::from_encoded).unwrap_or_default()
    }

    /// The value of `key`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.as_labels().value(key)
    }

    /// The pairs, in ascending order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.as_labels().iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Serialize for MemberLabels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl fmt::Debug for MemberLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The list of members at one moment. It never changes; clones share it. Serialised, it is an object with `local`,
/// `checksum`, `version` and `members`.
#[derive(Clone, Debug)]
pub struct Membership(Arc<Snapshot>);

impl Serialize for Membership {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// What a [`Membership`] shares.
#[derive(Debug, Serialize)]
pub(crate) struct Snapshot {
    local: SocketAddr,
    checksum: Checksum,
    version: u64,
    members: Vec<Member>,
}

impl Membership {
    /// The list of `node`, in no order yet.
    pub(crate) fn read(node: &Node<SocketAddr>, version: u64) -> Snapshot {
        let members = node.listed().map(Member::new).collect();
        Snapshot { members, local: node.local(), checksum: node.checksum(), version }
    }

    /// Puts a list in order. Not done while reading, so that the protocol does not wait for it.
    pub(crate) fn sorted(mut snapshot: Snapshot) -> Self {
        snapshot.members.sort_unstable_by_key(|member| member.address);
        Self(Arc::new(snapshot))
    }

    pub(crate) fn share(&self) -> &Arc<Snapshot> {
        &self.0
    }

    pub(crate) fn shared(snapshot: Arc<Snapshot>) -> Self {
        Self(snapshot)
    }

    /// All members in the order of their addresses, the node itself and the dead included (R3).
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.0.members.iter()
    }

    /// How many there are, the node itself and the dead included.
    #[expect(clippy::len_without_is_empty, reason = "the node itself is always listed")]
    pub fn len(&self) -> usize {
        self.0.members.len()
    }

    /// One member; `None` where it is not listed.
    pub fn member(&self, address: SocketAddr) -> Option<&Member> {
        let at = self.0.members.binary_search_by_key(&address, |member| member.address).ok()?;
        self.0.members.get(at)
    }

    /// The members that are alive or suspect, the node itself included, in the order of their addresses.
    pub fn reachable(&self) -> impl Iterator<Item = &Member> {
        self.iter().filter(|member| member.status.is_pingable())
    }

    /// How many members have this status.
    pub fn count(&self, status: Status) -> usize {
        self.iter().filter(|member| member.status == status).count()
    }

    /// The checksum of this list. Nodes with equal lists have equal checksums.
    pub fn checksum(&self) -> Checksum {
        self.0.checksum
    }

    /// The number of this list: it grows with each change that this node sees.
    /// [`Stats::version`](crate::Stats::version) of the same number are of the same list.
    pub fn version(&self) -> u64 {
        self.0.version
    }

    /// The node whose list this is.
    pub fn local(&self) -> SocketAddr {
        self.0.local
    }
}

impl Snapshot {
    pub(crate) fn version(&self) -> u64 {
        self.version
    }
}

/// The membership for those who only want the current state: changes that come faster than they are read are one.
///
/// It does not keep the node running.
#[derive(Clone, Debug)]
pub struct Changes {
    shared: Arc<Shared>,
    pulse: watch::Receiver<u64>,
    seen: u64,
}

impl Changes {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let pulse = shared.pulse();
        let seen = shared.members().version();
        Self { shared, pulse, seen }
    }

    /// Waits until the list is another than the one that was seen last, and returns it; `None` once the node was
    /// stopped and nothing more can change.
    ///
    /// Cancellation-safe: where it is dropped before it ends, the change is seen by the next call.
    pub async fn changed(&mut self) -> Option<Membership> {
        loop {
            self.pulse.mark_unchanged();
            let members = self.shared.members();
            if members.version() != self.seen {
                self.seen = members.version();
                return Some(members);
            }
            if !self.shared.is_running() || self.pulse.changed().await.is_err() {
                return None;
            }
        }
    }

    /// The list as it is now, seen or not. What is returned counts as seen.
    pub fn current(&mut self) -> Membership {
        let members = self.shared.members();
        self.seen = members.version();
        members
    }
}
