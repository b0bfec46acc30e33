//! Turns what woke the task into inputs of the node.

use std::net::SocketAddr;

use swim_core::{Command, CommandId, DiscoverFailed, DiscoverId, Input, Message, OwnedMessage, Via};
use tokio::sync::oneshot;

use super::Driver;
use super::effects::Chain;
use super::scratch::{Keep, LONG, Scratch};
use super::wire::Wire;
use crate::error::DiscoverError;
use crate::request::Wanted;
use crate::shared::JoinState;

impl<W: Wire> Driver<W> {
    /// A handle, or the start, wants something done.
    pub(crate) fn command(
        &mut self,
        wanted: &Wanted,
        done: oneshot::Sender<swim_core::Outcome>,
        scratch: &mut Scratch,
    ) {
        let id = self.next_command();
        self.commands.insert(id, done);
        if matches!(wanted, Wanted::Bootstrap(_)) && self.may_join() {
            self.joining.start(id);
            self.shared.lock().join = JoinState::Joining;
        }
        self.input(Input::Command { id, command: wanted.as_command() }, &mut scratch.caused);
    }

    fn next_command(&mut self) -> CommandId {
        self.next_command += 1;
        CommandId(self.next_command)
    }

    /// Whether a bootstrap starts a new attempt: at the start, and after one that failed.
    fn may_join(&self) -> bool {
        self.joining.command.is_none() && !matches!(self.shared.lock().join, JoinState::Joined(_))
    }

    /// The node stops for good. Whoever waits for the end of a command hears of it.
    pub(crate) fn destroy(&mut self, scratch: &mut Scratch) {
        let id = self.next_command();
        self.input(Input::Command { id, command: Command::Destroy }, &mut scratch.caused);
        self.finish(scratch);
    }

    /// The node's time has come.
    pub(crate) fn tick(&mut self, scratch: &mut Scratch) {
        self.wire.ticked();
        let now = self.clock.now();
        if let Some(wall) = self.clock.jump(now) {
            tracing::warn!(target: "swim", millis = wall.0, "the wall clock was set anew, or the machine slept");
            self.input(Input::Wall(wall), &mut scratch.caused);
        }
        self.input(Input::Tick, &mut scratch.caused);
        if self.report.is_due(now) {
            let numbers = self.shared.numbers();
            self.report.publish(now, &numbers);
        }
    }

    /// Whether a message is given to the node: not where it is filtered. Notices who has this node's address.
    pub(crate) fn is_heard(&mut self, from: SocketAddr, source: SocketAddr) -> bool {
        if self.is_filtered(from) {
            return false;
        }
        if from == self.shared.fixed.local {
            self.met_twin(source);
        }
        true
    }

    /// Another agent uses this node's address, and speaks from `source`.
    pub(crate) fn met_twin(&mut self, source: SocketAddr) {
        if self.counters.own_address == 0 {
            tracing::error!(
                target: "swim", address = %self.shared.fixed.local, %source,
                "another agent uses this node's address; give each agent an address of its own"
            );
        }
        self.counters.own_address += 1;
        self.joining.met_twin(source);
    }

    /// A message that owns its changes has come.
    pub(crate) fn hear(
        &mut self,
        from: SocketAddr,
        via: Via,
        message: OwnedMessage<SocketAddr>,
        scratch: &mut Scratch,
    ) {
        let message: Message<'_, SocketAddr> = message.as_message();
        if message.changes.len() > LONG {
            scratch.caused.keep = Keep::No;
        }
        self.input(Input::Message { from, via, message }, &mut scratch.caused);
    }

    /// A discovery has ended.
    pub(crate) fn hosts(
        &mut self,
        id: DiscoverId,
        found: Result<Vec<SocketAddr>, DiscoverError>,
        scratch: &mut Scratch,
    ) {
        let result = match found {
            Ok(hosts) => {
                self.joining.discovered(None);
                let plain = hosts.into_iter().map(crate::transport::address::plain);
                Ok(plain.chain(self.remembered.iter().copied()).collect::<Vec<_>>())
            }
            Err(error) => {
                tracing::warn!(target: "swim", local = %self.shared.fixed.local, error = %Chain(&error), "hosts could not be found");
                self.joining.discovered(Some(error));
                // What is remembered helps even then.
                if self.remembered.is_empty() { Err(DiscoverFailed) } else { Ok(self.remembered.clone()) }
            }
        };
        let result = result.as_deref().map_err(|failed| *failed);
        self.input(Input::Hosts { id, result }, &mut scratch.caused);
    }
}
