//! Where hosts come from: one small trait and a few ways to fill it.
//!
//! A node asks when it joins, anew for each round of joins (R10), and when it looks for partitions to heal (R11). So a
//! file that changes, or a name that resolves to other addresses, takes effect by itself.

mod dns;
mod fixed;
pub(crate) mod hosts_file;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

pub use dns::DnsNames;
pub use fixed::FixedHosts;
pub use hosts_file::HostsFile;

use crate::error::DiscoverError;

/// Finds the hosts of a cluster.
///
/// The node itself may be among them. An empty list is no list: the node asks again later. A list that holds the node
/// alone makes a cluster of one. At most 65,536 hosts are looked at.
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

/// What [`Discover::hosts`] returns: a future in a box, so that ways to discover can be chosen at run time.
#[must_use = "it does nothing unless awaited"]
pub struct Discovery<'a>(Pin<Box<dyn Future<Output = Result<Vec<SocketAddr>, DiscoverError>> + Send + 'a>>);

impl<'a> Discovery<'a> {
    /// A discovery that ends as `future` does.
    pub fn new(future: impl Future<Output = Result<Vec<SocketAddr>, DiscoverError>> + Send + 'a) -> Self {
        Self(Box::pin(future))
    }
}

impl Future for Discovery<'_> {
    type Output = Result<Vec<SocketAddr>, DiscoverError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl Discover for Box<dyn Discover> {
    fn hosts(&self) -> Discovery<'_> {
        self.as_ref().hosts()
    }
}
