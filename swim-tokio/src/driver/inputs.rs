//! Turns what woke the task into inputs of the node.

use std::net::SocketAddr;

use swim_core::{Command, CommandId, DiscoverFailed, DiscoverId, Input, Message, Outcome, OwnedMessage, Via};
use tokio::sync::oneshot;

use super::Driver;
use super::effects::Chain;
use super::joining::Looked;
use super::scratch::{Keep, LONG, Scratch};
use super::wire::Wire;
use crate::discovery::{Found, elsewhere};
use crate::error::Missing;
use crate::request::Wanted;
use crate::shared::JoinState;

impl<W: Wire> Driver<W> {
    /// A handle, or the start, wants something done.
    pub(crate) fn command(&mut self, wanted: &Wanted, done: oneshot::Sender<Outcome>, scratch: &mut Scratch) {
        let id = self.next_command();
        if matches!(wanted, Wanted::Bootstrap(_)) && self.bootstrap(id) == Bootstrap::Resumed {
            // Whoever asked may have gone.
            let _ = done.send(Outcome::Done);
            return;
        }
        self.commands.insert(id, done);
        self.input(Input::Command { id, command: wanted.as_command() }, &mut scratch.caused);
    }

    fn next_command(&mut self) -> CommandId {
        self.next_command += 1;
        CommandId(self.next_command)
    }

    /// A bootstrap starts a new attempt at the start and after one that failed. One that was given up as hopeless before its
    /// time was over goes on in the node, and is taken up again.
    fn bootstrap(&mut self, id: CommandId) -> Bootstrap {
        let now = self.clock.now();
        let mut state = self.shared.lock();
        let what = match (&state.join, state.joining.is_under_way()) {
            (JoinState::Joined(_), _) | (JoinState::Joining, true) => return Bootstrap::Refused,
            (JoinState::Failed(_), true) => Bootstrap::Resumed,
            (_, false) => Bootstrap::Started,
        };
        if what == Bootstrap::Started {
            state.joining.start(id, now);
        }
        state.join = JoinState::Joining;
        what
    }

    /// The node stops for good. Whoever waits for the end of a command hears of it.
    pub(crate) fn destroy(&mut self, scratch: &mut Scratch) {
        let id = self.next_command();
        self.input(Input::Command { id, command: Command::Destroy }, &mut scratch.caused);
        self.finish(scratch);
        // The last numbers stay.
        self.publish();
    }

    /// The node's time has come.
    pub(crate) fn tick(&mut self, scratch: &mut Scratch) {
        let now = self.clock.now();
        if let Some(wall) = self.clock.jump(now) {
            tracing::warn!(target: "swim", millis = wall.0, "the wall clock was set anew, or the machine slept");
            self.input(Input::Wall(wall), &mut scratch.caused);
        }
        self.input(Input::Tick, &mut scratch.caused);
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
        self.shared.lock().joining.met_twin(source);
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
    pub(crate) fn hosts(&mut self, id: DiscoverId, found: Found, scratch: &mut Scratch) {
        let local = self.shared.fixed.local;
        let mut hosts: Vec<SocketAddr> = found.hosts.into_iter().map(crate::transport::address::plain).collect();
        let mut elsewhere = elsewhere::take_out(local, &mut hosts);
        if hosts.iter().all(|host| *host == local) {
            hosts.extend(self.remembered.all());
            elsewhere.extend(elsewhere::take_out(local, &mut hosts));
        } else if self.shared.lock().joining.is_under_way() {
            hosts.extend(self.remembered.some());
            elsewhere::take_out(local, &mut hosts);
        }
        let missing = Missing::new(found.missing);
        self.say_missing(&missing, &elsewhere);
        // Who is missing may be up: whoever finds nobody but itself then is not alone.
        let is_alone = hosts.iter().all(|host| *host == local);
        let failed = is_alone && !(missing.is_empty() && elsewhere.is_empty());
        let result = if failed { Err(DiscoverFailed) } else { Ok(&hosts[..]) };
        let looked = match elsewhere.is_empty() {
            false if is_alone => Looked::Elsewhere(elsewhere, missing),
            _ if failed || hosts.is_empty() => Looked::Nobody(missing),
            _ => Looked::Found(missing),
        };
        self.looked(looked);
        self.input(Input::Hosts { id, result }, &mut scratch.caused);
    }

    /// Tells of what is missing, as a warning where it was not missing the last time.
    fn say_missing(&mut self, missing: &Missing, elsewhere: &[SocketAddr]) {
        let local = self.shared.fixed.local;
        let now = (missing.to_string(), elsewhere.to_vec());
        if now == self.missing {
            tracing::debug!(target: "swim", %local, %missing, ?elsewhere, "the same hosts as before are missing, or none");
            return;
        }
        if !missing.is_empty() {
            tracing::warn!(target: "swim", %local, %missing, "some hosts could not be found");
        }
        if !elsewhere.is_empty() {
            tracing::warn!(
                target: "swim", %local, hosts = ?elsewhere,
                "hosts on other machines are left out, since they cannot reach a loopback address"
            );
        }
        self.missing = now;
    }

    /// Hosts were looked for while the node joins, or later. What no time mends ends the wait for the join at once.
    fn looked(&mut self, looked: Looked) {
        let now = self.clock.now();
        let fixed = &self.shared.fixed;
        let mut state = self.shared.lock();
        if !state.joining.is_under_way() {
            return;
        }
        let is_hopeless = looked.is_hopeless();
        state.joining.looked(looked);
        let error = state.joining.trouble(&fixed.cluster, fixed.local, now).filter(|_| is_hopeless);
        state.join = error.clone().map_or(JoinState::Joining, JoinState::Failed);
        drop(state);
        if let Some(error) = error {
            tracing::error!(target: "swim", local = %fixed.local, error = %Chain(&error), "the node cannot join");
            self.shared.beat();
        }
    }
}

/// What becomes of a bootstrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bootstrap {
    Started,
    Resumed,
    /// The node joins, or has joined.
    Refused,
}
