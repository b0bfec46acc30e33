//! R5: which changes a message carries, how often, and what an answer starts with.

use std::collections::BTreeSet;

use swim_core::{Channel, Command, Event, Kind, Labels, Options, OwnLabels, Reach, Status, Via};

use crate::forge::{
    SOMEONE, by, gossiping, inc, is_gossip, is_ping, is_ping_req, message, message_with, millis, own, ping, quiet_lan,
    quiet_ringpop, said, secs,
};
use crate::world::{Letter, World};
use Status::{Alive, Faulty, Leave, Suspect};

/// How many of the letters name a member.
fn mentions<'a>(letters: impl Iterator<Item = &'a Letter>, subject: u32) -> usize {
    letters.filter(|letter| letter.subjects().contains(&subject)).count()
}

/// Asks node 1 with its own checksum, so that no full sync starts, and returns the members that the answer names.
fn ask_quietly(world: &mut World, from: u32) -> Vec<u32> {
    let checksum = world.node(1).checksum();
    let (from, incarnation) = world.speaker(from, 1);
    world.inject(from, 1, Via::Datagram, &message_with(ping(1), incarnation, checksum, &[]));
    world.last(1, from).subjects()
}

#[test]
fn each_change_is_sent_exactly_as_often_as_the_limit_says() {
    for (options, limit) in [(quiet_lan(), 4), (quiet_ringpop(), 15)] {
        let mut world = World::among(options, 4);
        assert_eq!(world.node(1).send_limit(), limit);
        world.tell(2, 1, &[own(7, Alive, inc(0)), own(8, Alive, inc(0))]);
        let answers = (0..3 * limit).filter(|_| ask_quietly(&mut world, SOMEONE).contains(&7)).count();
        assert_eq!(answers, limit as usize);
        assert!(!world.node(1).has_changes());
    }
}

#[test]
fn the_limit_grows_with_the_cluster() {
    let mut world = World::lone(quiet_ringpop());
    let mut limits = Vec::new();
    for address in 2..=101 {
        world.tell(2, 1, &[own(address, Alive, inc(0))]);
        limits.push(world.node(1).send_limit());
    }
    // One to nine others, ten to ninety-nine, a hundred.
    assert_eq!((limits[0], limits[8], limits[9], limits[98], limits[99]), (15, 15, 30, 30, 45));
    assert!(world.events(1).any(|event| event == Event::MaxPAdjusted { old: 15, new: 30 }));

    world.drain(1);
    world.tell(2, 1, &[own(2, Alive, inc(1))]);
    let answers = (0..200).filter(|_| ask_quietly(&mut world, SOMEONE).contains(&2)).count();
    assert_eq!(answers, 45);
}

#[test]
fn the_limit_counts_only_the_pingable() {
    let mut world = World::among(quiet_ringpop(), 11);
    assert_eq!(world.node(1).send_limit(), 30);
    world.tell(2, 1, &[own(11, Leave, inc(1))]);
    assert_eq!(world.node(1).send_limit(), 15);
}

/// Node 1, which is never unwell, has one change to tell to four others; three rounds have come to nothing.
fn after_three_silent_rounds() -> World {
    let mut options = quiet_lan();
    options.local_health_max = 0;
    let mut world = World::among(options, 5);
    world.tell(2, 1, &[own(7, Leave, inc(0))]);
    for _ in 0..3 {
        world.probe();
        world.run(secs(2));
    }
    world
}

#[test]
fn a_ping_counts_only_when_its_ack_comes() {
    let mut world = after_three_silent_rounds();
    assert_eq!(mentions(world.sent_by(1).filter(|letter| is_ping(letter)), 7), 3);
    for _ in 0..4 {
        let ping = world.probe();
        assert!(ping.subjects().contains(&7), "unanswered pings do not count");
        world.acknowledge(&ping, &[]);
        world.run(secs(2));
    }
    assert!(!world.node(1).has_changes());
    assert!(world.probe().subjects().is_empty());
}

#[test]
fn a_ping_req_counts_when_it_is_answered_and_not_when_it_fails() {
    let mut world = after_three_silent_rounds();
    assert_eq!(mentions(world.sent_by(1).filter(|letter| is_ping_req(letter)), 7), 9);
    world.forget();
    world.probe();
    world.run(millis(500));
    for asked in world.ping_reqs() {
        assert!(asked.subjects().contains(&7), "unanswered ping-reqs do not count");
        world.report(&asked, Reach::NotReached, &[]);
    }
    world.run(secs(2));
    // Three of four are used up.
    let left = (0..10).filter(|_| ask_quietly(&mut world, SOMEONE).contains(&7)).count();
    assert_eq!(left, 1);
}

#[test]
fn answers_leave_out_what_the_asker_sent() {
    let mut world = World::among(quiet_lan(), 4);
    world.tell(2, 1, &[own(2, Alive, inc(3)), by(3, inc(0), 7, Alive, inc(0)), by(3, inc(9), 8, Alive, inc(0))]);

    assert_eq!(BTreeSet::from_iter(ask_quietly(&mut world, 3)), BTreeSet::from([2, 8]));
    assert_eq!(BTreeSet::from_iter(ask_quietly(&mut world, SOMEONE)), BTreeSet::from([2, 7, 8]));
    assert_eq!(world.node(1).counters().changes_filtered, 1);
    let filtered = Event::ChangeFiltered { asker: 3, subject: 7 };
    assert!(world.events(1).any(|event| event == filtered));
}

#[test]
fn what_is_left_out_of_an_answer_does_not_count_as_sent() {
    let mut world = World::among(quiet_lan(), 4);
    world.tell(2, 1, &[by(3, inc(0), 7, Alive, inc(0))]);
    for _ in 0..20 {
        assert!(ask_quietly(&mut world, 3).is_empty());
    }
    assert_eq!(ask_quietly(&mut world, SOMEONE), [7]);
}

#[test]
fn of_two_changes_of_one_member_the_newer_is_told_and_its_count_starts_anew() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(2, 1, &[own(3, Alive, inc(1))]);
    for _ in 0..3 {
        assert_eq!(world.ask(SOMEONE, 1).claims_about(3), [(Alive, inc(1))]);
    }
    world.tell(2, 1, &[own(3, Alive, inc(2))]);
    for _ in 0..4 {
        assert_eq!(world.ask(SOMEONE, 1).claims_about(3), [(Alive, inc(2))]);
    }
    assert_eq!(world.ask(SOMEONE, 1).claims_about(3), []);
}

#[test]
fn what_was_sent_least_goes_first_where_not_all_fits() {
    let mut options = quiet_lan();
    options.datagram_max = Some(1024);
    let mut world = World::among(options, 2);
    let crowd: Vec<_> = (100..400).map(|address| own(address, Alive, inc(0))).collect();
    world.tell(2, 1, &crowd);
    let first = ask_quietly(&mut world, SOMEONE);
    assert!(first.len() < 200, "{} fit", first.len());
    let second = ask_quietly(&mut world, SOMEONE);
    assert!(first.iter().all(|subject| !second.contains(subject)));

    world.tell(2, 1, &[own(50, Alive, inc(0))]);
    let mut told: Vec<u32> = [first, second].concat();
    while told.len() < 301 {
        let more = ask_quietly(&mut world, SOMEONE);
        let fresh: Vec<u32> = more.iter().copied().filter(|subject| !told.contains(subject)).collect();
        assert!(!fresh.is_empty(), "nothing is told twice before all is told once");
        told.extend(fresh);
    }
}

/// The harness holds every datagram against the budget (I5); here they are as full as can be.
#[test]
fn a_datagram_never_exceeds_its_budget_whatever_the_labels() {
    let labels = OwnLabels::new((0..5).map(|n| (format!("key-{n}"), "v".repeat(20 * n + 7)))).unwrap();
    let mut world = World::among(quiet_lan(), 4);
    for address in 100..160 {
        let labels = if address % 3 == 0 { labels.as_labels() } else { Labels::NONE };
        world.tell(2, 1, &[swim_core::Change { labels, ..own(address, Alive, inc(0)) }]);
    }
    let mut told = BTreeSet::new();
    for _ in 0..100 {
        told.extend(ask_quietly(&mut world, SOMEONE));
    }
    assert_eq!(told.len(), 60);
    assert!(!world.node(1).has_changes());
}

#[test]
fn ringpop_sends_all_that_is_pending_in_every_message() {
    let mut world = World::among(quiet_ringpop(), 3);
    let crowd: Vec<_> = (100..400).map(|address| own(address, Alive, inc(0))).collect();
    world.tell(2, 1, &crowd);
    let limit = world.node(1).send_limit();
    for _ in 0..limit {
        assert_eq!(ask_quietly(&mut world, SOMEONE).len(), 300);
    }
    assert_eq!(ask_quietly(&mut world, SOMEONE).len(), 0);
}

#[test]
fn pending_changes_are_gossiped_to_three_members_every_200_ms_until_they_were_sent_often_enough() {
    let mut world = World::among(gossiping(millis(200), 3), 6);
    world.run(secs(1));
    world.forget();
    world.tell(2, 1, &[own(7, Leave, inc(0))]);
    world.run(secs(2));
    let gossip: Vec<&Letter> = world.sent_by(1).filter(|letter| is_gossip(letter)).collect();
    // The limit is four: three in the first round, one in the second.
    let times: Vec<u64> = gossip.iter().map(|letter| letter.sent.since(gossip[0].sent).0 / 1000).collect();
    assert_eq!(times, [0, 0, 0, 200]);
    let receivers: BTreeSet<u32> = gossip[..3].iter().map(|letter| letter.to).collect();
    assert_eq!(receivers.len(), 3, "three different ones");
    assert!(!world.node(1).has_changes());
}

#[test]
fn ringpop_and_nodes_that_are_joining_do_not_gossip() {
    let mut world = World::among(quiet_ringpop(), 4);
    world.tell(2, 1, &[own(7, Alive, inc(0))]);
    world.run(secs(5));
    assert_eq!(world.sent_by(1).count(), 0);

    let mut world = World::new(Options::lan());
    world.boot(1);
    world.tell(2, 1, &[own(2, Alive, inc(0)), own(7, Alive, inc(0))]);
    world.run(secs(5));
    assert_eq!(world.sent_by(1).count(), 0);
}

#[test]
fn an_answer_to_a_sender_that_is_held_worse_than_alive_starts_with_that() {
    for status in [Suspect, Faulty, Leave] {
        let mut world = World::among(quiet_ringpop(), 3);
        world.tell(3, 1, &[said(3, 2, status, inc(0))]);
        world.drain(1);
        world.tell(3, 1, &[own(7, Alive, inc(0))]);
        // Long after the change has been sent as often as it may.
        for _ in 0..3 {
            let answer = world.ask(2, 1);
            assert_eq!(answer.subjects()[0], 2);
            assert_eq!(answer.claims_about(2), [(status, inc(0))]);
        }
    }
}

#[test]
fn a_sender_that_is_known_by_a_newer_incarnation_is_told_so() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[own(2, Alive, inc(5))]);
    world.drain(1);
    assert_eq!(world.ask(2, 1).claims_about(2), [(Alive, inc(5))]);
    assert!(world.ask(3, 1).subjects().is_empty(), "one that is known as it is needs to hear nothing of itself");
}

#[test]
fn a_helper_tells_its_asker_what_it_is_held_to_be_as_well() {
    let mut world = World::among(quiet_lan(), 3);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(0))]);
    world.drain(1);
    let request = Kind::PingReq { seq: swim_core::Seq(1), target: 1, timeout: millis(100) };
    world.inject(2, 1, Via::Datagram, &message(request, &[]));
    assert_eq!(world.last(1, 2).claims_about(2), [(Suspect, inc(0))]);
}

#[test]
fn a_member_that_everyone_holds_faulty_learns_it_from_the_first_answer_that_it_gets() {
    for options in [Options::lan(), quiet_ringpop()] {
        let mut world = World::cluster(options, 4);
        world.cut(|letter| letter.from == 4 || letter.to == 4);
        world.command(4, Command::GossipStop);
        world.run(secs(90));
        for at in 1..=3 {
            assert_eq!(world.status(at, 4), Some(Faulty));
        }
        // It heard nothing, and believes that it is alive; one ping of its own sets it right.
        world.mend();
        world.forget();
        world.command(4, Command::GossipTick);
        world.run(millis(2));
        assert_eq!(world.node(4).counters().refutations, 1);
        world.command(4, Command::GossipStart);
        world.run(secs(10));
        for at in 1..=3 {
            assert_eq!(world.status(at, 4), Some(Alive), "at {at}");
        }
    }
}

#[test]
fn a_change_reaches_all_of_a_cluster() {
    let mut world = World::cluster(Options::lan(), 5);
    let labels = OwnLabels::new([("role", "db")]).unwrap();
    world.command(3, Command::SetLabels(&labels));
    world.run(secs(2));
    for at in 1..=5 {
        assert_eq!(world.member(at, 3).unwrap().labels.value("role"), Some("db"), "at {at}");
    }
    assert_eq!(world.checksums().len(), 1);
}

#[test]
fn pings_of_a_quiet_cluster_carry_nothing() {
    let mut world = World::cluster(Options::lan(), 5);
    world.run(secs(20));
    assert!(world.letters.iter().filter(|letter| is_ping(letter)).count() >= 90);
    assert!(world.letters.iter().all(|letter| letter.subjects().is_empty()));
    assert!(world.letters.iter().all(|letter| letter.channel == Channel::Datagram));
}

/// Each member is renewed many times before anything is told; the harness looks at the bounds after every input (I7).
#[test]
fn changes_that_supersede_each_other_do_not_pile_up() {
    let mut world = World::among(quiet_lan(), 2);
    for round in 0..150 {
        for member in 0..40 {
            // Not all the same number of times, so that versions start again at different moments.
            let times = if round == 0 { 1 + member % 32 } else { 1 };
            for time in 0..times {
                let incarnation = inc(u64::from(1000 * round + 10 * time));
                world.tell(2, 1, &[own(100 + member, Alive, incarnation)]);
            }
        }
    }
    assert_eq!(world.node(1).pending_changes(), 40);
    let told = ask_quietly(&mut world, SOMEONE);
    assert_eq!(BTreeSet::from_iter(told).len(), 40);
    for _ in 0..20 {
        let mut told = ask_quietly(&mut world, SOMEONE);
        told.sort_unstable();
        assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "none is told twice in a message");
    }
    assert!(!world.node(1).has_changes());
}

/// However often a member changes, its last change is told as often as any other. Versions of changes start again after
/// a while, so every number of changes up to two rounds of them is tried.
#[test]
fn what_is_left_in_the_queue_of_older_changes_is_not_taken_for_the_newest() {
    for changes in 1..=130 {
        let mut world = World::among(quiet_lan(), 3);
        // So many others that nothing is thrown out for being too old.
        let others: Vec<_> = (1000..1300).map(|address| own(address, Leave, inc(0))).collect();
        world.tell(2, 1, &others);
        for change in 0..=changes {
            world.tell(2, 1, &[own(9, Leave, inc(change))]);
        }
        let limit = world.node(1).send_limit() as usize;
        let told = (0..40).map(|_| ask_quietly(&mut world, SOMEONE).iter().filter(|&&subject| subject == 9).count());
        let told: Vec<usize> = told.collect();
        assert!(told.iter().all(|&times| times <= 1), "twice in a message after {changes} changes");
        assert_eq!(told.iter().sum::<usize>(), limit, "after {changes} changes");
        assert!(!world.node(1).has_changes());
    }
}

#[test]
fn a_message_that_fails_gives_back_no_send_of_a_newer_change() {
    for changes in 1..=130 {
        let mut world = World::among(quiet_lan(), 3);
        world.tell(2, 1, &[own(9, Leave, inc(0))]);
        // A ping for another carries the first change, and will fail.
        let request = Kind::PingReq { seq: swim_core::Seq(1), target: 3, timeout: secs(1) };
        world.inject(2, 1, Via::Datagram, &message(request, &[]));
        assert_eq!(world.last(1, 3).subjects(), [9]);
        for change in 1..=changes {
            world.tell(2, 1, &[own(9, Leave, inc(change))]);
        }
        for _ in 0..3 {
            ask_quietly(&mut world, SOMEONE);
        }
        world.run(secs(1));
        for _ in 0..3 {
            ask_quietly(&mut world, SOMEONE);
        }
        let newest = world.sent_by(1).filter(|letter| letter.claims_about(9).contains(&(Leave, inc(changes)))).count();
        assert_eq!(newest, 4, "after {changes} changes");
    }
}
