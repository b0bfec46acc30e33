//! Choices from bytes.
//!
//! Nearly every choice takes one byte, and what one choice takes does not depend on those before it more than it must. So
//! a byte that is changed, put in or taken out changes one step of a run, and the others stay what they were.

/// Choices, until the bytes are over; then every choice is the first.
pub(super) struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether the bytes are over.
    pub(super) const fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// As many bytes as there are, `len` at most.
    pub(super) fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// A number of eight bytes.
    pub(super) fn number(&mut self) -> u64 {
        self.bytes(8).iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A number below `bound`, which is not above 256.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    /// One of `all`, at most 256.
    pub(super) fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_a_choice_and_what_is_missing_is_the_first() {
        let mut choices = Choices::new(&[7, 1, 0, 0, 0, 0, 0, 0, 2, 9]);
        assert_eq!((choices.of(&['a', 'b', 'c']), choices.number()), ('b', 0x0200_0000_0000_0001));
        assert_eq!((choices.below(5), choices.is_over()), (4, true));
        assert_eq!((choices.byte(), choices.number(), choices.bytes(3)), (0, 0, [].as_slice()));
    }
}
