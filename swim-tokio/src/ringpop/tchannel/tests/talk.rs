//! Two connections that talk to each other.

use std::time::Duration;

use super::super::call::Budget;
use super::super::ours::{Gate, Ours};
use super::super::shared::Shared;
use super::*;

#[test]
fn calls_wait_for_the_handshake() {
    let mut opened = Connection::new(Role::Opened, identity("10.0.0.1:1"), LIMITS);
    let mut accepted = Connection::new(Role::Accepted, identity("10.0.0.2:2"), LIMITS);
    let first = opened.call(TTL, "/first", b"1").unwrap();
    let dropped = opened.call(TTL, "/dropped", b"2").unwrap();
    let last = opened.call(TTL, "/last", b"3").unwrap();
    opened.forget(dropped);
    let early = accepted.call(TTL, "/early", b"4").unwrap();
    assert!(taken(&mut accepted).is_empty());

    accepted.receive(NOW, &taken(&mut opened)).unwrap();
    assert_eq!(arrived(&mut accepted).len(), 1, "only the introduction came");
    opened.receive(NOW, &taken(&mut accepted)).unwrap();
    assert_eq!(calls(&mut opened), [(early, "/early".into())]);
    accepted.receive(NOW, &taken(&mut opened)).unwrap();
    assert_eq!(calls(&mut accepted), [(first, "/first".into()), (last, "/last".into())]);
}

#[test]
fn both_sides_use_the_same_numbers_without_mixing_them_up() {
    let (mut here, mut there) = (ready(Role::Opened, LIMITS), ready(Role::Accepted, LIMITS));
    assert_eq!(here.call(TTL, "/here", b"").unwrap(), there.call(TTL, "/there", b"").unwrap());
    there.receive(NOW, &taken(&mut here)).unwrap();
    here.receive(NOW, &taken(&mut there)).unwrap();
    for (connection, endpoint) in [(&mut here, "/there"), (&mut there, "/here")] {
        assert_eq!(calls(connection), [(2, endpoint.to_string())]);
        connection.answer(2, Ok(endpoint.as_bytes()));
    }
    there.receive(NOW, &taken(&mut here)).unwrap();
    here.receive(NOW, &taken(&mut there)).unwrap();
    for (connection, endpoint) in [(&mut here, "/here"), (&mut there, "/there")] {
        let answered = Arrived::Answered { id: 2, result: Ok(endpoint.as_bytes().to_vec()) };
        assert_eq!(arrived(connection), [answered]);
    }
}

#[test]
fn numbers_go_on_after_the_last_and_leave_out_those_in_use() {
    let mut ours = Ours::new(0xffff_fffd, 9);
    let mut shared = Shared {
        outgoing: Vec::new(),
        arrived: Default::default(),
        budget: Budget { each: 9, all: 9, used: 0 },
        counters: Counters::default(),
    };
    let mut call = || ours.call(Gate::Open, TTL, "/a", b"", &mut shared).unwrap();
    assert_eq!([call(), call(), call(), call()], [0xffff_fffd, 0xffff_fffe, 0, 1]);
}

/// The news, all of which are calls.
fn calls(connection: &mut Connection) -> Vec<(u32, String)> {
    let calls = arrived(connection).into_iter().filter_map(|news| match news {
        Arrived::Call { id, endpoint, .. } => Some((id, endpoint)),
        Arrived::Ready { .. } => None,
        other => panic!("{other:?}"),
    });
    calls.collect()
}

const TTL: Duration = Duration::from_secs(1);
