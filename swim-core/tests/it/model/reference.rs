//! The reference: what a list must say, written from the rules and not from the code. It knows nothing of `swim-core`.
//!
//! Per subject it holds the maximum over the claims that it was given, in the order of (incarnation, status, label
//! digest) (R1), changed by what a node may do besides: doubt (R1a), refute (R2), let things expire (R3), accuse after
//! a failed round (R4), count accusers (R7), heal (R11), leave and return (R12). Addresses are numbers, incarnations
//! and wall clocks milliseconds, moments and spans microseconds.

use std::collections::BTreeMap;

use super::claim::Status::{Alive, Faulty, Leave, Suspect, Tombstone};
use super::claim::{CEILING, Claim, INCARNATION_MAX, OWN_CEILING, Rules, Standing, Status};

/// What is held of a member, since when, and of a suspect among how many and by whom it is accused.
#[derive(Clone, Debug)]
struct Held {
    claim: Claim,
    since: u64,
    n: u32,
    accusers: Vec<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct Reference {
    rules: Rules,
    local: u32,
    pub(super) standing: Standing,
    /// The wall clock, and the moment at which it was read; and at boot.
    pub(super) wall: (u64, u64),
    boot: (u64, u64),
    list: BTreeMap<u32, Held>,
    /// Who was evicted at which incarnation, and until when that is remembered, forgotten or not; the latest last.
    pub(super) evictions: Vec<(u32, u64, u64)>,
    pinged: (u32, u64),
    /// So many rounds in a row were; none once one succeeds (R4).
    pub(super) inconclusive: u32,
    /// The next refutation far ahead of the clock, at the soonest (R2).
    next_far: u64,
    /// Until then nobody's suspicion ends, as the node has slept.
    spares_until: u64,
}

impl Reference {
    pub(super) fn new(rules: Rules, local: u32, labels: Vec<u8>, now: u64, wall: u64) -> Self {
        let incarnation = wall.min(CEILING);
        let claim = Claim { subject: local, incarnation, status: Alive, source: Some((local, incarnation)), labels };
        let list = BTreeMap::from([(local, Held { claim, since: now, n: 1, accusers: Vec::new() })]);
        let (standing, wall, evictions, pinged) = (Standing::Joining, (wall, now), Vec::new(), (local, 0));
        let (boot, inconclusive, next_far, spares_until) = (wall, 0, 0, 0);
        Self { rules, local, standing, wall, boot, list, evictions, pinged, inconclusive, next_far, spares_until }
    }

    /// What is held of everyone, in the order of addresses.
    pub(super) fn list(&self) -> impl Iterator<Item = &Claim> {
        self.list.values().map(|held| &held.claim)
    }

    pub(super) fn held(&self, subject: u32) -> Option<&Claim> {
        self.list.get(&subject).map(|held| &held.claim)
    }

    /// The incarnation at which a member was evicted, while that is remembered (R3).
    pub(super) fn evicted(&self, now: u64, subject: u32) -> Option<u64> {
        self.evictions.iter().rev().find(|(who, _, until)| *who == subject && *until > now).map(|(_, at, _)| *at)
    }

    /// The soonest moment at which something expires.
    pub(super) fn next_expiry(&self) -> Option<u64> {
        self.list.values().filter_map(|held| self.expiry(held)).min()
    }

    /// Probes, gossips, syncs and heals: a member, also one that left.
    pub(super) fn is_active(&self) -> bool {
        matches!(self.standing, Standing::Member | Standing::Left)
    }

    /// One claim arrives.
    pub(super) fn hear(&mut self, now: u64, claim: &Claim) {
        if claim.subject == self.local {
            return self.hear_of_oneself(now, claim);
        }
        let Some(held) = self.list.get(&claim.subject) else {
            // R1: no stranger is a tombstone. R3: what was evicted comes back under a higher incarnation only.
            let remembered = self.evicted(now, claim.subject).is_some_and(|evicted| claim.incarnation <= evicted);
            if claim.status != Tombstone && !remembered && !self.is_absurd(now, claim) {
                self.record(now, claim.clone());
            }
            return;
        };
        if claim.incarnation > held.claim.incarnation && self.is_absurd(now, claim) {
            return;
        }
        let claim = self.doubt(now, held, claim);
        if claim.rank() > held.claim.rank() {
            self.record(now, claim);
        } else if claim.state() == held.claim.state() && claim.status == Suspect {
            self.confirm(&claim);
        }
    }

    /// R1a: that a member is dead is an accusation, unless it says itself that it leaves, or was suspected at that
    /// incarnation for the shortest suspicion already. Nor is a departure a death before the longest has passed.
    fn doubt(&self, now: u64, held: &Held, claim: &Claim) -> Claim {
        let dead = !(claim.status.is_pingable() || claim.status == Leave && claim.is_own());
        let stands = |span: u64| held.claim.incarnation == claim.incarnation && now >= held.since + span;
        let doubted = match held.claim.status {
            _ if !self.rules.doubts || !dead || claim.state() < held.claim.state() => claim.status,
            Suspect if stands(self.rules.shortest) => claim.status,
            Leave if stands(self.rules.longest().min(self.rules.leave.unwrap_or(0))) => claim.status,
            Leave if stands(0) => Leave,
            Faulty | Tombstone => claim.status,
            Alive | Suspect | Leave => Suspect,
        };
        Claim { status: doubted, ..claim.clone() }
    }

    /// R2: too far ahead of the clock, or with too little room to refute; what a member says of itself, and that one
    /// is alive, reaches further.
    fn is_absurd(&self, now: u64, claim: &Claim) -> bool {
        let own = claim.status == Alive || claim.is_own();
        if own { self.is_beyond(now, claim, 2, OWN_CEILING) } else { self.is_beyond(now, claim, 1, CEILING) }
    }

    fn is_beyond(&self, now: u64, claim: &Claim, times: u64, ceiling: u64) -> bool {
        let latest = self.rules.limit_ms.map_or(u64::MAX, |limit| self.wall(now) + times * limit);
        claim.incarnation > ceiling.min(latest)
    }

    /// R2: what would win is refuted; one stays as one is, under a higher incarnation. What reaches further than others
    /// may accuse is refuted once a second.
    fn hear_of_oneself(&mut self, now: u64, claim: &Claim) {
        let own = self.list[&self.local].claim.clone();
        let refutes = !matches!(self.standing, Standing::Evicted | Standing::Destroyed);
        let far = self.is_beyond(now, claim, 1, CEILING);
        let too_soon = far && now < self.next_far;
        if refutes && claim.rank() > own.rank() && !self.is_beyond(now, claim, 2, OWN_CEILING) && !too_soon {
            self.next_far = if far { now + 1_000_000 } else { self.next_far };
            self.reincarnate(now, own, claim.incarnation);
        }
    }

    /// R2: no clock that jumped ahead since boot makes a node unbelievable.
    fn reincarnate(&mut self, now: u64, own: Claim, claimed: u64) {
        let credible = self.rules.limit_ms.map_or(CEILING, |limit| self.boot.0 + (now - self.boot.1) / 1000 + limit);
        let at = self.wall(now).min(credible).min(CEILING).max(own.incarnation.max(claimed) + 1).min(INCARNATION_MAX);
        self.record(now, Claim { incarnation: at, source: Some((self.local, at)), ..own });
    }

    /// R12, R13: another status, or other labels, of one's own.
    pub(super) fn change_oneself(&mut self, now: u64, status: Option<Status>, labels: Option<Vec<u8>>) {
        let own = self.list[&self.local].claim.clone();
        if labels.as_ref() != Some(&own.labels) {
            let (status, labels) = (status.unwrap_or(own.status), labels.unwrap_or(own.labels));
            self.reincarnate(now, Claim { status, labels, ..own }, 0);
        }
    }

    fn record(&mut self, now: u64, claim: Claim) {
        let subject = claim.subject;
        if let Some(held) = self.list.get_mut(&subject).filter(|held| held.claim.state() == claim.state()) {
            // Labels alone move no timer, and accuse nobody.
            held.claim = claim;
            return;
        }
        let accusers = claim.source.iter().map(|(maker, _)| *maker).collect();
        self.list.insert(subject, Held { claim, since: now, n: 0, accusers });
        let n = self.pingable() + 1;
        self.list.get_mut(&subject).expect("it was put there").n = n;
    }

    /// How many others are.
    fn pingable(&self) -> u32 {
        self.list().filter(|held| held.subject != self.local && held.status.is_pingable()).count() as u32
    }

    /// R7: one more accuser, who is pingable and not the suspect; the first name of a suspicion confirms nothing.
    fn confirm(&mut self, claim: &Claim) {
        let Some((maker, _)) = claim.source.filter(|_| !claim.is_own()) else { return };
        let pingable = maker == self.local || self.held(maker).is_some_and(|held| held.status.is_pingable());
        let wanted = self.rules.confirmations(self.list[&claim.subject].n);
        let held = self.list.get_mut(&claim.subject).expect("it is suspected");
        if pingable && !held.accusers.contains(&maker) && held.accusers.len() as u32 <= wanted {
            held.accusers.push(maker);
            held.claim.source = if held.accusers.len() > 1 { claim.source } else { held.claim.source };
        }
    }

    /// R3: when what is held of a member runs out.
    fn expiry(&self, held: &Held) -> Option<u64> {
        let span = match held.claim.status {
            _ if held.claim.subject == self.local => return None,
            Alive => return None,
            Suspect => self.rules.suspicion(held.n, held.accusers.len()),
            Faulty => self.rules.faulty,
            Leave => self.rules.leave?,
            Tombstone => self.rules.tombstone,
        };
        Some(held.since + span)
    }

    /// Any input, so late after what the node wanted: who slept has heard nobody, so for a period nobody is declared dead.
    pub(super) fn came_late(&mut self, now: u64, lateness: u64) {
        let slept = self.rules.sleeps && lateness > self.rules.period;
        self.spares_until = if slept { now + self.rules.period } else { self.spares_until };
    }

    /// R3: all that is due moves on. A node that slept itself gives suspects the time by which they are late, and one
    /// more period, stretched by its `health` (R8).
    pub(super) fn tick(&mut self, now: u64, health: u64) {
        let more = (now < self.spares_until).then_some(self.rules.period * (health + 1));
        let due = self.list.values().filter_map(|held| Some((held.claim.subject, self.expiry(held)?)));
        for (subject, at) in due.filter(|(_, at)| *at <= now).collect::<Vec<_>>() {
            let held = self.list.get_mut(&subject).expect("it is due");
            match (held.claim.status, more) {
                (Suspect, Some(more)) => held.since += now - at + more,
                (Suspect, None) => self.declare(now, subject, Faulty),
                (Tombstone, _) => {
                    let eviction = (subject, held.claim.incarnation, now + self.rules.faulty);
                    self.evictions.extend(self.rules.remembers_evicted.then_some(eviction));
                    self.list.remove(&subject);
                }
                _ => self.declare(now, subject, Tombstone),
            }
        }
    }

    /// The node's own word on another, at the incarnation that it knows.
    fn declare(&mut self, now: u64, subject: u32, status: Status) {
        let source = Some((self.local, self.list[&self.local].claim.incarnation));
        self.record(now, Claim { status, source, ..self.list[&subject].claim.clone() });
    }

    pub(super) fn reap(&mut self, now: u64) {
        let faulty = self.list().filter(|held| held.status == Faulty && held.subject != self.local);
        let faulty: Vec<_> = faulty.map(|held| held.subject).collect();
        faulty.into_iter().for_each(|subject| self.declare(now, subject, Tombstone));
    }

    /// R4: a round begins with a ping to this member.
    pub(super) fn ping(&mut self, target: u32) {
        self.pinged = (target, self.list[&target].claim.incarnation);
    }

    /// R4: nobody reached it. Where all helpers were silent nobody is accused, so many times in a row.
    pub(super) fn round_failed(&mut self, now: u64, helpers: usize, silent: usize) {
        let inconclusive = helpers > 0 && silent == helpers;
        self.inconclusive = if inconclusive { self.inconclusive + 1 } else { 0 };
        if inconclusive && self.inconclusive <= self.rules.inconclusive_max {
            return;
        }
        let source = Some((self.local, self.list[&self.local].claim.incarnation));
        match self.held(self.pinged.0).filter(|held| held.incarnation <= self.pinged.1).cloned() {
            Some(held) if held.status == Alive => self.declare(now, held.subject, Suspect),
            Some(held) if held.status == Suspect => self.confirm(&Claim { source, ..held }),
            _ => {}
        }
    }

    /// R11: the list of the other side. Returns who of it must be suspected there; while anyone must be suspected on
    /// either side, nothing else is merged.
    pub(super) fn heal(&mut self, now: u64, theirs: &[Claim]) -> Vec<Claim> {
        let blocks = |status| matches!(status, Faulty | Tombstone) || (status == Leave && !self.rules.doubts);
        let suspect = |of: &Claim, incarnation| Claim { incarnation, status: Suspect, source: None, ..of.clone() };
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for their in theirs {
            match (self.held(their.subject), self.evicted(now, their.subject)) {
                // What one says of oneself wins there as it is.
                (Some(our), _) if their.subject == self.local && blocks(our.status) => {}
                (Some(our), _) if their.status.is_pingable() && blocks(our.status) && our.state() > their.state() => {
                    there.push(suspect(their, our.incarnation));
                }
                (Some(our), _) if our.status.is_pingable() && blocks(their.status) && their.state() > our.state() => {
                    here.push(suspect(our, their.incarnation));
                }
                // Who was evicted here has to come back under an incarnation that is accepted (R3).
                (None, Some(evicted)) if their.status.is_pingable() && their.incarnation <= evicted => {
                    there.push(suspect(their, evicted));
                }
                _ => {}
            }
        }
        let merged = if here.is_empty() && there.is_empty() { theirs } else { &here };
        merged.iter().for_each(|claim| self.hear(now, claim));
        there
    }

    fn wall(&self, now: u64) -> u64 {
        self.wall.0 + (now - self.wall.1) / 1000
    }
}
