//! The epidemic that a rumour is, without a protocol: the paper's (SWIM 4.1), with members that keep to their periods.
//!
//! The paper lets messages come at random times, evenly spread. Members have a clock instead: each pings once in a
//! period, at a moment of its own, one that is drawn from the others. Of the two whoever knows the rumour tells the
//! other, in the ping or in its ack. That is all there is here; no code is shared with the simulator but its dice.

use swim_core::Random;

use super::prediction::Mean;

/// Draws `trials` epidemics among `nodes` members, each until `wanted` know; times are rounded up to so many parts of a
/// period.
pub(super) fn draw(nodes: u32, wanted: u32, trials: u32, parts: u32) -> Mean {
    let mut random = Random::new(u64::from(nodes));
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..trials {
        let time = (once(nodes, wanted, &mut random) * f64::from(parts)).ceil() / f64::from(parts);
        sum += time;
        squares += time * time;
    }
    let mean = sum / f64::from(trials);
    Mean { mean, deviation: (squares / f64::from(trials) - mean * mean).max(0.0).sqrt() }
}

/// One epidemic; returns after how many periods `wanted` members know.
fn once(nodes: u32, wanted: u32, random: &mut Random) -> f64 {
    let mut moments: Vec<(u32, u32)> = (0..nodes).map(|member| (random.below(u32::MAX), member)).collect();
    moments.sort_unstable();
    let mut knows = vec![false; nodes as usize];
    knows[random.below(nodes) as usize] = true;
    let mut known = 1;
    let (mut period, mut last) = (0, 0);
    while known < wanted {
        for &(moment, member) in &moments {
            let other = (member + 1 + random.below(nodes - 1)) % nodes;
            if known < wanted && knows[member as usize] != knows[other as usize] {
                (knows[member as usize], knows[other as usize]) = (true, true);
                known += 1;
                last = moment;
            }
        }
        period += 1;
    }
    f64::from(period - 1) + f64::from(last) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_members_one_tells_the_other_at_the_first_of_their_two_pings() {
        // The earlier of two even moments of a period: a third on average, its variance an eighteenth.
        let epidemic = draw(2, 2, 100_000, 1_000);
        assert!((epidemic.mean - 1.0 / 3.0).abs() < 0.005, "{epidemic:?}");
        assert!((epidemic.deviation - (1.0f64 / 18.0).sqrt()).abs() < 0.005, "{epidemic:?}");
    }

    #[test]
    fn it_is_somewhat_faster_than_messages_at_random_would_be() {
        let at_random = super::super::prediction::rumour_at_random(500, 495);
        let epidemic = draw(500, 495, 200, 1_000);
        assert!((0.8..1.0).contains(&(epidemic.mean / at_random)), "{epidemic:?} {at_random}");
    }
}
