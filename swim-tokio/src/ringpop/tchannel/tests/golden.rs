//! The bytes of each kind of frame, written by hand.

use std::time::Duration;

use super::*;

#[test]
fn an_opened_connection_introduces_itself_at_once() {
    let mut connection = Connection::new(Role::Opened, identity("127.0.0.1:3000"), LIMITS);
    assert_eq!(taken(&mut connection), introduction(0x01, 1));
}

#[test]
fn an_introduction_is_answered_under_its_number() {
    let mut connection = Connection::new(Role::Accepted, identity("127.0.0.1:3000"), LIMITS);
    assert!(taken(&mut connection).is_empty());
    connection.receive(NOW, &introduction(0x01, 77)).unwrap();
    assert_eq!(taken(&mut connection), introduction(0x02, 77));
    let ready = Arrived::Ready { host_port: "127.0.0.1:3000".into(), process_name: "swim".into() };
    assert_eq!(arrived(&mut connection), [ready]);
}

#[test]
fn a_call_is_these_bytes() {
    let mut connection = ready(Role::Opened, LIMITS);
    assert_eq!(connection.call(Duration::from_millis(1_500), "/a", b"{}"), Some(2));
    let expected = [
        // 91 bytes, a call, number 2.
        &[0, 91, 0x03, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0][..],
        // Nothing follows; 1500 ms.
        &[0, 0, 0, 0x05, 0xdc],
        &NO_TRACING,
        b"\x07ringpop",
        b"\x02\x02as\x04json\x02cn\x07ringpop",
        &[1, 0xe1, 0x02, 0x39, 0x9f],
        b"\x00\x02/a\x00\x02{}\x00\x02{}",
    ];
    assert_eq!(taken(&mut connection), expected.concat());
}

#[test]
fn a_call_is_read_and_its_answer_has_its_tracing_and_its_kind_of_checksum() {
    let mut connection = ready(Role::Accepted, LIMITS);
    let call = [
        // 79 bytes, a call, number 9.
        &[0, 79, 0x03, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &[0, 0, 0, 0x05, 0xdc],
        &[7; 25],
        b"\x07ringpop",
        b"\x01\x02as\x03raw",
        &[1, 0xe1, 0x02, 0x39, 0x9f],
        b"\x00\x02/a\x00\x02{}\x00\x02{}",
    ];
    connection.receive(NOW, &call.concat()).unwrap();
    let expected = Arrived::Call {
        id: 9,
        service: "ringpop".into(),
        endpoint: "/a".into(),
        body: b"{}".to_vec(),
        ttl: Duration::from_millis(1_500),
    };
    assert_eq!(arrived(&mut connection), [expected]);

    connection.answer(9, Ok(b"{}"));
    let answer = [
        // 67 bytes, an answer, number 9.
        &[0, 67, 0x04, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &[0, 0],
        &[7; 25],
        b"\x01\x02as\x04json",
        &[1, 0x23, 0x2c, 0xae, 0x3e],
        b"\x00\x00\x00\x02{}\x00\x02{}",
    ];
    assert_eq!(taken(&mut connection), answer.concat());
}

#[test]
fn answers_of_all_kinds_are_read() {
    let mut connection = ready(Role::Opened, LIMITS);
    let ids: Vec<u32> = (0..3).map(|_| connection.call(TTL, "/a", b"").unwrap()).collect();
    assert_eq!(ids, [2, 3, 4]);
    let answers = [response(3, 1, b"no"), error(4, 3, [0; 25], "later"), response(2, 0, b"yes")];
    connection.receive(NOW, &answers.concat()).unwrap();
    let busy = CallError::Protocol { code: ErrorCode::Busy, message: "later".into() };
    let expected = [(3, Err(CallError::Application(b"no".to_vec()))), (4, Err(busy)), (2, Ok(b"yes".to_vec()))]
        .map(|(id, result)| Arrived::Answered { id, result });
    assert_eq!(arrived(&mut connection), expected);
    assert_eq!(connection.counters(), Counters::default());
}

#[test]
fn failures_are_answers_with_code_1_and_error_frames() {
    let mut connection = ready(Role::Accepted, LIMITS);
    connection.receive(NOW, &[request(5, "/a", b""), request(6, "/b", b"")].concat()).unwrap();
    connection.answer(5, Err(Failure::Application(b"{}")));
    connection.answer(6, Err(Failure::Protocol(ErrorCode::BadRequest, "no such endpoint")));
    let refusal = [
        &[0, 63, 0x04, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &[0, 1],
        &[7; 25],
        b"\x01\x02as\x04json",
        &[0],
        b"\x00\x00\x00\x02{}\x00\x02{}",
    ];
    let unknown =
        [&[0, 60, 0xff, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0][..], &[0x06], &[7; 25], b"\x00\x10no such endpoint"];
    assert_eq!(taken(&mut connection), [refusal.concat(), unknown.concat()].concat());
}

#[test]
fn pings_are_answered() {
    for role in [Role::Opened, Role::Accepted] {
        let mut connection = ready(role, LIMITS);
        connection.receive(NOW, &frame(0xd0, 0x0102_0304, b"")).unwrap();
        assert_eq!(taken(&mut connection), [0, 16, 0xd1, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}

#[test]
fn error_codes_are_their_numbers() {
    for code in (1..=8).chain([0xff]) {
        assert_eq!(ErrorCode::of(code).code(), code);
    }
    assert_eq!(ErrorCode::of(0x42), ErrorCode::Unexpected);
}

/// `host_port` 127.0.0.1:3000 and `process_name` swim.
fn introduction(kind: u8, id: u8) -> Vec<u8> {
    let expected = [
        &[0, 67, kind, 0, 0, 0, 0, id, 0, 0, 0, 0, 0, 0, 0, 0][..],
        &[0, 2, 0, 2],
        b"\x00\x09host_port\x00\x0e127.0.0.1:3000",
        b"\x00\x0cprocess_name\x00\x04swim",
    ];
    expected.concat()
}

const TTL: Duration = Duration::from_secs(1);
