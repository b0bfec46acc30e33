//! Where an agent's hosts come from: its command line, names and a file, together, and changeable while it runs.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swim_tokio::{Discover, DiscoverError, Discovery, DnsNames, Entries, Found, HostsFile, Resolver};

use crate::settings::Sources;

/// All sources as one. Clones are one.
///
/// A source that fails does not take the others down with it: what it would have brought is missing. A file that was good
/// once and is damaged now counts as it was. Names of all sources are resolved together, so that none of them holds up
/// what another one knows.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    sources: Arc<Mutex<Opened>>,
    resolver: Resolver,
}

/// Sources that were looked at: their mistakes are known.
#[derive(Clone, Debug)]
struct Opened {
    /// What the command line, the environment and the settings file name.
    named: Vec<String>,
    file: Option<HostsFile>,
    described: String,
}

/// A mistake in a source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("a host of {option} is not understood")]
    Named { option: &'static str, source: DiscoverError },
    #[error("the file of --hosts-file cannot be taken")]
    File(#[source] DiscoverError),
}

impl Hosts {
    /// # Errors
    /// A host that is written wrongly, and a file that cannot be read or is malformed.
    pub(crate) fn open(sources: &Sources) -> Result<Self, SourceError> {
        Ok(Self { sources: Arc::new(Mutex::new(Opened::new(sources)?)), resolver: Resolver::new() })
    }

    /// Takes these from now on. Where they have a mistake, all stays as it was.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn replace(&self, sources: &Sources) -> Result<(), SourceError> {
        let opened = Opened::new(sources)?;
        *self.lock() = opened;
        Ok(())
    }

    async fn find(&self) -> Found {
        let Opened { mut named, file, .. } = self.lock().clone();
        let Entries { hosts, damage } = match file {
            Some(file) => file.entries().await,
            None => Entries::default(),
        };
        named.extend(hosts);
        let mut found = self.resolver.resolve(&named).await;
        found.missing.extend(damage);
        found
    }

    fn lock(&self) -> MutexGuard<'_, Opened> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Discover for Hosts {
    fn hosts(&self) -> Discovery<'_> {
        Discovery::new(async { Ok(self.find().await) })
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lock().described)
    }
}

impl Opened {
    fn new(sources: &Sources) -> Result<Self, SourceError> {
        let mut named = Vec::new();
        for (option, hosts) in [("--join", &sources.join), ("--dns", &sources.dns)] {
            let names = DnsNames::new(hosts.iter().cloned());
            named.extend(names.map_err(|source| SourceError::Named { option, source })?.names().to_vec());
        }
        let file = sources.hosts_file.as_ref().map(HostsFile::open).transpose().map_err(SourceError::File)?;
        let mut described = named.clone();
        described.extend(file.as_ref().map(|file| format!("those in {}", file.path().display())));
        Ok(Self { named, file, described: described.join(", ") })
    }
}
