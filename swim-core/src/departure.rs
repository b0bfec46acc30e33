//! Leaving and evicting oneself (R12): the claim goes at once to some members at random, who acknowledge it.

use alloc::vec::Vec;

use crate::address::Address;
use crate::effect::{CommandError, CommandId, Effects, Outcome};
use crate::fingerprint::Fingerprint;
use crate::member::Status;
use crate::memberlist::Slot;
use crate::membership::Membership;
use crate::message::{Kind, Seq, Ticket};
use crate::observe::Event;
use crate::time::Instant;
use crate::timer::Timer;

/// A departure whose acknowledgements are waited for.
#[derive(Clone)]
struct Pending<A> {
    command: CommandId,
    status: Status,
    asked: Vec<(A, Seq)>,
    acknowledged: u32,
}

#[derive(Clone)]
pub(crate) struct Departure<A> {
    pending: Option<Pending<A>>,
}

impl<A: Address> Departure<A> {
    pub(crate) const fn new() -> Self {
        Self { pending: None }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Tells `min(send limit, pingable, 40 %)` random members what the node's own entry says by now.
    pub(crate) fn depart(
        &mut self,
        now: Instant,
        command: CommandId,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        let pingable = membership.members.pingable();
        let count = membership.send_limit().min((pingable * 2).div_ceil(5)) as usize;
        let mut drawn = core::mem::take(&mut membership.drawn);
        drawn.clear();
        membership.members.sample(count, &mut membership.random, |_| false, &mut drawn);
        let mut asked = Vec::new();
        for &slot in &drawn {
            let seq = membership.next_seq();
            let mark = out.mark();
            out.push_change(membership.members.change(Slot::LOCAL));
            let own = out.since(mark);
            let to = membership.members.address(slot);
            out.send(to, membership.ping_channel(seq), Kind::Ping { seq }, membership.head(), own);
            asked.push((to, seq));
        }
        membership.drawn = drawn;
        let status = membership.members.state(Slot::LOCAL).status;
        self.pending = Some(Pending { command, status, asked, acknowledged: 0 });
        membership.timers.set(Timer::Departure, now + membership.config.ping_timeout);
        self.finish_if_over(membership, out);
    }

    pub(crate) fn awaits(&self, from: A, seq: Seq) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.asked.contains(&(from, seq)))
    }

    /// A member acknowledged.
    pub(crate) fn acked(&mut self, from: A, seq: Seq, membership: &mut Membership<A>, out: &mut Effects<A>) {
        if let Some(pending) = &mut self.pending {
            pending.asked.retain(|&asked| asked != (from, seq));
            pending.acknowledged += 1;
        }
        self.finish_if_over(membership, out);
    }

    /// What was sent did not arrive, or was refused: that member is not waited for. The request of `ticket`, or, without one,
    /// all that `to` was sent.
    pub(crate) fn undeliverable(
        &mut self,
        to: A,
        ticket: Option<Ticket>,
        membership: &mut Membership<A>,
        out: &mut Effects<A>,
    ) {
        let is = |seq: Seq| ticket.is_none_or(|ticket| ticket == Ticket(u64::from(seq.0)));
        if let Some(pending) = &mut self.pending {
            pending.asked.retain(|&(address, seq)| address != to || !is(seq));
        }
        self.finish_if_over(membership, out);
    }

    fn finish_if_over(&mut self, membership: &mut Membership<A>, out: &mut Effects<A>) {
        if self.pending.as_ref().is_some_and(|pending| pending.asked.is_empty()) {
            self.fire(membership, out);
        }
    }

    /// The rest is not waited for.
    pub(crate) fn fire(&mut self, membership: &mut Membership<A>, out: &mut Effects<A>) {
        membership.timers.set(Timer::Departure, Instant::NEVER);
        if let Some(Pending { command, status, acknowledged, .. }) = self.pending.take() {
            out.event(Event::Departed { status, acknowledged });
            out.command_done(command, Outcome::Departed(acknowledged));
        }
    }

    /// The node stops for good.
    pub(crate) fn give_up(&mut self, membership: &mut Membership<A>, out: &mut Effects<A>) {
        membership.timers.set(Timer::Departure, Instant::NEVER);
        if let Some(pending) = self.pending.take() {
            out.command_done(pending.command, Outcome::Failed(CommandError::Destroyed));
        }
    }
}

impl<A: Address> Departure<A> {
    /// Takes in who has not acknowledged yet.
    pub(crate) fn trace(&self, print: &mut Fingerprint) {
        let Self { pending } = self;
        print.word(pending.is_some().into());
        if let Some(Pending { command, status, asked, acknowledged }) = pending {
            print.word(command.0);
            print.word((*status as u64) << 32 | u64::from(*acknowledged));
            print.word(asked.len() as u64);
            for (address, seq) in asked {
                print.address(address);
                print.seq(*seq);
            }
        }
    }
}
