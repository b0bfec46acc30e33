//! How much another side can make a connection hold, and for how long.

use std::time::Duration;

use super::*;

#[test]
fn a_call_that_is_too_long_is_refused_before_it_is_whole() {
    let limits = Limits { body_bytes: 100, ..LIMITS };
    let mut connection = ready(Role::Accepted, limits);
    connection.receive(NOW, &request(2, "/a", &[b'x'; 98])).unwrap();
    assert_eq!(arrived(&mut connection).len(), 1);
    connection.receive(NOW, &request(3, "/a", &[b'x'; 99])).unwrap();
    connection.receive(NOW, &[begin(4, &[b'x'; 90]), more(4, &[b'x'; 9])].concat()).unwrap();
    let refused = [3, 4].map(|id| error(id, 6, [7; 25], "the call is too long"));
    assert_eq!((arrived(&mut connection), taken(&mut connection)), (vec![], refused.concat()));
    assert_eq!((connection.counters().refused, connection.held_bytes()), (2, 0));
}

#[test]
fn application_headers_count_although_they_are_not_kept() {
    let limits = Limits { body_bytes: 100, ..LIMITS };
    let mut connection = ready(Role::Accepted, limits);
    let payload = [request_head(1, 1_000), vec![0], long(b"/a"), long(&[b'x'; 99])].concat();
    connection.receive(NOW, &frame(0x03, 2, &payload)).unwrap();
    assert_eq!(taken(&mut connection), error(2, 6, [7; 25], "the call is too long"));
}

#[test]
fn unfinished_calls_share_what_they_may_hold() {
    let limits = Limits { assembling_bytes: 100, ..LIMITS };
    let mut connection = ready(Role::Accepted, limits);
    connection.receive(NOW, &[begin(2, &[b'x'; 58]), begin(3, &[b'x'; 38])].concat()).unwrap();
    assert_eq!((taken(&mut connection), connection.held_bytes()), (vec![], 100));
    connection.receive(NOW, &begin(4, b"")).unwrap();
    connection.receive(NOW, &more(3, b"x")).unwrap();
    let refused = [4, 3].map(|id| error(id, 3, [7; 25], "unfinished calls leave no room"));
    assert_eq!((taken(&mut connection), connection.held_bytes()), (refused.concat(), 60));
    // One that comes whole needs none of it.
    connection.receive(NOW, &request(5, "/a", &[b'x'; 500])).unwrap();
    connection.receive(NOW, &[begin(6, b""), more(2, &[b'x'; 38])].concat()).unwrap();
    assert_eq!((arrived(&mut connection).len(), taken(&mut connection)), (1, vec![]));
    assert_eq!(connection.held_bytes(), 100);
}

#[test]
fn answers_are_bounded_in_the_same_way() {
    let limits = Limits { body_bytes: 100, assembling_bytes: 150, calls: 8 };
    let mut connection = ready(Role::Opened, limits);
    let ids: Vec<u32> = (0..4).map(|_| connection.call(TTL, "/a", b"").unwrap()).collect();
    let part =
        |id, body: &[u8]| frame(0x04, id, &[response_head(1, 0), vec![0], long(b""), long(b""), long(body)].concat());
    let stream = [part(ids[0], &[0; 101]), part(ids[1], &[0; 100]), part(ids[2], &[0; 51]), part(ids[3], &[0; 50])];
    connection.receive(NOW, &stream.concat()).unwrap();
    let refused = [ids[0], ids[2]].map(|id| Arrived::Answered { id, result: Err(CallError::TooLong) });
    assert_eq!((arrived(&mut connection), connection.held_bytes()), (refused.to_vec(), 150));
    connection.forget(ids[1]);
    connection.receive(NOW, &error(ids[3], 5, [0; 25], "no")).unwrap();
    assert_eq!(connection.held_bytes(), 0);
}

#[test]
fn only_so_many_calls_wait_for_an_answer() {
    let limits = Limits { calls: 2, ..LIMITS };
    let mut connection = ready(Role::Accepted, limits);
    let stream = [request(2, "/a", b""), begin(3, b""), request(4, "/c", b"")];
    connection.receive(NOW, &stream.concat()).unwrap();
    assert_eq!(taken(&mut connection), error(4, 3, [7; 25], "too many calls are unanswered"));
    connection.answer(2, Ok(b""));
    connection.outgoing().clear();
    connection.receive(NOW, &request(5, "/d", b"")).unwrap();
    assert!(taken(&mut connection).is_empty());

    assert_eq!([(); 3].map(|()| connection.call(TTL, "/a", b"")), [Some(2), Some(3), None]);
    connection.forget(2);
    assert_eq!(connection.call(TTL, "/a", b""), Some(4));
}

#[test]
fn calls_end_with_their_time_finished_or_not() {
    let mut connection = ready(Role::Accepted, LIMITS);
    assert_eq!(connection.expire(NOW), None);
    connection.receive(NOW, &[begin(2, &[0; 50]), request(3, "/a", b""), request(4, "/b", b"")].concat()).unwrap();
    assert!(matches!(connection.next(), Some(Arrived::Call { id: 3, .. })));
    connection.receive(NOW + Duration::from_millis(10), &request(5, "/c", b"")).unwrap();
    let end = NOW + Duration::from_millis(1_000);
    assert_eq!(connection.expire(NOW + Duration::from_millis(999)), Some(end));
    assert!(taken(&mut connection).is_empty());

    assert_eq!(connection.expire(end), Some(end + Duration::from_millis(10)));
    let ended = [2, 3, 4].map(|id| error(id, 1, [7; 25], "its time is over"));
    assert_eq!(taken(&mut connection), ended.concat());
    // The one that was fetched is withdrawn, and the other is not seen at all.
    let news = arrived(&mut connection);
    assert!(matches!(&news[..], [Arrived::Call { id: 5, .. }, Arrived::Cancelled { id: 3 }]), "{news:?}");
    assert_eq!((connection.counters().expired, connection.held_bytes()), (3, 0));
    connection.answer(3, Ok(b"late"));
    connection.receive(NOW, &more(2, b"")).unwrap();
    assert!(taken(&mut connection).is_empty());
    assert_eq!(connection.expire(end + Duration::from_millis(10)), None);
}

#[test]
fn an_answered_call_does_not_expire() {
    let mut connection = ready(Role::Accepted, LIMITS);
    connection.receive(NOW, &request(2, "/a", b"")).unwrap();
    connection.answer(2, Ok(b""));
    assert_eq!(connection.expire(NOW), None);
    assert_eq!(connection.expire(NOW + Duration::from_secs(60)), None);
    assert_eq!(connection.counters(), Counters::default());
}

#[test]
fn a_continuation_does_not_give_a_call_more_time() {
    let mut connection = ready(Role::Accepted, LIMITS);
    connection.receive(NOW, &begin(2, b"x")).unwrap();
    connection.receive(NOW + Duration::from_millis(900), &more(2, b"y")).unwrap();
    assert_eq!(connection.expire(NOW), Some(NOW + Duration::from_millis(1_000)));
}

#[test]
fn a_cancelled_call_is_answered_as_such_and_by_nothing_else() {
    let mut connection = ready(Role::Accepted, LIMITS);
    connection.receive(NOW, &[request(2, "/a", b""), request(3, "/b", b""), begin(4, b"{")].concat()).unwrap();
    assert!(matches!(connection.next(), Some(Arrived::Call { id: 2, .. })));
    for id in [2, 3, 4, 2] {
        let payload = [&[0, 0, 0, 1][..], &[7; 25], &long(b"changed my mind")].concat();
        connection.receive(NOW, &frame(0xc0, id, &payload)).unwrap();
    }
    assert_eq!(taken(&mut connection), [2, 3, 4].map(|id| error(id, 2, [7; 25], "it was cancelled")).concat());
    assert_eq!(arrived(&mut connection), [Arrived::Cancelled { id: 2 }]);
    connection.answer(2, Ok(b"late"));
    assert!(taken(&mut connection).is_empty());
    assert_eq!((connection.held_bytes(), connection.expire(NOW)), (0, None));
}

#[test]
fn an_answer_that_comes_too_late_is_counted() {
    let mut connection = ready(Role::Opened, LIMITS);
    let id = connection.call(TTL, "/a", b"").unwrap();
    connection.forget(id);
    connection
        .receive(NOW, &[response(id, 0, b""), error(id, 1, [0; 25], ""), response(id + 1, 0, b"")].concat())
        .unwrap();
    assert_eq!(arrived(&mut connection), []);
    assert_eq!(connection.counters(), Counters { late_answers: 2, unasked_answers: 1, ..Counters::default() });
}

#[test]
fn a_call_is_answered_once() {
    let mut connection = ready(Role::Accepted, LIMITS);
    connection.receive(NOW, &[request(2, "/a", b""), begin(3, b"")].concat()).unwrap();
    connection.answer(2, Ok(b"1"));
    connection.outgoing().clear();
    for id in [2, 3, 4] {
        connection.answer(id, Ok(b"2"));
    }
    assert!(taken(&mut connection).is_empty());
}

#[test]
fn names_and_messages_are_cut_to_fit() {
    let identity = Identity { host_port: "10.0.0.1:1".into(), process_name: "é".repeat(100_000) };
    let mut connection = Connection::new(Role::Opened, identity, LIMITS);
    let mut other = Connection::new(Role::Accepted, super::identity("10.0.0.2:2"), LIMITS);
    other.receive(NOW, &taken(&mut connection)).unwrap();
    let ready = Arrived::Ready { host_port: "10.0.0.1:1".into(), process_name: "é".repeat(2_048) };
    assert_eq!(other.next(), Some(ready));
}

/// A call of which more will follow.
fn begin(id: u32, body: &[u8]) -> Vec<u8> {
    frame(0x03, id, &[request_head(1, 1_000), vec![0], long(b"/a"), long(b""), long(body)].concat())
}

/// More of it, and still not all.
fn more(id: u32, body: &[u8]) -> Vec<u8> {
    frame(0x13, id, &[vec![1, 0], long(body)].concat())
}

const TTL: Duration = Duration::from_secs(1);
