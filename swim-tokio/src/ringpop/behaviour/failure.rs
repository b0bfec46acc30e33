//! Probes, helpers and suspicions (7, 8).

use std::collections::BTreeSet;

use super::*;

#[test]
fn members_are_pinged_every_200_ms_each_once_in_a_pass() {
    let mut bench = Bench::among(5);
    bench.command(5, Command::GossipStart);
    let mut passes = Vec::new();
    for _ in 0..20 {
        let mut pass = Vec::new();
        for _ in 0..5 {
            bench.run(millis(0));
            let ping = bench.take(Endpoint::Ping).remove(0);
            assert_eq!(ping.body()["source"], "10.0.0.1:1");
            pass.push(ping.to);
            bench.answer(&ping, &json!({ "changes": [] }));
            bench.run(millis(199));
            assert_eq!(bench.count(Endpoint::Ping), 0);
            bench.run(millis(1));
        }
        passes.push(pass);
    }
    assert!(passes.iter().all(|pass| pass.iter().collect::<BTreeSet<_>>().len() == 5), "{passes:?}");
    assert!(passes.iter().collect::<BTreeSet<_>>().len() > 5, "the order changes from pass to pass");
}

#[test]
fn rounds_take_twice_the_median_duration_where_that_is_longer() {
    let mut bench = Bench::among(3);
    bench.command(5, Command::GossipStart);
    for _ in 0..20 {
        while bench.count(Endpoint::Ping) == 0 {
            bench.run(millis(1));
        }
        let ping = bench.take(Endpoint::Ping).remove(0);
        bench.run(millis(300));
        bench.answer(&ping, &json!({}));
    }
    let answered = bench.now;
    while bench.count(Endpoint::Ping) == 0 {
        bench.run(millis(1));
    }
    // From start to start; a percentile here is exact to a tenth.
    let pause = bench.now.since(answered).0 / 1000;
    assert!((230..=370).contains(&pause), "{pause}");
}

#[test]
fn gossip_that_is_stopped_starts_no_round_and_answers_pings() {
    let mut bench = Bench::among(3);
    bench.command(5, Command::GossipStart);
    bench.run(millis(0));
    let ping = bench.take(Endpoint::Ping).remove(0);
    bench.command(6, Command::GossipStop);
    assert_eq!(bench.outcome(6), Some(Outcome::Done), "also while a ping is under way");
    bench.answer(&ping, &json!({}));
    bench.run(millis(10_000));
    assert_eq!(bench.sent.len(), 0);
    bench.ping(2, &[]);
}

#[test]
fn a_ping_that_failed_is_followed_by_three_ping_reqs_and_one_good_answer_ends_it() {
    let mut bench = Bench::among(9);
    let ping = bench.tick();
    bench.run(millis(1_499));
    assert_eq!(bench.count(Endpoint::PingReq), 0);
    bench.run(millis(1));
    let asked = bench.take(Endpoint::PingReq);
    assert_eq!(asked.iter().map(|request| request.to).collect::<BTreeSet<_>>().len(), 3);
    for request in &asked {
        assert_ne!(request.to, ping.to);
        assert_eq!(request.body()["target"], ping.to.to_string());
        assert_eq!(request.call.ttl, millis(5_000));
    }
    bench.answer(&asked[0], &json!({ "changes": [], "pingStatus": false, "target": ping.to.to_string() }));
    bench.answer(&asked[1], &json!({ "changes": [], "pingStatus": true, "target": ping.to.to_string() }));
    assert_eq!(bench.outcome(99), Some(Outcome::Done));
    assert!(bench.node.members().iter().all(|member| member.status == Status::Alive));
}

/// Three answer that it is not there, or one of them and the others not at all.
#[test]
fn one_that_no_helper_reaches_is_suspect_at_the_incarnation_that_was_pinged() {
    for silent in [0, 1, 2] {
        let mut bench = Bench::among(9);
        let ping = bench.tick();
        bench.fail(&ping);
        for (at, request) in bench.take(Endpoint::PingReq).iter().enumerate() {
            if at < silent {
                bench.fail(request);
            } else {
                bench.answer(request, &json!({ "changes": [], "pingStatus": false, "target": ping.to.to_string() }));
            }
        }
        let number = ping.to.port();
        assert_eq!((bench.status(number), bench.incarnation(number)), (Some(Status::Suspect), Some(1)));
        let told = about(&bench.ping(77, &[]), number).unwrap();
        assert_eq!(told, said(1, WALL, number, "suspect", 1));
        bench.run(millis(4_999));
        assert_eq!(bench.status(number), Some(Status::Suspect));
        bench.run(millis(1));
        assert_eq!(bench.status(number), Some(Status::Faulty));
    }
}

/// Where ringpop-go compares with how many it would have liked to ask.
#[test]
fn nobody_is_suspected_where_all_that_were_asked_failed_however_few() {
    for (others, asked) in [(9, 3), (3, 2), (2, 1)] {
        let mut bench = Bench::among(others);
        let ping = bench.tick();
        bench.fail(&ping);
        let requests = bench.take(Endpoint::PingReq);
        assert_eq!(requests.len(), asked);
        for (at, request) in requests.iter().enumerate() {
            if at == 0 { bench.refuse(request, "not ready") } else { bench.fail(request) }
        }
        assert_eq!(bench.outcome(99), Some(Outcome::Done));
        assert!(bench.node.members().iter().all(|member| member.status == Status::Alive), "{others}");
    }
}

#[test]
fn one_is_suspected_where_there_is_nobody_to_ask() {
    let mut bench = Bench::among(1);
    let ping = bench.tick();
    bench.fail(&ping);
    assert_eq!(bench.status(2), Some(Status::Suspect));
}

/// Where ringpop-go keeps the first timer, which is about the old incarnation.
#[test]
fn a_newer_claim_starts_the_timer_anew() {
    let mut bench = Bench::among(3);
    bench.ping(2, &[said(2, 1, 4, "suspect", 1)]);
    bench.run(millis(3_000));
    bench.ping(2, &[said(2, 1, 4, "suspect", 2)]);
    bench.run(millis(4_999));
    assert_eq!(bench.status(4), Some(Status::Suspect));
    bench.run(millis(1));
    assert_eq!((bench.status(4), bench.incarnation(4)), (Some(Status::Faulty), Some(2)));
    let day = millis(24 * 3600 * 1000);
    bench.run(day - millis(1));
    bench.ping(2, &[said(2, 1, 4, "faulty", 3)]);
    bench.run(day - millis(1));
    assert_eq!(bench.status(4), Some(Status::Faulty));
    bench.run(millis(1));
    assert_eq!(bench.status(4), Some(Status::Tombstone));
    bench.run(millis(60_000));
    assert_eq!(bench.status(4), None);
}

#[test]
fn a_helper_answers_as_its_own_ping_ends() {
    let mut bench = Bench::among(3);
    let body = json!({ "source": "10.0.0.2:2", "target": "10.0.0.3:3", "checksum": 0, "changes": [] });
    let ticket = bench.call(Endpoint::PingReq, &body).unwrap();
    bench.run(millis(1_499));
    assert!(bench.reply_to(ticket).is_none());
    bench.run(millis(1));
    assert_eq!(bench.reply_to(ticket).unwrap().unwrap()["pingStatus"], false);

    bench.take(Endpoint::Ping);
    let ticket = bench.call(Endpoint::PingReq, &body).unwrap();
    let ping = bench.take(Endpoint::Ping).remove(0);
    bench.fail(&ping);
    assert_eq!(bench.reply_to(ticket).unwrap().unwrap()["pingStatus"], false, "at once where it cannot be delivered");
}

#[test]
fn pings_of_another_app_are_errors_and_are_not_heard() {
    let mut bench = Bench::among(2);
    let body = json!({ "app": "other", "source": "10.0.0.2:2", "changes": [change(50, "alive", 1)] });
    assert_eq!(bench.ask(Endpoint::Ping, &body).unwrap_err()["type"], "error");
    assert_eq!(bench.status(50), None);
}
