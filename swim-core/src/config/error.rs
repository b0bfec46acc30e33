//! Why options are refused: one variant per rule, each naming the field and what is allowed.

use core::time::Duration;

/// A rule that [`Options`](crate::Options) break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `app` is empty or too long.
    #[error("`app` is {len} bytes long; a name of 1 to 255 bytes is needed")]
    App {
        /// Its length in bytes.
        len: usize,
    },
    /// A span of time that must be a microsecond at least.
    #[error("`{field}` is zero; a span of a microsecond at least is needed")]
    Zero {
        /// The field.
        field: &'static str,
    },
    /// A span of time beyond what is sensible (a hundred years).
    #[error("`{field}` is {value:?}, longer than a hundred years")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its value.
        value: Duration,
    },
    /// A number outside its range.
    #[error("`{field}` is {value}; {min} to {max} is allowed")]
    Range {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u32,
        /// The least that is allowed.
        min: u32,
        /// The most that is allowed.
        max: u32,
    },
    /// A round must end before the next one starts.
    #[error(
        "`ping_timeout` + `ping_request_timeout` is {round:?}, longer than the fixed `protocol_period` of {period:?}"
    )]
    RoundLongerThanPeriod {
        /// Both timeouts together.
        round: Duration,
        /// The period.
        period: Duration,
    },
    /// Helpers would have less than a millisecond to answer.
    #[error("`helper_share` of `ping_request_timeout` leaves helpers {helper:?}; a millisecond at least is needed")]
    HelperTime {
        /// What helpers have.
        helper: Duration,
    },
    /// A suspect must be probed again before it is declared faulty.
    #[error(
        "`state_timeouts.suspect` allows a suspicion of {suspicion:?}; it must be longer than a probe round, {round:?}"
    )]
    SuspicionShorterThanRound {
        /// The shortest suspicion that the options allow.
        suspicion: Duration,
        /// How long a round takes.
        round: Duration,
    },
    /// Datagrams carry pings, so they need a bound that a ping with one change fits in.
    #[error("`datagram_max` is {value:?}; with datagrams {min} to {max} bytes are allowed")]
    DatagramMax {
        /// Its value.
        value: Option<u32>,
        /// The least that is allowed.
        min: u32,
        /// The most that is allowed.
        max: u32,
    },
    /// Stream pings stand beside datagrams; where pings are requests already there is nothing to stand beside.
    #[error("`stream_ping` needs `exchange = datagrams`")]
    StreamPingWithoutDatagrams,
    /// Gossip is sent as datagrams.
    #[error("`gossip` needs `exchange = datagrams`")]
    GossipWithoutDatagrams,
    /// A full sync in an answer does not fit in a datagram.
    #[error("`full_sync = in_answer` needs `exchange = requests`")]
    FullSyncInDatagram,
    /// The pauses between join rounds must grow.
    #[error("`join.delay_min` is {min:?}, longer than `join.delay_max`, {max:?}")]
    JoinDelays {
        /// The first pause.
        min: Duration,
        /// The longest pause.
        max: Duration,
    },
    /// A join must have time for one request.
    #[error("`join.timeout` is {timeout:?}, longer than `join.max_duration`, {max:?}")]
    JoinTimeout {
        /// One request's time.
        timeout: Duration,
        /// All the time.
        max: Duration,
    },
    /// A member would be forgotten before everyone has heard that it is dead.
    #[error("`state_timeouts.faulty` is {faulty:?}, not longer than the longest suspicion of {suspicion:?} among ten")]
    FaultyShorterThanSuspicion {
        /// The faulty timeout.
        faulty: Duration,
        /// The longest suspicion in a cluster of ten.
        suspicion: Duration,
    },
}
