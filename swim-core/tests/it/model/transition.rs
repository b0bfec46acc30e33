//! What can happen to a cluster in one step. Every step means something in every state (numbers are taken modulo what
//! there is), so that a failing story can be made shorter without becoming another one.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::claim::Status;

#[derive(Clone, Debug)]
pub(super) enum Transition {
    /// A process starts; one that ran at the address before has crashed.
    Boot {
        at: u32,
        clock: Clock,
    },
    Bootstrap {
        at: u32,
        hosts: Hosts,
    },
    Crash {
        at: u32,
    },
    /// The host wants something.
    Order {
        at: u32,
        order: Order,
    },
    /// The wall clock jumps.
    Wall {
        at: u32,
        clock: Clock,
    },
    /// One letter of those in flight arrives, now.
    Deliver {
        letter: u8,
    },
    /// It arrives, and stays in flight.
    Duplicate {
        letter: u8,
    },
    Drop {
        letter: u8,
    },
    /// It is lost, and the sender's transport says so.
    Refuse {
        letter: u8,
    },
    /// All that is in flight arrives.
    DeliverAll,
    /// A peer says what no honest node says.
    Forge {
        from: u32,
        to: u32,
        way: Way,
        claims: Vec<Forged>,
    },
    /// From now on letters between the two sides are lost; a bit says on which side a node is.
    Cut {
        sides: u8,
    },
    Mend,
    /// A tick that nobody asked for.
    Tick {
        at: u32,
    },
    /// Time passes, with all that is due meanwhile.
    Run {
        span: Span,
    },
    /// ... to a microsecond before something expires somewhere, or is forgotten; all nodes tick.
    AlmostExpire,
    /// ... to that moment.
    Expire,
    /// Time passes and nobody is there; then all nodes tick, late.
    Sleep {
        span: Span,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Leave,
    Rejoin,
    SelfEvict,
    Labels(u8),
    Reap,
    Heal { target: u32 },
    Search,
    Round,
    Start,
    Stop,
    Destroy,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Clock {
    Right,
    Behind,
    Ahead,
    FarAhead,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Hosts {
    All,
    OneselfOnly,
    Unknown,
}

/// By what message forged claims come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Gossip,
    Ping,
    PingReq,
    Join,
    OtherApp,
    Sync,
    HealSuspect,
    HealMerge,
    /// An answer to nothing.
    Ack,
}

/// A forged claim. Its incarnation is near one that matters to the receiver.
#[derive(Clone, Debug)]
pub(super) struct Forged {
    pub(super) subject: u32,
    pub(super) near: Near,
    pub(super) offset: i64,
    pub(super) status: Status,
    pub(super) maker: Maker,
    pub(super) labels: u8,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Near {
    /// What the receiver knows of the subject, or remembers of it.
    Known,
    Wall,
    /// The furthest accusation that is accepted.
    Limit,
    /// The furthest claim of one's own that is accepted.
    OwnLimit,
    Ceiling,
    OwnCeiling,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Maker {
    Nobody,
    Subject,
    Peer(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Span {
    Micro,
    Millis(u64),
    HalfPeriod,
    Periods(u64),
    /// The shortest suspicion.
    Suspicion,
    Faulty,
    Tombstone,
    Day,
}

/// Addresses from 1 to this; beyond the nodes of a case they are forged peers.
pub(super) const ADDRESSES: u32 = 8;

impl Transition {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let at = 1..=5u32;
        let letter = any::<u8>();
        let forged = (address(), address(), Way::any(), vec(Forged::any(), 1..4))
            .prop_map(|(from, to, way, claims)| Self::Forge { from, to, way, claims });
        let process = prop_oneof![
            3 => (at.clone(), Clock::any()).prop_map(|(at, clock)| Self::Boot { at, clock }),
            3 => (at.clone(), Hosts::any()).prop_map(|(at, hosts)| Self::Bootstrap { at, hosts }),
            1 => at.clone().prop_map(|at| Self::Crash { at }),
            1 => (at.clone(), Clock::any()).prop_map(|(at, clock)| Self::Wall { at, clock }),
        ];
        let letters = prop_oneof![
            4 => letter.prop_map(|letter| Self::Deliver { letter }),
            1 => letter.prop_map(|letter| Self::Duplicate { letter }),
            1 => letter.prop_map(|letter| Self::Drop { letter }),
            1 => letter.prop_map(|letter| Self::Refuse { letter }),
            2 => Just(Self::DeliverAll),
        ];
        let time = prop_oneof![
            4 => Span::any().prop_map(|span| Self::Run { span }),
            2 => Just(Self::AlmostExpire),
            4 => Just(Self::Expire),
            2 => Span::any().prop_map(|span| Self::Sleep { span }),
            1 => at.clone().prop_map(|at| Self::Tick { at }),
        ];
        prop_oneof![
            12 => forged,
            2 => process,
            5 => (at, Order::any()).prop_map(|(at, order)| Self::Order { at, order }),
            4 => letters,
            1 => any::<u8>().prop_map(|sides| Self::Cut { sides }),
            1 => Just(Self::Mend),
            8 => time,
        ]
    }
}

fn address() -> impl Strategy<Value = u32> {
    1..=ADDRESSES
}

impl Order {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            3 => Just(Self::Leave),
            3 => Just(Self::Rejoin),
            1 => Just(Self::SelfEvict),
            2 => (0..4u8).prop_map(Self::Labels),
            2 => Just(Self::Reap),
            3 => address().prop_map(|target| Self::Heal { target }),
            1 => Just(Self::Search),
            4 => Just(Self::Round),
            1 => Just(Self::Start),
            1 => select(vec![Self::Stop, Self::Stop, Self::Stop, Self::Destroy]),
        ]
    }
}

impl Clock {
    fn any() -> impl Strategy<Value = Self> {
        select(vec![Self::Right, Self::Right, Self::Behind, Self::Ahead, Self::FarAhead])
    }
}

impl Hosts {
    fn any() -> impl Strategy<Value = Self> {
        select(vec![Self::All, Self::All, Self::All, Self::OneselfOnly, Self::Unknown])
    }
}

impl Way {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            6 => Just(Self::Gossip),
            2 => Just(Self::Ping),
            1 => Just(Self::PingReq),
            1 => select(vec![Self::Join, Self::OtherApp, Self::Ack]),
            1 => Just(Self::Sync),
            1 => select(vec![Self::HealSuspect, Self::HealMerge]),
        ]
    }
}

impl Forged {
    fn any() -> impl Strategy<Value = Self> {
        let near = prop_oneof![
            12 => Just(Near::Known),
            1 => Just(Near::Wall),
            1 => select(vec![Near::Limit, Near::OwnLimit, Near::Ceiling, Near::OwnCeiling]),
        ];
        let offset = prop_oneof![6 => Just(0i64), 3 => Just(1i64), 3 => -2..=2i64, 1 => -100_000..=100_000i64];
        let status = select(vec![
            Status::Alive,
            Status::Suspect,
            Status::Suspect,
            Status::Faulty,
            Status::Leave,
            Status::Tombstone,
        ]);
        let maker =
            prop_oneof![1 => Just(Maker::Nobody), 2 => Just(Maker::Subject), 4 => address().prop_map(Maker::Peer)];
        let labels = prop_oneof![4 => Just(0u8), 1 => 1..4u8];
        (address(), near, offset, status, maker, labels).prop_map(|(subject, near, offset, status, maker, labels)| {
            Self { subject, near, offset, status, maker, labels }
        })
    }
}

impl Span {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            1 => Just(Self::Micro),
            2 => (1..20u64).prop_map(Self::Millis),
            2 => Just(Self::HalfPeriod),
            3 => (1..6u64).prop_map(Self::Periods),
            2 => Just(Self::Suspicion),
            1 => Just(Self::Faulty),
            1 => Just(Self::Tombstone),
            1 => Just(Self::Day),
        ]
    }
}
