//! Suspicion (R7, Lifeguard IV-B): how long a suspect has to refute; the less, the more members accuse it.

use crate::address::Address;
use crate::config::SuspicionSettings;
use crate::fingerprint::Fingerprint;
use crate::fixed;
use crate::memberlist::{Slot, SlotMap};
use crate::split::Split;
use crate::time::{Instant, Micros};

/// How many accusers are told apart: the first and three confirmations.
const ACCUSERS: usize = crate::config::SuspicionTimeout::CONFIRMATIONS_MAX as usize + 1;

/// One suspicion. Accusers are told apart by sixteen bits of their hash, whatever an address takes: where half of a
/// cluster is lost every node has thousands of suspicions. Of ten thousand accusers less than one is taken for another,
/// and then does not count.
#[derive(Clone, Copy, Debug)]
struct Suspicion {
    start: Split,
    /// The shortest timeout, in milliseconds, 49 days at most; the longest is `beta` times as long.
    min_millis: u32,
    /// From the first on; those that are not there yet are zero.
    accusers: [u16; ACCUSERS],
}

impl Suspicion {
    fn start(&self) -> Instant {
        self.start.into()
    }

    fn min(&self) -> Micros {
        Micros::from_millis(self.min_millis.into())
    }

    fn soonest(&self) -> Instant {
        self.start() + self.min()
    }

    fn accuser_count(&self) -> usize {
        self.accusers.iter().take_while(|&&accuser| accuser != 0).count()
    }
}

/// When a suspicion ends if nobody refutes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// When all the accusers that are wanted were there at once.
    pub(crate) soonest: Instant,
    /// With those that are there.
    pub(crate) at: Instant,
}

/// All suspicions of a node.
#[derive(Clone)]
pub(crate) struct Suspicions {
    settings: SuspicionSettings,
    period: Micros,
    by_slot: SlotMap<Suspicion>,
}

/// What an accusation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accused {
    /// It counted: the timeout is now this.
    Confirmed(Instant),
    /// It is the first with a name, of a suspicion that began without one: it confirms nothing.
    Named,
    /// Its maker was counted before, or enough were.
    Counted,
}

impl Suspicions {
    pub(crate) const fn new(settings: SuspicionSettings, period: Micros) -> Self {
        Self { settings, period, by_slot: SlotMap::new() }
    }

    /// Starts a suspicion in a cluster of `n` pingable members, oneself included; returns the soonest moment at which it
    /// can run out.
    pub(crate) fn start<A: Address>(&mut self, now: Instant, slot: Slot, n: u32, accuser: Option<A>) -> Instant {
        let first = accuser.map_or(0, |accuser| short(&accuser));
        let (min, accusers) = match self.wanted(n) {
            (min, 0) => (min, [NOBODY_MORE; ACCUSERS]),
            (min, _) => (min, [first, 0, 0, 0]),
        };
        let min_millis = u32::try_from(min.0.div_ceil(1000)).unwrap_or(u32::MAX);
        let suspicion = Suspicion { start: now.into(), min_millis, accusers };
        self.by_slot.insert(slot, suspicion);
        suspicion.soonest()
    }

    /// All suspects, and the soonest moment at which each suspicion can run out.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, Instant)> {
        self.by_slot.iter().map(|(slot, suspicion)| (slot, suspicion.soonest()))
    }

    /// Whether an accuser would count: it was not counted yet, and more are wanted.
    #[inline]
    pub(crate) fn wants<A: Address>(&self, slot: Slot, accuser: &A) -> bool {
        self.by_slot.get(slot).is_some_and(|suspicion| self.place(suspicion, short(accuser)).is_some())
    }

    /// Counts an accuser that was not counted yet.
    pub(crate) fn confirm<A: Address>(&mut self, slot: Slot, accuser: &A) -> Accused {
        let Some(mut suspicion) = self.by_slot.get(slot).copied() else { return Accused::Counted };
        let Some(place) = self.place(&suspicion, short(accuser)) else { return Accused::Counted };
        suspicion.accusers[place] = short(accuser);
        self.by_slot.insert(slot, suspicion);
        if place == 0 { Accused::Named } else { Accused::Confirmed(self.deadline(&suspicion)) }
    }

    /// Where an accuser is to be written, if it counts.
    fn place(&self, suspicion: &Suspicion, accuser: u16) -> Option<usize> {
        let known = suspicion.accuser_count();
        let counts = known <= self.confirmations() && !suspicion.accusers[..known].contains(&accuser);
        counts.then_some(known)
    }

    /// When the suspicion of a member ends.
    pub(crate) fn ends(&self, slot: Slot) -> Option<Ends> {
        let suspicion = self.by_slot.get(slot)?;
        Some(Ends { soonest: suspicion.soonest(), at: self.deadline(suspicion) })
    }

    /// Whether a member has been suspected for the shortest timeout already (R1a).
    pub(crate) fn is_ripe(&self, now: Instant, slot: Slot) -> bool {
        self.by_slot.get(slot).is_some_and(|suspicion| now >= suspicion.soonest())
    }

    /// The longest that a suspicion lasts in a cluster of `n` pingable members, oneself included.
    pub(crate) fn longest(&self, n: u32) -> Micros {
        let (min, _) = self.wanted(n);
        min.times(self.beta())
    }

    /// The shortest timeout in a cluster of `n`, and how many confirmations make it so.
    fn wanted(&self, n: u32) -> (Micros, usize) {
        match self.settings {
            SuspicionSettings::Fixed(timeout) => (timeout, 0),
            SuspicionSettings::Lifeguard { alpha, confirmations, .. } => {
                let log = fixed::log10(n).max(1 << 16);
                let min = Micros(self.period.0.saturating_mul(alpha).saturating_mul(log) >> 16);
                // With fewer others to confirm it than wanted, waiting for them would be in vain.
                (min, if n.saturating_sub(2) < confirmations { 0 } else { confirmations as usize })
            }
        }
    }

    fn confirmations(&self) -> usize {
        match self.settings {
            SuspicionSettings::Fixed(_) => 0,
            SuspicionSettings::Lifeguard { confirmations, .. } => confirmations as usize,
        }
    }

    fn beta(&self) -> u64 {
        match self.settings {
            SuspicionSettings::Fixed(_) => 1,
            SuspicionSettings::Lifeguard { beta, .. } => beta,
        }
    }

    /// The node itself was not there for `span`: the suspect gets that much longer. Returns the soonest moment at which
    /// its suspicion can run out by now.
    pub(crate) fn postpone(&mut self, slot: Slot, span: Micros) -> Option<Instant> {
        let suspicion = self.by_slot.get_mut(slot)?;
        suspicion.start = (suspicion.start() + span).into();
        Some(suspicion.soonest())
    }

    pub(crate) fn end(&mut self, slot: Slot) {
        self.by_slot.remove(slot);
    }

    pub(crate) fn len(&self) -> usize {
        self.by_slot.len()
    }

    /// From `max` down to `min` with the logarithm of the confirmations, `log(c + 1) / log(K + 1)`.
    fn deadline(&self, suspicion: &Suspicion) -> Instant {
        let min = suspicion.min();
        let max = min.times(self.beta());
        let wanted = self.confirmations() as u32;
        let confirmations = (suspicion.accuser_count() as u32).saturating_sub(1);
        if confirmations >= wanted {
            return suspicion.soonest();
        }
        let share = (fixed::log2(confirmations + 1) << 16) / fixed::log2(wanted + 1);
        let cut = ((u128::from((max - min).0) * u128::from(share)) >> 16) as u64;
        suspicion.start() + (max - Micros(cut))
    }
}

impl Suspicions {
    /// Takes in who is suspected since when, and by whom.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self { settings: _, period: _, by_slot } = self;
        print.word(by_slot.len() as u64);
        for (slot, suspicion) in by_slot.iter() {
            let Suspicion { start, min_millis, accusers } = suspicion;
            print.word(u64::from(slot.0) << 32 | u64::from(*min_millis));
            print.moment((*start).into());
            accusers.iter().for_each(|accuser| print.word((*accuser).into()));
        }
    }
}

/// Stands in the place of accusers where none are wanted.
const NOBODY_MORE: u16 = u16::MAX;

/// What an accuser is told apart by; never zero.
fn short<A: Address>(accuser: &A) -> u16 {
    (accuser.hash(0) as u16).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Slot = Slot(1);

    fn suspicions(n: u32, accuser: Option<u32>) -> (Suspicions, Instant) {
        let lifeguard = SuspicionSettings::Lifeguard { alpha: 4, beta: 6, confirmations: 3 };
        let mut suspicions = Suspicions::new(lifeguard, Micros::from_millis(1000));
        suspicions.start(Instant::ZERO, SLOT, n, accuser);
        let deadline = suspicions.ends(SLOT).unwrap().at;
        (suspicions, deadline)
    }

    fn millis(deadline: Instant) -> u64 {
        deadline.as_micros() / 1000
    }

    #[test]
    fn each_new_accuser_shortens_the_timeout_from_the_longest_to_the_shortest() {
        let (mut suspicions, first) = suspicions(100, Some(1));
        assert_eq!(millis(first), 48_000);
        let Accused::Confirmed(second) = suspicions.confirm(SLOT, &2u32) else { panic!() };
        // One of three confirmations: log 2 / log 4 is a half.
        assert_eq!(millis(second), 28_000);
        assert_eq!(suspicions.confirm(SLOT, &2u32), Accused::Counted);
        assert_eq!(suspicions.confirm(SLOT, &1u32), Accused::Counted);
        suspicions.confirm(SLOT, &3u32);
        let Accused::Confirmed(last) = suspicions.confirm(SLOT, &4u32) else { panic!() };
        assert_eq!(millis(last), 8_000);
        assert_eq!(suspicions.confirm(SLOT, &5u32), Accused::Counted);
    }

    #[test]
    fn a_claim_without_a_maker_accuses_nobody() {
        let (mut suspicions, deadline) = suspicions(100, None);
        assert_eq!(millis(deadline), 48_000);
        // The first accuser with a name is the first accuser, not a confirmation.
        assert_eq!(suspicions.confirm(SLOT, &2u32), Accused::Named);
        assert_eq!(suspicions.ends(SLOT).map(|ends| ends.at), Some(deadline));
    }

    #[test]
    fn where_too_few_are_left_to_confirm_the_timeout_is_the_shortest() {
        assert_eq!(millis(suspicions(4, Some(1)).1), 4_000);
        assert!(millis(suspicions(5, Some(1)).1) > 20_000);
    }

    #[test]
    fn a_suspicion_is_ripe_after_the_shortest_timeout() {
        let (suspicions, _) = suspicions(10, Some(1));
        assert!(!suspicions.is_ripe(Instant::from_millis(3_999), SLOT));
        assert!(suspicions.is_ripe(Instant::from_millis(4_000), SLOT));
    }
}
