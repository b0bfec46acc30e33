//! Farmhash's platform-independent 32-bit fingerprint, for bytes that anyone may have chosen.
//!
//! Ringpop makes its checksums and its ring with it, and TChannel one kind of checksum. It is written out here because
//! the crate of that name adds without wrapping in some places, so that whoever chooses the bytes could end a process
//! that was built with overflow checks, and takes the bytes of very short texts without their sign. The tests hold both
//! against each other.

/// The fingerprint of some bytes.
pub(crate) fn fingerprint32(bytes: &[u8]) -> u32 {
    match bytes.len() {
        0..=4 => tiny(bytes),
        5..=12 => short(bytes),
        13..=24 => middling(bytes),
        _ => long(bytes),
    }
}

/// Up to 4 bytes.
fn tiny(bytes: &[u8]) -> u32 {
    let (mut sum, mut spread) = (0_u32, 9_u32);
    for byte in bytes {
        // Bytes are signed here.
        sum = sum.wrapping_mul(FIRST).wrapping_add_signed(i32::from(*byte as i8));
        spread ^= sum;
    }
    finish(stir(sum, stir(length(bytes), spread)))
}

/// 5 to 12 bytes: the first, the last and the middle four of them, which overlap.
fn short(bytes: &[u8]) -> u32 {
    let size = length(bytes);
    let first = size.wrapping_add(word(bytes, 0));
    let last = (size * 5).wrapping_add(word(bytes, bytes.len() - 4));
    let middle = word(bytes, (bytes.len() >> 1) & 4).wrapping_add(9);
    finish(stir(middle, stir(last, stir(first, size * 5))))
}

/// 13 to 24 bytes: six words, which overlap.
fn middling(bytes: &[u8]) -> u32 {
    let (size, half) = (bytes.len(), bytes.len() >> 1);
    let (at_half, before_end, end) = (word(bytes, half), word(bytes, size - 8), word(bytes, size - 4));
    let mut turning = word(bytes, half - 4).rotate_right(12).wrapping_add(end);
    let mut hash = at_half.wrapping_mul(FIRST).wrapping_add(length(bytes));
    hash = stir(before_end, hash).wrapping_add(turning);
    turning = turning.rotate_right(3).wrapping_add(before_end);
    hash = stir(word(bytes, 0), hash).wrapping_add(turning);
    turning = turning.wrapping_add(end).rotate_right(12).wrapping_add(at_half);
    hash = stir(word(bytes, 4), hash).wrapping_add(turning);
    finish(hash)
}

/// 25 bytes and more: the last twenty start three sums, and all but the rest that this leaves runs through them by
/// twenties.
fn long(bytes: &[u8]) -> u32 {
    let size = bytes.len();
    let tail = |back: usize| word(bytes, size - back).wrapping_mul(FIRST).rotate_right(17).wrapping_mul(SECOND);
    let mut h = step(step(length(bytes) ^ tail(4)) ^ tail(16));
    let start = length(bytes).wrapping_mul(FIRST);
    let mut g = step(step(start ^ tail(8)) ^ tail(12));
    let mut f = start.wrapping_add(tail(20)).rotate_right(19).wrapping_add(113);
    for block in bytes.chunks(20).take((size - 1) / 20) {
        let [a, b, c, d, e] = [0, 4, 8, 12, 16].map(|at| word(block, at));
        (h, g, f) = (h.wrapping_add(a), g.wrapping_add(b), f.wrapping_add(c));
        h = stir(d, h).wrapping_add(e);
        g = stir(c, g).wrapping_add(a);
        f = stir(b.wrapping_add(e.wrapping_mul(FIRST)), f).wrapping_add(d);
        f = f.wrapping_add(g);
        g = g.wrapping_add(f);
    }
    for sum in [&mut g, &mut f] {
        *sum = sum.rotate_right(11).wrapping_mul(FIRST).rotate_right(17).wrapping_mul(FIRST);
    }
    for sum in [g, f] {
        h = step(h.wrapping_add(sum)).rotate_right(17).wrapping_mul(FIRST);
    }
    h
}

/// Takes one word into a hash.
fn stir(word: u32, hash: u32) -> u32 {
    step(hash ^ word.wrapping_mul(FIRST).rotate_right(17).wrapping_mul(SECOND))
}

fn step(hash: u32) -> u32 {
    hash.rotate_right(19).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

/// Lets every bit reach every other.
fn finish(mut hash: u32) -> u32 {
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// Four bytes, the least first.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("these are four bytes"))
}

/// The length as the function counts it, modulo 2^32.
fn length(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}

/// The multipliers of the 32-bit Murmur3, whose steps these are.
const FIRST: u32 = 0xcc9e_2d51;
const SECOND: u32 = 0x1b87_3593;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_that_others_compute() {
        for (text, expected) in
            [("", 3_696_677_242), ("a", 1_016_544_589), ("hello", 2_039_911_270), ("127.0.0.1:3000", 955_462_725)]
        {
            assert_eq!(fingerprint32(text.as_bytes()), expected, "{text}");
        }
        // Bytes are signed, which the crate leaves out; computed apart.
        assert_eq!([fingerprint32("é".as_bytes()), fingerprint32(b"\xff")], [1_973_972_843, 495_582_926]);
        let list = b"127.0.0.1:15753alive1795337355717;127.0.0.1:40543alive1337;";
        assert_eq!(fingerprint32(list), 1_166_566_399);
    }

    #[test]
    fn texts_of_every_length_have_the_fingerprint_that_the_crate_of_that_name_computes() {
        // Letters, with which the crate does not overflow.
        let text: Vec<u8> = (0..3_000_u32).map(|i| b'a' + (i * i % 23) as u8).collect();
        for size in 0..text.len() {
            assert_eq!(fingerprint32(&text[..size]), farmhash::fingerprint32(&text[..size]), "{size} bytes");
        }
    }

    #[test]
    fn no_bytes_overflow() {
        for size in 0..100 {
            fingerprint32(&vec![0xff; size]);
        }
        // The four bytes in the middle times the multiplier are 2^32 - 1.
        let mut inverse = 1_u32;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u32.wrapping_sub(FIRST.wrapping_mul(inverse)));
        }
        let four = inverse.wrapping_mul(u32::MAX).to_le_bytes();
        fingerprint32(&[[0; 4], [0; 4], four, [0; 4]].concat());
    }
}
