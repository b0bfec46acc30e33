//! Bodies against the messages that they stand for, both ways.

use swim_core::{Change, Changes, OwnLabels, Status};

use super::*;

#[test]
fn endpoints_have_names() {
    for endpoint in Endpoint::ALL {
        assert_eq!(Endpoint::from_path(endpoint.path()), Some(endpoint));
    }
    assert_eq!(Endpoint::from_path("/protocol/ping-req"), Some(Endpoint::PingReq));
    for path in ["", "/protocol", "/protocol/pin", "/PROTOCOL/PING", "/protocol/ping/"] {
        assert_eq!(Endpoint::from_path(path), None, "{path}");
    }
}

#[test]
fn requests_go_to_their_endpoints_with_the_time_that_they_have() {
    let labels = OwnLabels::new([("a", "b")]).unwrap();
    let request = |ticket, kind| words().request(Ticket(ticket), &said(kind, Changes::NONE), labels.as_labels());
    let join = request(1 << 32 | 9, Kind::Join { app: ClusterId::from_name("ringpop") }).unwrap();
    let text =
        r#"{"app":"ringpop","source":"127.0.0.1:1","incarnationNumber":5,"timeout":1000000000,"labels":{"a":"b"}}"#;
    assert_eq!((join.asked, join.ttl, written(&join.body)), (Asked::Join, Duration::from_secs(1), text));

    let ping = request(9, Kind::Ping { seq: Seq(9) }).unwrap();
    let text = r#"{"changes":[],"checksum":6,"source":"127.0.0.1:1","sourceIncarnationNumber":5,"app":"ringpop"}"#;
    let asked = Asked::Ping { seq: Seq(9) };
    assert_eq!((ping.asked, ping.ttl, written(&ping.body)), (asked, Duration::from_millis(1500), text));
    let heals = request(1 << 32 | 9, Kind::Ping { seq: Seq(9) }).unwrap();
    assert_eq!((heals.ttl, heals.body), (Duration::from_secs(1), ping.body), "a healer's ping has less time");

    let timeout = Micros::from_millis(4_000);
    let ping_req = request(9, Kind::PingReq { seq: Seq(9), target: at(3), timeout }).unwrap();
    let text = concat!(
        r#"{"source":"127.0.0.1:1","sourceIncarnationNumber":5,"target":"127.0.0.1:3","checksum":6,"#,
        r#""changes":[]}"#
    );
    let asked = Asked::PingReq { seq: Seq(9), target: at(3) };
    assert_eq!((ping_req.asked, ping_req.ttl, written(&ping_req.body)), (asked, Duration::from_secs(5), text));
    assert_eq!(asked.endpoint(), Endpoint::PingReq);

    for kind in [Kind::Gossip, Kind::HealMerge, Kind::Done] {
        assert_eq!(request(9, kind), None, "ringpop has no such request");
    }
}

#[test]
fn a_join_asks_for_the_list_and_says_nothing_of_the_joiner() {
    let body = r#"{"app":"other","source":"127.0.0.1:2","incarnationNumber":7,"timeout":1,"labels":{"a":1}}"#;
    let request = words().asked(Endpoint::Join, body.as_bytes(), Seq(9)).unwrap();
    let message = request.message.as_message();
    assert_eq!((request.from, message.kind), (at(2), Kind::Join { app: ClusterId::from_name("other") }));
    assert!(message.changes.is_empty());
}

#[test]
fn a_helper_is_given_the_time_of_a_ping_of_its_own() {
    let body = r#"{"source":"127.0.0.1:2","sourceIncarnationNumber":7,"target":"127.0.0.1:3","checksum":8}"#;
    let request = words().asked(Endpoint::PingReq, body.as_bytes(), Seq(9)).unwrap();
    let message = request.message.as_message();
    let kind = Kind::PingReq { seq: Seq(9), target: at(3), timeout: Micros::from_millis(1500) };
    assert_eq!((request.from, message.kind), (at(2), kind));
    assert_eq!((message.incarnation.get(), message.checksum), (7, Checksum(8)));
}

#[test]
fn a_ping_is_heard_unless_it_names_another_app() {
    for (app, heard) in [("", true), (r#","app":null"#, true), (r#","app":"""#, true), (r#","app":"ringpop""#, true)]
        .into_iter()
        .chain([(r#","app":"Ringpop""#, false), (r#","app":7"#, false)])
    {
        let body = format!(r#"{{"source":"127.0.0.1:2"{app}}}"#);
        assert_eq!(words().asked(Endpoint::Ping, body.as_bytes(), Seq(9)).is_ok(), heard, "{app}");
        assert_eq!(words().answered(Asked::Ping { seq: Seq(9) }, body.as_bytes()).is_ok(), heard, "{app}");
    }
    let error = words().asked(Endpoint::Ping, br#"{"source":"127.0.0.1:2","app":"b"}"#, Seq(9)).unwrap_err();
    assert!(matches!(&error, BodyError::OtherApp(app) if app == "b"));
    assert_eq!(written(&error_body(&error)), r#"{"type":"error","message":"the request is of a different app"}"#);
}

#[test]
fn a_request_without_a_source_is_refused_and_told_why() {
    for endpoint in Endpoint::ALL {
        for source in ["", r#""source":"","#, r#""source":"localhost:1","#, r#""source":1,"#] {
            let body = format!(r#"{{{source}"target":"127.0.0.1:3","app":"ringpop"}}"#);
            let error = words().asked(endpoint, body.as_bytes(), Seq(9)).unwrap_err();
            assert!(matches!(error, BodyError::Field("source")), "{body}");
            assert!(written(&error_body(&error)).contains("`source`"));
        }
    }
    let error = words().asked(Endpoint::PingReq, br#"{"source":"127.0.0.1:2"}"#, Seq(9)).unwrap_err();
    assert!(matches!(error, BodyError::Field("target")));
}

#[test]
fn replies_are_answers_or_errors() {
    let reply = |kind| words().reply(&said(kind, Changes::NONE));
    let list = r#"{"app":"ringpop","coordinator":"127.0.0.1:1","membership":[],"membershipChecksum":6}"#;
    assert_eq!(written(&reply(Kind::List).unwrap()), list);
    for ready in [Readiness::Ready, Readiness::NotReady] {
        let ack = reply(Kind::Ack { seq: Seq(9), ready }).unwrap();
        let text = r#"{"changes":[],"checksum":6,"source":"127.0.0.1:1","sourceIncarnationNumber":5,"app":"ringpop"}"#;
        assert_eq!(written(&ack), text, "a node that is joining answers well");
    }
    for (reach, status) in [(Reach::Reached, "true"), (Reach::NotReached, "false")] {
        let answer = reply(Kind::PingReqAnswer { seq: Seq(9), target: at(3), reach }).unwrap();
        let text = format!(r#"{{"changes":[],"pingStatus":{status},"target":"127.0.0.1:3"}}"#);
        assert_eq!(written(&answer), text);
    }
    let silent = reply(Kind::PingReqAnswer { seq: Seq(9), target: at(3), reach: Reach::NotReady }).unwrap_err();
    assert!(written(&silent).contains("not ready"));
    let reasons = [
        RefusedReason::OtherApp,
        RefusedReason::Oneself,
        RefusedReason::Busy,
        RefusedReason::NotReady,
        RefusedReason::Unexpected,
    ];
    for reason in reasons {
        let error = reply(Kind::Refused { reason }).unwrap_err();
        assert_eq!(refused(&error).as_message().kind, Kind::Refused { reason }, "a node understands its own");
    }
    assert!(reply(Kind::Gossip).is_err());
}

#[test]
fn answers_belong_to_what_was_asked() {
    let change = r#"{"address":"127.0.0.1:4","status":"alive"}"#;
    let body = format!(r#"{{"membership":[{change},7],"membershipChecksum":6}}"#);
    let list = words().answered(Asked::Join, body.as_bytes()).unwrap();
    let message = list.message.as_message();
    assert_eq!((message.kind, message.checksum, message.changes.len()), (Kind::List, Checksum(6), 1));
    assert_eq!(list.dropped.shape, 1);

    let body = format!(r#"{{"changes":[{change}],"checksum":6,"source":"127.0.0.1:2","sourceIncarnationNumber":7}}"#);
    let ack = words().answered(Asked::Ping { seq: Seq(9) }, body.as_bytes()).unwrap();
    let message = ack.message.as_message();
    assert_eq!(message.kind, Kind::Ack { seq: Seq(9), ready: Readiness::Ready });
    assert_eq!((message.checksum, message.incarnation.get(), message.changes.len()), (Checksum(6), 7, 1));

    let asked = Asked::PingReq { seq: Seq(9), target: at(3) };
    for (status, reach) in [("true", Reach::Reached), ("false", Reach::NotReached)] {
        let body = format!(r#"{{"changes":[{change}],"pingStatus":{status},"target":"127.0.0.1:3"}}"#);
        let answer = words().answered(asked, body.as_bytes()).unwrap();
        let message = answer.message.as_message();
        assert_eq!(message.kind, Kind::PingReqAnswer { seq: Seq(9), target: at(3), reach });
        assert_eq!(message.changes.len(), 1);
    }
    for body in ["{}", r#"{"pingStatus":null}"#, r#"{"pingStatus":1}"#] {
        assert!(matches!(words().answered(asked, body.as_bytes()), Err(BodyError::Field("pingStatus"))));
    }
    assert!(words().answered(Asked::Ping { seq: Seq(9) }, b"").is_ok(), "that it answers is enough");
}

#[test]
fn errors_are_understood_by_their_words() {
    for (body, reason) in [
        (r#"{"type":"error","message":"Node is Not Ready"}"#, RefusedReason::NotReady),
        (r#"{"type":"error","message":"it tried to join itself"}"#, RefusedReason::Oneself),
        (r#"{"type":"error","message":"joins a different app"}"#, RefusedReason::OtherApp),
        (r#"{"type":"error","message":"too many"}"#, RefusedReason::Busy),
        (r#"{"type":"error","message":"anything"}"#, RefusedReason::Unexpected),
        (r#"{"type":"error","message":7}"#, RefusedReason::Unexpected),
        ("no JSON at all: not ready", RefusedReason::Unexpected),
        ("", RefusedReason::Unexpected),
    ] {
        assert_eq!(refused(body.as_bytes()).as_message().kind, Kind::Refused { reason }, "{body}");
    }
}

#[test]
fn what_is_told_arrives_as_it_was() {
    let labels = OwnLabels::with_reserved([("__identity", "x"), ("a", "b")]).unwrap();
    let incarnation = Incarnation::MAX;
    let source = Some(swim_core::Source { address: "[::1]:7".parse().unwrap(), incarnation });
    let list: ChangeList<SocketAddr> = Status::ALL
        .into_iter()
        .flat_map(|status| {
            let bare = Change { address: at(4), incarnation, status, source: None, labels: Labels::NONE };
            [bare, Change { source, labels: labels.as_labels(), ..bare }]
        })
        .collect();
    let ping = said(Kind::Ping { seq: Seq(9) }, list.as_changes());
    let call = words().request(Ticket(9), &ping, Labels::NONE).unwrap();
    let heard = words().asked(Endpoint::Ping, &call.body, Seq(9)).unwrap();
    assert_eq!((heard.from, heard.message.as_message()), (at(1), ping));
}

fn words() -> Words {
    Words::new(&Options::ringpop(), at(1))
}

fn said(kind: Kind<SocketAddr>, changes: Changes<'_, SocketAddr>) -> Message<'_, SocketAddr> {
    Message { kind, incarnation: Incarnation::new(5).unwrap(), checksum: Checksum(6), changes }
}

fn written(body: &[u8]) -> &str {
    str::from_utf8(body).unwrap()
}

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}
