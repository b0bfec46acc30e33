//! The record of a run: what its report on a page is drawn from.
//!
//! ```text
//!            every second          every event             cut, mend, up, down
//!                 │                     │                          │
//!   Cluster ──> Look ──┐        ┌───────┴───────┐                  │
//!                      │    Detection     Dissemination <──────────┤
//!                      v        v               v            (and Detection)
//!                   Recorder ── finish ──> Record
//! ```
//! It reads, and changes nothing: a run that is recorded has the hash of one that is not.

mod detection;
mod dissemination;
mod distribution;
mod groups;
mod look;
mod map;
mod mark;

pub use detection::{Detection, Detections};
pub use dissemination::{Dissemination, News, Spread};
pub use distribution::{Curve, Distribution};
pub use groups::{Group, Groups};
pub use look::{Look, LookTaker};
pub use map::{Cell, Map, View};
pub use mark::{Mark, MarkKind};

use serde::Serialize;
use swim_core::{Event, Instant};

use crate::cluster::Cluster;
use crate::network::Sides;
use crate::traffic::Rate;

/// Collects what a report on a page needs.
#[derive(Clone, Debug)]
pub struct Recorder {
    taker: LookTaker,
    looks: Vec<Look>,
    /// How many seconds lie between two looks that are kept.
    every: u64,
    detection: Detection,
    dissemination: Dissemination,
}

impl Recorder {
    /// At most so many looks are kept. Beyond that every second one is dropped, and from then on the looks are twice
    /// as far apart.
    pub const LOOKS_MAX: usize = 600;

    /// Nothing recorded yet of nodes that stand in these groups.
    pub fn new(groups: Groups) -> Self {
        let nodes = groups.nodes();
        Self {
            taker: LookTaker::new(groups),
            looks: Vec::new(),
            every: 1,
            detection: Detection::new(nodes),
            dissemination: Dissemination::new(nodes),
        }
    }

    /// Sees an event of `node`.
    pub fn see(&mut self, now: Instant, node: u32, event: &Event<'_, u32>) {
        let Event::MemberlistChangesApplied { changes, .. } = *event else { return };
        for change in changes {
            self.detection.see(now, node, change.address, change.status);
            self.dissemination.see(now, node, &change);
        }
    }

    /// `node` boots.
    pub fn up(&mut self, now: Instant, node: u32) {
        self.detection.up(node);
        self.dissemination.up(now, node);
    }

    /// `node` runs no more.
    pub fn down(&mut self, now: Instant, node: u32) {
        self.detection.down(now, node);
        self.dissemination.down(node);
    }

    /// From now on nothing passes between these sides.
    pub fn cut(&mut self, now: Instant, sides: &Sides) {
        self.detection.cut(now, sides.clone());
        self.dissemination.cut(sides.clone());
    }

    /// From now on everyone reaches everyone.
    pub fn mend(&mut self) {
        self.detection.mend();
        self.dissemination.mend();
    }

    /// Looks at the whole cluster; to be called once a second, on the second.
    pub fn look(&mut self, cluster: &Cluster) {
        if !self.is_kept(cluster.now()) {
            return;
        }
        if self.looks.len() == Self::LOOKS_MAX {
            self.every *= 2;
            let kept: Vec<_> = self.looks.iter().map(|look| self.is_kept(look.at)).collect();
            let mut kept = kept.into_iter();
            self.looks.retain(|_| kept.next().expect("one for each look"));
            if !self.is_kept(cluster.now()) {
                return;
            }
        }
        self.looks.push(self.taker.take(cluster));
    }

    /// What was recorded.
    pub fn finish(self) -> Record {
        let groups = self.taker.groups();
        let mut moments: Vec<Moment> = Vec::with_capacity(self.looks.len());
        let mut before = (Instant::ZERO, Default::default());
        for look in &self.looks {
            let traffic = Rate::of(look.total - before.1, groups.nodes(), before.0, look.at);
            before = (look.at, look.total);
            moments.push(Moment::new(look, traffic));
        }
        Record {
            nodes: groups.nodes(),
            seconds_per_moment: self.every,
            groups: groups.list().to_vec(),
            moments,
            map: Map::new(groups, &self.looks),
            detection: self.detection.finish(),
            dissemination: self.dissemination.finish(),
        }
    }

    fn is_kept(&self, at: Instant) -> bool {
        (at.as_micros() / SECOND).is_multiple_of(self.every)
    }
}

/// A run as it was recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// How many nodes there are.
    pub nodes: u32,
    /// How far the moments are apart, in seconds.
    pub seconds_per_moment: u64,
    /// The groups, in the order of their numbers.
    pub groups: Vec<Group>,
    /// The cluster as a whole, moment by moment.
    pub moments: Vec<Moment>,
    /// Each node as it is held by the others, moment by moment.
    pub map: Map,
    /// How long lost members stayed unnoticed.
    pub detection: Detections,
    /// How long news took to get round, by kind.
    pub dissemination: Vec<Spread>,
}

/// The cluster as a whole at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// When, in seconds.
    pub at: f64,
    /// How many nodes run.
    pub up: u32,
    /// How many different lists they hold.
    pub lists: u32,
    /// Messages a node sent in a second, since the moment before.
    pub messages: f64,
    /// Bytes a node sent in a second, since the moment before.
    pub bytes: f64,
    /// How many nodes have which local health score; the first is 0, which is healthy.
    pub health: Vec<u32>,
    /// Pairs of observer and subject as alive, suspect, faulty, other and unknown, by the observer's group, then by the
    /// subject's.
    pub pairs: Vec<[u64; 5]>,
}

impl Moment {
    fn new(look: &Look, traffic: Rate) -> Self {
        Self {
            at: look.at.as_micros() as f64 / SECOND as f64,
            up: look.up,
            lists: look.lists,
            messages: hundredths(traffic.messages),
            bytes: hundredths(traffic.bytes),
            health: look.health.clone(),
            pairs: look.pairs.clone(),
        }
    }
}

/// Rounded: nobody reads more, and the page is smaller.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

const SECOND: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Setup;
    use crate::watch::Watchers;

    fn recorded(nodes: u32, seconds: u64) -> Record {
        let recorder = Recorder::new(Groups::of_sides(&Sides::halves(nodes).unwrap()));
        let watchers = Watchers { recorder: Some(recorder), ..Watchers::default() };
        let mut cluster = Cluster::watched(Setup::new(nodes, 1), watchers).unwrap();
        for second in 1..=seconds {
            cluster.run_until(Instant::from_millis(second * 1000)).unwrap();
            cluster.end_second();
        }
        cluster.take_watchers().recorder.unwrap().finish()
    }

    #[test]
    fn a_long_run_is_looked_at_less_often() {
        let record = recorded(2, Recorder::LOOKS_MAX as u64 + 200);
        assert_eq!(record.seconds_per_moment, 2);
        assert_eq!(record.moments.len(), (Recorder::LOOKS_MAX + 200) / 2);
        assert!(record.moments.iter().zip(1u32..).all(|(moment, count)| moment.at == f64::from(2 * count)));
    }

    #[test]
    fn what_is_sent_between_two_looks_is_spread_over_the_time_between_them() {
        let record = recorded(10, 30);
        let rest = record.moments.last().unwrap();
        assert!((1.0..3.0).contains(&rest.messages), "{}", rest.messages);
        assert_eq!((rest.up, rest.lists, rest.health[0]), (10, 1, 10));
    }
}
