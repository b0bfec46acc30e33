//! The agent's options on the command line and in the environment.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;

use super::Preset;
use crate::help;

/// Makes this machine a member of a cluster.
///
/// It runs until SIGTERM or SIGINT, upon which it leaves. On SIGHUP it reads its hosts anew. Without hosts to join it is
/// a cluster of one, for others to join.
///
/// Each option can also be set by an environment variable or in a TOML file, there under the same name with underscores.
/// The command line wins over the environment, and the environment over the file; lists replace one another.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = help::AGENT)]
pub(crate) struct AgentFlags {
    /// A TOML file with options [default: none].
    #[arg(long, value_name = "FILE", env = "SWIM_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Where to listen, for datagrams and streams [default: 127.0.0.1:7946]. With port 0 a free one is found.
    #[arg(long, value_name = "ADDRESS:PORT", env = "SWIM_BIND", value_parser = address)]
    pub(crate) bind: Option<SocketAddr>,

    /// By which address the others reach this member [default: the one to listen on]. Needed where that stands for all
    /// addresses, behind NAT, and in a container.
    #[arg(long, value_name = "ADDRESS:PORT", env = "SWIM_ADVERTISE", value_parser = address)]
    pub(crate) advertise: Option<SocketAddr>,

    /// The name of the cluster [default: swim]. Members of another one are not heard.
    #[arg(long, value_name = "NAME", env = "SWIM_CLUSTER")]
    pub(crate) cluster: Option<String>,

    /// A member to join, or several with commas between; may be repeated [default: none]. One that answers is
    /// enough.
    #[arg(long, value_name = "HOST:PORT", env = "SWIM_JOIN", value_delimiter = ',')]
    pub(crate) join: Vec<String>,

    /// A file with a JSON list of hosts to join, read anew whenever hosts are needed [default: none].
    #[arg(long, value_name = "FILE", env = "SWIM_HOSTS_FILE")]
    pub(crate) hosts_file: Option<PathBuf>,

    /// A name all of whose addresses are hosts to join, resolved anew whenever hosts are needed; may be repeated
    /// [default: none].
    #[arg(long, value_name = "NAME:PORT", env = "SWIM_DNS", value_delimiter = ',')]
    pub(crate) dns: Vec<String>,

    /// A label of this member that all others see; may be repeated [default: none].
    #[arg(long = "label", value_name = "KEY=VALUE", env = "SWIM_LABELS", value_delimiter = ',', value_parser = label)]
    pub(crate) labels: Vec<Label>,

    /// Where to answer the other commands, or `off` [default: 127.0.0.1, the port of --bind plus 1000].
    #[arg(long, value_name = "ADDRESS:PORT", env = "SWIM_ADMIN", value_parser = admin)]
    pub(crate) admin: Option<AdminAt>,

    /// Lets --admin be reached from other machines [default: false]. Whoever reaches it can make this member leave.
    #[arg(long, value_name = "BOOL", env = "SWIM_ADMIN_EXPOSED", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub(crate) admin_exposed: Option<bool>,

    /// A file in which to remember the members, so that the cluster finds itself without hosts after all of it was down
    /// [default: none].
    #[arg(long, value_name = "FILE", env = "SWIM_REMEMBER")]
    pub(crate) remember: Option<PathBuf>,

    /// How long to try to join [default: 2m].
    #[arg(long, value_name = "TIME", env = "SWIM_JOIN_TIMEOUT", value_parser = time)]
    pub(crate) join_timeout: Option<Duration>,

    /// Goes on trying to join instead of giving up with status 4 [default: false].
    #[arg(long, value_name = "BOOL", env = "SWIM_RETRY_JOIN", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub(crate) retry_join: Option<bool>,

    /// The settings of the protocol to start from [default: lan]. `[options]` in the file changes single ones.
    #[arg(long, env = "SWIM_PRESET")]
    pub(crate) preset: Option<Preset>,

    /// What to log on stderr: `error`, `warn`, `info`, `debug`, `trace`, or a filter [default: RUST_LOG, or `warn` once joined].
    #[arg(long, value_name = "FILTER", env = "SWIM_LOG")]
    pub(crate) log: Option<String>,

    /// Lets the admin address cut members off, to play partition [default: false]. Not for clusters that matter.
    #[arg(long, value_name = "BOOL", env = "SWIM_ALLOW_PARTITIONS", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub(crate) allow_partitions: Option<bool>,

    /// Cut off from the start (needs --allow-partitions).
    #[arg(long, hide = true, value_name = "ADDRESS:PORT", value_delimiter = ',', value_parser = address)]
    pub(crate) cut: Vec<SocketAddr>,

    /// Ends, without leaving, when stdin is closed: when the process that started this one is gone.
    #[arg(long, hide = true)]
    pub(crate) end_with_stdin: bool,
}

/// A label as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Where the admin address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdminAt {
    Off,
    Address(SocketAddr),
}

impl fmt::Display for AdminAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// Reads an address.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("`{text}` is no address; write ADDRESS:PORT, such as 10.0.0.1:7946 or [::1]:7946"))
}

/// Reads where the admin address is.
pub(crate) fn admin(text: &str) -> Result<AdminAt, String> {
    match text {
        "off" => Ok(AdminAt::Off),
        text => address(text).map(AdminAt::Address).map_err(|error| format!("{error}, or `off`")),
    }
}

/// Reads a time.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write a time with its unit, such as `90s` or `2m`"))?;
    if time.is_zero() { Err("write a time above zero, such as `90s`".into()) } else { Ok(time) }
}

/// Reads a label.
pub(crate) fn label(text: &str) -> Result<Label, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(Label { key: key.into(), value: value.into() }),
        _ => Err(format!("`{text}` is no label; write KEY=VALUE, such as zone=a")),
    }
}
