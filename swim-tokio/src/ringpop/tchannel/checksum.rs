//! The checksums of a call's arguments: each kind runs over all three of them in turn, and over the fragments that they
//! come in.

use crate::ringpop::farm;

/// How a checksum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not at all.
    None,
    /// The CRC of zlib.
    Crc32,
    /// Farmhash's 32-bit fingerprint. It has no seed, and so that of the last piece is all that is left, whatever came
    /// before: this is what the one implementation does that computes it at all.
    Farm32,
    /// Castagnoli's CRC.
    Crc32c,
}

impl Kind {
    /// The kind with this number.
    pub(super) fn of(code: u8) -> Option<Self> {
        [Self::None, Self::Crc32, Self::Farm32, Self::Crc32c].into_iter().find(|kind| kind.code() == code)
    }

    pub(super) fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Crc32 => 1,
            Self::Farm32 => 2,
            Self::Crc32c => 3,
        }
    }

    /// How many bytes its value takes in a frame.
    pub(super) fn size(self) -> usize {
        if self == Self::None { 0 } else { 4 }
    }
}

/// A checksum that is being computed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checksum {
    kind: Kind,
    value: u32,
}

impl Checksum {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, value: 0 }
    }

    /// Takes in an argument, or what a fragment has of it.
    pub(super) fn update(&mut self, piece: &[u8]) {
        self.value = match self.kind {
            Kind::None => 0,
            Kind::Crc32 => {
                let mut hasher = crc32fast::Hasher::new_with_initial(self.value);
                hasher.update(piece);
                hasher.finalize()
            }
            Kind::Farm32 => farm::fingerprint32(piece),
            Kind::Crc32c => crc32c::crc32c_append(self.value, piece),
        };
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The value so far; 0 where there is none to compute.
    pub(super) fn value(&self) -> u32 {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_that_others_compute() {
        assert_eq!(of(Kind::None, &["123456789"]), 0);
        assert_eq!(of(Kind::Crc32, &["123456789"]), 0xcbf4_3926);
        assert_eq!(of(Kind::Farm32, &["hello"]), 2_039_911_270);
        assert_eq!(of(Kind::Crc32c, &["123456789"]), 0xe306_9283);
    }

    #[test]
    fn the_crcs_run_on_however_the_bytes_are_cut() {
        for pieces in [&["1234", "", "56789"][..], &["", "123456789", ""], &["12345678", "9"]] {
            assert_eq!(of(Kind::Crc32, pieces), 0xcbf4_3926);
            assert_eq!(of(Kind::Crc32c, pieces), 0xe306_9283);
        }
    }

    #[test]
    fn a_fingerprint_forgets_what_came_before() {
        assert_eq!(of(Kind::Farm32, &["/protocol/ping", "{}", "hello"]), 2_039_911_270);
        assert_eq!(of(Kind::Farm32, &["hello", ""]), 3_696_677_242);
    }

    #[test]
    fn a_kind_is_its_number() {
        for code in 0..=3 {
            assert_eq!(Kind::of(code).map(Kind::code), Some(code));
        }
        assert_eq!(Kind::of(4), None);
    }

    fn of(kind: Kind, pieces: &[&str]) -> u32 {
        let mut checksum = Checksum::new(kind);
        pieces.iter().for_each(|piece| checksum.update(piece.as_bytes()));
        checksum.value()
    }
}
