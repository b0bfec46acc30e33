//! What a hunt finds.

use std::fmt;

use swim_core::Instant;

/// Something that must not happen did, or something that must happen did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// Which kind of thing.
    pub kind: FindKind,
    /// Which checker saw it.
    pub checker: String,
    /// What it saw.
    pub reason: String,
    /// The number of the event in the run.
    pub event: u64,
    /// When, in the time of the run.
    pub at: Instant,
}

/// Kinds of finds, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindKind {
    /// Something did not happen in time that must.
    Liveness,
    /// Something happened that must not.
    Safety,
    /// A node panicked.
    Crash,
}

impl FindKind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Safety => "safety",
            Self::Liveness => "liveness",
        }
    }
}

impl Find {
    /// Whether another find is of the same kind and by the same checker: then it is taken for the same mistake. Which of
    /// the properties of liveness is lacking first is a matter of luck.
    pub fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind && (self.kind == FindKind::Liveness || self.checker == other.checker)
    }
}

impl fmt::Display for Find {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, checker, reason, event, at } = self;
        write!(f, "{}: checker {checker}, event {event} at {at}: {reason}", kind.name())
    }
}
