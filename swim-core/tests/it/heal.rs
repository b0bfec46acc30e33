//! R11: two sides that hold each other faulty find together again.

use std::time::Duration;

use swim_core::{
    About, Change, Channel, ClusterId, Command, CommandError, CommandId, Event, HealResult, Hearsay, Input, Kind,
    Micros, Options, Outcome, RefusedReason, Status,
};

use crate::forge::{SOMEONE, by, inc, message, millis, own, quiet_lan, quiet_ringpop, said, secs, sourceless};
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
    let mut gossiped = world.ask(SOMEONE, 1).subjects();
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
    let told = world.ask(SOMEONE, 1);
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
    world.run(millis(23_999));
    assert_eq!(fetches(&world).len(), 1);
    world.run(millis(1));
    assert_eq!(fetches(&world).len(), 2);
}

#[test]
fn in_a_larger_cluster_the_suspects_get_longer_to_refute() {
    // Thirty members: a suspicion lasts 24 s times the logarithm, 35.45 s, and it is looked each quarter of a second.
    let mut world = World::among(quiet_lan(), 30);
    world.tell(2, 1, &[said(2, 60, Faulty, inc(3))]);
    attempt(&mut world, 60);
    send_list(&mut world, 60, &[own(60, Alive, inc(5)), said(60, 2, Faulty, inc(7))]);
    world.run(millis(35_400));
    assert_eq!(fetches(&world).len(), 1);
    world.run(millis(100));
    assert_eq!(fetches(&world).len(), 2);
}

/// The suspicion is rounded up to a millisecond six times, and ends later.
#[test]
fn the_time_to_refute_is_over_at_its_end_and_not_later() {
    // 24 s times the logarithm of 30, as exact as it is computed.
    let ends = millis(35_450) + Micros(682);
    for (late, followed) in [(Micros(1), 1), (Micros(0), 2)] {
        let mut world = World::among(quiet_lan(), 30);
        world.tell(2, 1, &[said(2, 60, Faulty, inc(3))]);
        attempt(&mut world, 60);
        send_list(&mut world, 60, &[own(60, Alive, inc(5)), said(60, 2, Faulty, inc(7))]);
        let begun = world.now;
        world.run(millis(35_249));
        world.now = begun + (ends - late);
        world.handle(1, Input::Tick);
        assert_eq!((fetches(&world).len(), world.status(1, 2)), (followed, Some(Suspect)));
    }
}

#[test]
fn a_suspect_that_was_evicted_is_not_waited_for() {
    let mut options = Options { hearsay: Hearsay::Believe, ..quiet_lan() };
    options.state_timeouts.tombstone = Duration::from_millis(100);
    let mut world = World::among(options, 10);
    world.tell(2, 1, &[said(2, 30, Faulty, inc(3))]);
    attempt(&mut world, 30);
    send_list(&mut world, 30, &[own(30, Alive, inc(5)), said(30, 2, Faulty, inc(7))]);
    world.tell(3, 1, &[said(3, 2, Tombstone, inc(8))]);
    world.run(millis(1_499));
    assert_eq!((world.status(1, 2), fetches(&world).len()), (None, 1));
    world.run(millis(1));
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
fn where_only_members_of_this_side_are_suspected_a_ringpop_target_can_be_tried_again_at_once() {
    let mut world = parted(quiet_ringpop());
    let harmful = [own(9, Alive, inc(5)), said(8, 2, Faulty, inc(0))];
    attempt(&mut world, 8);
    send_list(&mut world, 8, &harmful);
    assert_eq!(world.status(1, 2), Some(Suspect));
    assert_eq!(ended(&world, 8), Some(HealResult::Waiting));
    world.tell(2, 1, &[own(2, Alive, inc(1))]);
    let again = attempt(&mut world, 8);
    assert_eq!(world.outcome(again), None, "it is under way");
    send_list(&mut world, 8, &harmful);
    assert_eq!(world.status(1, 9), Some(Alive));
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
fn an_attempt_ends_when_the_node_evicts_itself() {
    let mut world = parted(quiet_lan());
    let id = attempt(&mut world, 8);
    world.command(1, Command::SelfEvict);
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::AlreadyLeft)));
    let asked = fetches(&world)[0].clone();
    world.answer(&asked, &message(Kind::List, &[own(8, Alive, inc(5))]));
    assert_eq!(world.status(1, 8), Some(Faulty), "nothing is merged any more");
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
    let told = world.ask(SOMEONE, 1);
    assert_eq!(told.claims_about(2), [(Suspect, inc(4))]);
    assert!(told.claims_about(1)[0].1 > known);
}

#[test]
fn the_target_applies_and_gossips_what_it_lacks() {
    let mut world = World::among(quiet_lan(), 3);
    let reply = world.request(50, 1, &message(Kind::HealMerge, &[own(50, Alive, inc(0))]));
    assert_eq!(reply.kind(), Kind::Done);
    assert_eq!(world.status(1, 50), Some(Alive));
    assert_eq!(world.ask(SOMEONE, 1).subjects(), [50]);
}

/// Its own claim wins over there as it is, so there is nothing to wait for.
#[test]
fn in_ringpop_one_that_left_asks_nobody_to_suspect_itself() {
    let mut world = parted(quiet_ringpop());
    world.command(1, Command::Leave);
    let left = world.node(1).incarnation();
    attempt(&mut world, 8);
    send_list(&mut world, 8, &[own(8, Alive, inc(5)), own(1, Alive, left)]);
    assert_eq!(world.last(1, 8).claims_about(1), [(Leave, left)]);
    assert_eq!(world.status(1, 8), Some(Alive), "the lists are merged");
}

#[test]
fn a_suspect_that_came_back_and_is_accused_anew_is_not_waited_for() {
    let mut world = World::among(quiet_lan(), 10);
    world.tell(2, 1, &[said(2, 30, Faulty, inc(3))]);
    attempt(&mut world, 30);
    send_list(&mut world, 30, &[own(30, Alive, inc(5)), said(30, 2, Faulty, inc(7))]);
    world.tell(2, 1, &[own(2, Alive, inc(8))]);
    world.tell(3, 1, &[said(3, 2, Suspect, inc(8))]);
    world.run(millis(1_500));
    assert_eq!(fetches(&world).len(), 2);
}
