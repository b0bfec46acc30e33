//! The short mode: one line of fixed columns a second, for terminals and for tools that cut columns.

use std::fmt;

use swim_core::Instant;

use crate::census::Seen;
use crate::runner::Sample;

/// Shows samples, each on a line of its own. `docs/SIMULATOR.md` has the legend.
pub struct Short<'a>(pub &'a [Sample]);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ["alive", "suspe", "fault", "leave", "unkno"];
        let [alive, suspect, faulty, leave, unknown] = names;
        writeln!(
            f,
            "    time P  lists {alive:>7} {suspect:>7} {faulty:>7} {leave:>7} {unknown:>7} {:>8} {:>10}",
            "messages", "bytes"
        )?;
        for sample in self.0 {
            let mut seen = Seen::default();
            let mut observers = 0;
            for side in &sample.census.sides {
                seen += side.own;
                seen += side.others;
                observers += side.nodes;
            }
            let mean = |pairs: u64| pairs as f64 / f64::from(observers.max(1));
            let phase = sample.phase.name().chars().next().unwrap_or(' ').to_ascii_uppercase();
            let seconds = sample.at.since(Instant::ZERO).0 as f64 / 1e6;
            let gone = seen.leave + seen.tombstone;
            write!(f, "{seconds:>8.1} {phase} {:>6}", sample.census.checksums)?;
            for pairs in [seen.alive, seen.suspect, seen.faulty, gone, seen.unknown] {
                write!(f, " {:>7.1}", mean(pairs))?;
            }
            writeln!(f, " {:>8.2} {:>10.0}", mean(sample.traffic.messages), mean(sample.traffic.bytes))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::{Census, SideView};
    use crate::runner::Phase;
    use crate::traffic::Tally;

    #[test]
    fn columns_stand_where_the_head_says_whatever_the_numbers() {
        let sample = |at: u64, alive: u64| Sample {
            at: Instant::from_millis(at),
            phase: Phase::Heal,
            census: Census {
                checksums: 12,
                sides: vec![SideView {
                    nodes: 4,
                    own: Seen { alive, ..Seen::default() },
                    others: Seen { faulty: 6, tombstone: 2, ..Seen::default() },
                }],
            },
            traffic: Tally { messages: 8, bytes: 1_000, with_changes: 0 },
            hash: 0,
        };
        let text = Short(&[sample(1_000, 4), sample(123_400, 4_000)]).to_string();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{text}");
        let words: Vec<_> = lines[2].split_whitespace().collect();
        assert_eq!(words, ["123.4", "H", "12", "1000.0", "0.0", "1.5", "0.5", "0.0", "2.00", "250"]);
    }
}
