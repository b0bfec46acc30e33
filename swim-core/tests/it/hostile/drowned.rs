//! A flood of made-up members and a liar together (R9, R16): nearly all that is told at random is told to nobody, so who is
//! accused is told directly.

use std::cell::Cell;

use swim_core::{Options, Status};

use crate::forge::{by, gossiping, inc, is_gossip, millis, own, said, secs, sourceless};
use crate::world::{Letter, World};
use Status::{Alive, Faulty, Suspect, Tombstone};

const NODES: u32 = 10;
const VICTIM: u32 = 3;
const LIAR: u32 = NODES;
/// Addresses that nobody answers at.
const MADE_UP: std::ops::Range<u32> = 1_000_000..1_000_400;

fn honest() -> impl Iterator<Item = u32> {
    1..NODES
}

/// Ten nodes that have all answered each other; then one of them tells the others of made-up members.
fn flooded(options: Options) -> World {
    let mut world = World::cluster(options, NODES);
    world.run(secs(30));
    assert!(honest().all(|at| (1..=NODES).all(|of| world.node(at).is_proven(of))));
    let strangers: Vec<_> = MADE_UP.map(|stranger| own(stranger, Alive, inc(0))).collect();
    for to in honest() {
        for part in strangers.chunks(40) {
            world.tell(LIAR, to, part);
        }
    }
    world.forget();
    world
}

/// For half a minute the liar says to all but the victim what makes a suspicion run out soonest, by the word of four; returns at
/// how many nodes the victim was held dead, summed over all looks.
fn deaths(world: &mut World) -> usize {
    let mut deaths = 0;
    for _ in 0..150 {
        for to in honest().filter(|&to| to != VICTIM) {
            let known = world.member(to, VICTIM).unwrap().incarnation;
            let lies = [1, 2, 4, LIAR].map(|maker| by(maker, inc(0), VICTIM, Suspect, known));
            world.tell(LIAR, to, &lies);
            world.tell(LIAR, to, &[said(LIAR, VICTIM, Faulty, known)]);
        }
        world.run(millis(200));
        deaths += honest().filter(|&at| matches!(world.status(at, VICTIM), Some(Faulty | Tombstone))).count();
        world.forget();
    }
    deaths
}

#[test]
fn a_liar_that_drowns_a_cluster_in_made_up_members_gets_nobody_declared_faulty() {
    let mut world = flooded(Options::lan());
    assert_eq!(deaths(&mut world), 0);
    assert!(world.node(VICTIM).counters().refutations > 5, "it was kept busy");
}

#[test]
fn nor_does_it_where_each_fifth_datagram_is_lost() {
    let mut world = flooded(Options::lan());
    let count = Cell::new(0u32);
    world.cut(move |letter: &Letter| {
        count.set(count.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        letter.from != LIAR && count.get() >> 16 < 65_536 / 5
    });
    assert_eq!(deaths(&mut world), 0);
}

/// What the tests above look for can be seen.
#[test]
fn the_same_lies_in_a_flood_kill_one_that_hears_nothing() {
    let mut world = flooded(Options::lan());
    world.cut(|letter| letter.to == VICTIM);
    assert!(deaths(&mut world) > 0);
}

/// Why suspects are warned: without it the victim hears of it too late.
#[test]
fn the_same_lies_in_a_flood_kill_one_that_is_not_warned() {
    let mut world = flooded(Options { buddy: false, ..Options::lan() });
    assert!(deaths(&mut world) > 0);
}

/// Node 1 and the forged members 2 to 20, of which those up to 5 have answered; nothing is pending.
fn mostly_unproven() -> World {
    let mut world = World::claimed(gossiping(millis(200), 3), 20);
    world.prove(2..=5);
    world.drain(1);
    world
}

/// As above, and node 1 has found that 2 does not answer.
fn mostly_unproven_and_accused() -> World {
    let options = Options { ping_request_size: 0, stream_ping: false, ..gossiping(millis(200), 3) };
    let mut world = World::claimed(options, 20);
    world.prove(2..=5);
    world.drain(1);
    while world.status(1, 2) == Some(Alive) {
        world.probe();
        world.run(secs(5));
    }
    world
}

/// The moments, in milliseconds from now on, at which node 1 tells a member that it is suspected, without being asked.
fn warnings(world: &mut World, subject: u32, span_millis: u64) -> Vec<u64> {
    let told = |letter: &Letter| is_gossip(letter) && letter.to == subject && letter.subjects() == [subject];
    let mut moments = Vec::new();
    for moment in 0..span_millis / 100 {
        world.forget();
        world.run(millis(100));
        moments.extend(world.sent_by(1).filter(|letter| told(letter)).map(|_| moment * 100));
    }
    moments
}

#[test]
fn in_a_list_that_is_mostly_unproven_a_suspect_that_answered_once_is_told_four_times() {
    for lie in [said(4, 2, Suspect, inc(0)), said(4, 2, Faulty, inc(0)), sourceless(2, Suspect, inc(0))] {
        let mut world = mostly_unproven();
        world.tell(4, 1, &[lie]);
        world.drain(1);
        let before = world.node(1).counters().gossips_sent;
        let told = warnings(&mut world, 2, 4_900);
        assert_eq!(world.node(1).counters().gossips_sent - before, 4, "they are counted");
        let told = [told, warnings(&mut world, 2, 25_000)].concat();
        // The shortest suspicion of twenty lasts 5.2 s; a look is a tenth of a second.
        assert_eq!(told.len(), 4, "{told:?}");
        assert!((900..=1_300).contains(&told[0]) && told[3] <= 5_000, "{told:?}");
        assert!(told.windows(2).all(|pair| (900..=1_300).contains(&(pair[1] - pair[0]))), "{told:?}");
    }
}

#[test]
fn who_refutes_is_told_no_more() {
    let mut world = mostly_unproven();
    world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
    world.drain(1);
    assert_eq!(warnings(&mut world, 2, 1_500).len(), 1);
    world.tell(2, 1, &[own(2, Alive, inc(1))]);
    world.drain(1);
    assert_eq!(warnings(&mut world, 2, 10_000).len(), 0);
}

/// Whoever lies again as soon as it hears of a refutation gains nothing by it.
#[test]
fn who_refutes_and_is_accused_again_is_told_four_times_again() {
    for told_before in [0, 1, 4] {
        let mut world = mostly_unproven();
        world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
        world.drain(1);
        assert_eq!(warnings(&mut world, 2, 600 + 1_050 * told_before as u64).len(), told_before);
        world.tell(2, 1, &[own(2, Alive, inc(1))]);
        world.tell(4, 1, &[said(4, 2, Suspect, inc(1))]);
        world.drain(1);
        let told = warnings(&mut world, 2, 30_000);
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told.windows(2).all(|pair| (900..=1_300).contains(&(pair[1] - pair[0]))), "{told:?}");
    }
}

#[test]
fn where_buddies_are_not_told_nothing_is_sent_either() {
    let mut world = World::claimed(Options { buddy: false, ..gossiping(millis(200), 3) }, 20);
    world.prove(2..=5);
    world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
    world.drain(1);
    world.forget();
    world.run(secs(10));
    assert_eq!(world.status(1, 2), Some(Suspect));
    assert_eq!(world.sent_by(1).filter(|letter| is_gossip(letter)).count(), 0);
}

/// Of twenty, the node itself included.
#[test]
fn it_takes_more_than_half_of_a_list_that_never_answered() {
    for (proven, warned) in [(9, 4), (10, 0)] {
        let mut world = World::claimed(gossiping(millis(200), 3), 20);
        world.prove(2..=proven);
        world.drain(1);
        let known = (1..=20).filter(|&member| world.node(1).is_proven(member)).count();
        assert_eq!(known, proven as usize, "nobody else has answered");
        world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
        world.drain(1);
        assert_eq!(warnings(&mut world, 2, 10_000).len(), warned);
    }
}

#[test]
fn one_that_never_answered_is_not_told() {
    let mut world = mostly_unproven();
    world.tell(4, 1, &[said(4, 9, Suspect, inc(0))]);
    world.drain(1);
    assert_eq!(warnings(&mut world, 9, 10_000).len(), 0);
}

#[test]
fn nobody_is_told_by_the_node_that_did_the_accusing() {
    let mut world = mostly_unproven_and_accused();
    assert_eq!(world.status(1, 2), Some(Suspect));
    world.drain(1);
    assert_eq!(warnings(&mut world, 2, 10_000).len(), 0);
}

#[test]
fn one_that_the_node_accused_itself_is_told_once_others_accuse_it_too() {
    let mut world = mostly_unproven_and_accused();
    world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
    world.drain(1);
    assert!(!warnings(&mut world, 2, 10_000).is_empty());
}

/// The invariants of the node are looked at after every input.
#[test]
fn of_more_suspects_than_can_wait_those_that_come_last_are_left_to_gossip() {
    let mut world = World::claimed(gossiping(millis(200), 3), 700);
    world.prove(2..=300);
    world.drain(1);
    let lies: Vec<_> = (2..=300).map(|subject| said(301, subject, Suspect, inc(0))).collect();
    world.tell(4, 1, &lies);
    assert!(world.node(1).count(Suspect) >= 299);
    // Three at a time, five times a second, until the suspicions run out after 11 s.
    let mut told = std::collections::BTreeSet::new();
    for _ in 0..110 {
        world.forget();
        world.run(millis(100));
        let warned = world.sent_by(1).filter(|letter| is_gossip(letter) && letter.subjects() == [letter.to]);
        told.extend(warned.map(|letter| letter.to));
    }
    assert!(told.len() > 100 && told.iter().all(|subject| (2..=257).contains(subject)), "{told:?}");
}

#[test]
fn where_most_have_answered_gossip_and_probes_are_trusted() {
    let mut world = World::among(gossiping(millis(200), 3), 20);
    world.tell(4, 1, &[said(4, 2, Suspect, inc(0))]);
    world.drain(1);
    assert_eq!(warnings(&mut world, 2, 10_000).len(), 0);
}

#[test]
fn where_most_have_answered_one_that_is_accused_again_while_its_refutation_spreads_answers_nothing() {
    let mut world = World::among(gossiping(millis(200), 3), 20);
    let known = world.node(1).incarnation();
    for _ in 0..2 {
        world.tell(2, 1, &[said(2, 1, Suspect, known)]);
        assert_eq!(world.sent_by(1).filter(|letter| is_gossip(letter)).count(), 0);
    }
    assert!(world.node(1).incarnation() > known, "it is refuted");
}

#[test]
fn no_more_are_told_at_once_than_gossip_has_targets() {
    let mut world = World::claimed(gossiping(millis(200), 3), 100);
    world.prove(2..=40);
    world.drain(1);
    world.forget();
    let lies: Vec<_> = (2..=40).map(|subject| said(41, subject, Suspect, inc(0))).collect();
    world.tell(4, 1, &lies);
    // By then gossip has told what it has to tell; a fifth of the shortest suspicion of a hundred is 1.6 s.
    world.run(millis(1_600));
    let mut all = 0;
    for _ in 0..20 {
        world.forget();
        world.run(millis(100));
        let told = world.sent_by(1).filter(|letter| is_gossip(letter) && letter.subjects() == [letter.to]).count();
        assert!(told <= 3, "{told}");
        all += told;
    }
    assert_eq!(all, 30, "three for each of the ten intervals");
}

#[test]
fn a_drowned_node_that_hears_an_accusation_answers_it_at_once() {
    let mut world = mostly_unproven();
    let known = world.node(1).incarnation();
    world.tell(2, 1, &[said(2, 1, Suspect, known)]);
    let answer = world.sent_by(1).find(|letter| letter.to == 2 && is_gossip(letter)).expect("it answers");
    assert_eq!(answer.claims_about(1), [(Alive, world.node(1).incarnation())]);
    assert!(world.node(1).incarnation() > known);
}

/// It is told to everyone as any news, and no more often to one who happened to say it.
/// A list of accusations is no warning: whoever sends it need not hear at once that it is time for another one.
#[test]
fn a_drowned_node_that_is_accused_among_others_tells_it_as_any_news() {
    let mut world = mostly_unproven();
    let known = world.node(1).incarnation();
    world.tell(2, 1, &[said(2, 1, Suspect, known), said(2, 4, Suspect, inc(0))]);
    assert!(world.node(1).incarnation() > known);
    assert_eq!(world.sent_by(1).filter(|letter| is_gossip(letter)).count(), 0);
}

#[test]
fn a_drowned_node_that_hears_other_good_news_of_itself_than_its_own_answers_nothing() {
    let mut world = mostly_unproven();
    let known = world.node(1).incarnation();
    world.tell(2, 1, &[own(1, Alive, known.next())]);
    assert!(world.node(1).incarnation() > known.next(), "it is refuted");
    assert_eq!(world.sent_by(1).filter(|letter| is_gossip(letter)).count(), 0);
}
