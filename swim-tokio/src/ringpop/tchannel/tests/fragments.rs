//! Calls and answers of more than one frame, and streams that are cut anywhere.

use std::time::Duration;

use super::super::call::{self, Head};
use super::super::{checksum, frame};
use super::*;

#[test]
fn a_stream_may_be_cut_anywhere() {
    let introduction = frame(0x01, 1, &init(2, &[("host_port", "10.0.0.2:2"), ("process_name", "it")]));
    let stream = [introduction, request(2, "/a", b"{}"), frame(0xd0, 3, b""), request(4, "/b", b"[]")].concat();
    let mut whole = Connection::new(Role::Accepted, identity("10.0.0.1:1"), LIMITS);
    whole.receive(NOW, &stream).unwrap();
    let (news, written) = (arrived(&mut whole), taken(&mut whole));
    assert_eq!(news.len(), 3);
    for cut in 0..=stream.len() {
        let mut connection = Connection::new(Role::Accepted, identity("10.0.0.1:1"), LIMITS);
        connection.receive(NOW, &stream[..cut]).unwrap();
        connection.receive(NOW, &stream[cut..]).unwrap();
        assert_eq!((arrived(&mut connection), taken(&mut connection)), (news.clone(), written.clone()), "cut at {cut}");
    }
    let mut connection = Connection::new(Role::Accepted, identity("10.0.0.1:1"), LIMITS);
    stream.iter().for_each(|byte| connection.receive(NOW, &[*byte]).unwrap());
    assert_eq!((arrived(&mut connection), taken(&mut connection)), (news, written), "byte by byte");
}

#[test]
fn bodies_of_any_size_go_there_and_back() {
    let sizes = [0, 1, 65_000, 200_000, 1 << 23];
    // The longest bodies of a call and of an answer that need one frame.
    let call = 65_535 - (16 + 59 + 4) - (2 + 14) - (2 + 2) - 2;
    let answer = 65_535 - (16 + 37 + 4) - 2 - (2 + 2) - 2;
    for size in sizes.into_iter().chain(call - 3..=call + 3).chain(answer - 3..=answer + 3) {
        let body: Vec<u8> = (0..size).map(|at| (at * 7 % 251) as u8).collect();
        let limits = Limits { body_bytes: 1 << 24, assembling_bytes: 1 << 24, calls: 1 };
        let (mut here, mut there) = (ready(Role::Opened, limits), ready(Role::Accepted, limits));
        let id = here.call(TTL, "/protocol/join", &body).unwrap();
        let written = taken(&mut here);
        assert_eq!(frames(&written).len() == 1, size <= call, "{size} bytes");
        there.receive(NOW, &written).unwrap();
        match &arrived(&mut there)[..] {
            [Arrived::Call { id: 2, body: read, .. }] => assert!(*read == body, "{size} bytes"),
            other => panic!("{size} bytes: {} news", other.len()),
        }
        there.answer(id, Ok(&body));
        let written = taken(&mut there);
        assert_eq!(frames(&written).len() == 1, size <= answer, "{size} bytes");
        here.receive(NOW, &written).unwrap();
        match &arrived(&mut here)[..] {
            [Arrived::Answered { id: 2, result: Ok(read) }] => assert!(*read == body, "{size} bytes"),
            other => panic!("{size} bytes: {} news", other.len()),
        }
        for connection in [here, there] {
            assert_eq!((connection.counters(), connection.held_bytes()), (Counters::default(), 0));
        }
    }
}

#[test]
fn arguments_may_be_cut_at_any_byte_with_every_kind_of_checksum() {
    let arguments = [&b"/protocol/ping-req"[..], b"{}", b"{\"source\":\"10.0.0.2:2\",\"changes\":[]}"];
    let whole = 16 + 59 + arguments.iter().map(|argument| 2 + argument.len()).sum::<usize>();
    for kind in (0..=3).map(|code| checksum::Kind::of(code).unwrap()) {
        for longest in 80..200 {
            let mut stream = Vec::new();
            let head = Head::Request { ttl: TTL, service: "ringpop" };
            call::write(&mut stream, longest, 2, head, kind, arguments);
            let sent = frames(&stream);
            assert!(sent.iter().all(|(.., payload)| payload.len() + 16 <= longest));
            assert_eq!(sent.len() == 1, longest >= whole + kind.size(), "{longest}");
            let mut connection = ready(Role::Accepted, LIMITS);
            connection.receive(NOW, &stream).unwrap();
            match &arrived(&mut connection)[..] {
                [Arrived::Call { endpoint, body, .. }] => {
                    assert_eq!(endpoint.as_bytes(), arguments[0]);
                    assert_eq!(body, arguments[2]);
                }
                other => panic!("{kind:?} in frames of {longest}: {other:?}"),
            }
        }
    }
}

#[test]
fn fragments_are_these_bytes() {
    // The endpoint ends with its frame, so that the next begins with nothing of it.
    let first = [request_head(1, 1_000), vec![1], crc(b"/a"), long(b"/a")].concat();
    let second = [vec![1, 1], crc(b"/a{\"x\":"), long(b""), long(b""), long(b"{\"x\":")].concat();
    let last = [vec![0, 1], crc(b"/a{\"x\":1}"), long(b"1}")].concat();
    let mut connection = ready(Role::Accepted, LIMITS);
    connection.receive(NOW, &[frame(0x03, 8, &first), frame(0x13, 8, &second)].concat()).unwrap();
    assert_eq!((arrived(&mut connection), connection.held_bytes()), (vec![], 7));
    connection.receive(NOW, &frame(0x13, 8, &last)).unwrap();
    match &arrived(&mut connection)[..] {
        [Arrived::Call { id: 8, endpoint, body, .. }] => {
            assert_eq!((endpoint.as_str(), &body[..]), ("/a", &b"{\"x\":1}"[..]));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(connection.held_bytes(), 0);
}

#[test]
fn a_long_answer_has_the_kind_of_checksum_of_its_call() {
    for (code, kind) in [(0, 0), (1, 1), (2, 2), (3, 3)] {
        let mut connection = ready(Role::Accepted, LIMITS);
        let kind = checksum::Kind::of(kind).unwrap();
        let mut stream = Vec::new();
        call::write(
            &mut stream,
            frame::LONGEST,
            5,
            Head::Request { ttl: TTL, service: "ringpop" },
            kind,
            [b"/a", b"", b"b"],
        );
        connection.receive(NOW, &stream).unwrap();
        connection.answer(5, Ok(&[b'x'; 70_000]));
        let written = taken(&mut connection);
        let sent = frames(&written);
        assert_eq!(sent.len(), 2);
        assert_eq!((sent[0].0, sent[0].2[0], sent[0].2[36]), (0x04, 1, code));
        assert_eq!((sent[1].0, sent[1].2[0], sent[1].2[1]), (0x14, 0, code));
    }
}

#[test]
fn fragments_of_many_calls_may_be_mixed() {
    let mut connection = ready(Role::Accepted, LIMITS);
    let head =
        |id| frame(0x03, id, &[request_head(1, 1_000), vec![0], long(b"/a"), long(b""), long(&[id as u8])].concat());
    let more = |id: u32, flags| frame(0x13, id, &[vec![flags, 0], long(&[id as u8])].concat());
    let stream = [head(1), head(2), more(2, 1), head(3), more(1, 0), more(3, 0), more(2, 0)].concat();
    connection.receive(NOW, &stream).unwrap();
    let bodies: Vec<Vec<u8>> = arrived(&mut connection)
        .into_iter()
        .map(|news| match news {
            Arrived::Call { body, .. } => body,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(bodies, [&[1, 1][..], &[3, 3], &[2, 2, 2]]);
}

fn crc(bytes: &[u8]) -> Vec<u8> {
    crc32fast::hash(bytes).to_be_bytes().to_vec()
}

const TTL: Duration = Duration::from_secs(1);
