//! What the analysis of SWIM predicts, for clusters of any size (Das, Gupta, Motivala 2002, sections 3 and 4).
//!
//! The paper's formulas are limits for large clusters. Each stands here beside the same quantity for `n` members, from
//! the same assumptions and without the limit; docs/SIMULATOR.md derives them. All times are in protocol periods.

/// A predicted mean, and the standard deviation of what it is the mean of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
}

/// The paper's expected time until somebody probes one that crashed, while a share `live` of the members lives:
/// `e^q / (e^q - 1)`.
pub fn first_detection_limit(live: f64) -> f64 {
    let grown = live.exp();
    grown / (grown - 1.0)
}

/// The period, counted from the crash, in which the first of `n - 1` members that draw their targets at random probes
/// the one that crashed. Each misses it with `1 - 1/(n-1)`, so the period is geometric.
pub fn first_detection(nodes: u32) -> Mean {
    let miss = missed(nodes);
    let hit = 1.0 - miss;
    Mean { mean: 1.0 / hit, deviation: miss.sqrt() / hit }
}

/// The time from a crash at any moment to the first accusation, where members begin their periods at moments of their
/// own: whole periods in which nobody probes it, the wait for the first ping, and the period that the round takes.
pub fn detection_time(nodes: u32) -> Mean {
    let others = f64::from(nodes - 1);
    let (miss, keep) = (missed(nodes), 1.0 - 1.0 / others);
    let hit = 1.0 - miss;
    // At t within a period each member has pinged with probability t: nobody hit it with (1 - t/m)^m.
    let area = others / (others + 1.0) * (1.0 - keep.powf(others + 1.0));
    let lower = (1.0 - keep.powf(others + 1.0)) / (others + 1.0);
    let moment = others * others * (lower - (1.0 - keep.powf(others + 2.0)) / (others + 2.0));
    let wait = (area - miss) / hit;
    let wait_variance = (2.0 * moment - miss) / hit - wait * wait;
    let whole_variance = miss / (hit * hit);
    Mean { mean: 1.0 + miss / hit + wait, deviation: (whole_variance + wait_variance).sqrt() }
}

/// The probability that none of `n - 1` random draws among `n - 1` members hits a given one.
fn missed(nodes: u32) -> f64 {
    let others = f64::from(nodes - 1);
    (1.0 - 1.0 / others).powf(others)
}

/// How long a member that probes by round robin takes until it probes one that crashed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundRobin {
    /// The mean number of periods.
    pub mean: f64,
    /// The deviation that all members of one trial share: how far they are in their passes.
    pub shared_deviation: f64,
    /// The deviation of each member for itself.
    pub own_deviation: f64,
    /// It never takes longer.
    pub longest: f64,
}

/// Round robin in an order that is shuffled for each pass, after a crash at a random moment of the pass.
///
/// After `s` of `m` pings of a pass the one that crashed is still to come with `(m-s)/m`, at any of the next `m - s`
/// places; otherwise it comes at any place of the next pass. The longest way is from the first place of a pass to the
/// last of the next, `2m - 1`.
pub fn round_robin(nodes: u32) -> RoundRobin {
    let others = f64::from(nodes - 1);
    let (mut means, mut squares, mut variances) = (0.0, 0.0, 0.0);
    for probed in 0..nodes - 1 {
        let rest = others - f64::from(probed);
        let to_come = rest / others;
        let (soon, soon_square) = uniform_moments(rest);
        let (next, next_square) = uniform_moments(others);
        let mean = to_come * soon + (1.0 - to_come) * (rest + next);
        let square = to_come * soon_square + (1.0 - to_come) * (rest * rest + 2.0 * rest * next + next_square);
        means += mean / others;
        squares += mean * mean / others;
        variances += (square - mean * mean) / others;
    }
    RoundRobin {
        mean: means,
        shared_deviation: (squares - means * means).max(0.0).sqrt(),
        own_deviation: variances.sqrt(),
        longest: 2.0 * others - 1.0,
    }
}

/// The mean of 1, 2, .. `last`, and of their squares.
fn uniform_moments(last: f64) -> (f64, f64) {
    ((last + 1.0) / 2.0, (last + 1.0) * (2.0 * last + 1.0) / 6.0)
}

/// The paper's bound for round robin, which counts the prober among those in its list.
pub fn round_robin_limit(nodes: u32) -> f64 {
    2.0 * f64::from(nodes) - 1.0
}

/// The paper's probability that a live member is wrongly accused within the expected time of a first detection:
/// `q (1 - p'^2) (1 - q p'^4)^k e^q / (e^q - 1)`.
pub fn wrong_accusations_limit(loss: f64, helpers: u32, live: f64) -> f64 {
    let arrives = 1.0 - loss;
    let direct = 1.0 - arrives.powi(2);
    let indirect = (1.0 - live * arrives.powi(4)).powi(helpers as i32);
    live * direct * indirect * first_detection_limit(live)
}

/// How often a live member is accused wrongly in one period, when `live` of `nodes` members live and all are listed.
///
/// Each of the `live - 1` others draws it with `1/(n-1)`. The direct ping fails with `1 - p'^2`; helpers are drawn
/// without repetition from the `n - 2` others, of which `live - 2` live and fail with `1 - p'^4` each.
pub fn wrong_accusations(loss: f64, helpers: u32, nodes: u32, live: u32) -> f64 {
    let arrives = 1.0 - loss;
    let probed = f64::from(live - 1) / f64::from(nodes - 1);
    let direct = 1.0 - arrives.powi(2);
    let (others, able) = (nodes - 2, live - 2);
    let drawn = helpers.min(others);
    let indirect: f64 = (0..=drawn.min(able))
        .filter(|living| drawn - living <= others - able)
        .map(|living| {
            let ways = choose(able, living) * choose(others - able, drawn - living) / choose(others, drawn);
            ways * (1.0 - arrives.powi(4)).powi(living as i32)
        })
        .sum();
    probed * direct * indirect
}

/// How many ways there are to choose `count` of `from`.
fn choose(from: u32, count: u32) -> f64 {
    (0..count).map(|taken| f64::from(from - taken) / f64::from(taken + 1)).product()
}

/// The mean number of periods until a rumour has reached `reached` of `nodes` members, where its two messages a period
/// come at random: of `i` that know it each tells one of the others twice a period, so that it reaches a new one at
/// the rate `2 i (n-i) / (n-1)`. This is the paper's logistic epidemic, one member at a time.
pub fn rumour_at_random(nodes: u32, reached: u32) -> f64 {
    let all = f64::from(nodes);
    (1..reached).map(f64::from).map(|known| (all - 1.0) / (2.0 * known * (all - known))).sum()
}

/// The periods after which the paper takes a rumour to have reached everyone: `3 ln n`.
pub fn rumour_limit(nodes: u32) -> f64 {
    3.0 * f64::from(nodes).ln()
}

/// Less than this no rumour can take on average until it has reached a share of the members.
///
/// One that knows it sends two messages a period, so that `e^(2t)` know it on average at most; with Markov's
/// inequality the mean time to reach `m` is at least `(ln m - 1) / 2`.
pub fn rumour_least(reached: u32) -> f64 {
    ((f64::from(reached).ln() - 1.0) / 2.0).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{value}, expected {expected}");
    }

    #[test]
    fn the_first_detection_takes_e_over_e_minus_one_periods_in_a_large_cluster() {
        let e = std::f64::consts::E;
        near(first_detection_limit(1.0), e / (e - 1.0));
        assert!((first_detection(1_000_000).mean - e / (e - 1.0)).abs() < 1e-5);
        // Two members: the other one probes it at once. Three: each of two hits it with one half.
        near(first_detection(2).mean, 1.0);
        near(first_detection(3).mean, 4.0 / 3.0);
        near(first_detection(3).deviation, 2.0 / 3.0);
    }

    #[test]
    fn the_time_of_detection_is_an_exponential_wait_and_a_round_in_a_large_cluster() {
        let large = detection_time(1_000_000);
        assert!((large.mean - 2.0).abs() < 1e-5 && (large.deviation - 1.0).abs() < 1e-4, "{large:?}");
        // Two members: the ping comes at any moment of the period.
        let two = detection_time(2);
        near(two.mean, 1.5);
        near(two.deviation, (1.0f64 / 12.0).sqrt());
    }

    #[test]
    fn round_robin_takes_seven_twelfths_of_a_pass_on_average_and_two_passes_at_most() {
        assert!((round_robin(10_001).mean / 10_000.0 - 7.0 / 12.0).abs() < 1e-4);
        near(round_robin(2).mean, 1.0);
        // Three members, m = 2. Before a pass: 1 or 2. After its first ping: 1 if to come, else 2 or 3.
        near(round_robin(3).mean, (1.5 + 0.5 * 1.0 + 0.5 * 2.5) / 2.0);
        near(round_robin(3).longest, 3.0);
        near(round_robin_limit(3), 5.0);
    }

    #[test]
    fn wrong_accusations_are_the_papers_at_points_that_are_known() {
        // Nothing lost, nobody accused; everything lost, all that are probed are accused.
        near(wrong_accusations(0.0, 3, 100, 100), 0.0);
        near(wrong_accusations(1.0, 3, 100, 100), 1.0);
        // p' = 0.9: 0.19 directly, 0.3439 through each helper.
        near(wrong_accusations(0.1, 0, 100, 100), 0.19);
        near(wrong_accusations(0.1, 1, 100, 100), 0.19 * 0.3439);
        near(wrong_accusations(0.1, 3, 100, 100), 0.19 * 0.3439f64.powi(3));
        near(wrong_accusations_limit(0.1, 3, 1.0), 0.19 * 0.3439f64.powi(3) * first_detection_limit(1.0));
        // Four members of which three live: one of the other two is the helper, and it lives in half of the draws.
        near(wrong_accusations(0.1, 1, 4, 3), 2.0 / 3.0 * 0.19 * (0.5 + 0.5 * 0.3439));
        // In a large cluster the two differ by the unit of time only.
        let per_time = wrong_accusations(0.1, 3, 40_000, 30_000) * first_detection_limit(0.75);
        assert!((per_time / wrong_accusations_limit(0.1, 3, 0.75) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn a_rumour_takes_no_more_than_three_logarithms_and_no_less_than_half_of_one() {
        near(rumour_limit(1), 0.0);
        near(rumour_limit(2000), 3.0 * 2000f64.ln());
        near(rumour_least(1), 0.0);
        // Two members: two messages a period. Three: 2 of 2 are new, then 2 * 2 * 1 / 2.
        near(rumour_at_random(2, 2), 0.5);
        near(rumour_at_random(3, 3), 0.5 + 0.5);
        near(rumour_least(1980), (1980f64.ln() - 1.0) / 2.0);
    }
}
