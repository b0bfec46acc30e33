//! The other side's calls: put together, handed out, answered; or refused, withdrawn, expired.
//!
//! ```text
//!   call req ──> unfinished ──continuations──> unanswered ──answer──> gone
//!                    └─ damaged, too long: error frame ─┬─ cancelled, expired: error frame
//!                                                       └─> gone
//! ```

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::time::Duration;

use swim_core::Instant;

use super::call::{self, Assembly, Broken, Head, Progress};
use super::checksum;
use super::error::{ErrorCode, Failure, Fatal};
use super::frame::{Fragment, LONGEST, NO_ID, Request, Tracing};
use super::shared::{Arrived, Shared};

/// The calls that are to be answered.
#[derive(Debug)]
pub(super) struct Theirs {
    calls: BTreeMap<u32, Call>,
    /// The same calls in the order of their ends.
    ends: BTreeSet<(Instant, u32)>,
    most: usize,
}

#[derive(Debug)]
struct Call {
    tracing: Tracing,
    checksum: checksum::Kind,
    end: Instant,
    /// None once it was handed out.
    unfinished: Option<Unfinished>,
}

impl Call {
    /// When it is dropped: what never comes to its end, sooner than what is being answered.
    fn due(&self) -> Instant {
        self.unfinished.as_ref().map_or(self.end, |unfinished| unfinished.until.min(self.end))
    }
}

#[derive(Debug)]
struct Unfinished {
    /// When all of it must have come.
    until: Instant,
    service: String,
    ttl: Duration,
    assembly: Assembly,
}

impl Theirs {
    pub(super) fn new(most: usize) -> Self {
        Self { calls: BTreeMap::new(), ends: BTreeSet::new(), most }
    }

    /// The first frame of a call.
    pub(super) fn request(&mut self, now: Instant, id: u32, payload: &[u8], shared: &mut Shared) -> Result<(), Fatal> {
        if self.calls.contains_key(&id) {
            return Err(Fatal::Duplicate(id));
        }
        let request = match Request::read(payload) {
            Ok(request) if !request.ttl.is_zero() && id != NO_ID => request,
            _ => {
                refuse(id, Broken::Malformed, &Tracing::NONE, shared);
                return Ok(());
            }
        };
        let Request { ttl, tracing, service, fragment } = request;
        if self.calls.len() >= self.most {
            shared.counters.refused += 1;
            shared.refuse(id, ErrorCode::Busy, &tracing, "too many calls are unanswered");
            return Ok(());
        }
        match Assembly::begin(fragment, &mut shared.budget) {
            Ok(progress) => {
                let Ok(service) = String::from_utf8(service.to_vec()) else {
                    if let Progress::Unfinished(assembly) = progress {
                        assembly.discard(&mut shared.budget);
                    }
                    refuse(id, Broken::Malformed, &tracing, shared);
                    return Ok(());
                };
                let call = Call { tracing, checksum: fragment.kind, end: now + ttl, unfinished: None };
                self.keep(id, call, (service, ttl, now + UNFINISHED_MAX), progress, shared);
            }
            Err(why) => refuse(id, why, &tracing, shared),
        }
        Ok(())
    }

    /// A further frame of a call.
    pub(super) fn continuation(&mut self, id: u32, payload: &[u8], shared: &mut Shared) {
        let Entry::Occupied(mut entry) = self.calls.entry(id) else {
            shared.counters.strays += 1;
            return;
        };
        let due = entry.get().due();
        let Some(Unfinished { until, service, ttl, assembly }) = entry.get_mut().unfinished.take() else {
            shared.counters.strays += 1;
            return;
        };
        let call = entry.remove();
        self.ends.remove(&(due, id));
        let progress = match Fragment::continued(payload) {
            Ok(fragment) => assembly.add(fragment, &mut shared.budget),
            Err(malformed) => {
                assembly.discard(&mut shared.budget);
                Err(malformed.into())
            }
        };
        match progress {
            Ok(progress) => self.keep(id, call, (service, ttl, until), progress, shared),
            Err(why) => refuse(id, why, &call.tracing, shared),
        }
    }

    /// The other side no longer wants an answer; the protocol has it told so.
    pub(super) fn cancel(&mut self, id: u32, shared: &mut Shared) {
        self.end(id, ErrorCode::Cancelled, "it was cancelled", shared);
    }

    /// Answers a call, unless it is gone.
    pub(super) fn answer(&mut self, id: u32, result: Result<&[u8], Failure<'_>>, shared: &mut Shared) {
        let Entry::Occupied(entry) = self.calls.entry(id) else { return };
        if entry.get().unfinished.is_some() {
            // It was not handed out, so this is about one that had the same number.
            return;
        }
        let call = entry.remove();
        self.ends.remove(&(call.due(), id));
        let (code, body) = match result {
            Ok(body) => (0, body),
            Err(Failure::Application(body)) => (1, body),
            Err(Failure::Protocol(code, message)) => return shared.refuse(id, code, &call.tracing, message),
        };
        let head = Head::Response { code, tracing: &call.tracing };
        call::write(&mut shared.outgoing, LONGEST, id, head, call.checksum, [b"", b"{}", body]);
    }

    /// Drops what nobody waits for any more, and says when to look again.
    pub(super) fn expire(&mut self, now: Instant, shared: &mut Shared) -> Option<Instant> {
        while let Some((end, id)) = self.ends.first().copied() {
            if end > now {
                return Some(end);
            }
            shared.counters.expired += 1;
            self.end(id, ErrorCode::Timeout, "its time is over", shared);
        }
        None
    }

    /// Hands a call out that is whole, and keeps one that is not.
    fn keep(
        &mut self,
        id: u32,
        mut call: Call,
        (service, ttl, until): (String, Duration, Instant),
        progress: Progress,
        shared: &mut Shared,
    ) {
        match progress {
            Progress::Unfinished(assembly) => call.unfinished = Some(Unfinished { until, service, ttl, assembly }),
            Progress::Whole { endpoint, body } => match String::from_utf8(endpoint) {
                Ok(endpoint) => shared.arrived.push_back(Arrived::Call { id, service, endpoint, body, ttl }),
                Err(_) => return refuse(id, Broken::Malformed, &call.tracing, shared),
            },
        }
        self.ends.insert((call.due(), id));
        self.calls.insert(id, call);
    }

    /// Ends a call without an answer of the application.
    fn end(&mut self, id: u32, code: ErrorCode, message: &str, shared: &mut Shared) {
        let Some(call) = self.calls.remove(&id) else { return };
        self.ends.remove(&(call.due(), id));
        match call.unfinished {
            Some(unfinished) => unfinished.assembly.discard(&mut shared.budget),
            None => shared.withdraw(id),
        }
        shared.refuse(id, code, &call.tracing, message);
    }
}

/// How long a call may take to come in, however long its caller would wait: it holds memory that others need.
const UNFINISHED_MAX: Duration = Duration::from_secs(10);

/// Tells the caller why its call is not taken.
fn refuse(id: u32, why: Broken, tracing: &Tracing, shared: &mut Shared) {
    shared.counters.broken(why);
    let (code, message) = match why {
        Broken::Malformed => (ErrorCode::BadRequest, "the call cannot be read"),
        Broken::Checksum => (ErrorCode::BadRequest, "the checksum is wrong"),
        Broken::TooLong => (ErrorCode::BadRequest, "the call is too long"),
        Broken::NoRoom => (ErrorCode::Busy, "unfinished calls leave no room"),
    };
    shared.refuse(id, code, tracing, message);
}
