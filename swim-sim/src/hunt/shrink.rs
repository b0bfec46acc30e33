//! Makes a find small: fewer faults, fewer nodes, less time. A smaller scenario has other luck, so several seeds are tried.

use super::attempt::{Attempt, attempt};
use super::find::Find;
use crate::checkers::Check;
use crate::scenario::{Begin, Fault, Lasts, NetworkSettings, Scenario, Time};

/// How far shrinking has come.
#[derive(Clone, Debug)]
pub struct Shrinker {
    /// The smallest scenario so far.
    pub scenario: Scenario,
    /// What it finds.
    pub find: Find,
    /// How many runs were made.
    pub runs: u64,
}

/// Makes `scenario`, in which `find` was found, as small as it gets. `watch` is told of each step forward.
pub fn shrink(scenario: &Scenario, find: &Find, mut watch: impl FnMut(&Shrinker)) -> Shrinker {
    let mut shrinker = Shrinker { scenario: scenario.clone(), find: find.clone(), runs: 0 };
    loop {
        let mut smaller = false;
        for step in STEPS {
            for candidate in step(&shrinker.scenario) {
                if shrinker.keep_if_alike(candidate) {
                    smaller = true;
                    watch(&shrinker);
                    break;
                }
            }
        }
        if !smaller {
            return shrinker;
        }
    }
}

impl Shrinker {
    fn keep_if_alike(&mut self, candidate: Scenario) -> bool {
        if candidate.job().is_err() {
            return false;
        }
        // Its own seed first: where the luck does not matter nothing else is needed.
        let seeds = std::iter::once(candidate.seed).chain(1..SEEDS);
        for seed in seeds {
            let scenario = Scenario { seed, ..candidate.clone() };
            self.runs += 1;
            let run = Attempt { check: Check::Every(16), ..Attempt::thorough(&scenario) };
            if let Some(find) = attempt(run).0.err().filter(|find| find.is_like(&self.find)) {
                (self.scenario, self.find) = (scenario, find);
                return true;
            }
        }
        false
    }
}

/// Ways to make a scenario smaller, the most effective first.
const STEPS: [fn(&Scenario) -> Vec<Scenario>; 6] =
    [without_a_family, without_a_fault, with_a_plain_network, with_fewer_nodes, with_plain_faults, in_less_time];

fn without_a_family(scenario: &Scenario) -> Vec<Scenario> {
    let mut names: Vec<&str> = scenario.faults.iter().map(|fault| fault.what.name()).collect();
    names.sort_unstable();
    names.dedup();
    let without = |name: &str| with_faults(scenario, |faults| faults.retain(|fault| fault.what.name() != name));
    names.into_iter().map(without).collect()
}

fn without_a_fault(scenario: &Scenario) -> Vec<Scenario> {
    (0..scenario.faults.len()).map(|at| with_faults(scenario, |faults| drop(faults.remove(at)))).collect()
}

fn with_a_plain_network(scenario: &Scenario) -> Vec<Scenario> {
    let plain = NetworkSettings::default();
    let mut candidates = Vec::new();
    let mut offer = |candidate: Scenario| {
        if candidate != *scenario {
            candidates.push(candidate);
        }
    };
    offer(Scenario { network: plain.clone(), ..scenario.clone() });
    offer(Scenario { network: NetworkSettings { loss: plain.loss, ..scenario.network.clone() }, ..scenario.clone() });
    offer(Scenario { options: toml::Table::new(), ..scenario.clone() });
    offer(Scenario { preset: Default::default(), ..scenario.clone() });
    offer(Scenario { boot_within: Time::from_millis(1_000), ..scenario.clone() });
    offer(Scenario { hosts: 1, ..scenario.clone() });
    offer(Scenario { begin: Begin::Settled, ..scenario.clone() });
    candidates
}

fn with_fewer_nodes(scenario: &Scenario) -> Vec<Scenario> {
    let fewer = [scenario.nodes / 2, scenario.nodes - 1];
    fewer.into_iter().filter(|nodes| *nodes > 1).map(|nodes| scenario.clipped(nodes)).collect()
}

fn with_plain_faults(scenario: &Scenario) -> Vec<Scenario> {
    let mut candidates = Vec::new();
    for (at, fault) in scenario.faults.iter().enumerate() {
        if fault.wave.is_some() {
            candidates.push(with_faults(scenario, |faults| faults[at].wave = None));
        }
        if fault.stagger.is_some() {
            candidates.push(with_faults(scenario, |faults| faults[at].stagger = None));
        }
    }
    candidates
}

fn in_less_time(scenario: &Scenario) -> Vec<Scenario> {
    let mut candidates = Vec::new();
    let half = |time: Time| Time::from_millis(time.0.0 / 2_000);
    for (at, fault) in scenario.faults.iter().enumerate() {
        if fault.at >= SHORT {
            candidates.push(with_faults(scenario, |faults| faults[at].at = half(fault.at)));
        }
        match fault.lasts {
            Lasts::For(time) if time >= SHORT => {
                candidates.push(with_faults(scenario, |faults| faults[at].lasts = Lasts::For(half(time))));
            }
            _ => {}
        }
    }
    candidates
}

fn with_faults(scenario: &Scenario, change: impl FnOnce(&mut Vec<Fault>)) -> Scenario {
    let mut candidate = scenario.clone();
    change(&mut candidate.faults);
    candidate
}

/// How many seeds are tried for each candidate.
const SEEDS: u64 = 20;
/// What is shorter is not made shorter.
const SHORT: Time = Time::from_millis(1_000);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ScenarioFile;

    #[test]
    fn nodes_are_dropped_although_faults_name_them() {
        let text = "nodes = 9\n[[fault]]\nfor = '1s'\npause = { nodes = '8' }\n[[fault]]\ncut = ['0..4', '4..9']\n";
        let scenario = ScenarioFile::read("test.toml", text).unwrap().scenario;
        let fewer = with_fewer_nodes(&scenario);
        assert_eq!(fewer.iter().map(|scenario| scenario.nodes).collect::<Vec<_>>(), [4, 8]);
        assert!(fewer.iter().all(|scenario| scenario.job().is_ok()), "{fewer:?}");
        assert_eq!(fewer.iter().map(|scenario| scenario.faults.len()).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn what_has_nothing_to_do_with_a_find_is_left_out() {
        let text = "nodes = 9\nbegin = 'boot'\nhosts = 2\nexpect = { within = '100ms' }\n[network]\nlatency = '1ms..80ms'\n\
                    [[fault]]\nat = '20s'\nfor = '60s'\ncut = ['0..4', '4..9']\n\
                    [[fault]]\nat = '5s'\nfor = '9s'\nduplication = { chance = 5 }\n\
                    [[fault]]\nat = '5s'\nfor = '9s'\nreordering = { chance = 5, by = '1s' }\n";
        let scenario = ScenarioFile::read("test.toml", text).unwrap().scenario;
        let find = attempt(Attempt::thorough(&scenario)).0.unwrap_err();
        let mut steps = 0;
        let small = shrink(&scenario, &find, |_| steps += 1);
        assert!(steps > 0 && small.find.is_like(&find));
        assert!(small.scenario.faults.len() <= 1 && small.scenario.nodes < 9, "{:?}", small.scenario);
        assert!(attempt(Attempt::thorough(&small.scenario)).0.unwrap_err().is_like(&find));
    }
}
