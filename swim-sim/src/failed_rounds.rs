//! Rounds of the probe that failed: by whom, and whether the target could have answered (R4).
//!
//! A failed round is an accusation at first hand. What others make of it, and what is heard of it, is not counted here.

use swim_core::{Event, EventKind, Instant, Status};

use crate::network::Partition;

/// The failed rounds of each node.
#[derive(Clone, Debug)]
pub struct FailedRounds {
    of: Vec<Failed>,
}

/// The failed rounds of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// How many were about a target that it could reach.
    pub reachable: u64,
    /// How many of those made it suspect a member that it did not suspect already.
    pub fresh: u64,
    /// When the first one since the latest cut ended whose target was on another side.
    pub cut_off: Option<Instant>,
}

impl FailedRounds {
    /// The events that are needed to see them.
    pub const EVENTS: [EventKind; 2] = [EventKind::MakeNodeStatus, EventKind::PingRequestsSendComplete];

    /// None yet, of this many nodes.
    pub fn new(nodes: u32) -> Self {
        Self { of: vec![Failed::default(); nodes as usize] }
    }

    /// What `node` has seen fail.
    pub fn of(&self, node: u32) -> Failed {
        self.of[node as usize]
    }

    /// A cut begins.
    pub(crate) fn begin_cut(&mut self) {
        self.of.iter_mut().for_each(|failed| failed.cut_off = None);
    }

    /// Sees an event of `node`.
    pub(crate) fn see(&mut self, now: Instant, node: u32, event: &Event<'_, u32>, partition: &Partition) {
        let failed = &mut self.of[node as usize];
        match *event {
            Event::PingRequestsSendComplete { target, reached: false, .. } => {
                if partition.separates(node, target) {
                    failed.cut_off.get_or_insert(now);
                } else {
                    failed.reachable += 1;
                }
            }
            Event::MakeNodeStatus { address, status: Status::Suspect } if !partition.separates(node, address) => {
                failed.fresh += 1;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Cut, CutId, Sides};
    use swim_core::Micros;

    fn round(target: u32, reached: bool) -> Event<'static, u32> {
        Event::PingRequestsSendComplete { target, peers: &[], reached, duration: Micros::ZERO }
    }

    #[test]
    fn only_rounds_that_reached_nobody_count_each_on_its_side_of_the_cut() {
        let mut rounds = FailedRounds::new(4);
        let mut partition = Partition::none();
        partition.cut(CutId(0), Cut::between_all(Sides::halves(4).unwrap()));
        let suspect = Event::MakeNodeStatus { address: 1, status: Status::Suspect };
        let events = [round(1, false), suspect, round(1, false), round(1, true), round(3, false), round(2, false)];
        for (second, event) in (1..).zip(events) {
            rounds.see(Instant::from_millis(second * 1_000), 0, &event, &partition);
        }
        let cut_off = Some(Instant::from_millis(5_000));
        assert_eq!(rounds.of(0), Failed { reachable: 2, fresh: 1, cut_off });
        assert_eq!(rounds.of(1), Failed::default());
        rounds.begin_cut();
        assert_eq!(rounds.of(0).cut_off, None);
    }
}
