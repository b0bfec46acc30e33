//! Bootstrap (1), incarnations (2), and nodes that are still joining.

use std::collections::BTreeSet;

use super::*;

#[test]
fn six_hosts_are_asked_at_once_those_of_other_machines_first() {
    let mut bench = Bench::new(Options::ringpop());
    let same_machine = (2..5).map(|port| ([10, 0, 0, 1], port).into());
    let hosts: Vec<SocketAddr> = same_machine.chain((1..=5).map(peer)).collect();
    bench.bootstrap(StartGossip::WhenReady, &hosts);
    let joins = bench.take(Endpoint::Join);
    assert_eq!(joins.len(), 6);
    let others = joins.iter().filter(|join| join.to.ip() != peer(1).ip()).count();
    assert_eq!(others, 4, "all there are on other machines");
    assert_eq!(joins.iter().map(|join| join.to).collect::<BTreeSet<_>>().len(), 6);
    for join in &joins {
        let body = json!({
            "app": "ringpop", "source": "10.0.0.1:1", "incarnationNumber": WALL, "timeout": 1_000_000_000,
        });
        assert_eq!((join.body(), join.call.ttl), (body, millis(1000)));
    }
}

#[test]
fn nobody_is_pinged_before_all_joins_of_the_group_are_answered_and_then_at_once() {
    let mut bench = Bench::new(Options::ringpop());
    bench.bootstrap(StartGossip::WhenReady, &(1..=9).map(peer).collect::<Vec<_>>());
    let joins = bench.take(Endpoint::Join);
    assert_eq!(joins.len(), 6);
    for join in &joins {
        bench.run(millis(100));
        assert!(!bench.node.is_ready() && bench.sent.is_empty());
        bench.answer(join, &json!({ "membership": [change(20, "alive", 3)] }));
    }
    assert!(bench.node.is_ready());
    bench.run(millis(0));
    let pings = bench.take(Endpoint::Ping);
    assert_eq!((pings.len(), pings[0].to), (1, peer(20)));
    assert_eq!(subjects(&pings[0].body()), named([1]), "what joins brought is not gossiped, only oneself");
    bench.run(millis(60_000));
    assert_eq!(bench.count(Endpoint::Join), 0, "six were enough");
}

#[test]
fn three_answers_are_enough_and_fewer_are_asked_for_again_after_a_pause_that_doubles() {
    let mut bench = Bench::new(Options::ringpop());
    let hosts: Vec<SocketAddr> = (1..=9).map(peer).collect();
    bench.bootstrap(StartGossip::OnCommand, &hosts);
    let joins = bench.take(Endpoint::Join);
    for (at, join) in joins.iter().enumerate() {
        if at < 2 {
            bench.answer(join, &json!({ "membership": [] }));
        } else {
            bench.fail(join);
        }
    }
    assert!(!bench.node.is_ready());
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let paused = bench.now;
        while bench.discover.is_none() {
            bench.run(millis(1));
        }
        pauses.push(bench.now.since(paused).0 / 1000);
        bench.hosts(&hosts);
        let joins = bench.take(Endpoint::Join);
        assert_eq!(joins.len(), 2, "2 x (3 - 2 that joined)");
        joins.iter().for_each(|join| bench.fail(join));
    }
    for (pause, most) in pauses.iter().zip([100, 200, 400, 800]) {
        assert!((most / 2..=most + 1).contains(pause), "{pauses:?}");
    }
    while bench.discover.is_none() {
        bench.run(millis(10));
    }
    bench.hosts(&hosts);
    for join in bench.take(Endpoint::Join) {
        bench.answer(&join, &json!({ "membership": [] }));
    }
    assert!(bench.node.is_ready());
}

#[test]
fn all_hosts_are_enough_where_there_are_fewer_than_three() {
    let mut bench = Bench::new(Options::ringpop());
    bench.bootstrap(StartGossip::OnCommand, &[peer(1), peer(2)]);
    let joins = bench.take(Endpoint::Join);
    assert_eq!(joins.len(), 1);
    bench.answer(&joins[0], &json!({ "membership": null }));
    assert!(bench.node.is_ready());
}

#[test]
fn the_incarnation_is_the_clock_in_milliseconds_and_stays_as_it_joined() {
    let mut bench = Bench::new(Options::ringpop());
    bench.bootstrap(StartGossip::WhenReady, &[peer(1), peer(2)]);
    let join = bench.take(Endpoint::Join).remove(0);
    assert_eq!(join.body()["incarnationNumber"], WALL);
    bench.run(millis(700));
    bench.answer(&join, &json!({ "membership": [change(2, "alive", 1)] }));
    bench.run(millis(300));
    assert_eq!(bench.incarnation(1), Some(WALL));
    assert_eq!(about(&bench.ping(2, &[]), 1).unwrap()["incarnationNumber"], WALL);
}

#[test]
fn own_labels_are_in_the_join_and_in_what_is_told() {
    let labels = swim_core::OwnLabels::with_reserved([("__identity", "one")]).unwrap();
    let mut bench = Bench::new(Options { labels, ..Options::ringpop() });
    bench.bootstrap(StartGossip::OnCommand, &[peer(1), peer(2)]);
    let join = bench.take(Endpoint::Join).remove(0);
    assert_eq!(join.body()["labels"], json!({ "__identity": "one" }));
    bench.answer(&join, &json!({}));
    assert_eq!(about(&bench.ping(2, &[]), 1).unwrap()["labels"], json!({ "__identity": "one" }));
}

#[test]
fn a_join_is_answered_with_the_whole_list_and_changes_nothing() {
    let mut bench = Bench::among(2);
    let ask =
        json!({ "app": "ringpop", "source": "10.0.0.9:9", "incarnationNumber": 5, "timeout": 1, "labels": {"a": "b"} });
    let answer = bench.ask(Endpoint::Join, &ask).unwrap();
    assert_eq!((&answer["app"], &answer["coordinator"]), (&json!("ringpop"), &json!("10.0.0.1:1")));
    assert_eq!(answer["membershipChecksum"], bench.node.checksum().0);
    let mut all = subjects(&answer);
    all.sort();
    assert_eq!(all, named([1, 2, 3]));
    assert_eq!(bench.status(9), None, "a healer asks so too, and must not be listed for it");
}

#[test]
fn joins_of_another_app_and_of_oneself_are_errors() {
    let mut bench = Bench::among(2);
    for (app, source, says) in
        [("other", "10.0.0.9:9", "app"), ("", "10.0.0.9:9", "app"), ("ringpop", "10.0.0.1:1", "itself")]
    {
        let error = bench.ask(Endpoint::Join, &json!({ "app": app, "source": source })).unwrap_err();
        assert_eq!(error["type"], "error");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
}

/// Where ringpop-go refuses, and is suspected for it.
#[test]
fn a_node_that_is_joining_answers_pings_without_changes_and_joins_with_its_list() {
    let mut bench = Bench::new(Options::ringpop());
    bench.bootstrap(StartGossip::WhenReady, &(1..=9).map(peer).collect::<Vec<_>>());
    let answer = bench.ping_with(2, ODD, &[change(2, "alive", 1)]);
    assert_eq!(answer["changes"], json!([]));
    assert_eq!(answer["source"], "10.0.0.1:1");
    assert_eq!(bench.count(Endpoint::Join), 6, "and asks for no list in reverse");
    let list = bench.ask(Endpoint::Join, &json!({ "app": "ringpop", "source": "10.0.0.3:3" })).unwrap();
    assert_eq!(subjects(&list), named([1, 2]));
    let ping_req = json!({ "source": "10.0.0.2:2", "target": "10.0.0.3:3", "checksum": ODD, "changes": [] });
    let error = bench.ask(Endpoint::PingReq, &ping_req).unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("not ready"));
}

#[test]
fn a_peer_that_says_that_it_is_not_ready_lives() {
    let mut bench = Bench::among(4);
    let ping = bench.tick();
    bench.refuse(&ping, "node is not ready to handle requests");
    assert_eq!(bench.outcome(99), Some(Outcome::Done));
    assert_eq!(bench.count(Endpoint::PingReq), 0);
    assert!(bench.node.members().iter().all(|member| member.status == Status::Alive));
}
