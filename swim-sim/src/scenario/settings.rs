//! The parts of a scenario beside its faults: the network at its best, and what is expected of the run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::node_set::NodeSet;
use super::time::Time;
use crate::network::{Chance, Latency, Undeliverable};

/// The network when nothing is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSettings {
    /// How long a packet takes.
    pub latency: Latency,
    /// How many packets are lost.
    pub loss: Chance,
    /// What senders are told of what cannot arrive.
    pub undeliverable: Undeliverable,
    /// Zones with latencies of their own; whoever is in none of them has the latency above.
    #[serde(rename = "zone", skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<Zone>,
    /// Latencies between two zones.
    #[serde(rename = "link", skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// A zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Its nodes.
    pub nodes: NodeSet,
    /// The latency within.
    pub within: Latency,
    /// The latency to everyone else.
    pub across: Latency,
}

/// The latency between two zones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Their names.
    pub zones: [String; 2],
    /// The latency, both ways.
    pub latency: Latency,
}

/// When the faults begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Begin {
    /// When all see all and it is quiet.
    #[default]
    Settled,
    /// With the first boot.
    Boot,
}

/// What is expected of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// How long after the last step of the faults the cluster must have converged; without it a bound that is computed
    /// from the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Time>,
    /// What converged means.
    pub agreement: Agreement,
    /// How many live members may be wrongly declared faulty.
    pub wrongly_faulty: Allowed,
}

/// What nodes must agree on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    /// `Checksum` without loss, else `Reachable`.
    #[default]
    Auto,
    /// One checksum, and everyone alive.
    Checksum,
    /// Everyone alive or suspect. Under loss refuted suspicions go round all the time.
    Reachable,
}

/// How many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// So many at most.
    AtMost(u32),
    /// Any number: it is reported and not judged.
    Any,
}

impl Allowed {
    /// Whether so many are allowed.
    pub const fn allows(self, count: u32) -> bool {
        match self {
            Self::AtMost(most) => count <= most,
            Self::Any => true,
        }
    }
}

impl Default for Allowed {
    fn default() -> Self {
        Self::AtMost(0)
    }
}

/// Neither a number nor `any`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is neither a number nor `any`")]
pub struct AllowedError {
    text: String,
}

impl FromStr for Allowed {
    type Err = AllowedError;

    fn from_str(text: &str) -> Result<Self, AllowedError> {
        match text {
            "any" => Ok(Self::Any),
            _ => text.parse().map(Self::AtMost).map_err(|_| AllowedError { text: text.into() }),
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "{most}"),
            Self::Any => f.write_str("any"),
        }
    }
}

crate::text::as_text!(Allowed, "a number, or `any`");
