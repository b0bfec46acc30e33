//! What several faults do to one process at a time: it goes on once the last of them is over, as nodes that are cut off twice
//! are back when both cuts have ended.

use std::collections::BTreeMap;

/// In what a fault holds a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    /// It is stopped.
    Paused,
    /// What it sends and gets is held up.
    Blocked,
    /// It does not run.
    Down,
    /// Its node has left.
    Away,
}

/// How many faults hold which process in what, and how fast they make its clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holds {
    counts: BTreeMap<(u32, Hold), u32>,
    drifts: BTreeMap<u32, i64>,
}

impl Holds {
    /// One more does.
    pub(crate) fn begin(&mut self, node: u32, hold: Hold) {
        *self.counts.entry((node, hold)).or_default() += 1;
    }

    /// One of them is over. Returns whether none is left.
    pub(crate) fn end(&mut self, node: u32, hold: Hold) -> bool {
        let Some(count) = self.counts.get_mut(&(node, hold)) else { return true };
        *count -= 1;
        let is_over = *count == 0;
        if is_over {
            self.counts.remove(&(node, hold));
        }
        is_over
    }

    /// Its clock runs by so many parts of a million faster than before. Returns how much faster that is than a true one.
    pub(crate) fn drift(&mut self, node: u32, by: i32) -> i32 {
        let drift = self.drifts.entry(node).or_default();
        *drift += i64::from(by);
        i32::try_from(*drift).unwrap_or(if *drift > 0 { i32::MAX } else { i32::MIN })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_goes_on_when_the_last_of_its_faults_is_over() {
        let mut holds = Holds::default();
        holds.begin(1, Hold::Down);
        holds.begin(1, Hold::Down);
        holds.begin(1, Hold::Paused);
        holds.begin(2, Hold::Down);
        assert_eq!((holds.end(1, Hold::Down), holds.end(1, Hold::Down)), (false, true));
        assert_eq!((holds.end(2, Hold::Down), holds.end(1, Hold::Paused)), (true, true));
        assert!(holds.end(1, Hold::Down), "nothing holds it");
    }

    #[test]
    fn drifts_add_up() {
        let mut holds = Holds::default();
        assert_eq!(
            [holds.drift(1, 500), holds.drift(1, -200), holds.drift(2, 7), holds.drift(1, -500)],
            [500, 300, 7, -200]
        );
        assert_eq!([holds.drift(3, i32::MAX), holds.drift(3, i32::MAX), holds.drift(3, -1)], [i32::MAX; 3]);
    }
}
