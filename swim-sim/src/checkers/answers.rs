//! R4: a ping is answered at once, and a ping-req within the time that it carries, whatever the helper found; but a helper takes
//! the time that it would itself grant one or wait for an ack, even for an asker that grants less.
//!
//! A helper that stays silent does not show in what nodes hold of one another: rounds are inconclusive, and detection is
//! late. So what a helper owes is written down when the request reaches it, and looked for when its timer has fired.

use swim_core::{Channel, Effect, Fingerprint, Input, Instant, Kind, Message, Micros, Seq, Via};

use super::{Finding, Step};
use crate::cluster::Setup;

/// What each node owes whom.
#[derive(Clone)]
pub(super) struct Answers {
    owed: Vec<Vec<Owed>>,
    /// How long a helper takes at least and at most, whatever it is granted.
    times: (Micros, Micros),
}

/// An answer that a helper owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owed {
    asker: u32,
    seq: Seq,
    via: Via,
    /// By the helper's clock.
    due: Instant,
}

impl Answers {
    pub(super) fn new(setup: &Setup) -> Self {
        let options = &setup.options;
        let timeout = Micros::from(options.ping_request_timeout);
        let shortest = timeout.percent(options.helper_share.into()).min(options.ping_timeout.into());
        let longest = timeout.times(u64::from(options.local_health_max) + 1);
        Self { owed: vec![Vec::new(); setup.nodes as usize], times: (shortest, longest) }
    }

    /// The node knows nothing of what it owed.
    pub(super) fn reborn(&mut self, node: u32) {
        self.owed[node as usize].clear();
    }

    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        let Step { node, local, .. } = *step;
        let owed = &mut self.owed[node as usize];
        if step.machine.is_destroyed() {
            owed.clear();
            return Ok(());
        }
        match step.input {
            Input::Message { via: Via::Response(_), .. } => {}
            Input::Message { from, via, message } if *from != node => {
                asked(step, (*from, *via), message, self.times, owed)?;
            }
            _ => {}
        }
        if !owed.is_empty() {
            for effect in step.effects.iter() {
                let Effect::Send { to, channel, message } = effect else { continue };
                if let Kind::PingReqAnswer { seq, .. } = message.kind {
                    owed.retain(|owed| (owed.asker, owed.seq, channel_of(owed.via)) != (to, seq, channel));
                }
            }
        }
        // Once the node's timer has fired, all that was due is answered.
        let late = owed.iter().find(|owed| owed.due <= local && matches!(step.input, Input::Tick));
        late.map_or(Ok(()), |late| {
            let reason = format!("{:?} from node {} is not answered, was due at {}", late.seq, late.asker, late.due);
            Err(Finding::new("R4 answers", node, reason))
        })
    }
}

/// A node is asked: a ping must be answered now, a ping-req is owed an answer.
fn asked(
    step: &Step<'_>,
    (from, via): (u32, Via),
    message: &Message<'_, u32>,
    (shortest, longest): (Micros, Micros),
    owed: &mut Vec<Owed>,
) -> Result<(), Box<Finding>> {
    match message.kind {
        Kind::Ping { seq } => {
            let is_ack = |effect: Effect<'_, u32>| match effect {
                Effect::Send { to, channel, message } => {
                    let acked = matches!(message.kind, Kind::Ack { seq: acked, .. } if acked == seq);
                    acked && to == from && channel == channel_of(via)
                }
                _ => false,
            };
            if step.effects.iter().any(is_ack) {
                return Ok(());
            }
            Err(Finding::new("R4 answers", step.node, format!("the ping {seq:?} of node {from} is not answered")))
        }
        Kind::PingReq { seq, timeout, .. } => {
            let due = step.local + timeout.clamp(shortest, longest);
            // The network may deliver a datagram twice.
            if !owed.iter().any(|owed| (owed.asker, owed.seq, owed.via) == (from, seq, via)) {
                owed.push(Owed { asker: from, seq, via, due });
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// By which way what came by `via` is answered.
fn channel_of(via: Via) -> Channel {
    match via {
        Via::Request(ticket) => Channel::Reply(ticket),
        Via::Datagram | Via::Response(_) => Channel::Datagram,
    }
}

impl Answers {
    /// Whether some node owes `asker` an answer with this number.
    pub(super) fn owes(&self, asker: u32, seq: Seq) -> bool {
        self.owed.iter().flatten().any(|owed| (owed.asker, owed.seq) == (asker, seq))
    }

    /// Takes in what is owed.
    pub(super) fn trace(&self, print: &mut Fingerprint) {
        let Self { owed, times: _ } = self;
        for owed in owed {
            print.word(owed.len() as u64);
            for Owed { asker, seq, via, due } in owed {
                print.word((*asker).into());
                print.seq_of(*asker, *seq);
                print.word(match via {
                    Via::Datagram => u64::MAX,
                    Via::Request(ticket) | Via::Response(ticket) => ticket.0,
                });
                print.until(*due);
            }
        }
    }
}
