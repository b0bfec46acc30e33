//! A scenario as an experiment: its settings are varied by their names.

use std::panic::{AssertUnwindSafe, catch_unwind};

use swim_core::{Instant, Micros};

use super::experiment::{Experiment, RunError, SettingError};
use super::settings::{Setting, Settings};
use crate::cluster::Cluster;
use crate::results::{Column, Kind, Value};
use crate::runner::{Outcome, Plan, Runner};
use crate::scenario::{Job, Scenario, ScenarioFile};
use crate::traffic::Rate;

/// Runs of one scenario.
#[derive(Clone, Debug)]
pub struct ScenarioRuns {
    file: ScenarioFile,
}

impl ScenarioRuns {
    /// Runs of the scenario of `file`.
    pub const fn new(file: ScenarioFile) -> Self {
        Self { file }
    }

    /// The job that settings ask for.
    fn job(&self, settings: &Settings, seed: u64) -> Result<Job, SettingError> {
        let mut scenario: Scenario = self.file.scenario.clone();
        scenario.seed = seed;
        for Setting { name, value } in settings {
            let refused = |reason: String| SettingError { setting: name.clone(), reason };
            scenario.set(name, value).map_err(|error| refused(error.to_string()))?;
        }
        scenario.job().map_err(|mistake| {
            // Which of them is to blame only the message can tell.
            let reason = mistake.to_string();
            let blamed = settings.iter().find(|setting| reason.contains(&setting.name));
            let setting = blamed.or_else(|| settings.iter().last()).map(|setting| setting.name.clone());
            SettingError { setting: setting.unwrap_or_else(|| self.file.name.clone()), reason }
        })
    }
}

impl Experiment for ScenarioRuns {
    fn identity(&self) -> String {
        let written = toml::to_string(&self.file.scenario);
        written.unwrap_or_else(|error| format!("a scenario that cannot be written: {error}"))
    }

    fn results(&self) -> Vec<Column> {
        RESULTS.iter().map(|(name, kind)| Column::new(*name, *kind)).collect()
    }

    fn check(&self, settings: &Settings) -> Result<(), SettingError> {
        self.job(settings, 0).map(|_| ())
    }

    fn run(&self, settings: &Settings, seed: u64) -> Result<Vec<Value>, RunError> {
        let broken = |what: String| {
            let changes: String =
                settings.iter().map(|Setting { name, value }| format!(" --set '{name}={value}'")).collect();
            RunError { what, again: format!("swim-sim run '{}'{changes} --seed {seed}", self.file.name) }
        };
        let Job { setup, plan } = self.job(settings, seed).map_err(|error| broken(error.to_string()))?;
        let mut cluster = Cluster::new(setup).map_err(|error| broken(error.to_string()))?;
        let runner = Runner::new(plan.clone(), &cluster);
        // A broken invariant inside a node panics; the other runs go on.
        match catch_unwind(AssertUnwindSafe(|| runner.run(&mut cluster, |_, _| {}))) {
            Ok(Ok(outcome)) => Ok(values(&cluster, &plan, &outcome)),
            Ok(Err(violation)) => Err(broken(violation.to_string())),
            Err(_) => Err(broken(format!("event {} at {}: a node panicked", cluster.events(), cluster.now()))),
        }
    }
}

/// What a run showed. Nothing of it depends on the machine.
fn values(cluster: &Cluster, plan: &Plan, outcome: &Outcome) -> Vec<Value> {
    let seconds = |time: Micros| time.0 as f64 / 1e6;
    let time = |time: Option<Micros>| time.map_or(Value::Missing, |time| Value::float(seconds(time)));
    // The slowest side; missing where one never noticed.
    let detected = outcome.detected_after().iter().copied().collect::<Option<Vec<_>>>().unwrap_or_default();
    let rest = |part: fn(&Rate) -> f64| outcome.rest.as_ref().map_or(Value::Missing, |rest| Value::float(part(rest)));
    let accusations = cluster.accusations();
    let (total, peak) = (cluster.traffic().total(), cluster.traffic().peak_second());
    let per_node = |amount: u64| Value::float(amount as f64 / f64::from(cluster.setup().nodes));
    vec![
        Value::count(plan.is_met_by(cluster, outcome).into()),
        time(outcome.joined_after),
        time(detected.into_iter().max()),
        time(outcome.faults_for),
        time(outcome.healed_after),
        Value::count(accusations.members() as u64),
        Value::count(accusations.count()),
        rest(|rest| rest.messages),
        rest(|rest| rest.bytes),
        per_node(peak.messages),
        per_node(peak.bytes),
        Value::count(total.messages),
        Value::count(total.bytes),
        Value::float(seconds(cluster.now().since(Instant::ZERO))),
        Value::count(cluster.events()),
        Value::text(outcome.ended_in.name()),
        Value::text(outcome.pending.as_ref().map(ToString::to_string).unwrap_or_default()),
        // The prefix keeps readers of tables from taking it for a number.
        Value::text(format!("0x{:016x}", cluster.hash())),
    ]
}

/// Times are in seconds, rates are for one node and second.
const RESULTS: [(&str, Kind); 18] = [
    ("succeeded", Kind::Integer),
    ("joined_after", Kind::Float),
    ("detected_after", Kind::Float),
    ("faults_for", Kind::Float),
    ("healed_after", Kind::Float),
    ("wrongly_faulty", Kind::Integer),
    ("accusations", Kind::Integer),
    ("rest_messages", Kind::Float),
    ("rest_bytes", Kind::Float),
    ("peak_messages", Kind::Float),
    ("peak_bytes", Kind::Float),
    ("total_messages", Kind::Integer),
    ("total_bytes", Kind::Integer),
    ("simulated", Kind::Float),
    ("events", Kind::Integer),
    ("ended_in", Kind::Text),
    ("pending", Kind::Text),
    ("hash", Kind::Text),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(all: &[(&str, &str)]) -> Settings {
        let setting = |(name, value): &(&str, &str)| Setting { name: (*name).into(), value: (*value).into() };
        Settings::new(all.iter().map(setting).collect())
    }

    fn halves() -> ScenarioRuns {
        ScenarioRuns::new(ScenarioFile {
            name: "halves".into(),
            source: String::new(),
            scenario: Scenario::halves(1000),
        })
    }

    #[test]
    fn a_run_gives_what_it_announces() {
        let values = halves().run(&settings(&[("nodes", "10"), ("split", "[7, 3]")]), 1).unwrap();
        let results = halves().results();
        assert_eq!(values.len(), results.len());
        for (value, column) in values.iter().zip(&results) {
            assert!(value.fits(column.kind), "{}: {value:?}", column.name);
        }
        assert_eq!(values[0], Value::Integer(1));
    }

    #[test]
    fn mistakes_name_the_setting_and_what_is_allowed() {
        for (name, value, hint) in [
            ("nodes", "0", "1 to 100000"),
            ("loss", "120", "0 to 100"),
            ("latency", "5", "such as `5ms`"),
            ("preset", "moon", "`lan`, `wan`, `local`"),
            ("cut", "90", "such as `90s`"),
            ("split", "5,6", "make them add up"),
            ("ping_timeout", "900ms", "longer than the fixed"),
            ("colour", "red", "colour"),
        ] {
            let error = halves().check(&settings(&[(name, value)])).unwrap_err();
            assert!(error.setting == name && error.reason.contains(hint), "{error}");
        }
    }
}
