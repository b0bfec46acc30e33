//! Loss in bursts: a node's network is good for a while, then bad for a while (Gilbert and Elliott's two states).

use swim_core::{Instant, Micros, Random};

use super::chance::Chance;

/// Good and bad times that follow one another at each node, each for itself.
#[derive(Clone, Debug)]
pub struct Bursts {
    good: Micros,
    bad: Micros,
    loss: Chance,
    /// Per node: the state it is in, and until when.
    weather: Vec<Weather>,
}

#[derive(Clone, Copy, Debug)]
struct Weather {
    state: State,
    until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    Bad,
}

impl Bursts {
    /// Good times last `good` in the mean and bad ones `bad`, a microsecond at least; in a bad one packets are lost
    /// with the chance `loss`. Begins with a good time at every one of `nodes`.
    pub fn new(nodes: u32, good: Micros, bad: Micros, loss: Chance) -> Self {
        let fair = Weather { state: State::Bad, until: Instant::ZERO };
        let (good, bad) = (good.max(Micros(1)), bad.max(Micros(1)));
        Self { good, bad, loss, weather: vec![fair; nodes as usize] }
    }

    /// Whether a packet of `node` is lost at `now`. Time does not run backwards.
    pub fn strikes(&mut self, now: Instant, node: u32, random: &mut Random) -> bool {
        let Self { good, bad, .. } = *self;
        let weather = &mut self.weather[node as usize];
        if weather.until == Instant::ZERO {
            // The first packet: the good time began somewhere in the past.
            *weather = Weather { state: State::Good, until: now + Micros(1 + random.below_u64(good.0)) };
        }
        while weather.until <= now {
            let (state, mean) = match weather.state {
                State::Good => (State::Bad, bad),
                State::Bad => (State::Good, good),
            };
            // Even over zero to twice the mean: short and long ones alike, and exact in whole numbers.
            *weather = Weather { state, until: weather.until + Micros(1 + random.below_u64(2 * mean.0)) };
        }
        weather.state == State::Bad && self.loss.strikes(random)
    }
}

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
}
