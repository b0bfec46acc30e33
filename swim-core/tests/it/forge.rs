//! Messages and claims made by hand, and a lone node among forged peers.

use std::time::Duration;

use swim_core::{
    Address, Change, ChangeList, Channel, Checksum, ClusterId, Effects, GossipOptions, Incarnation, Input, Instant,
    Kind, Labels, Message, Micros, Node, Options, OwnedMessage, Reach, Readiness, Seq, Source, Status, Via,
};

use crate::world::{Letter, WALL, World};

/// The checksum of forged messages: no list has it.
pub(crate) const ODD: Checksum = Checksum(0xdead_beef);

/// An address that no list has.
pub(crate) const STRANGER: u32 = 0xffff_0000;

pub(crate) const fn secs(count: u64) -> Micros {
    Micros::from_millis(count * 1000)
}

pub(crate) const fn millis(count: u64) -> Micros {
    Micros::from_millis(count)
}

/// The incarnation `count` milliseconds after the one that forged members start with.
pub(crate) fn inc(count: u64) -> Incarnation {
    Incarnation::new(WALL.0 + count).expect("it is small enough")
}

/// Stands for a member that is alive, in an incarnation that nothing which it claims was made in; see [`World::speaker`].
pub(crate) const SOMEONE: u32 = 0xfffe_0000;

/// A claim that a member makes of itself.
pub(crate) fn own(address: u32, status: Status, incarnation: Incarnation) -> Change<'static, u32> {
    by(address, incarnation, address, status, incarnation)
}

/// The claim of `maker`, which is at incarnation zero, about a member.
pub(crate) fn said(maker: u32, address: u32, status: Status, incarnation: Incarnation) -> Change<'static, u32> {
    by(maker, inc(0), address, status, incarnation)
}

pub(crate) fn by(
    maker: u32,
    at: Incarnation,
    address: u32,
    status: Status,
    incarnation: Incarnation,
) -> Change<'static, u32> {
    let source = Some(Source { address: maker, incarnation: at });
    Change { address, incarnation, status, source, labels: Labels::NONE }
}

pub(crate) fn sourceless(address: u32, status: Status, incarnation: Incarnation) -> Change<'static, u32> {
    Change { address, incarnation, status, source: None, labels: Labels::NONE }
}

/// A message of a sender at incarnation zero.
pub(crate) fn message(kind: Kind<u32>, changes: &[Change<'_, u32>]) -> OwnedMessage<u32> {
    message_with(kind, inc(0), ODD, changes)
}

pub(crate) fn message_with(
    kind: Kind<u32>,
    incarnation: Incarnation,
    checksum: Checksum,
    changes: &[Change<'_, u32>],
) -> OwnedMessage<u32> {
    let list: ChangeList<u32> = changes.iter().copied().collect();
    OwnedMessage::new(Message { kind, incarnation, checksum, changes: list.as_changes() })
}

pub(crate) const fn ping(seq: u32) -> Kind<u32> {
    Kind::Ping { seq: Seq(seq) }
}

pub(crate) const fn ack(seq: Seq) -> Kind<u32> {
    Kind::Ack { seq, ready: Readiness::Ready }
}

pub(crate) const fn ping_req(seq: u32, target: u32, timeout: Micros) -> Kind<u32> {
    Kind::PingReq { seq: Seq(seq), target, timeout }
}

pub(crate) fn join() -> Kind<u32> {
    Kind::Join { app: ClusterId::from_name(&Options::lan().app) }
}

pub(crate) fn is_ping(letter: &Letter) -> bool {
    matches!(letter.kind(), Kind::Ping { .. }) && letter.channel == Channel::Datagram
}

pub(crate) fn is_ping_req(letter: &Letter) -> bool {
    matches!(letter.kind(), Kind::PingReq { .. })
}

pub(crate) fn is_gossip(letter: &Letter) -> bool {
    matches!(letter.kind(), Kind::Gossip)
}

pub(crate) fn is_ack(letter: &Letter) -> bool {
    matches!(letter.kind(), Kind::Ack { .. })
}

/// Gives a node that is in no world an input, and looks at what must always hold of it.
pub(crate) fn feed<A: Address>(node: &mut Node<A>, now: Instant, input: Input<'_, A>, effects: &mut Effects<A>) {
    node.handle(now, input, effects);
    node.check();
}

/// The LAN preset without gossip and healing, so that what a story does not do does not happen.
pub(crate) fn quiet_lan() -> Options {
    let mut options = Options::lan();
    options.gossip = None;
    options.heal.period = None;
    options
}

/// The ringpop preset without healing.
pub(crate) fn quiet_ringpop() -> Options {
    let mut options = Options::ringpop();
    options.app = Options::lan().app;
    options.heal.period = None;
    options
}

/// The LAN preset with gossip every so often to so many.
pub(crate) fn gossiping(interval: Micros, nodes: u32) -> Options {
    let mut options = quiet_lan();
    options.gossip = Some(GossipOptions { interval: Duration::from(interval), nodes });
    options
}

/// Forged peers, and what they do.
impl World {
    /// Node 1 among the forged members 2 to `last`, all alive at incarnation zero, with nothing left to tell.
    pub(crate) fn among(options: Options, last: u32) -> Self {
        let mut world = Self::claimed(options, last);
        world.prove(1..=last);
        world.drain(1);
        world
    }

    /// As [`World::among`], but they never answered node 1, and it still has them to tell.
    pub(crate) fn claimed(options: Options, last: u32) -> Self {
        let mut world = Self::lone(options);
        let claims: Vec<_> = (2..=last).map(|address| own(address, Status::Alive, inc(0))).collect();
        world.tell(2, 1, &claims);
        world.forget();
        world
    }

    /// Node 1 probes until each of `members` has answered a ping.
    pub(crate) fn prove(&mut self, members: std::ops::RangeInclusive<u32>) {
        for _ in 0..10_000 {
            if members.clone().all(|member| self.node(1).is_proven(member)) {
                return;
            }
            let asked = self.probe();
            if members.contains(&asked.to) {
                let Kind::Ping { seq } = asked.kind() else { unreachable!() };
                // By one whose list is the same, so that nothing else comes of it.
                let checksum = self.node(1).checksum();
                self.answer(&asked, &message_with(ack(seq), inc(0), checksum, &[]));
            } else {
                self.run(secs(1));
            }
        }
        panic!("not all are probed");
    }

    /// A forged peer tells a node something.
    pub(crate) fn tell(&mut self, from: u32, to: u32, changes: &[Change<'_, u32>]) {
        self.inject(from, to, Via::Datagram, &message(Kind::Gossip, changes));
    }

    /// Who speaks where `from` does: [`SOMEONE`] is the first member that a node holds alive, so that it is told all that is
    /// pending, and nothing for its own sake. Where nobody is alive it is [`STRANGER`].
    pub(crate) fn speaker(&self, from: u32, to: u32) -> (u32, Incarnation) {
        if from != SOMEONE {
            return (from, inc(0));
        }
        let others = self.node(to).members().into_iter().filter(|member| member.address != to);
        let alive = others.filter(|member| member.status == Status::Alive).map(|member| member.address);
        alive.min().map_or((STRANGER, inc(0)), |address| (address, Incarnation::MAX))
    }

    /// A member, whose list is the same, pings a node until it has nothing left to tell.
    pub(crate) fn drain(&mut self, address: u32) {
        for _ in 0..10_000 {
            if !self.node(address).has_changes() {
                self.forget();
                return;
            }
            let checksum = self.node(address).checksum();
            let (from, incarnation) = self.speaker(SOMEONE, address);
            self.inject(from, address, Via::Datagram, &message_with(ping(0), incarnation, checksum, &[]));
        }
        panic!("changes are pending for ever");
    }

    /// Node 1 probes its next target; returns the ping.
    pub(crate) fn probe(&mut self) -> Letter {
        self.command(1, swim_core::Command::GossipTick);
        self.sent_by(1).rfind(|letter| matches!(letter.kind(), Kind::Ping { .. })).cloned().expect("a ping was sent")
    }

    /// A forged peer acknowledges a ping.
    pub(crate) fn acknowledge(&mut self, asked: &Letter, changes: &[Change<'_, u32>]) {
        let Kind::Ping { seq } = asked.kind() else { panic!("only pings are acknowledged") };
        self.answer(asked, &message(ack(seq), changes));
    }

    /// A forged helper says what it found.
    pub(crate) fn report(&mut self, asked: &Letter, reach: Reach, changes: &[Change<'_, u32>]) {
        let Kind::PingReq { seq, target, .. } = asked.kind() else { panic!("only ping-reqs are reported on") };
        self.answer(asked, &message(Kind::PingReqAnswer { seq, target, reach }, changes));
    }

    /// A forged peer answers by the way that it was asked.
    pub(crate) fn answer(&mut self, asked: &Letter, answer: &OwnedMessage<u32>) {
        let via = match asked.channel {
            Channel::Datagram => Via::Datagram,
            Channel::Request(ticket) => Via::Response(ticket),
            Channel::Reply(_) => panic!("a reply is not answered"),
        };
        self.inject(asked.to, asked.from, via, answer);
    }

    /// The ping-reqs that node 1 sent so far.
    pub(crate) fn ping_reqs(&self) -> Vec<Letter> {
        self.sent_by(1).filter(|letter| is_ping_req(letter)).cloned().collect()
    }

    /// What a ping from a forged peer is answered.
    pub(crate) fn ask(&mut self, from: u32, to: u32) -> Letter {
        let (from, incarnation) = self.speaker(from, to);
        self.inject(from, to, Via::Datagram, &message_with(ping(7), incarnation, ODD, &[]));
        // A full sync may follow it.
        self.sent_by(to).rfind(|letter| letter.to == from && is_ack(letter)).cloned().expect("a ping is answered")
    }
}
