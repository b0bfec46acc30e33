//! R12: leaving, coming back, and evicting oneself.

use swim_core::{
    About, Channel, Command, CommandError, Event, EventKind, Input, Kind, Options, Outcome, RefusedReason, Status,
    Ticket, Via,
};

use crate::forge::{inc, is_ping, message, millis, ping, quiet_lan, quiet_ringpop, said, secs};
use crate::world::World;
use Status::{Alive, Faulty, Leave, Suspect};

#[test]
fn a_leave_spreads_and_the_leaver_is_not_accused() {
    let mut world = World::cluster(Options::lan(), 4);
    let id = world.command(2, Command::Leave);
    world.run(secs(30));
    for at in 1..=4 {
        assert_eq!(world.status(at, 2), Some(Leave), "at {at}");
    }
    assert_eq!(world.outcome(id), Some(Outcome::Departed(2)));
    assert!(world.events(2).any(|event| event == Event::Departed { status: Leave, acknowledged: 2 }));
}

#[test]
fn a_departure_is_pushed_at_once_to_two_fifths_of_the_others() {
    for (last, told) in [(2, 1), (4, 2), (6, 2), (7, 3)] {
        let mut world = World::among(quiet_lan(), last);
        world.command(1, Command::Leave);
        let pushed: Vec<_> = world.sent_by(1).filter(|letter| is_ping(letter)).collect();
        assert_eq!(pushed.len(), told, "of {} others", last - 1);
        for letter in pushed {
            assert_eq!(letter.claims_about(1), [(Leave, world.node(1).incarnation())]);
        }
    }
}

#[test]
fn a_departure_is_pushed_to_no_more_than_the_send_limit() {
    let mut world = World::among(quiet_lan(), 40);
    assert_eq!(world.node(1).send_limit(), 8);
    world.command(1, Command::SelfEvict);
    assert_eq!(world.sent_by(1).filter(|letter| is_ping(letter)).count(), 8);
}

#[test]
fn a_departure_ends_even_if_nobody_acknowledges_it() {
    let mut world = World::among(quiet_lan(), 6);
    let id = world.command(1, Command::Leave);
    world.run(millis(499));
    assert_eq!(world.outcome(id), None);
    world.run(millis(1));
    assert_eq!(world.outcome(id), Some(Outcome::Departed(0)));
}

#[test]
fn a_departure_does_not_wait_for_members_that_cannot_be_reached() {
    let mut world = World::among(quiet_lan(), 6);
    let id = world.command(1, Command::Leave);
    let told: Vec<u32> = world.sent_by(1).filter(|letter| is_ping(letter)).map(|letter| letter.to).collect();
    let silent = (2..=6).find(|other| !told.contains(other)).unwrap();
    for (to, outcome) in [(silent, None), (told[0], None), (told[1], Some(Outcome::Departed(0)))] {
        world.handle(1, Input::Undeliverable { to, about: About::Datagram });
        assert_eq!(world.outcome(id), outcome);
    }
}

#[test]
fn by_request_a_departure_does_not_wait_for_members_that_refuse_or_cannot_be_reached() {
    let mut world = World::among(quiet_ringpop(), 6);
    let id = world.command(1, Command::SelfEvict);
    let told: Vec<_> = world.sent_by(1).filter(|letter| matches!(letter.kind(), Kind::Ping { .. })).cloned().collect();
    let rejected = world.node(1).counters().rejected_unsolicited;
    world.answer(&told[0], &message(Kind::Refused { reason: RefusedReason::Unexpected }, &[]));
    assert_eq!((world.outcome(id), world.node(1).counters().rejected_unsolicited), (None, rejected));
    let Channel::Request(ticket) = told[1].channel else { panic!("ringpop pings by request") };
    for (ticket, outcome) in [(Ticket(ticket.0 + 1), None), (ticket, Some(Outcome::Departed(0)))] {
        world.handle(1, Input::Undeliverable { to: told[1].to, about: About::Request(ticket) });
        assert_eq!(world.outcome(id), outcome);
    }
}

#[test]
fn one_that_is_alone_leaves_at_once() {
    let mut world = World::lone(quiet_lan());
    let id = world.command(1, Command::Leave);
    assert_eq!(world.outcome(id), Some(Outcome::Departed(0)));
}

#[test]
fn one_that_left_still_answers() {
    let mut world = World::among(quiet_lan(), 2);
    world.command(1, Command::Leave);
    let answer = world.ask(2, 1);
    assert!(matches!(answer.kind(), Kind::Ack { .. }));
}

#[test]
fn a_rejoin_raises_the_incarnation_and_everyone_sees_it() {
    let mut world = World::cluster(Options::lan(), 3);
    world.command(2, Command::Leave);
    world.run(secs(5));
    let left = world.node(2).incarnation();
    let id = world.command(2, Command::Rejoin);
    assert_eq!(world.outcome(id), Some(Outcome::Done));
    assert!(world.node(2).incarnation() > left);
    world.run(secs(5));
    for at in 1..=3 {
        assert_eq!(world.status(at, 2), Some(Alive), "at {at}");
    }
    assert_eq!(world.checksums().len(), 1);
}

#[test]
fn a_self_evicted_node_is_faulty_everywhere_and_says_how_it_went() {
    let mut world = World::cluster(Options::lan(), 4);
    let id = world.command(2, Command::SelfEvict);
    assert_eq!(world.status(2, 2), Some(Faulty));
    world.run(secs(60));
    for at in [1, 3, 4] {
        assert_eq!(world.status(at, 2), Some(Faulty), "at {at}");
    }
    assert_eq!(world.outcome(id), Some(Outcome::Departed(2)));
    assert!(world.events(2).any(|event| event == Event::Departed { status: Faulty, acknowledged: 2 }));
}

#[test]
fn a_self_evicted_node_neither_refutes_nor_probes() {
    let mut world = World::among(quiet_lan(), 4);
    world.command(1, Command::GossipStart);
    world.command(1, Command::SelfEvict);
    world.run(secs(1));
    world.forget();
    let own = world.node(1).incarnation();
    world.tell(2, 1, &[said(2, 1, Faulty, own.next()), said(2, 1, Suspect, own.next())]);
    world.run(secs(20));
    assert_eq!((world.status(1, 1), world.node(1).incarnation()), (Some(Faulty), own));
    assert_eq!(world.sent_by(1).count(), 0);
}

#[test]
fn a_self_evicted_node_does_not_heal() {
    let mut world = World::among(Options::lan(), 4);
    world.tell(2, 1, &[said(2, 5, Faulty, inc(0))]);
    world.command(1, Command::SelfEvict);
    world.run(secs(1));
    let id = world.command(1, Command::HealViaDiscovery);
    assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::AlreadyLeft)));
    world.forget();
    let discoveries = world.discoveries;
    // Two healing periods pass.
    world.run(secs(61));
    assert_eq!(world.sent_by(1).count(), 0);
    assert_eq!(world.discoveries, discoveries);
}

#[test]
fn a_self_evicted_node_may_come_back() {
    let mut world = World::cluster(Options::lan(), 3);
    world.command(2, Command::SelfEvict);
    world.run(secs(10));
    let id = world.command(2, Command::Rejoin);
    assert_eq!(world.outcome(id), Some(Outcome::Done));
    world.run(secs(10));
    for at in 1..=3 {
        assert_eq!(world.status(at, 2), Some(Alive), "at {at}");
    }
    // It probes again.
    world.forget();
    world.run(secs(3));
    assert!(world.sent_by(2).any(is_ping));
}

#[test]
fn one_that_came_back_looks_for_partitions_again() {
    let mut options = Options::lan();
    options.heal.base_probability = 1000;
    options.heal.faulty_rate = 0;
    let mut world = World::among(options, 3);
    world.command(1, Command::SelfEvict);
    world.run(secs(61));
    let discoveries = world.discoveries;
    world.command(1, Command::Rejoin);
    world.run(secs(61));
    assert!(world.discoveries > discoveries);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut world = World::among(quiet_lan(), 2);
    let refused = |world: &mut World, command, error| {
        let before = world.node(1).incarnation();
        let id = world.command(1, command);
        assert_eq!(world.outcome(id), Some(Outcome::Failed(error)), "{command:?}");
        assert_eq!(world.node(1).incarnation(), before);
    };
    refused(&mut world, Command::Rejoin, CommandError::NotLeft);
    world.command(1, Command::Leave);
    refused(&mut world, Command::Rejoin, CommandError::Busy);
    world.run(secs(1));
    refused(&mut world, Command::Leave, CommandError::AlreadyLeft);
    world.command(1, Command::SelfEvict);
    world.run(secs(1));
    refused(&mut world, Command::SelfEvict, CommandError::AlreadyLeft);
    refused(&mut world, Command::Leave, CommandError::AlreadyLeft);
}

#[test]
fn a_node_that_never_joined_cannot_leave() {
    let mut world = World::new(quiet_lan());
    world.boot(1);
    for command in [Command::Leave, Command::Rejoin, Command::SelfEvict, Command::HealViaDiscovery] {
        let id = world.command(1, command);
        assert_eq!(world.outcome(id), Some(Outcome::Failed(CommandError::NotReady)), "{command:?}");
    }
}

#[test]
fn the_command_of_a_departure_ends_when_all_that_were_told_have_acknowledged() {
    let mut world = World::among(quiet_lan(), 6);
    let id = world.command(1, Command::SelfEvict);
    let pushed: Vec<_> = world.sent_by(1).filter(|letter| is_ping(letter)).cloned().collect();
    for letter in &pushed {
        assert_eq!(world.outcome(id), None);
        world.acknowledge(letter, &[]);
    }
    assert_eq!(world.outcome(id), Some(Outcome::Departed(2)));
    assert_eq!(world.count(1, EventKind::Departed), 1);
    // A ping that is answered late is no news.
    world.inject(2, 1, Via::Datagram, &message(ping(1), &[]));
}
