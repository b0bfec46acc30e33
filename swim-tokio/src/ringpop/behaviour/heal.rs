//! Partitions (9): join one of the other side, and let those speak up who would die of the merge.

use super::*;

/// A node with 2 and 3 on its side; 8 and 9 are held faulty.
fn parted() -> Bench {
    let mut bench = Bench::among(2);
    bench.ping(2, &[said(2, 1, 8, "faulty", 1), said(2, 1, 9, "faulty", 1)]);
    bench.drain();
    bench.sent.clear();
    bench
}

/// The node heals with the hosts; returns the joins.
fn healing(bench: &mut Bench, hosts: &[u16]) -> Vec<Sent> {
    bench.command(5, Command::HealViaDiscovery);
    bench.hosts(&hosts.iter().map(|&number| peer(number)).collect::<Vec<_>>());
    bench.take(Endpoint::Join)
}

#[test]
fn hosts_that_are_unknown_or_faulty_are_joined() {
    for (hosts, target) in [([1, 2, 8], 8), ([2, 3, 70], 70)] {
        let mut bench = parted();
        let joins = healing(&mut bench, &hosts);
        assert_eq!((joins.len(), joins[0].to, joins[0].call.ttl), (1, peer(target), millis(1_000)));
    }
    let mut bench = parted();
    assert_eq!(healing(&mut bench, &[1, 2, 3]).len(), 0);
    assert_eq!(bench.outcome(5), Some(Outcome::Healed(0)));
}

#[test]
fn who_would_die_of_the_merge_is_suspected_on_the_side_where_it_lives_without_a_source() {
    let mut bench = parted();
    let join = healing(&mut bench, &[8]).remove(0);
    bench.answer(
        &join,
        &json!({ "membership": [
        change(8, "alive", 1), said(9, 1, 2, "faulty", 1), change(3, "alive", 1), said(9, 1, 1, "faulty", WALL),
        change(60, "alive", 1),
    ] }),
    );
    // Of theirs: 8 is faulty here.
    let ping = bench.take(Endpoint::Ping).remove(0);
    assert_eq!((ping.to, ping.call.ttl), (peer(8), millis(1_000)));
    let suspect = json!({
        "source": "", "sourceIncarnationNumber": 0, "address": "10.0.0.8:8", "incarnationNumber": 1, "status": "suspect",
    });
    assert_eq!(ping.body()["changes"], json!([suspect]));
    // Of ours: 2, and the node itself, which speaks up at once.
    assert_eq!(bench.status(2), Some(Status::Suspect));
    let told = bench.ping(77, &[]);
    let mut suspect = suspect.clone();
    suspect["address"] = json!("10.0.0.2:2");
    assert_eq!(about(&told, 2).unwrap(), suspect);
    assert_eq!(about(&told, 1).unwrap(), change(1, "alive", WALL + 1));
    assert_eq!((bench.status(8), bench.status(60)), (Some(Status::Faulty), None), "nothing is merged yet");
    bench.answer(&ping, &json!({ "changes": [change(8, "alive", 2)] }));
    assert_eq!(bench.outcome(5), Some(Outcome::Healed(1)));
}

#[test]
fn where_nobody_would_die_lists_are_merged() {
    let mut bench = parted();
    let join = healing(&mut bench, &[8]).remove(0);
    bench.answer(&join, &json!({ "membership": [change(8, "alive", 2), change(60, "alive", 1)] }));
    assert_eq!((bench.status(8), bench.status(60)), (Some(Status::Alive), Some(Status::Alive)));
    let ping = bench.take(Endpoint::Ping).remove(0);
    assert_eq!((ping.to, ping.call.ttl), (peer(8), millis(1_000)));
    for number in [1, 2, 3, 9] {
        assert!(about(&ping.body(), number).is_some(), "{number}");
    }
    bench.answer(&ping, &json!({}));
    assert_eq!(bench.outcome(5), Some(Outcome::Healed(1)));
}

#[test]
fn hosts_that_are_pingable_on_the_other_side_are_skipped() {
    let mut bench = parted();
    let mut joins = healing(&mut bench, &[8, 9]);
    assert_eq!(joins.len(), 1, "one after another");
    let join = joins.remove(0);
    bench.answer(&join, &json!({ "membership": [change(8, "alive", 2), change(9, "suspect", 2)] }));
    let ping = bench.take(Endpoint::Ping).remove(0);
    bench.answer(&ping, &json!({}));
    assert_eq!(bench.count(Endpoint::Join), 0);
    assert_eq!(bench.outcome(5), Some(Outcome::Healed(1)));
}
