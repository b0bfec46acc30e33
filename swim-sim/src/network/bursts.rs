//! Loss in bursts: a node's network is good for a while, then bad for a while (Gilbert and Elliott's two states).

use std::collections::VecDeque;

use swim_core::{Instant, Micros, Random};

use super::chance::Chance;

/// Good and bad times that follow one another at each node, each for itself.
#[derive(Clone, Debug)]
pub struct Bursts {
    good: Micros,
    bad: Micros,
    loss: Chance,
    /// Per node.
    weather: Vec<Weather>,
}

/// The times of a node that are known. What is sent again later is asked about before what others send meanwhile, so
/// that some of the past is kept.
#[derive(Clone, Debug)]
struct Weather {
    first: State,
    /// When each of them ends, in order; after the last one nothing is known yet.
    ends: VecDeque<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    Bad,
}

impl State {
    const fn other(self) -> Self {
        match self {
            Self::Good => Self::Bad,
            Self::Bad => Self::Good,
        }
    }
}

impl Weather {
    /// The state of the time with this number.
    const fn state(&self, number: usize) -> State {
        if number.is_multiple_of(2) { self.first } else { self.first.other() }
    }
}

impl Bursts {
    /// Good times last `good` in the mean and bad ones `bad`, a microsecond at least; in a bad one packets are lost
    /// with the chance `loss`. Begins with a good time at every one of `nodes`.
    pub fn new(nodes: u32, good: Micros, bad: Micros, loss: Chance) -> Self {
        let fair = Weather { first: State::Good, ends: VecDeque::new() };
        let (good, bad) = (good.max(Micros(1)), bad.max(Micros(1)));
        Self { good, bad, loss, weather: vec![fair; nodes as usize] }
    }

    /// Whether a packet of `node` is lost at `at`. Of times long before others that were asked about the oldest is taken that
    /// is still known.
    pub fn strikes(&mut self, at: Instant, node: u32, random: &mut Random) -> bool {
        let Self { good, bad, .. } = *self;
        let weather = &mut self.weather[node as usize];
        if weather.ends.is_empty() {
            // The first packet: the good time began somewhere in the past.
            weather.ends.push_back(at + Micros(1 + random.below_u64(good.0)));
        }
        while let Some(end) = weather.ends.back().copied().filter(|end| *end <= at) {
            let mean = match weather.state(weather.ends.len()) {
                State::Bad => bad,
                State::Good => good,
            };
            // Even over zero to twice the mean: short and long ones alike, and exact in whole numbers.
            weather.ends.push_back(end + Micros(1 + random.below_u64(2 * mean.0)));
            if weather.ends.len() > KNOWN_MAX {
                weather.ends.pop_front();
                weather.first = weather.first.other();
            }
        }
        let number = weather.ends.partition_point(|end| *end <= at);
        weather.state(number) == State::Bad && self.loss.strikes(random)
    }
}

/// So many times of a node are known at most.
const KNOWN_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each of so many packets, one in a millisecond, is lost.
    fn losses(packets: u64) -> Vec<bool> {
        let all = Chance::per_million(1_000_000);
        let mut bursts = Bursts::new(1, Micros::from_millis(900), Micros::from_millis(100), all);
        let mut random = Random::new(1);
        (0..packets).map(|at| bursts.strikes(Instant::from_millis(at), 0, &mut random)).collect()
    }

    #[test]
    fn the_share_of_bad_times_is_lost() {
        let lost = losses(1_000_000).into_iter().filter(|lost| *lost).count();
        // A tenth, over about a thousand bursts: six standard deviations of 2.5 % each.
        assert!((85_000..115_000).contains(&lost), "{lost}");
    }

    #[test]
    fn losses_come_in_runs() {
        let losses = losses(100_000);
        let runs = losses.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        let lost = losses.iter().filter(|lost| **lost).count();
        assert!(lost / runs.max(1) > 60, "{lost} lost in {runs} runs");
    }

    #[test]
    fn each_node_has_its_own_weather() {
        let all = Chance::per_million(1_000_000);
        let mut bursts = Bursts::new(2, Micros::from_millis(100), Micros::from_millis(100), all);
        let mut random = Random::new(1);
        let differ = (0..10_000)
            .map(Instant::from_millis)
            .filter(|now| bursts.strikes(*now, 0, &mut random) != bursts.strikes(*now, 1, &mut random))
            .count();
        assert!((3_000..7_000).contains(&differ), "{differ}");
    }

    #[test]
    fn what_was_asked_about_beforehand_changes_nothing_of_the_time_before() {
        let all = Chance::per_million(1_000_000);
        let mut bursts = Bursts::new(1, Micros::from_millis(400), Micros::from_millis(100), all);
        let mut random = Random::new(1);
        let mut strikes = |at: u64| bursts.strikes(Instant::from_millis(at), 0, &mut random);
        strikes(0);
        for begin in (0..60_000).step_by(6_000) {
            // What is lost is sent again up to six seconds later.
            strikes(begin + 6_000);
            let forth: Vec<bool> = (begin..begin + 6_000).map(&mut strikes).collect();
            let back: Vec<bool> = (begin..begin + 6_000).rev().map(&mut strikes).collect();
            assert!(forth.iter().eq(back.iter().rev()));
            let lost = forth.iter().filter(|lost| **lost).count();
            assert!((300..3_000).contains(&lost), "{lost} of 6000 from {begin} on");
        }
    }
}
