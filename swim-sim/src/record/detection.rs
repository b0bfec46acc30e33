//! Detection: how long it took until a lost member was suspected, and until it was held faulty, by each of those that
//! had lost it.
//!
//! Lost is who is down, or behind a cut. Each pair of observer and subject counts once for each loss.

use serde::Serialize;
use swim_core::{Instant, Status};

use super::{Curve, Distribution};
use crate::network::Sides;

/// Watches how losses are noticed.
#[derive(Clone, Debug)]
pub struct Detection {
    nodes: u32,
    cut: Option<(Instant, Sides)>,
    down: Vec<Option<Instant>>,
    suspected: Pairs,
    declared: Pairs,
    to_suspect: Distribution,
    to_faulty: Distribution,
}

/// How long losses stayed unnoticed, over pairs of observer and subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Detections {
    /// From the loss until it was suspected or held faulty.
    pub suspect: Curve,
    /// From the loss until it was held faulty.
    pub faulty: Curve,
}

impl Detection {
    /// Nobody lost among this many nodes.
    pub fn new(nodes: u32) -> Self {
        Self {
            nodes,
            cut: None,
            down: vec![None; nodes as usize],
            suspected: Pairs::new(nodes),
            declared: Pairs::new(nodes),
            to_suspect: Distribution::default(),
            to_faulty: Distribution::default(),
        }
    }

    /// `observer` holds `subject` to be `status` from now on.
    pub fn see(&mut self, now: Instant, observer: u32, subject: u32, status: Status) {
        if !matches!(status, Status::Suspect | Status::Faulty) || observer == subject {
            return;
        }
        let Some(since) = self.lost_since(observer, subject) else { return };
        if self.suspected.insert(observer, subject) {
            self.to_suspect.add(now.since(since));
        }
        if status == Status::Faulty && self.declared.insert(observer, subject) {
            self.to_faulty.add(now.since(since));
        }
    }

    /// `node` runs again.
    pub fn up(&mut self, node: u32) {
        self.down[node as usize] = None;
    }

    /// `node` runs no more.
    pub fn down(&mut self, now: Instant, node: u32) {
        self.down[node as usize] = Some(now);
        for observer in 0..self.nodes {
            self.suspected.remove(observer, node);
            self.declared.remove(observer, node);
        }
    }

    /// From now on nothing passes between these sides.
    pub fn cut(&mut self, now: Instant, sides: Sides) {
        self.cut = Some((now, sides));
        self.suspected.clear();
        self.declared.clear();
    }

    /// From now on everyone reaches everyone.
    pub fn mend(&mut self) {
        self.cut = None;
    }

    /// The curves.
    pub fn finish(&self) -> Detections {
        Detections { suspect: self.to_suspect.curve(), faulty: self.to_faulty.curve() }
    }

    fn lost_since(&self, observer: u32, subject: u32) -> Option<Instant> {
        let cut = self.cut.as_ref().filter(|(_, sides)| sides.side_of(observer) != sides.side_of(subject));
        self.down[subject as usize].or(cut.map(|(since, _)| *since))
    }
}

/// A set of pairs: a bit for each.
#[derive(Clone, Debug)]
struct Pairs {
    nodes: u32,
    bits: Vec<u64>,
}

impl Pairs {
    fn new(nodes: u32) -> Self {
        let pairs = nodes as usize * nodes as usize;
        Self { nodes, bits: vec![0; pairs.div_ceil(64)] }
    }

    /// Returns whether it was not in the set.
    fn insert(&mut self, observer: u32, subject: u32) -> bool {
        let (word, bit) = self.place(observer, subject);
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        new
    }

    fn remove(&mut self, observer: u32, subject: u32) {
        let (word, bit) = self.place(observer, subject);
        self.bits[word] &= !bit;
    }

    fn clear(&mut self) {
        self.bits.fill(0);
    }

    fn place(&self, observer: u32, subject: u32) -> (usize, u64) {
        let pair = observer as usize * self.nodes as usize + subject as usize;
        (pair / 64, 1 << (pair % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> Instant = Instant::from_millis;

    #[test]
    fn each_observer_counts_once_for_each_loss() {
        let mut detection = Detection::new(4);
        for loss in [AT(1_000), AT(50_000)] {
            detection.down(loss, 3);
            for observer in [0, 1, 0] {
                detection.see(loss + swim_core::Micros(2_000_000), observer, 3, Status::Suspect);
                detection.see(loss + swim_core::Micros(5_000_000), observer, 3, Status::Faulty);
            }
            detection.up(3);
        }
        let found = detection.finish();
        assert_eq!((found.suspect.count, found.suspect.quantiles[0]), (4, 2.0));
        assert_eq!((found.faulty.count, found.faulty.quantiles[200]), (4, 5.0));
    }

    #[test]
    fn a_suspicion_of_someone_within_reach_is_no_detection() {
        let mut detection = Detection::new(4);
        detection.see(AT(1), 0, 3, Status::Suspect);
        detection.cut(AT(10), Sides::halves(4).unwrap());
        detection.see(AT(11), 0, 1, Status::Suspect);
        detection.see(AT(11), 0, 3, Status::Alive);
        assert_eq!(detection.finish(), Detections::default());
        detection.see(AT(12), 0, 3, Status::Faulty);
        detection.mend();
        detection.see(AT(13), 1, 3, Status::Faulty);
        let found = detection.finish();
        assert_eq!((found.suspect.count, found.faulty.count, found.faulty.quantiles[0]), (1, 1, 0.002));
    }
}
