//! R11: two sides that hold each other faulty find together again.

use std::time::Duration;

use swim_core::{
    About, Change, Channel, ClusterId, Command, CommandError, CommandId, Event, EventKind, HealResult, Incarnation,
    Input, Kind, Micros, Options, Outcome, RefusedReason, Status,
};

use crate::forge::{
    STRANGER, by, inc, message, millis, own, ping_req, quiet_lan, quiet_ringpop, said, secs, sourceless,
};
use crate::world::{Letter, World};
use Status::{Alive, Faulty, Leave, Suspect, Tombstone};

/// Node 1 among 2 to 5, which are alive, and 8 and 9, which are faulty.
fn parted(options: Options) -> World {
    let mut world = World::among(options, 5);
    world.tell(2, 1, &[said(2, 8, Faulty, inc(3)), said(2, 9, Faulty, inc(3))]);
    world.drain(1);
    world
}

fn attempt(world: &mut World, target: u32) -> CommandId {
    world.command(1, Command::AttemptHeal { target })
}

/// The healer's requests so far: those for a list, natively.
fn fetches(world: &World) -> Vec<Letter> {
    world.sent_by(1).filter(|letter| matches!(letter.kind(), Kind::HealFetch { .. })).cloned().collect()
}

/// The target sends its list as the answer to the latest request.
fn send_list(world: &mut World, target: u32, list: &[Change<'_, u32>]) {
    let asked = world.last(1, target).clone();
    world.answer(&asked, &message(Kind::List, list));
}

fn send_done(world: &mut World, target: u32) {
    let asked = world.last(1, target).clone();
    world.answer(&asked, &message(Kind::Done, &[]));
}

fn ended(world: &World, target: u32) -> Option<HealResult> {
    world.events(1).find_map(|event| match event {
        Event::HealEnded { target: other, result } if other == target => Some(result),
        _ => None,
    })
}

#[test]
fn an_attempt_asks_the_target_for_its_list_by_stream() {
    let mut world = parted(quiet_lan());
    attempt(&mut world, 8);
    let [fetch] = &fetches(&world)[..] else { panic!("one request") };
    assert_eq!(fetch.to, 8);
    assert!(matches!(fetch.channel, Channel::Request(_)));
    assert!(world.events(1).any(|event| event == Event::AttemptHeal { target: 8 }));
}

#[test]
fn lists_without_conflict_are_merged_on_both_sides_and_gossiped() {
    let mut world = parted(quiet_lan());
    let id = attempt(&mut world, 8);
    // Both have reincarnated already, and 30 is new.
    send_list(&mut world, 8, &[own(8, Alive, inc(5)), own(9, Alive, inc(5)), own(30, Alive, inc(0))]);
    for of in [8, 9, 30] {
        assert_eq!(world.status(1, of), Some(Alive));
    }
    let merge = world.last(1, 8).clone();
    assert_eq!(merge.kind(), Kind::HealMerge);
    let mut lacking = merge.subjects();
    lacking.sort_unstable();
    assert_eq!(lacking, [1, 2, 3, 4, 5]);
    assert_eq!(world.outcome(id), None);
    send_done(&mut world, 8);
    assert_eq!(world.outcome(id), Some(Outcome::Healed(1)));
    assert_eq!(ended(&world, 8), Some(HealResult::Merged));
    assert_eq!(world.node(1).counters().heal_merges, 1);
    let mut gossiped = world.ask(STRANGER, 1).subjects();
    gossiped.sort_unstable();
    assert_eq!(gossiped, [8, 9, 30]);
}

#[test]
fn a_member_that_lives_over_there_and_is_dead_here_is_suspected_there_first() {
    let mut world = parted(quiet_lan());
    attempt(&mut world, 8);
    let checksum = world.node(1).checksum();
    send_list(&mut world, 8, &[own(8, Alive, inc(5)), own(9, Alive, inc(0)), own(30, Alive, inc(0))]);

    let suspects = world.last(1, 8);
    assert_eq!(suspects.kind(), Kind::HealSuspect);
    let claims: Vec<_> = suspects.message.as_message().changes.iter().collect();
    assert_eq!(claims, [sourceless(9, Suspect, inc(3))], "at the incarnation of the claim that would win");
    assert_eq!(world.node(1).checksum(), checksum, "nothing at all is merged");
}

#[test]
fn a_member_that_lives_here_and_is_dead_over_there_is_suspected_here_first() {
    let mut world = parted(quiet_lan());
    attempt(&mut world, 8);
    send_list(&mut world, 8, &[own(8, Alive, inc(5)), said(8, 2, Faulty, inc(7)), own(30, Alive, inc(0))]);

    let suspect = world.member(1, 2).unwrap();
    assert_eq!((suspect.status, suspect.incarnation), (Suspect, inc(7)));
    assert_eq!((world.status(1, 8), world.status(1, 30)), (Some(Faulty), None), "nothing is merged");
    assert_eq!(fetches(&world).len(), 1);
    assert_eq!(world.sent_by(1).filter(|letter| letter.kind() == Kind::HealMerge).count(), 0);
    let told = world.ask(STRANGER, 1);
    let claims: Vec<_> = told.message.as_message().changes.iter().collect();
    assert_eq!(claims, [sourceless(2, Suspect, inc(7))]);
}

#[test]
fn the_coordinator_itself_refutes_what_the_other_side_holds_of_it() {
    let mut world = parted(quiet_lan());
    let known = world.node(1).incarnation();
    attempt(&mut world, 8);
    let claim = by(8, inc(0), 1, Faulty, known);
    send_list(&mut world, 8, &[own(8, Alive, inc(5)), claim]);
    assert!(world.node(1).incarnation() > known);
    assert_eq!(world.status(1, 1), Some(Alive));
}

#[test]
fn tombstones_over_there_stand_in_the_way_as_well() {
    let mut world = parted(quiet_lan());
    attempt(&mut world, 8);
    send_list(&mut world, 8, &[own(8, Alive, inc(5)), said(8, 2, Tombstone, inc(7))]);
    assert_eq!((world.status(1, 2), world.status(1, 8)), (Some(Suspect), Some(Faulty)));
}

#[test]
fn one_that_was_evicted_here_has_to_come_back_under_a_new_incarnation() {
    let mut world = parted(quiet_lan());
    world.tell(2, 1, &[said(2, 9, Tombstone, inc(3))]);
    world.run(secs(61));
    assert_eq!(world.status(1, 9), None);
    attempt(&mut world, 8);
    send_list(&mut world, 8, &[own(8, Alive, inc(5)), own(9, Alive, inc(0))]);
    assert_eq!(world.last(1, 8).claims_about(9), [(Suspect, inc(3))]);
}

#[test]
fn once_the_suspects_have_refuted_the_coordinator_follows_up_and_merges() {
    let mut world = parted(quiet_lan());
    attempt(&mut world, 8);
    send_list(&mut world, 8, &[own(8, Alive, inc(0)), said(8, 2, Faulty, inc(7))]);
    send_done(&mut world, 8);
    world.run(secs(3));
    assert_eq!(fetches(&world).len(), 1, "2 has not refuted");
    world.tell(2, 1, &[own(2, Alive, inc(8))]);
    world.run(millis(250));
    assert_eq!(fetches(&world).len(), 2);
    send_list(&mut world, 8, &[own(8, Alive, inc(4)), own(2, Alive, inc(8))]);
    assert_eq!(world.last(1, 8).kind(), Kind::HealMerge);
    assert_eq!(world.status(1, 8), Some(Alive));
}

#[test]
fn suspects_of_the_other_side_get_a_few_rounds_of_gossip_to_refute() {
    let mut world = parted(quiet_lan());
    attempt(&mut world, 8);
    send_list(&mut world, 8, &[own(8, Alive, inc(0))]);
    send_done(&mut world, 8);
    world.run(millis(1_499));
    assert_eq!(fetches(&world).len(), 1);
    world.run(millis(1));
    assert_eq!(fetches(&world).len(), 2);
}

#[test]
fn a_suspect_that_never_refutes_does_not_hold_up_the_follow_up_for_ever() {
    // Ten members here, of which 2 does not refute: a suspicion lasts 24 s at most.
    let mut world = World::among(quiet_lan(), 10);
    world.tell(2, 1, &[said(2, 30, Faulty, inc(3))]);
    attempt(&mut world, 30);
    send_list(&mut world, 30, &[own(30, Alive, inc(5)), said(30, 2, Faulty, inc(7))]);
    world.run(secs(23));
    assert_eq!(fetches(&world).len(), 1);
    world.run(secs(3));
    assert_eq!(fetches(&world).len(), 2);
}

#[test]
fn the_coordinator_follows_up_three_times_and_no_more() {
    let mut world = parted(quiet_lan());
    let id = attempt(&mut world, 8);
    for follow_up in 0..=3 {
        assert_eq!(fetches(&world).len(), 1 + follow_up);
        send_list(&mut world, 8, &[own(8, Alive, inc(0))]);
        send_done(&mut world, 8);
        world.run(secs(2));
    }
    world.run(secs(60));
    assert_eq!(fetches(&world).len(), 4);
    assert_eq!(ended(&world, 8), Some(HealResult::Waiting));
    assert!(world.outcome(id).is_some());
}

#[test]
fn a_target_that_is_pingable_again_needs_no_follow_up() {
    let mut world = parted(quiet_lan());
    attempt(&mut world, 8);
    send_list(&mut world, 8, &[own(8, Alive, inc(0))]);
    send_done(&mut world, 8);
    world.tell(2, 1, &[own(8, Alive, inc(9))]);
    world.run(secs(2));
    assert_eq!(ended(&world, 8), Some(HealResult::Needless));
    assert_eq!(fetches(&world).len(), 1);
}

#[test]
fn one_that_left_never_stands_in_the_way() {
    let mut world = parted(quiet_lan());
    world.tell(2, 1, &[own(7, Leave, inc(4))]);
    attempt(&mut world, 8);
    send_list(&mut world, 8, &[own(8, Alive, inc(5)), own(7, Alive, inc(0)), own(2, Leave, inc(7))]);
    assert_eq!(world.last(1, 8).kind(), Kind::HealMerge);
    assert_eq!((world.status(1, 2), world.status(1, 7)), (Some(Leave), Some(Leave)));
}

/// Answers the latest request of a ringpop node to the target, which is a ping.
fn ringpop_acks(world: &mut World, target: u32, changes: &[Change<'_, u32>]) {
    let asked = world.last(1, target).clone();
    world.acknowledge(&asked, changes);
}

#[test]
fn in_ringpop_one_that_left_has_to_reincarnate_as_well() {
    let mut world = parted(quiet_ringpop());
    world.tell(2, 1, &[own(7, Leave, inc(4))]);
    attempt(&mut world, 8);
    send_list(&mut world, 8, &[own(8, Alive, inc(5)), own(7, Alive, inc(0))]);
    let suspects = world.last(1, 8);
    assert!(matches!(suspects.kind(), Kind::Ping { .. }));
    assert_eq!(suspects.claims_about(7), [(Suspect, inc(4))]);
    assert_eq!(world.status(1, 8), Some(Faulty));
}

#[test]
fn ringpop_heals_by_join_and_ping() {
    let mut world = parted(quiet_ringpop());
    let id = attempt(&mut world, 8);
    assert!(matches!(world.last(1, 8).kind(), Kind::Join { .. }));
    send_list(&mut world, 8, &[own(8, Alive, inc(5))]);
    assert_eq!(world.status(1, 8), Some(Alive));
    let merge = world.last(1, 8);
    assert!(matches!((merge.kind(), merge.channel), (Kind::Ping { .. }, Channel::Request(_))));
    assert!(merge.subjects().contains(&2));
    ringpop_acks(&mut world, 8, &[]);
    assert_eq!(world.outcome(id), Some(Outcome::Healed(1)));
}

#[test]
fn the_ack_of_a_ringpop_target_that_must_wait_is_not_merged_either() {
    let mut world = parted(quiet_ringpop());
    attempt(&mut world, 8);
    let list = [own(8, Alive, inc(0)), said(8, 2, Faulty, inc(0))];
    send_list(&mut world, 8, &list);
    ringpop_acks(&mut world, 8, &list);
    assert_eq!(world.status(1, 2), Some(Suspect));
    assert_eq!(ended(&world, 8), Some(HealResult::Waiting), "it does not follow up by itself");
}

#[test]
fn two_attempts_run_at_once_and_one_for_each_target() {
    let mut world = parted(quiet_lan());
    world.tell(2, 1, &[said(2, 10, Faulty, inc(0))]);
    let first = attempt(&mut world, 8);
    let busy = Some(Outcome::Failed(CommandError::Busy));
    let again = attempt(&mut world, 8);
    assert_eq!(world.outcome(again), busy, "one for each target");
    let second = attempt(&mut world, 9);
    let third = attempt(&mut world, 10);
    assert_eq!(world.outcome(third), busy, "two at once");
    assert_eq!(fetches(&world).len(), 2);
    assert_eq!((world.outcome(first), world.outcome(second)), (None, None));
}

#[test]
fn who_is_pingable_is_no_candidate() {
    let mut world = parted(quiet_lan());
    world.tell(2, 1, &[said(2, 3, Suspect, inc(0))]);
    for target in [1, 2, 3] {
        let id = attempt(&mut world, target);
        assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::NoCandidate)));
    }
}

#[test]
fn a_target_that_does_not_answer_or_refuses_fails_the_attempt() {
    let failed = Some(Outcome::Failed(CommandError::HealFailed));
    let mut world = parted(quiet_lan());
    let id = attempt(&mut world, 8);
    world.run(millis(1_999));
    assert_eq!(world.outcome(id), None);
    world.run(millis(1));
    assert_eq!((world.outcome(id), ended(&world, 8)), (failed, Some(HealResult::Failed)));

    let id = attempt(&mut world, 9);
    let asked = world.last(1, 9).clone();
    world.answer(&asked, &message(Kind::Refused { reason: RefusedReason::NotReady }, &[]));
    assert_eq!(world.outcome(id), failed);
    assert_eq!(ended(&world, 9), Some(HealResult::Refused(RefusedReason::NotReady)));

    let id = attempt(&mut world, 8);
    let Channel::Request(ticket) = world.last(1, 8).channel else { panic!("a fetch is a request") };
    world.handle(1, Input::Undeliverable { to: 8, about: About::Request(ticket) });
    assert_eq!(world.outcome(id), failed);
}

#[test]
fn of_the_hosts_those_that_are_unknown_or_faulty_or_worse_are_targets() {
    let mut world = World::among(quiet_lan(), 3);
    let claims = [
        said(2, 4, Suspect, inc(0)),
        said(2, 5, Faulty, inc(0)),
        own(6, Leave, inc(0)),
        said(2, 7, Faulty, inc(0)),
        said(2, 7, Tombstone, inc(0)),
    ];
    world.tell(2, 1, &claims);
    world.hosts = Some((1..=8).collect());
    let id = world.command(1, Command::HealViaDiscovery);
    assert_eq!(world.count(1, EventKind::DiscoHeal), 1);
    world.run(secs(8));
    let mut targets: Vec<u32> = fetches(&world).iter().map(|letter| letter.to).collect();
    targets.sort_unstable();
    assert_eq!(targets, [5, 6, 7, 8]);
    assert_eq!(world.outcome(id), Some(Outcome::Healed(0)));
}

#[test]
fn a_search_goes_through_its_targets_one_after_another_and_ends_after_ten_failures() {
    let mut world = World::among(quiet_lan(), 3);
    world.hosts = Some((1..100).collect());
    let id = world.command(1, Command::HealViaDiscovery);
    for asked in 1..=10 {
        assert_eq!(fetches(&world).len(), asked);
        world.run(secs(2));
    }
    assert_eq!(world.outcome(id), Some(Outcome::Healed(0)));
    world.run(secs(60));
    assert_eq!(fetches(&world).len(), 10);
}

#[test]
fn hosts_that_the_other_side_can_ping_are_healed_with_it() {
    let mut world = World::among(quiet_lan(), 3);
    world.hosts = Some(vec![1, 50, 51, 52]);
    let id = world.command(1, Command::HealViaDiscovery);
    let met = fetches(&world)[0].to;
    send_list(&mut world, met, &[own(50, Alive, inc(0)), own(51, Alive, inc(0)), said(met, 52, Suspect, inc(0))]);
    send_done(&mut world, met);
    assert_eq!(fetches(&world).len(), 1);
    assert_eq!(world.outcome(id), Some(Outcome::Healed(1)));
}

#[test]
fn a_search_whose_discovery_fails_says_so() {
    let mut world = parted(quiet_lan());
    world.hosts = None;
    let id = world.command(1, Command::HealViaDiscovery);
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::DiscoveryFailed)));
}

/// How often node 1, which knows of 30 hosts that are all alive, asks for hosts in a hundred periods.
fn discoveries_in_a_hundred_periods(base_probability: u32) -> usize {
    let mut options = quiet_lan();
    options.heal.period = Some(Duration::from_secs(30));
    options.heal.base_probability = base_probability;
    let mut world = World::among(options, 30);
    world.hosts = Some((1..=30).collect());
    world.discoveries = 0;
    world.run(secs(3_000));
    world.discoveries
}

#[test]
fn hosts_are_asked_for_with_three_chances_in_all_of_the_cluster_each_period() {
    assert_eq!(discoveries_in_a_hundred_periods(0), 0);
    assert!((99..=101).contains(&discoveries_in_a_hundred_periods(30)));
    let of_three = discoveries_in_a_hundred_periods(3);
    assert!((4..=18).contains(&of_three), "ten are to be expected: {of_three}");
}

/// How often node 1 asks one of the faulty for its list within a minute.
fn attempts_in_a_minute(options: Options, alive: u32, faulty: u32) -> usize {
    let mut world = World::among(options, 1 + alive);
    let claims: Vec<_> = (0..faulty).map(|number| said(2, 1000 + number, Faulty, inc(0))).collect();
    world.tell(2, 1, &claims);
    world.hosts = None;
    world.run(secs(60));
    fetches(&world).len()
}

#[test]
fn known_faulty_members_are_targets_without_discovery_and_the_sooner_the_more_they_are() {
    let mut lan = Options::lan();
    lan.gossip = None;
    let half = attempts_in_a_minute(lan.clone(), 1, 2);
    assert!(half >= 20, "{half}");
    let one_of_forty = attempts_in_a_minute(lan, 38, 1);
    assert!(one_of_forty <= 6, "{one_of_forty}");
    assert!(attempts_in_a_minute(Options::ringpop(), 1, 2) == 0, "the reference needs discovery");
}

#[test]
fn a_healer_gets_the_list_of_a_ready_node_of_its_own_app() {
    let fetch = |app: &str| message(Kind::HealFetch { app: ClusterId::from_name(app) }, &[]);
    let app = Options::lan().app;
    let mut world = parted(quiet_lan());
    // Also one that is faulty here, as healers usually are.
    let reply = world.request(8, 1, &fetch(&app));
    assert_eq!((reply.kind(), reply.subjects().len()), (Kind::List, 7));
    let reply = world.request(8, 1, &fetch("another"));
    assert_eq!(reply.kind(), Kind::Refused { reason: RefusedReason::OtherApp });

    let mut world = World::new(quiet_lan());
    world.boot(1);
    let reply = world.request(8, 1, &fetch(&app));
    assert_eq!(reply.kind(), Kind::Refused { reason: RefusedReason::NotReady });
}

#[test]
fn the_target_spreads_the_suspects_refutes_what_concerns_itself_and_says_so() {
    let mut world = World::among(quiet_lan(), 3);
    let known = world.node(1).incarnation();
    let suspects = [sourceless(1, Suspect, known), sourceless(2, Suspect, inc(4))];
    let reply = world.request(50, 1, &message(Kind::HealSuspect, &suspects));
    assert_eq!(reply.kind(), Kind::Done);
    assert_eq!(world.member(1, 2).map(|member| (member.status, member.incarnation)), Some((Suspect, inc(4))));
    let told = world.ask(STRANGER, 1);
    assert_eq!(told.claims_about(2), [(Suspect, inc(4))]);
    assert!(told.claims_about(1)[0].1 > known);
}

#[test]
fn the_target_applies_and_gossips_what_it_lacks() {
    let mut world = World::among(quiet_lan(), 3);
    let reply = world.request(50, 1, &message(Kind::HealMerge, &[own(50, Alive, inc(0))]));
    assert_eq!(reply.kind(), Kind::Done);
    assert_eq!(world.status(1, 50), Some(Alive));
    assert_eq!(world.ask(STRANGER, 1).subjects(), [50]);
}

/// Cuts four nodes in halves for so long, mends, and lets them heal. Returns how long that took.
fn part_and_heal(options: Options, discovery: bool, parted: Micros) -> (World, Micros) {
    let mut world = World::cluster(options, 4);
    world.cut(|letter| (letter.from <= 2) != (letter.to <= 2));
    if !discovery {
        world.hosts = None;
    }
    world.run(parted);
    for (at, of) in [(1, 3), (1, 4), (2, 3), (2, 4), (3, 1), (3, 2), (4, 1), (4, 2)] {
        assert!(!world.status(at, of).is_some_and(Status::is_pingable), "{at} holds {of} dead");
    }
    world.mend();
    world.forget();
    let start = world.now;
    while world.now.since(start) < secs(600) {
        world.run(secs(1));
        let all_alive = (1..=4).all(|at| (1..=4).all(|of| world.status(at, of) == Some(Alive)));
        if all_alive && world.checksums().len() == 1 {
            let took = world.now.since(start);
            return (world, took);
        }
    }
    panic!("they do not heal");
}

/// Nobody declares one of its own side faulty while two sides heal.
fn nobody_dies_of_healing(world: &World) {
    for at in 1..=4 {
        let own_side = |of: u32| (of <= 2) == (at <= 2);
        let died = |event| matches!(event, Event::MakeNodeStatus { address, status: Faulty } if own_side(address));
        assert!(!world.events(at).any(died), "at {at}");
    }
}

#[test]
fn two_halves_that_hold_each_other_faulty_heal_without_discovery() {
    let (world, took) = part_and_heal(Options::lan(), false, secs(60));
    assert!(took <= secs(20), "{took:?}");
    nobody_dies_of_healing(&world);
}

#[test]
fn two_halves_heal_by_discovery_alone() {
    let mut options = Options::lan();
    options.heal.faulty_rate = 0;
    let (world, _) = part_and_heal(options, true, secs(60));
    nobody_dies_of_healing(&world);
}

#[test]
fn ringpop_halves_heal_by_discovery() {
    let mut options = Options::ringpop();
    options.app = Options::lan().app;
    let (world, _) = part_and_heal(options, true, secs(60));
    nobody_dies_of_healing(&world);
}

#[test]
fn a_partition_longer_than_eviction_heals_by_discovery() {
    let mut options = Options::lan();
    options.state_timeouts.faulty = Duration::from_secs(60);
    options.state_timeouts.tombstone = Duration::from_secs(10);
    // Just evicted, and forgotten long ago.
    for parted in [110, 600] {
        let (world, _) = part_and_heal(options.clone(), true, secs(parted));
        nobody_dies_of_healing(&world);
    }
}

#[test]
fn labels_survive_a_partition() {
    let mut world = World::cluster(Options::lan(), 4);
    let labels = swim_core::OwnLabels::new([("zone", "a")]).unwrap();
    world.command(3, Command::SetLabels(&labels));
    world.run(secs(2));
    world.cut(|letter| (letter.from <= 2) != (letter.to <= 2));
    world.run(secs(60));
    assert_eq!(world.status(1, 3), Some(Faulty));
    world.mend();
    world.run(secs(60));
    for at in 1..=4 {
        assert_eq!(world.status(at, 3), Some(Alive), "at {at}");
        assert_eq!(world.member(at, 3).unwrap().labels.value("zone"), Some("a"), "at {at}");
    }
}

#[test]
fn a_few_that_crashed_and_never_come_back_disturb_nobody() {
    let mut world = World::cluster(Options::lan(), 5);
    world.kill(5);
    world.run(secs(120));
    world.forget();
    let known: Vec<Incarnation> = (1..=4).map(|at| world.node(at).incarnation()).collect();
    world.run(secs(120));
    let after: Vec<Incarnation> = (1..=4).map(|at| world.node(at).incarnation()).collect();
    assert_eq!(known, after, "nobody has to refute");
    assert_eq!(world.checksums().len(), 1);
    // A helper is still a helper.
    let reply = world.request(2, 1, &message(ping_req(1, 1, secs(1)), &[]));
    assert!(matches!(reply.kind(), Kind::PingReqAnswer { .. }));
}
