//! Measured beside predicted: a line for each quantity, as docs/NETWORK-TESTS.md has them.

use super::cases::{Case, JOINED};
use super::play::Outcome;
use crate::helpers::skipped;

/// The lines.
#[derive(Debug, Default)]
pub(crate) struct Table {
    lines: usize,
    off: usize,
    skipped: usize,
}

impl Table {
    /// Prints what was measured of a case, and remembers whether it was as predicted.
    pub(crate) fn add(&mut self, case: &Case, nodes: u32, measured: &[Outcome], predicted: &[Outcome]) {
        if self.lines == 0 {
            println!("| case | agents | what | five runs | median | predicted 5 % | 50 % | 95 % | |");
            println!("|---|---:|---|---|---:|---:|---:|---:|---|");
        }
        for quantity in [&[JOINED], case.quantities].concat() {
            let measured = sorted(measured.iter().map(quantity.of));
            let predicted = sorted(predicted.iter().map(quantity.of));
            let [low, middle, high] = [0.05, 0.5, 0.95].map(|share| quantile(&predicted, share));
            let median = quantile(&measured, 0.5);
            let fits = low <= median && median <= high && median.is_finite();
            self.lines += 1;
            self.off += usize::from(!fits);
            let runs: Vec<_> = measured.iter().map(|value| format!("{value:.1}")).collect();
            println!(
                "| {} | {nodes} | {} | {} | {median:.1} | {low:.1} | {middle:.1} | {high:.1} | {} |",
                case.name,
                quantity.what,
                runs.join(" "),
                if fits { "ok" } else { "OFF" }
            );
        }
        for outcome in measured.iter().filter(|outcome| outcome.healed_after.is_none()) {
            println!("it did not come to its end: {outcome:?}");
        }
    }

    /// Tells that a case could not be played here, and remembers that.
    pub(crate) fn skip(&mut self, case: &Case, nodes: u32, reason: &str) {
        skipped(&format!("{} with {nodes} agents", case.name), reason);
        self.skipped += 1;
    }

    /// Whether something was played, or skipped by name, and all medians were in the range that was predicted.
    pub(crate) const fn is_as_predicted(&self) -> bool {
        self.lines + self.skipped > 0 && self.off == 0
    }
}

/// What never came about is later than everything.
fn sorted(values: impl Iterator<Item = Option<f64>>) -> Vec<f64> {
    let mut values: Vec<_> = values.map(|value| value.unwrap_or(f64::INFINITY)).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value that this share of all is not above.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}
