//! What a connection's calls of both directions have in common: where bytes go and news wait, how much they may hold,
//! and what was counted.

use std::collections::VecDeque;
use std::time::Duration;

use super::call::{Broken, Budget};
use super::error::{CallError, ErrorCode};
use super::frame::Tracing;
use super::write;

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// Both sides have introduced themselves; calls may go.
    Ready {
        /// Where the other side says that it listens.
        host_port: String,
        /// What it calls itself, for logs.
        process_name: String,
    },
    /// The other side calls.
    Call {
        /// What to answer it by.
        id: u32,
        /// Whom it is for.
        service: String,
        /// What is wanted.
        endpoint: String,
        /// The JSON of it; it may be empty.
        body: Vec<u8>,
        /// How long it is waited for, from its first byte on.
        ttl: Duration,
    },
    /// A call of this side ended.
    Answered {
        /// Which.
        id: u32,
        /// The answer's JSON.
        result: Result<Vec<u8>, CallError>,
    },
    /// A call that was handed out need not be answered any more: it was cancelled, or its time is over.
    Cancelled {
        /// Which.
        id: u32,
    },
}

/// What happened on a connection that should not, or that costs something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Frames that were not what their type says.
    pub(crate) malformed: u64,
    /// Fragments with a wrong checksum.
    pub(crate) bad_checksums: u64,
    /// Frames of a type that does not exist.
    pub(crate) unknown_types: u64,
    /// Answers to calls that were forgotten, or answered before.
    pub(crate) late_answers: u64,
    /// Answers to calls that were never made.
    pub(crate) unasked_answers: u64,
    /// Continuations of what is not being put together, most often because it was refused.
    pub(crate) strays: u64,
    /// Calls and answers that were refused for their length or number.
    pub(crate) refused: u64,
    /// Calls of others whose time was over before they were answered.
    pub(crate) expired: u64,
}

impl Counters {
    /// How many frames were of no use: damaged, of an unknown type, or refused.
    pub(crate) fn useless(self) -> u64 {
        let Self { malformed, bad_checksums, unknown_types, unasked_answers, strays, refused, .. } = self;
        malformed + bad_checksums + unknown_types + unasked_answers + strays + refused
    }

    /// Counts why a call or an answer came to nothing.
    pub(super) fn broken(&mut self, why: Broken) {
        match why {
            Broken::Malformed => self.malformed += 1,
            Broken::Checksum => self.bad_checksums += 1,
            Broken::TooLong | Broken::NoRoom => self.refused += 1,
        }
    }
}

/// The parts of a connection that both directions write to.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) outgoing: Vec<u8>,
    pub(super) arrived: VecDeque<Arrived>,
    pub(super) budget: Budget,
    pub(super) counters: Counters,
}

impl Shared {
    /// Tells the other side that something failed.
    pub(super) fn refuse(&mut self, id: u32, code: ErrorCode, tracing: &Tracing, message: &str) {
        write::error(&mut self.outgoing, id, code, tracing, message);
    }

    /// No answer is wanted any more: a call that was not fetched yet is gone, and of another it is told.
    pub(super) fn withdraw(&mut self, withdrawn: u32) {
        let waiting = self.arrived.iter().position(|news| matches!(news, Arrived::Call { id, .. } if *id == withdrawn));
        match waiting {
            Some(at) => drop(self.arrived.remove(at)),
            None => self.arrived.push_back(Arrived::Cancelled { id: withdrawn }),
        }
    }
}
