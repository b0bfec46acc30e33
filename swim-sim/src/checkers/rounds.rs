//! R4: a round that was answered is over. The node neither asks helpers about its target nor accuses it.
//!
//! The answer of the target or of a helper counts from when it reached the process, whether the node made anything of it
//! or not.

use swim_core::{Command, Effect, Event, Fingerprint, Input, Kind, Message, Reach, Seq, Status, Via};

use super::{Finding, Step};

/// The last round of each node.
#[derive(Clone)]
pub(super) struct Rounds(Vec<Round>);

#[derive(Clone, Debug, Default)]
struct Round {
    target: u32,
    seq: Seq,
    /// Who was asked for help, and the numbers of the ping-reqs.
    helpers: Vec<(u32, Seq)>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// There was no round yet.
    #[default]
    None,
    /// Nobody has answered.
    Open,
    /// The target answered, or a helper reached it.
    Answered,
}

impl Rounds {
    pub(super) fn new(nodes: u32) -> Self {
        Self(vec![Round::default(); nodes as usize])
    }

    /// The node is in no round.
    pub(super) fn reborn(&mut self, node: u32) {
        self.0[node as usize] = Round::default();
    }

    pub(super) fn see(&mut self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        let round = &mut self.0[step.node as usize];
        if let Input::Message { from, via, message } = step.input {
            round.hear(*from, *via, message);
        }
        // Others are pinged on behalf of askers and at a departure, too; a round begins with a tick or a command for one.
        let begins = matches!(step.input, Input::Tick | Input::Command { command: Command::GossipTick, .. });
        for effect in step.effects.iter() {
            match effect {
                Effect::Send { to, message, .. } => match message.kind {
                    Kind::Ping { seq } if begins => round.ping(to, seq),
                    Kind::PingReq { seq, target, .. } => round.ask(step.node, target, (to, seq))?,
                    _ => {}
                },
                Effect::Event(Event::MakeNodeStatus { address, status: Status::Suspect }) => {
                    round.accuse(step.node, address)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Round {
    fn hear(&mut self, from: u32, via: Via, message: &Message<'_, u32>) {
        let answers = match message.kind {
            Kind::Ack { seq, .. } => from == self.target && seq == self.seq,
            Kind::PingReqAnswer { seq, reach: Reach::Reached, .. } => self.helpers.contains(&(from, seq)),
            _ => false,
        };
        if answers && self.stage == Stage::Open && !matches!(via, Via::Request(_)) {
            self.stage = Stage::Answered;
        }
    }

    fn ping(&mut self, target: u32, seq: Seq) {
        // A ping on a stream has the number of the round's first.
        if self.stage == Stage::None || self.seq != seq {
            self.helpers.clear();
            (self.target, self.seq, self.stage) = (target, seq, Stage::Open);
        }
    }

    fn ask(&mut self, node: u32, target: u32, helper: (u32, Seq)) -> Result<(), Box<Finding>> {
        if self.stage == Stage::Answered && target == self.target {
            return Err(Finding::new("R4 rounds", node, format!("asks for help with node {target}, which answered")));
        }
        self.helpers.push(helper);
        Ok(())
    }

    fn accuse(&self, node: u32, subject: u32) -> Result<(), Box<Finding>> {
        if self.stage == Stage::Answered && subject == self.target {
            return Err(Finding::new("R4 rounds", node, format!("accuses node {subject}, which answered")));
        }
        Ok(())
    }
}

impl Rounds {
    /// Takes in how far the last rounds are. A number that nothing under way carries any more, as `is_live` tells, is never
    /// heard again, and which one it was does not matter: the round that a node is in, the node itself tells.
    pub(super) fn trace(&self, is_live: &impl Fn(u32, Seq) -> bool, print: &mut Fingerprint) {
        let Self(rounds) = self;
        let trace = |node: u32, seq: Seq, print: &mut Fingerprint| {
            if is_live(node, seq) {
                print.seq_of(node, seq);
            } else {
                print.word(u64::MAX);
            }
        };
        for (node, Round { target, seq, helpers, stage }) in (0u32..).zip(rounds) {
            print.word(u64::from(*target) << 8 | *stage as u64);
            trace(node, *seq, print);
            print.word(helpers.len() as u64);
            for (helper, seq) in helpers {
                print.word((*helper).into());
                trace(node, *seq, print);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{Changes, Checksum, Incarnation, Readiness};

    fn heard(from: u32, kind: Kind<u32>) -> Round {
        let mut round = Round::default();
        round.ping(3, Seq(7));
        round.ask(0, 3, (5, Seq(8))).unwrap();
        let (incarnation, checksum, changes) = (Incarnation::default(), Checksum(0), Changes::NONE);
        round.hear(from, Via::Datagram, &Message { kind, incarnation, checksum, changes });
        round
    }

    #[test]
    fn who_answered_in_the_round_is_neither_asked_about_nor_accused() {
        let ack = |seq| Kind::Ack { seq: Seq(seq), ready: Readiness::Ready };
        let answer = |reach| Kind::PingReqAnswer { seq: Seq(8), target: 3, reach };
        for (from, kind, may) in [
            (3, ack(7), false),
            (3, ack(6), true),
            (4, ack(7), true),
            (5, answer(Reach::Reached), false),
            (5, answer(Reach::NotReached), true),
            (6, answer(Reach::Reached), true),
        ] {
            let mut round = heard(from, kind);
            assert_eq!(round.accuse(0, 3).is_ok(), may, "{kind:?}");
            assert_eq!(round.ask(0, 3, (5, Seq(9))).is_ok(), may, "{kind:?}");
            assert_eq!(round.accuse(0, 4), Ok(()));
            round.ping(3, Seq(10));
            assert_eq!(round.accuse(0, 3), Ok(()));
        }
    }
}
