//! ringpop's endpoints for operators, answered on the same connections as the protocol.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use swim_core::{CommandError, Event, EventKind, EventMask, Outcome};
use tokio::sync::oneshot;

use super::digest::address_text;
use super::link::{Answer, LinkId};
use super::stats;
use super::tchannel::ErrorCode;
use super::wire::Ringpop;
use crate::driver::scratch::Scratch;
use crate::driver::{Driver, Ended as TaskEnded};
use crate::events::{Events, Notice};
use crate::request::Wanted;

/// What a task of the wire's comes to.
pub(crate) enum Ended {
    /// A connection.
    Link,
    /// A command that a call asked for.
    Command { call: Call, outcome: Option<Outcome> },
    /// It is time to try a command again that found the node busy.
    Again(Call),
}

/// A call that waits for a command.
pub(crate) struct Call {
    link: LinkId,
    id: u32,
    command: Command,
    /// How often it was tried.
    tries: u32,
    /// Healing attempts meanwhile.
    attempts: Option<Events>,
}

/// What operators can have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    GossipStart,
    GossipStop,
    GossipTick,
    Leave,
    Join,
    Reap,
    Heal,
}

impl Command {
    fn of(endpoint: &str) -> Option<Self> {
        Some(match endpoint {
            "/admin/gossip/start" | "/admin/gossip" => Self::GossipStart,
            "/admin/gossip/stop" => Self::GossipStop,
            "/admin/gossip/tick" | "/admin/tick" => Self::GossipTick,
            "/admin/member/leave" => Self::Leave,
            "/admin/member/join" => Self::Join,
            "/admin/reap" => Self::Reap,
            "/admin/healpartition/disco" => Self::Heal,
            _ => return None,
        })
    }

    fn wanted(self) -> Wanted {
        match self {
            Self::GossipStart => Wanted::GossipStart,
            Self::GossipStop => Wanted::GossipStop,
            Self::GossipTick => Wanted::GossipTick,
            Self::Leave => Wanted::Leave,
            Self::Join => Wanted::Rejoin,
            Self::Reap => Wanted::Reap,
            Self::Heal => Wanted::HealViaDiscovery,
        }
    }

    /// What is told where the command ended so; the error's text where that is a failure.
    fn answer(self, outcome: Outcome, targets: &[SocketAddr]) -> Result<Value, String> {
        match (self, outcome) {
            (Self::Heal, Outcome::Failed(error)) => Ok(json!({ "targets": [], "error": error.to_string() })),
            (Self::Heal, _) => {
                Ok(json!({ "targets": targets.iter().copied().map(address_text).collect::<Vec<_>>(), "error": "" }))
            }
            // Who is a member needs not come back, and who left needs not leave.
            (Self::Join, Outcome::Failed(CommandError::NotLeft)) => Ok(json!({ "status": "rejoined" })),
            (Self::Leave, Outcome::Failed(CommandError::AlreadyLeft)) => Ok(json!({ "status": "ok" })),
            (_, Outcome::Failed(error)) => Err(error.to_string()),
            (Self::Join, _) => Ok(json!({ "status": "rejoined" })),
            (Self::Leave | Self::Reap, _) => Ok(json!({ "status": "ok" })),
            (Self::GossipStart | Self::GossipStop | Self::GossipTick, _) => Ok(json!({})),
        }
    }
}

#[derive(Deserialize)]
struct Lookup {
    key: String,
}

impl Driver<Ringpop> {
    /// Answers a call to an endpoint that is not the protocol's.
    pub(super) fn admin(&mut self, link: LinkId, id: u32, endpoint: &str, body: &[u8], scratch: &mut Scratch) {
        if let Some(command) = Command::of(endpoint) {
            let attempts = (command == Command::Heal)
                .then(|| self.shared.listen(EventMask::only(&[EventKind::AttemptHeal]), ATTEMPTS_TOLD));
            self.command_of(Call { link, id, command, tries: 0, attempts }, scratch);
            return;
        }
        let answer = match endpoint {
            "/health" => done(&json!({ "ok": true })),
            "/admin/stats" => done(&stats::read(&self.shared, &self.clock, &self.wire.ring)),
            "/admin/lookup" => match serde_json::from_slice::<Lookup>(body) {
                Ok(Lookup { key }) => match self.wire.ring.lookup(&key) {
                    Some(owner) => done(&json!({ "dest": address_text(owner) })),
                    None => failed("the ring is empty"),
                },
                Err(error) => failed(&format!("the body has to be {{\"key\": \"...\"}}: {error}")),
            },
            "/admin/debugSet" | "/admin/debugClear" => failed("handler not implemented"),
            _ => Answer::Refused(
                ErrorCode::BadRequest,
                format!("no handler for service \"ringpop\" and method \"{endpoint}\""),
            ),
        };
        self.answer(link, id, answer);
    }

    fn command_of(&mut self, call: Call, scratch: &mut Scratch) {
        let (done, end) = oneshot::channel();
        let wanted = call.command.wanted();
        self.tasks.spawn(async move {
            let outcome = end.await.ok();
            TaskEnded::Wire(Box::new(Ended::Command { call, outcome }))
        });
        self.command(&wanted, done, scratch);
    }

    /// A task of the wire's has ended.
    pub(super) fn admin_ended(&mut self, ended: Ended, scratch: &mut Scratch) {
        match ended {
            Ended::Link => {}
            // Whoever has gone wants no answer, and must not have more done than its connection may ask for.
            Ended::Again(call) if !self.wire.links.is_open(call.link) => {}
            Ended::Again(call) => self.command_of(call, scratch),
            Ended::Command { mut call, outcome: Some(Outcome::Failed(CommandError::Busy)) }
                if call.tries < TRIES_MAX =>
            {
                call.tries += 1;
                self.tasks.spawn(async move {
                    tokio::time::sleep(PAUSE).await;
                    TaskEnded::Wire(Box::new(Ended::Again(call)))
                });
            }
            Ended::Command { call: Call { link, id, command, attempts, .. }, outcome } => {
                let targets = attempts.map(targets).unwrap_or_default();
                let answer = match outcome.map(|outcome| command.answer(outcome, &targets)) {
                    Some(Ok(body)) => done(&body),
                    Some(Err(message)) => failed(&message),
                    None => failed("the node has stopped"),
                };
                self.answer(link, id, answer);
            }
        }
    }
}

/// With whom healing was attempted.
fn targets(mut attempts: Events) -> Vec<SocketAddr> {
    let mut targets = Vec::new();
    while let Some(notice) = attempts.try_next() {
        if let Notice::Event(event) = notice
            && let Event::AttemptHeal { target } = event.as_event()
        {
            targets.push(target);
        }
    }
    targets
}

fn done(body: &Value) -> Answer {
    Answer::Done(body.to_string().into_bytes())
}

fn failed(message: &str) -> Answer {
    Answer::Failed(json!({ "type": "error", "message": message }).to_string().into_bytes())
}

/// A command that finds the node busy is tried again after this pause, so often at most: a round takes a while.
const PAUSE: Duration = Duration::from_millis(20);
const TRIES_MAX: u32 = 250;
/// The most targets of a healing that are told.
const ATTEMPTS_TOLD: usize = 256;
