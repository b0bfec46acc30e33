//! Notices another agent that uses this node's address.
//!
//! It shows in two ways: messages come under the node's own address, or others tell what the other one says of itself.
//! The latter is also what a node hears of its own earlier run, but once: it refutes that, and is newer from then on.
//! A second agent refutes in turn, and the two go on for ever.

use std::net::SocketAddr;

use swim_core::{Changes, Effect, Effects, Event, Incarnation, Status};

/// What was heard of a second agent.
#[derive(Debug, Default)]
pub(crate) struct Twin {
    claims: u32,
}

impl Twin {
    /// Looks through what an input caused: whether a second agent showed.
    pub(crate) fn shows(&mut self, local: SocketAddr, effects: &Effects<SocketAddr>) -> bool {
        let mut claimed: Option<Incarnation> = None;
        for effect in effects.iter() {
            match effect {
                Effect::Event(Event::MemberlistChangesReceived { changes, .. }) => claimed = own_claim(local, changes),
                // The node outbids the highest claim, so that a lower one was not why.
                Effect::Event(Event::RefuteUpdate { incarnation }) if claimed.is_some_and(|own| own < incarnation) => {
                    self.claims += 1;
                    claimed = None;
                }
                _ => {}
            }
        }
        let shows = self.claims >= CLAIMS_MIN;
        if shows {
            self.claims = 0;
        }
        shows
    }
}

/// What someone who calls itself `local` says of itself: that it lives.
fn own_claim(local: SocketAddr, changes: Changes<'_, SocketAddr>) -> Option<Incarnation> {
    let own = changes.iter().find(|change| change.address == local && change.is_own());
    own.filter(|change| change.status == Status::Alive).map(|change| change.incarnation)
}

/// So many refuted claims are no echo of an earlier run.
const CLAIMS_MIN: u32 = 3;
