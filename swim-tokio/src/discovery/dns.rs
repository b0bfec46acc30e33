//! Hosts by name: the system's resolver, asked anew each time.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Discover, Discovery};
use crate::error::DiscoverError;

/// Names that resolve to hosts, each with a port: `swim.example.org:7946`. All addresses of all names are hosts.
///
/// The names are resolved each time that hosts are needed, by the resolver of the system with its caches and its
/// settings. Where some names can be resolved and others cannot, the hosts of the former are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsNames(Vec<String>);

impl DnsNames {
    /// These names, each as `NAME:PORT`.
    ///
    /// # Errors
    /// [`DiscoverError::NoName`] for the first that is written otherwise. Nothing is resolved yet.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self, DiscoverError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        match names.iter().find(|name| !is_host(name)) {
            Some(wrong) => Err(DiscoverError::NoName { name: wrong.clone() }),
            None => Ok(Self(names)),
        }
    }
}

impl Discover for DnsNames {
    fn hosts(&self) -> Discovery<'_> {
        Discovery::new(resolve(&self.0))
    }
}

/// Whether this is a name or an address, and a port.
pub(super) fn is_host(host: &str) -> bool {
    if host.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let port_and_name = host.rsplit_once(':').map(|(name, port)| (port.parse::<u16>(), name));
    matches!(port_and_name, Some((Ok(1..), name)) if !name.is_empty() && !name.contains([':', ' ', '/', '[', ']']))
}

/// The addresses of all hosts; the first error only where there is none.
pub(super) async fn resolve(hosts: &[String]) -> Result<Vec<SocketAddr>, DiscoverError> {
    let mut found = Vec::new();
    let mut failed = None;
    for host in hosts {
        if let Ok(address) = host.parse() {
            found.push(address);
            continue;
        }
        match tokio::net::lookup_host(host.as_str()).await {
            Ok(addresses) => found.extend(addresses),
            Err(source) => {
                tracing::warn!(name = host, %source, "a name cannot be resolved");
                let error = DiscoverError::Unresolved { name: host.clone(), source: Arc::new(source) };
                failed.get_or_insert(error);
            }
        }
    }
    match failed {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_needs_a_port_and_nothing_else() {
        for good in ["a:1", "swim.example.org:7946", "10.0.0.1:7", "[::1]:7", "[fe80::1%2]:7"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", "a", "a:", ":7", "a:0", "a:65536", "a:b", "a b:7", "http://a:7", "::1:7", "[a]:7"] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
