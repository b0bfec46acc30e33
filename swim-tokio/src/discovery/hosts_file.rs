//! Hosts from a file: a JSON list of strings, as ringpop has it.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::resolver::{Resolver, is_host};
use super::{Discover, Discovery};
use crate::error::DiscoverError;

/// A file with a JSON list of hosts, `["10.0.0.1:7946", "swim-2.example.org:7946"]`. Clones are one.
///
/// The file is read each time that hosts are needed, so that a change takes effect with the next one: files are small
/// and hosts are seldom needed, while the time of a change is too coarse to be trusted. A file that is damaged by then
/// counts as it was, and the damage is among what is missing. Names in it are resolved as [`Resolver`] does it.
#[derive(Clone, Debug)]
pub struct HostsFile {
    path: PathBuf,
    /// What the file said when it was whole last.
    entries: Arc<Mutex<Vec<String>>>,
    /// Held while it is read, also by a reading that nobody waits for any more.
    reading: Arc<tokio::sync::Mutex<()>>,
    resolver: Resolver,
}

/// What a hosts file says.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// Each an address or a name, and a port.
    pub hosts: Vec<String>,
    /// What is wrong with the file now, where `hosts` are those that it had before.
    pub damage: Option<DiscoverError>,
}

impl HostsFile {
    /// Reads the file once, so that a mistake in it shows at once.
    ///
    /// # Errors
    /// [`DiscoverError::Unreadable`], [`DiscoverError::Malformed`] and [`DiscoverError::Entry`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, DiscoverError> {
        let path = path.into();
        let entries = parse(&path, read(&path))?;
        let entries = Arc::new(Mutex::new(entries));
        Ok(Self { path, entries, reading: Arc::default(), resolver: Resolver::new() })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says now, or said before where the disk hangs; what comes late is there the next time. Nothing is resolved.
    pub async fn entries(&self) -> Entries {
        let Self { path, entries, reading, .. } = self.clone();
        let read = tokio::time::timeout(READ_MAX, async {
            // One at a time: where the disk hangs each would keep a thread, and at last all that the host has.
            let alone = reading.lock_owned().await;
            let read = tokio::task::spawn_blocking(move || {
                let _alone = alone;
                let parsed = parse(&path, read(&path))?;
                *entries.lock().unwrap_or_else(PoisonError::into_inner) = parsed;
                Ok(())
            });
            read.await.unwrap_or_else(|gone| Err(self.unreadable(io::Error::other(gone))))
        });
        let read = read.await.unwrap_or_else(|_| {
            let text = format!("it could not be read within {READ_MAX:?}");
            Err(self.unreadable(io::Error::new(ErrorKind::TimedOut, text)))
        });
        let hosts = self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Entries { hosts, damage: read.err() }
    }

    fn unreadable(&self, source: io::Error) -> DiscoverError {
        DiscoverError::Unreadable { path: self.path.clone(), source: Arc::new(source) }
    }
}

impl Discover for HostsFile {
    fn hosts(&self) -> Discovery<'_> {
        Discovery::new(async {
            let Entries { hosts, damage } = self.entries().await;
            let mut found = self.resolver.resolve(&hosts).await;
            found.missing.extend(damage);
            Ok(found)
        })
    }
}

fn read(path: &Path) -> io::Result<String> {
    let kind = std::fs::metadata(path)?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        // A pipe says nothing twice, and to wait for what it says may take for ever.
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(io::Error::other(format!("it is longer than {BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// How long the file may take to be read.
const READ_MAX: Duration = Duration::from_secs(1);

/// The longest file that is read: more hosts than are looked at.
const BYTES_MAX: u64 = 16 << 20;

/// The entries of a file, each of which is a host.
pub(crate) fn parse(path: &Path, text: io::Result<String>) -> Result<Vec<String>, DiscoverError> {
    let path = || path.to_owned();
    let text = text.map_err(|source| DiscoverError::Unreadable { path: path(), source: Arc::new(source) })?;
    let entries: Vec<String> = serde_json::from_str(&text)
        .map_err(|source| DiscoverError::Malformed { path: path(), source: Arc::new(source) })?;
    match entries.iter().position(|entry| !is_host(entry)) {
        Some(at) => Err(DiscoverError::Entry { path: path(), number: at + 1, entry: entries[at].clone() }),
        None => Ok(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_file_that_hangs_counts_as_it_was_and_is_named() {
        let path = std::env::temp_dir().join(format!("swim-hosts-{}.json", std::process::id()));
        std::fs::write(&path, r#"["10.0.0.1:7946"]"#).unwrap();
        let file = HostsFile::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        // A reading that does not end.
        let _reading = file.reading.lock().await;
        let Entries { hosts, damage } = file.entries().await;
        assert_eq!(hosts, ["10.0.0.1:7946"]);
        assert!(damage.unwrap().to_string().contains(path.to_str().unwrap()));
    }
}
