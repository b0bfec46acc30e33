//! The scenarios that are built in. They are files, so that a reader can copy one and change it.

/// A built-in scenario.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// Its text, with comments that teach the format.
    pub source: &'static str,
}

/// All of them, the simple ones first.
pub fn builtins() -> &'static [Builtin] {
    &BUILTINS
}

/// The one of this name.
pub fn builtin(name: &str) -> Option<Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name).copied()
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(Builtin { name: $name, source: include_str!(concat!("../../scenarios/", $name, ".toml")) }),*]
    };
}

static BUILTINS: [Builtin; 19] = built_in![
    "halves",
    "three-way",
    "join-storm",
    "rolling-restart",
    "mass-restart",
    "lone-node",
    "minority-rack",
    "one-way",
    "bridge",
    "flapping",
    "ingress-loss",
    "egress-loss",
    "square-wave",
    "slow-processes",
    "clock-drift",
    "stop-the-world",
    "churn",
    "partition-in-storm",
    "long-partition",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ScenarioFile;

    #[test]
    fn every_built_in_scenario_is_sound_and_says_what_it_shows() {
        for Builtin { name, source } in builtins() {
            let mut file = ScenarioFile::read(name, source).unwrap_or_else(|error| panic!("{error}"));
            file.job().unwrap_or_else(|error| panic!("{error}"));
            assert!(file.scenario.description.len() > 40, "{name}");
            assert!(source.starts_with("description"), "{name}");
            file.scenario.nodes = 30;
            file.job().unwrap_or_else(|error| panic!("with 30 nodes: {error}"));
        }
    }
}
