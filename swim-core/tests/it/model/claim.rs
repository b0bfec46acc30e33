//! What the reference speaks of: claims and the order between them (R1), and the settings that the rules name. Nothing
//! of `swim-core` is in it.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Alive,
    Suspect,
    Faulty,
    Leave,
    Tombstone,
}

impl Status {
    pub(super) fn is_pingable(self) -> bool {
        matches!(self, Self::Alive | Self::Suspect)
    }
}

/// What somebody says of a member; `source` is who, and at which incarnation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) subject: u32,
    pub(super) incarnation: u64,
    pub(super) status: Status,
    pub(super) source: Option<(u32, u64)>,
    pub(super) labels: Vec<u8>,
}

impl Claim {
    pub(super) fn state(&self) -> (u64, Status) {
        (self.incarnation, self.status)
    }

    /// What R1 compares.
    pub(super) fn rank(&self) -> (u64, Status, i32) {
        (self.incarnation, self.status, digest(&self.labels))
    }

    pub(super) fn is_own(&self) -> bool {
        self.source.is_some_and(|(maker, _)| maker == self.subject)
    }
}

/// The settings that the rules name; `None` switches a rule off.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) period: u64,
    /// Whether a node can tell that it slept: not with an adaptive period.
    pub(super) sleeps: bool,
    /// How long a suspicion lasts that enough others confirm (R7).
    pub(super) shortest: u64,
    /// How many times as long it can last.
    pub(super) beta: u64,
    pub(super) confirmations: u32,
    pub(super) faulty: u64,
    pub(super) leave: Option<u64>,
    pub(super) tombstone: u64,
    pub(super) limit_ms: Option<u64>,
    /// Whether evicted members are remembered (R3); how many at most is not in the model.
    pub(super) remembers_evicted: bool,
    pub(super) inconclusive_max: u32,
    /// Whether a death by hearsay is an accusation (R1a); where it is believed, a Leave stands in the way of healing.
    pub(super) doubts: bool,
}

impl Rules {
    /// How many confirmations make a suspicion among `n` the shortest (R7).
    pub(super) fn confirmations(&self, n: u32) -> u32 {
        assert!(n <= 10, "the logarithm of more than ten is not in the model");
        if n < self.confirmations + 2 { 0 } else { self.confirmations }
    }

    /// How long a suspicion can last (R7).
    pub(super) fn longest(&self) -> u64 {
        self.beta * self.shortest
    }

    /// How long a suspicion among `n` lasts with so many accusers (R7); the share of the confirmations is kept to 2^-16.
    pub(super) fn suspicion(&self, n: u32, accusers: usize) -> u64 {
        let wanted = self.confirmations(n);
        if wanted == 0 {
            return self.shortest;
        }
        let share = (accusers.max(1) as f64).ln() / f64::from(wanted + 1).ln() * 65_536.0;
        self.longest() - (((self.longest() - self.shortest) * share as u64) >> 16)
    }
}

/// Where a node stands in its own cluster (R12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Joining,
    Member,
    Left,
    Evicted,
    Destroyed,
}

/// 50 bits; accusations end 2^20 below, what a member says of itself 2^19 below (R2).
pub(super) const INCARNATION_MAX: u64 = (1 << 50) - 1;
pub(super) const CEILING: u64 = INCARNATION_MAX - (1 << 20);
pub(super) const OWN_CEILING: u64 = INCARNATION_MAX - (1 << 19);

/// R1, R13: CRC-32, compared signed; without labels that is 0.
fn digest(labels: &[u8]) -> i32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !labels.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step)) as i32
}
