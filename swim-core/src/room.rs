//! Room in long vectors: the standard library doubles it, and most of a large node's memory would never be used.

use alloc::vec::Vec;

/// Makes room for so many `more` elements where there is none; with one more for each `share` of all, so that it is not made
/// for each.
#[inline]
pub(crate) fn make<T>(vec: &mut Vec<T>, more: usize, share: usize) {
    if vec.len() + more > vec.capacity() {
        make_ahead(vec, more, share);
    }
}

/// Sees to it that there is room for so many `more` elements, and one for each `share` of all.
pub(crate) fn make_ahead<T>(vec: &mut Vec<T>, more: usize, share: usize) {
    vec.reserve_exact(more + (vec.len() + more) / share + 4);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector that grows to this length by so many at a time, and how often it was given other room.
    fn grown(len: usize, step: usize, share: usize) -> (Vec<u8>, u32) {
        let mut vec = Vec::new();
        let mut moves = 0;
        for len in (0..=len).step_by(step).skip(1) {
            let before = vec.capacity();
            make(&mut vec, step, share);
            moves += u32::from(vec.capacity() != before);
            assert!((len..=len + len / share + 4).contains(&vec.capacity()), "{} for {len}", vec.capacity());
            vec.resize(len, 0);
        }
        (vec, moves)
    }

    #[test]
    fn a_part_more_than_is_needed_is_taken_and_seldom() {
        // Each time as much again and an eighth: eighty such steps make ten thousand.
        let (vec, moves) = grown(10_000, 1, 8);
        assert!(vec.capacity() <= 10_000 + 1_250 + 4);
        assert!((40..=80).contains(&moves), "{moves}");
        let (_, moves) = grown(10_000, 1, 4);
        assert!((20..=40).contains(&moves), "{moves}");
        let (_, moves) = grown(10_000, 1_000, 8);
        assert!((5..=10).contains(&moves), "{moves}");
    }

    #[test]
    fn there_is_some_at_the_beginning() {
        let mut vec = Vec::<u8>::new();
        make(&mut vec, 1, 8);
        assert_eq!(vec.capacity(), 5);
        make(&mut vec, 5, 8);
        assert_eq!(vec.capacity(), 5, "there is room");
        vec.resize(5, 0);
        make(&mut vec, 11, 8);
        assert_eq!(vec.capacity(), 22);
    }
}
