//! One connection: the handshake, and what is done with each frame.
//!
//! ```text
//!   opened:    init req out ──> awaits init res ─┐
//!   accepted:  awaits init req ─> init res out ──┴─> ready ──> closed
//! ```
//!
//! Frames keep their bounds whatever is in them, so that one call that cannot be read leaves the others alone: it is
//! answered with an error, and the connection lives. It ends where the next frame cannot be found or an answer could be
//! to two calls, and where the handshake goes wrong.

use std::mem;
use std::time::Duration;

use swim_core::Instant;

use super::call::Budget;
use super::error::{ErrorCode, Failure, Fatal};
use super::frame::{self, Error, Frame, Init, Kind, NO_ID, Tracing};
use super::ours::{Gate, Ours};
use super::shared::{Arrived, Counters, Shared};
use super::theirs::Theirs;
use super::write;

/// Who opened the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// This side.
    Opened,
    /// The other.
    Accepted,
}

/// What a side says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Where it listens.
    pub(crate) host_port: String,
    /// What it calls itself, for logs; cut after 4096 bytes.
    pub(crate) process_name: String,
}

/// How much one connection may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The most bytes of the three arguments of one call, or of its answer.
    pub(crate) body_bytes: usize,
    /// ... of all calls and answers together of which frames are still to come.
    pub(crate) assembling_bytes: usize,
    /// The most calls that are unfinished or unanswered, of each side.
    pub(crate) calls: usize,
}

/// One side of a connection. Its host writes what is in [`outgoing`](Self::outgoing), gives it what it reads, and
/// fetches what that brought:
///
/// ```text
///   loop {
///       write(take(connection.outgoing()));               // and reads no more while much is still to be written
///       connection.receive(now, read())?;                 // after an error: writes, then closes
///       while let Some(arrived) = connection.next() { .. }
///       deadline = connection.expire(now);
///   }
/// ```
#[derive(Debug)]
pub(crate) struct Connection {
    role: Role,
    identity: Identity,
    state: State,
    /// The beginning of a frame.
    partial: Vec<u8>,
    ours: Ours,
    theirs: Theirs,
    shared: Shared,
    /// The most bytes of unfinished calls and answers, whatever room there is.
    most: usize,
}

#[derive(Clone, Debug)]
enum State {
    Awaiting,
    Ready,
    Closed(Fatal),
}

impl Connection {
    /// A connection of which nothing was read or written. Where this side opened it, its introduction is to be written
    /// at once.
    pub(crate) fn new(role: Role, identity: Identity, limits: Limits) -> Self {
        let budget = Budget { each: limits.body_bytes, all: limits.assembling_bytes, used: 0 };
        let mut shared =
            Shared { outgoing: Vec::new(), arrived: Default::default(), budget, counters: Counters::default() };
        if role == Role::Opened {
            write::init(&mut shared.outgoing, Kind::InitRequest, INIT_ID, &identity);
        }
        Self {
            role,
            identity,
            state: State::Awaiting,
            partial: Vec::new(),
            ours: Ours::new(INIT_ID + 1, limits.calls),
            theirs: Theirs::new(limits.calls),
            shared,
            most: limits.assembling_bytes,
        }
    }

    /// Takes in what was read, in any pieces: whole frames are handled, the beginning of one waits.
    ///
    /// # Errors
    /// The connection is to be closed once [`outgoing`](Self::outgoing) was written, in which the reason is, unless the
    /// other side gave it. What arrived before is still to be fetched. Every call after it gives the same error and
    /// does nothing.
    pub(crate) fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Fatal> {
        if let State::Closed(fatal) = &self.state {
            return Err(fatal.clone());
        }
        let mut partial = mem::take(&mut self.partial);
        let result = self.frames(now, &mut partial, bytes);
        match &result {
            Ok(()) => self.partial = partial,
            Err(fatal) => self.close(fatal),
        }
        result
    }

    /// The next of what arrived, in the order in which it did.
    pub(crate) fn next(&mut self) -> Option<Arrived> {
        self.shared.arrived.pop_front()
    }

    /// The bytes to write; whoever writes them takes them out. The other side can make them grow as fast as it sends:
    /// who reads no more while they are many is safe from that.
    pub(crate) fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.shared.outgoing
    }

    /// Calls the other side, as soon as the handshake is done, and says by which number it will be answered. The host
    /// counts the time, and [forgets](Self::forget) it at the end of that. None where as many calls are unanswered as
    /// may be, and after an error.
    #[must_use]
    pub(crate) fn call(&mut self, ttl: Duration, endpoint: &str, body: &[u8]) -> Option<u32> {
        let gate = match self.state {
            State::Awaiting => Gate::Closed,
            State::Ready => Gate::Open,
            State::Closed(_) => return None,
        };
        self.ours.call(gate, ttl, endpoint, body, &mut self.shared)
    }

    /// Answers the other side's call. One that was cancelled, has expired, was answered or never made is ignored.
    pub(crate) fn answer(&mut self, id: u32, result: Result<&[u8], Failure<'_>>) {
        if matches!(self.state, State::Ready) {
            self.theirs.answer(id, result, &mut self.shared);
        }
    }

    /// An answer is no longer waited for. One that comes all the same is ignored.
    pub(crate) fn forget(&mut self, id: u32) {
        self.ours.forget(id, &mut self.shared);
    }

    /// Drops calls of the other side that nobody waits for any more, finished or not, and says when the next will be
    /// due.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Instant> {
        match self.state {
            State::Ready => self.theirs.expire(now, &mut self.shared),
            State::Awaiting | State::Closed(_) => None,
        }
    }

    /// From now on unfinished calls and answers may take so many bytes in all, as far as the limits allow.
    pub(crate) fn set_room(&mut self, bytes: usize) {
        let budget = &mut self.shared.budget;
        budget.all = self.most.min(bytes).max(budget.used);
    }

    /// What was counted so far.
    pub(crate) fn counters(&self) -> Counters {
        self.shared.counters
    }

    /// How many bytes it holds of what is not whole: calls, answers and one frame.
    pub(crate) fn held_bytes(&self) -> usize {
        self.shared.budget.used + self.partial.len()
    }

    /// Handles the frames in `partial` and `bytes`; what is left is in `partial`.
    fn frames(&mut self, now: Instant, partial: &mut Vec<u8>, mut bytes: &[u8]) -> Result<(), Fatal> {
        while !bytes.is_empty() {
            if partial.is_empty() {
                let Some((frame, size)) = Frame::first(bytes).map_err(Fatal::Size)? else {
                    // Only as much is taken as arrived, whatever the size says.
                    partial.extend_from_slice(bytes);
                    break;
                };
                self.frame(now, frame)?;
                bytes = &bytes[size..];
            } else {
                let missing = frame::missing(partial).map_err(Fatal::Size)?;
                let (more, rest) = bytes.split_at(missing.min(bytes.len()));
                partial.extend_from_slice(more);
                bytes = rest;
                if let Some((frame, _)) = Frame::first(partial).map_err(Fatal::Size)? {
                    self.frame(now, frame)?;
                    partial.clear();
                }
            }
        }
        Ok(())
    }

    fn frame(&mut self, now: Instant, frame: Frame<'_>) -> Result<(), Fatal> {
        let kind = Kind::of(frame.code);
        if let State::Awaiting = self.state {
            return self.handshake(kind, frame);
        }
        let Frame { id, payload, .. } = frame;
        match kind {
            Some(Kind::CallRequest) => self.theirs.request(now, id, payload, &mut self.shared)?,
            Some(Kind::CallRequestContinued) => self.theirs.continuation(id, payload, &mut self.shared),
            // Why, and for how long, is of no use here, and so not read.
            Some(Kind::Cancel) => self.theirs.cancel(id, &mut self.shared),
            Some(Kind::CallResponse) => self.ours.response(id, payload, &mut self.shared),
            Some(Kind::CallResponseContinued) => self.ours.continuation(id, payload, &mut self.shared),
            Some(Kind::Error) => match Error::read(payload) {
                Ok(error) if error.code == ErrorCode::Protocol.code() => return Err(ended(error)),
                Ok(error) => self.ours.failed(id, error, &mut self.shared),
                Err(_) => self.ours.unreadable(id, &mut self.shared),
            },
            Some(Kind::PingRequest) => write::empty(&mut self.shared.outgoing, Kind::PingResponse, id),
            // None was asked for.
            Some(Kind::PingResponse) => self.shared.counters.unasked_answers += 1,
            // It is for those who take calls that others were given as well.
            Some(Kind::Claim) => {}
            Some(Kind::InitRequest | Kind::InitResponse) => return Err(Fatal::SecondHandshake),
            // A later version may have more types; where this frame ends is known, and so nothing else suffers.
            None => {
                self.shared.counters.unknown_types += 1;
                self.shared.refuse(id, ErrorCode::BadRequest, &Tracing::NONE, "the type of the frame is not known");
            }
        }
        Ok(())
    }

    /// The first frame of the other side.
    fn handshake(&mut self, kind: Option<Kind>, frame: Frame<'_>) -> Result<(), Fatal> {
        match (kind, self.role) {
            (Some(Kind::InitRequest), Role::Accepted) | (Some(Kind::InitResponse), Role::Opened) => {}
            (Some(Kind::Error), _) => {
                let unreadable = Error { code: 0, message: b"without a reason that can be read" };
                return Err(ended(Error::read(frame.payload).unwrap_or(unreadable)));
            }
            _ => return Err(Fatal::TooSoon(frame.code)),
        }
        let init = Init::read(frame.payload).map_err(|_| {
            self.shared.counters.malformed += 1;
            Fatal::Nameless
        })?;
        if init.version != write::VERSION {
            return Err(Fatal::Version(init.version));
        }
        let (Some(host_port), Some(process_name)) = (init.host_port, init.process_name) else {
            return Err(Fatal::Nameless);
        };
        let [host_port, process_name] =
            [host_port, process_name].map(|text| String::from_utf8_lossy(text).into_owned());
        if self.role == Role::Accepted {
            write::init(&mut self.shared.outgoing, Kind::InitResponse, frame.id, &self.identity);
        }
        self.state = State::Ready;
        self.shared.arrived.push_back(Arrived::Ready { host_port, process_name });
        self.ours.release(&mut self.shared);
        Ok(())
    }

    fn close(&mut self, fatal: &Fatal) {
        if !matches!(fatal, Fatal::Peer(_)) {
            self.shared.refuse(NO_ID, ErrorCode::Protocol, &Tracing::NONE, &fatal.to_string());
        }
        self.state = State::Closed(fatal.clone());
    }
}

/// The other side says why it ends the connection.
fn ended(error: Error<'_>) -> Fatal {
    Fatal::Peer(String::from_utf8_lossy(error.message).into_owned())
}

/// The number of this side's introduction.
const INIT_ID: u32 = 1;
