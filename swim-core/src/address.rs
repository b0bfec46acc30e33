//! What names a member: an address that the host chooses.
//!
//! The core never connects to an address. It compares addresses, hashes their canonical bytes, and
//! writes those bytes to the wire, so they must be the same on every machine.

use core::fmt::Debug;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::hash::hash64;

/// The name of a member, unique in its cluster.
///
/// `Ord` is the order of [`Node::members`](crate::Node::members); it never decides what the protocol does.
pub trait Address: Copy + Ord + Debug + 'static {
    /// Whether both run on one machine. Joins prefer other machines (R10).
    fn same_host(&self, other: &Self) -> bool;

    /// The bytes that stand for this address on the wire and in checksums, the same on every machine.
    fn canonical(&self) -> Canonical;

    /// Reads an address from the start of `bytes`; returns it with the number of bytes it took.
    ///
    /// `None` where the bytes are not what [`canonical`](Address::canonical) writes for any address.
    fn from_canonical(bytes: &[u8]) -> Option<(Self, usize)>;

    /// A 64-bit hash of the canonical bytes under `key`.
    #[inline]
    fn hash(&self, key: u64) -> u64 {
        hash64(key, self.canonical().as_bytes())
    }
}

/// The canonical bytes of an address: 1 to [`Canonical::MAX`] of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canonical {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Canonical {
    /// The longest canonical form, in bytes.
    pub const MAX: usize = 31;

    /// Copies `bytes`.
    ///
    /// # Panics
    /// When there are more than [`Canonical::MAX`] bytes: an address type that does so is wrong by construction.
    #[inline]
    pub fn new(bytes: &[u8]) -> Self {
        let mut all = [0; Self::MAX];
        all[..bytes.len()].copy_from_slice(bytes);
        Self { bytes: all, len: bytes.len() as u8 }
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// How many bytes there are.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a canonical form is never empty")]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }
}

/// A simulated node: four bytes, big-endian. Every address is a machine of its own.
impl Address for u32 {
    #[inline]
    fn same_host(&self, other: &Self) -> bool {
        self == other
    }

    #[inline]
    fn canonical(&self) -> Canonical {
        Canonical::new(&self.to_be_bytes())
    }

    #[inline]
    fn from_canonical(bytes: &[u8]) -> Option<(Self, usize)> {
        Some((u32::from_be_bytes(*bytes.first_chunk()?), 4))
    }
}

const V4: u8 = 4;
const V6: u8 = 6;

/// IPv4: `4`, four octets, port. IPv6: `6`, sixteen octets, scope (4 bytes), port. Numbers are big-endian.
/// The flow label of an IPv6 address is no part of its name and is not carried.
impl Address for SocketAddr {
    #[inline]
    fn same_host(&self, other: &Self) -> bool {
        self.ip() == other.ip()
    }

    #[inline]
    fn canonical(&self) -> Canonical {
        match self {
            SocketAddr::V4(address) => {
                let mut bytes = [V4; 7];
                bytes[1..5].copy_from_slice(&address.ip().octets());
                bytes[5..].copy_from_slice(&address.port().to_be_bytes());
                Canonical::new(&bytes)
            }
            SocketAddr::V6(address) => {
                let mut bytes = [V6; 23];
                bytes[1..17].copy_from_slice(&address.ip().octets());
                bytes[17..21].copy_from_slice(&address.scope_id().to_be_bytes());
                bytes[21..].copy_from_slice(&address.port().to_be_bytes());
                Canonical::new(&bytes)
            }
        }
    }

    #[inline]
    fn from_canonical(bytes: &[u8]) -> Option<(Self, usize)> {
        let (kind, rest) = bytes.split_first()?;
        match *kind {
            V4 => {
                let [a, b, c, d, high, low] = *rest.first_chunk()?;
                let address = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]));
                Some((SocketAddr::V4(address), 7))
            }
            V6 => {
                let octets: [u8; 16] = *rest.first_chunk()?;
                let [s0, s1, s2, s3, high, low] = *rest[16..].first_chunk()?;
                let scope = u32::from_be_bytes([s0, s1, s2, s3]);
                let address = SocketAddrV6::new(Ipv6Addr::from(octets), u16::from_be_bytes([high, low]), 0, scope);
                Some((SocketAddr::V6(address), 23))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<A: Address>(address: A) {
        let canonical = address.canonical();
        assert_eq!(A::from_canonical(canonical.as_bytes()), Some((address, canonical.len())));
        for short in 0..canonical.len() {
            assert_eq!(A::from_canonical(&canonical.as_bytes()[..short]), None);
        }
    }

    #[test]
    fn an_address_is_read_back_from_its_canonical_bytes_and_from_nothing_shorter() {
        round_trip(7u32);
        round_trip::<SocketAddr>("10.0.0.1:3000".parse().unwrap());
        round_trip::<SocketAddr>("[fe80::1%3]:3000".parse().unwrap());
    }

    #[test]
    fn an_unknown_address_family_is_no_address() {
        assert_eq!(SocketAddr::from_canonical(&[5; 32]), None);
    }

    #[test]
    fn each_number_is_a_machine_of_its_own() {
        assert!(7u32.same_host(&7));
        assert!(!7u32.same_host(&8));
    }
}
