//! Groups: which nodes are looked at together, as observers and as subjects.

use serde::Serialize;

use crate::network::Sides;

/// Every node of a cluster in one of a few groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    list: Vec<Group>,
    group_of: Vec<u8>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How many nodes it has.
    pub nodes: u32,
}

impl Groups {
    /// More groups than this are no longer legible side by side; the last one takes the rest.
    pub const MAX: usize = 8;

    /// All nodes in one group.
    pub fn whole(nodes: u32) -> Self {
        Self { list: vec![Group { name: "all nodes".into(), nodes }], group_of: vec![0; nodes as usize] }
    }

    /// The sides of a cut as groups.
    pub fn of_sides(sides: &Sides) -> Self {
        let name = |side| format!("side {}", side + 1);
        let names = (0..sides.sizes().len()).map(name).collect();
        let nodes = sides.sizes().iter().sum();
        Self::new(names, (0..nodes).map(|node| sides.side_of(node)))
    }

    /// Groups of these names; `group_of` says for each node which one it is in, the first is 0. Nodes in groups beyond
    /// the last name are in the last group.
    ///
    /// # Panics
    /// When there is no name.
    pub fn new(mut names: Vec<String>, group_of: impl Iterator<Item = usize>) -> Self {
        assert!(!names.is_empty(), "every node is in a group, so there is one");
        if names.len() > Self::MAX {
            names.truncate(Self::MAX - 1);
            names.push("the rest".into());
        }
        let last = names.len() - 1;
        let mut list: Vec<_> = names.into_iter().map(|name| Group { name, nodes: 0 }).collect();
        let group_of: Vec<u8> = group_of.map(|group| group.min(last) as u8).collect();
        for group in &group_of {
            list[usize::from(*group)].nodes += 1;
        }
        Self { list, group_of }
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> u32 {
        self.group_of.len() as u32
    }

    /// The groups in the order of their numbers.
    pub fn list(&self) -> &[Group] {
        &self.list
    }

    /// How many groups there are.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// The number of the group that `node` is in.
    #[inline]
    pub fn group_of(&self, node: u32) -> usize {
        usize::from(self.group_of[node as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_groups_and_too_many_of_them_share_the_last() {
        let groups = Groups::of_sides(&Sides::new(&[3, 2], 5).unwrap());
        assert_eq!(groups.list()[1], Group { name: "side 2".into(), nodes: 2 });
        assert_eq!((groups.group_of(2), groups.group_of(3)), (0, 1));

        let many = Groups::of_sides(&Sides::new(&[1; 20], 20).unwrap());
        assert_eq!(many.count(), Groups::MAX);
        assert_eq!(many.list()[Groups::MAX - 1], Group { name: "the rest".into(), nodes: 13 });
    }
}
