//! One node with its reference: both get every input, then their lists must be equal, and whatever the node tells must
//! be what the reference holds.
//!
//! What the reference is told of the node's own doing is what it cannot know and what does not contain the answer:
//!
//! - that an answer was unsolicited: which exchanges are under way follows from random draws. What an answer that was
//!   asked for does to the list is predicted;
//! - that a round began with a ping to somebody, and that it failed with so many helpers of whom so many were silent.
//!   Whether that accuses, at which incarnation, and what the accusation does is predicted;
//! - that the node has joined: when enough hosts have answered is no matter of the list;
//! - the local health score, and how late a tick is against the deadline that the host was told: what they do to
//!   suspicions that ran out in the node's sleep is predicted;
//! - that an exchange of healing began, with whom. What is suspected and what is merged is predicted.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use swim_core::{
    Boot, Change, Channel, ClusterId, Command, CommandId, Config, DiscoverId, Effect, Effects, Event, ExchangeMode,
    Input, Instant, Kind, Member, Message, Node, Options, Outcome, OwnedMessage, RejectReason, Ticket, UnixMillis, Via,
};

use super::claim::{Claim, Standing, Status};
use super::reference::Reference;
use super::setup::rules;

/// Where node and reference part.
#[derive(Clone, Debug)]
pub(super) struct Difference(pub(super) String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a node wants of the machine.
pub(super) enum Wish {
    Send { to: u32, channel: Channel, message: OwnedMessage<u32> },
    Hosts(DiscoverId),
}

/// What a request of healing was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Healing {
    Fetch,
    Tell,
}

pub(super) struct Twin {
    pub(super) node: Node<u32>,
    pub(super) reference: Reference,
    options: Options,
    healing: BTreeMap<Ticket, Healing>,
    departing: Option<CommandId>,
    /// Helpers of the present round that were silent.
    silent: usize,
    /// Whom the reference wants suspected on the other side (R11).
    to_spread: Vec<Claim>,
}

impl Twin {
    pub(super) fn boot(options: &Options, address: u32, boot: Boot) -> Self {
        let config = Config::try_from(options.clone()).expect("the options of a setup are valid");
        let labels = options.labels.as_labels().encoded().to_vec();
        let reference = Reference::new(rules(options), address, labels, boot.now.as_micros(), boot.wall.0);
        Self {
            node: Node::new(config, address, boot),
            reference,
            options: options.clone(),
            healing: BTreeMap::new(),
            departing: None,
            silent: 0,
            to_spread: Vec::new(),
        }
    }

    /// Gives both the input, and compares.
    pub(super) fn handle(&mut self, now: Instant, input: Input<'_, u32>) -> Result<Vec<Wish>, Difference> {
        let lateness = self.node.next_deadline().map_or(0, |at| now.since(at).0);
        let health = u64::from(self.node.local_health());
        let mut effects = Effects::new();
        // A panic is a difference as well, or no short story would be told of it.
        catch_unwind(AssertUnwindSafe(|| {
            self.node.handle(now, input, &mut effects);
            self.node.check();
        }))
        .map_err(|_| Difference(format!("node {} panics", self.node.local())))?;
        let micros = now.as_micros();
        let timers = |reference: &mut Reference| reference.tick(micros, health);
        self.reference.came_late(micros, lateness);
        let destroyed = self.reference.standing == Standing::Destroyed;
        if !destroyed {
            match input {
                Input::Message { from, via, message } => self.hear(micros, from, via, message, &effects),
                Input::Tick => timers(&mut self.reference),
                Input::Wall(UnixMillis(wall)) => self.reference.wall = (wall, micros),
                Input::Command { id, command } => self.obey(micros, id, command, &effects)?,
                Input::Undeliverable { .. } | Input::Hosts { .. } => {}
            }
        }
        let ticks = (matches!(input, Input::Tick) && !destroyed).then_some(timers);
        let wishes = self.watch(micros, &effects, ticks)?;
        self.compare(micros)?;
        Ok(wishes)
    }

    /// Which of a message's claims count.
    fn hear(&mut self, now: u64, from: u32, via: Via, message: Message<'_, u32>, effects: &Effects<u32>) {
        let claims: Vec<Claim> = message.changes.iter().map(claim).collect();
        let all = |twin: &mut Self| claims.iter().for_each(|claim| twin.reference.hear(now, claim));
        let own = |twin: &mut Self| {
            claims.iter().find(|claim| claim.subject == from).into_iter().for_each(|own| twin.reference.hear(now, own));
        };
        if from == self.node.local() {
            return;
        }
        match message.kind {
            Kind::Ping { .. } | Kind::PingReq { .. } | Kind::Gossip => all(self),
            // A joiner speaks for itself alone (R10).
            Kind::Join { app } if app == ClusterId::from_name(&self.options.app) => own(self),
            Kind::Sync { .. } if self.reference.is_active() => match self.reference.held(from) {
                None => own(self),
                // Nothing is merged across a partition but by healing (R6).
                Some(held) if held.status.is_pingable() => all(self),
                Some(_) => {}
            },
            Kind::HealSuspect | Kind::HealMerge if self.reference.is_active() => all(self),
            Kind::Ack { .. } | Kind::PingReqAnswer { .. } | Kind::List | Kind::SyncAnswer { .. } => {
                let healing = if let Via::Response(ticket) = via { self.healing.remove(&ticket) } else { None };
                match healing {
                    _ if is_unsolicited(effects) => {}
                    Some(Healing::Fetch) => self.to_spread = self.reference.heal(now, &claims),
                    Some(Healing::Tell) => {}
                    None => all(self),
                }
            }
            _ => {}
        }
    }

    /// What a command does, and whether it is refused (R12).
    fn obey(
        &mut self,
        now: u64,
        id: CommandId,
        command: Command<'_, u32>,
        effects: &Effects<u32>,
    ) -> Result<(), Difference> {
        let settled = |effect| matches!(effect, Effect::Event(Event::JoinComplete { .. }));
        if effects.iter().any(settled) {
            self.reference.standing = Standing::Member;
        }
        let standing = self.reference.standing;
        let departed = match command {
            Command::Leave => Some((Standing::Left, Status::Leave)),
            Command::SelfEvict => Some((Standing::Evicted, Status::Faulty)),
            Command::Rejoin => Some((Standing::Member, Status::Alive)),
            Command::SetLabels(labels) => {
                self.reference.change_oneself(now, None, Some(labels.as_labels().encoded().to_vec()));
                None
            }
            Command::Reap => {
                self.reference.reap(now);
                None
            }
            Command::Destroy => {
                self.reference.standing = Standing::Destroyed;
                None
            }
            _ => None,
        };
        let Some((to, status)) = departed else { return Ok(()) };
        let possible = match to {
            Standing::Left => standing == Standing::Member,
            Standing::Evicted => matches!(standing, Standing::Member | Standing::Left),
            _ => matches!(standing, Standing::Left | Standing::Evicted),
        };
        let accepted = possible && self.departing.is_none();
        let failed = |effect: Effect<'_, u32>| matches!(effect, Effect::CommandDone { id: done, outcome: Outcome::Failed(_) } if done == id);
        if effects.iter().any(failed) == accepted {
            return Err(Difference(format!("{command:?} is accepted: {accepted}, by the node it is not so")));
        }
        if accepted {
            self.reference.change_oneself(now, Some(status), None);
            self.reference.standing = to;
            self.departing = (to != Standing::Member).then_some(id);
        }
        Ok(())
    }

    /// What the node did, in the order in which it did it. A round that fails may shorten a suspicion into the past,
    /// which is then due in the same tick: after all that the round does, and before anyone is told.
    fn watch(
        &mut self,
        now: u64,
        effects: &Effects<u32>,
        timers: Option<impl Fn(&mut Reference)>,
    ) -> Result<Vec<Wish>, Difference> {
        let mut wishes = Vec::new();
        let mut attempted = None;
        for effect in effects.iter() {
            match effect {
                Effect::Event(event) => match event {
                    Event::PingSend { remote, .. } => self.reference.ping(remote),
                    Event::PingSendComplete { .. } => self.reference.inconclusive = 0,
                    Event::PingRequestSendError { .. } => self.silent += 1,
                    Event::PingRequestsSendComplete { peers, reached, .. } => {
                        let silent = std::mem::take(&mut self.silent);
                        if reached {
                            self.reference.inconclusive = 0;
                        } else {
                            self.reference.round_failed(now, peers.len(), silent);
                        }
                    }
                    Event::JoinComplete { .. } if self.reference.standing == Standing::Joining => {
                        self.reference.standing = Standing::Member;
                    }
                    Event::MakeNodeStatus { .. } => timers.iter().for_each(|timers| timers(&mut self.reference)),
                    Event::AttemptHeal { target } => attempted = Some(target),
                    _ => {}
                },
                Effect::Send { to, channel, message } => {
                    let after = if attempted == Some(to) { AfterAttempt::Yes } else { AfterAttempt::No };
                    let mut healing = None;
                    if let Channel::Request(ticket) = channel {
                        healing = healing_of(&self.options, ticket, message.kind, after);
                        if let Some(healing) = healing {
                            self.healing.insert(ticket, healing);
                            attempted = None;
                        }
                    }
                    self.check_told(healing, message)?;
                    wishes.push(Wish::Send { to, channel, message: OwnedMessage::new(message) });
                }
                Effect::Discover(id) => wishes.push(Wish::Hosts(id)),
                Effect::CommandDone { id, .. } if self.departing == Some(id) => self.departing = None,
                Effect::CommandDone { .. } | Effect::Wake(_) => {}
            }
        }
        timers.iter().for_each(|timers| timers(&mut self.reference));
        if self.to_spread.is_empty() { Ok(wishes) } else { Err(Difference(format!("untold: {:?}", self.to_spread))) }
    }
}

/// What is compared.
impl Twin {
    /// A message tells nothing but what is held, with its maker; but a healer tells suspicions of its own making (R11),
    /// and one that teaches back what was evicted gets its tombstone (R3).
    fn check_told(&mut self, healing: Option<Healing>, message: Message<'_, u32>) -> Result<(), Difference> {
        let told: Vec<Claim> = message.changes.iter().map(claim).collect();
        if healing == Some(Healing::Tell) && !self.to_spread.is_empty() {
            let expected = std::mem::take(&mut self.to_spread);
            return if told == expected {
                Ok(())
            } else {
                Err(Difference(format!("to be suspected there:\n  {expected:?}\ntold by the node:\n  {told:?}")))
            };
        }
        let owed = |told: &Claim| {
            let mut evictions = self.reference.evictions.iter();
            told.status == Status::Tombstone
                && evictions.any(|(who, at, _)| (*who, *at) == (told.subject, told.incarnation))
        };
        let held = |subject: u32| self.reference.held(subject).map(|held| self.as_told(held));
        match told.iter().find(|told| held(told.subject).as_ref() != Some(*told) && !owed(told)) {
            None => Ok(()),
            Some(told) => {
                let held = held(told.subject);
                Err(Difference(format!("told in {:?}:\n  {told:?}\nheld:\n  {held:?}", message.kind)))
            }
        }
    }

    /// What the node itself said of others it tells under its present incarnation, and what a member said of itself
    /// under that of the claim.
    fn as_told(&self, held: &Claim) -> Claim {
        let source = held.source.map(|(maker, at)| match maker {
            _ if maker == held.subject => (maker, held.incarnation),
            _ if maker == self.node.local() => (maker, self.node.incarnation().get()),
            _ => (maker, at),
        });
        Claim { source, ..held.clone() }
    }

    /// The lists are equal, and the node wants to be woken before anything expires.
    pub(super) fn compare(&self, now: u64) -> Result<(), Difference> {
        let listed: Vec<_> = self.node.members().iter().map(seen).collect();
        let expected: Vec<_> = self
            .reference
            .list()
            .map(|held| (held.subject, held.status, held.incarnation, held.labels.clone()))
            .collect();
        if listed != expected {
            let address = self.node.local();
            return Err(Difference(format!("the list of {address} is\n  {listed:?}\nand should be\n  {expected:?}")));
        }
        // What an accuser shortened into the past is due now.
        let (wake, expiry) = (self.node.next_deadline(), self.reference.next_expiry().map(|expiry| expiry.max(now)));
        let asleep = expiry.is_some_and(|expiry| wake.is_none_or(|wake| wake.as_micros() > expiry));
        if asleep && self.reference.standing != Standing::Destroyed {
            let at = self.node.local();
            return Err(Difference(format!(
                "something expires at {at} after {expiry:?} us, and it sleeps until {wake:?}"
            )));
        }
        Ok(())
    }
}

/// What a request of healing is for. Ringpop heals by joins and pings; the pings of its rounds have their numbers for
/// tickets.
fn healing_of(options: &Options, ticket: Ticket, kind: Kind<u32>, after_attempt: AfterAttempt) -> Option<Healing> {
    match kind {
        Kind::HealFetch { .. } => Some(Healing::Fetch),
        Kind::Join { .. } if after_attempt == AfterAttempt::Yes => Some(Healing::Fetch),
        Kind::HealSuspect | Kind::HealMerge => Some(Healing::Tell),
        Kind::Ping { seq } if options.exchange == ExchangeMode::Requests && ticket != Ticket(seq.0.into()) => {
            Some(Healing::Tell)
        }
        _ => None,
    }
}

/// Whether the node has just said that it attempts to heal with the receiver.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AfterAttempt {
    No,
    Yes,
}

fn is_unsolicited(effects: &Effects<u32>) -> bool {
    let unsolicited =
        |effect| matches!(effect, Effect::Event(Event::Rejected { reason: RejectReason::Unsolicited, .. }));
    effects.iter().any(unsolicited)
}

/// A change in the words of the reference.
fn claim(change: Change<'_, u32>) -> Claim {
    Claim {
        subject: change.address,
        incarnation: change.incarnation.get(),
        status: status(change.status),
        source: change.source.map(|source| (source.address, source.incarnation.get())),
        labels: change.labels.encoded().to_vec(),
    }
}

fn seen(member: &Member<'_, u32>) -> (u32, Status, u64, Vec<u8>) {
    (member.address, status(member.status), member.incarnation.get(), member.labels.encoded().to_vec())
}

fn status(status: swim_core::Status) -> Status {
    match status {
        swim_core::Status::Alive => Status::Alive,
        swim_core::Status::Suspect => Status::Suspect,
        swim_core::Status::Faulty => Status::Faulty,
        swim_core::Status::Leave => Status::Leave,
        swim_core::Status::Tombstone => Status::Tombstone,
    }
}
