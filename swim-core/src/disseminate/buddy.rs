//! Buddy (R9, R16): who is suspected on the word of others is told so directly, where gossip may not reach it in time.
//!
//! A suspicion is harmless because its subject hears of it and refutes it. In a list that is mostly of members that never
//! answered, gossip and probes go to those: whoever makes up ten thousand members and then accuses one that is real has
//! it declared faulty before it hears of it. So there each node tells it by itself, and again and again until the
//! suspicion may run out. Only those are told that have answered this node once, which those that are made up never did.

use alloc::collections::VecDeque;

use crate::address::Address;
use crate::effect::Effects;
use crate::fingerprint::Fingerprint;
use crate::member::{Incarnation, Status};
use crate::memberlist::{Slot, State};
use crate::membership::Membership;
use crate::message::{Channel, Kind};
use crate::time::{Instant, Micros};

/// Suspects that wait to be told, at one time; further ones are left to gossip.
const BUDDIES_MAX: usize = 256;
/// How often each is told in the shortest time that a suspicion lasts; first after a fifth of it, since most have refuted by
/// then what gossip told them, and refutations that come faster than they spread overtake one another.
const TIMES: u8 = 4;

#[derive(Clone, Copy, Debug)]
struct Buddy<A> {
    address: A,
    /// At which it is suspected.
    incarnation: Incarnation,
    /// When it is told next.
    due: Instant,
    /// ... and how long after that again.
    pause: Micros,
    left: u8,
}

/// The suspects that are still to be told.
#[derive(Clone)]
pub(crate) struct Buddies<A>(VecDeque<Buddy<A>>);

impl<A: Address> Buddies<A> {
    pub(crate) const fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A suspicion began, or has one more accuser; it runs out at `soonest` at the earliest. One at a newer incarnation is told
    /// as often as the first.
    fn add(&mut self, now: Instant, address: A, incarnation: Incarnation, soonest: Instant) {
        let pause = Micros(soonest.since(now).0 / u64::from(TIMES + 1));
        let buddy = Buddy { address, incarnation, due: now + pause, pause, left: TIMES };
        if let Some(known) = self.0.iter_mut().find(|buddy| buddy.address == address) {
            if known.incarnation != incarnation {
                *known = buddy;
            }
        } else if self.0.len() < BUDDIES_MAX {
            self.0.push_back(buddy);
        }
    }

    /// Takes out the next one that is due, if it is among the first `looks`; counts those down that it passes.
    fn take_due(&mut self, now: Instant, looks: &mut usize) -> Option<Buddy<A>> {
        while *looks > 0 {
            *looks -= 1;
            let buddy = self.0.pop_front()?;
            if buddy.due > now {
                self.0.push_back(buddy);
                continue;
            }
            return Some(buddy);
        }
        None
    }

    /// It has been told once more.
    fn told(&mut self, now: Instant, buddy: Buddy<A>) {
        if buddy.left > 1 {
            self.0.push_back(Buddy { due: now + buddy.pause, left: buddy.left - 1, ..buddy });
        }
    }

    pub(crate) fn check(&self) {
        assert!(self.0.len() <= BUDDIES_MAX, "I7: suspects that are to be told");
    }

    /// Takes in who is to be told, and when; how many there are follows from it.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self(buddies) = self;
        for Buddy { address, incarnation, due, pause, left } in buddies {
            print.address(address);
            print.word(incarnation.get());
            print.until(*due);
            print.word(pause.0);
            print.word((*left).into());
        }
    }
}

impl<A: Address> Membership<A> {
    /// Whether most of the list never answered, so that what is told at random is told to nobody that is known to be there.
    pub(crate) fn is_drowned(&self) -> bool {
        self.config.guard_unproven && 2 * self.members.count_proven() < self.members.len()
    }

    /// A member is suspected on the word of others.
    pub(crate) fn befriend(&mut self, now: Instant, slot: Slot) {
        let speaks = self.config.buddy && self.config.gossip_nodes > 0;
        if !speaks || !self.is_drowned() || !self.members.is_proven(slot) {
            return;
        }
        let Some(ends) = self.suspicions.ends(slot) else { return };
        let State { incarnation, .. } = self.members.state(slot);
        self.buddies.add(now, self.members.address(slot), incarnation, ends.soonest);
        self.want_gossip();
    }

    /// Tells as many suspects as gossip has targets.
    pub(super) fn tell_buddies(&mut self, now: Instant, out: &mut Effects<A>) {
        let mut looks = self.buddies.0.len();
        let mut told = 0;
        while told < self.config.gossip_nodes {
            let Some(buddy) = self.buddies.take_due(now, &mut looks) else { return };
            let suspected = State { incarnation: buddy.incarnation, status: Status::Suspect };
            let suspect = self.members.find(&buddy.address).filter(|&slot| self.members.state(slot) == suspected);
            // One that has refuted is suspected no more.
            let Some(slot) = suspect else { continue };
            let claim = self.first_claim_only(slot, out);
            self.stats.counters.gossips_sent += 1;
            out.send(buddy.address, Channel::Datagram, Kind::Gossip, self.head(), claim);
            self.buddies.told(now, buddy);
            told += 1;
        }
    }
}
