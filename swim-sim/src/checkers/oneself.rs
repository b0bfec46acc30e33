//! I3: a node is never suspect, faulty or a tombstone in its own list unless it evicted itself, and what it says of itself
//! is what it holds itself to be, under an incarnation that never falls (R2).

use swim_core::{Command, Effect, Fingerprint, Incarnation, Input, Node, Status};

use super::{Finding, Step};

/// Remembers of each node what it was told to be.
#[derive(Clone)]
pub(super) struct Oneself(Vec<Own>);

#[derive(Clone, Copy, Debug, Default)]
struct Own {
    /// The incarnation after the last input.
    incarnation: Incarnation,
    departure: Departure,
}

/// How far a node was told to depart; the commands may have failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Departure {
    #[default]
    Stays,
    MayLeave,
    MayEvictItself,
}

impl Oneself {
    pub(super) fn new(nodes: u32) -> Self {
        Self(vec![Own::default(); nodes as usize])
    }

    /// The node has another incarnation, and stays.
    pub(super) fn reborn(&mut self, node: u32) {
        self.0[node as usize] = Own::default();
    }

    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        let Step { node, machine, .. } = *step;
        let own = &mut self.0[node as usize];
        if let Input::Command { command, .. } = step.input {
            own.heed(command);
        }
        let status = own_status(machine);
        if !status.is_some_and(|status| own.may_be(status)) {
            return Err(Finding::new("I3 oneself", node, format!("holds itself as {status:?}")));
        }
        let now = machine.incarnation();
        if now < own.incarnation {
            return Err(Finding::new(
                "I3 oneself",
                node,
                format!("its incarnation fell from {} to {now}", own.incarnation),
            ));
        }
        for effect in step.effects.iter() {
            let Effect::Send { message, .. } = effect else { continue };
            own.says(node, message.incarnation, now)?;
            for change in message.changes.iter().filter(|change| change.address == node) {
                own.says(node, change.incarnation, now)?;
                if !own.may_be(change.status) {
                    return Err(Finding::new("I3 oneself", node, format!("says that it is {}", change.status)));
                }
            }
        }
        own.incarnation = now;
        if status == Some(Status::Alive) && matches!(step.input, Input::Command { command: Command::Rejoin, .. }) {
            own.departure = Departure::Stays;
        }
        Ok(())
    }
}

impl Own {
    fn heed(&mut self, command: &Command<'_, u32>) {
        self.departure = match command {
            Command::Leave => self.departure.max(Departure::MayLeave),
            Command::SelfEvict => Departure::MayEvictItself,
            _ => self.departure,
        };
    }

    fn may_be(&self, status: Status) -> bool {
        match status {
            Status::Alive => true,
            Status::Leave => self.departure >= Departure::MayLeave,
            Status::Faulty => self.departure == Departure::MayEvictItself,
            Status::Suspect | Status::Tombstone => false,
        }
    }

    /// Whether the node may speak of itself under `incarnation`: one that it has had since the last input.
    fn says(&self, node: u32, incarnation: Incarnation, now: Incarnation) -> Result<(), Box<Finding>> {
        if (self.incarnation..=now).contains(&incarnation) {
            return Ok(());
        }
        let reason = format!("speaks of itself under {incarnation}, and has had {} to {now}", self.incarnation);
        Err(Finding::new("I3 oneself", node, reason))
    }
}

fn own_status(machine: &Node<u32>) -> Option<Status> {
    machine.member(machine.local()).map(|member| member.status)
}

impl Oneself {
    /// Takes in what is remembered.
    pub(super) fn trace(&self, print: &mut Fingerprint) {
        let Self(all) = self;
        for Own { incarnation, departure } in all {
            print.word(incarnation.get() << 2 | *departure as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_what_it_was_told_to_be_and_nothing_else() {
        let may_be = |commands: &[Command<'_, u32>]| {
            let mut own = Own::default();
            commands.iter().for_each(|command| own.heed(command));
            let all = [Status::Alive, Status::Suspect, Status::Faulty, Status::Leave, Status::Tombstone];
            all.map(|status| own.may_be(status))
        };
        assert_eq!(may_be(&[Command::Reap]), [true, false, false, false, false]);
        assert_eq!(may_be(&[Command::Leave]), [true, false, false, true, false]);
        assert_eq!(may_be(&[Command::SelfEvict, Command::Leave]), [true, false, true, true, false]);
    }

    #[test]
    fn it_speaks_under_an_incarnation_that_it_has_had_since_the_last_input() {
        let number = |number| Incarnation::new(number).unwrap();
        let own = Own { incarnation: number(5), departure: Departure::Stays };
        let says = |incarnation| own.says(0, number(incarnation), number(7)).is_ok();
        assert_eq!([4, 5, 6, 7, 8].map(says), [false, true, true, true, false]);
    }
}
