//! This side's calls: numbered, held back until the handshake is done, and matched with their answers.

use std::collections::btree_map::{BTreeMap, Entry};
use std::time::Duration;

use super::call::{self, Assembly, Broken, Head, Progress};
use super::checksum;
use super::error::{CallError, ErrorCode};
use super::frame::{Error, Fragment, LONGEST, NO_ID, Response};
use super::shared::{Arrived, Shared};

/// The calls that wait for their answers.
#[derive(Debug)]
pub(super) struct Ours {
    waiting: BTreeMap<u32, Waiting>,
    /// Calls as they will be written once they may; they are in order, as the numbers of a new connection rise.
    held: BTreeMap<u32, Vec<u8>>,
    /// The next number, if it is free.
    next: u32,
    /// How many numbers were given out.
    given: u64,
    most: usize,
}

/// What there is of an answer.
#[derive(Debug)]
enum Waiting {
    Nothing,
    Part { code: u8, assembly: Assembly },
}

/// Whether calls may be written already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Closed,
    Open,
}

impl Ours {
    /// `first` is the first number that is free.
    pub(super) fn new(first: u32, most: usize) -> Self {
        Self { waiting: BTreeMap::new(), held: BTreeMap::new(), next: first, given: 0, most }
    }

    /// Calls; none where as many are unanswered as may be.
    pub(super) fn call(
        &mut self,
        gate: Gate,
        ttl: Duration,
        endpoint: &str,
        body: &[u8],
        shared: &mut Shared,
    ) -> Option<u32> {
        if self.waiting.len() >= self.most {
            return None;
        }
        let id = self.number();
        self.waiting.insert(id, Waiting::Nothing);
        let out = match gate {
            Gate::Open => &mut shared.outgoing,
            Gate::Closed => self.held.entry(id).or_default(),
        };
        let head = Head::Request { ttl, service: SERVICE };
        call::write(out, LONGEST, id, head, checksum::Kind::Crc32, [endpoint.as_bytes(), b"{}", body]);
        Some(id)
    }

    /// Writes what was held back.
    pub(super) fn release(&mut self, shared: &mut Shared) {
        while let Some((_, call)) = self.held.pop_first() {
            shared.outgoing.extend_from_slice(&call);
        }
    }

    /// An answer is not waited for any more.
    pub(super) fn forget(&mut self, id: u32, shared: &mut Shared) {
        self.held.remove(&id);
        if let Some(Waiting::Part { assembly, .. }) = self.waiting.remove(&id) {
            assembly.discard(&mut shared.budget);
        }
    }

    /// The first frame of an answer.
    pub(super) fn response(&mut self, id: u32, payload: &[u8], shared: &mut Shared) {
        let Entry::Occupied(entry) = self.waiting.entry(id) else { return self.unexpected(id, shared) };
        match (entry.remove(), Response::read(payload)) {
            (Waiting::Nothing, Ok(Response { code, fragment })) => {
                let progress = Assembly::begin(fragment, &mut shared.budget);
                self.keep(id, code, progress, shared);
            }
            (Waiting::Nothing, Err(malformed)) => self.keep(id, 0, Err(malformed.into()), shared),
            // It began once already.
            (Waiting::Part { code, assembly }, _) => {
                assembly.discard(&mut shared.budget);
                self.keep(id, code, Err(Broken::Malformed), shared);
            }
        }
    }

    /// A further frame of an answer.
    pub(super) fn continuation(&mut self, id: u32, payload: &[u8], shared: &mut Shared) {
        let (code, assembly) = match self.waiting.remove(&id) {
            Some(Waiting::Part { code, assembly }) => (code, assembly),
            Some(Waiting::Nothing) => return self.keep(id, 0, Err(Broken::Malformed), shared),
            None => {
                shared.counters.strays += 1;
                return;
            }
        };
        let progress = match Fragment::continued(payload) {
            Ok(fragment) => assembly.add(fragment, &mut shared.budget),
            Err(malformed) => {
                assembly.discard(&mut shared.budget);
                Err(malformed.into())
            }
        };
        self.keep(id, code, progress, shared);
    }

    /// A call failed on the other side.
    pub(super) fn failed(&mut self, id: u32, error: Error<'_>, shared: &mut Shared) {
        if !self.waiting.contains_key(&id) {
            return self.unexpected(id, shared);
        }
        self.forget(id, shared);
        let message = String::from_utf8_lossy(error.message).into_owned();
        let result = Err(CallError::Protocol { code: ErrorCode::of(error.code), message });
        shared.arrived.push_back(Arrived::Answered { id, result });
    }

    /// An error came for a call that does not say which.
    pub(super) fn unreadable(&mut self, id: u32, shared: &mut Shared) {
        shared.counters.malformed += 1;
        if self.waiting.contains_key(&id) {
            self.forget(id, shared);
            shared.arrived.push_back(Arrived::Answered { id, result: Err(CallError::Malformed) });
        }
    }

    /// Hands an answer out that is whole, or that will never be, and keeps one that is not yet.
    fn keep(&mut self, id: u32, code: u8, progress: Result<Progress, Broken>, shared: &mut Shared) {
        let result = match progress {
            Ok(Progress::Unfinished(assembly)) => {
                self.waiting.insert(id, Waiting::Part { code, assembly });
                return;
            }
            Ok(Progress::Whole { body, .. }) if code == 0 => Ok(body),
            // Codes beyond 1 may come to be; none of them says that all went well.
            Ok(Progress::Whole { body, .. }) => Err(CallError::Application(body)),
            Err(why) => {
                shared.counters.broken(why);
                Err(match why {
                    Broken::Malformed => CallError::Malformed,
                    Broken::Checksum => CallError::Checksum,
                    Broken::TooLong | Broken::NoRoom => CallError::TooLong,
                })
            }
        };
        shared.arrived.push_back(Arrived::Answered { id, result });
    }

    /// An answer that nobody waits for. It is ignored: answers cross with the end of the patience for them, and one to
    /// a call that was never made does no harm either.
    fn unexpected(&self, id: u32, shared: &mut Shared) {
        let before_next = self.next.wrapping_sub(id);
        if id != NO_ID && before_next > 0 && u64::from(before_next) <= self.given {
            shared.counters.late_answers += 1;
        } else {
            shared.counters.unasked_answers += 1;
        }
    }

    /// A number that no waiting call has. There is one, since fewer calls wait than there are numbers.
    fn number(&mut self) -> u32 {
        loop {
            let id = self.next;
            self.next = self.next.wrapping_add(1);
            self.given += 1;
            if id != NO_ID && !self.waiting.contains_key(&id) {
                return id;
            }
        }
    }
}

/// Whom the calls are for, and in whose name they are made.
pub(crate) const SERVICE: &str = "ringpop";
