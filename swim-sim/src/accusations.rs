//! Wrong accusations: live members that someone who could reach them declared faulty.
//!
//! Across a cut a live member is rightly held faulty, and one that is stopped or whose network is impaired can hardly
//! be told from a dead one. Wrong is only what began and ended with the way open: accuser and member worked as they
//! should and reached each other when the suspicion began, and do so now that its timer ran out.

use swim_core::{Event, EventKind, Instant, Status};

/// Who was declared faulty that should not have been.
#[derive(Clone, Debug)]
pub struct Accusations {
    nodes: u32,
    /// A bit for each pair of (observer, subject): its last suspicion began with the way open.
    began_open: Vec<u64>,
    first: Vec<Accusation>,
    count: u64,
    accused: Vec<bool>,
}

/// A live member was declared faulty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accusation {
    /// When.
    pub at: Instant,
    /// By whom.
    pub accuser: u32,
    /// Who.
    pub accused: u32,
}

impl Accusations {
    /// The events that are needed to see them.
    pub const EVENTS: [EventKind; 2] = [EventKind::MakeNodeStatus, EventKind::MemberlistChangesApplied];

    /// None yet, among this many nodes.
    pub fn new(nodes: u32) -> Self {
        let pairs = nodes as usize * nodes as usize;
        Self {
            nodes,
            began_open: vec![0; pairs.div_ceil(64)],
            first: Vec::new(),
            count: 0,
            accused: vec![false; nodes as usize],
        }
    }

    /// Sees an event of `node`.
    ///
    /// `open` tells of a subject whether it and the observer work as they should and reach each other.
    pub fn see(&mut self, now: Instant, node: u32, event: &Event<'_, u32>, open: impl Fn(u32) -> bool) {
        match *event {
            Event::MemberlistChangesApplied { changes, .. } => {
                for change in changes {
                    if change.status == Status::Suspect {
                        self.suspicion_begins(node, change.address, &open);
                    }
                }
            }
            Event::MakeNodeStatus { address, status: Status::Suspect } => {
                self.suspicion_begins(node, address, &open);
            }
            Event::MakeNodeStatus { address, status: Status::Faulty }
                if address != node && self.began_open(node, address) && open(address) =>
            {
                self.accuse(Accusation { at: now, accuser: node, accused: address });
            }
            _ => {}
        }
    }

    /// A process ended: what its node suspected is forgotten.
    pub fn forget(&mut self, node: u32) {
        for subject in 0..self.nodes {
            let (word, bit) = self.place(node, subject);
            self.began_open[word] &= !bit;
        }
    }

    /// How many live members were accused, each counted once.
    pub fn members(&self) -> usize {
        self.accused.iter().filter(|accused| **accused).count()
    }

    /// How many accusations there were.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The first few.
    pub fn first(&self) -> &[Accusation] {
        &self.first
    }

    fn suspicion_begins(&mut self, node: u32, subject: u32, open: impl Fn(u32) -> bool) {
        let (word, bit) = self.place(node, subject);
        if open(subject) {
            self.began_open[word] |= bit;
        } else {
            self.began_open[word] &= !bit;
        }
    }

    fn began_open(&self, node: u32, subject: u32) -> bool {
        let (word, bit) = self.place(node, subject);
        self.began_open[word] & bit != 0
    }

    fn place(&self, node: u32, subject: u32) -> (usize, u64) {
        let pair = node as usize * self.nodes as usize + subject as usize;
        (pair / 64, 1 << (pair % 64))
    }

    fn accuse(&mut self, accusation: Accusation) {
        self.count += 1;
        self.accused[accusation.accused as usize] = true;
        if self.first.len() < KEPT {
            self.first.push(accusation);
        }
    }
}

/// How many accusations are kept to be shown.
const KEPT: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    const SUSPECT: Event<'static, u32> = Event::MakeNodeStatus { address: 2, status: Status::Suspect };
    const FAULTY: Event<'static, u32> = Event::MakeNodeStatus { address: 2, status: Status::Faulty };

    /// Node 0 suspects node 2 of the other half and declares it faulty; a cut may begin or end meanwhile.
    fn accusations(cut_at_suspicion: bool, cut_at_verdict: bool) -> usize {
        let mut accusations = Accusations::new(4);
        for (event, cut) in [(SUSPECT, cut_at_suspicion), (FAULTY, cut_at_verdict)] {
            accusations.see(Instant::ZERO, 0, &event, |_| !cut);
        }
        accusations.members()
    }

    #[test]
    fn only_what_began_and_ended_with_the_way_open_is_wrong() {
        assert_eq!(accusations(false, false), 1);
        assert_eq!(accusations(true, false), 0);
        assert_eq!(accusations(false, true), 0);
        assert_eq!(accusations(true, true), 0);
    }

    #[test]
    fn a_member_counts_once_however_often_it_is_accused() {
        let mut accusations = Accusations::new(4);
        for accuser in [3, 3] {
            accusations.see(Instant::ZERO, accuser, &SUSPECT, |_| true);
            accusations.see(Instant::ZERO, accuser, &FAULTY, |_| true);
        }
        assert_eq!((accusations.members(), accusations.count()), (1, 2));
        assert_eq!(accusations.first()[0], Accusation { at: Instant::ZERO, accuser: 3, accused: 2 });
    }

    #[test]
    fn a_suspicion_of_the_cut_is_forgotten_when_a_new_one_begins() {
        let mut accusations = Accusations::new(4);
        accusations.see(Instant::ZERO, 0, &SUSPECT, |_| false);
        accusations.see(Instant::ZERO, 0, &SUSPECT, |_| true);
        accusations.see(Instant::ZERO, 0, &FAULTY, |_| true);
        assert_eq!(accusations.members(), 1);
    }

    #[test]
    fn what_a_process_suspected_ends_with_it() {
        let mut accusations = Accusations::new(4);
        accusations.see(Instant::ZERO, 0, &SUSPECT, |_| true);
        accusations.forget(0);
        accusations.see(Instant::ZERO, 0, &FAULTY, |_| true);
        assert_eq!(accusations.members(), 0);
    }
}
