//! The timers of a node: a handful, each owned by one part, and the one deadline that the host sees.
//!
//! Timers that are due together fire in the order of the enum: what is known of members first, answers owed to
//! others next, then what the node does by itself. A timer never fires twice at one `now`.

use crate::fingerprint::Fingerprint;
use crate::time::Instant;

/// One timer, and the part that owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The next member's status runs out (R3, R7).
    Transition,
    /// A helper's answer is due (R4).
    Help,
    /// The probe's round goes on, or the next one starts (R4).
    Probe,
    /// The next gossip (R5).
    Gossip,
    /// A full sync takes too long (R6).
    Sync,
    /// The join goes on (R10).
    Join,
    /// Healing is considered, or goes on (R11).
    Heal,
    /// A departure's acknowledgements are no longer waited for (R12).
    Departure,
    /// It was quiet for long enough to report (R14).
    Rollup,
}

impl Timer {
    pub(crate) const ALL: [Self; 9] = [
        Self::Transition,
        Self::Help,
        Self::Probe,
        Self::Gossip,
        Self::Sync,
        Self::Join,
        Self::Heal,
        Self::Departure,
        Self::Rollup,
    ];
}

/// When each timer fires.
#[derive(Clone, Debug)]
pub(crate) struct Timers {
    at: [Instant; Timer::ALL.len()],
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Self { at: [Instant::NEVER; Timer::ALL.len()] }
    }

    /// Sets a timer; [`Instant::NEVER`] switches it off.
    #[inline]
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        self.at[timer as usize] = at;
    }

    /// Sets a timer that is off or later.
    #[inline]
    pub(crate) fn set_earlier(&mut self, timer: Timer, at: Instant) {
        let known = &mut self.at[timer as usize];
        *known = (*known).min(at);
    }

    #[inline]
    pub(crate) fn get(&self, timer: Timer) -> Instant {
        self.at[timer as usize]
    }

    /// The earliest of all; [`Instant::NEVER`] when all are off.
    #[inline]
    pub(crate) fn earliest(&self) -> Instant {
        self.at.iter().fold(Instant::NEVER, |earliest, &at| earliest.min(at))
    }

    /// Takes out the next timer that is due at `now`.
    #[inline]
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let timer =
            Timer::ALL.into_iter().find(|&timer| self.get(timer) <= now && self.get(timer) != Instant::NEVER)?;
        self.set(timer, Instant::NEVER);
        Some(timer)
    }
}

impl Timers {
    /// Takes in what is left until each fires.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self { at } = self;
        at.iter().for_each(|at| print.until(*at));
    }
}
