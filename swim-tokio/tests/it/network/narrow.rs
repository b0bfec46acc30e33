//! What shows that a narrow network was one: agents sent datagrams that do not fit its links, as long as their budget lets
//! them and no longer; the router refused some, because nobody had told the sender yet; the system cut later ones to
//! pieces, which were put together again; and lists, which are longer than any datagram may be, went by streams.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use swim_core::Options;

use super::crew::Crew;
use super::lab::Lab;
use super::namespace::Namespace;

/// What every second link takes.
pub(super) const MTU: u32 = 1280;
/// What an IPv4 header takes of it, and a UDP header.
const IP: u32 = 20;
const UDP: u32 = 8;

/// Counts the datagrams of all agents from now on, each before it is cut to pieces.
///
/// # Errors
/// Rules that the kernel lacks.
pub(super) fn count(lab: &Lab, nodes: u32) -> Result<(), String> {
    let budget = Options::lan().datagram_max.expect("the preset has one") + UDP;
    let rules = format!(
        "table ip seen {{ chain out {{ type filter hook output priority 0; \
         udp length > {} counter comment \"long\"; udp length > {budget} counter comment \"over\"; }}; }}",
        MTU - IP
    );
    (0..nodes).try_for_each(|node| lab.of(node).execute("nft", &["-f", "-"], &rules))
}

/// Demands that the network was narrow, and that nobody was the worse for it.
pub(super) fn check(lab: &Lab, crew: &Crew<'_>, nodes: u32) {
    let start = Instant::now();
    let (mut sum, mut round) = (seen(lab, crew, nodes), 0);
    // Whether two long changes ever waited for the same datagram is chance, so there are more of them until they did.
    while ["long", "refused", "put together"].iter().any(|name| sum[name] == 0) {
        assert!(start.elapsed() < Duration::from_secs(60), "the network is not narrow: {sum:?}");
        for node in 0..nodes {
            let value = "x".repeat(60 + round % 2);
            crew.ask(node, "PATCH /v1/labels", &format!("{{\"one\":\"{value}\"}}"));
        }
        round += 1;
        std::thread::sleep(Duration::from_millis(500));
        sum = seen(lab, crew, nodes);
    }
    println!("{sum:?}");
    assert_eq!(sum["over"], 0, "datagrams were longer than their budget: {sum:?}");
    assert_eq!((sum["malformed"], sum["datagrams_dropped"]), (0, 0), "what arrived was whole: {sum:?}");
    // Each but the first has asked for a list.
    assert!(sum["requests_sent"] >= u64::from(nodes) - 2, "lists went by streams: {sum:?}");
}

/// What was seen so far, of all agents together.
fn seen(lab: &Lab, crew: &Crew<'_>, nodes: u32) -> BTreeMap<&'static str, u64> {
    let mut sum = BTreeMap::from([("refused", counter(lab.router(), "FragFails"))]);
    for node in 0..nodes {
        let table = lab.of(node).output("nft", &["list", "table", "ip", "seen"], "").expect("it was made");
        for name in ["long", "over"] {
            *sum.entry(name).or_default() += packets(&table, name);
        }
        *sum.entry("put together").or_default() += counter(lab.of(node), "ReasmOKs");
        // One was killed.
        if let Some(stats) = crew.ask(node, "GET /v1/stats", "") {
            for name in ["requests_sent", "malformed", "datagrams_dropped"] {
                *sum.entry(name).or_default() += stats["transport"][name].as_u64().expect("agents count this");
            }
        }
    }
    sum
}

/// How many packets a rule with this comment has seen.
fn packets(table: &str, comment: &str) -> u64 {
    let rule = table.lines().find(|line| line.contains(&format!("\"{comment}\""))).expect("the rule is there");
    let mut words = rule.split_whitespace().skip_while(|word| *word != "packets");
    words.nth(1).and_then(|number| number.parse().ok()).expect("the rule counts")
}

/// One of the system's counters of IPv4 in a namespace.
fn counter(namespace: &Namespace, name: &str) -> u64 {
    let text = namespace.run(|| std::fs::read_to_string("/proc/thread-self/net/snmp")).expect("Linux counts");
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Ip: "));
    let (names, values) = lines.next().zip(lines.next()).expect("a line of names and one of values");
    let mut pairs = names.split(' ').zip(values.split(' '));
    pairs.find(|pair| pair.0 == name).and_then(|pair| pair.1.parse().ok()).expect("this is counted")
}
