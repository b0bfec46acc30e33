//! Why hosts could not be found.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Why hosts could not be found.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The hosts file cannot be read.
    #[error("the hosts file {} cannot be read; check that it is there and may be read", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The hosts file is no list of strings.
    #[error("the hosts file {} is malformed; write a list such as [\"10.0.0.1:7946\", \"10.0.0.2:7946\"]", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where, and what was expected there.
        source: Arc<serde_json::Error>,
    },
    /// An entry of the hosts file is no host.
    #[error("entry {number} of the hosts file {}, `{entry}`, is no host; write ADDRESS:PORT or NAME:PORT", .path.display())]
    Entry {
        /// Which file.
        path: PathBuf,
        /// Which entry; the first is 1.
        number: usize,
        /// What it says.
        entry: String,
    },
    /// A name is not written as a name and a port.
    #[error("`{name}` is no host; write NAME:PORT or ADDRESS:PORT")]
    NoName {
        /// What was written.
        name: String,
    },
    /// A name cannot be resolved.
    #[error("the name `{name}` cannot be resolved; check its spelling and the resolver of this machine")]
    Unresolved {
        /// Which name.
        name: String,
        /// What the resolver said.
        source: Arc<io::Error>,
    },
    /// A name is being resolved still.
    #[error("the name `{name}` takes long to be resolved; check the resolver of this machine")]
    NameTooSlow {
        /// Which name.
        name: String,
    },
    /// It took too long.
    #[error("discovery took longer than {limit:?}")]
    TooSlow {
        /// How long it may take.
        limit: Duration,
    },
    /// The author's own discovery panicked.
    #[error("the discovery provider panicked")]
    Panicked,
    /// The author's own discovery failed.
    #[error("the discovery provider failed")]
    Other(#[source] Arc<dyn Error + Send + Sync>),
}

impl DiscoverError {
    /// For a discovery of one's own.
    pub fn other(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Other(Arc::new(error))
    }
}
