//! How ringpop makes numbers of lists and labels: farmhash's platform-independent 32-bit fingerprint of texts.

/// The fingerprint of some bytes.
pub fn fingerprint32(bytes: &[u8]) -> u32 {
    super::farm::fingerprint32(bytes)
}
