//! What the admin address says, as JSON: the agent writes it and the commands read it. docs/AGENT.md describes it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use swim_core::Status;
use swim_tokio::{Membership, Swim};

/// How long an answer may take to begin; healing and leaving wait for others.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(120);
/// How often a stream of events has at least a comment in it, which shows that the agent is there.
pub(crate) const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// `GET /v1/members`, and the first event of `GET /v1/events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Members {
    /// Whose list it is.
    pub(crate) local: SocketAddr,
    /// Eight hexadecimal digits. Agents with equal lists have equal checksums.
    pub(crate) checksum: String,
    /// Grows with each change.
    pub(crate) version: u64,
    /// In the order of their addresses, the dead included.
    pub(crate) members: Vec<Row>,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) address: SocketAddr,
    pub(crate) status: Status,
    pub(crate) incarnation: u64,
    pub(crate) labels: BTreeMap<String, String>,
}

impl Members {
    pub(crate) fn new(list: &Membership) -> Self {
        let row = |member: &swim_tokio::Member| Row {
            address: member.address,
            status: member.status,
            incarnation: member.incarnation.get(),
            labels: pairs(member.labels.iter()),
        };
        Self {
            local: list.local(),
            checksum: format!("{:08x}", list.checksum().0),
            version: list.version(),
            members: list.iter().map(row).collect(),
        }
    }

    /// How many have this status.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.members.iter().filter(|row| row.status == status).count()
    }
}

/// `GET /v1/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Info {
    /// The version of the program.
    pub(crate) version: String,
    pub(crate) pid: u32,
    pub(crate) cluster: String,
    pub(crate) local: SocketAddr,
    pub(crate) listens_on: SocketAddr,
    /// What the agent says of itself.
    pub(crate) status: Status,
    /// Whether it has joined.
    pub(crate) ready: bool,
    /// Whether it probes.
    pub(crate) gossiping: bool,
    pub(crate) incarnation: u64,
    pub(crate) checksum: String,
    /// How many members have each status.
    pub(crate) members: BTreeMap<String, u32>,
    /// 0 is healthy, 8 the worst (R8).
    pub(crate) local_health: u32,
    pub(crate) pending_changes: usize,
    pub(crate) uptime_seconds: u64,
    pub(crate) labels: BTreeMap<String, String>,
    /// Who is cut off on purpose; absent where that is not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cut: Option<Vec<SocketAddr>>,
}

impl Info {
    pub(crate) fn new(swim: &Swim) -> Self {
        let stats = swim.stats();
        let own = swim.member(swim.local());
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            cluster: swim.cluster().into(),
            local: swim.local(),
            listens_on: swim.bound(),
            status: own.as_ref().map_or(Status::Leave, |member| member.status),
            ready: stats.ready,
            gossiping: stats.gossiping,
            incarnation: stats.incarnation.get(),
            checksum: format!("{:08x}", stats.checksum.0),
            members: Status::ALL.iter().map(|status| (status.name().to_owned(), stats.count(*status))).collect(),
            local_health: stats.local_health,
            pending_changes: stats.pending_changes,
            uptime_seconds: Duration::from(stats.uptime).as_secs(),
            labels: own.map(|member| pairs(member.labels.iter())).unwrap_or_default(),
            cut: swim.filter().map(swim_tokio::Filter::blocked),
        }
    }
}

/// What an action came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    /// What was done.
    pub(crate) done: String,
    /// How many hosts or members took part, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u32>,
}

/// `PUT /v1/cut`: who is cut off from now on, and nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cut {
    pub(crate) members: Vec<SocketAddr>,
}

/// Every answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) error: String,
}

fn pairs<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
