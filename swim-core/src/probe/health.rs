//! Local health (R8, Lifeguard IV-A): a node that has trouble blames itself first, and slows down.

use crate::time::Micros;

/// A score from 0, healthy, up to a maximum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalHealth {
    score: u32,
    max: u32,
}

impl LocalHealth {
    pub(crate) const fn new(max: u32) -> Self {
        Self { score: 0, max }
    }

    #[inline]
    pub(crate) const fn score(self) -> u32 {
        self.score
    }

    /// Raises the score; returns whether it changed.
    pub(crate) fn worsen(&mut self, by: u32) -> bool {
        let old = self.score;
        self.score = (self.score + by).min(self.max);
        self.score != old
    }

    /// Lowers the score by one; returns whether it changed.
    #[inline]
    pub(crate) fn improve(&mut self) -> bool {
        let old = self.score;
        self.score = self.score.saturating_sub(1);
        self.score != old
    }

    /// A period or timeout times score + 1.
    #[inline]
    pub(crate) const fn stretch(self, span: Micros) -> Micros {
        span.times(self.score as u64 + 1)
    }
}
