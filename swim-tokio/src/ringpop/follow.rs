//! A hash ring that follows the membership of a node.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use swim_core::{Effect, Effects, Event, Node};

use super::ring::HashRing;

/// Who owns which key, by what a node knows: its alive and suspect members, itself included.
///
/// Clones are one ring. Give it to [`Builder::ring`](crate::Builder::ring) and keep a clone to ask. It follows every change
/// of the list before the handles see it.
#[derive(Clone, Debug, Default)]
pub struct Ring(Arc<RwLock<HashRing>>);

impl Ring {
    /// An empty ring.
    pub fn new() -> Self {
        Self::default()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashRing> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The owner of `key`; `None` in an empty ring. O(log n).
    pub fn lookup(&self, key: &str) -> Option<SocketAddr> {
        self.read().lookup(key)
    }

    /// The owner of `key` and those that would own it next, `n` in all, fewer where there are fewer members.
    pub fn lookup_n(&self, key: &str, n: usize) -> Vec<SocketAddr> {
        self.read().lookup_n(key, n)
    }

    /// The members in it, in order.
    pub fn servers(&self) -> Vec<SocketAddr> {
        self.read().servers()
    }

    /// Equal for rings of the same members.
    pub fn checksum(&self) -> u32 {
        self.read().checksum()
    }

    /// The ring as it is now.
    pub fn current(&self) -> HashRing {
        self.read().clone()
    }

    /// Begins to follow a node.
    pub(crate) fn begin(&self, node: &Node<SocketAddr>) {
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *ring = HashRing::new();
        for member in node.listed() {
            ring.update(member.address, member.status, member.labels);
        }
    }

    /// Follows what an input has changed.
    pub(crate) fn follow(&self, effects: &Effects<SocketAddr>) {
        let mut guard = None;
        let mut ring = |change: &dyn Fn(&mut HashRing)| {
            change(guard.get_or_insert_with(|| self.0.write().unwrap_or_else(PoisonError::into_inner)));
        };
        for effect in effects.iter() {
            match effect {
                Effect::Event(Event::MemberlistChangesApplied { changes, .. }) => {
                    ring(&|ring| changes.iter().for_each(|change| ring.apply(&change)));
                }
                Effect::Event(Event::MemberEvicted { address, .. } | Event::MemberDropped { address, .. }) => {
                    ring(&|ring| {
                        ring.remove(address);
                    });
                }
                _ => {}
            }
        }
    }
}
