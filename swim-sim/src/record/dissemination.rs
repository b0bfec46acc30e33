//! Dissemination: how long news took from the first node that held it to half of the nodes, to 99 in a hundred, to all.
//!
//! News is a claim: an address, an incarnation and a status. A list takes up a claim once at most, so that counting the
//! events of it counts its holders. Its audience is fixed when it is made: the nodes that run or have yet to boot, on the
//! same side of a cut, without the subject where the news is not its own. A claim that something newer overtakes, or that
//! is under way when a cut begins or ends, is counted as started and no more.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::Serialize;
use swim_core::{Change, Incarnation, Instant, Status};

use super::{Curve, Distribution};
use crate::network::Sides;

/// What news is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum News {
    /// A member is there, for the first time.
    Joined,
    /// A member is alive after all, or again.
    Alive,
    /// A member is suspected.
    Suspect,
    /// A member is held faulty.
    Faulty,
    /// A member has left, or is about to be forgotten.
    Left,
}

impl News {
    const ALL: [Self; 5] = [Self::Joined, Self::Alive, Self::Suspect, Self::Faulty, Self::Left];
}

/// How news of one kind spread.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Of which kind.
    pub news: News,
    /// How many claims there were.
    pub started: u64,
    /// Until half of the audience held it.
    pub half: Curve,
    /// Until 99 in a hundred held it.
    pub most: Curve,
    /// Until all held it.
    pub all: Curve,
}

/// Watches claims go round.
#[derive(Clone, Debug)]
pub struct Dissemination {
    cut: Option<Sides>,
    up_since: Vec<Instant>,
    down: Vec<bool>,
    /// What is under way, by its subject, in the order of precedence.
    claims: BTreeMap<(u32, Incarnation, Status), Claim>,
    /// The last claim about each node that has reached everyone, and so ended all that it overrides.
    settled: Vec<Option<(Incarnation, Status)>>,
    kinds: [Kind; News::ALL.len()],
}

#[derive(Clone, Debug)]
struct Claim {
    news: News,
    since: Instant,
    holders: u32,
    /// How many nodes can hold it; `None` once that has changed under it.
    audience: Option<u32>,
}

#[derive(Clone, Debug, Default)]
struct Kind {
    started: u64,
    times: [Distribution; 3],
}

impl Dissemination {
    /// Nothing told yet among this many nodes.
    pub fn new(nodes: u32) -> Self {
        let nodes = nodes as usize;
        Self {
            cut: None,
            up_since: vec![Instant::ZERO; nodes],
            down: vec![false; nodes],
            claims: BTreeMap::new(),
            settled: vec![None; nodes],
            kinds: Default::default(),
        }
    }

    /// `node` takes up a claim.
    pub fn see(&mut self, now: Instant, node: u32, change: &Change<'_, u32>) {
        let subject = change.address;
        let said = (change.incarnation, change.status);
        if self.settled[subject as usize].is_some_and(|settled| said <= settled) {
            return;
        }
        let key = (subject, change.incarnation, change.status);
        if !self.claims.contains_key(&key) {
            let claim = self.begin(now, node, change);
            self.kinds[claim.news as usize].started += 1;
            self.claims.insert(key, claim);
        }
        let claim = self.claims.get_mut(&key).expect("it was just looked up");
        let before = claim.holders;
        claim.holders += 1;
        let Some(audience) = claim.audience else { return };
        let times = &mut self.kinds[claim.news as usize].times;
        let thresholds = [audience.div_ceil(2), audience - audience / 100, audience];
        for (times, threshold) in times.iter_mut().zip(thresholds) {
            if before < threshold && claim.holders >= threshold {
                times.add(now.since(claim.since));
            }
        }
        if claim.holders >= audience && self.cut.is_none() {
            self.settle(subject, said);
        }
    }

    /// `node` boots.
    pub fn up(&mut self, now: Instant, node: u32) {
        self.up_since[node as usize] = now;
        self.down[node as usize] = false;
    }

    /// `node` runs no more.
    pub fn down(&mut self, node: u32) {
        self.down[node as usize] = true;
    }

    /// From now on nothing passes between these sides.
    pub fn cut(&mut self, sides: Sides) {
        self.change_audiences();
        self.cut = Some(sides);
    }

    /// From now on everyone reaches everyone.
    pub fn mend(&mut self) {
        self.change_audiences();
        self.cut = None;
    }

    /// The curves of each kind that there was news of.
    pub fn finish(&self) -> Vec<Spread> {
        let told = News::ALL.into_iter().zip(&self.kinds).filter(|(_, kind)| kind.started > 0);
        let spread = |(news, kind): (News, &Kind)| {
            let [half, most, all] = &kind.times;
            Spread { news, started: kind.started, half: half.curve(), most: most.curve(), all: all.curve() }
        };
        told.map(spread).collect()
    }

    /// `node` is the first to be seen with a claim.
    fn begin(&self, now: Instant, node: u32, change: &Change<'_, u32>) -> Claim {
        let subject = change.address;
        // A node holds what it says of itself when it boots without any event.
        let silent = change.is_own() && node != subject;
        let first = self.claims.range((subject, Incarnation::default(), Status::Alive)..).next();
        let known =
            first.is_some_and(|((address, ..), _)| *address == subject) || self.settled[subject as usize].is_some();
        let news = match change.status {
            Status::Alive if known => News::Alive,
            Status::Alive => News::Joined,
            Status::Suspect => News::Suspect,
            Status::Faulty => News::Faulty,
            Status::Leave | Status::Tombstone => News::Left,
        };
        Claim {
            news,
            since: if silent { self.up_since[subject as usize] } else { now },
            holders: u32::from(silent),
            audience: Some(self.audience(node, change)),
        }
    }

    fn audience(&self, node: u32, change: &Change<'_, u32>) -> u32 {
        let side = |other: u32| self.cut.as_ref().map(|sides| sides.side_of(other));
        let hears = |other: u32| {
            !self.down[other as usize] && side(other) == side(node) && (change.is_own() || other != change.address)
        };
        (0..self.down.len() as u32).filter(|other| hears(*other)).count() as u32
    }

    /// A claim has reached everyone: what it overrides will not.
    fn settle(&mut self, subject: u32, said: (Incarnation, Status)) {
        self.settled[subject as usize] = Some(said);
        let overridden = (
            Bound::Included((subject, Incarnation::default(), Status::Alive)),
            Bound::Included((subject, said.0, said.1)),
        );
        let overridden: Vec<_> = self.claims.range(overridden).map(|(key, _)| *key).collect();
        for key in overridden {
            self.claims.remove(&key);
        }
    }

    fn change_audiences(&mut self) {
        self.claims.values_mut().for_each(|claim| claim.audience = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{Labels, Source};

    const AT: fn(u64) -> Instant = Instant::from_millis;

    fn claim(subject: u32, incarnation: u64, status: Status, maker: u32) -> Change<'static, u32> {
        let incarnation = Incarnation::new(incarnation).unwrap();
        let source = Some(Source { address: maker, incarnation });
        Change { address: subject, incarnation, status, source, labels: Labels::NONE }
    }

    fn spread(dissemination: &Dissemination, news: News) -> Spread {
        dissemination.finish().into_iter().find(|spread| spread.news == news).expect("there was such news")
    }

    #[test]
    fn a_joining_counts_from_the_boot_of_the_one_who_joins() {
        let mut dissemination = Dissemination::new(4);
        dissemination.up(AT(10), 2);
        for (at, node) in [(11, 0), (13, 1), (16, 3)] {
            dissemination.see(AT(at), node, &claim(2, 7, Status::Alive, 2));
        }
        let joined = spread(&dissemination, News::Joined);
        let times = [joined.half, joined.most, joined.all].map(|curve| (curve.count, curve.quantiles[0]));
        assert_eq!(times, [(1, 0.001), (1, 0.006), (1, 0.006)]);
    }

    #[test]
    fn the_suspect_is_no_part_of_the_audience_of_a_suspicion() {
        let mut dissemination = Dissemination::new(3);
        dissemination.see(AT(1), 0, &claim(2, 7, Status::Suspect, 0));
        dissemination.see(AT(5), 1, &claim(2, 7, Status::Suspect, 0));
        let suspect = spread(&dissemination, News::Suspect);
        assert_eq!((suspect.started, suspect.all.count, suspect.all.quantiles[0]), (1, 1, 0.004));
        // A refutation starts with the one who refutes, and a late echo of the suspicion is nothing new.
        for (at, node) in [(6, 2), (7, 0), (9, 1)] {
            dissemination.see(AT(at), node, &claim(2, 8, Status::Alive, 2));
        }
        dissemination.see(AT(20), 1, &claim(2, 7, Status::Suspect, 0));
        let alive = spread(&dissemination, News::Alive);
        assert_eq!((alive.started, alive.all.count, alive.all.quantiles[0]), (1, 1, 0.003));
        assert_eq!(spread(&dissemination, News::Suspect), suspect);
    }

    #[test]
    fn news_behind_a_cut_has_reached_all_when_its_own_side_holds_it() {
        let mut dissemination = Dissemination::new(4);
        dissemination.cut(Sides::halves(4).unwrap());
        dissemination.see(AT(1), 0, &claim(3, 7, Status::Faulty, 0));
        dissemination.see(AT(4), 1, &claim(3, 7, Status::Faulty, 0));
        dissemination.see(AT(5), 2, &claim(0, 7, Status::Suspect, 2));
        dissemination.mend();
        dissemination.see(AT(9), 3, &claim(0, 7, Status::Suspect, 2));
        let faulty = spread(&dissemination, News::Faulty);
        assert_eq!((faulty.all.count, faulty.all.quantiles[0]), (1, 0.003));
        let cut_short = spread(&dissemination, News::Suspect);
        assert_eq!((cut_short.started, cut_short.all.count), (1, 0));
    }
}
