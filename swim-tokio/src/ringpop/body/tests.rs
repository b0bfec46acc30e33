//! What is read of bodies that are well or badly made, and that what is written is what is meant.

use std::net::SocketAddr;

use swim_core::{Change, ChangeList, Checksum, Incarnation, Labels, OwnLabels, Source, Status};

use super::*;

#[test]
fn no_bytes_are_an_empty_object() {
    for bytes in ["", " \n", "{}", r#"{"changes":null,"checksum":null,"unknown":[{"a":1}]}"#] {
        let body = read(bytes);
        assert!(body.changes.list.is_empty() && body.changes.dropped.total() == 0, "{bytes}");
        assert_eq!(body.checksum.checksum("checksum").unwrap(), Checksum(0));
        assert!(body.source.address("source").is_err());
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for bytes in
        ["null", "[]", "7", "{", r#"{"changes":{}}"#, r#"{"changes":7}"#, "{} {}", "\u{0}", r#"{"app":"\ud800"}"#]
    {
        assert!(matches!(Body::read(bytes.as_bytes()), Err(BodyError::Json(_))), "{bytes}");
    }
    let deep = format!(r#"{{"unknown":{}"#, "[".repeat(100_000));
    assert!(Body::read(deep.as_bytes()).is_err());
    assert!(Body::read(&[b'{', 0xff, b'}']).is_err());
}

#[test]
fn a_change_is_read_with_all_that_it_says() {
    let told = changes(
        r#"{"id":"x","source":"127.0.0.1:2","sourceIncarnationNumber":7,"address":"127.0.0.1:1","incarnationNumber":5,
            "status":"suspect","timestamp":1,"labels":{"b":"2","a":"1"}}"#,
    );
    let labels = OwnLabels::new([("a", "1"), ("b", "2")]).unwrap();
    let source = Some(Source { address: at(2), incarnation: inc(7) });
    assert_eq!(told.list, list(Change { source, labels: labels.as_labels(), ..claim(Status::Suspect, 5) }));
}

#[test]
fn what_a_change_may_leave_out_has_a_meaning() {
    for nothing in ["", r#""source":"","#, r#""source":null,"sourceIncarnationNumber":null,"labels":null,"#] {
        let told = changes(&format!(r#"{{{nothing}"address":"127.0.0.1:1","status":"alive"}}"#));
        assert_eq!(told.list, list(claim(Status::Alive, 0)), "{nothing}");
    }
    let told =
        changes(r#"{"address":"127.0.0.1:1","status":"alive","source":"somebody","sourceIncarnationNumber":-1}"#);
    assert_eq!(told.list, list(claim(Status::Alive, 0)), "whoever that is cannot be told on");
}

#[test]
fn both_forms_of_a_tombstone_are_read() {
    for (form, status) in [
        (r#""status":"faulty","tombstone":true"#, Status::Tombstone),
        (r#""status":"tombstone""#, Status::Tombstone),
        (r#""status":"tombstone","tombstone":false"#, Status::Tombstone),
        (r#""status":"faulty","tombstone":false"#, Status::Faulty),
        (r#""status":"faulty","tombstone":null"#, Status::Faulty),
        (r#""status":"alive","tombstone":true"#, Status::Alive),
    ] {
        let told = changes(&format!(r#"{{"address":"127.0.0.1:1",{form}}}"#));
        assert_eq!(told.list, list(claim(status, 0)), "{form}");
    }
}

#[test]
fn of_a_field_that_comes_twice_the_last_counts() {
    let told = changes(r#"{"address":"x","status":"faulty","address":"127.0.0.1:1","status":"alive"}"#);
    assert_eq!(told.list, list(claim(Status::Alive, 0)));
}

#[test]
fn changes_that_are_none_are_dropped_and_counted_and_the_others_are_heard() {
    let one = |fields: &str| Dropped::of(&changes(&format!("{{{fields}}}")));
    let at = r#""address":"127.0.0.1:1""#;
    for address in [r#""status":"alive""#, r#""address":"host:1","status":"alive""#, r#""address":7,"status":"alive""#]
    {
        assert_eq!(one(address), Dropped { address: 1, ..Dropped::default() }, "{address}");
    }
    for number in ["-1", "1.5", "1125899906842624", "18446744073709551616", "\"5\"", "[5]", "true", "{}"] {
        let incarnation = Dropped { incarnation: 1, ..Dropped::default() };
        assert_eq!(one(&format!(r#"{at},"status":"alive","incarnationNumber":{number}"#)), incarnation, "{number}");
        let source = r#""source":"127.0.0.1:2""#;
        let fields = format!(r#"{at},"status":"alive",{source},"sourceIncarnationNumber":{number}"#);
        assert_eq!(one(&fields), incarnation, "{number}");
    }
    for status in ["", r#","status":"Alive""#, r#","status":"dead""#, r#","status":1"#] {
        assert_eq!(one(&format!("{at}{status}")), Dropped { status: 1, ..Dropped::default() }, "{status}");
    }
    let body = read(r#"{"changes":[7,null,[],"x",{"address":"127.0.0.1:1","status":"alive"},{}]}"#);
    assert_eq!(body.changes.dropped, Dropped { shape: 4, address: 1, ..Dropped::default() });
    assert_eq!((body.changes.dropped.total(), body.changes.list), (5, list(claim(Status::Alive, 0))));
}

#[test]
fn a_claim_with_labels_that_no_member_can_have_is_dropped_as_a_whole() {
    let many = |count: usize| (0..count).map(|n| format!(r#""{n}":"x""#)).collect::<Vec<_>>().join(",");
    let long = |len: usize| format!(r#""k":"{}""#, "v".repeat(len));
    let dropped = |labels: &str| {
        let told = changes(&format!(r#"{{"address":"127.0.0.1:1","status":"alive","labels":{labels}}}"#));
        assert_eq!(told.list.len() as u32 + told.dropped.labels, 1);
        told.dropped.labels
    };
    for (labels, count) in [(many(16), 0), (many(17), 1), (many(1_000), 1), (long(255), 0), (long(256), 1)] {
        assert_eq!(dropped(&format!("{{{labels}}}")), count, "{labels}");
    }
    for labels in [r#"{"":"x"}"#, r#"{"k":1}"#, r#"{"k":null}"#, "[]", "7", r#"{"k":"x","l":{"m":[]}}"#] {
        assert_eq!(dropped(labels), 1, "{labels}");
    }
    assert_eq!(dropped(r#"{"k":"1","k":"2"}"#), 0);
}

#[test]
fn numbers_of_a_body_are_read_as_long_as_they_fit() {
    let body = read(r#"{"checksum":4294967295,"membershipChecksum":4294967296,"incarnationNumber":1125899906842623}"#);
    assert_eq!(body.checksum.checksum("checksum").unwrap(), Checksum(u32::MAX));
    assert!(matches!(body.membership_checksum.checksum("it"), Err(BodyError::Field("it"))));
    assert_eq!(body.incarnation_number.incarnation("it").unwrap(), Incarnation::MAX);
    for number in ["1125899906842624", "-5", "0.5", "\"\"", "{}"] {
        let body = read(&format!(r#"{{"incarnationNumber":{number}}}"#));
        assert!(body.incarnation_number.incarnation("it").is_err(), "{number}");
    }
}

#[test]
fn bodies_are_written_with_their_fields_in_their_order_and_no_others() {
    let labels = OwnLabels::new([("hello", "world")]).unwrap();
    let source = Some(Source { address: at(2), incarnation: inc(7) });
    let changes: ChangeList<SocketAddr> =
        [Change { source, labels: labels.as_labels(), ..claim(Status::Alive, 5) }, claim(Status::Tombstone, 6)]
            .into_iter()
            .collect();
    let entries = concat!(
        r#"[{"source":"127.0.0.1:2","sourceIncarnationNumber":7,"address":"127.0.0.1:1","incarnationNumber":5,"#,
        r#""status":"alive","labels":{"hello":"world"}},{"source":"","sourceIncarnationNumber":0,"#,
        r#""address":"127.0.0.1:1","incarnationNumber":6,"status":"faulty","tombstone":true}]"#,
    );
    let changes = changes.as_changes();
    let mut join = JoinRequest {
        app: "ringpop",
        source: at(1),
        incarnation_number: 5,
        timeout: 1_000_000_000,
        labels: Labels::NONE,
    };
    let head = r#"{"app":"ringpop","source":"127.0.0.1:1","incarnationNumber":5,"timeout":1000000000"#;
    assert_eq!(text(&join), format!("{head}}}"));
    join.labels = labels.as_labels();
    assert_eq!(text(&join), format!(r#"{head},"labels":{{"hello":"world"}}}}"#));

    let answer = JoinAnswer { app: "ringpop", coordinator: at(1), membership: changes, membership_checksum: 9 };
    let head = r#"{"app":"ringpop","coordinator":"127.0.0.1:1","membership":"#;
    assert_eq!(text(&answer), format!(r#"{head}{entries},"membershipChecksum":9}}"#));

    let ping = PingBody { changes, checksum: 9, source: at(1), source_incarnation_number: 5, app: "ringpop" };
    let tail = r#""checksum":9,"source":"127.0.0.1:1","sourceIncarnationNumber":5,"app":"ringpop"}"#;
    assert_eq!(text(&ping), format!(r#"{{"changes":{entries},{tail}"#));

    let request = PingReqRequest { source: at(1), source_incarnation_number: 5, target: at(2), checksum: 9, changes };
    let head = r#"{"source":"127.0.0.1:1","sourceIncarnationNumber":5,"target":"127.0.0.1:2","checksum":9,"changes":"#;
    assert_eq!(text(&request), format!("{head}{entries}}}"));

    let answer = PingReqAnswer { changes, ping_status: true, target: "[::1]:2".parse().unwrap() };
    assert_eq!(text(&answer), format!(r#"{{"changes":{entries},"pingStatus":true,"target":"[::1]:2"}}"#));
    assert_eq!(text(&ErrorBody::new("no")), r#"{"type":"error","message":"no"}"#);
}

impl Dropped {
    fn of(told: &Told) -> Self {
        assert!(told.list.is_empty());
        told.dropped
    }
}

fn text(body: &impl serde::Serialize) -> String {
    String::from_utf8(to_bytes(body)).unwrap()
}

fn read(text: &str) -> Body {
    Body::read(text.as_bytes()).unwrap()
}

fn changes(entry: &str) -> Told {
    read(&format!(r#"{{"changes":[{entry}]}}"#)).changes
}

fn claim(status: Status, incarnation: u64) -> Change<'static, SocketAddr> {
    Change { address: at(1), incarnation: inc(incarnation), status, source: None, labels: Labels::NONE }
}

fn list(change: Change<'_, SocketAddr>) -> ChangeList<SocketAddr> {
    [change].into_iter().collect()
}

fn inc(number: u64) -> Incarnation {
    Incarnation::new(number).unwrap()
}

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}
