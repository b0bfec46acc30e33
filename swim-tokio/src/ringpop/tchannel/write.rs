//! Frames as they are written: those of one piece here, the many that a call may need in `call`.

use super::checksum::Checksum;
use super::connection::Identity;
use super::error::ErrorCode;
use super::frame::{Follows, HEADER, Kind, LONGEST, Tracing};

/// A frame that is being written at the end of some bytes.
pub(super) struct Open<'a> {
    pub(super) out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Open<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, kind: Kind, id: u32) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0, 0, kind.code(), 0]);
        out.extend_from_slice(&id.to_be_bytes());
        out.extend_from_slice(&[0; 8]);
        Self { out, start }
    }

    /// Bytes behind a length of one byte. What is written so is a few bytes long.
    pub(super) fn short(&mut self, bytes: &[u8]) {
        self.out.push(u8::try_from(bytes.len()).expect("names here are short"));
        self.out.extend_from_slice(bytes);
    }

    /// Bytes behind a length of two bytes; the caller has seen to it that they fit.
    pub(super) fn long(&mut self, bytes: &[u8]) {
        let size = u16::try_from(bytes.len()).expect("what is longer was cut");
        self.out.extend_from_slice(&size.to_be_bytes());
        self.out.extend_from_slice(bytes);
    }

    /// How long it is so far.
    pub(super) fn size(&self) -> usize {
        self.out.len() - self.start
    }

    /// Fills in what was left open: flags at the payload's start, and the checksum, where `sum` says.
    pub(super) fn seal(self, follows: Follows, checksum: &Checksum, sum: usize) -> &'a mut Vec<u8> {
        self.out[self.start + HEADER] = follows.flags();
        let size = checksum.kind().size();
        self.out[sum..sum + size].copy_from_slice(&checksum.value().to_be_bytes()[..size]);
        self.close()
    }

    /// Fills in the size, and gives back what it was written to.
    pub(super) fn close(self) -> &'a mut Vec<u8> {
        let size = u16::try_from(self.size()).expect("no frame is longer than its size can say");
        self.out[self.start..self.start + 2].copy_from_slice(&size.to_be_bytes());
        self.out
    }
}

/// Writes what this side says of itself.
pub(super) fn init(out: &mut Vec<u8>, kind: Kind, id: u32, identity: &Identity) {
    let mut frame = Open::new(out, kind, id);
    frame.out.extend_from_slice(&VERSION.to_be_bytes());
    let headers = [("host_port", &identity.host_port), ("process_name", &identity.process_name)];
    frame.out.extend_from_slice(&(headers.len() as u16).to_be_bytes());
    for (key, value) in headers {
        frame.long(key.as_bytes());
        frame.long(clipped(value).as_bytes());
    }
    frame.close();
}

/// Writes a frame that has no payload.
pub(super) fn empty(out: &mut Vec<u8>, kind: Kind, id: u32) {
    Open::new(out, kind, id).close();
}

/// Writes that something failed.
pub(super) fn error(out: &mut Vec<u8>, id: u32, code: ErrorCode, tracing: &Tracing, message: &str) {
    let mut frame = Open::new(out, Kind::Error, id);
    frame.out.push(code.code());
    frame.out.extend_from_slice(&tracing.0);
    frame.long(clipped(message).as_bytes());
    frame.close();
}

/// As much of a text as is sent at most.
fn clipped(text: &str) -> &str {
    let cut = (0..=text.len().min(LONGEST_TEXT)).rev().find(|at| text.is_char_boundary(*at));
    &text[..cut.expect("a text may be cut at its start")]
}

/// The version of the protocol.
pub(super) const VERSION: u16 = 2;

/// Names and messages are cut here, in bytes, so that they fit into a frame.
const LONGEST_TEXT: usize = 4096;
const _: () = assert!(3 * LONGEST_TEXT < LONGEST);
