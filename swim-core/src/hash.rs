//! Hashing that is the same on every machine: for the index, the membership checksum and the cluster id.
//!
//! It is no defence against forgery. It spreads well, is short to port (docs/WIRE.md repeats it), and costs a
//! few nanoseconds for an address.

/// Mixes 64 bits so that each input bit changes about half of the output bits (the finalizer of splitmix64).
#[inline]
pub(crate) const fn mix64(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Hashes `bytes` under `key`: eight bytes at a time, little-endian, the last ones padded with zeros.
#[inline]
pub(crate) fn hash64(key: u64, bytes: &[u8]) -> u64 {
    let mut hash = key ^ (bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, rest) = bytes.as_chunks_8();
    for word in words {
        hash = mix64(hash ^ u64::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = mix64(hash ^ u64::from_le_bytes(last));
    }
    hash
}

/// `<[u8]>::as_chunks` is newer than this crate's minimum Rust.
trait Chunks {
    fn as_chunks_8(&self) -> (impl Iterator<Item = &[u8; 8]>, &[u8]);
}

impl Chunks for [u8] {
    #[inline]
    fn as_chunks_8(&self) -> (impl Iterator<Item = &[u8; 8]>, &[u8]) {
        let chunks = self.chunks_exact(8);
        let rest = chunks.remainder();
        (chunks.map(|chunk| chunk.try_into().expect("a chunk of eight has eight bytes")), rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_known_bytes_never_changes() {
        assert_eq!(hash64(0, b""), 0);
        assert_eq!(hash64(1, b""), 1);
        assert_eq!(hash64(0, b"ringpop"), 0x7250_5f72_adda_8afd);
        assert_eq!(hash64(7, b"a longer text than eight"), 0x87f7_5947_4ad4_6454);
    }
}
