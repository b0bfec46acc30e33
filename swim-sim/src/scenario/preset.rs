//! The protocol's settings of a scenario: a preset, and what differs from it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use swim_core::{Micros, Options};
use toml::{Table, Value};

/// The presets of the protocol that travel by datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// One network: a probe each second.
    #[default]
    Lan,
    /// Networks that are far apart: a probe every five seconds.
    Wan,
    /// One machine.
    Local,
}

/// Why options were not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {reason}")]
pub struct OptionsError {
    /// The option, with dots between the parts of its name.
    pub key: String,
    /// What is wrong.
    pub reason: String,
}

impl Preset {
    /// Its settings.
    pub fn options(self) -> Options {
        match self {
            Self::Lan => Options::lan(),
            Self::Wan => Options::wan(),
            Self::Local => Options::local(),
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Wan => "wan",
            Self::Local => "local",
        }
    }

    /// Its settings, but for what `changes` says: tables as [`Options`] is written by serde, times as text. `"off"`
    /// switches off what can be switched off.
    ///
    /// # Errors
    /// The option that does not exist or has a value of a wrong kind.
    pub fn changed(self, changes: &Table) -> Result<Options, OptionsError> {
        let wrong = |key: &str, reason: String| OptionsError { key: key.into(), reason };
        let mut table = Table::try_from(self.options()).map_err(|error| wrong("", error.to_string()))?;
        let changed = |key: &str, value: &Value, table: &mut Table| {
            merge(table, key, value).map_err(|reason| wrong(key, reason))?;
            // One at a time, so that a mistake is laid at the right door.
            Options::deserialize(table.clone()).map_err(|error| wrong(key, first_line(&error.to_string())))
        };
        let mut options = self.options();
        for (key, value) in changes {
            let events = options.events;
            options = Options { events, ..changed(key, value, &mut table)? };
        }
        Ok(options)
    }
}

/// Puts `value` under `key`; a table changes only what it names.
fn merge(table: &mut Table, key: &str, value: &Value) -> Result<(), String> {
    if value.as_str() == Some("off") {
        table.remove(key);
        return Ok(());
    }
    let known = table.get(key);
    let value = match (known, value) {
        (Some(Value::Table(known)), Value::Table(changes)) if !is_duration(known) => {
            let mut known = known.clone();
            // One of several kinds, such as `fixed` and `lifeguard`: another one takes its place.
            let other_kind =
                known.len() == 1 && changes.len() == 1 && !changes.keys().all(|key| known.contains_key(key));
            if other_kind {
                known.clear();
            }
            for (key, value) in changes {
                merge(&mut known, key, value)?;
            }
            Value::Table(known)
        }
        (Some(Value::Table(known)), Value::String(text)) if known.contains_key("fixed") => {
            // `protocol_period = "2s"` for `{ fixed = "2s" }`.
            Value::Table(Table::from_iter([("fixed".to_owned(), duration(text)?)]))
        }
        (Some(Value::String(_)), Value::String(_)) => value.clone(),
        // What is switched off may be a time, or no option at all.
        (None, Value::String(text)) => duration(text).unwrap_or_else(|_| value.clone()),
        (Some(_), Value::String(text)) => duration(text)?,
        (_, value) => value.clone(),
    };
    table.insert(key.into(), value);
    Ok(())
}

fn is_duration(table: &Table) -> bool {
    table.contains_key("secs") && table.contains_key("nanos")
}

/// A duration as serde writes it.
fn duration(text: &str) -> Result<Value, String> {
    let time: super::time::Time = text.parse().map_err(|error: super::time::TimeError| error.to_string())?;
    let Micros(micros) = time.0;
    Value::try_from(Duration::from_micros(micros)).map_err(|error| error.to_string())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{ProtocolPeriod, SuspicionTimeout};

    fn changed(text: &str) -> Result<Options, OptionsError> {
        Preset::Lan.changed(&text.parse().unwrap())
    }

    #[test]
    fn what_is_named_changes_and_all_else_stays() {
        let options = changed(
            "ping_timeout = '300ms'\nping_request_size = 1\nprotocol_period = '2s'\n\
             [heal]\nperiod = 'off'\n[gossip]\nnodes = 5\n[state_timeouts]\nfaulty = '1h'\n\
             suspect = { lifeguard = { alpha = 5 } }",
        )
        .unwrap();
        let lan = Options::lan();
        assert_eq!(options.ping_timeout, Duration::from_millis(300));
        assert_eq!(options.ping_request_size, 1);
        assert_eq!(options.protocol_period, ProtocolPeriod::Fixed(Duration::from_secs(2)));
        assert_eq!((options.heal.period, options.heal.timeout), (None, lan.heal.timeout));
        assert_eq!(options.gossip.map(|gossip| gossip.nodes), Some(5));
        assert_eq!(options.state_timeouts.faulty, Duration::from_secs(3600));
        let lifeguard = SuspicionTimeout::Lifeguard { alpha: 5, beta: 6, confirmations: 3 };
        assert_eq!(options.state_timeouts.suspect, lifeguard);
        assert_eq!(options.events, lan.events);
    }

    #[test]
    fn one_kind_takes_the_place_of_another_and_options_can_be_switched_off() {
        let options = changed("gossip = 'off'\n[state_timeouts]\nsuspect = { fixed = '5s' }").unwrap();
        assert_eq!(options.gossip, None);
        assert_eq!(options.state_timeouts.suspect, SuspicionTimeout::Fixed(Duration::from_secs(5)));
    }

    #[test]
    fn mistakes_name_the_option() {
        for (text, key) in [
            ("ping_timeuot = '1s'", "ping_timeuot"),
            ("ping_timeout = 5", "ping_timeout"),
            ("ping_timeout = 'soon'", "ping_timeout"),
            ("heal = { perriod = '1s' }", "heal"),
            ("ping_timeout = 'off'", "ping_timeout"),
        ] {
            assert_eq!(changed(text).map_err(|error| error.key), Err(key.into()), "{text}");
        }
    }

    #[test]
    fn no_change_is_the_preset() {
        for preset in [Preset::Lan, Preset::Wan, Preset::Local] {
            assert_eq!(preset.changed(&Table::new()), Ok(preset.options()));
        }
    }
}
