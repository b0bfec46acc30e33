//! What lies between the nodes: how long a message takes, and whether it arrives (DESIGN 8).
//!
//! Datagrams are lost or take one latency. A request needs a connection first: one round trip more, and what is lost
//! on the way is sent again later, as TCP does. Nothing passes a cut. A cut is silent: what is sent into it is lost,
//! and the sender learns nothing, unless [`AcrossCut::Undeliverable`] is asked for.

mod latency;
mod loss;
mod partition;

pub use latency::{Latency, LatencyError};
pub use loss::{Loss, LossError};
pub use partition::{Partition, Sides, SidesError};

use swim_core::{Micros, Random};

/// The network of one run.
#[derive(Clone)]
pub struct Network {
    random: Random,
    latency: Latency,
    loss: Loss,
    across_cut: AcrossCut,
    /// Who can reach whom.
    pub partition: Partition,
}

/// What the sender of a request across a cut is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcrossCut {
    /// Nothing: packets vanish, and the request ends by its timeout.
    #[default]
    Silence,
    /// That it is undeliverable, after one latency: a router answers for the other side.
    Undeliverable,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives after this time.
    Arrives(Micros),
    /// It never arrives, and nobody is told.
    Lost,
    /// It never arrives, and the sender is told after this time.
    Undeliverable(Micros),
}

impl Network {
    /// A network without a cut, whose luck is drawn from `random`.
    pub fn new(random: Random, latency: Latency, loss: Loss, across_cut: AcrossCut) -> Self {
        Self { random, latency, loss, across_cut, partition: Partition::none() }
    }

    /// How long a datagram takes; `None` when it is lost.
    #[inline]
    pub fn datagram(&mut self, from: u32, to: u32) -> Option<Micros> {
        if self.partition.separates(from, to) || self.loss.strikes(&mut self.random) {
            return None;
        }
        Some(self.latency.draw(&mut self.random))
    }

    /// What becomes of a request: a handshake there and back, then the request itself.
    pub fn request(&mut self, from: u32, to: u32) -> Fate {
        if self.partition.separates(from, to) {
            return match self.across_cut {
                AcrossCut::Silence => Fate::Lost,
                AcrossCut::Undeliverable => Fate::Undeliverable(self.latency.draw(&mut self.random)),
            };
        }
        match (self.segment(), self.segment(), self.segment()) {
            (Some(there), Some(back), Some(request)) => Fate::Arrives(there + back + request),
            _ => Fate::Lost,
        }
    }

    /// How long the reply to a request takes on the connection that there is; `None` when it is lost.
    pub fn reply(&mut self, from: u32, to: u32) -> Option<Micros> {
        if self.partition.separates(from, to) { None } else { self.segment() }
    }

    /// How long the news of a refused connection takes; `None` when it is lost.
    pub fn refusal(&mut self, from: u32, to: u32) -> Option<Micros> {
        self.reply(from, to)
    }

    /// One segment of a stream: sent again after a pause that doubles, until it arrives or the connection breaks.
    fn segment(&mut self) -> Option<Micros> {
        let mut waited = Micros::ZERO;
        let mut pause = FIRST_RESEND;
        for _ in 0..SENDS {
            if !self.loss.strikes(&mut self.random) {
                return Some(waited + self.latency.draw(&mut self.random));
            }
            waited = waited + pause;
            pause = pause.times(2);
        }
        None
    }
}

/// After how long a segment is sent again: the least that Linux waits.
const FIRST_RESEND: Micros = Micros::from_millis(200);
/// How often a segment is sent before the connection breaks. The last wait ends after six seconds.
const SENDS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn network(loss: &str, across_cut: AcrossCut) -> Network {
        Network::new(Random::new(1), "5ms".parse().unwrap(), loss.parse().unwrap(), across_cut)
    }

    fn cut(mut network: Network) -> Network {
        network.partition.cut(Sides::halves(2).unwrap());
        network
    }

    #[test]
    fn a_request_takes_a_round_trip_more_than_a_datagram() {
        let mut network = network("0", AcrossCut::Silence);
        assert_eq!(network.datagram(0, 1), Some(Micros(5_000)));
        assert_eq!(network.request(0, 1), Fate::Arrives(Micros(15_000)));
        assert_eq!(network.reply(1, 0), Some(Micros(5_000)));
    }

    #[test]
    fn nothing_passes_a_cut_and_nobody_is_told() {
        let mut network = cut(network("0", AcrossCut::Silence));
        assert_eq!(network.datagram(0, 1), None);
        assert_eq!(network.request(0, 1), Fate::Lost);
        assert_eq!(network.reply(1, 0), None);
        assert_eq!(network.refusal(1, 0), None);
        network.partition.mend();
        assert_eq!(network.datagram(0, 1), Some(Micros(5_000)));
    }

    #[test]
    fn a_router_tells_the_sender_of_a_request_where_that_is_asked_for() {
        let mut network = cut(network("0", AcrossCut::Undeliverable));
        assert_eq!(network.request(0, 1), Fate::Undeliverable(Micros(5_000)));
        assert_eq!(network.datagram(0, 1), None);
    }

    #[test]
    fn what_a_stream_loses_is_sent_again() {
        let mut network = network("50", AcrossCut::Silence);
        let times: Vec<_> = (0..1000).filter_map(|_| network.reply(0, 1)).collect();
        let direct = times.iter().filter(|time| **time == Micros(5_000)).count();
        let again = times.iter().filter(|time| **time == Micros(205_000)).count();
        // Of 1000, half arrive at once and a quarter at the second attempt; six standard deviations either side.
        assert!((405..595).contains(&direct), "{direct}");
        assert!((168..332).contains(&again), "{again}");
        assert!(times.len() > 950);
    }
}
