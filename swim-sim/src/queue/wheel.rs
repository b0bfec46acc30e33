//! The near future: a ring of slots, each with a chain of links, and the arena in which all links live.

/// Where an entry is, until it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkId(u32);

/// What is planned for the current slot: the key that orders the entries of one slot, and the entry's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) key: u64,
    pub(super) link: LinkId,
}

#[derive(Clone, Copy, Debug)]
struct Link<T> {
    key: u64,
    next: LinkId,
    what: T,
}

/// The slots that follow the current one.
#[derive(Debug)]
pub(super) struct Wheel<T> {
    /// Per slot the first link of its chain.
    heads: Box<[LinkId]>,
    links: Vec<Link<T>>,
    free: LinkId,
    /// How many entries are in chains.
    chained: usize,
}

impl<T: Copy> Wheel<T> {
    /// How many slots there are, a power of two: a little more than eight seconds of a millisecond each, so that
    /// the periods and timeouts of every preset stay out of the heap.
    pub(super) const SLOTS: u64 = 8192;

    pub(super) fn new() -> Self {
        let heads = vec![NONE; Self::SLOTS as usize].into();
        Self { heads, links: Vec::new(), free: NONE, chained: 0 }
    }

    /// Adds an entry to the chain of `slot`.
    #[inline(always)]
    pub(super) fn put(&mut self, slot: u64, key: u64, what: T) {
        let slot = (slot % Self::SLOTS) as usize;
        self.heads[slot] = self.keep(key, self.heads[slot], what);
        self.chained += 1;
    }

    /// Keeps an entry that is in no chain.
    #[inline(always)]
    pub(super) fn keep_due(&mut self, key: u64, what: T) -> Due {
        Due { key, link: self.keep(key, NONE, what) }
    }

    /// Takes the chain of `slot` apart; the entries stay, and their keys and places go to the end of `out`.
    #[inline]
    pub(super) fn unchain(&mut self, slot: u64, out: &mut Vec<Due>) {
        let head = &mut self.heads[(slot % Self::SLOTS) as usize];
        let mut at = std::mem::replace(head, NONE);
        while at != NONE {
            let Link { key, next, .. } = self.links[at.0 as usize];
            out.push(Due { key, link: at });
            self.chained -= 1;
            at = next;
        }
    }

    /// Takes an entry that is in no chain any more.
    #[inline(always)]
    pub(super) fn take(&mut self, due: Due) -> T {
        let link = &mut self.links[due.link.0 as usize];
        link.next = std::mem::replace(&mut self.free, due.link);
        link.what
    }

    /// How many entries are in chains.
    #[inline]
    pub(super) fn chained(&self) -> usize {
        self.chained
    }

    #[inline(always)]
    fn keep(&mut self, key: u64, next: LinkId, what: T) -> LinkId {
        let link = Link { key, next, what };
        let id = self.free;
        match self.links.get_mut(id.0 as usize) {
            Some(place) => {
                self.free = place.next;
                *place = link;
                id
            }
            None => self.grow(link),
        }
    }

    #[cold]
    fn grow(&mut self, link: Link<T>) -> LinkId {
        let id = u32::try_from(self.links.len()).ok().filter(|id| *id != NONE.0);
        self.links.push(link);
        LinkId(id.expect("fewer than 2^32 entries fit in memory"))
    }
}

/// No link; beyond the arena.
const NONE: LinkId = LinkId(u32::MAX);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_gives_back_what_was_put_there_and_nothing_else() {
        let mut wheel = Wheel::new();
        for key in 0..10 {
            wheel.put(key % 3, key, key * 7);
        }
        let mut due = Vec::new();
        wheel.unchain(1, &mut due);
        let mut taken: Vec<_> = due.into_iter().map(|due| (due.key, wheel.take(due))).collect();
        taken.sort_unstable();
        assert_eq!(taken, [(1, 7), (4, 28), (7, 49)]);
        assert_eq!(wheel.chained(), 7);
    }

    #[test]
    fn memory_is_used_again() {
        let mut wheel = Wheel::new();
        let mut due = Vec::new();
        for slot in 0..50_000 {
            wheel.put(slot, slot, ());
            wheel.put(slot, slot, ());
            wheel.unchain(slot, &mut due);
            due.push(wheel.keep_due(slot, ()));
            assert_eq!(due.len(), 3);
            due.drain(..).for_each(|due| wheel.take(due));
        }
        assert_eq!(wheel.links.len(), 3);
    }
}
