//! Trials (R16): where the list is full, one that is claimed to be alive is pinged before it is listed.
//!
//! ```text
//!   claim about an unknown ──> list full? ──> ping it ── ack in time ──> listed, and one that never answered gives way
//!                                   no │            └── silence ──────> nothing
//!                                      └──> listed
//! ```

use alloc::vec::Vec;

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::member::{Change, ChangeList, Changes};
use crate::message::Seq;
use crate::time::Instant;

/// Trials of one node at one time.
pub(crate) const TRIALS_MAX: usize = 16;

#[derive(Clone)]
struct Trial<A> {
    subject: A,
    seq: Seq,
    /// From then on another may take its place.
    deadline: Instant,
    /// What is listed if it answers.
    claim: ChangeList<A>,
}

/// Those that are tried out. No timer belongs to it: what has run out gives way to the next.
#[derive(Clone)]
pub(crate) struct Trials<A>(Vec<Trial<A>>);

impl<A: Address> Trials<A> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether one more can begin.
    pub(crate) fn has_room(&self, now: Instant, subject: A) -> bool {
        let under_way = |trial: &Trial<A>| now < trial.deadline;
        !self.0.iter().any(|trial| trial.subject == subject && under_way(trial))
            && (self.0.len() < TRIALS_MAX || !self.0.iter().all(under_way))
    }

    /// Begins one, in the place of one that has run out.
    pub(crate) fn begin(&mut self, now: Instant, deadline: Instant, seq: Seq, change: Change<'_, A>) {
        self.0.retain(|trial| now < trial.deadline);
        self.0.push(Trial { subject: change.address, seq, deadline, claim: ChangeList::from_iter([change]) });
    }

    /// Whether this is the answer of one that is tried out, and in time.
    pub(crate) fn awaits(&self, now: Instant, from: A, seq: Seq) -> bool {
        self.0.iter().any(|trial| trial.subject == from && trial.seq == seq && now < trial.deadline)
    }

    /// It answered: the claim that it is to be listed with.
    pub(crate) fn passed(&mut self, from: A, seq: Seq) -> Option<Claim<A>> {
        let at = self.0.iter().position(|trial| trial.subject == from && trial.seq == seq)?;
        Some(Claim(self.0.swap_remove(at).claim))
    }

    pub(crate) fn check(&self) {
        assert!(self.0.len() <= TRIALS_MAX, "I7: trials");
    }
}

impl<A: Address> Trials<A> {
    /// Takes in who is tried out, and with which claim.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self(trials) = self;
        print.word(trials.len() as u64);
        for Trial { subject, seq, deadline, claim } in trials {
            print.address(subject);
            print.seq(*seq);
            print.until(*deadline);
            for change in claim.as_changes() {
                print.word(change.incarnation.get());
                print.word(change.status as u64);
                print.word(change.source.is_some().into());
                if let Some(source) = change.source {
                    print.address(&source.address);
                    print.word(source.incarnation.get());
                }
                print.bytes(change.labels.encoded());
            }
        }
    }
}

/// One change, owned.
pub(crate) struct Claim<A>(ChangeList<A>);

impl<A: Copy> Claim<A> {
    pub(crate) fn changes(&self) -> Changes<'_, A> {
        self.0.as_changes()
    }
}
