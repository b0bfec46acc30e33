//! One frame as bytes: its header, and what each kind has behind it.
//!
//! ```text
//!  0     2    3    4        8              16
//!  | size | kind | 0 | id     | 0 (8 bytes) | payload ..            all numbers big-endian; the size is of all of it
//! ```
//!
//! Reading borrows from the bytes that arrived and takes no memory, whatever lengths they claim.

use std::time::Duration;

use super::checksum;

/// The bytes before the payload.
pub(super) const HEADER: usize = 16;

/// The longest frame.
pub(super) const LONGEST: usize = 0xffff;

/// The id of an error that is about the connection instead of a call.
pub(super) const NO_ID: u32 = 0xffff_ffff;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    InitRequest,
    InitResponse,
    CallRequest,
    CallResponse,
    CallRequestContinued,
    CallResponseContinued,
    Cancel,
    Claim,
    PingRequest,
    PingResponse,
    Error,
}

impl Kind {
    pub(super) fn of(code: u8) -> Option<Self> {
        Some(match code {
            0x01 => Self::InitRequest,
            0x02 => Self::InitResponse,
            0x03 => Self::CallRequest,
            0x04 => Self::CallResponse,
            0x13 => Self::CallRequestContinued,
            0x14 => Self::CallResponseContinued,
            0xc0 => Self::Cancel,
            0xc1 => Self::Claim,
            0xd0 => Self::PingRequest,
            0xd1 => Self::PingResponse,
            0xff => Self::Error,
            _ => return None,
        })
    }

    pub(super) fn code(self) -> u8 {
        match self {
            Self::InitRequest => 0x01,
            Self::InitResponse => 0x02,
            Self::CallRequest => 0x03,
            Self::CallResponse => 0x04,
            Self::CallRequestContinued => 0x13,
            Self::CallResponseContinued => 0x14,
            Self::Cancel => 0xc0,
            Self::Claim => 0xc1,
            Self::PingRequest => 0xd0,
            Self::PingResponse => 0xd1,
            Self::Error => 0xff,
        }
    }
}

/// A frame that arrived whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) code: u8,
    pub(super) id: u32,
    pub(super) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame that `bytes` start with, and how long it is; none where it is not whole.
    ///
    /// # Errors
    /// The size that it claims, where no frame is that short. Nothing after it can be found.
    pub(super) fn first(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, u16> {
        let size = match size(bytes)? {
            Some(size) if size <= bytes.len() => size,
            _ => return Ok(None),
        };
        let id = u32::from_be_bytes(bytes[4..8].try_into().expect("these are four bytes"));
        Ok(Some((Self { code: bytes[2], id, payload: &bytes[HEADER..size] }, size)))
    }
}

/// How many bytes are missing before more can be said about the frame that `bytes` are a part of.
///
/// # Errors
/// As [`Frame::first`].
pub(super) fn missing(bytes: &[u8]) -> Result<usize, u16> {
    Ok(size(bytes)?.unwrap_or(2).saturating_sub(bytes.len()))
}

fn size(bytes: &[u8]) -> Result<Option<usize>, u16> {
    let Some(size) = bytes.first_chunk() else { return Ok(None) };
    let size = u16::from_be_bytes(*size);
    if usize::from(size) < HEADER { Err(size) } else { Ok(Some(size.into())) }
}

/// A payload is not what its kind says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What is left to be read of a payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        Ok(self.bytes(N)?.try_into().expect("it is as long as it was asked for"))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// Bytes after a length of one byte.
    fn short(&mut self) -> Result<&'a [u8], Malformed> {
        let size = self.u8()?;
        self.bytes(size.into())
    }

    /// Bytes after a length of two bytes.
    pub(super) fn long(&mut self) -> Result<&'a [u8], Malformed> {
        let size = self.u16()?;
        self.bytes(size.into())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The transport headers of a call; nothing here depends on them.
    fn skip_headers(&mut self) -> Result<(), Malformed> {
        for _ in 0..self.u8()? {
            self.short()?;
            self.short()?;
        }
        Ok(())
    }
}

/// What a caller wants to find its call by; answers carry it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tracing(pub(super) [u8; 25]);

impl Tracing {
    /// None.
    pub(super) const NONE: Self = Self([0; 25]);
}

/// What a side says of itself before anything else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Init<'a> {
    pub(super) version: u16,
    pub(super) host_port: Option<&'a [u8]>,
    pub(super) process_name: Option<&'a [u8]>,
}

impl<'a> Init<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(payload);
        let mut init = Self { version: reader.u16()?, host_port: None, process_name: None };
        for _ in 0..reader.u16()? {
            match (reader.long()?, reader.long()?) {
                (b"host_port", value) => init.host_port = Some(value),
                (b"process_name", value) => init.process_name = Some(value),
                _ => {}
            }
        }
        Ok(init)
    }
}

/// The first frame of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) ttl: Duration,
    pub(super) tracing: Tracing,
    pub(super) service: &'a [u8],
    pub(super) fragment: Fragment<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(payload);
        let flags = reader.u8()?;
        let ttl = Duration::from_millis(reader.u32()?.into());
        let tracing = Tracing(reader.array()?);
        let service = reader.short()?;
        reader.skip_headers()?;
        Ok(Self { ttl, tracing, service, fragment: Fragment::read(flags, reader)? })
    }
}

/// The first frame of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Response<'a> {
    /// 0 where the call went well.
    pub(super) code: u8,
    pub(super) fragment: Fragment<'a>,
}

impl<'a> Response<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(payload);
        let flags = reader.u8()?;
        let code = reader.u8()?;
        reader.bytes(Tracing::NONE.0.len())?;
        reader.skip_headers()?;
        Ok(Self { code, fragment: Fragment::read(flags, reader)? })
    }
}

/// What one frame has of the arguments of a call or an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    pub(super) follows: Follows,
    pub(super) kind: checksum::Kind,
    /// The checksum up to the end of this fragment; 0 where there is none.
    pub(super) sum: u32,
    /// Pieces of arguments, each behind its length of two bytes.
    pub(super) pieces: Reader<'a>,
}

impl<'a> Fragment<'a> {
    /// Of a frame that continues a call or an answer.
    pub(super) fn continued(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(payload);
        let flags = reader.u8()?;
        Self::read(flags, reader)
    }

    fn read(flags: u8, mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let follows = if flags & Follows::More.flags() == 0 { Follows::Nothing } else { Follows::More };
        let kind = checksum::Kind::of(reader.u8()?).ok_or(Malformed)?;
        let sum = if kind.size() == 0 { 0 } else { reader.u32()? };
        Ok(Self { follows, kind, sum, pieces: reader })
    }
}

/// Whether a frame is the last of its call or answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    Nothing,
    More,
}

impl Follows {
    pub(super) fn flags(self) -> u8 {
        u8::from(self == Self::More)
    }
}

/// That a call failed below the application, or the connection did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Error<'a> {
    pub(super) code: u8,
    pub(super) message: &'a [u8],
}

impl<'a> Error<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(payload);
        let code = reader.u8()?;
        reader.bytes(Tracing::NONE.0.len())?;
        Ok(Self { code, message: reader.long()? })
    }
}
