//! The incremental checksum of a list (I4).
//!
//! Each member that is no tombstone contributes 64 well mixed bits of all that is known of it; the list is their
//! wrapping sum, folded to 32 bits. A change costs two contributions, whatever the size of the list.

use crate::hash::mix64;
use crate::member::{Claim, Status};
use crate::message::Checksum;

/// What a member adds to the sum; `name` is the hash of its address under the key 0.
#[inline]
pub(super) fn contribution(name: u64, claim: Claim) -> u64 {
    if claim.status == Status::Tombstone {
        return 0;
    }
    let labels = u64::from(claim.labels as u32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let said = mix64(claim.incarnation.get() << 3 | claim.status as u64);
    mix64(name.wrapping_add(said).wrapping_add(labels))
}

/// The checksum that belongs to a sum of contributions.
#[inline]
pub(super) const fn fold(sum: u64) -> Checksum {
    Checksum((sum ^ (sum >> 32)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::member::Incarnation;

    fn sum(list: &[(u32, u64, Status)]) -> Checksum {
        fold(list.iter().fold(0u64, |sum, &(address, incarnation, status)| {
            let incarnation = Incarnation::new(incarnation).unwrap();
            sum.wrapping_add(contribution(address.hash(0), Claim { incarnation, status, labels: 0 }))
        }))
    }

    /// A sum or XOR of CRCs, which are linear, would not see it.
    #[test]
    fn two_members_that_swap_statuses_or_incarnations_change_the_checksum() {
        use Status::{Alive, Suspect};
        assert_ne!(sum(&[(1, 5, Alive), (2, 5, Suspect)]), sum(&[(1, 5, Suspect), (2, 5, Alive)]));
        assert_ne!(sum(&[(1, 5, Alive), (2, 6, Alive)]), sum(&[(1, 6, Alive), (2, 5, Alive)]));
        assert_eq!(sum(&[(1, 5, Alive), (2, 6, Alive)]), sum(&[(2, 6, Alive), (1, 5, Alive)]));
    }

    #[test]
    fn tombstones_are_no_part_of_it() {
        assert_eq!(sum(&[(1, 5, Status::Alive), (2, 6, Status::Tombstone)]), sum(&[(1, 5, Status::Alive)]));
    }
}
