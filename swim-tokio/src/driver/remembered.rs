//! Members that are remembered from an earlier run, as hosts.

use std::net::SocketAddr;

/// Of these most may be gone for good, and others may live at their addresses.
pub(crate) struct Remembered {
    hosts: Vec<SocketAddr>,
    /// How often some of them were taken.
    looks: usize,
}

/// So many stand beside other hosts, in two rounds of a join: as many as these ask at the least, once all but one have answered.
const BESIDE: usize = 4;

impl Remembered {
    pub(crate) const fn new(hosts: Vec<SocketAddr>) -> Self {
        Self { hosts, looks: 0 }
    }

    /// All of them, where nobody else is known.
    pub(crate) fn all(&self) -> impl Iterator<Item = SocketAddr> {
        self.hosts.iter().copied()
    }

    /// Those that stand beside other hosts in the next round of a join.
    pub(crate) fn some(&mut self) -> impl Iterator<Item = SocketAddr> {
        let from = self.looks / 2 * BESIDE;
        self.looks += 1;
        self.hosts.iter().cycle().skip(from % self.hosts.len().max(1)).take(BESIDE.min(self.hosts.len())).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(count: u16) -> Remembered {
        Remembered::new((1..=count).map(|port| SocketAddr::from(([10, 0, 0, 1], port))).collect())
    }

    #[test]
    fn some_are_the_same_for_two_rounds_and_others_then_and_in_the_end_the_first_again() {
        let mut remembered = remembered(10);
        let mut some = || Vec::from_iter(remembered.some().map(|host| host.port()));
        assert_eq!([some(), some()], [[1, 2, 3, 4], [1, 2, 3, 4]]);
        assert_eq!([some(), some()], [[5, 6, 7, 8], [5, 6, 7, 8]]);
        assert_eq!([some(), some()], [[9, 10, 1, 2], [9, 10, 1, 2]]);
        assert_eq!(some(), [3, 4, 5, 6]);
    }

    #[test]
    fn where_there_are_few_some_are_all_of_them_once() {
        assert_eq!(remembered(3).some().count(), 3);
        assert_eq!(remembered(0).some().count(), 0);
        assert_eq!(remembered(12).all().count(), 12);
    }
}
