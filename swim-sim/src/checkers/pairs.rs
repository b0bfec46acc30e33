//! One value for each pair of (observer, subject), as several checkers keep.

/// A table of all pairs of nodes.
#[derive(Clone)]
pub(super) struct Pairs<T> {
    nodes: u32,
    values: Vec<T>,
}

impl<T: Clone + Default> Pairs<T> {
    pub(super) fn new(nodes: u32) -> Self {
        Self { nodes, values: vec![T::default(); nodes as usize * nodes as usize] }
    }

    pub(super) fn of(&mut self, observer: u32, subject: u32) -> &mut T {
        &mut self.values[observer as usize * self.nodes as usize + subject as usize]
    }

    pub(super) fn all_mut(&mut self, observer: u32) -> &mut [T] {
        let start = observer as usize * self.nodes as usize;
        &mut self.values[start..start + self.nodes as usize]
    }

    pub(super) fn forget(&mut self, observer: u32) {
        self.all_mut(observer).fill(T::default());
    }
}

impl<T> Pairs<T> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }
}
