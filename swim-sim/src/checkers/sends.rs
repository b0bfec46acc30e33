//! I6: counted sends of a change never exceed the limit.
//!
//! From outside, the sends that count when they are made can be counted: gossip, acks and the answers of helpers. Pings
//! count when they are answered, which only the node knows. A suspicion is renewed with each confirmation (R7), so that
//! its limit is granted once more for each. What the receiver must hear is not counted: claims about the one that a
//! message goes to, which go to a suspect whenever there is an occasion (R5, R9), the node's own claim to one that has just
//! accused it of something, and the tombstone of an evicted member to one that has just taught it back (R3).

use swim_core::{Change, Channel, Effect, Event, Fingerprint, Incarnation, Input, Kind, Status, SuspicionTimeout};

use super::{Finding, Pairs, Step};
use crate::cluster::Setup;

/// Counts how often each node sent its newest claim about each member.
#[derive(Clone)]
pub(super) struct Sends {
    sent: Pairs<Sent>,
    limit: u32,
    renewals: u32,
}

/// What makes two claims about a member the same (R1): of two that differ in their labels alone one wins, and is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Claim {
    incarnation: Incarnation,
    status: Status,
    labels: i32,
}

#[derive(Clone, Copy, Default)]
struct Sent {
    claim: Option<Claim>,
    times: u32,
}

impl Sends {
    pub(super) fn new(setup: &Setup) -> Self {
        // The logarithm of the whole cluster: a node may hold fewer members, and then sends less often.
        let digits = (1..=10).find(|digits| 10u64.pow(*digits) > u64::from(setup.nodes)).unwrap_or(1);
        let renewals = match setup.options.state_timeouts.suspect {
            SuspicionTimeout::Lifeguard { confirmations, .. } => confirmations,
            SuspicionTimeout::Fixed(_) => 0,
        };
        Self { sent: Pairs::new(setup.nodes), limit: setup.options.retransmit_factor * digits, renewals }
    }

    /// The node knows nothing of its last life.
    pub(super) fn reborn(&mut self, node: u32) {
        self.sent.forget(node);
    }

    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        let accuser = accuser(step.node, step.input);
        for effect in step.effects.iter() {
            if let Effect::Event(Event::MemberEvicted { address, .. } | Event::MemberDropped { address, .. }) = effect {
                // Should it be learned again, that is news.
                *self.sent.of(step.node, address) = Sent::default();
            }
            let Effect::Send { to, channel: Channel::Datagram, message } = effect else { continue };
            if !matches!(message.kind, Kind::Gossip | Kind::Ack { .. } | Kind::PingReqAnswer { .. }) {
                continue;
            }
            let must_hear = |change: &Change<'_, u32>| {
                let refutes = accuser == Some(to) && change.address == step.node;
                let buries = change.status == Status::Tombstone && speaks_of(step.input, to, change.address);
                change.address == to || refutes || buries
            };
            for change in message.changes.iter().filter(|change| !must_hear(change)) {
                let Change { incarnation, status, labels, .. } = change;
                self.count(step.node, change.address, Claim { incarnation, status, labels: labels.digest() })?;
            }
        }
        Ok(())
    }

    fn count(&mut self, node: u32, subject: u32, claim: Claim) -> Result<(), Box<Finding>> {
        let sent = self.sent.of(node, subject);
        if sent.claim != Some(claim) {
            *sent = Sent { claim: Some(claim), times: 0 };
        }
        sent.times += 1;
        let grants = if claim.status == Status::Suspect { 1 + self.renewals } else { 1 };
        if sent.times <= self.limit * grants {
            return Ok(());
        }
        let reason = format!("sent {claim:?} of member {subject} {} times, {} are allowed", sent.times, self.limit);
        Err(Finding::new("I6 sends", node, reason))
    }
}

/// Who accuses `node` in this input.
fn accuser(node: u32, input: &Input<'_, u32>) -> Option<u32> {
    let Input::Message { from, message, .. } = input else { return None };
    let accuses = message.changes.iter().any(|change| change.address == node && change.status != Status::Alive);
    accuses.then_some(*from)
}

/// Whether this input is a claim of `who` about `subject`.
fn speaks_of(input: &Input<'_, u32>, who: u32, subject: u32) -> bool {
    let Input::Message { from, message, .. } = input else { return false };
    *from == who && message.changes.iter().any(|change| change.address == subject)
}

impl Sends {
    /// Takes in what was counted.
    pub(super) fn trace(&self, print: &mut Fingerprint) {
        let Self { sent, limit: _, renewals: _ } = self;
        for Sent { claim, times } in sent.iter() {
            print.word(claim.map_or(u64::MAX, |claim| claim.incarnation.get() << 3 | claim.status as u64));
            print.word(claim.map_or(0, |claim| u64::from(claim.labels.cast_unsigned())) << 32 | u64::from(*times));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_is_sent_too_often_is_found_and_a_newer_one_starts_again() {
        let mut sends = Sends::new(&Setup::new(100, 1));
        let claim = |number, status| Claim { incarnation: Incarnation::new(number).unwrap(), status, labels: 0 };
        assert_eq!(sends.limit, 12);
        for _ in 0..12 {
            assert_eq!(sends.count(0, 1, claim(5, Status::Alive)), Ok(()));
        }
        assert!(sends.count(0, 1, claim(5, Status::Alive)).is_err());
        for _ in 0..48 {
            assert_eq!(sends.count(0, 1, claim(5, Status::Suspect)), Ok(()));
        }
        assert!(sends.count(0, 1, claim(5, Status::Suspect)).is_err());
        for _ in 0..12 {
            assert_eq!(sends.count(0, 1, claim(6, Status::Alive)), Ok(()));
        }
        assert_eq!(sends.count(0, 1, Claim { labels: 7, ..claim(6, Status::Alive) }), Ok(()));
    }
}
