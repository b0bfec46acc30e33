//! What is shown of a run: a timeline, a summary and a page for people, one JSON object for programs.

mod json;
mod page;
mod picture;
mod short;
mod summary;
mod timeline;

pub use json::to_json;
pub use page::{Fact, PageData, Verdict, to_html};
pub use picture::{PictureError, to_svg};
pub use short::Short;
pub use summary::Summary;
pub use timeline::Timeline;

use std::time::Duration;

use swim_core::Micros;

use crate::cluster::Cluster;
use crate::record::Mark;
use crate::runner::{Outcome, Plan};

/// A run that has ended.
pub struct Run<'a> {
    /// The cluster as it is at the end.
    pub cluster: &'a Cluster,
    /// What was done to it.
    pub plan: &'a Plan,
    /// What came out.
    pub outcome: &'a Outcome,
    /// The name of the scenario.
    pub scenario: &'a str,
    /// What the scenario shows, for people.
    pub description: &'a str,
    /// The name of the preset.
    pub preset: &'a str,
    /// How long the machine took.
    pub elapsed: Duration,
}

impl Run<'_> {
    /// Whether the cluster converged and no more members were wrongly declared faulty than may be.
    pub fn succeeded(&self) -> bool {
        self.plan.is_met_by(self.cluster, self.outcome)
    }

    /// What was done to the cluster, and when.
    pub fn marks(&self) -> Vec<Mark> {
        page::marks(self)
    }

    /// Events in a second of the machine.
    fn events_per_second(&self) -> f64 {
        self.cluster.events() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Seconds of a node in a second of the machine.
    fn node_seconds_per_second(&self) -> f64 {
        let virtual_seconds = self.cluster.now().as_micros() as f64 / 1e6;
        virtual_seconds * f64::from(self.cluster.setup().nodes) / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// A time in seconds, to a tenth.
fn seconds(time: Micros) -> String {
    format!("{}.{} s", time.0 / 1_000_000, time.0 / 100_000 % 10)
}

/// A number with separators.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1_000, 1_234_567].map(grouped).as_slice());
        assert_eq!(seconds(Micros(12_345_678)), "12.3 s");
    }
}
