//! A scenario: a cluster, what goes wrong with it, and what is expected. Written as TOML; `swim-sim show NAME` prints
//! examples that teach the format.
//!
//! ```
//! use swim_sim::{Cluster, Runner, ScenarioFile};
//!
//! let file = ScenarioFile::read("short.toml", r#"
//!     nodes = 8
//!     [[fault]]
//!     crash = { nodes = "3" }
//!     for = "20s"
//! "#)?;
//! let job = file.job()?;
//! let mut cluster = Cluster::new(job.setup)?;
//! let outcome = Runner::new(job.plan, &cluster).run(&mut cluster, |_, _| {})?;
//! assert!(outcome.healed_after.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bound;
mod builtin;
mod clip;
mod error;
mod fault;
mod node_set;
mod preset;
mod schedule;
mod set;
mod settings;
mod time;

pub use bound::convergence_bound;
pub use builtin::{Builtin, builtin, builtins};
pub use error::ScenarioError;
pub use fault::{
    BurstsFault, ChanceFault, ChurnFault, ClockFault, CrashFault, DelayFault, Fault, FaultError, Lasts, LossFault,
    OneWay, ReorderingFault, StreamsFault, Struck, Wave, What,
};
pub use node_set::{NodeSet, NodeSetError};
pub use preset::{OptionsError, Preset};
pub use schedule::{Action, Ends, Mark, Schedule, ScheduleError, Step};
pub use set::SetError;
pub use settings::{Agreement, Allowed, AllowedError, Begin, Expect, Link, NetworkSettings, Zone};
pub use time::{Drift, Shift, Time, TimeError};

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use swim_core::{Config, Random};

use crate::cluster::Setup;
use crate::network::{Sides, Zones};
use crate::nodes::Nodes;
use crate::runner::Plan;
use crate::seeds::Stream;
use error::At;

/// A scenario as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// What it shows, for people.
    pub description: String,
    /// How many nodes the cluster has.
    pub nodes: u32,
    /// What everything random derives from.
    pub seed: u64,
    /// How many nodes, from the first one on, are on everybody's host list.
    pub hosts: u32,
    /// Within which time all nodes boot.
    pub boot_within: Time,
    /// When the faults begin.
    pub begin: Begin,
    /// When the run ends, converged or not; without it, once it converged, or could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Time>,
    /// The settings of the protocol.
    pub preset: Preset,
    /// What is expected.
    pub expect: Expect,
    /// The network when nothing is wrong with it.
    pub network: NetworkSettings,
    /// What differs from the preset.
    #[serde(skip_serializing_if = "toml::Table::is_empty")]
    pub options: toml::Table,
    /// Names for sets of nodes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, NodeSet>,
    /// What goes wrong.
    #[serde(rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            description: String::new(),
            nodes: 1000,
            seed: 1,
            hosts: 3,
            boot_within: Time::from_millis(1_000),
            begin: Begin::default(),
            duration: None,
            preset: Preset::default(),
            expect: Expect::default(),
            network: NetworkSettings::default(),
            options: toml::Table::new(),
            groups: BTreeMap::new(),
            faults: Vec::new(),
        }
    }
}

/// What a scenario comes to: a cluster, and what is done to it.
#[derive(Clone, Debug)]
pub struct Job {
    /// The cluster.
    pub setup: Setup,
    /// What is done to it.
    pub plan: Plan,
}

/// A scenario with the text that it was read from.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    /// The name of the file, or of the built-in scenario.
    pub name: String,
    /// The text.
    pub source: String,
    /// What it says; may be changed before [`ScenarioFile::job`].
    pub scenario: Scenario,
}

impl ScenarioFile {
    /// Reads a scenario.
    ///
    /// # Errors
    /// At the first mistake, with its line and what is allowed there.
    pub fn read(name: &str, source: &str) -> Result<Self, Box<ScenarioError>> {
        let scenario = toml::from_str(source).map_err(|error: toml::de::Error| {
            ScenarioError::new(name, source, error.span().unwrap_or(0..0), error.message())
        })?;
        Ok(Self { name: name.into(), source: source.into(), scenario })
    }

    /// What it comes to.
    ///
    /// # Errors
    /// At the first thing that cannot be: a node that does not exist, a setting that is refused, an impossible time.
    pub fn job(&self) -> Result<Job, Box<ScenarioError>> {
        self.scenario
            .job()
            .map_err(|mistake| ScenarioError::at(&self.name, &self.source, &mistake.path(), &mistake.message))
    }
}

/// What a scenario says that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    place: Place,
    message: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Key(&'static str),
    Group(String),
    Fault(usize),
    Option(String),
    Zone(usize),
    Link(usize),
}

impl Mistake {
    fn new(place: Place, message: impl fmt::Display) -> Self {
        Self { place, message: message.to_string() }
    }

    fn path(&self) -> Vec<At<'_>> {
        match &self.place {
            Place::Key(key) => vec![At::Key(key)],
            Place::Group(name) => vec![At::Key("groups"), At::Key(name)],
            Place::Fault(number) => vec![At::Key("fault"), At::Item(*number)],
            Place::Option(key) => vec![At::Key("options"), At::Key(key)],
            Place::Zone(number) => vec![At::Key("network"), At::Key("zone"), At::Item(*number)],
            Place::Link(number) => vec![At::Key("network"), At::Key("link"), At::Item(*number)],
        }
    }
}

impl Scenario {
    /// A cluster that is cut in two until each half holds the other faulty.
    pub fn halves(nodes: u32) -> Self {
        Self { nodes, ..Self::default() }.with_cut(&[nodes.div_ceil(2), nodes / 2], Lasts::UntilDetected)
    }

    /// The same, with a cut into sides of these sizes besides, from the beginning of the faults on.
    #[must_use]
    pub fn with_cut(mut self, sizes: &[u32], lasts: Lasts) -> Self {
        let what = What::Cut(NodeSet::side_by_side(sizes));
        self.faults.push(Fault { at: Time::default(), lasts, wave: None, stagger: None, what });
        self
    }

    /// What it comes to.
    ///
    /// # Errors
    /// At the first thing that cannot be.
    pub fn job(&self) -> Result<Job, Mistake> {
        if !(1..=Setup::NODES_MAX).contains(&self.nodes) {
            let message = format!("{} nodes cannot be simulated; 1 to {} can", self.nodes, Setup::NODES_MAX);
            return Err(Mistake::new(Place::Key("nodes"), message));
        }
        if self.hosts == 0 {
            return Err(Mistake::new(Place::Key("hosts"), "one host at least is needed, or nobody can join"));
        }
        if self.boot_within == Time::default() {
            return Err(Mistake::new(Place::Key("boot_within"), "a time above zero is needed"));
        }
        let options = self.preset.changed(&self.options).map_err(|error| {
            let place = Place::Option(error.key.clone());
            Mistake::new(place, error)
        })?;
        let config = Config::try_from(options.clone()).map_err(|error| {
            let message = format!("the options do not work: {error}");
            let named = self.options.keys().find(|key| names(&message, key));
            let place = named.or_else(|| self.options.keys().next()).cloned().unwrap_or_default();
            Mistake::new(Place::Option(place), message)
        })?;
        let groups = self.groups()?;
        let schedule = Schedule::new(&self.faults, &groups, self.nodes, self.seed)
            .map_err(|(number, error)| Mistake::new(Place::Fault(number), error))?;
        let setup = Setup {
            options,
            boot_within: self.boot_within.0,
            hosts: self.hosts,
            latency: self.network.latency,
            zones: self.zones(&groups)?,
            loss: self.network.loss,
            undeliverable: self.network.undeliverable,
            ..Setup::new(self.nodes, self.seed)
        };
        let plan = Plan {
            sides: self.sides(&schedule),
            schedule,
            begin: self.begin,
            agreement: self.agreement(),
            converge_within: self.expect.within.map_or_else(|| convergence_bound(&config, self.nodes), |time| time.0),
            wrongly_faulty: self.expect.wrongly_faulty,
            duration: self.duration.map(|time| time.0),
        };
        Ok(Job { setup, plan })
    }

    /// The named sets of nodes. A group may name those before it in the order of their names.
    fn groups(&self) -> Result<BTreeMap<String, Nodes>, Mistake> {
        let mut groups = BTreeMap::new();
        for (number, (name, set)) in (0u64..).zip(&self.groups) {
            let mut random = Random::new(Stream::Groups.seed(self.seed).wrapping_add(number));
            let nodes = set
                .resolve(self.nodes, &groups, &mut random)
                .map_err(|error| Mistake::new(Place::Group(name.clone()), error))?;
            groups.insert(name.clone(), nodes);
        }
        Ok(groups)
    }

    fn zones(&self, groups: &BTreeMap<String, Nodes>) -> Result<Option<Zones>, Mistake> {
        let settings = &self.network;
        if settings.zones.len() >= Zones::MAX {
            let message = format!("{} zones are too many; {} can be told apart", settings.zones.len(), Zones::MAX - 1);
            return Err(Mistake::new(Place::Zone(Zones::MAX - 1), message));
        }
        let mut zones = Zones::one(self.nodes, settings.latency);
        for (number, zone) in settings.zones.iter().enumerate() {
            let mut random = Random::new(Stream::Groups.seed(self.seed).wrapping_sub(1 + number as u64));
            let nodes = zone
                .nodes
                .resolve(self.nodes, groups, &mut random)
                .map_err(|error| Mistake::new(Place::Zone(number), error))?;
            zones.add(&nodes, zone.within, zone.across);
        }
        for (number, link) in settings.links.iter().enumerate() {
            let find = |name: &String| {
                let place = settings.zones.iter().position(|zone| zone.name == *name);
                place.ok_or_else(|| Mistake::new(Place::Link(number), format!("there is no zone `{name}`")))
            };
            let [a, b] = &link.zones;
            // Zone 0 holds whoever is in none.
            zones.between(find(a)? + 1, find(b)? + 1, link.latency);
        }
        Ok((!settings.zones.is_empty()).then_some(zones))
    }

    /// Which groups of nodes a report tells apart: the sides of the first cut, or the nodes that are struck first.
    fn sides(&self, schedule: &Schedule) -> Sides {
        let of_cut = schedule.steps.iter().find_map(|step| match &step.action {
            Action::Cut(_, cut, _) => Some(cut.sides().clone()),
            _ => None,
        });
        let struck = || {
            schedule.steps.iter().find_map(|step| match &step.action {
                Action::Impose(_, impairment) => Sides::of(std::slice::from_ref(&impairment.nodes)).ok(),
                _ => None,
            })
        };
        of_cut.or_else(struck).unwrap_or_else(|| Sides::whole(self.nodes))
    }

    fn agreement(&self) -> Agreement {
        match self.expect.agreement {
            Agreement::Auto if self.network.loss.is_never() => Agreement::Checksum,
            Agreement::Auto => Agreement::Reachable,
            agreement => agreement,
        }
    }
}

/// Whether the message has this option in backticks, alone or with what is within it or said of it.
fn names(message: &str, option: &str) -> bool {
    let mut quoted = message.split('`').skip(1).step_by(2);
    quoted.any(|quoted| quoted.split(['.', ' ']).next() == Some(option))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        match ScenarioFile::read("test.toml", text) {
            Err(error) => error.to_string(),
            Ok(file) => file.job().expect_err("a mistake is found").to_string(),
        }
    }

    #[test]
    fn mistakes_point_at_their_line_and_say_what_is_allowed() {
        for (text, line, hint) in [
            ("nodes = 8\nseeds = 5", 2, "unknown field `seeds`"),
            ("nodes = 0", 1, "1 to 100000"),
            ("nodes = 8\n[[fault]]\nfor = '5s'\npause = { nodes = '9' }", 2, "there is no node 9"),
            ("nodes = 8\n[[fault]]\nfor = 'soon'\npause = { nodes = '0' }", 2, "`for` is a time"),
            ("nodes = 8\n[options]\nping_timeout = '900ms'", 3, "the options do not work"),
            ("nodes = 8\n[options]\nping_timeuot = '900ms'", 3, "ping_timeuot"),
            (
                "nodes = 8\n[options]\ndatagram_max = 1200\nstate_timeouts = { suspect = { fixed = '500ms' } }",
                4,
                "`state_timeouts.suspect`",
            ),
            ("nodes = 8\n[options]\nfull_sync = 'stream'\nfull_sync_timeout = '0s'", 4, "`full_sync_timeout` is zero"),
            ("nodes = 8\n[groups]\nrack = 'random 9'", 3, "cannot be drawn"),
            ("nodes = 8\n[network]\nlatency = '9ms..1ms'", 3, "shorter time first"),
            ("nodes = 8\n[network]\nlink = [{ zones = ['a', 'b'], latency = '1ms' }]", 3, "no zone `a`"),
            ("nodes = 8\nboot_within = '0s'", 2, "above zero"),
            ("nodes = 8\nhosts = 0", 2, "one host at least"),
            ("nodes = = 8", 1, "test.toml"),
        ] {
            let error = error(text);
            assert!(error.contains(hint), "{text}: {error}");
            assert!(error.contains(&format!("test.toml:{line}:")), "{text}: {error}");
        }
    }

    #[test]
    fn a_scenario_is_written_as_it_is_read() {
        let text = "nodes = 8\n[options]\nping_timeout = '300ms'\n[groups]\nrack = '0..2'\n\
                    [[network.zone]]\nname = 'east'\nnodes = 'rack'\nwithin = '1ms'\nacross = '20ms'\n\
                    [[fault]]\nat = '5s'\nfor = '20s'\ncut = ['rack']";
        let scenario = ScenarioFile::read("test.toml", text).unwrap().scenario;
        let written = toml::to_string(&scenario).unwrap();
        assert_eq!(ScenarioFile::read("again.toml", &written).unwrap().scenario, scenario, "{written}");
        assert!(scenario.job().is_ok());
    }

    #[test]
    fn sides_are_those_of_the_first_cut_or_of_who_is_struck() {
        let sides = |fault: &str| {
            let text = format!("nodes = 8\n{fault}");
            ScenarioFile::read("test.toml", &text).unwrap().job().unwrap().plan.sides.to_string()
        };
        assert_eq!(sides("[[fault]]\ncut = ['0..3']"), "3,5");
        assert_eq!(sides("[[fault]]\nloss = { nodes = '0', chance = 80 }"), "1,7");
        assert_eq!(sides(""), "8");
    }
}
