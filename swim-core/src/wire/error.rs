//! Why bytes are no message: one variant per rule of docs/WIRE.md.

use crate::cluster::ClusterId;

/// Why a frame was refused. The list that it was decoded into is empty then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not even a header.
    #[error("{len} bytes are too short for a frame")]
    TooShort {
        /// How many bytes there are.
        len: usize,
    },
    /// The frame is, or says that it is, longer than [`Limits::bytes`](super::Limits::bytes).
    #[error("a frame of {len} bytes is longer than the {most} that are accepted here")]
    TooLong {
        /// The length of the whole frame, in bytes.
        len: u64,
        /// The limit.
        most: usize,
    },
    /// The frame is of another version of the layout.
    #[error("version {found} of the wire format is unknown")]
    WrongVersion {
        /// The version.
        found: u8,
    },
    /// The frame belongs to another cluster.
    #[error("the frame belongs to cluster {:#010x}", found.0)]
    OtherCluster {
        /// The cluster.
        found: ClusterId,
    },
    /// There is no such kind of message.
    #[error("message kind {found} is unknown")]
    UnknownKind {
        /// The number of the kind.
        found: u8,
    },
    /// The header's body length is not the length of what follows.
    #[error("the header claims a body of {claimed} bytes and {found} follow")]
    LengthMismatch {
        /// The length in the header.
        claimed: u32,
        /// How many bytes follow.
        found: usize,
    },
    /// The bytes were damaged on their way.
    #[error("the CRC is {computed:#010x} and should be {claimed:#010x}")]
    CrcMismatch {
        /// The CRC in the header.
        claimed: u32,
        /// The CRC of the bytes.
        computed: u32,
    },
    /// The body is longer than [`MAX_BODY_LEN`](super::MAX_BODY_LEN), whatever the limits say.
    #[error("the body is longer than any that is decoded")]
    LimitExceeded,
    /// The body ends in the middle of a field.
    #[error("the body ends too soon")]
    Truncated,
    /// The body goes on after the last change.
    #[error("{len} bytes follow the last change")]
    TrailingBytes {
        /// How many.
        len: usize,
    },
    /// More changes than [`Limits::changes`](super::Limits::changes), or than the body can hold.
    #[error("{claimed} changes are more than the {most} that may be")]
    TooManyChanges {
        /// The number in the body.
        claimed: u32,
        /// How many may be.
        most: usize,
    },
    /// An incarnation above [`Incarnation::MAX`](crate::Incarnation::MAX).
    #[error("incarnation {found} is above the highest that there is")]
    IncarnationTooHigh {
        /// The number.
        found: u64,
    },
    /// An incarnation takes more bytes than it needs.
    #[error("incarnation {found} is not in its shortest form")]
    NumberNotShortest {
        /// The number.
        found: u64,
    },
    /// A claim of a member about itself is written as if someone else had made it.
    #[error("a source is spelled out that is the member itself")]
    SourceNotShortest,
    /// Bytes that are no address, or another spelling of one.
    #[error("the bytes of an address are not canonical")]
    BadAddress,
    /// There is no such status.
    #[error("status {found} is unknown")]
    BadStatus {
        /// The number of the status.
        found: u8,
    },
    /// Labels that are not the one encoding of their pairs, beyond the limits for what is received, or announced and
    /// then empty (R13).
    #[error("the labels are not canonical, or too long")]
    BadLabels,
    /// Bits of a flags byte that have no meaning.
    #[error("flags {found:#010b} are unknown")]
    UnknownFlags {
        /// The flags byte.
        found: u8,
    },
    /// A readiness, reach or reason that has no meaning.
    #[error("code {found} is unknown in a message of this kind")]
    UnknownCode {
        /// The number.
        found: u8,
    },
}
