//! Which hosts are asked to join (R10): those that have not answered, those first that were not asked yet, then those on
//! other machines, at random.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::address::Address;
use crate::random::Random;

/// The hosts of a list that are not the node itself, each once, at most `max`.
pub(super) fn others<A: Address>(hosts: &[A], local: A, max: usize) -> Vec<A> {
    let mut seen = BTreeSet::new();
    hosts.iter().copied().take(max).filter(|&host| host != local && seen.insert(host)).collect()
}

/// Up to `count` hosts that have not answered yet. Of many most may be gone for good: those that were `asked` have their turn
/// again after all others.
pub(super) fn choose<A: Address>(
    hosts: &[A],
    (joined, asked): (&[A], &BTreeSet<A>),
    count: usize,
    local: A,
    random: &mut Random,
) -> Vec<A> {
    let mut left: Vec<A> = hosts.iter().copied().filter(|host| !joined.contains(host)).collect();
    random.shuffle(&mut left);
    // Stable, so that what is on one side stays shuffled.
    left.sort_by_cached_key(|host| (asked.contains(host), host.same_host(&local)));
    left.truncate(count);
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::SocketAddr;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn oneself_and_repetitions_are_no_targets() {
        assert_eq!(others(&[1u32, 2, 1, 3, 2], 1, 10), [2, 3]);
        assert_eq!(others(&[1u32, 2, 3], 9, 2), [1, 2]);
    }

    #[test]
    fn other_machines_come_first_and_those_that_answered_not_at_all() {
        let local = address("10.0.0.1:1");
        let hosts = [address("10.0.0.1:2"), address("10.0.0.2:1"), address("10.0.0.3:1")];
        for seed in 0..20 {
            let chosen = choose(&hosts, (&hosts[1..2], &BTreeSet::new()), 2, local, &mut Random::new(seed));
            assert_eq!(chosen, [hosts[2], hosts[0]]);
            let asked = BTreeSet::from([hosts[1], hosts[2]]);
            let chosen = choose(&hosts, (&[], &asked), 1, local, &mut Random::new(seed));
            assert_eq!(chosen, hosts[..1], "it was not asked yet, although it is on this machine");
        }
    }
}
