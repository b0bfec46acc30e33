//! What lies between the nodes: how long a message takes, and whether it arrives.
//!
//! Datagrams are lost or take one latency. A request needs a connection first: one round trip more, and what is lost
//! on the way is sent again later, as TCP does; a handshake that is lost, or that a cut swallows, is tried again after a
//! second, and again ([`Network::handshake_pause`]), and one whose first packet finds no process is refused. Nothing
//! passes a cut. What the sender of something that cannot arrive is told, [`Undeliverable`] says.

mod bursts;
mod chance;
mod impairment;
mod latency;
mod partition;
mod streams;
mod undeliverable;
mod zones;

pub use bursts::Bursts;
pub use chance::{Chance, ChanceError};
pub use impairment::{Direction, DirectionError, Harm, Impairment};
pub use latency::{Latency, LatencyError};
pub use partition::{Cut, CutId, Partition, Sides, SidesError};
pub use streams::{StreamLuck, Streams};
pub use undeliverable::{Cause, Sent, Undeliverable, UndeliverableError};
pub use zones::Zones;

use swim_core::{Instant, Micros, Random};

/// The network of one run.
#[derive(Clone)]
pub struct Network {
    random: Random,
    latency: Latency,
    loss: Chance,
    undeliverable: Undeliverable,
    zones: Option<Box<Zones>>,
    partition: Partition,
    impairments: Vec<(u32, Impairment)>,
    condition: Condition,
    /// How often something about it changed.
    changes: u64,
}

/// Whether there is anything to look at but the latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// Everything arrives after a latency that is the same for all pairs.
    Plain,
    /// There are cuts, losses, zones or impairments.
    Special,
}

/// When a datagram arrives: not at all, once or twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is lost, and nobody is told.
    Lost,
    /// It cannot arrive, and the sender is told after this time.
    Undeliverable(Micros),
    /// After this time.
    Once(Micros),
    /// Twice, after these times.
    Twice(Micros, Micros),
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The first packet of its handshake, the SYN, arrives after `syn`. If a process runs there then, the request arrives
    /// after `request`; otherwise it is refused.
    Opens {
        /// How long the SYN takes.
        syn: Micros,
        /// How long the handshake and the request take together.
        request: Micros,
    },
    /// The handshake was lost, and nobody was told: it can be tried again.
    Unanswered,
    /// It never arrives, and nobody is told.
    Lost,
    /// It never arrives, and the sender is told after this time.
    Undeliverable(Micros),
}

/// What becomes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives after this time.
    Arrives(Micros),
    /// It never arrives, and nobody is told.
    Lost,
    /// It never arrives, and the one who asked is told after this time.
    Undeliverable(Micros),
}

impl Network {
    /// A network without a cut, whose luck is drawn from `random`.
    pub fn new(random: Random, latency: Latency, loss: Chance, undeliverable: Undeliverable) -> Self {
        let mut network = Self {
            random,
            latency,
            loss,
            undeliverable,
            zones: None,
            partition: Partition::none(),
            impairments: Vec::new(),
            condition: Condition::Plain,
            changes: 0,
        };
        network.look();
        network
    }

    /// From now on latencies are those of zones.
    pub fn set_zones(&mut self, zones: Zones) {
        self.zones = Some(Box::new(zones));
        self.look();
    }

    /// A cut begins.
    pub fn cut(&mut self, id: CutId, cut: Cut) {
        self.partition.cut(id, cut);
        self.look();
    }

    /// A cut ends.
    pub fn mend(&mut self, id: CutId) {
        self.partition.mend(id);
        self.look();
    }

    /// An impairment begins; `id` ends it.
    pub fn impose(&mut self, id: u32, impairment: Impairment) {
        self.impairments.push((id, impairment));
        self.look();
    }

    /// An impairment ends.
    pub fn lift(&mut self, id: u32) {
        self.impairments.retain(|(other, _)| *other != id);
        self.look();
    }

    /// How often something about it changed: another number, and a fault has come or gone meanwhile.
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// Who can reach whom.
    #[inline]
    pub const fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Whether the network of a node works as that of the whole cluster does.
    pub fn is_sound(&self, node: u32) -> bool {
        self.condition == Condition::Plain || !self.impairments.iter().any(|(_, each)| each.nodes.has(node))
    }

    /// How long a datagram takes at most, whoever sends it to whom; `None` where it may be lost or take any time.
    pub fn longest(&self) -> Option<Micros> {
        if self.condition == Condition::Plain {
            return self.latency.longest();
        }
        let whole = self.loss.is_never() && !self.partition.is_cut() && self.impairments.is_empty();
        self.zones.as_ref().filter(|_| whole).and_then(|zones| zones.longest())
    }

    /// When a datagram arrives.
    #[inline]
    pub fn datagram(&mut self, now: Instant, from: u32, to: u32) -> Arrival {
        if self.condition == Condition::Plain {
            return Arrival::Once(self.latency.draw(&mut self.random));
        }
        self.special_datagram(now, from, to)
    }

    #[inline(never)]
    fn special_datagram(&mut self, now: Instant, from: u32, to: u32) -> Arrival {
        if self.partition.separates(from, to) {
            let told = self.undeliverable.is_told(Sent::Datagram, Cause::Cut, &mut self.random);
            return if told { Arrival::Undeliverable(self.latency(from, to)) } else { Arrival::Lost };
        }
        if self.loses(now, from, to) {
            return Arrival::Lost;
        }
        let first = self.latency(from, to);
        let Self { impairments, random, .. } = self;
        if impairments.iter().any(|(_, each)| each.doubles(from, to, random)) {
            return Arrival::Twice(first, self.latency(from, to));
        }
        Arrival::Once(first)
    }

    /// What becomes of a request: one handshake there and back, then the request itself.
    pub fn request(&mut self, now: Instant, from: u32, to: u32) -> Connection {
        if self.partition.separates(from, to) || self.partition.separates(to, from) {
            let told = self.undeliverable.is_told(Sent::Request, Cause::Cut, &mut self.random);
            return if told { Connection::Undeliverable(self.latency(from, to)) } else { Connection::Unanswered };
        }
        let late = match self.stream_luck(from, to) {
            StreamLuck::Breaks => return Connection::Undeliverable(self.latency(from, to)),
            StreamLuck::Late(late) => late,
        };
        let Some((syn, answer)) = self.handshake(now, from, to) else { return Connection::Unanswered };
        let opens = |request| Connection::Opens { syn, request: syn + answer + request + late };
        self.segment(now, from, to).map_or(Connection::Lost, opens)
    }

    /// How long a handshake's packets take, there and back, if neither is lost.
    fn handshake(&mut self, now: Instant, from: u32, to: u32) -> Option<(Micros, Micros)> {
        if self.loses(now, from, to) {
            return None;
        }
        let there = self.latency(from, to);
        if self.loses(now, to, from) { None } else { Some((there, self.latency(to, from))) }
    }

    /// After how long a handshake is tried again that was tried so often; `None` when it is given up.
    ///
    /// Nothing is known of the way yet, so Linux waits a second, and then twice as long each time (RFC 6298). Hosts wait
    /// for a stream for some ten seconds.
    pub const fn handshake_pause(tries: u8) -> Option<Micros> {
        match tries {
            1 => Some(Micros::from_millis(1_000)),
            2 => Some(Micros::from_millis(2_000)),
            3 => Some(Micros::from_millis(4_000)),
            _ => None,
        }
    }

    /// What becomes of the reply to a request, on the connection that there is. Where it is undeliverable the one who
    /// asked is told, not the one who replies.
    pub fn reply(&mut self, now: Instant, from: u32, to: u32) -> Fate {
        if self.partition.separates(from, to) || self.partition.separates(to, from) {
            return Fate::Lost;
        }
        match self.stream_luck(from, to) {
            StreamLuck::Breaks => Fate::Undeliverable(self.latency(from, to)),
            StreamLuck::Late(late) => {
                self.segment(now, from, to).map_or(Fate::Lost, |latency| Fate::Arrives(latency + late))
            }
        }
    }

    /// How long the news takes that nobody runs at `from`; `None` when it is lost, or not told.
    pub fn refusal(&mut self, now: Instant, from: u32, to: u32, sent: Sent) -> Option<Micros> {
        if !self.undeliverable.is_told(sent, Cause::NobodyThere, &mut self.random) {
            return None;
        }
        if self.partition.separates(from, to) { None } else { self.segment(now, from, to) }
    }

    /// One segment of a stream: sent again after a pause that doubles, until it arrives or the connection breaks.
    fn segment(&mut self, now: Instant, from: u32, to: u32) -> Option<Micros> {
        let mut waited = Micros::ZERO;
        let mut pause = FIRST_RESEND;
        for _ in 0..SENDS {
            if !self.loses(now + waited, from, to) {
                return Some(waited + self.latency(from, to));
            }
            waited = waited + pause;
            pause = pause.times(2);
        }
        None
    }

    fn loses(&mut self, now: Instant, from: u32, to: u32) -> bool {
        let Self { loss, impairments, random, .. } = self;
        loss.strikes(random) || impairments.iter_mut().any(|(_, each)| each.loses(now, from, to, random))
    }

    fn latency(&mut self, from: u32, to: u32) -> Micros {
        let Self { zones, latency, impairments, random, .. } = self;
        let latency = zones.as_ref().map_or(*latency, |zones| zones.latency(from, to));
        let drawn = latency.draw(random);
        impairments.iter().fold(drawn, |sum, (_, each)| sum + each.delays(from, to, random))
    }

    fn stream_luck(&mut self, from: u32, to: u32) -> StreamLuck {
        let Self { impairments, random, .. } = self;
        let mut late = Micros::ZERO;
        for (_, each) in impairments.iter().filter(|(_, each)| each.strikes(from, to)) {
            if let Harm::Streams(streams) = &each.harm {
                match streams.draw(random) {
                    StreamLuck::Breaks => return StreamLuck::Breaks,
                    StreamLuck::Late(more) => late = late + more,
                }
            }
        }
        StreamLuck::Late(late)
    }

    fn look(&mut self) {
        self.changes += 1;
        let plain =
            self.loss.is_never() && self.zones.is_none() && !self.partition.is_cut() && self.impairments.is_empty();
        self.condition = if plain { Condition::Plain } else { Condition::Special };
    }
}

/// After how long a segment is sent again: the least that Linux waits.
const FIRST_RESEND: Micros = Micros::from_millis(200);
/// How often a segment is sent before the connection breaks. The last wait ends after six seconds.
const SENDS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::Nodes;

    const NOW: Instant = Instant::ZERO;
    const ALWAYS: Chance = Chance::per_million(1_000_000);

    fn network(loss: &str, undeliverable: Undeliverable) -> Network {
        Network::new(Random::new(1), "5ms".parse().unwrap(), loss.parse().unwrap(), undeliverable)
    }

    fn cut(mut network: Network) -> Network {
        network.cut(CutId(0), Cut::between_all(Sides::halves(2).unwrap()));
        network
    }

    fn impaired(direction: Direction, harm: Harm) -> Network {
        let mut network = network("0", Undeliverable::Refused);
        network.impose(0, Impairment { nodes: Nodes::of(2, [1]), direction, harm });
        network
    }

    fn opens(request: u64) -> Connection {
        Connection::Opens { syn: Micros(5_000), request: Micros(request) }
    }

    #[test]
    fn a_request_takes_a_round_trip_more_than_a_datagram() {
        let mut network = network("0", Undeliverable::Refused);
        assert_eq!(network.datagram(NOW, 0, 1), Arrival::Once(Micros(5_000)));
        assert_eq!(network.request(NOW, 0, 1), opens(15_000));
        assert_eq!(network.reply(NOW, 1, 0), Fate::Arrives(Micros(5_000)));
    }

    #[test]
    fn nothing_passes_a_cut_and_nobody_is_told() {
        let mut network = cut(network("0", Undeliverable::Refused));
        assert_eq!(network.datagram(NOW, 0, 1), Arrival::Lost);
        assert_eq!(network.request(NOW, 0, 1), Connection::Unanswered);
        assert_eq!(network.reply(NOW, 1, 0), Fate::Lost);
        assert_eq!(network.refusal(NOW, 1, 0, Sent::Request), None);
        network.mend(CutId(0));
        assert_eq!(network.datagram(NOW, 0, 1), Arrival::Once(Micros(5_000)));
    }

    #[test]
    fn a_router_tells_senders_where_that_is_asked_for() {
        let mut network = cut(network("0", Undeliverable::Always));
        assert_eq!(network.request(NOW, 0, 1), Connection::Undeliverable(Micros(5_000)));
        assert_eq!(network.datagram(NOW, 0, 1), Arrival::Undeliverable(Micros(5_000)));
    }

    #[test]
    fn a_datagram_has_a_longest_time_where_nothing_holds_it_up() {
        let longest = |network: Network| network.longest();
        assert_eq!(longest(network("0", Undeliverable::Refused)), Some(Micros(5_000)));
        assert_eq!(longest(network("1", Undeliverable::Refused)), None);
        assert_eq!(longest(cut(network("0", Undeliverable::Refused))), None);
        let mut zoned = network("0", Undeliverable::Refused);
        let mut zones = Zones::one(4, "5ms".parse().unwrap());
        zones.add(&Nodes::of(4, [1]), "1ms".parse().unwrap(), "2ms..70ms".parse().unwrap());
        zoned.set_zones(zones.clone());
        assert_eq!(longest(zoned.clone()), Some(Micros(70_000)));
        zones.add(&Nodes::of(4, [2]), "1ms".parse().unwrap(), "lognormal(20ms, 0.5)".parse().unwrap());
        zoned.set_zones(zones);
        assert_eq!(longest(zoned), None);
    }

    #[test]
    fn what_a_stream_loses_is_sent_again() {
        let mut network = network("50", Undeliverable::Refused);
        let fates: Vec<_> = (0..1000).map(|_| network.reply(NOW, 0, 1)).collect();
        let count = |time| fates.iter().filter(|fate| **fate == Fate::Arrives(Micros(time))).count();
        // Of 1000, half arrive at once and a quarter at the second attempt; six standard deviations either side.
        assert!((405..595).contains(&count(5_000)), "{}", count(5_000));
        assert!((168..332).contains(&count(205_000)), "{}", count(205_000));
        assert!(fates.iter().filter(|fate| **fate != Fate::Lost).count() > 950);
    }

    #[test]
    fn an_impairment_strikes_its_direction_until_it_is_lifted() {
        let mut network = impaired(Direction::In, Harm::Loss(ALWAYS));
        assert_eq!(network.datagram(NOW, 0, 1), Arrival::Lost);
        assert_eq!(network.datagram(NOW, 1, 0), Arrival::Once(Micros(5_000)));
        assert!(!network.is_sound(1) && network.is_sound(0));
        network.lift(0);
        assert_eq!(network.datagram(NOW, 0, 1), Arrival::Once(Micros(5_000)));
        assert!(network.is_sound(1));
    }

    #[test]
    fn duplicates_arrive_twice_and_delays_add_up() {
        let mut doubled = impaired(Direction::Both, Harm::Duplication(ALWAYS));
        assert_eq!(doubled.datagram(NOW, 0, 1), Arrival::Twice(Micros(5_000), Micros(5_000)));
        let mut late = impaired(Direction::Both, Harm::Delay("20ms".parse().unwrap()));
        assert_eq!(late.datagram(NOW, 0, 1), Arrival::Once(Micros(25_000)));
    }

    #[test]
    fn broken_streams_are_noticed_by_the_asker_and_stalled_ones_are_late() {
        let streams = |fail, stall| Harm::Streams(Streams { fail, stall, stall_for: Micros(1_000_000) });
        let mut broken = impaired(Direction::Both, streams(ALWAYS, Chance::NEVER));
        assert_eq!(broken.request(NOW, 0, 1), Connection::Undeliverable(Micros(5_000)));
        assert_eq!(broken.reply(NOW, 1, 0), Fate::Undeliverable(Micros(5_000)));
        assert_eq!(broken.datagram(NOW, 0, 1), Arrival::Once(Micros(5_000)));
        let mut stalled = impaired(Direction::Both, streams(Chance::NEVER, ALWAYS));
        assert_eq!(stalled.request(NOW, 0, 1), opens(1_015_000));
    }

    #[test]
    fn a_connection_needs_both_ways() {
        let mut network = network("0", Undeliverable::Refused);
        network.cut(CutId(0), Cut::one_way(Sides::new(&[1, 1], 2).unwrap()));
        assert_eq!(network.datagram(NOW, 1, 0), Arrival::Once(Micros(5_000)));
        assert_eq!(network.request(NOW, 1, 0), Connection::Unanswered);
    }

    #[test]
    fn a_handshake_is_lost_with_either_of_its_packets() {
        let mut network = network("50", Undeliverable::Refused);
        let fates: Vec<_> = (0..1000).map(|_| network.request(NOW, 0, 1)).collect();
        let count = |fate| fates.iter().filter(|each| **each == fate).count();
        // Three quarters are not answered, and half of the rest arrives at once; six standard deviations either side.
        assert!((668..832).contains(&count(Connection::Unanswered)), "{}", count(Connection::Unanswered));
        assert!((62..188).contains(&count(opens(15_000))));
    }
}
