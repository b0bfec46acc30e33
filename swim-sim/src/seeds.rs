//! The seeds within a run: everything that is random derives from the one seed of the run.

use swim_core::Random;

/// Mixes 64 bits (the finalizer of splitmix64), so that seeds that are near give streams that are not.
#[inline]
pub(crate) const fn mix64(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// What the run's seed is split into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Latencies and losses.
    Network,
    /// When each node boots.
    Boot,
    /// The random numbers of one node.
    Node(u32),
    /// Those of a further life of a node.
    Life(u32, u32),
    /// Who belongs to the named groups of a scenario.
    Groups,
    /// Which nodes faults strike, and when.
    Faults,
    /// The scenario of a hunt.
    Hunt,
}

impl Stream {
    /// The seed of this stream in the run of `seed`.
    pub const fn seed(self, seed: u64) -> u64 {
        let number = match self {
            Self::Network => 1 << 32,
            Self::Boot => 2 << 32,
            Self::Faults => 3 << 32,
            Self::Groups => 4 << 32,
            Self::Hunt => 5 << 32,
            Self::Node(node) => node as u64,
            Self::Life(node, life) => (life as u64 + 16) << 32 | node as u64,
        };
        mix64(mix64(seed.wrapping_add(GOLDEN)).wrapping_add(GOLDEN.wrapping_mul(number + 1)))
    }

    /// The random numbers of this stream in the run of `seed`.
    pub fn random(self, seed: u64) -> Random {
        Random::new(self.seed(seed))
    }
}

/// 2^64 divided by the golden ratio: odd, and its multiples are far apart.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_streams_of_near_runs_share_a_seed() {
        let mut seeds = BTreeSet::new();
        for seed in 0..100 {
            seeds.extend((0..100).map(|node| Stream::Node(node).seed(seed)));
            seeds.extend((2..12).map(|life| Stream::Life(7, life).seed(seed)));
            seeds.extend(
                [Stream::Network, Stream::Boot, Stream::Faults, Stream::Groups, Stream::Hunt]
                    .map(|stream| stream.seed(seed)),
            );
        }
        assert_eq!(seeds.len(), 100 * 115);
    }
}
