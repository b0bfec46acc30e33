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

#[derive(Clone, Debug)]
pub(super) enum Suspicion {
    Fixed(u64),
    Lifeguard { alpha: u64, beta: u64, confirmations: u32 },
}

/// The settings that the rules name; `None` switches a rule off.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) period: u64,
    /// Whether a node can tell that it slept: not with an adaptive period.
    pub(super) sleeps: bool,
    pub(super) suspicion: Suspicion,
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
    /// The shortest suspicion among `n`, and how many confirmations make it so (R7).
    pub(super) fn shortest(&self, n: u32) -> (u64, u32) {
        assert!(n <= 10, "the logarithm of more than ten is not in the model");
        match self.suspicion {
            Suspicion::Fixed(span) => (span, 0),
            Suspicion::Lifeguard { alpha, confirmations, .. } => {
                (alpha * self.period, if n < confirmations + 2 { 0 } else { confirmations })
            }
        }
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

/// R1, R13: nothing without labels, else CRC-32, compared signed.
fn digest(labels: &[u8]) -> i32 {
    if labels.is_empty() {
        return 0;
    }
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !labels.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step)) as i32
}
