//! Hosts by name: the system's resolver, asked anew each time.

use super::resolver::{Resolver, is_host};
use super::{Discover, Discovery};
use crate::error::DiscoverError;

/// Names that resolve to hosts, each with a port: `swim.example.org:7946`. All addresses of all names are hosts.
///
/// The names are resolved each time that hosts are needed, as [`Resolver`] does it: where some can be resolved and others
/// cannot, the hosts of the former are taken, and names that take long are waited for for a second.
#[derive(Clone, Debug)]
pub struct DnsNames {
    names: Vec<String>,
    resolver: Resolver,
}

impl DnsNames {
    /// These names, each as `NAME:PORT`.
    ///
    /// # Errors
    /// [`DiscoverError::NoName`] for the first that is written otherwise. Nothing is resolved yet.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self, DiscoverError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        match names.iter().find(|name| !is_host(name)) {
            Some(wrong) => Err(DiscoverError::NoName { name: wrong.clone() }),
            None => Ok(Self { names, resolver: Resolver::new() }),
        }
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl Discover for DnsNames {
    fn hosts(&self) -> Discovery<'_> {
        Discovery::new(async { Ok(self.resolver.resolve(&self.names).await) })
    }
}
