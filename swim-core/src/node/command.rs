//! What the host asks for (R10 to R13). Every command ends exactly once.

use alloc::vec::Vec;

use super::Node;
use crate::address::Address;
use crate::effect::{CommandError, CommandId, Effects, Outcome};
use crate::input::Command;
use crate::labels::OwnLabels;
use crate::member::Status;
use crate::memberlist::Slot;
use crate::membership::Standing;
use crate::observe::JoinFailedReason;
use crate::time::Instant;
use crate::timer::Timer;

impl<A: Address> Node<A> {
    pub(super) fn command(&mut self, now: Instant, id: CommandId, command: Command<'_, A>, out: &mut Effects<A>) {
        if self.is_destroyed() {
            out.command_done(id, Outcome::Failed(CommandError::Destroyed));
            return;
        }
        match command {
            Command::Bootstrap(options) => {
                let discovery = self.discovery();
                self.joiner.bootstrap(now, id, options, discovery, &mut self.membership, out);
            }
            Command::Leave => self.depart(now, id, Standing::Left, Status::Leave, out),
            Command::SelfEvict => self.depart(now, id, Standing::Evicted, Status::Faulty, out),
            Command::Rejoin => self.rejoin(now, id, out),
            Command::SetLabels(labels) => self.set_labels(now, id, labels, out),
            Command::HealViaDiscovery => {
                if self.membership.is_active() {
                    let discovery = self.discovery();
                    self.healer.heal_via_discovery(now, discovery, id, &mut self.membership, out);
                } else {
                    out.command_done(id, Outcome::Failed(self.why_inactive()));
                }
            }
            Command::AttemptHeal { target } => {
                if self.membership.is_active() {
                    self.healer.attempt(now, target, id, &mut self.membership, out);
                } else {
                    out.command_done(id, Outcome::Failed(self.why_inactive()));
                }
            }
            Command::Reap => self.reap(now, id, out),
            Command::GossipStart => {
                if self.membership.standing == Standing::Joining {
                    out.command_done(id, Outcome::Failed(CommandError::NotReady));
                } else {
                    self.probe.run(now, &mut self.membership);
                    out.command_done(id, Outcome::Done);
                }
            }
            Command::GossipStop => {
                self.probe.stop(&mut self.membership);
                out.command_done(id, Outcome::Done);
            }
            Command::GossipTick => {
                if !self.membership.is_active() {
                    out.command_done(id, Outcome::Failed(self.why_inactive()));
                } else if !self.probe.tick(now, id, &mut self.membership, out) {
                    out.command_done(id, Outcome::Failed(CommandError::Busy));
                }
            }
            Command::Destroy => self.destroy(now, id, out),
        }
    }

    fn why_inactive(&self) -> CommandError {
        match self.membership.standing {
            Standing::Joining => CommandError::NotReady,
            Standing::Destroyed => CommandError::Destroyed,
            Standing::Member | Standing::Left | Standing::Evicted => CommandError::AlreadyLeft,
        }
    }

    fn depart(&mut self, now: Instant, id: CommandId, standing: Standing, status: Status, out: &mut Effects<A>) {
        // Who is still joining may be listed already, and would be missed.
        let progress = self.joiner.settle(now, &mut self.membership, out);
        self.joined(now, progress);
        let error = match self.membership.standing {
            Standing::Joining => Some(CommandError::NotReady),
            Standing::Destroyed => Some(CommandError::Destroyed),
            Standing::Evicted => Some(CommandError::AlreadyLeft),
            // Who left may still evict itself.
            Standing::Left if standing == Standing::Left => Some(CommandError::AlreadyLeft),
            Standing::Left | Standing::Member if self.departure.is_pending() => Some(CommandError::Busy),
            Standing::Left | Standing::Member => None,
        };
        if let Some(error) = error {
            out.command_done(id, Outcome::Failed(error));
            return;
        }
        self.membership.change_oneself(now, status, None, out);
        self.membership.standing = standing;
        if standing == Standing::Evicted {
            self.probe.abandon(now, &mut self.membership, out);
            self.healer.rest(CommandError::AlreadyLeft, &mut self.membership, out);
        }
        self.departure.depart(now, id, &mut self.membership, out);
    }

    fn rejoin(&mut self, now: Instant, id: CommandId, out: &mut Effects<A>) {
        let outcome = match self.membership.standing {
            Standing::Joining => Outcome::Failed(CommandError::NotReady),
            Standing::Destroyed => Outcome::Failed(CommandError::Destroyed),
            Standing::Member => Outcome::Failed(CommandError::NotLeft),
            Standing::Left | Standing::Evicted if self.departure.is_pending() => Outcome::Failed(CommandError::Busy),
            Standing::Left | Standing::Evicted if !self.membership.can_raise() => {
                Outcome::Failed(CommandError::NoIncarnationLeft)
            }
            Standing::Left | Standing::Evicted => {
                self.membership.standing = Standing::Member;
                self.membership.change_oneself(now, Status::Alive, None, out);
                self.healer.run(now, &mut self.membership);
                Outcome::Done
            }
        };
        out.command_done(id, outcome);
    }

    fn set_labels(&mut self, now: Instant, id: CommandId, labels: &OwnLabels, out: &mut Effects<A>) {
        let labels = labels.as_labels();
        if self.membership.members.labels(Slot::LOCAL) != labels {
            if !self.membership.can_raise() {
                out.command_done(id, Outcome::Failed(CommandError::NoIncarnationLeft));
                return;
            }
            let status = self.membership.members.state(Slot::LOCAL).status;
            self.membership.change_oneself(now, status, Some(labels), out);
        }
        out.command_done(id, Outcome::Done);
    }

    fn reap(&mut self, now: Instant, id: CommandId, out: &mut Effects<A>) {
        let members = &self.membership.members;
        let faulty: Vec<_> = members
            .slots()
            .filter(|&slot| slot != Slot::LOCAL && members.state(slot).status == Status::Faulty)
            .map(|slot| (slot, members.state(slot).incarnation))
            .collect();
        for (slot, incarnation) in faulty {
            self.membership.declare(now, slot, incarnation, Status::Tombstone, out);
        }
        out.command_done(id, Outcome::Done);
    }

    fn destroy(&mut self, now: Instant, id: CommandId, out: &mut Effects<A>) {
        self.probe.stop(&mut self.membership);
        self.probe.abandon(now, &mut self.membership, out);
        self.helping.give_up(&mut self.membership, out);
        self.joiner.fail(JoinFailedReason::Destroyed, &mut self.membership, out);
        self.healer.rest(CommandError::Destroyed, &mut self.membership, out);
        self.full_sync.give_up();
        self.departure.give_up(&mut self.membership, out);
        self.membership.rollup.flush(out);
        self.membership.standing = Standing::Destroyed;
        for timer in Timer::ALL {
            self.membership.timers.set(timer, Instant::NEVER);
        }
        out.command_done(id, Outcome::Done);
    }
}
