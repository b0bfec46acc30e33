//! What is told to whom, and how often (3, 4, 5).

use super::*;

#[test]
fn a_tombstone_leaves_as_faulty_with_a_flag() {
    let mut bench = Bench::among(3);
    bench.ping(2, &[said(2, 1, 4, "faulty", 1)]);
    bench.drain();
    let before = bench.node.checksum();
    bench.command(5, Command::Reap);
    assert_eq!((bench.outcome(5), bench.status(4)), (Some(Outcome::Done), Some(Status::Tombstone)));
    assert_ne!(bench.node.checksum(), before, "it is no part of the checksum any more");
    let told = about(&bench.ping(2, &[]), 4).unwrap();
    assert_eq!((&told["status"], &told["tombstone"]), (&json!("faulty"), &json!(true)));
    assert_eq!(told["incarnationNumber"], 1);
}

#[test]
fn a_tombstone_is_heard_in_both_its_forms() {
    for form in [json!({ "status": "faulty", "tombstone": true }), json!({ "status": "tombstone" })] {
        let mut bench = Bench::among(3);
        let mut told = said(2, 1, 4, "faulty", 1);
        told.as_object_mut().unwrap().extend(form.as_object().unwrap().clone());
        bench.ping(2, &[told]);
        assert_eq!(bench.status(4), Some(Status::Tombstone), "{form}");
    }
}

#[test]
fn a_refutation_is_in_the_answer_to_the_ping_that_accused() {
    for status in ["suspect", "faulty"] {
        let mut bench = Bench::among(3);
        bench.run(millis(1_000));
        let answer = bench.ping(2, &[said(2, 1, 1, status, WALL)]);
        let told = about(&answer, 1).unwrap();
        let incarnation = WALL + 1_000;
        assert_eq!(told, change(1, "alive", incarnation), "{status}");
        assert_eq!(answer["sourceIncarnationNumber"], incarnation);
    }
}

/// Where ringpop-go takes the clock as it is.
#[test]
fn a_refutation_overrides_also_where_the_clock_is_behind() {
    let mut bench = Bench::among(3);
    let answer = bench.ping(2, &[said(2, 1, 1, "suspect", WALL + 60_000)]);
    assert_eq!(about(&answer, 1).unwrap(), change(1, "alive", WALL + 60_001));
}

#[test]
fn all_that_is_pending_is_in_every_message() {
    let mut bench = Bench::among(3);
    let many: Vec<Value> = (100..400).map(|number| change(number, "alive", 1)).collect();
    bench.ping(2, &many);
    for _ in 0..3 {
        assert_eq!(subjects(&bench.ping(3, &[])).len(), 300);
    }
    assert_eq!(subjects(&bench.tick().body()).len(), 300);
}

#[test]
fn a_change_is_sent_fifteen_times_for_each_digit_and_anew_when_it_changes() {
    for (others, limit) in [(3, 15), (9, 15), (10, 30)] {
        let mut bench = Bench::among(others);
        bench.ping(2, &[said(2, 1, 3, "suspect", 1)]);
        // The answer to its maker left it out; only what is sent counts.
        let sends = |bench: &mut Bench| (0..100).take_while(|_| about(&bench.ping(4, &[]), 3).is_some()).count();
        assert_eq!(sends(&mut bench), limit, "{others} others are pingable");
        bench.ping(2, &[said(2, 1, 3, "suspect", 2)]);
        for _ in 0..5 {
            bench.ping(4, &[]);
        }
        bench.ping(2, &[said(2, 1, 3, "suspect", 3)]);
        assert_eq!(sends(&mut bench), limit);
    }
}

#[test]
fn answers_leave_out_what_the_asker_made_under_its_incarnation() {
    let mut bench = Bench::among(4);
    let answer = bench.ping(2, &[said(2, 1, 5, "suspect", 1), said(3, 1, 4, "suspect", 1)]);
    assert_eq!(subjects(&answer), named([4]));
    assert_eq!(subjects(&bench.ping(4, &[])).len(), 2);
    let checksum = bench.node.checksum().0;
    let later = json!({ "changes": [], "checksum": checksum, "source": "10.0.0.2:2", "sourceIncarnationNumber": 2 });
    assert_eq!(subjects(&bench.ask(Endpoint::Ping, &later).unwrap()).len(), 2, "it came back since");
}

/// Where ringpop-go counts when the call fails.
#[test]
fn what_a_ping_req_tells_counts_when_it_is_answered() {
    for answered in [true, false] {
        let mut bench = Bench::among(3);
        bench.ping(2, &[said(2, 1, 40, "alive", 1)]);
        let ping = bench.tick();
        bench.fail(&ping);
        let asked = bench.take(Endpoint::PingReq);
        assert_eq!(asked.len(), 3);
        for request in &asked {
            assert_eq!(subjects(&request.body()), named([40]));
            if answered {
                bench.answer(request, &json!({ "changes": [], "pingStatus": false, "target": ping.to.to_string() }));
            } else {
                bench.fail(request);
            }
        }
        let left = (0..100).take_while(|_| about(&bench.ping(9, &[]), 40).is_some()).count();
        assert_eq!(left, if answered { 12 } else { 15 });
    }
}

#[test]
fn labels_are_told_and_heard() {
    let mut bench = Bench::among(3);
    let mut told = change(4, "alive", 2);
    told["labels"] = json!({ "hello": "world" });
    bench.ping(2, &[told.clone()]);
    assert_eq!(about(&bench.ping(3, &[]), 4), Some(told.clone()));
    // With equal incarnation and status the higher sum wins, signed.
    told["labels"] = json!({ "hello": "goodbye" });
    bench.ping(2, &[told]);
    assert_eq!(about(&bench.ping(3, &[]), 4).unwrap()["labels"], json!({ "hello": "world" }));
}

#[test]
fn who_evicts_itself_tells_two_fifths_of_the_others_with_a_new_incarnation() {
    for (others, told) in [(5, 2), (10, 4), (100, 40), (200, 45)] {
        let mut bench = Bench::among(others);
        bench.run(millis(1_000));
        bench.command(5, Command::SelfEvict);
        let pings = bench.take(Endpoint::Ping);
        assert_eq!(pings.len(), told, "{others}");
        for ping in &pings {
            assert_eq!(ping.body()["changes"], json!([change(1, "faulty", WALL + 1_000)]));
            assert_eq!(bench.outcome(5), None);
            bench.answer(ping, &json!({}));
        }
        assert_eq!(bench.outcome(5), Some(Outcome::Departed(told as u32)));
    }
}

#[test]
fn who_evicted_itself_does_not_wait_for_those_that_cannot_be_reached() {
    let mut bench = Bench::among(5);
    bench.command(5, Command::SelfEvict);
    let pings = bench.take(Endpoint::Ping);
    bench.fail(&pings[0]);
    bench.refuse(&pings[1], "anything");
    assert_eq!(bench.outcome(5), Some(Outcome::Departed(0)));
}
