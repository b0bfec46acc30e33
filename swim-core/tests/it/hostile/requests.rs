//! Requests that are never finished: how many a peer can make a node keep, and until when each has its reply.

use swim_core::{Channel, Input, Kind, Reach, RefusedReason, Status, SyncReason, Ticket, Via};

use crate::forge::{inc, join, message, millis, own, ping, ping_req, quiet_lan, secs};
use crate::world::World;
use Status::Alive;

const DIVERGED: SyncReason = SyncReason::Diverged;

#[test]
fn every_request_but_a_ping_req_has_its_reply_at_once() {
    let Kind::Join { app } = join() else { unreachable!() };
    let kinds = [
        ping(1),
        join(),
        Kind::Sync { reason: DIVERGED },
        Kind::HealFetch { app },
        Kind::HealSuspect,
        Kind::HealMerge,
        Kind::Gossip,
        Kind::List,
        Kind::Done,
        Kind::SyncAnswer { reason: DIVERGED },
        Kind::Refused { reason: RefusedReason::Busy },
    ];
    for from in [1, 2, 777] {
        for kind in kinds {
            let mut world = World::among(quiet_lan(), 3);
            let via = Via::Request(world.ticket());
            world.inject(from, 1, via, &message(kind, &[]));
            assert_eq!(world.owed(1), 0, "{kind:?} from {from}");
        }
    }
}

#[test]
fn no_more_than_sixty_four_ping_reqs_are_owed_and_each_for_four_and_a_half_seconds_at_most() {
    let mut world = World::among(quiet_lan(), 3);
    for asker in 0..1_000 {
        let via = Via::Request(world.ticket());
        world.inject(10_000 + asker, 1, via, &message(ping_req(asker, 3, secs(1_000_000)), &[]));
        assert!(world.owed(1) <= 64);
    }
    assert_eq!(world.owed(1), 64);
    let refused =
        |letter: &&crate::world::Letter| matches!(letter.kind(), Kind::PingReqAnswer { reach: Reach::NotReady, .. });
    assert_eq!(world.sent_by(1).filter(refused).count(), 1_000 - 64, "the others are told so at once");
    world.run(millis(4_499));
    assert_eq!(world.owed(1), 64);
    world.run(millis(1));
    assert_eq!(world.owed(1), 0);
}

#[test]
fn one_asker_is_owed_eight_at_most() {
    let mut world = World::among(quiet_lan(), 3);
    for seq in 0..100 {
        let via = Via::Request(world.ticket());
        world.inject(2, 1, via, &message(ping_req(seq, 3, secs(1)), &[]));
    }
    assert_eq!(world.owed(1), 8);
}

/// What the node asks for itself and never hears of is given up by itself; a host that says nothing leaves nothing behind.
#[test]
fn requests_of_the_node_that_are_never_answered_are_given_up() {
    let mut world = World::among(quiet_lan(), 8);
    for round in 0..50 {
        for peer in 2..=8 {
            world.ask(peer, 1);
        }
        world.forget();
        world.run(secs(11));
        world.node(1).check();
        for peer in 2..=8 {
            world.tell(peer, 1, &[own(peer, Alive, inc(round + 1))]);
        }
        world.drain(1);
    }
    // All five may run again.
    for peer in 2..=8 {
        world.ask(peer, 1);
    }
    let syncs = world.sent_by(1).filter(|letter| matches!(letter.channel, Channel::Request(_))).count();
    assert_eq!(syncs, 5);
}

#[test]
fn answers_and_refusals_of_tickets_that_were_never_given_out_change_nothing() {
    let mut world = World::among(quiet_lan(), 3);
    let checksum = world.node(1).checksum();
    for number in (0..2_000).chain([u64::MAX, 1 << 32, u64::from(u32::MAX)]) {
        let ticket = Ticket(number);
        for kind in [
            Kind::List,
            Kind::Done,
            Kind::SyncAnswer { reason: DIVERGED },
            Kind::Refused { reason: RefusedReason::Busy },
        ] {
            world.inject(2, 1, Via::Response(ticket), &message(kind, &[own(9, Alive, inc(0))]));
        }
        let about = swim_core::About::Request(ticket);
        world.handle(1, Input::Undeliverable { to: 2, about });
    }
    assert_eq!(world.node(1).checksum(), checksum);
    assert_eq!(world.sent_by(1).filter(|letter| letter.to != 2).count(), 0);
}
