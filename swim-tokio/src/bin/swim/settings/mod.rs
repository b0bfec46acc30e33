//! The agent's settings: what the command line, the environment and a file say, in this order, and defaults for the rest.

pub(crate) mod file;
pub(crate) mod flags;
mod preset;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use swim_core::{Options, OwnLabels};

use self::file::File;
use self::flags::{AdminAt, AgentFlags};
pub(crate) use self::preset::Preset;

/// Everything that an agent has to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) bind: SocketAddr,
    pub(crate) advertise: Option<SocketAddr>,
    pub(crate) sources: Sources,
    pub(crate) options: Options,
    pub(crate) admin: AdminAt,
    pub(crate) admin_exposed: bool,
    pub(crate) remember: Option<PathBuf>,
    pub(crate) retry_join: bool,
    pub(crate) log: Option<String>,
    pub(crate) allow_partitions: bool,
    pub(crate) cut: Vec<SocketAddr>,
    pub(crate) end_with_stdin: bool,
}

/// Where hosts come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    /// Hosts and names, each with a port.
    pub(crate) join: Vec<String>,
    /// Names, each with a port.
    pub(crate) dns: Vec<String>,
    /// A file with more of them.
    pub(crate) hosts_file: Option<PathBuf>,
}

/// Where to listen unless something else is said: on this machine alone, so that nothing is open by accident.
const BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7946);
/// How far the admin port is above the port of the protocol.
const ADMIN_ABOVE: u16 = 1000;
/// Where the commands look for an agent unless something else is said.
pub(crate) const ADMIN: SocketAddr = SocketAddr::new(BIND.ip(), BIND.port() + ADMIN_ABOVE);

impl Settings {
    /// Reads the file that `flags` name, and puts all together.
    ///
    /// # Errors
    /// A mistake in the file or in one of the values. Files with hosts are not read yet.
    pub(crate) fn resolve(flags: AgentFlags) -> anyhow::Result<Self> {
        let file = read_file(&flags)?;
        let sources = Sources::resolve(&flags, &file);
        let bind = flags.bind.or(file.bind).unwrap_or(BIND);
        let mut options = flags.preset.or(file.preset).unwrap_or_default().changed(&file.options)?;
        if let Some(cluster) = flags.cluster.or(file.cluster) {
            options.app = cluster;
        }
        if let Some(time) = flags.join_timeout.or(file.join_timeout) {
            options.join.max_duration = time;
            options.join.timeout = options.join.timeout.min(time);
        }
        options.labels = if flags.labels.is_empty() {
            OwnLabels::new(file.labels)?
        } else {
            OwnLabels::new(flags.labels.into_iter().map(|label| (label.key, label.value)))?
        };
        Ok(Self {
            bind,
            advertise: flags.advertise.or(file.advertise),
            sources,
            options,
            admin: flags.admin.or(file.admin).unwrap_or_else(|| admin_beside(bind)),
            admin_exposed: flags.admin_exposed.or(file.admin_exposed).unwrap_or_default(),
            remember: flags.remember.or(file.remember),
            retry_join: flags.retry_join.or(file.retry_join).unwrap_or_default(),
            log: flags.log.or(file.log),
            allow_partitions: flags.allow_partitions.or(file.allow_partitions).unwrap_or_default(),
            cut: flags.cut,
            end_with_stdin: flags.end_with_stdin,
        })
    }
}

impl Sources {
    /// What `flags` and the file that they name say now: the file may have changed.
    pub(crate) fn reread(flags: &AgentFlags) -> anyhow::Result<Self> {
        Ok(Self::resolve(flags, &read_file(flags)?))
    }

    fn resolve(flags: &AgentFlags, file: &File) -> Self {
        let list = |flag: &[String], file: &[String]| if flag.is_empty() { file.to_vec() } else { flag.to_vec() };
        Self {
            join: list(&flags.join, &file.join),
            dns: list(&flags.dns, &file.dns),
            hosts_file: flags.hosts_file.clone().or_else(|| file.hosts_file.clone()),
        }
    }

    /// Whether there are none: the agent is the first of its cluster.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn read_file(flags: &AgentFlags) -> anyhow::Result<File> {
    flags.config.as_deref().map_or_else(|| Ok(File::default()), File::read)
}

/// A port that belongs to the protocol's, so that several agents on one machine do not meet; where there is none, any.
fn admin_beside(bind: SocketAddr) -> AdminAt {
    let port = match bind.port() {
        0 => 0,
        port => port.checked_add(ADMIN_ABOVE).unwrap_or(0),
    };
    AdminAt::Address(SocketAddr::new(BIND.ip(), port))
}
