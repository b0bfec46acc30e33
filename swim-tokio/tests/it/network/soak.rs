//! Thirty agents to which something happens all the time: kills, restarts, departures, labels, suspensions, partitions.
//! Meanwhile their memory and descriptors are watched. In the end nothing may have grown, and all lists must be equal.
//!
//! What may grow is bounded by [`GROWTH_MAX_KIB`], which says why; descriptors may not at all.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use swim_core::{Micros, Random};
use swim_sim::Setup;
use swim_sim::network::{Cut, CutId, Latency, Sides};

use super::crew::Crew;
use super::lab::Lab;
use super::seen::Agreement;
use crate::helpers::skipped;

const AGENTS: u32 = 30;
/// These are never killed, so that what grows has time to: the hosts, and as many more.
const SURVIVORS: u32 = 6;
const STEP: Duration = Duration::from_secs(2);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How much the most memory that an agent takes in the last quarter may be above that of the second one.
///
/// The first quarter is not held against the last: tables, queues and the allocator's free lists grow to the size that
/// the busiest moment needs, and then stay. In five minutes they have not quite come to rest: 48 to 68 KiB were seen, ever
/// less from quarter to quarter; in an hour 16 at most. Only memory of the process's own counts: the pages of its program
/// come as code runs for the first time.
///
/// A leak is more. Between the two quarters lie two and a half minutes, in which an agent takes in more than a thousand
/// datagrams: agents that were made to lose 64 bytes with each grew by 96 to 172 KiB. In an hour it is the same bound for
/// thirty minutes. It is a leak where half of the agents grew: all do the same, and one alone had a busy moment.
const GROWTH_MAX_KIB: u64 = 90;
/// How long the lists may take to be equal once nothing happens any more: several attempts to heal.
const AGREE_MAX: Duration = Duration::from_secs(180);

#[test]
#[ignore = "takes five minutes"]
fn five_minutes_of_churn_leave_nothing_behind() {
    churn(Duration::from_secs(5 * 60));
}

#[test]
#[ignore = "takes an hour"]
fn an_hour_of_churn_leaves_nothing_behind() {
    churn(Duration::from_secs(60 * 60));
}

/// What comes to an end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Down(u32),
    Left(u32),
    Suspended(u32),
    Partition,
}

fn churn(time: Duration) {
    // The network's own latency.
    let latency = Latency::uniform(Micros::ZERO, Micros::ZERO).expect("it is a range");
    let setup = Setup { latency, ..Setup::new(AGENTS, 1) };
    let lab = match Lab::new(&setup, None) {
        Ok(lab) => lab,
        Err(reason) => return skipped("the soak", reason),
    };
    let mut soak = Soak {
        crew: Crew::new(&lab, &setup),
        random: Random::new(1),
        troubles: BTreeMap::new(),
        done: BTreeMap::new(),
        looks: Vec::new(),
    };
    (0..AGENTS).for_each(|node| soak.crew.boot(node));
    soak.until_agreed("all have joined");
    // Rest before and after, so that the same can be compared.
    std::thread::sleep(LOOK);
    soak.look();
    let before = soak.descriptors_at_rest();

    let start = Instant::now();
    let mut next_look = start + LOOK;
    while start.elapsed() < time {
        soak.end_troubles(Instant::now());
        soak.trouble();
        soak.crew.check_watchers();
        if Instant::now() >= next_look {
            next_look += LOOK;
            soak.look();
        }
        std::thread::sleep(STEP);
    }
    soak.end_troubles(start + time * 2);
    soak.until_agreed("all lists are equal");
    std::thread::sleep(LOOK * 3);
    soak.look();
    soak.judge(time, &before);
    soak.crew.end();
}

struct Soak<'a> {
    crew: Crew<'a>,
    random: Random,
    /// What is wrong, and until when.
    troubles: BTreeMap<Trouble, Instant>,
    /// How often each thing was done.
    done: BTreeMap<&'static str, u32>,
    /// The survivors at each look.
    looks: Vec<Vec<Use>>,
}

/// What a process uses.
#[derive(Clone, Copy, Debug)]
struct Use {
    /// Memory of its own, without the pages of files such as its program.
    own_kib: u64,
    descriptors: usize,
}

impl Soak<'_> {
    /// Something happens.
    fn trouble(&mut self) {
        let node = SURVIVORS + self.random.below(AGENTS - SURVIVORS);
        let mut seconds =
            |from: u32, to: u32| Instant::now() + Duration::from_secs(u64::from(from + self.random.below(to - from)));
        let (short, long) = (seconds(3, 25), seconds(10, 60));
        let of = [Trouble::Down(node), Trouble::Left(node), Trouble::Suspended(node)];
        let is_well = !of.iter().any(|trouble| self.troubles.contains_key(trouble));
        match self.random.below(10) {
            0..3 if is_well => {
                self.crew.kill(node);
                self.did("kill");
                self.troubles.insert(Trouble::Down(node), short);
            }
            3..5 if is_well => {
                // One that is cut off or new may refuse.
                if self.crew.ask(node, "POST /v1/leave", "").is_some_and(|answer| answer["done"] == "left") {
                    self.did("leave");
                    self.troubles.insert(Trouble::Left(node), short);
                }
            }
            5..6 if is_well => {
                self.crew.suspend(node);
                self.did("suspend");
                self.troubles.insert(Trouble::Suspended(node), short);
            }
            6..7 if !self.troubles.contains_key(&Trouble::Partition) => {
                let left = 1 + self.random.below(AGENTS - 1);
                let sides = Sides::new(&[left, AGENTS - left], AGENTS).expect("both sides have members");
                self.crew.cut(CutId(0), Cut::between_all(sides));
                self.did("partition");
                self.troubles.insert(Trouble::Partition, long);
            }
            _ => {
                let survivor = self.random.below(SURVIVORS);
                let value = "x".repeat(1 + self.random.below(100) as usize);
                let body = format!("{{\"key{}\":\"{value}\"}}", self.random.below(5));
                self.crew.ask(survivor, "PATCH /v1/labels", &body).expect("a survivor answers");
                self.did("labels");
            }
        }
    }

    fn did(&mut self, what: &'static str) {
        *self.done.entry(what).or_default() += 1;
    }

    /// Ends what is over at `now`.
    fn end_troubles(&mut self, now: Instant) {
        let over: Vec<_> =
            self.troubles.iter().filter(|(_, until)| **until <= now).map(|(trouble, _)| *trouble).collect();
        for trouble in over {
            self.troubles.remove(&trouble);
            match trouble {
                Trouble::Down(node) => self.crew.boot(node),
                Trouble::Suspended(node) => self.crew.resume(node),
                Trouble::Left(node) => drop(self.crew.ask(node, "POST /v1/rejoin", "")),
                Trouble::Partition => self.crew.mend(CutId(0)),
            }
        }
    }

    fn until_agreed(&mut self, what: &str) {
        let start = Instant::now();
        while let Some(lacking) = self.crew.seen.lacking(Agreement::Checksum) {
            self.crew.check_watchers();
            assert!(start.elapsed() < AGREE_MAX, "it did not come about that {what}: {lacking}");
            std::thread::sleep(Duration::from_millis(100));
        }
        println!("{what} after {:.1} s", start.elapsed().as_secs_f64());
    }

    fn look(&mut self) {
        let look = (0..SURVIVORS).map(|node| used(self.crew.process(node).expect("a survivor runs"))).collect();
        self.looks.push(look);
    }

    /// The descriptors that each survivor has when nothing happens: exchanges come and go, so the fewest of some looks.
    fn descriptors_at_rest(&self) -> Vec<usize> {
        let look = |node| {
            std::thread::sleep(Duration::from_millis(50));
            used(self.crew.process(node).expect("a survivor runs")).descriptors
        };
        (0..SURVIVORS).map(|node| (0..20).map(|_| look(node)).min().unwrap_or(0)).collect()
    }

    /// What the survivors use may go up and down, and must not grow.
    fn judge(&self, time: Duration, before: &[usize]) {
        println!("{:?}", self.done);
        for what in ["kill", "leave", "suspend", "partition", "labels"] {
            let (done, least) = (self.done.get(what).copied().unwrap_or(0), time.as_secs() / 100);
            assert!(u64::from(done) >= least, "{done} times {what} is no churn");
        }
        let after = self.descriptors_at_rest();
        println!(
            "| agent | KiB before | most in the 1st quarter | 2nd | 3rd | 4th | after | descriptors before | most | after |"
        );
        println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        let grown = (0..SURVIVORS as usize).filter(|node| self.grew(*node, (before[*node], after[*node]))).count();
        assert!(grown < SURVIVORS as usize / 2, "{grown} agents take more memory than before; their lines are above");
        assert_eq!(before, after, "descriptors at rest");
    }

    /// Prints what one survivor uses, with its descriptors before and after; whether its memory grew.
    fn grew(&self, node: usize, (before, after): (usize, usize)) -> bool {
        let uses: Vec<_> = self.looks.iter().map(|look| look[node]).collect();
        let most = |uses: &[Use]| uses.iter().map(|used| used.own_kib).max().unwrap_or(0);
        let quarters: Vec<_> = uses.chunks(uses.len().div_ceil(4)).map(most).collect();
        let [_, second, _, last] = quarters[..] else { panic!("there are four quarters: {quarters:?}") };
        let shown: Vec<_> = quarters.iter().map(u64::to_string).collect();
        let descriptors = uses.iter().map(|used| used.descriptors).max().unwrap_or(0);
        let [first, .., end] = uses[..] else { panic!("there were looks") };
        println!(
            "| {node} | {} | {} | {} | {before} | {descriptors} | {after} |",
            first.own_kib,
            shown.join(" | "),
            end.own_kib
        );
        last > second + GROWTH_MAX_KIB
    }
}

fn used(process: u32) -> Use {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("it has memory");
    let own_kib = line.trim().trim_end_matches(" kB").parse().expect("a number");
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").count();
    Use { own_kib, descriptors }
}
