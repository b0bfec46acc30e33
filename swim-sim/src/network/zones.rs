//! Latency by zone: how long a message takes depends on where its sender and its receiver are.

use super::latency::Latency;
use crate::nodes::Nodes;

/// Zones, and the latency from each to each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zones {
    zone_of: Vec<u8>,
    latencies: Vec<Latency>,
    count: usize,
}

impl Zones {
    /// The most zones.
    pub const MAX: usize = 64;

    /// All nodes in one zone, whose latency this is.
    pub fn one(cluster: u32, within: Latency) -> Self {
        Self { zone_of: vec![0; cluster as usize], latencies: vec![within], count: 1 }
    }

    /// Adds a zone with these nodes, taken from the zones that they were in. Its latency to and from every other zone
    /// is `across` until [`Zones::between`] says otherwise. Returns its number; the first zone has 0.
    ///
    /// # Panics
    /// With more than [`Zones::MAX`] zones.
    pub fn add(&mut self, nodes: &Nodes, within: Latency, across: Latency) -> usize {
        assert!(self.count < Self::MAX, "{} zones at most", Self::MAX);
        let zone = self.count;
        let mut latencies = Vec::with_capacity((zone + 1) * (zone + 1));
        for row in 0..=zone {
            for column in 0..=zone {
                latencies.push(match (row == zone, column == zone) {
                    (true, true) => within,
                    (false, false) => self.latencies[row * zone + column],
                    _ => across,
                });
            }
        }
        self.latencies = latencies;
        self.count += 1;
        nodes.iter().for_each(|node| self.zone_of[node as usize] = zone as u8);
        zone
    }

    /// Sets the latency between two zones, both ways.
    pub fn between(&mut self, a: usize, b: usize, latency: Latency) {
        self.latencies[a * self.count + b] = latency;
        self.latencies[b * self.count + a] = latency;
    }

    /// The latency from one node to another.
    #[inline]
    pub fn latency(&self, from: u32, to: u32) -> Latency {
        let (from, to) = (self.zone_of[from as usize], self.zone_of[to as usize]);
        self.latencies[usize::from(from) * self.count + usize::from(to)]
    }

    /// What every message takes at most; `None` where there is no such time.
    pub fn longest(&self) -> Option<swim_core::Micros> {
        self.latencies
            .iter()
            .map(Latency::longest)
            .try_fold(swim_core::Micros::ZERO, |most, each| Some(most.max(each?)))
    }

    /// What nearly every message takes at most.
    pub fn upper(&self) -> swim_core::Micros {
        self.latencies.iter().map(Latency::upper).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_depends_on_both_ends() {
        let latency = |text: &str| text.parse::<Latency>().unwrap();
        let mut zones = Zones::one(6, latency("1ms"));
        let east = zones.add(&Nodes::of(6, [2, 3]), latency("2ms"), latency("50ms"));
        let west = zones.add(&Nodes::of(6, [4, 5]), latency("3ms"), latency("60ms"));
        zones.between(east, west, latency("90ms"));
        for (from, to, expected) in
            [(0, 1, "1ms"), (2, 3, "2ms"), (4, 5, "3ms"), (0, 2, "50ms"), (5, 1, "60ms"), (3, 4, "90ms")]
        {
            assert_eq!(zones.latency(from, to), latency(expected), "{from} {to}");
            assert_eq!(zones.latency(to, from), latency(expected), "{to} {from}");
        }
        assert_eq!(zones.upper(), swim_core::Micros(90_000));
    }
}
