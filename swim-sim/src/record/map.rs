//! The map: each node as it is held, moment by moment, packed for a page.
//!
//! A view is the map through the eyes of one group. Its rows follow one another, each as runs of equal cells: six numbers
//! a run, which are the length of the run in moments and the five counts. A number is written in digits to base 32, the
//! least first, each as one character of [`DIGITS`]; the upper half of the digits says that another one follows.

use serde::Serialize;

use super::{Groups, Look};

/// How the nodes of one row are held by the observers of one view: pairs of observer and subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// As alive, suspect, faulty, something else, and not listed at all.
    pub counts: [u32; 5],
}

/// The whole map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Map {
    /// How many rows there are.
    pub rows: usize,
    /// How many neighbouring nodes share a row; the last row may have fewer.
    pub nodes_per_row: u32,
    /// The views; one of everybody where there are too many groups.
    pub views: Vec<View>,
}

/// The map through the eyes of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// Whose eyes.
    pub name: String,
    /// The rows, packed.
    pub runs: String,
}

impl Map {
    /// At most so many rows; in larger clusters neighbours share one.
    pub const ROWS_MAX: u32 = 1000;
    /// With more groups than this there is one view, of everybody: the page would become too large.
    pub const VIEWS_MAX: usize = 4;

    /// The map that the looks add up to.
    pub fn new(groups: &Groups, looks: &[Look]) -> Self {
        let rows = Self::rows(groups.nodes());
        let view = |view: usize| {
            let mut runs = String::new();
            for row in 0..rows {
                let mut cells = looks.iter().map(|look| look.cells[view * rows + row]).peekable();
                while let Some(cell) = cells.next() {
                    let mut length = 1;
                    while cells.next_if_eq(&cell).is_some() {
                        length += 1;
                    }
                    write(length, &mut runs);
                    cell.counts.into_iter().for_each(|count| write(count, &mut runs));
                }
            }
            let views = Self::views(groups);
            let name = if views == 1 { "all nodes".into() } else { groups.list()[view].name.clone() };
            View { name, runs }
        };
        let views = (0..Self::views(groups)).map(view).collect();
        Self { rows, nodes_per_row: nodes_per_row(groups.nodes()), views }
    }

    /// How many views a map of these groups has.
    pub fn views(groups: &Groups) -> usize {
        if groups.count() > Self::VIEWS_MAX { 1 } else { groups.count() }
    }

    /// How many rows a map of so many nodes has.
    pub fn rows(nodes: u32) -> usize {
        nodes.div_ceil(nodes_per_row(nodes)) as usize
    }

    /// In which row of a map of so many nodes `node` is.
    #[inline]
    pub fn row(nodes: u32, node: u32) -> usize {
        (node / nodes_per_row(nodes)) as usize
    }

    /// Where in a look the cell is of `node` as `group` holds it.
    pub fn place(groups: &Groups, group: usize, node: u32) -> usize {
        let view = if Self::views(groups) == 1 { 0 } else { group };
        view * Self::rows(groups.nodes()) + Self::row(groups.nodes(), node)
    }
}

#[inline]
fn nodes_per_row(nodes: u32) -> u32 {
    nodes.div_ceil(Map::ROWS_MAX).max(1)
}

fn write(mut number: u32, text: &mut String) {
    while number >= 32 {
        text.push(char::from(DIGITS[32 + (number % 32) as usize]));
        number /= 32;
    }
    text.push(char::from(DIGITS[number as usize]));
}

/// The digits 0 to 31, then the same with another one to follow.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::Instant;

    #[test]
    fn numbers_of_any_size_are_packed() {
        for (number, packed) in [(0, "A"), (31, "f"), (32, "gB"), (999, "nf"), (1024, "ggB"), (u32::MAX, "//////D")] {
            let mut text = String::new();
            write(number, &mut text);
            assert_eq!(text, packed, "{number}");
        }
    }

    #[test]
    fn equal_moments_are_one_run() {
        let look = |alive| Look {
            at: Instant::ZERO,
            up: 0,
            lists: 0,
            total: Default::default(),
            health: Vec::new(),
            pairs: Vec::new(),
            cells: Box::new([Cell { counts: [alive, 0, 0, 0, 0] }, Cell::default()]),
        };
        let map = Map::new(&Groups::whole(2), &[look(1), look(1), look(3)]);
        assert_eq!(map.views, [View { name: "all nodes".into(), runs: "CBAAAABDAAAADAAAAA".into() }]);
    }

    #[test]
    fn neighbours_share_rows_in_a_large_cluster() {
        assert_eq!((Map::rows(1000), Map::rows(1001), Map::rows(100_000)), (1000, 501, 1000));
        assert_eq!((Map::row(1001, 1), Map::row(1001, 1000)), (0, 500));
    }
}
