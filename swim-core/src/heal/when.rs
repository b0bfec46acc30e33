//! When to try to heal, and with whom (R11, native): known-faulty members are targets, and the more of the cluster is
//! faulty, the sooner an attempt is made.
//!
//! Each side makes `faulty_rate` attempts a second while half of its list is faulty, fewer (with the square of the
//! share) where less is, and never fewer than `base_probability` in a `period`: a few crashed members are no partition.

use crate::address::Address;
use crate::member::Status;
use crate::membership::Membership;
use crate::random::Random;
use crate::time::Micros;

/// How often a node draws whether to try.
pub(crate) const TICK: Micros = Micros(1_000_000);

/// A span between half and one and a half times as long.
pub(super) fn jittered(span: Micros, random: &mut Random) -> Micros {
    Micros((span.0 / 2).saturating_add(random.below_u64(span.0)))
}

/// Whether there is anyone to try with.
pub(super) fn may_try<A: Address>(membership: &Membership<A>) -> bool {
    membership.config.heal_faulty_rate > 0
        && membership.config.heal_period.is_some()
        && membership.is_active()
        && membership.members.count(Status::Faulty) > 0
}

/// Draws whether the node tries at this tick.
pub(super) fn tries_now<A: Address>(membership: &mut Membership<A>) -> bool {
    if !may_try(membership) {
        return false;
    }
    let faulty = u128::from(membership.members.count(Status::Faulty));
    let side = u64::from(membership.members.pingable()) + 1;
    let all = faulty + u128::from(side);
    // In millionths of an attempt a tick, for the whole side.
    let rate = u64::from(membership.config.heal_faulty_rate) * 1_000_000;
    let share = (4 * faulty * faulty * 1_000_000 / (all * all)).min(1_000_000) as u64;
    let by_share = rate * share / 1_000_000;
    let period = membership.config.heal_period.unwrap_or(TICK).0.max(1);
    let at_least = u64::from(membership.config.heal_base_probability) * 1_000_000 * TICK.0 / period;
    membership.random.chance(by_share.max(at_least), side * 1_000_000)
}

/// A faulty member at random. All are looked through: an attempt is seldom, and costs whole lists.
pub(super) fn faulty_target<A: Address>(membership: &mut Membership<A>) -> Option<A> {
    let Membership { members, random, .. } = membership;
    let nth = random.below(members.count(Status::Faulty)) as usize;
    let mut faulty = members.slots().filter(|&slot| members.state(slot).status == Status::Faulty);
    faulty.nth(nth).map(|slot| members.address(slot))
}
