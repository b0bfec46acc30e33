//! The page of a run, as a text and in a real browser.
//!
//! The browser is Chromium, from the PATH. It is asked only where `SWIM_BROWSER_TEST=1` says that it is there; then it
//! must be. The page looks at its own charts and says in the attributes of its root what it found: how many there are,
//! which are blank, and how many errors there were.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use swim_core::{Instant, Micros};
use swim_sim::record::{Groups, Recorder};
use swim_sim::report::{PageData, Run, to_html};
use swim_sim::{Cluster, Plan, Runner, Setup, Watchers};

const NODES: u32 = 40;

/// The page of a small run with everything in it: a cut, suspicions, refutations.
fn page() -> String {
    page_of(crate::halves(NODES))
}

fn page_of(plan: Plan) -> String {
    let recorder = Some(Recorder::new(Groups::of_sides(&plan.sides)));
    let mut cluster = Cluster::watched(Setup::new(NODES, 1), Watchers { recorder, ..Watchers::default() }).unwrap();
    let outcome = Runner::new(plan.clone(), &cluster).run(&mut cluster, |_, _| {}).unwrap();
    if plan.duration.is_none() {
        // Such a run ends as soon as the cluster has healed, and the page has moments at whole seconds.
        let next = Micros((cluster.now().as_micros() / 1_000_000 + 1) * 1_000_000);
        cluster.run_until(Instant::ZERO + next).unwrap();
        cluster.end_second();
    }
    let record = cluster.take_watchers().recorder.unwrap().finish();
    let elapsed = std::time::Duration::from_secs(1);
    to_html(&PageData::of(
        &Run {
            cluster: &cluster,
            plan: &plan,
            outcome: &outcome,
            scenario: "halves",
            description: "",
            preset: "lan",
            elapsed,
        },
        record,
    ))
}

fn data(page: &str) -> Value {
    let (_, data) = page.split_once("id=\"data\">").expect("the page holds its data");
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_page_is_one_file_that_loads_nothing() {
    let page = page();
    assert!(page.len() < 1_000_000, "{}", page.len());
    assert!(page.contains("default-src 'none'"), "the browser is told to load nothing");
    for load in [" src=", "@import", "url(", "fetch(", "XMLHttpRequest", "import(", "WebSocket"] {
        assert!(!page.contains(load), "{load}");
    }
    assert_eq!(page.matches("href=").count(), page.matches("href=\"data:,\"").count());
}

#[test]
fn the_data_of_the_page_is_the_run() {
    let data = data(&page());
    assert_eq!(data["verdict"]["passed"], "HEALED");
    let record = &data["record"];
    let moments = record["moments"].as_array().unwrap();
    let at = |moment: &Value| moment["at"].as_f64().unwrap();
    assert!(moments.len() > 30 && moments.windows(2).all(|two| at(&two[0]) < at(&two[1])));
    let rest = moments.iter().find(|moment| at(moment) == 12.0).expect("there is a moment for each second");
    assert_eq!((&rest["up"], &rest["lists"], &rest["health"][0]), (&NODES.into(), &1.into(), &NODES.into()));

    // Who was cut off was held faulty by all twenty of the other side, each of them once.
    assert_eq!(record["detection"]["faulty"]["count"], 800);
    let joined = &record["dissemination"][0];
    assert_eq!(
        (&joined["news"], &joined["started"], &joined["all"]["count"]),
        (&"joined".into(), &NODES.into(), &NODES.into())
    );
    let labels: Vec<_> = data["marks"].as_array().unwrap().iter().map(|mark| mark["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["all nodes boot", "join", "settle", "faults", "heal", "cut 0..20 | 20..40"]);
}

#[test]
fn the_map_holds_every_node_at_every_moment() {
    let data = data(&page());
    let (record, map) = (&data["record"], &data["record"]["map"]);
    let moments = record["moments"].as_array().unwrap().len();
    assert_eq!(map["views"].as_array().unwrap().len(), 2);
    for view in map["views"].as_array().unwrap() {
        let numbers = unpacked(view["runs"].as_str().unwrap());
        let runs: Vec<_> = numbers.chunks(6).collect();
        let cells: u32 = runs.iter().map(|run| run[0]).sum();
        assert_eq!(cells as usize, NODES as usize * moments);
        // At the end the whole side of twenty holds each node alive, but none itself.
        let last: Vec<_> = runs.last().unwrap()[1..].to_vec();
        assert!(last == [20, 0, 0, 0, 0] || last == [19, 0, 0, 0, 0], "{last:?}");
    }
}

/// Digits to base 32, the least first; 32 more say that another one follows.
fn unpacked(text: &str) -> Vec<u32> {
    let (mut numbers, mut number, mut shift) = (Vec::new(), 0, 0);
    for digit in text.bytes() {
        let digit = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        number |= u32::from(digit & 31) << shift;
        shift += 5;
        if digit < 32 {
            numbers.push(number);
            (number, shift) = (0, 0);
        }
    }
    numbers
}

/// What a browser made of a page.
struct Opened {
    /// The root element with its attributes.
    root: String,
    /// What was written to the console.
    console: Vec<String>,
}

impl Opened {
    fn says(&self, attribute: &str) -> bool {
        self.root.contains(attribute)
    }

    fn is_well(&self) -> bool {
        let drawn = self.says("data-charts=\"9\"") && self.says("data-blank=\"\"");
        drawn && self.says("data-errors=\"0\"") && self.console.is_empty()
    }
}

/// A browser to open pages in, if one is to be asked.
fn browser() -> Option<PathBuf> {
    if std::env::var_os("SWIM_BROWSER_TEST").is_none_or(|asked| asked != "1") {
        return None;
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&paths)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file());
    Some(found.expect("SWIM_BROWSER_TEST=1 asks for a browser: apt-get install --no-install-recommends chromium"))
}

/// Runs the browser on a page; returns what it printed and what it complained about.
fn run_browser(browser: &PathBuf, name: &str, page: &str, what: &[&str]) -> (String, String) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("page.html");
    std::fs::write(&file, page).unwrap();
    let output = Command::new("timeout")
        .arg("60")
        .arg(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=4000", "--window-size=1280,1640"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(what)
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("`timeout` is part of every Linux");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, complaints) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "the browser failed: {complaints}");
    let _ = std::fs::remove_dir_all(folder.join("profile"));
    (out, complaints)
}

fn open(browser: &PathBuf, name: &str, page: &str) -> Opened {
    let (document, complaints) = run_browser(browser, name, page, &["--dump-dom"]);
    let root = document.split_once("<html").expect("a document").1.split_once('>').unwrap().0.into();
    let console = complaints.lines().filter(|line| line.contains("CONSOLE")).map(Into::into).collect();
    Opened { root, console }
}

#[test]
fn a_browser_draws_every_chart_without_an_error() {
    let Some(browser) = browser() else { return };
    let page = page();
    let opened = open(&browser, "whole", &page);
    assert!(opened.is_well(), "{} {:?}", opened.root, opened.console);

    let picture = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report.png");
    run_browser(&browser, "picture", &page, &[&format!("--screenshot={}", picture.display())]);
    assert!(std::fs::metadata(picture).unwrap().len() > 50_000, "a picture of charts is larger than that");
}

#[test]
fn a_run_without_a_moment_is_a_page_all_the_same() {
    let Some(browser) = browser() else { return };
    let opened =
        open(&browser, "empty", &page_of(Plan { duration: Some(Micros::from_millis(500)), ..crate::halves(NODES) }));
    assert!(opened.says("data-errors=\"0\"") && opened.says("data-charts=\"1\""), "{}", opened.root);
    assert!(opened.says("data-blank=\"\"") && opened.console.is_empty(), "{:?}", opened.console);
}

#[test]
fn a_page_that_is_broken_is_found_out() {
    let Some(browser) = browser() else { return };
    let page = page();
    let throws = page.replacen("'use strict';", "throw new Error('on purpose');", 1);
    let loads = page.replacen("<main>", "<main><img src=\"https://example.invalid/x.png\">", 1);
    let draws_nothing = page.replacen("pen.drawImage(", "(() => {})(", 1);
    let no_lines = page.replacen("width: line.width ?? 1.75", "show: false", 1);
    for (name, broken) in
        [("throws", throws), ("loads", loads), ("draws_nothing", draws_nothing), ("no_lines", no_lines)]
    {
        assert_ne!(broken, page, "{name}");
        let opened = open(&browser, name, &broken);
        assert!(!opened.is_well(), "{name}: {} {:?}", opened.root, opened.console);
    }
}

#[test]
fn pointing_tells_and_dragging_looks_closer() {
    let Some(browser) = browser() else { return };
    let opened = open(&browser, "pointing", &page().replacen("</body>", POINTING, 1));
    assert!(opened.is_well(), "{} {:?}", opened.root, opened.console);
    for said in [
        "data-tip=\"node 10at 12 s",
        "held by 39 others asalive39",
        "data-field=\"side 1 as side 1",
        "data-lists=\"at 12 s",
        "data-all=\"true\"",
    ] {
        assert!(opened.says(said), "{said}: {}", opened.root);
    }
    assert!(opened.says("data-window=\"1") && !opened.says("data-window=\"0 s"), "{}", opened.root);
}

/// Points at node 10 at 12 s, at a field of the matrix, drags over a part of the map, and looks at the whole again.
const POINTING: &str = "<script>
addEventListener('load', () => {
  const page = document.documentElement;
  const send = (over, kind, left, top) => {
    const box = over.getBoundingClientRect();
    over.setPointerCapture = () => {};
    over.dispatchEvent(new PointerEvent(kind, { clientX: box.left + left, clientY: box.top + top, bubbles: true, pointerId: 1 }));
  };
  const tip = () => document.querySelector('.tip').textContent;
  const map = document.querySelector('#map .over');
  const data = JSON.parse(document.getElementById('data').textContent);
  const end = Math.max(...data.marks.map(mark => mark.until), data.record.moments.at(-1).at);
  const x = time => 64 + time / end * (map.getBoundingClientRect().width - 80);
  const row = (map.getBoundingClientRect().height - 24) / 40;
  send(map, 'pointermove', x(11.7), 10.5 * row);
  page.dataset.tip = tip();
  page.dataset.lists = document.querySelector('#lists .readout').textContent;
  send(document.querySelector('#matrix .over'), 'pointermove', 100, 60);
  page.dataset.field = tip();
  send(map, 'pointerdown', x(12), 100);
  send(map, 'pointermove', x(20), 110);
  send(map, 'pointerup', x(20), 110);
  page.dataset.window = document.querySelector('nav .window').textContent;
  document.querySelector('nav .whole').click();
  page.dataset.all = document.querySelector('nav .whole').disabled;
});
</script></body>";
