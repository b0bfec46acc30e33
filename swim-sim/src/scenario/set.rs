//! Changing one setting of a scenario by its name, as sweeps and the command line do.

use serde::Deserialize;
use toml::{Table, Value};

use super::Scenario;
use super::fault::{Lasts, What};
use super::node_set::NodeSet;
use super::time::Time;

/// A setting that a scenario cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SetError {
    /// What is wrong, and what is allowed.
    pub reason: String,
}

impl SetError {
    fn new(reason: impl ToString) -> Self {
        Self { reason: reason.to_string() }
    }
}

impl Scenario {
    /// Changes a setting. `key` is one of
    ///
    /// - a key of the file, with dots into its tables, such as `nodes` or `network.loss`;
    /// - a key of `[network]` or of `[options]` alone, such as `loss` or `ping_timeout`;
    /// - `probe_period`: the protocol period, with both timeouts of a round in proportion;
    /// - `cut` and `split`: how long the first cut lasts, and how many nodes are on each of its sides.
    ///
    /// # Errors
    /// When there is no such key, or it cannot have this value. The scenario is as it was.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), SetError> {
        match key {
            "probe_period" => return self.set_probe_period(text),
            "cut" => return self.set_cut(text),
            "split" => return self.set_split(text),
            _ => {}
        }
        let path: Vec<&str> = key.split('.').collect();
        let path = match path.as_slice() {
            [key] if TOP.contains(key) => vec![*key],
            [key] if NETWORK.contains(key) => vec!["network", key],
            [key] => vec!["options", key],
            _ => path,
        };
        let mut table = Table::try_from(&*self).map_err(SetError::new)?;
        put(&mut table, &path, value(text))?;
        *self = Self::deserialize(table).map_err(|error| SetError::new(error.message()))?;
        Ok(())
    }

    fn set_probe_period(&mut self, text: &str) -> Result<(), SetError> {
        let period: Time = text.parse().map_err(SetError::new)?;
        let options = self.preset.changed(&self.options).map_err(SetError::new)?;
        let swim_core::ProtocolPeriod::Fixed(before) = options.protocol_period else {
            return Err(SetError::new("only a fixed period can be changed in proportion"));
        };
        let scaled = |time: std::time::Duration| {
            let micros = time.as_micros() * u128::from(period.0.0) / before.as_micros().max(1);
            Value::String(format!("{micros}us"))
        };
        let (ping, request) = (scaled(options.ping_timeout), scaled(options.ping_request_timeout));
        self.options.insert("protocol_period".into(), Value::String(period.to_string()));
        self.options.insert("ping_timeout".into(), ping);
        self.options.insert("ping_request_timeout".into(), request);
        Ok(())
    }

    fn set_cut(&mut self, text: &str) -> Result<(), SetError> {
        let lasts = match text {
            "detected" => Lasts::UntilDetected,
            _ => Lasts::For(text.parse().map_err(SetError::new)?),
        };
        let cut = self.faults.iter_mut().find(|fault| matches!(fault.what, What::Cut(_)));
        cut.ok_or_else(|| SetError::new("the scenario has no cut"))?.lasts = lasts;
        Ok(())
    }

    fn set_split(&mut self, text: &str) -> Result<(), SetError> {
        let hint = || SetError::new(format!("`{text}` are no sides; write their sizes, such as `60,40`"));
        let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
        let sizes: Vec<u32> =
            inner.split(',').map(|size| size.trim().parse().map_err(|_| hint())).collect::<Result<_, _>>()?;
        // What does not add up would leave bridges.
        crate::network::Sides::new(&sizes, self.nodes).map_err(SetError::new)?;
        let cut = self.faults.iter_mut().find_map(|fault| match &mut fault.what {
            What::Cut(groups) => Some(groups),
            _ => None,
        });
        *cut.ok_or_else(|| SetError::new("the scenario has no cut"))? = NodeSet::side_by_side(&sizes);
        Ok(())
    }
}

/// A value as it would stand in a file; what is none is text.
fn value(text: &str) -> Value {
    let read: Result<Table, _> = format!("value = {text}").parse();
    match read {
        Ok(mut table) if table.len() == 1 => table.remove("value").unwrap_or_else(|| Value::String(text.into())),
        _ => Value::String(text.into()),
    }
}

fn put(table: &mut Table, path: &[&str], value: Value) -> Result<(), SetError> {
    match path {
        [] => Ok(()),
        [key] => {
            table.insert((*key).into(), value);
            Ok(())
        }
        [key, rest @ ..] => {
            let inner = table.entry(*key).or_insert_with(|| Value::Table(Table::new()));
            match inner {
                Value::Table(inner) => put(inner, rest, value),
                Value::Array(items) => {
                    let hint = || SetError::new(format!("`{key}` is a list; write `{key}.0.` and so on"));
                    let place = rest.first().and_then(|place| place.parse::<usize>().ok()).ok_or_else(hint)?;
                    match (items.get_mut(place), &rest[1..]) {
                        (Some(item), []) => *item = value,
                        (Some(Value::Table(inner)), rest) => return put(inner, rest, value),
                        (Some(_), _) => return Err(SetError::new(format!("`{key}.{place}` is no table"))),
                        (None, _) => return Err(SetError::new(format!("there is no `{key}.{place}`"))),
                    }
                    Ok(())
                }
                _ => Err(SetError::new(format!("`{key}` is no table"))),
            }
        }
    }
}

const TOP: [&str; 12] = [
    "description",
    "nodes",
    "seed",
    "hosts",
    "boot_within",
    "begin",
    "duration",
    "preset",
    "expect",
    "network",
    "options",
    "groups",
];
const NETWORK: [&str; 3] = ["latency", "loss", "undeliverable"];

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn halves() -> Scenario {
        Scenario::halves(100)
    }

    #[test]
    fn a_setting_is_found_by_its_name_or_its_path() {
        let mut scenario = halves();
        for (key, text) in [
            ("nodes", "60"),
            ("loss", "5%"),
            ("network.latency", "1ms..80ms"),
            ("ping_timeout", "300ms"),
            ("options.heal.period", "9s"),
            ("fault.0.at", "7s"),
            ("split", "[40, 20]"),
            ("cut", "90s"),
            ("preset", "lan"),
        ] {
            scenario.set(key, text).unwrap_or_else(|error| panic!("{key}: {error}"));
        }
        let job = scenario.job().unwrap();
        assert_eq!((job.setup.nodes, job.setup.loss.to_string()), (60, "5%".into()));
        assert_eq!(job.setup.latency.to_string(), "1ms..80ms");
        assert_eq!(job.setup.options.ping_timeout, Duration::from_millis(300));
        assert_eq!(job.setup.options.heal.period, Some(Duration::from_secs(9)));
        assert_eq!(job.plan.sides.to_string(), "40,20");
        assert_eq!(job.plan.schedule.end(), swim_core::Micros::from_millis(97_000));
        scenario.set("fault.0", "{ pause = { nodes = '0' } }").unwrap();
        assert!(matches!(scenario.faults[0].what, What::Pause(_)));
        scenario.set("fault.0", "{ for = '30s', cut = ['0..20', '20..60'] }").unwrap();
        scenario.set("fault.0.cut.1", "'30..60'").unwrap();
        assert_eq!(scenario.job().unwrap().plan.sides.to_string(), "20,30,10");
    }

    #[test]
    fn the_timeouts_follow_the_probe_period() {
        let mut scenario = halves();
        scenario.set("probe_period", "0.5s").unwrap();
        let options = scenario.job().unwrap().setup.options;
        assert_eq!(options.protocol_period, swim_core::ProtocolPeriod::Fixed(Duration::from_millis(500)));
        assert_eq!(options.ping_timeout, Duration::from_millis(250));
        assert_eq!(options.ping_request_timeout, Duration::from_millis(250));
    }

    #[test]
    fn what_cannot_be_set_is_refused() {
        let error = |key, text| halves().set(key, text).unwrap_err().reason;
        assert!(error("nodes", "many").contains("invalid type"));
        assert!(error("network.losss", "5%").contains("unknown field `losss`"));
        assert!(error("loss", "120").contains("0 to 100"));
        assert!(error("split", "5,6").contains("make them add up"));
        assert!(error("split", "half").contains("such as `60,40`"));
        assert!(error("fault.3.at", "7s").contains("no `fault.3`"));
        assert!(error("fault.0", "red").contains("invalid type"));
        assert!(error("fault.0.cut.0.x", "red").contains("`cut.0` is no table"));
        let mut scenario = halves();
        scenario.set("colour", "red").unwrap();
        assert!(scenario.job().unwrap_err().to_string().contains("colour"));
    }
}
