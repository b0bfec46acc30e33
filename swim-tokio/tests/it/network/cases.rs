//! What is tried: each case is a scenario of the simulator, which is also played on a real network.

use swim_sim::{Scenario, ScenarioFile};

use super::play::Outcome;

/// One case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    text: &'static str,
    pub(crate) network: Way,
    /// What is compared besides how long joining took.
    pub(crate) quantities: &'static [Quantity],
}

/// How wide the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// All links take 1500 bytes.
    Plain,
    /// Every second link takes 1280 bytes, and what members tell fills datagrams of 1400.
    Narrow,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantity {
    pub(crate) what: &'static str,
    pub(crate) of: fn(&Outcome) -> Option<f64>,
}

const fn healed(what: &'static str) -> Quantity {
    Quantity { what, of: |outcome| outcome.healed_after }
}

/// From the start until all see all.
pub(crate) const JOINED: Quantity = Quantity { what: "all see all", of: |outcome| outcome.joined_after };
const DETECTED: Quantity = Quantity { what: "each side holds the other faulty", of: |outcome| outcome.detected_after };
/// Live members that were declared faulty.
pub(crate) const WRONG: Quantity =
    Quantity { what: "live members declared faulty", of: |outcome| Some(outcome.wrongly_faulty as f64) };

macro_rules! case {
    ($name:literal, $network:expr, [$($quantity:expr),*]) => {
        Case {
            name: $name,
            text: include_str!(concat!("scenarios/", $name, ".toml")),
            network: $network,
            quantities: &[$($quantity),*],
        }
    };
}

/// All of them.
pub(crate) const CASES: [Case; 11] = [
    case!("kill", Way::Plain, [healed("all hold it faulty")]),
    case!("restart", Way::Plain, [healed("from its start: one checksum")]),
    case!("return", Way::Plain, [healed("from its start: one checksum")]),
    case!("suspend", Way::Plain, [healed("all hold it faulty")]),
    case!("resume", Way::Plain, [healed("from its going on: one checksum")]),
    case!("partition", Way::Plain, [DETECTED, healed("from the cut's end: one checksum")]),
    case!("deaf", Way::Plain, [healed("from the cut's end: one checksum")]),
    case!("mute", Way::Plain, [healed("from the cut's end: one checksum")]),
    case!("loss", Way::Plain, [healed("all hold the killed one faulty"), WRONG]),
    case!("latency", Way::Plain, [healed("all hold the killed one faulty"), WRONG]),
    case!("narrow", Way::Narrow, [healed("all hold the killed one faulty"), WRONG]),
];

impl Case {
    /// The case of this name.
    pub(crate) fn named(name: &str) -> Self {
        CASES.into_iter().find(|case| case.name == name).expect("there is such a case")
    }

    /// Its scenario in a cluster of `nodes`.
    pub(crate) fn scenario(&self, nodes: u32, seed: u64) -> Scenario {
        let file = ScenarioFile::read(self.name, self.text).unwrap_or_else(|error| panic!("{error}"));
        Scenario { nodes, seed, ..file.scenario }
    }
}
