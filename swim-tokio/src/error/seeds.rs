//! Hosts that were asked to let a node in, and what became of it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use swim_core::{Kind, RefusedReason};

/// Hosts that did not help to join, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seeds(Vec<(SocketAddr, SeedFailure)>);

impl Seeds {
    pub(crate) fn new(seeds: Vec<(SocketAddr, SeedFailure)>) -> Self {
        Self(seeds)
    }

    /// Each with what became of it last, in the order of their addresses; some of them where there are very many.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SocketAddr, SeedFailure)> {
        self.0.iter().copied()
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (seed, failure)) in self.0.iter().take(SEEDS_SHOWN).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{seed} ({failure})")?;
        }
        match self.0.len().saturating_sub(SEEDS_SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

const SEEDS_SHOWN: usize = 5;

/// What became of a request to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeedFailure {
    /// Nothing came in time.
    Silent,
    /// The connection was refused: nobody listens there.
    Refused,
    /// There is no way there.
    NoRoute,
    /// The connection broke.
    Broken,
    /// It belongs to another cluster.
    OtherCluster,
    /// It answered what is no answer.
    Nonsense,
    /// It answered that it would not, as one that is busy or stops.
    Declined,
    /// None of the members that it lists can be believed (R2): this node's clock is far behind, or theirs are far ahead.
    ClocksApart {
        /// How far apart they are at least.
        ahead: Duration,
    },
}

impl SeedFailure {
    /// What the system says of a connection.
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Self::NoRoute,
            _ => Self::Broken,
        }
    }

    /// What an answer is that declines; `None` for all others.
    pub(crate) fn of_answer(kind: &Kind<SocketAddr>) -> Option<Self> {
        match kind {
            Kind::Refused { reason: RefusedReason::OtherApp } => Some(Self::OtherCluster),
            Kind::Refused { .. } => Some(Self::Declined),
            _ => None,
        }
    }
}

impl fmt::Display for SeedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClocksApart { ahead } => return write!(f, "clocks {} days ahead", ahead.as_secs() / (24 * 60 * 60)),
            Self::Silent => "no answer",
            Self::Refused => "connection refused",
            Self::NoRoute => "no route",
            Self::Broken => "connection broken",
            Self::OtherCluster => "another cluster",
            Self::Nonsense => "no member speaks there",
            Self::Declined => "declined",
        })
    }
}
