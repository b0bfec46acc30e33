//! Where an agent's hosts come from: its command line, names and a file, together, and changeable while it runs.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swim_tokio::{Discover, DiscoverError, Discovery, DnsNames, HostsFile};

use crate::settings::Sources;

/// All sources as one. Clones are one.
///
/// A source that fails does not take the others down with it: hosts are not found only where no source finds any. A file
/// that was good once and is damaged now counts as it was.
#[derive(Clone, Debug)]
pub(crate) struct Hosts(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    sources: Opened,
    /// What the file said last.
    of_file: Vec<SocketAddr>,
}

/// Sources that were looked at: their mistakes are known.
#[derive(Clone, Debug)]
struct Opened {
    names: DnsNames,
    file: Option<HostsFile>,
    described: String,
}

impl Hosts {
    /// # Errors
    /// A host that is written wrongly, and a file that cannot be read or is malformed.
    pub(crate) fn open(sources: &Sources) -> Result<Self, DiscoverError> {
        Ok(Self(Arc::new(Mutex::new(State { sources: Opened::new(sources)?, of_file: Vec::new() }))))
    }

    /// Takes these from now on. Where they have a mistake, all stays as it was.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn replace(&self, sources: &Sources) -> Result<(), DiscoverError> {
        let opened = Opened::new(sources)?;
        self.lock().sources = opened;
        Ok(())
    }

    async fn find(&self) -> Result<Vec<SocketAddr>, DiscoverError> {
        let Opened { names, file, .. } = self.lock().sources.clone();
        let mut found = BTreeSet::new();
        let mut failed = None;
        match names.hosts().await {
            Ok(hosts) => found.extend(hosts),
            Err(error) => failed = Some(error),
        }
        if let Some(file) = file {
            match file.hosts().await {
                Ok(hosts) => {
                    found.extend(&hosts);
                    self.lock().of_file = hosts;
                }
                Err(error) => {
                    let hosts = self.lock().of_file.clone();
                    tracing::warn!(target: "swim", %error, kept = hosts.len(), "the hosts file is not taken");
                    found.extend(hosts);
                    failed.get_or_insert(error);
                }
            }
        }
        match failed {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found.into_iter().collect()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Discover for Hosts {
    fn hosts(&self) -> Discovery<'_> {
        Discovery::new(self.find())
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lock().sources.described)
    }
}

impl Opened {
    fn new(sources: &Sources) -> Result<Self, DiscoverError> {
        let named = sources.join.iter().chain(&sources.dns).cloned();
        let names = DnsNames::new(named.clone())?;
        let file = sources.hosts_file.as_ref().map(HostsFile::open).transpose()?;
        let mut described: Vec<String> = named.collect();
        described.extend(file.as_ref().map(|file| format!("those in {}", file.path().display())));
        Ok(Self { names, file, described: described.join(", ") })
    }
}
