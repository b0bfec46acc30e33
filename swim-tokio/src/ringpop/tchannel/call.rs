//! A call or an answer as the frames that carry it: cut here when it is sent, put together when it arrives.
//!
//! ```text
//!   first frame      | .. flags: more | checksum so far | 14 /protocol/join | 2 {} | 60000 [{"sou.. |
//!   continuation     |    flags: more | checksum so far |                           65494 ..rce":..  |
//!   continuation     |    flags: none | checksum        |                               3 }]        |
//! ```
//!
//! The first piece of a continuation goes on with the argument that the frame before ended in; each further piece
//! starts the next argument. An argument that ends with its frame is therefore followed by a piece of 0 bytes, unless
//! it was the last.

use std::mem;
use std::time::Duration;

use super::checksum::{self, Checksum};
use super::frame::{Follows, Fragment, Kind, Malformed, Tracing};
use super::write::Open;

/// What the first frame has before the arguments.
#[derive(Clone, Copy, Debug)]
pub(super) enum Head<'a> {
    Request { ttl: Duration, service: &'a str },
    Response { code: u8, tracing: &'a Tracing },
}

/// Writes a call or an answer, in frames of up to `longest` bytes.
pub(super) fn write(
    out: &mut Vec<u8>,
    longest: usize,
    id: u32,
    head: Head<'_>,
    kind: checksum::Kind,
    arguments: [&[u8]; 3],
) {
    let mut checksum = Checksum::new(kind);
    let (mut frame, mut sum) = first(out, id, head, &checksum);
    for (index, mut rest) in arguments.into_iter().enumerate() {
        if frame.size() + LENGTH > longest {
            // There is no room to begin this argument, so the next frame has to end the one before.
            (frame, sum) = next(frame, id, head, &checksum, sum);
            if index > 0 {
                frame.long(&[]);
                checksum.update(&[]);
            }
        }
        loop {
            let (piece, later) = rest.split_at(rest.len().min(longest - LENGTH - frame.size()));
            frame.long(piece);
            checksum.update(piece);
            rest = later;
            if rest.is_empty() {
                break;
            }
            (frame, sum) = next(frame, id, head, &checksum, sum);
        }
    }
    frame.seal(Follows::Nothing, &checksum, sum);
}

/// Begins the first frame; where its checksum belongs is the second of the two.
fn first<'a>(out: &'a mut Vec<u8>, id: u32, head: Head<'_>, checksum: &Checksum) -> (Open<'a>, usize) {
    let kind = match head {
        Head::Request { .. } => Kind::CallRequest,
        Head::Response { .. } => Kind::CallResponse,
    };
    let mut frame = Open::new(out, kind, id);
    frame.out.push(0);
    let headers: &[(&str, &str)] = match head {
        Head::Request { ttl, service } => {
            // A call has to have some time; what is longer than can be said is said as the longest.
            let ttl = u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX).max(1);
            frame.out.extend_from_slice(&ttl.to_be_bytes());
            frame.out.extend_from_slice(&Tracing::NONE.0);
            frame.short(service.as_bytes());
            &[("as", "json"), ("cn", service)]
        }
        Head::Response { code, tracing } => {
            frame.out.push(code);
            frame.out.extend_from_slice(&tracing.0);
            &[("as", "json")]
        }
    };
    frame.out.push(headers.len() as u8);
    for (key, value) in headers {
        frame.short(key.as_bytes());
        frame.short(value.as_bytes());
    }
    leave_room(frame, checksum)
}

/// Ends a frame and begins the one that goes on.
fn next<'a>(frame: Open<'a>, id: u32, head: Head<'_>, checksum: &Checksum, sum: usize) -> (Open<'a>, usize) {
    let out = frame.seal(Follows::More, checksum, sum);
    let kind = match head {
        Head::Request { .. } => Kind::CallRequestContinued,
        Head::Response { .. } => Kind::CallResponseContinued,
    };
    let frame = Open::new(out, kind, id);
    frame.out.push(0);
    leave_room(frame, checksum)
}

/// Leaves room for the checksum, and says where.
fn leave_room<'a>(frame: Open<'a>, checksum: &Checksum) -> (Open<'a>, usize) {
    frame.out.push(checksum.kind().code());
    let sum = frame.out.len();
    frame.out.resize(sum + checksum.kind().size(), 0);
    (frame, sum)
}

/// How much calls may hold that are not whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// The most bytes of the arguments of one.
    pub(super) each: usize,
    /// The most of all of them together that are not whole.
    pub(super) all: usize,
    /// How much those hold now.
    pub(super) used: usize,
}

/// A call or an answer of which some frames are still to come.
#[derive(Debug)]
pub(super) struct Assembly {
    checksum: Checksum,
    /// Which argument the last piece was of.
    argument: u8,
    endpoint: Vec<u8>,
    body: Vec<u8>,
    /// The bytes of all arguments, those that are not kept as well.
    taken: usize,
}

/// What a fragment made of it.
#[derive(Debug)]
pub(super) enum Progress {
    Unfinished(Assembly),
    Whole { endpoint: Vec<u8>, body: Vec<u8> },
}

/// Why nothing more comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    Malformed,
    Checksum,
    /// It is longer than one may be.
    TooLong,
    /// The others that are unfinished leave it no room.
    NoRoom,
}

impl From<Malformed> for Broken {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl Assembly {
    /// Begins with the first fragment.
    pub(super) fn begin(fragment: Fragment<'_>, budget: &mut Budget) -> Result<Progress, Broken> {
        let checksum = Checksum::new(fragment.kind);
        let empty = Self { checksum, argument: 0, endpoint: Vec::new(), body: Vec::new(), taken: 0 };
        empty.add(fragment, budget)
    }

    /// Goes on with the next fragment. What it held of the budget is given back, unless it is still unfinished.
    pub(super) fn add(mut self, fragment: Fragment<'_>, budget: &mut Budget) -> Result<Progress, Broken> {
        budget.used -= self.taken;
        self.read(fragment, budget.each)?;
        if fragment.follows == Follows::More {
            if self.taken > budget.all - budget.used {
                return Err(Broken::NoRoom);
            }
            budget.used += self.taken;
            return Ok(Progress::Unfinished(self));
        }
        if self.argument != LAST { Err(Broken::Malformed) } else { Ok(self.whole()) }
    }

    /// Lets go of what it holds.
    pub(super) fn discard(self, budget: &mut Budget) {
        budget.used -= self.taken;
    }

    fn read(&mut self, fragment: Fragment<'_>, each: usize) -> Result<(), Broken> {
        if fragment.kind != self.checksum.kind() {
            return Err(Broken::Malformed);
        }
        let mut pieces = fragment.pieces;
        for index in 0.. {
            if pieces.is_empty() {
                break;
            }
            let piece = pieces.long()?;
            if index > 0 {
                self.argument += 1;
            }
            if piece.len() > each.saturating_sub(self.taken) {
                return Err(Broken::TooLong);
            }
            self.taken += piece.len();
            self.checksum.update(piece);
            match self.argument {
                0 if self.endpoint.len() + piece.len() > LONGEST_ENDPOINT => return Err(Broken::Malformed),
                0 => self.endpoint.extend_from_slice(piece),
                LAST => self.body.extend_from_slice(piece),
                // Application headers, which say nothing here.
                1 => {}
                _ => return Err(Broken::Malformed),
            }
        }
        if fragment.sum == self.checksum.value() { Ok(()) } else { Err(Broken::Checksum) }
    }

    fn whole(&mut self) -> Progress {
        Progress::Whole { endpoint: mem::take(&mut self.endpoint), body: mem::take(&mut self.body) }
    }
}

/// The length before a piece, in bytes.
const LENGTH: usize = 2;

/// The index of the argument that is the body.
const LAST: u8 = 2;

/// The protocol's bound on the first argument, in bytes.
const LONGEST_ENDPOINT: usize = 16 * 1024;
