//! What the other side does wrong: which of it ends the connection, and which only the call.

use std::time::Duration;

use super::*;

#[test]
fn no_frame_is_shorter_than_its_header() {
    for size in [0, 1, 15] {
        let mut connection = ready(Role::Accepted, LIMITS);
        ends(&mut connection, &[0, size], Fatal::Size(size.into()));
        let mut connection = ready(Role::Accepted, LIMITS);
        connection.receive(NOW, &[0]).unwrap();
        ends(&mut connection, &[size, 3, 0], Fatal::Size(size.into()));
    }
}

#[test]
fn other_versions_are_not_spoken() {
    for (role, kind) in [(Role::Accepted, 0x01), (Role::Opened, 0x02)] {
        for version in [0, 1, 3, 0xffff] {
            let mut connection = begun(role);
            let payload = init(version, &[("host_port", "10.0.0.2:2"), ("process_name", "it")]);
            ends(&mut connection, &frame(kind, 1, &payload), Fatal::Version(version));
        }
    }
}

#[test]
fn who_does_not_say_who_it_is_is_turned_away() {
    let missing = [init(2, &[]), init(2, &[("host_port", "10.0.0.2:2")]), init(2, &[("process_name", "it")])];
    let cut = [vec![], vec![0], vec![0, 2], vec![0, 2, 0], vec![0, 2, 0, 1, 0, 9], vec![0, 2, 0xff, 0xff]];
    for payload in missing.into_iter().chain(cut) {
        ends(&mut begun(Role::Accepted), &frame(0x01, 1, &payload), Fatal::Nameless);
        ends(&mut begun(Role::Opened), &frame(0x02, 1, &payload), Fatal::Nameless);
    }
}

#[test]
fn nothing_comes_before_the_handshake() {
    for kind in [0x02, 0x03, 0x04, 0x13, 0x14, 0xc0, 0xc1, 0xd0, 0xd1, 0x42] {
        ends(&mut begun(Role::Accepted), &frame(kind, 1, &[0; 40]), Fatal::TooSoon(kind));
    }
    for kind in [0x01, 0x03, 0x04, 0x13, 0x14, 0xc0, 0xc1, 0xd0, 0xd1, 0x42] {
        ends(&mut begun(Role::Opened), &frame(kind, 1, &[0; 40]), Fatal::TooSoon(kind));
    }
}

#[test]
fn there_is_one_handshake() {
    for role in [Role::Opened, Role::Accepted] {
        for kind in [0x01, 0x02] {
            ends(&mut ready(role, LIMITS), &frame(kind, 1, &[]), Fatal::SecondHandshake);
        }
    }
}

#[test]
fn the_other_side_may_end_it_and_is_not_answered() {
    let end = [error(0xffff_ffff, 0xff, [0; 25], "enough"), request(2, "/a", b"")].concat();
    for mut connection in [ready(Role::Opened, LIMITS), begun(Role::Opened), begun(Role::Accepted)] {
        assert_eq!(connection.receive(NOW, &end), Err(Fatal::Peer("enough".into())));
        assert_eq!((arrived(&mut connection), taken(&mut connection)), (vec![], vec![]));
        assert_eq!(connection.call(Duration::from_secs(1), "/a", b""), None);
    }
}

#[test]
fn a_number_that_is_still_to_be_answered_cannot_be_used_again() {
    let unfinished = frame(0x03, 2, &[request_head(1, 1_000), vec![0], long(b"/a")].concat());
    for first in [request(2, "/a", b""), unfinished] {
        let mut connection = ready(Role::Accepted, LIMITS);
        connection.receive(NOW, &first).unwrap();
        ends(&mut connection, &request(2, "/a", b""), Fatal::Duplicate(2));
    }
    let mut connection = ready(Role::Accepted, LIMITS);
    connection.receive(NOW, &request(2, "/a", b"")).unwrap();
    connection.answer(2, Ok(b""));
    connection.receive(NOW, &request(2, "/a", b"")).unwrap();
}

#[test]
fn after_the_end_nothing_is_taken_in() {
    let mut connection = ready(Role::Accepted, LIMITS);
    connection.receive(NOW, &request(2, "/a", b"")).unwrap();
    let stream = [request(3, "/b", b""), vec![0, 3], request(4, "/c", b"")].concat();
    ends(&mut connection, &stream, Fatal::Size(3));
    assert_eq!(connection.receive(NOW, &request(5, "/d", b"")), Err(Fatal::Size(3)));
    assert_eq!(arrived(&mut connection).len(), 2, "what came before is there");
    connection.answer(2, Ok(b""));
    assert!(taken(&mut connection).is_empty());
}

#[test]
fn a_call_with_a_wrong_checksum_is_refused_and_the_next_is_not() {
    for kind in 1..=3 {
        let mut connection = ready(Role::Accepted, LIMITS);
        let damaged = [request_head(0, 1_000), vec![kind, 1, 2, 3, 4], long(b"/a"), long(b""), long(b"{}")].concat();
        connection.receive(NOW, &[frame(0x03, 2, &damaged), request(3, "/b", b"")].concat()).unwrap();
        assert_eq!(taken(&mut connection), error(2, 6, [7; 25], "the checksum is wrong"));
        assert!(matches!(&arrived(&mut connection)[..], [Arrived::Call { id: 3, .. }]));
        assert_eq!(connection.counters(), Counters { bad_checksums: 1, ..Counters::default() });
    }
}

#[test]
fn a_call_that_cannot_be_read_is_refused_and_the_next_is_not() {
    let good = [request_head(0, 1_000), vec![0], long(b"/a"), long(b""), long(b"{}")].concat();
    let with = |flags, ttl, rest: &[&[u8]]| [request_head(flags, ttl), rest.concat()].concat();
    let mut calls: Vec<Vec<u8>> = (0..good.len()).map(|cut| good[..cut].to_vec()).collect();
    calls.push([&good[..], &[0]].concat());
    calls.push([&good[..], &long(b"a fourth")].concat());
    // No time, a checksum that does not exist, an endpoint that is no text, or too long.
    calls.push(with(0, 0, &[&[0], &long(b"/a"), &long(b""), &long(b"")]));
    calls.push(with(0, 1, &[&[4], &[0; 4], &long(b"/a"), &long(b""), &long(b"")]));
    calls.push(with(0, 1, &[&[0], &long(b"\xff"), &long(b""), &long(b"")]));
    calls.push(with(0, 1, &[&[0], &long(&[b'/'; 16 * 1024 + 1]), &long(b""), &long(b"")]));
    // The same where more would follow.
    calls.push(with(1, 1, &[&[0], &long(b"/a"), &long(b""), &long(b""), &long(b"")]));
    calls.push(with(1, 1, &[&[0], &long(b"/a"), &[0]]));
    for call in calls {
        let mut connection = ready(Role::Accepted, LIMITS);
        connection.receive(NOW, &[frame(0x03, 2, &call), request(3, "/b", b"")].concat()).unwrap();
        let written = taken(&mut connection);
        let sent = frames(&written);
        assert_eq!(sent.iter().map(|(kind, id, payload)| (*kind, *id, payload[0])).collect::<Vec<_>>(), [(0xff, 2, 6)]);
        assert!(matches!(&arrived(&mut connection)[..], [Arrived::Call { id: 3, .. }]), "{call:?}");
        assert_eq!(connection.counters(), Counters { malformed: 1, ..Counters::default() });
        assert_eq!(connection.held_bytes(), 0);
    }
}

#[test]
fn a_damaged_continuation_ends_its_call_and_what_follows_it_is_ignored() {
    let first = frame(0x03, 2, &[request_head(1, 1_000), vec![0], long(b"/a"), long(b""), long(b"{")].concat());
    let damaged = [
        vec![],
        vec![0],
        vec![0, 4, 0, 0],
        vec![0, 0, 0],
        vec![0, 0, 0, 3, b'}'],
        // Another kind of checksum, and a fourth argument.
        [vec![0, 1], vec![0; 4], long(b"}")].concat(),
        [vec![0, 0], long(b"}"), long(b"")].concat(),
    ];
    for payload in damaged {
        let mut connection = ready(Role::Accepted, LIMITS);
        let stream = [first.clone(), frame(0x13, 2, &payload), frame(0x13, 2, &[0, 0, 0, 1, b'}'])].concat();
        connection.receive(NOW, &stream).unwrap();
        assert_eq!(taken(&mut connection), error(2, 6, [7; 25], "the call cannot be read"));
        assert_eq!(arrived(&mut connection), []);
        assert_eq!(connection.counters(), Counters { malformed: 1, strays: 1, ..Counters::default() });
        assert_eq!((connection.held_bytes(), connection.expire(NOW)), (0, None));
    }
}

#[test]
fn answers_that_cannot_be_read_fail_their_calls() {
    let good = [response_head(0, 0), vec![0], long(b""), long(b""), long(b"{}")].concat();
    let mut answers: Vec<(Vec<u8>, CallError)> =
        (0..good.len()).map(|cut| (frame(0x04, 2, &good[..cut]), CallError::Malformed)).collect();
    let wrong = [response_head(0, 0), vec![1, 1, 2, 3, 4], long(b""), long(b""), long(b"{}")].concat();
    answers.push((frame(0x04, 2, &wrong), CallError::Checksum));
    answers.push((frame(0x14, 2, &[0, 0, 0, 0]), CallError::Malformed));
    answers.push((frame(0xff, 2, &[3, 0, 0]), CallError::Malformed));
    let begun = frame(0x04, 2, &[response_head(1, 0), vec![0], long(b""), long(b""), long(b"{}")].concat());
    answers.push(([begun.clone(), begun].concat(), CallError::Malformed));
    for (answer, expected) in answers {
        let mut connection = ready(Role::Opened, LIMITS);
        let id = connection.call(Duration::from_secs(1), "/a", b"").unwrap();
        let next = connection.call(Duration::from_secs(1), "/a", b"").unwrap();
        connection.receive(NOW, &[answer.clone(), response(next, 0, b"ok")].concat()).unwrap();
        let results = [(id, Err(expected)), (next, Ok(b"ok".to_vec()))];
        let expected = results.map(|(id, result)| Arrived::Answered { id, result });
        assert_eq!(arrived(&mut connection), expected, "{answer:?}");
        assert_eq!(connection.held_bytes(), 0);
    }
}

#[test]
fn frames_of_unknown_types_are_refused_alone() {
    let mut connection = ready(Role::Accepted, LIMITS);
    connection.receive(NOW, &[frame(0x42, 9, b"what"), request(3, "/b", b"")].concat()).unwrap();
    assert_eq!(taken(&mut connection), error(9, 6, [0; 25], "the type of the frame is not known"));
    assert_eq!(arrived(&mut connection).len(), 1);
    assert_eq!(connection.counters(), Counters { unknown_types: 1, ..Counters::default() });
}

#[test]
fn what_nobody_asked_for_is_counted_and_ignored() {
    let mut connection = ready(Role::Opened, LIMITS);
    let stream = [
        response(2, 0, b""),
        error(0xffff_ffff, 6, [0; 25], "?"),
        frame(0xd1, 4, b""),
        frame(0x14, 2, &[0, 0, 0, 0]),
        frame(0x13, 2, &[0, 0, 0, 0]),
        frame(0xc0, 2, &[]),
        frame(0xc1, 2, &[]),
    ];
    connection.receive(NOW, &stream.concat()).unwrap();
    assert_eq!((arrived(&mut connection), taken(&mut connection)), (vec![], vec![]));
    assert_eq!(connection.counters(), Counters { unasked_answers: 3, strays: 2, ..Counters::default() });
}

fn begun(role: Role) -> Connection {
    let mut connection = Connection::new(role, identity("10.0.0.1:1"), LIMITS);
    connection.outgoing().clear();
    connection
}

/// Giving it `bytes` ends the connection, and the other side is told why.
fn ends(connection: &mut Connection, bytes: &[u8], fatal: Fatal) {
    assert_eq!(connection.receive(NOW, bytes), Err(fatal.clone()));
    assert_eq!(taken(connection), error(0xffff_ffff, 0xff, [0; 25], &fatal.to_string()));
}
