//! One line of the comparison: a quantity, predicted and measured, and whether the two agree.

use serde::Serialize;

/// A quantity at one point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// What is compared.
    pub what: &'static str,
    /// In which unit.
    pub unit: &'static str,
    /// How many members the cluster has.
    pub nodes: u32,
    /// How many of them live; the others are listed all the same.
    pub live: u32,
    /// How many packets are lost, in percent.
    pub loss: u32,
    /// How many helpers are asked.
    pub helpers: u32,
    /// How often it was measured.
    pub trials: u64,
    /// What happened so often, where it is a rate.
    pub events: Option<Events>,
    /// What the formula for large clusters gives, the paper's where it has one; or its bound.
    pub limit: f64,
    /// What is predicted for this cluster.
    pub predicted: f64,
    /// What was measured.
    pub measured: f64,
    /// How far it may be off.
    pub allowed: Allowed,
    /// What else was seen.
    pub note: Option<String>,
}

/// How many events a rate is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Events {
    /// As predicted.
    pub expected: f64,
    /// As counted.
    pub counted: u64,
}

/// How far a measurement may be off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    /// By this share of the prediction, either way.
    Within(f64),
    /// The prediction is a bound; with less than `least` the measurement itself is wrong.
    AtMost {
        /// The least that is possible.
        least: f64,
    },
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They agree.
    Ok,
    /// They do not.
    Off,
    /// Too few events to tell.
    NotJudged,
}

impl Verdict {
    /// How it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Off => "OFF",
            Self::NotJudged => "not judged",
        }
    }
}

impl Cell {
    /// What was measured, as a share of what was predicted.
    pub fn ratio(&self) -> f64 {
        self.measured / self.predicted
    }

    /// Whether the two agree. What cannot be compared, such as a mean of nothing, does not.
    pub fn verdict(&self) -> Verdict {
        if self.events.is_some_and(|events| events.expected < EVENTS_MIN) {
            return Verdict::NotJudged;
        }
        let agrees = match self.allowed {
            Allowed::Within(share) => (self.ratio() - 1.0).abs() <= share,
            Allowed::AtMost { least } => least <= self.measured && self.measured <= self.predicted,
        };
        if agrees && self.trials >= TRIALS_MIN { Verdict::Ok } else { Verdict::Off }
    }
}

/// A rate of fewer expected events is not judged: its own chance would be more than 5 %.
pub const EVENTS_MIN: f64 = 400.0;
/// With fewer trials nothing is said to agree.
pub const TRIALS_MIN: u64 = 1_000;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn cell(predicted: f64, measured: f64, allowed: Allowed) -> Cell {
        Cell {
            what: "a thing",
            unit: "periods",
            nodes: 8,
            live: 8,
            loss: 0,
            helpers: 3,
            trials: 1_000,
            events: None,
            limit: predicted,
            predicted,
            measured,
            allowed,
            note: None,
        }
    }

    /// A cell that agrees, one that does not, and one that is not judged.
    pub(in crate::theory) fn one_of_each() -> [Cell; 3] {
        let events = Some(Events { expected: 12.5, counted: 2 });
        let rate = cell(0.125, 0.02, Allowed::Within(0.1));
        [
            cell(2.0, 2.01, Allowed::Within(0.01)),
            cell(15.0, 16.0, Allowed::AtMost { least: 0.0 }),
            Cell { events, loss: 5, live: 6, note: Some("so few".into()), ..rate },
        ]
    }

    #[test]
    fn a_measurement_that_is_off_either_way_fails() {
        for (measured, verdict) in
            [(1.09, Verdict::Ok), (0.91, Verdict::Ok), (1.11, Verdict::Off), (0.89, Verdict::Off)]
        {
            assert_eq!(cell(1.0, measured, Allowed::Within(0.1)).verdict(), verdict, "{measured}");
        }
    }

    #[test]
    fn a_bound_fails_above_it_and_where_the_measurement_is_impossible() {
        for (measured, verdict) in [(15.0, Verdict::Ok), (15.1, Verdict::Off), (3.9, Verdict::Off)] {
            assert_eq!(cell(15.0, measured, Allowed::AtMost { least: 4.0 }).verdict(), verdict, "{measured}");
        }
    }

    #[test]
    fn what_expects_fewer_than_400_events_is_not_judged_however_far_off_it_is() {
        for (expected, verdict) in [(399.9, Verdict::NotJudged), (400.0, Verdict::Off)] {
            let events = Some(Events { expected, counted: 0 });
            let cell = Cell { events, ..cell(1.0, 7.0, Allowed::Within(0.1)) };
            assert_eq!(cell.verdict(), verdict);
        }
    }

    #[test]
    fn too_few_trials_and_means_of_nothing_do_not_agree() {
        let good = cell(1.0, 1.0, Allowed::Within(0.1));
        assert_eq!(good.verdict(), Verdict::Ok);
        assert_eq!(Cell { trials: 999, ..good.clone() }.verdict(), Verdict::Off);
        assert_eq!(Cell { measured: f64::NAN, ..good.clone() }.verdict(), Verdict::Off);
        assert_eq!(Cell { predicted: 0.0, measured: 0.0, ..good }.verdict(), Verdict::Off);
    }
}
