//! Each mutant is caught by the checker of what it breaks, and the same run without it is clean.

use super::Mutant;
use crate::checkers::{Check, Liveness, Violation};
use crate::cluster::{Cluster, Memory, Setup};
use crate::convergence::Goal;
use crate::network::{CutId, Sides};
use crate::scenario::convergence_bound;
use std::time::Duration;
use swim_core::{Config, Instant, Micros, Options};

const NODES: u32 = 8;
/// Who is broken where it is one.
const BROKEN: [u32; 1] = [2];
const ALL: [u32; NODES as usize] = [0, 1, 2, 3, 4, 5, 6, 7];

/// What goes wrong besides the mutants, once the cluster has formed.
#[derive(Clone, Copy, Debug)]
enum Story {
    /// Nothing.
    Rest,
    /// A node that is sound crashes.
    Crash,
    /// All nodes are cut in halves, long enough to be noticed.
    Cut,
    /// The broken node is stopped, long enough to be noticed.
    Pause,
}

fn setup() -> Setup {
    Setup { check: Check::Every(1), ..Setup::new(NODES, 1) }
}

/// The checkers that catch `mutant` in the place of some nodes. The run must be clean without it.
fn caught(mutant: Mutant, nodes: &[u32], setup: &Setup, story: Story) -> Vec<&'static str> {
    let sound = Cluster::new(setup.clone()).unwrap();
    assert_eq!(found(sound, story), [""; 0], "{story:?} without mutants");
    let mut broken = Cluster::new(setup.clone()).unwrap();
    broken.mutate(nodes.iter().copied(), mutant);
    found(broken, story)
}

/// Plays a story to its end, and longer than convergence may take; says which checkers found something.
fn found(mut cluster: Cluster, story: Story) -> Vec<&'static str> {
    if let Err(violation) = play(&mut cluster, story) {
        return vec![violation.finding.checker];
    }
    let config = Config::try_from(cluster.setup().options.clone()).unwrap();
    let mut liveness = Liveness::new(Goal::AllAlive, cluster.now(), convergence_bound(&config, NODES));
    loop {
        match liveness.look(&cluster) {
            Ok(None) => break,
            Ok(Some(_)) => {}
            Err(findings) => return findings.iter().map(|finding| finding.checker).collect(),
        }
        if let Err(violation) = pass(&mut cluster, 1) {
            return vec![violation.finding.checker];
        }
    }
    let rested = pass(&mut cluster, 60);
    rested.err().map(|violation| violation.finding.checker).into_iter().collect()
}

fn play(cluster: &mut Cluster, story: Story) -> Result<(), Box<Violation>> {
    pass(cluster, 30)?;
    match story {
        Story::Rest => pass(cluster, 90),
        Story::Crash => {
            cluster.crash(4, Memory::Lost);
            Ok(())
        }
        Story::Cut => {
            cluster.cut_sides(Sides::halves(NODES).unwrap());
            pass(cluster, 90)?;
            cluster.mend(CutId(0));
            Ok(())
        }
        Story::Pause => {
            cluster.pause(BROKEN[0]);
            pass(cluster, 60)?;
            cluster.resume(BROKEN[0])
        }
    }
}

/// Lets time pass, with a look at all nodes often enough to see what lasts for a moment.
fn pass(cluster: &mut Cluster, seconds: u64) -> Result<(), Box<Violation>> {
    for _ in 0..seconds * 5 {
        cluster.run_until(cluster.now() + Micros::from_millis(200))?;
        cluster.check_all()?;
    }
    Ok(())
}

#[test]
fn who_forgets_its_list_moves_members_back() {
    assert_eq!(caught(Mutant::Forgets, &BROKEN, &setup(), Story::Rest), ["I1 monotone"]);
}

#[test]
fn who_revives_tombstones_makes_incarnations_up() {
    let mut setup = setup();
    setup.options.state_timeouts.faulty = Duration::from_secs(30);
    assert_eq!(caught(Mutant::RevivesTombstones, &BROKEN, &setup, Story::Crash), ["I2 incarnations"]);
}

#[test]
fn who_leaves_untold_is_not_what_it_was_told_to_be() {
    assert_eq!(caught(Mutant::LeavesUntold, &BROKEN, &setup(), Story::Rest), ["I3 oneself"]);
}

#[test]
fn who_lowers_its_incarnation_speaks_under_a_wrong_one() {
    assert_eq!(caught(Mutant::LowersIncarnation, &BROKEN, &setup(), Story::Rest), ["I3 oneself"]);
}

#[test]
fn a_checksum_that_ignores_status_is_that_of_different_lists() {
    assert_eq!(caught(Mutant::ChecksumIgnoresStatus, &ALL, &setup(), Story::Cut), ["I4 checksums"]);
}

#[test]
fn a_checksum_of_ones_own_differs_from_that_of_an_equal_list() {
    assert_eq!(caught(Mutant::ChecksumIgnoresStatus, &BROKEN, &setup(), Story::Rest), ["I4 checksums"]);
}

#[test]
fn who_overfills_datagrams_breaks_the_budget() {
    assert_eq!(caught(Mutant::OverfillsDatagrams, &BROKEN, &setup(), Story::Rest), ["I5 frames"]);
}

#[test]
fn who_forwards_its_accusations_without_end_sends_them_too_often() {
    assert_eq!(caught(Mutant::ForwardsAccusations, &BROKEN, &setup(), Story::Crash), ["I6 sends"]);
}

#[test]
fn who_lists_too_many_is_beyond_the_bound() {
    let options = Options { members_max: NODES - 1, ..Options::lan() };
    let setup = Setup { options, ..setup() };
    // Nobody can list all, so the goal is out of reach; what happens until then is clean.
    let mut sound = Cluster::new(setup.clone()).unwrap();
    pass(&mut sound, 60).unwrap();
    let mut broken = Cluster::new(setup).unwrap();
    broken.mutate(BROKEN, Mutant::ListsTooMany);
    assert_eq!(pass(&mut broken, 60).unwrap_err().finding.checker, "I7 bounds");
}

#[test]
fn who_floods_sends_more_than_any_input_can_cause() {
    assert_eq!(caught(Mutant::Floods, &BROKEN, &setup(), Story::Rest), ["I7 bounds"]);
}

#[test]
fn who_is_capricious_is_another_run_each_time() {
    let hash = |mutant: Option<Mutant>| {
        let mut cluster = Cluster::new(setup()).unwrap();
        mutant.into_iter().for_each(|mutant| cluster.mutate(BROKEN, mutant));
        cluster.run_until(Instant::from_millis(20_000)).unwrap();
        cluster.hash()
    };
    assert_eq!(hash(None), hash(None));
    assert_ne!(hash(Some(Mutant::IsCapricious)), hash(Some(Mutant::IsCapricious)));
}

#[test]
fn whose_timers_stop_is_never_woken() {
    assert_eq!(caught(Mutant::StopsTimers, &BROKEN, &setup(), Story::Rest), ["I9 timers"]);
}

#[test]
fn who_never_acks_leaves_a_ping_without_an_answer() {
    assert_eq!(caught(Mutant::NeverAcks, &BROKEN, &setup(), Story::Rest), ["R4 answers"]);
}

#[test]
fn helpers_that_never_answer_owe_their_asker() {
    assert_eq!(caught(Mutant::HelpsSilently, &ALL, &setup(), Story::Crash), ["R4 answers"]);
}

#[test]
fn who_ignores_acks_asks_about_those_who_answered() {
    assert_eq!(caught(Mutant::IgnoresAcks, &BROKEN, &setup(), Story::Rest), ["R4 rounds"]);
}

#[test]
fn who_ignores_acks_accuses_those_who_answered_where_nobody_can_help() {
    let setup = Setup { options: Options { ping_request_size: 0, ..Options::lan() }, ..setup() };
    assert_eq!(caught(Mutant::IgnoresAcks, &BROKEN, &setup, Story::Rest), ["R4 rounds"]);
}

#[test]
fn who_never_replies_leaves_a_request_open() {
    assert_eq!(caught(Mutant::NeverReplies, &BROKEN, &setup(), Story::Rest), ["replies"]);
}

#[test]
fn who_replies_twice_replies_to_nothing() {
    assert_eq!(caught(Mutant::RepliesTwice, &BROKEN, &setup(), Story::Rest), ["replies"]);
}

#[test]
fn who_chatters_is_not_at_rest() {
    assert_eq!(caught(Mutant::Chatters, &BROKEN, &setup(), Story::Rest), ["rest"]);
}

#[test]
fn who_stops_probing_does_not_keep_the_pace_of_rest() {
    assert_eq!(caught(Mutant::StopsProbing, &BROKEN, &setup(), Story::Rest), ["rest"]);
}

#[test]
fn who_hoards_its_changes_never_comes_to_rest() {
    assert_eq!(caught(Mutant::HoardsChanges, &BROKEN, &setup(), Story::Rest), ["rest"]);
}

#[test]
fn who_is_deaf_never_has_the_list_of_the_others() {
    assert_eq!(caught(Mutant::IsDeaf, &BROKEN, &setup(), Story::Rest), ["L1 convergence"]);
}

#[test]
fn where_suspicions_never_expire_the_dead_are_not_detected() {
    assert_eq!(caught(Mutant::NeverExpiresSuspicion, &ALL, &setup(), Story::Crash), ["L2 detection"]);
}

#[test]
fn who_drops_its_refutations_is_never_taken_back() {
    assert_eq!(caught(Mutant::DropsRefutations, &BROKEN, &setup(), Story::Pause), ["L3 refutation", "L1 convergence"]);
}

#[test]
fn where_nobody_heals_the_halves_stay_apart() {
    assert_eq!(caught(Mutant::NeverHeals, &ALL, &setup(), Story::Cut), ["L3 refutation", "L1 convergence"]);
}

#[test]
fn nothing_is_found_whatever_the_preset() {
    for options in [Options::lan(), Options::wan(), Options::local(), Options::ringpop()] {
        let setup = Setup { options, ..setup() };
        for story in [Story::Rest, Story::Crash, Story::Pause] {
            let found = found(Cluster::new(setup.clone()).unwrap(), story);
            assert_eq!(found, [""; 0], "{story:?} {:?}", setup.options);
        }
    }
}
