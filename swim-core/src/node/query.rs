//! What a node can be asked.

use alloc::vec::Vec;

use super::Node;
use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::member::{Incarnation, Member, Status};
use crate::membership::{Numbers, Standing};
use crate::message::Checksum;
use crate::observe::{Counters, ProtocolStats};
use crate::random::Random;
use crate::time::{Instant, Micros};

/// Questions; none of them changes anything.
impl<A: Address> Node<A> {
    /// The node's own address.
    pub fn local(&self) -> A {
        self.membership.local
    }

    /// The node's own incarnation.
    pub fn incarnation(&self) -> Incarnation {
        self.membership.incarnation()
    }

    /// The name of the application, [`Options::app`](crate::Options::app).
    pub fn app(&self) -> &str {
        &self.membership.config.options().app
    }

    /// One member, the node itself included; `None` where it is not listed.
    pub fn member(&self, address: A) -> Option<Member<'_, A>> {
        self.membership.members.find(&address).map(|slot| self.membership.members.member(slot))
    }

    /// All listed members in the order of their addresses, the node itself included. Sorts.
    pub fn members(&self) -> Vec<Member<'_, A>> {
        let mut members: Vec<_> = self.listed().collect();
        members.sort_unstable_by_key(|member| member.address);
        members
    }

    /// All listed members in an order that means nothing, the node itself first.
    pub fn listed(&self) -> impl Iterator<Item = Member<'_, A>> {
        self.membership.members.slots().map(|slot| self.membership.members.member(slot))
    }

    /// How many members are listed with this status, the node itself included.
    pub fn count(&self, status: Status) -> u32 {
        self.membership.members.count(status)
    }

    /// Whether a member has ever answered this node, so that it is not pushed out of a full list (R16). The node itself
    /// counts as such; who is not listed does not.
    pub fn is_proven(&self, address: A) -> bool {
        let members = &self.membership.members;
        members.find(&address).is_some_and(|slot| members.is_proven(slot))
    }

    /// How many members have ever answered this node, the node itself included.
    pub fn count_proven(&self) -> usize {
        self.membership.members.count_proven()
    }

    /// How many members are alive or suspect, the node itself included. Ringpop's `CountReachableMembers`.
    pub fn count_reachable(&self) -> u32 {
        self.count(Status::Alive) + self.count(Status::Suspect)
    }

    /// The addresses of the members that are alive or suspect, in order. Ringpop's `GetReachableMembers`.
    pub fn reachable(&self) -> Vec<A> {
        let mut reachable: Vec<A> =
            self.listed().filter(|member| member.status.is_pingable()).map(|member| member.address).collect();
        reachable.sort_unstable();
        reachable
    }

    /// The checksum of the list.
    #[inline]
    pub fn checksum(&self) -> Checksum {
        self.membership.members.checksum()
    }

    /// Whether the node has joined (R10).
    pub fn is_ready(&self) -> bool {
        !matches!(self.membership.standing, Standing::Joining | Standing::Destroyed)
    }

    /// Whether the node was destroyed.
    pub fn is_destroyed(&self) -> bool {
        self.membership.standing == Standing::Destroyed
    }

    /// Whether rounds do not follow one another by themselves. Ringpop's `Stopped`.
    pub fn is_stopped(&self) -> bool {
        !self.probe.is_running()
    }

    /// Whether there are changes to tell (R5); what a later claim has superseded is not among them.
    pub fn has_changes(&self) -> bool {
        self.pending_changes() > 0
    }

    /// How many changes are to be told, about.
    pub fn pending_changes(&self) -> usize {
        self.membership.queue.len()
    }

    /// How often a change is sent at the present size of the cluster (R5).
    pub fn send_limit(&self) -> u32 {
        self.membership.send_limit()
    }

    /// The local health score; 0 is healthy (R8).
    pub fn local_health(&self) -> u32 {
        self.membership.health.score()
    }

    /// What happened so far.
    pub fn counters(&self) -> &Counters {
        &self.membership.stats.counters
    }

    /// Timing and rates of the protocol at `now` (R15).
    pub fn protocol_stats(&self, now: Instant) -> ProtocolStats {
        self.membership.stats.protocol(now.max(self.now), self.membership.period())
    }

    /// How long ago the node was made.
    pub fn uptime(&self, now: Instant) -> Micros {
        now.since(self.started)
    }
}

/// For hosts that search the states of small worlds; see [`Fingerprint`].
impl<A: Address> Node<A> {
    /// The random stream starts again, as that of `seed`.
    #[doc(hidden)]
    pub fn restart_random(&mut self, seed: u64) {
        self.membership.random = Random::new(seed);
    }

    /// The numbers of the node's pings and requests.
    #[doc(hidden)]
    pub fn numbers(&self) -> Numbers {
        self.membership.numbers()
    }

    /// Takes in all that the node's future depends on.
    ///
    /// # Panics
    /// Where the protocol period is adaptive.
    #[doc(hidden)]
    pub fn trace(&self, print: &mut Fingerprint) {
        // `now` is never later than the moment of the next input; `started` only tells the uptime.
        let Self {
            now: _,
            armed,
            diverged,
            differing,
            probe,
            membership,
            helping,
            full_sync,
            joiner,
            healer,
            departure,
            started: _,
            next_discovery,
        } = self;
        print.of_node(membership.numbers());
        print.moment(*armed);
        print.word(u64::from(*diverged) << 32 | u64::from(*differing));
        membership.trace(print);
        probe.trace(membership.wraps, print);
        helping.trace(membership.wraps, print);
        full_sync.trace(membership.config.period, print);
        joiner.trace(*next_discovery, print);
        healer.trace(*next_discovery, print);
        departure.trace(print);
    }
}
