//! Hosts that never change.

use std::net::SocketAddr;

use super::{Discover, Discovery};

/// A list of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedHosts(Vec<SocketAddr>);

impl FixedHosts {
    /// These hosts; the node itself may be among them.
    pub fn new(hosts: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self(hosts.into_iter().collect())
    }
}

impl Discover for FixedHosts {
    fn hosts(&self) -> Discovery<'_> {
        Discovery::new(async { Ok(self.0.clone()) })
    }
}
