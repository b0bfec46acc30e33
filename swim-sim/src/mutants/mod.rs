//! Nodes that are broken on purpose: a checker that has never caught anything is not trusted.
//!
//! A mutant sits between a node and the world. It sees every input before the node does and every effect before the world
//! does, checkers included, and it can give the node other settings; the node itself is sound.

mod caught;
mod liar;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use swim_core::{
    Boot, BootstrapOptions, Change, ChangeList, Changes, Channel, Checksum, Command, CommandId, Config, Digests,
    Effect, Effects, Incarnation, Input, Instant, Kind, Labels, Member, Message, Node, Options, ProtocolPeriod, Seq,
    Source, Status, SuspicionTimeout, UnixMillis,
};

use crate::seeds::mix64;

/// What is wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// It refutes, and tells nobody.
    DropsRefutations,
    /// Its suspicions last for hours.
    NeverExpiresSuspicion,
    /// It says that it has a lower incarnation than it has.
    LowersIncarnation,
    /// The checksum of its list is the same whatever the members are held to be.
    ChecksumIgnoresStatus,
    /// It tells everyone whom it suspects, with each tick, for as long as it does.
    ForwardsAccusations,
    /// It hears no acks.
    IgnoresAcks,
    /// It never tries to heal.
    NeverHeals,
    /// It pings for others, and does not say what it found.
    HelpsSilently,
    /// It tells that its tombstones are alive again.
    RevivesTombstones,
    /// It does not answer pings.
    NeverAcks,
    /// It does not reply to requests.
    NeverReplies,
    /// It replies twice to each request.
    RepliesTwice,
    /// Its host is not told when to wake it.
    StopsTimers,
    /// Its gossip is as long as it happens to be.
    OverfillsDatagrams,
    /// It lists as many members as there are.
    ListsTooMany,
    /// It leaves although nobody told it to.
    LeavesUntold,
    /// It loses its list.
    Forgets,
    /// It gossips although it has nothing to tell.
    Chatters,
    /// It does not hear what others tell.
    IsDeaf,
    /// It gossips to everyone many times with each tick.
    Floods,
    /// It stops probing although nobody told it to.
    StopsProbing,
    /// It means to tell each change many times, and tells none.
    HoardsChanges,
    /// It tells everyone that all others are faulty, by the word of each of them, with each tick.
    Lies,
    /// It pings those below this number without end. As soon as one answers it tells others that this one is faulty, under the
    /// incarnation that it has just heard and by the word of four: those with even numbers each time, the others every ten
    /// seconds, so that nothing that they hear from it starts their suspicion again.
    LiesAtOnce {
        /// How many are accused.
        victims: u32,
    },
    /// What it does depends on what else the process of the simulator has done.
    IsCapricious,
}

/// The mutants of a cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mutants(BTreeMap<u32, Mutant>);

impl Mutants {
    /// A node is one.
    pub(crate) fn add(&mut self, node: u32, mutant: Mutant) {
        self.0.insert(node, mutant);
    }

    /// A node for a process that boots.
    pub(crate) fn node(&self, config: &Config, address: u32, boot: Boot) -> Node<u32> {
        match self.0.get(&address) {
            None => Node::new(config.clone(), address, boot),
            Some(mutant) => mutant.node(config, address, boot),
        }
    }

    /// As [`Node::handle`].
    pub(crate) fn handle(&self, node: &mut Node<u32>, now: Instant, input: Input<'_, u32>, out: &mut Effects<u32>) {
        match self.0.get(&node.local()) {
            None => node.handle(now, input, out),
            Some(mutant) => mutant.handle(node, now, input, out),
        }
    }
}

impl Mutant {
    /// The node that it breaks.
    fn node(self, config: &Config, address: u32, boot: Boot) -> Node<u32> {
        let mut options = config.options().clone();
        let mut digests = Digests::NATIVE;
        match self {
            Self::NeverExpiresSuspicion => options.state_timeouts.suspect = SuspicionTimeout::Fixed(HOURS),
            Self::NeverHeals => options.heal.period = None,
            Self::HoardsChanges => {
                options.gossip = None;
                options.protocol_period = ProtocolPeriod::Fixed(Duration::from_secs(50));
                options.retransmit_factor = 32;
            }
            Self::ListsTooMany => options.members_max = Options::MEMBERS_MAX,
            Self::ChecksumIgnoresStatus => digests.list = Some(checksum_of_names),
            _ => {}
        }
        let config = Config::try_from(options).expect("a mutant's settings are settings");
        Node::with_digests(config, address, boot, digests)
    }

    fn handle(self, node: &mut Node<u32>, now: Instant, input: Input<'_, u32>, out: &mut Effects<u32>) {
        let mut caused = Effects::new();
        self.before(node, now, &mut caused);
        if let Self::LiesAtOnce { victims } = self {
            lie_at_once(node, now, input, victims, &mut caused);
        }
        match input {
            Input::Message { message, .. } if self.ignores(message.kind) => {}
            // Who has forgotten its list does not find the others again.
            Input::Hosts { .. } if self == Self::Forgets && now >= STRIKES_AT => {}
            Input::Message { from, via, message } if self == Self::IsDeaf => {
                let message = Message { changes: Changes::NONE, ..message };
                node.handle(now, Input::Message { from, via, message }, &mut caused);
            }
            input => node.handle(now, input, &mut caused),
        }
        let ticks = matches!(input, Input::Tick);
        for effect in caused.iter() {
            // The wake stays last.
            if let (Effect::Wake(_), true) = (effect, ticks && (self != Self::Lies || now >= STRIKES_AT)) {
                self.adds(node, out);
            }
            self.passes(node, effect, out);
        }
    }

    /// What it does to its node that nobody sees.
    fn before(self, node: &mut Node<u32>, now: Instant, caused: &mut Effects<u32>) {
        let is_time = now >= STRIKES_AT && node.is_ready() && node.uptime(now).0 >= STRIKES_AT.as_micros();
        match self {
            Self::LeavesUntold if is_time && node.count(Status::Leave) == 0 => {
                node.handle(now, Input::Command { id: UNTOLD, command: Command::Leave }, caused);
            }
            Self::StopsProbing if is_time && !node.is_stopped() => {
                node.handle(now, Input::Command { id: UNTOLD, command: Command::GossipStop }, caused);
            }
            Self::Forgets if is_time => {
                let config =
                    Config::try_from(Options { app: node.app().into(), ..Options::lan() }).expect("the preset works");
                let wall = UnixMillis(node.incarnation().get() + 1);
                *node = Node::new(config, node.local(), Boot { now, wall, seed: 1 });
                let command = Command::Bootstrap(BootstrapOptions::default());
                node.handle(now, Input::Command { id: UNTOLD, command }, caused);
            }
            _ => {}
        }
    }

    fn ignores(self, kind: Kind<u32>) -> bool {
        self == Self::IgnoresAcks && matches!(kind, Kind::Ack { .. })
    }

    /// What becomes of an effect of its node.
    fn passes(self, node: &Node<u32>, effect: Effect<'_, u32>, out: &mut Effects<u32>) {
        match (self, effect) {
            (Self::HelpsSilently, Effect::Send { message: Message { kind: Kind::PingReqAnswer { .. }, .. }, .. })
            | (Self::NeverAcks, Effect::Send { message: Message { kind: Kind::Ack { .. }, .. }, .. })
            | (Self::NeverReplies, Effect::Send { channel: Channel::Reply(_), .. })
            | (Self::StopsTimers, Effect::Wake(_)) => {}
            (Self::IsCapricious, Effect::Send { message: Message { kind: Kind::Gossip, .. }, .. })
                if mix64(CAPRICE.fetch_add(1, Ordering::Relaxed)).is_multiple_of(3) => {}
            (Self::RepliesTwice, Effect::Send { channel: Channel::Reply(_), .. }) => {
                out.push(effect);
                out.push(effect);
            }
            (_, Effect::Send { to, channel, message }) => {
                let changes = self.tells(node, &message);
                let incarnation = match self {
                    Self::LowersIncarnation => lower(message.incarnation),
                    _ => message.incarnation,
                };
                let message = Message { incarnation, changes: changes.as_changes(), ..message };
                out.push(Effect::Send { to, channel, message });
            }
            (_, effect) => out.push(effect),
        }
    }

    /// The changes that a message carries in the end.
    fn tells(self, node: &Node<u32>, message: &Message<'_, u32>) -> ChangeList<u32> {
        let own = |change: &Change<'_, u32>| change.address == node.local();
        let changes = message.changes.iter();
        match self {
            // Until it first refutes something, what it says of itself is how it joined.
            Self::DropsRefutations if node.counters().refutations > 0 => {
                changes.filter(|change| !own(change)).collect()
            }
            Self::HoardsChanges if matches!(message.kind, Kind::Ack { .. }) => ChangeList::new(),
            Self::OverfillsDatagrams if message.kind == Kind::Gossip => {
                changes.flat_map(|change| std::iter::repeat_n(change, 200)).collect()
            }
            _ => changes.collect(),
        }
    }

    /// What it sends besides, with each tick.
    fn adds(self, node: &Node<u32>, out: &mut Effects<u32>) {
        let others = || node.listed().filter(|member| member.address != node.local());
        let held = |status: Status| others().filter(move |member| member.status == status);
        let told: ChangeList<u32> = match self {
            Self::ForwardsAccusations => held(Status::Suspect).map(|member| claim(node, member)).collect(),
            Self::RevivesTombstones => held(Status::Tombstone)
                .map(|member| {
                    let incarnation = member.incarnation.next();
                    Change { incarnation, status: Status::Alive, ..claim(node, member) }
                })
                .collect(),
            Self::Chatters | Self::Floods => ChangeList::new(),
            Self::Lies => {
                let makers: Vec<_> =
                    others().map(|maker| Source { address: maker.address, incarnation: maker.incarnation }).collect();
                let shift = 1 + node.counters().pings_sent as usize % makers.len().max(2);
                let maker = |number: usize| makers[(number + shift) % makers.len()];
                let lie = |(number, member)| Change {
                    status: Status::Faulty,
                    source: Some(maker(number)),
                    ..claim(node, member)
                };
                others().enumerate().map(lie).collect()
            }
            _ => return,
        };
        let times = match self {
            Self::Floods => 20,
            Self::Chatters => 1,
            _ => usize::from(!told.is_empty()),
        };
        // A list of lies is longer than a datagram.
        let told: Vec<_> = told.as_changes().iter().collect();
        let mut parts: Vec<ChangeList<u32>> = told.chunks(PART).map(|part| part.iter().copied().collect()).collect();
        parts.resize_with(parts.len().max(1), ChangeList::new);
        for to in others().filter(|member| member.status == Status::Alive).flat_map(|to| std::iter::repeat_n(to, times))
        {
            for part in &parts {
                let (incarnation, checksum, changes) = (node.incarnation(), node.checksum(), part.as_changes());
                let message = Message { kind: Kind::Gossip, incarnation, checksum, changes };
                out.push(Effect::Send { to: to.address, channel: Channel::Datagram, message });
            }
        }
    }
}

/// Pings who is to be accused with each tick, and accuses and pings again with each answer.
fn lie_at_once(node: &Node<u32>, now: Instant, input: Input<'_, u32>, victims: u32, out: &mut Effects<u32>) {
    let (incarnation, checksum) = (node.incarnation(), node.checksum());
    let mut send = |to, kind, changes| {
        let message = Message { kind, incarnation, checksum, changes };
        out.push(Effect::Send { to, channel: Channel::Datagram, message });
    };
    // Who begins again while it is answered would ping ever faster, so answers to earlier beginnings are not followed.
    let since = now.as_micros() / 250_000;
    let seq = Seq(u32::MAX - since as u32);
    let ping = Kind::Ping { seq };
    let others = || node.listed().filter(|member| member.address != node.local());
    match input {
        Input::Tick if now >= STRIKES_AT => {
            others()
                .filter(|member| member.address < victims)
                .for_each(|member| send(member.address, ping, Changes::NONE));
        }
        Input::Message {
            from, message: Message { kind: Kind::Ack { seq: answered, .. }, incarnation, .. }, ..
        } if answered == seq => {
            let makers = others().filter(|maker| maker.address != from);
            let lie = |maker: Member<'_, u32>| Change {
                address: from,
                incarnation,
                status: Status::Faulty,
                source: Some(Source { address: maker.address, incarnation: maker.incarnation }),
                labels: Labels::NONE,
            };
            let told: ChangeList<u32> = makers.take(4).map(lie).collect();
            let hears = |member: &Member<'_, u32>| member.address.is_multiple_of(2) || since.is_multiple_of(40);
            others().filter(hears).for_each(|member| send(member.address, Kind::Gossip, told.as_changes()));
            send(from, ping, Changes::NONE);
        }
        _ => {}
    }
}

/// A claim of the node's own.
fn claim<'a>(node: &Node<u32>, member: Member<'a, u32>) -> Change<'a, u32> {
    let Member { address, incarnation, status, labels } = member;
    let source = Some(Source { address: node.local(), incarnation: node.incarnation() });
    Change { address, incarnation, status, source, labels }
}

fn lower(incarnation: Incarnation) -> Incarnation {
    Incarnation::new(incarnation.get() - 1).expect("it is lower than one that there is")
}

/// A checksum of addresses and incarnations only.
fn checksum_of_names(list: &mut dyn Iterator<Item = Member<'_, u32>>) -> Checksum {
    let mixed = list.map(|member| mix64(member.incarnation.get() ^ u64::from(member.address) << 50));
    Checksum(mixed.fold(0, u64::wrapping_add) as u32)
}

/// So many changes of this simulator fit into a datagram.
const PART: usize = 50;
/// Longer than any test.
const HOURS: Duration = Duration::from_secs(10 * 60 * 60);
/// When those strike that need a cluster first.
const STRIKES_AT: Instant = Instant::from_millis(20_000);
/// No command of a test has this number.
const UNTOLD: CommandId = CommandId(u64::MAX);
/// Counts over all runs of the process.
static CAPRICE: AtomicU64 = AtomicU64::new(0);
