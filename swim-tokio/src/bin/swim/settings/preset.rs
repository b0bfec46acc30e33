//! The settings of the protocol: a preset, and what a file changes of it.

use std::time::Duration;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use swim_core::Options;
use toml::{Table, Value};

/// The presets of swim-core that travel by datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Preset {
    /// One network: a probe each second.
    #[default]
    Lan,
    /// Networks that are far apart: a probe every five seconds.
    Wan,
    /// One machine.
    Local,
}

impl Preset {
    fn options(self) -> Options {
        match self {
            Self::Lan => Options::lan(),
            Self::Wan => Options::wan(),
            Self::Local => Options::local(),
        }
    }

    /// The preset with `changes`: tables as swim-core writes its options, times as text, and `"off"` where something can
    /// be switched off. A mistake names the option.
    pub(crate) fn changed(self, changes: &Table) -> anyhow::Result<Options> {
        let mut options = Table::try_from(self.options())?;
        for (key, value) in changes {
            if key == "labels" {
                return Err(anyhow!("[options] labels: labels have a table of their own, [labels]"));
            }
            change(&mut options, key, value).with_context(|| format!("[options] {key}"))?;
            // After each, so that a mistake is laid at the right door.
            Options::deserialize(options.clone()).map_err(|error| anyhow!("[options] {key}: {}", error.message()))?;
        }
        let events = self.options().events;
        Ok(Options { events, ..Options::deserialize(options)? })
    }
}

/// Puts `value` under `key`. A table changes only what it names.
fn change(options: &mut Table, key: &str, value: &Value) -> anyhow::Result<()> {
    let known = options.get_mut(key);
    let value = match (known, value) {
        (_, Value::String(text)) if text == "off" => {
            options.remove(key);
            return Ok(());
        }
        (Some(Value::Table(known)), Value::Table(changes)) if !is_time(known) => {
            // A table with one entry says which of several kinds it is: another kind takes its place.
            if known.len() == 1 && changes.keys().any(|key| !known.contains_key(key)) {
                known.clear();
            }
            return changes.iter().try_for_each(|(key, value)| change(known, key, value));
        }
        (Some(Value::Table(known)), Value::String(text)) if known.contains_key("fixed") => {
            Value::Table(Table::from_iter([("fixed".to_owned(), time(text)?)]))
        }
        (Some(Value::Table(_)), Value::String(text)) => time(text)?,
        (None, Value::Table(changes)) => {
            let mut made = Table::new();
            changes.iter().try_for_each(|(key, value)| change(&mut made, key, value))?;
            Value::Table(made)
        }
        // What is not there is switched off, and may be a time.
        (None, Value::String(text)) => time(text).unwrap_or_else(|_| value.clone()),
        (_, value) => value.clone(),
    };
    options.insert(key.into(), value);
    Ok(())
}

fn is_time(table: &Table) -> bool {
    table.contains_key("secs") && table.contains_key("nanos")
}

/// A time as swim-core writes it.
fn time(text: &str) -> anyhow::Result<Value> {
    let time: Duration = humantime::parse_duration(text)
        .map_err(|error| anyhow!("`{text}` is no time ({error}); write one with its unit, such as `500ms`"))?;
    Ok(Value::try_from(time)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{ProtocolPeriod, SuspicionTimeout};

    fn changed(text: &str) -> anyhow::Result<Options> {
        Preset::Lan.changed(&text.parse().unwrap())
    }

    #[test]
    fn what_is_named_changes_and_all_else_stays() {
        let text = "ping_timeout = '300ms'\nprotocol_period = '2s'\nheal = { period = 'off' }\n\
                    gossip = { nodes = 5 }\nstate_timeouts = { faulty = '1h', suspect = { lifeguard = { alpha = 5 } } }";
        let options = changed(text).unwrap();
        let mut expected = Options::lan();
        expected.ping_timeout = Duration::from_millis(300);
        expected.protocol_period = ProtocolPeriod::Fixed(Duration::from_secs(2));
        expected.heal.period = None;
        expected.gossip.as_mut().unwrap().nodes = 5;
        expected.state_timeouts.faulty = Duration::from_secs(3600);
        expected.state_timeouts.suspect = SuspicionTimeout::Lifeguard { alpha: 5, beta: 6, confirmations: 3 };
        assert_eq!(options, expected);
    }

    #[test]
    fn one_kind_takes_the_place_of_another() {
        let options = changed("state_timeouts = { suspect = { fixed = '5s' } }").unwrap();
        assert_eq!(options.state_timeouts.suspect, SuspicionTimeout::Fixed(Duration::from_secs(5)));
        let options = changed("protocol_period = { adaptive = { min = '200ms' } }").unwrap();
        assert_eq!(options.protocol_period, ProtocolPeriod::Adaptive { min: Duration::from_millis(200) });
    }

    #[test]
    fn mistakes_name_the_option() {
        for text in [
            "ping_timeuot = '1s'",
            "ping_timeout = 5",
            "ping_timeout = 'soon'",
            "ping_timeout = 'off'",
            "labels = { zone = 'a' }",
        ] {
            let key = text.split(' ').next().unwrap();
            let error = changed(text).unwrap_err();
            assert!(format!("{error:#}").contains(&format!("[options] {key}")), "{text}: {error:#}");
        }
    }
}
