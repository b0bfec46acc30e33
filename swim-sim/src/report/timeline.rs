//! The timeline: one line for each second in which something changed.

use std::fmt;

use crate::census::{Seen, SideView};
use crate::runner::Sample;

/// Shows samples as a table. Numbers of members are means over the observers of a side.
pub struct Timeline<'a>(pub &'a [Sample]);

impl fmt::Display for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.first() else { return Ok(()) };
        let sides = first.census.sides.len().min(SIDES_SHOWN);
        write!(f, "{:>8}  {:<6} {:>9}", "", "", "")?;
        for side in 1..=sides {
            write!(f, "   {:<27}", format!("side {side} sees the others"))?;
        }
        writeln!(f, "   own sides")?;
        write!(f, "{:>8}  {:<6} {:>9}", "time", "phase", "checksums")?;
        for _ in 0..sides {
            write!(f, "   {:>6} {:>7} {:>6} {:>5}", "alive", "suspect", "faulty", "none")?;
        }
        writeln!(f, "   not alive")?;
        let mut last = String::new();
        for sample in self.0 {
            let line = line(sample);
            if line != last {
                writeln!(f, "{:>8}{line}", super::seconds(sample.at.since(swim_core::Instant::ZERO)))?;
                last = line;
            }
        }
        Ok(())
    }
}

/// What is shown of a sample beside its time.
fn line(sample: &Sample) -> String {
    let mut line = format!("  {:<6} {:>9}", sample.phase.name(), sample.census.checksums);
    for SideView { nodes, others, .. } in sample.census.sides.iter().take(SIDES_SHOWN) {
        let Seen { alive, suspect, faulty, unknown, .. } = others;
        let [alive, suspect, faulty, unknown] = [alive, suspect, faulty, unknown].map(|pairs| mean(*pairs, *nodes));
        line += &format!("   {alive:>6} {suspect:>7} {faulty:>6} {unknown:>5}");
    }
    let (mut pairs, mut nodes) = (0, 0);
    for side in &sample.census.sides {
        nodes += side.nodes;
        pairs += side.own.listed() - side.own.alive + side.own.unknown;
    }
    line += &format!("   {:>9}", mean(pairs, nodes));
    line
}

/// The mean number of members, rounded; what is not quite nothing does not look like nothing.
fn mean(pairs: u64, observers: u32) -> String {
    let observers = u64::from(observers).max(1);
    match (pairs + observers / 2) / observers {
        0 if pairs > 0 => "<1".into(),
        mean => mean.to_string(),
    }
}

/// More sides do not fit on a line.
const SIDES_SHOWN: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::Census;
    use crate::runner::Phase;
    use crate::traffic::Tally;
    use swim_core::Instant;

    fn sample(second: u64, alive: u64) -> Sample {
        let side = SideView {
            nodes: 2,
            own: Seen { alive: 4, ..Seen::default() },
            others: Seen { alive, faulty: 4 - alive, ..Seen::default() },
        };
        Sample {
            at: Instant::from_millis(second * 1000),
            phase: Phase::Faults,
            census: Census { checksums: 2, sides: vec![side; 2] },
            traffic: Tally::default(),
            hash: 0,
        }
    }

    #[test]
    fn seconds_in_which_nothing_changes_are_left_out() {
        let samples = [sample(1, 4), sample(2, 4), sample(3, 1), sample(4, 1)];
        let text = Timeline(&samples).to_string();
        assert_eq!(text.lines().count(), 2 + 2, "{text}");
        assert!(text.contains("1.0 s") && text.contains("3.0 s"), "{text}");
    }

    #[test]
    fn what_is_not_quite_nothing_does_not_look_like_nothing() {
        assert_eq!(
            ["0", "<1", "1", "5"],
            [mean(0, 10), mean(4, 10), mean(5, 10), mean(46, 10)].each_ref().map(String::as_str)
        );
    }
}
