//! One run of a hunt, under every checker.

use swim_core::Micros;

use super::find::{Find, FindKind};
use crate::checkers::{Check, Liveness, Violation};
use crate::cluster::Cluster;
use crate::panics::caught;
use crate::runner::Runner;
use crate::scenario::{Allowed, Job, Scenario};
use crate::watch::Watchers;
use crate::wire::Carry;

/// How a run is made.
pub struct Attempt<'a> {
    /// What is run.
    pub scenario: &'a Scenario,
    /// How often whole lists are checked.
    pub check: Check,
    /// Whether messages go through the codec.
    pub carry: Carry,
    /// The last event that is to happen; what is lacking where others would follow is no find.
    pub until: Option<u64>,
    /// Who watches.
    pub watchers: Watchers,
}

impl<'a> Attempt<'a> {
    /// A run of `scenario` with everything checked after every input.
    pub fn thorough(scenario: &'a Scenario) -> Self {
        let watchers = Watchers::default();
        Self { scenario, check: Check::Every(1), carry: Carry::Bytes, until: None, watchers }
    }
}

/// A run in which nothing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The hash of the run.
    pub hash: u64,
    /// How many events there were.
    pub events: u64,
}

/// Runs a scenario and looks for mistakes of the protocol. Wrong accusations while things go wrong are none.
///
/// # Errors
/// What was found, with those who watched.
///
/// # Panics
/// When the scenario is not sound.
pub fn attempt(attempt: Attempt<'_>) -> (Result<Pass, Find>, Watchers) {
    let Attempt { scenario, check, carry, until, watchers } = attempt;
    let Job { mut setup, mut plan } = scenario.job().unwrap_or_else(|mistake| panic!("a sound scenario: {mistake}"));
    (setup.check, setup.carry) = (check, carry);
    plan.wrongly_faulty = Allowed::Any;
    // Whether it converges is not known before its bound, whenever a report is to end.
    plan.duration = None;
    let mut cluster = Cluster::watched(setup, watchers).expect("the scenario is sound");
    if let Some(event) = until {
        cluster.stop_after(event);
    }
    let goal = plan.goal(&cluster);
    let runner = Runner::new(plan, &cluster);
    let ended = caught(|| {
        let outcome = runner.run(&mut cluster, |_, _| {})?;
        if outcome.healed_after.is_some() && !cluster.has_stopped() {
            // What has come to rest stays there.
            cluster.run_until(cluster.now() + REST)?;
            cluster.check_all()?;
        }
        Ok::<_, Box<Violation>>(outcome)
    });
    let (event, at) = (cluster.events(), cluster.now());
    let found = |kind, checker: &str, reason| Find { kind, checker: checker.into(), reason, event, at };
    let result = match ended {
        Err(panicked) => Err(found(FindKind::Crash, "panic", panicked)),
        Ok(Err(violation)) => {
            let finding = &violation.finding;
            let reason = format!("node {}: {}", finding.node, finding.reason);
            let (checker, event, at) = (finding.checker.to_owned(), violation.event, violation.at);
            Err(Find { kind: FindKind::Safety, checker, reason, event, at })
        }
        Ok(Ok(outcome)) => match outcome.pending {
            Some(reason) if !cluster.has_stopped() => {
                let lacking = Liveness::new(goal, cluster.now(), Micros::ZERO).look(&cluster).err().unwrap_or_default();
                let checker = lacking.first().map_or("L1 convergence", |finding| finding.checker);
                let reasons: Vec<_> = lacking.iter().map(ToString::to_string).collect();
                let reason = if reasons.is_empty() { reason.to_string() } else { reasons.join("; ") };
                Err(found(FindKind::Liveness, checker, reason))
            }
            _ => Ok(Pass { hash: cluster.hash(), events: cluster.events() }),
        },
    };
    (result, cluster.take_watchers())
}

/// How long a cluster is watched once it has converged.
const REST: Micros = Micros::from_millis(30_000);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ScenarioFile;

    fn scenario(text: &str) -> Scenario {
        ScenarioFile::read("test.toml", text).unwrap().scenario
    }

    #[test]
    fn what_converges_is_no_find_and_repeats() {
        let scenario =
            scenario("nodes = 5\nbegin = 'boot'\n[[fault]]\nat = '9s'\nfor = '20s'\ncrash = { nodes = '1' }");
        let first = attempt(Attempt::thorough(&scenario)).0.unwrap();
        assert_eq!(attempt(Attempt::thorough(&scenario)).0, Ok(first));
        let fast = Attempt { check: Check::Off, carry: Carry::Values, ..Attempt::thorough(&scenario) };
        assert_eq!(attempt(fast).0, Ok(first));
    }

    #[test]
    fn what_does_not_converge_in_time_is_a_find_of_liveness() {
        let scenario = scenario(
            "nodes = 5\nbegin = 'boot'\nexpect = { within = '100ms' }\n\
             [[fault]]\nat = '20s'\nfor = '60s'\ncut = ['0..2', '2..5']\n",
        );
        let find = attempt(Attempt::thorough(&scenario)).0.unwrap_err();
        assert_eq!((find.kind, find.checker.as_str()), (FindKind::Liveness, "L3 refutation"));
        assert!(find.reason.contains("node"), "{find}");
    }

    #[test]
    fn a_duration_neither_hides_a_find_nor_makes_one() {
        let fault = "[[fault]]\nat = '20s'\nfor = '60s'\ncut = ['0..2', '2..5']\n";
        for duration in ["30s", "85s"] {
            let head = format!("nodes = 5\nbegin = 'boot'\nduration = '{duration}'\n");
            let sound = scenario(&format!("{head}{fault}"));
            assert!(attempt(Attempt::thorough(&sound)).0.is_ok());
            let late = scenario(&format!("{head}expect = {{ within = '100ms' }}\n{fault}"));
            assert_eq!(attempt(Attempt::thorough(&late)).0.unwrap_err().kind, FindKind::Liveness);
        }
    }

    #[test]
    fn a_find_is_found_again_by_a_run_that_ends_with_its_event() {
        let scenario = scenario(
            "nodes = 5\nbegin = 'boot'\nexpect = { within = '100ms' }\n\
             [[fault]]\nat = '20s'\nfor = '60s'\ncut = ['0..2', '2..5']\n",
        );
        let find = attempt(Attempt::thorough(&scenario)).0.unwrap_err();
        let again = |until| attempt(Attempt { until: Some(until), ..Attempt::thorough(&scenario) }).0;
        assert_eq!(again(find.event), Err(find.clone()));
        assert!(again(find.event - 1).is_ok());
    }

    #[test]
    fn a_run_can_be_stopped_at_any_event() {
        let scenario = scenario("nodes = 5");
        let stopped = attempt(Attempt { until: Some(100), ..Attempt::thorough(&scenario) }).0.unwrap();
        assert_eq!(stopped.events, 100);
    }
}
