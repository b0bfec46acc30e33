//! The traces: what they hold, and that watching changes nothing.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use swim_sim::network::Sides;
use swim_sim::record::{Groups, Mark, MarkKind, Recorder};
use swim_sim::trace::{ChromeTrace, JsonLines};
use swim_sim::{Cluster, Lasts, Outcome, Runner, Setup, Time, Watchers};

use crate::binary;

const NODES: u32 = 30;

/// A file that can be read while it is written.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn run(watchers: Watchers) -> (Cluster, Outcome) {
    let plan = crate::cut(&[NODES.div_ceil(2), NODES / 2], Lasts::For(Time::from_millis(20_000)));
    let mut cluster = Cluster::watched(Setup::new(NODES, 5), watchers).unwrap();
    let outcome = Runner::new(plan, &cluster).run(&mut cluster, |_, _| {}).unwrap();
    (cluster, outcome)
}

/// A run that is traced; returns it with the lines and the timeline.
fn traced() -> (Cluster, String, Value) {
    let (lines, chrome) = (Shared::default(), Shared::default());
    let watchers = Watchers {
        recorder: None,
        lines: Some(JsonLines::new(lines.clone())),
        chrome: Some(ChromeTrace::new(chrome.clone(), NODES)),
        failed_rounds: None,
    };
    let (mut cluster, _) = run(watchers);
    let (at, until) = (swim_core::Instant::from_millis(1500), Some(cluster.now()));
    let marks = [Mark { at, until, label: "a cut".into(), kind: MarkKind::Fault, node: None }];
    let watchers = cluster.take_watchers();
    watchers.lines.unwrap().finish(&marks).unwrap();
    watchers.chrome.unwrap().finish(&marks).unwrap();
    let chrome = serde_json::from_str(&chrome.text()).unwrap();
    (cluster, lines.text(), chrome)
}

#[test]
fn watching_does_not_change_a_run() {
    let hashes = |watchers| run(watchers).1.timeline.iter().map(|sample| sample.hash).collect::<Vec<_>>();
    let alone = hashes(Watchers::default());
    let recorder = || Some(Recorder::new(Groups::of_sides(&Sides::halves(NODES).unwrap())));
    let lines = || Some(JsonLines::new(io::sink()));
    let chrome = || Some(ChromeTrace::new(io::sink(), NODES));
    assert_eq!(alone, hashes(Watchers { recorder: recorder(), ..Watchers::default() }));
    assert_eq!(alone, hashes(Watchers { lines: lines(), ..Watchers::default() }));
    assert_eq!(alone, hashes(Watchers { chrome: chrome(), ..Watchers::default() }));
    assert_eq!(alone, hashes(Watchers { recorder: recorder(), lines: lines(), chrome: chrome(), failed_rounds: None }));
}

#[test]
fn every_line_is_an_input_and_what_it_caused() {
    let (cluster, text, _) = traced();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let at = |line: &Value| line["at"].as_f64().unwrap();
    let (marks, inputs): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.get("mark").is_some());
    assert_eq!((marks.len(), &marks[0]["mark"]["label"]), (1, &"a cut".into()));
    assert!(inputs.windows(2).all(|two| at(two[0]) <= at(two[1])));

    let sends: usize = inputs.iter().filter_map(|line| line["sends"].as_array()).map(Vec::len).sum();
    assert_eq!(sends as u64, cluster.traffic().total().messages);
    let boots = inputs.iter().filter(|line| line["command"] == "bootstrap").count();
    assert_eq!(boots, NODES as usize);
    let ping = inputs.iter().find(|line| line["kind"] == "ping").unwrap();
    assert!(ping["from"].is_u64() && ping["via"] == "datagram" && ping["seq"].is_u64() && ping["changes"].is_u64());
    assert!(ping["sends"].as_array().unwrap().iter().any(|sent| sent["kind"] == "ack" && sent["to"] == ping["from"]));
    let mut events = inputs.iter().filter_map(|line| line["events"].as_array()).flatten();
    assert!(events.any(|event| event["event"] == "MakeNodeStatus" && event["status"] == "faulty"));
}

#[test]
fn arrows_of_the_timeline_lead_from_pings_and_acks_to_where_they_arrive() {
    let (_, _, chrome) = traced();
    let events = chrome["traceEvents"].as_array().unwrap();
    let of = |ph: &'static str| events.iter().filter(move |event| event["ph"] == ph);
    assert_eq!(of("M").filter(|event| event["name"] == "thread_name").count(), NODES as usize);
    assert_eq!((of("b").count(), of("e").count()), (1, 1));
    assert!(of("X").all(|slice| slice["dur"] == 1 && slice["ts"].is_u64()));
    assert!(of("i").any(|instant| instant["name"].as_str().unwrap().ends_with("faulty")));
    let starts: std::collections::BTreeMap<_, _> =
        of("s").map(|start| (start["id"].as_u64().unwrap(), start)).collect();
    assert_eq!(starts.len(), of("s").count(), "no two arrows share a number");
    let mut ends = 0;
    for end in of("f") {
        let start = starts[&end["id"].as_u64().unwrap()];
        assert!(start["ts"].as_u64() < end["ts"].as_u64() && start["tid"] != end["tid"]);
        ends += 1;
    }
    assert!(ends > 100, "{ends}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_ends_with_a_message_after_the_report() {
    for file in ["--html", "--trace", "--chrome-trace", "--svg"] {
        let (status, out, error) = binary(&["--nodes", "20", "--quiet", file, "/dev/full"]);
        assert_eq!(status, Some(1), "{file}: {error}");
        assert!(out.ends_with("HEALED\n"), "{file}: {out}");
        assert!(error.contains("/dev/full cannot be written") && error.contains("No space left"), "{file}: {error}");
        assert!(!error.contains("panicked"), "{file}: {error}");
    }
}

#[test]
fn a_path_that_does_not_work_is_known_before_the_run() {
    let (status, out, error) = binary(&["--nodes", "20", "--quiet", "--html", "/nonexistent/page.html"]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(error.contains("/nonexistent/page.html cannot be written"), "{error}");
}
