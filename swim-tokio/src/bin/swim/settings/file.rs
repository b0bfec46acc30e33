//! The agent's options in a TOML file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Deserializer};

use super::Preset;
use super::flags::{self, AdminAt};

/// What a file may say; all of it may be left out. `swim agent --help` explains each.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    #[serde(deserialize_with = "address")]
    pub(crate) bind: Option<SocketAddr>,
    #[serde(deserialize_with = "address")]
    pub(crate) advertise: Option<SocketAddr>,
    pub(crate) cluster: Option<String>,
    pub(crate) join: Vec<String>,
    pub(crate) hosts_file: Option<PathBuf>,
    pub(crate) dns: Vec<String>,
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "admin")]
    pub(crate) admin: Option<AdminAt>,
    pub(crate) admin_exposed: Option<bool>,
    pub(crate) remember: Option<PathBuf>,
    #[serde(deserialize_with = "time")]
    pub(crate) join_timeout: Option<Duration>,
    pub(crate) retry_join: Option<bool>,
    pub(crate) preset: Option<Preset>,
    pub(crate) log: Option<String>,
    pub(crate) allow_partitions: Option<bool>,
    /// What differs from the preset.
    pub(crate) options: toml::Table,
}

impl File {
    /// Reads the file at `path`. Files that it names are looked for from its own folder.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("the settings file {} cannot be read; check that it is there and may be read", path.display())
        })?;
        let mut file: Self =
            toml::from_str(&text).with_context(|| format!("the settings file {} is not understood", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for named in [&mut file.hosts_file, &mut file.remember] {
            *named = named.take().map(|named| folder.join(named));
        }
        Ok(file)
    }
}

fn read<'de, D: Deserializer<'de>, T>(from: D, parse: fn(&str) -> Result<T, String>) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).map(Some).map_err(serde::de::Error::custom)
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    read(from, flags::address)
}

fn admin<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AdminAt>, D::Error> {
    read(from, flags::admin)
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    read(from, flags::time)
}
