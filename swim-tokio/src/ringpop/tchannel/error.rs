//! What can go wrong with a call and with a connection.

use thiserror::Error;

/// Why a call failed below the application, as error frames say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorCode {
    /// Its time was over.
    Timeout,
    /// The caller withdrew it.
    Cancelled,
    /// Too much to do at the moment; the call was not begun.
    Busy,
    /// Not taken, for another reason than load.
    Declined,
    /// It may have been begun. Codes that are not known are read as this.
    Unexpected,
    /// The same call will never be taken.
    BadRequest,
    /// Something on the way failed.
    Network,
    /// A relay found the node unhealthy.
    Unhealthy,
    /// The connection ends.
    Protocol,
}

impl ErrorCode {
    pub(super) fn of(code: u8) -> Self {
        match code {
            0x01 => Self::Timeout,
            0x02 => Self::Cancelled,
            0x03 => Self::Busy,
            0x04 => Self::Declined,
            0x06 => Self::BadRequest,
            0x07 => Self::Network,
            0x08 => Self::Unhealthy,
            0xff => Self::Protocol,
            _ => Self::Unexpected,
        }
    }

    pub(super) fn code(self) -> u8 {
        match self {
            Self::Timeout => 0x01,
            Self::Cancelled => 0x02,
            Self::Busy => 0x03,
            Self::Declined => 0x04,
            Self::Unexpected => 0x05,
            Self::BadRequest => 0x06,
            Self::Network => 0x07,
            Self::Unhealthy => 0x08,
            Self::Protocol => 0xff,
        }
    }
}

/// How this side answers a call that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure<'a> {
    /// The endpoint was asked and says no: its JSON.
    Application(&'a [u8]),
    /// The endpoint was not asked, or could not answer.
    Protocol(ErrorCode, &'a str),
}

/// Why a call of this side has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum CallError {
    /// The endpoint was asked and says no: its JSON.
    #[error("the application refused it: {}", String::from_utf8_lossy(.0))]
    Application(Vec<u8>),
    /// It failed on the other side below the application.
    #[error("the other side did not do it ({code:?}): {message}")]
    Protocol {
        /// What kind of failure it was.
        code: ErrorCode,
        /// For people who read logs.
        message: String,
    },
    /// The answer's checksum was wrong.
    #[error("the answer was damaged")]
    Checksum,
    /// The answer was not one.
    #[error("the answer cannot be read")]
    Malformed,
    /// The answer is longer than one may be, or than what unfinished calls have left.
    #[error("the answer is too long")]
    TooLong,
}

/// Why a connection ends. What it was asked is lost.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Fatal {
    /// No frame has this size, so that the next one cannot be found.
    #[error("a frame cannot have {0} bytes")]
    Size(u16),
    /// The other side speaks another version of the protocol.
    #[error("version {0} of the protocol is not spoken here")]
    Version(u16),
    /// Something came before the two sides had introduced themselves.
    #[error("a frame of type {0:#04x} came before the handshake was done")]
    TooSoon(u8),
    /// The other side did not say who it is.
    #[error("the handshake has no host_port and process_name")]
    Nameless,
    /// A handshake came that was not due.
    #[error("a second handshake came")]
    SecondHandshake,
    /// A call came with the number of one that was still to be answered, so that an answer would be to both.
    #[error("call {0} came twice")]
    Duplicate(u32),
    /// The other side ends it.
    #[error("the other side ends the connection: {0}")]
    Peer(String),
}
