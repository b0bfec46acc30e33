//! Hosts from a file: a JSON list of strings, as ringpop has it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Discover, Discovery, dns};
use crate::error::DiscoverError;

/// A file with a JSON list of hosts, `["10.0.0.1:7946", "swim-2.example.org:7946"]`.
///
/// The file is read each time that hosts are needed, so that a change takes effect with the next one: files are small
/// and hosts are seldom needed, while the time of a change is too coarse to be trusted. Names in it are resolved as
/// [`DnsNames`](super::DnsNames) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsFile(PathBuf);

impl HostsFile {
    /// Reads the file once, so that a mistake in it shows at once.
    ///
    /// # Errors
    /// [`DiscoverError::Unreadable`], [`DiscoverError::Malformed`] and [`DiscoverError::Entry`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, DiscoverError> {
        let path = path.into();
        let text = std::fs::read_to_string(&path);
        parse(&path, text)?;
        Ok(Self(path))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Discover for HostsFile {
    fn hosts(&self) -> Discovery<'_> {
        Discovery::new(async {
            let text = tokio::fs::read_to_string(&self.0).await;
            dns::resolve(&parse(&self.0, text)?).await
        })
    }
}

/// The entries of a file, each of which is a host.
pub(crate) fn parse(path: &Path, text: std::io::Result<String>) -> Result<Vec<String>, DiscoverError> {
    let path = || path.to_owned();
    let text = text.map_err(|source| DiscoverError::Unreadable { path: path(), source: Arc::new(source) })?;
    let entries: Vec<String> = serde_json::from_str(&text)
        .map_err(|source| DiscoverError::Malformed { path: path(), source: Arc::new(source) })?;
    match entries.iter().position(|entry| !dns::is_host(entry)) {
        Some(at) => Err(DiscoverError::Entry { path: path(), number: at + 1, entry: entries[at].clone() }),
        None => Ok(entries),
    }
}
