//! Members that are cut off on purpose, to play partition. Off unless a node is built with one.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// Drops everything to and from chosen members, as a broken network would: nobody is told.
///
/// Clones are one filter. Give it to [`Builder::filter`](crate::Builder::filter) and keep a clone to change it; it may
/// be given to several nodes.
#[derive(Clone, Debug, Default)]
pub struct Filter(Arc<RwLock<BTreeSet<SocketAddr>>>);

impl Filter {
    /// A filter that drops nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on drops what goes to or comes from `member`, by the address that it advertises.
    pub fn block(&self, member: SocketAddr) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(super::address::plain(member));
    }

    /// No longer drops what goes to or comes from `member`.
    pub fn unblock(&self, member: SocketAddr) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&super::address::plain(member));
    }

    /// No longer drops anything.
    pub fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whose traffic is dropped, in order.
    pub fn blocked(&self) -> Vec<SocketAddr> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Whether what goes to or comes from `member` is dropped.
    pub(crate) fn blocks(&self, member: SocketAddr) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&member)
    }
}
