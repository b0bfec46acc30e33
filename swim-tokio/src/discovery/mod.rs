//! Where hosts come from: one small trait and a few ways to fill it.
//!
//! A node asks when it joins, anew for each round of joins (R10), and when it looks for partitions to heal (R11). So a
//! file that changes, or a name that resolves to other addresses, takes effect by itself.

mod dns;
pub(crate) mod elsewhere;
mod fixed;
pub(crate) mod hosts_file;
mod resolver;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

pub use dns::DnsNames;
pub use fixed::FixedHosts;
pub use hosts_file::{Entries, HostsFile};
pub use resolver::Resolver;

use crate::error::DiscoverError;

/// Finds the hosts of a cluster.
///
/// The node itself may be among them. An empty list is no list: the node asks again later. A list that holds the node
/// alone makes a cluster of one, unless something is [missing](Found::missing). At most 65,536 hosts are looked at.
///
/// ```
/// use std::net::SocketAddr;
/// use swim_tokio::{Discover, DiscoverError, Discovery};
///
/// struct Registry;
///
/// impl Discover for Registry {
///     fn hosts(&self) -> Discovery<'_> {
///         Discovery::new(async { Ok(vec![SocketAddr::from(([10, 0, 0, 1], 7946))]) })
///     }
/// }
/// ```
pub trait Discover: Send + Sync + 'static {
    /// The hosts as they are now. It may take 10 seconds; then it is dropped, and counts as failed. A panic counts as
    /// failed, too.
    fn hosts(&self) -> Discovery<'_>;
}

/// Hosts that were found, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The hosts, in any order; repetitions do no harm.
    pub hosts: Vec<SocketAddr>,
    /// Why there may be more: it is named where joining fails. A node that finds nobody but itself while something is
    /// missing founds no cluster of one.
    pub missing: Vec<DiscoverError>,
}

impl From<Vec<SocketAddr>> for Found {
    /// All that there are.
    fn from(hosts: Vec<SocketAddr>) -> Self {
        Self { hosts, missing: Vec::new() }
    }
}

impl From<DiscoverError> for Found {
    /// None, for one reason.
    fn from(error: DiscoverError) -> Self {
        Self { hosts: Vec::new(), missing: vec![error] }
    }
}

/// What [`Discover::hosts`] returns: a future in a box, so that ways to discover can be chosen at run time.
#[must_use = "it does nothing unless awaited"]
pub struct Discovery<'a>(Pin<Box<dyn Future<Output = Result<Found, DiscoverError>> + Send + 'a>>);

impl<'a> Discovery<'a> {
    /// A discovery that ends as `future` does: with a list of hosts, or with [`Found`] where something is missing.
    pub fn new<T: Into<Found>>(future: impl Future<Output = Result<T, DiscoverError>> + Send + 'a) -> Self {
        Self(Box::pin(async { future.await.map(Into::into) }))
    }
}

impl Future for Discovery<'_> {
    type Output = Result<Found, DiscoverError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl Discover for Box<dyn Discover> {
    fn hosts(&self) -> Discovery<'_> {
        self.as_ref().hosts()
    }
}
