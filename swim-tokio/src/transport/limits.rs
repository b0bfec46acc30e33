//! How much streams may cost: in number, size and time, for each peer and in total.

/// The bounds of streams. Each has a default that a cluster of ten thousand does well with.
///
/// How long an exchange may take follows from the options: the longest of the times that a join, a full sync and a
/// request of healing may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Streams that others may have open here at once. More wait to be accepted. Default 256.
    pub incoming: u32,
    /// ... of which one IP address may have so many; what is more is closed at once. Default 64.
    pub incoming_per_peer: u32,
    /// Streams that this node may have open at once, to all others together. A request beyond them is undeliverable. How
    /// many go to one target is the core's to bound: one for each round of joins, one ping and one full sync for each
    /// protocol period, one attempt to heal at a time. Default 256.
    pub outgoing: u32,
    /// The longest message in bytes. Default 64 MiB, the codec's longest: a list of a million members with IPv4
    /// addresses, and labels.
    pub message_bytes: u32,
    /// How many bytes all messages that are being received may take together, as they arrive, with all answers that are
    /// being sent; who asks where no answer has room is told that the node is busy. A list takes more
    /// for the moment in which it is decoded and applied: a kilobyte for each change at most, which begins at 14 bytes, so a lower
    /// [`members_max`](swim_core::Options::members_max) bounds it. Default 128 MiB.
    pub total_bytes: u32,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { incoming: 256, incoming_per_peer: 64, outgoing: 256, message_bytes: 64 << 20, total_bytes: 128 << 20 }
    }
}
