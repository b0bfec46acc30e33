//! What is wrong with the network of some nodes for a while: one fault of a scenario, as the network applies it.

use std::fmt;
use std::str::FromStr;

use swim_core::{Instant, Micros, Random};

use super::bursts::Bursts;
use super::chance::Chance;
use super::latency::Latency;
use super::streams::Streams;
use crate::nodes::Nodes;

/// One thing that is wrong, and where.
#[derive(Clone, Debug)]
pub struct Impairment {
    /// Whose packets it strikes.
    pub nodes: Nodes,
    /// Which of their packets.
    pub direction: Direction,
    /// What it does to them.
    pub harm: Harm,
}

/// Which packets of a node, as seen from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// What it gets.
    In,
    /// What it sends.
    Out,
    /// Both; what goes from one of the nodes to another is struck once, and lost in a burst of either.
    #[default]
    Both,
}

/// What happens to packets.
#[derive(Clone, Debug)]
pub enum Harm {
    /// Some are lost, each for itself.
    Loss(Chance),
    /// Some are lost, many in a row.
    Bursts(Bursts),
    /// Some datagrams arrive twice.
    Duplication(Chance),
    /// Some datagrams come so much later that others overtake them.
    Reordering(Chance, Micros),
    /// All take longer.
    Delay(Latency),
    /// Streams break or stall.
    Streams(Streams),
}

impl Impairment {
    /// Whether it strikes what goes from `from` to `to`.
    #[inline]
    pub fn strikes(&self, from: u32, to: u32) -> bool {
        self.struck(from, to).next().is_some()
    }

    /// Whose packet it is that is struck.
    fn struck(&self, from: u32, to: u32) -> impl Iterator<Item = u32> + use<> {
        let gets = (self.direction != Direction::Out && self.nodes.has(to)).then_some(to);
        let sends = (self.direction != Direction::In && self.nodes.has(from)).then_some(from);
        gets.into_iter().chain(sends)
    }

    /// Whether this packet is lost.
    pub(super) fn loses(&mut self, now: Instant, from: u32, to: u32, random: &mut Random) -> bool {
        let mut struck = self.struck(from, to);
        match &mut self.harm {
            Harm::Loss(chance) => struck.next().is_some() && chance.strikes(random),
            Harm::Bursts(bursts) => struck.any(|node| bursts.strikes(now, node, random)),
            _ => false,
        }
    }

    /// How much later this packet comes.
    pub(super) fn delays(&self, from: u32, to: u32, random: &mut Random) -> Micros {
        if !self.strikes(from, to) {
            return Micros::ZERO;
        }
        match &self.harm {
            Harm::Delay(latency) => latency.draw(random),
            Harm::Reordering(chance, by) if chance.strikes(random) => Micros(1 + random.below_u64(by.0)),
            _ => Micros::ZERO,
        }
    }

    /// Whether this datagram arrives twice.
    pub(super) fn doubles(&self, from: u32, to: u32, random: &mut Random) -> bool {
        matches!(self.harm, Harm::Duplication(chance) if self.strikes(from, to) && chance.strikes(random))
    }
}

/// Neither `in`, `out` nor `both`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is none of `in`, `out` and `both`")]
pub struct DirectionError {
    text: String,
}

impl FromStr for Direction {
    type Err = DirectionError;

    fn from_str(text: &str) -> Result<Self, DirectionError> {
        match text {
            "in" => Ok(Self::In),
            "out" => Ok(Self::Out),
            "both" => Ok(Self::Both),
            _ => Err(DirectionError { text: text.into() }),
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Both => "both",
        })
    }
}

crate::text::as_text!(Direction, "`in`, `out` or `both`");

#[cfg(test)]
mod tests {
    use super::*;

    const ALWAYS: Chance = Chance::per_million(1_000_000);

    fn of_node_one(direction: Direction, harm: Harm) -> Impairment {
        Impairment { nodes: Nodes::of(4, [1]), direction, harm }
    }

    #[test]
    fn a_direction_is_seen_from_the_nodes_that_it_strikes() {
        for (direction, gets, sends) in
            [(Direction::In, true, false), (Direction::Out, false, true), (Direction::Both, true, true)]
        {
            let impairment = of_node_one(direction, Harm::Loss(ALWAYS));
            assert_eq!((impairment.strikes(0, 1), impairment.strikes(1, 0)), (gets, sends), "{direction}");
            assert!(!impairment.strikes(2, 3));
            assert_eq!(direction.to_string().parse(), Ok(direction));
        }
    }

    #[test]
    fn a_packet_is_lost_in_a_burst_of_either_end() {
        let all = |direction| Impairment {
            nodes: Nodes::all(2),
            direction,
            harm: Harm::Bursts(Bursts::new(2, Micros::from_millis(100), Micros::from_millis(100), ALWAYS)),
        };
        let lost = |direction| {
            let (mut impairment, mut random) = (all(direction), Random::new(1));
            (0..10_000).filter(|at| impairment.loses(Instant::from_millis(*at), 0, 1, &mut random)).count()
        };
        // Half of the time one end is in a bad one, three quarters of it either.
        let [gets, sends, both] = [Direction::In, Direction::Out, Direction::Both].map(lost);
        assert!((3_500..6_500).contains(&gets) && (3_500..6_500).contains(&sends), "{gets} {sends}");
        assert!((6_500..8_500).contains(&both), "{both}");
    }

    #[test]
    fn each_harm_does_one_thing() {
        let mut random = Random::new(1);
        let mut effect = |harm| {
            let mut impairment = of_node_one(Direction::Both, harm);
            let lost = impairment.loses(Instant::ZERO, 0, 1, &mut random);
            let late = impairment.delays(0, 1, &mut random) > Micros::ZERO;
            (lost, late, impairment.doubles(0, 1, &mut random))
        };
        assert_eq!(effect(Harm::Loss(ALWAYS)), (true, false, false));
        assert_eq!(effect(Harm::Duplication(ALWAYS)), (false, false, true));
        assert_eq!(effect(Harm::Reordering(ALWAYS, Micros(9))), (false, true, false));
        assert_eq!(effect(Harm::Delay("5ms".parse().unwrap())), (false, true, false));
        let streams = Streams { fail: ALWAYS, stall: ALWAYS, stall_for: Micros(5) };
        assert_eq!(effect(Harm::Streams(streams)), (false, false, false));
    }

    #[test]
    fn a_reordered_datagram_comes_at_most_so_much_later() {
        let mut random = Random::new(1);
        let impairment = of_node_one(Direction::Both, Harm::Reordering(ALWAYS, Micros(9)));
        let delays: Vec<_> = (0..200).map(|_| impairment.delays(1, 0, &mut random).0).collect();
        assert_eq!((delays.iter().min(), delays.iter().max()), (Some(&1), Some(&9)));
    }
}
