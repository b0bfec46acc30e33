//! Many changes in one place: [`ChangeList`] owns them and their labels, [`Changes`] is a view.
//!
//! The list is the arena of everything that carries changes: messages, effects and what a codec decodes into.
//! It is cleared and filled again; once warm it allocates nothing.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::{Change, Incarnation, Source, Status};
use crate::labels::Labels;

/// A change as it is stored: the labels are a range of the list's bytes.
#[derive(Clone, Copy, Debug)]
struct Stored<A> {
    incarnation: Incarnation,
    source_incarnation: Incarnation,
    address: A,
    source: A,
    labels_start: u32,
    labels_len: u16,
    status: Status,
    has_source: HasSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HasSource {
    No,
    Yes,
}

/// Owned changes.
#[derive(Clone)]
pub struct ChangeList<A> {
    stored: Vec<Stored<A>>,
    labels: Vec<u8>,
}

impl<A: Copy> ChangeList<A> {
    /// An empty list; allocates nothing.
    pub const fn new() -> Self {
        Self { stored: Vec::new(), labels: Vec::new() }
    }

    /// Adds a change at the end.
    #[inline]
    pub fn push(&mut self, change: Change<'_, A>) {
        let labels_start = self.labels.len() as u32;
        if !change.labels.is_empty() {
            self.labels.extend_from_slice(change.labels.encoded());
        }
        let (source, source_incarnation, has_source) = match change.source {
            Some(source) => (source.address, source.incarnation, HasSource::Yes),
            None => (change.address, Incarnation::default(), HasSource::No),
        };
        self.stored.push(Stored {
            incarnation: change.incarnation,
            source_incarnation,
            address: change.address,
            source,
            labels_start,
            labels_len: change.labels.encoded().len() as u16,
            status: change.status,
            has_source,
        });
    }

    /// Adds what a member without labels says of itself.
    #[inline]
    pub(crate) fn push_own(&mut self, address: A, incarnation: Incarnation, status: Status) {
        self.stored.push(Stored {
            incarnation,
            source_incarnation: incarnation,
            address,
            source: address,
            labels_start: 0,
            labels_len: 0,
            status,
            has_source: HasSource::Yes,
        });
    }

    /// Adds all of `changes` at the end.
    pub fn extend(&mut self, changes: Changes<'_, A>) {
        if changes.stored.iter().all(|stored| stored.labels_len == 0) {
            self.stored.extend_from_slice(changes.stored);
            return;
        }
        for change in changes {
            self.push(change);
        }
    }

    /// Removes everything and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.stored.clear();
        self.labels.clear();
    }

    /// Makes room for `additional` changes without labels, exactly.
    pub fn reserve(&mut self, additional: usize) {
        self.stored.reserve_exact(additional);
    }

    /// How many changes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.stored.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty()
    }

    /// How many changes the list can hold before it allocates.
    pub fn capacity(&self) -> usize {
        self.stored.capacity()
    }

    /// A view of all changes.
    #[inline]
    pub fn as_changes(&self) -> Changes<'_, A> {
        Changes { stored: &self.stored, labels: &self.labels }
    }

    /// A view of the changes at `range`.
    #[inline]
    pub(crate) fn slice(&self, range: Range<u32>) -> Changes<'_, A> {
        Changes { stored: &self.stored[range.start as usize..range.end as usize], labels: &self.labels }
    }
}

impl<A: Copy> Default for ChangeList<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Copy + PartialEq> PartialEq for ChangeList<A> {
    fn eq(&self, other: &Self) -> bool {
        self.as_changes() == other.as_changes()
    }
}

impl<A: Copy + fmt::Debug> fmt::Debug for ChangeList<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_changes().fmt(f)
    }
}

impl<'a, A: Copy> FromIterator<Change<'a, A>> for ChangeList<A> {
    fn from_iter<I: IntoIterator<Item = Change<'a, A>>>(changes: I) -> Self {
        let mut list = Self::new();
        for change in changes {
            list.push(change);
        }
        list
    }
}

/// A view of changes that a [`ChangeList`] holds.
#[derive(Clone, Copy)]
pub struct Changes<'a, A> {
    stored: &'a [Stored<A>],
    labels: &'a [u8],
}

impl<'a, A: Copy> Changes<'a, A> {
    /// No changes.
    pub const NONE: Self = Self { stored: &[], labels: &[] };

    /// How many changes there are.
    #[inline]
    pub const fn len(self) -> usize {
        self.stored.len()
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.stored.is_empty()
    }

    /// The changes in their order.
    #[inline]
    pub fn iter(self) -> Iter<'a, A> {
        Iter { stored: self.stored.iter(), labels: self.labels }
    }
}

impl<'a, A: Copy> IntoIterator for Changes<'a, A> {
    type Item = Change<'a, A>;
    type IntoIter = Iter<'a, A>;

    #[inline]
    fn into_iter(self) -> Iter<'a, A> {
        self.iter()
    }
}

impl<A: Copy + PartialEq> PartialEq for Changes<'_, A> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<A: Copy + fmt::Debug> fmt::Debug for Changes<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(feature = "serde")]
impl<A: Copy + serde::Serialize> serde::Serialize for Changes<'_, A> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Iterates over [`Changes`].
#[derive(Clone, Debug)]
pub struct Iter<'a, A> {
    stored: core::slice::Iter<'a, Stored<A>>,
    labels: &'a [u8],
}

impl<'a, A: Copy> Iterator for Iter<'a, A> {
    type Item = Change<'a, A>;

    #[inline]
    fn next(&mut self) -> Option<Change<'a, A>> {
        let stored = self.stored.next()?;
        let labels = if stored.labels_len == 0 {
            Labels::NONE
        } else {
            let start = stored.labels_start as usize;
            Labels::trusted(&self.labels[start..start + usize::from(stored.labels_len)])
        };
        Some(Change {
            address: stored.address,
            incarnation: stored.incarnation,
            status: stored.status,
            source: (stored.has_source == HasSource::Yes)
                .then_some(Source { address: stored.source, incarnation: stored.source_incarnation }),
            labels,
        })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stored.size_hint()
    }
}

impl<A: Copy> ExactSizeIterator for Iter<'_, A> {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn list(addresses: &[u32]) -> ChangeList<u32> {
        let change = |&address| Change {
            address,
            incarnation: Incarnation::default(),
            status: Status::Alive,
            source: None,
            labels: Labels::NONE,
        };
        addresses.iter().map(change).collect()
    }

    #[test]
    fn lists_are_equal_where_their_changes_are_and_are_shown_by_them() {
        assert_eq!(list(&[1, 2]), list(&[1, 2]));
        assert_ne!(list(&[1, 2]), list(&[1, 3]));
        assert_ne!(list(&[1, 2]), list(&[1]));
        assert_eq!(format!("{:?}", list(&[7])), format!("[{:?}]", list(&[7]).as_changes().iter().next().unwrap()));
    }

    #[test]
    fn going_through_a_list_tells_how_many_are_left() {
        let list = list(&[1, 2, 3]);
        let mut changes = list.as_changes().iter();
        assert_eq!(changes.len(), 3);
        changes.next();
        assert_eq!(changes.len(), 2);
    }

    #[test]
    fn room_that_was_made_is_there_and_stays() {
        let mut list = ChangeList::<u32>::new();
        assert_eq!(list.capacity(), 0);
        list.reserve(100);
        assert!(list.capacity() >= 100);
        list.clear();
        assert!(list.capacity() >= 100);
    }
}
