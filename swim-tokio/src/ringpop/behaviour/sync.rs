//! Lists that differ (6).

use super::*;

#[test]
fn a_ping_with_another_checksum_gets_the_whole_list_and_a_join_in_reverse() {
    let mut bench = Bench::among(3);
    let answer = bench.ping_with(2, ODD, &[]);
    let mut all = subjects(&answer);
    all.sort();
    assert_eq!(all, named([1, 2, 3, 4]));
    let joins = bench.take(Endpoint::Join);
    assert_eq!((joins.len(), joins[0].to), (1, peer(2)));
    assert_eq!(joins[0].body()["source"], "10.0.0.1:1");
    bench.answer(&joins[0], &json!({ "membership": [change(50, "alive", 1)] }));
    assert_eq!(subjects(&bench.ping(3, &[])), named([50]), "what it brought is gossiped");
}

#[test]
fn nothing_is_synced_while_something_is_left_to_send_nor_where_lists_agree() {
    let mut bench = Bench::among(3);
    assert_eq!(bench.ping(2, &[])["changes"], json!([]));
    bench.ping(2, &[change(50, "alive", 1)]);
    assert_eq!(subjects(&bench.ping_with(3, ODD, &[])), named([50]));
    assert_eq!(bench.count(Endpoint::Join), 0);
}

#[test]
fn one_that_is_not_known_is_synced_with_as_well() {
    let mut bench = Bench::among(3);
    assert_eq!(subjects(&bench.ping_with(77, ODD, &[])).len(), 4);
    assert_eq!(bench.take(Endpoint::Join)[0].to, peer(77));
}

/// It has to learn what is held of it, and that is in the whole list.
#[test]
fn one_that_is_held_suspect_or_worse_is_synced_with_as_well() {
    for status in ["suspect", "faulty", "leave"] {
        let mut bench = Bench::among(4);
        bench.ping(3, &[said(3, 1, 2, status, 1)]);
        bench.drain();
        bench.sent.clear();
        let answer = bench.ping_with(2, ODD, &[]);
        assert_eq!(subjects(&answer).len(), 5, "{status}");
        assert_eq!(about(&answer, 2).unwrap()["status"], status);
        assert_eq!(bench.count(Endpoint::Join), 1, "{status}");
    }
}

#[test]
fn five_lists_are_asked_for_at_once_and_the_answers_go_on() {
    let mut bench = Bench::among(9);
    for from in 2..=8 {
        assert_eq!(subjects(&bench.ping_with(from, ODD, &[])).len(), 10);
    }
    let joins = bench.take(Endpoint::Join);
    assert_eq!(joins.len(), 5);
    bench.refuse(&joins[0], "anything");
    bench.fail(&joins[1]);
    bench.ping_with(9, ODD, &[]);
    bench.ping_with(10, ODD, &[]);
    bench.ping_with(2, ODD, &[]);
    assert_eq!(bench.count(Endpoint::Join), 2);
}

#[test]
fn a_ping_req_with_another_checksum_gets_the_whole_list_and_no_join() {
    let mut bench = Bench::among(3);
    let body = json!({
        "source": "10.0.0.2:2", "sourceIncarnationNumber": 1, "target": "10.0.0.3:3", "checksum": ODD, "changes": [],
    });
    let ticket = bench.call(Endpoint::PingReq, &body).unwrap();
    let ping = bench.take(Endpoint::Ping).remove(0);
    assert_eq!((ping.to, ping.call.ttl), (peer(3), millis(1500)));
    bench.answer(&ping, &json!({ "changes": [] }));
    let answer = bench.reply_to(ticket).unwrap().unwrap();
    assert_eq!((&answer["pingStatus"], &answer["target"]), (&json!(true), &json!("10.0.0.3:3")));
    assert_eq!(subjects(&answer).len(), 4);
    assert_eq!(answer.as_object().unwrap().len(), 3, "{answer}");
    assert_eq!(bench.count(Endpoint::Join), 0);
}
