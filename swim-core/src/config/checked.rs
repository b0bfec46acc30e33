//! Checked settings, in the protocol's own units.

use alloc::sync::Arc;
use core::time::Duration;

use super::error::ConfigError;
use super::options::{
    ExchangeMode, FullSyncMode, Hearsay, Options, ProbeOrder, ProtocolPeriod, SuspicionTimeout, Unproven,
};
use crate::cluster::ClusterId;
use crate::labels::OwnLabels;
use crate::observe::EventMask;
use crate::time::Micros;

/// Settings that were checked. Cheap to clone: nodes of one configuration share it.
#[derive(Clone, Debug)]
pub struct Config(Arc<Settings>);

impl core::ops::Deref for Config {
    type Target = Settings;

    #[inline]
    fn deref(&self) -> &Settings {
        &self.0
    }
}

impl Config {
    /// The identity of the cluster, made of [`Options::app`].
    pub fn cluster(&self) -> ClusterId {
        self.0.cluster
    }

    /// The options that this was made of.
    pub fn options(&self) -> &Options {
        &self.0.options
    }
}

/// The values that the protocol reads.
#[derive(Debug)]
#[doc(hidden)]
pub struct Settings {
    pub(crate) options: Options,
    pub(crate) cluster: ClusterId,
    pub(crate) labels: OwnLabels,
    pub(crate) period: Micros,
    pub(crate) adaptive: bool,
    pub(crate) probe_order: ProbeOrder,
    pub(crate) ping_timeout: Micros,
    pub(crate) ping_request_timeout: Micros,
    pub(crate) helper_timeout: Micros,
    pub(crate) ping_request_size: usize,
    pub(crate) requests: bool,
    pub(crate) stream_ping: bool,
    pub(crate) inconclusive_max: u32,
    pub(crate) suspicion: SuspicionSettings,
    pub(crate) faulty: Micros,
    pub(crate) leave: Option<Micros>,
    pub(crate) tombstone: Micros,
    pub(crate) local_health_max: u32,
    pub(crate) doubt_hearsay: bool,
    pub(crate) guard_unproven: bool,
    pub(crate) buddy: bool,
    pub(crate) incarnation_limit_ms: Option<u64>,
    pub(crate) evicted_max: usize,
    pub(crate) members_max: usize,
    pub(crate) retransmit_factor: u32,
    pub(crate) datagram_max: usize,
    pub(crate) gossip_interval: Micros,
    pub(crate) gossip_nodes: usize,
    pub(crate) sync_in_answer: bool,
    pub(crate) max_full_sync_jobs: usize,
    pub(crate) full_sync_timeout: Micros,
    pub(crate) join_size: usize,
    pub(crate) parallelism_factor: usize,
    pub(crate) join_timeout: Micros,
    pub(crate) join_max: Micros,
    pub(crate) join_delay_min: Micros,
    pub(crate) join_delay_max: Micros,
    pub(crate) join_settle_after: Option<Micros>,
    pub(crate) heal_period: Option<Micros>,
    pub(crate) heal_base_probability: u32,
    pub(crate) heal_faulty_rate: u32,
    pub(crate) heal_failures_max: u32,
    pub(crate) heal_follow_ups: u32,
    pub(crate) heal_timeout: Micros,
    pub(crate) rollup_flush: Micros,
    pub(crate) rollup_max: usize,
    pub(crate) events: EventMask,
}

/// How long suspicions last, checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SuspicionSettings {
    /// Always this long.
    Fixed(Micros),
    /// Lifeguard's.
    Lifeguard { alpha: u64, beta: u64, confirmations: u32 },
}

/// The least and the most bytes that a datagram may have: the least holds a claim with all labels that may be set, the
/// most is what UDP over IPv4 carries.
const DATAGRAM_RANGE: (u32, u32) = (1024, 65_507);
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl TryFrom<Options> for Config {
    type Error = ConfigError;

    /// # Errors
    /// The first rule that `options` break.
    fn try_from(options: Options) -> Result<Self, ConfigError> {
        check_fields(&options)?;
        let round = check_round(&options)?;
        check_suspicion(&options, round)?;
        check_exchange(&options)?;
        check_join(&options)?;
        Ok(Self(Arc::new(convert(options))))
    }
}

fn span(field: &'static str, value: Duration) -> Result<Micros, ConfigError> {
    if Micros::from(value) == Micros::ZERO {
        return Err(ConfigError::Zero { field });
    }
    if value > CENTURY {
        return Err(ConfigError::TooLong { field, value });
    }
    Ok(value.into())
}

fn range(field: &'static str, value: u32, min: u32, max: u32) -> Result<u32, ConfigError> {
    if (min..=max).contains(&value) { Ok(value) } else { Err(ConfigError::Range { field, value, min, max }) }
}

/// Every field for itself.
fn check_fields(options: &Options) -> Result<(), ConfigError> {
    if options.app.is_empty() || options.app.len() > 255 {
        return Err(ConfigError::App { len: options.app.len() });
    }
    span("protocol_period", shortest_period(options))?;
    span("ping_timeout", options.ping_timeout)?;
    span("ping_request_timeout", options.ping_request_timeout)?;
    range("ping_request_size", options.ping_request_size, 0, 16)?;
    range("helper_share", options.helper_share, 1, 99)?;
    span("state_timeouts.faulty", options.state_timeouts.faulty)?;
    span("state_timeouts.tombstone", options.state_timeouts.tombstone)?;
    if let Some(leave) = options.state_timeouts.leave {
        span("state_timeouts.leave", leave)?;
    }
    range("local_health_max", options.local_health_max, 0, 8)?;
    if let Some(limit) = options.incarnation_limit {
        span("incarnation_limit", limit)?;
    }
    range("evicted_max", options.evicted_max, 0, 1 << 20)?;
    range("members_max", options.members_max, 1, Options::MEMBERS_MAX)?;
    range("retransmit_factor", options.retransmit_factor, 1, 32)?;
    if let Some(gossip) = options.gossip {
        span("gossip.interval", gossip.interval)?;
        range("gossip.nodes", gossip.nodes, 1, 16)?;
    }
    range("max_full_sync_jobs", options.max_full_sync_jobs, 1, 64)?;
    span("full_sync_timeout", options.full_sync_timeout)?;
    if let Some(period) = options.heal.period {
        span("heal.period", period)?;
    }
    range("heal.base_probability", options.heal.base_probability, 0, 1000)?;
    range("heal.faulty_rate", options.heal.faulty_rate, 0, 1000)?;
    range("heal.failures_max", options.heal.failures_max, 1, 100)?;
    range("heal.follow_ups", options.heal.follow_ups, 0, 10)?;
    span("heal.timeout", options.heal.timeout)?;
    span("rollup_flush_interval", options.rollup_flush_interval)?;
    range("rollup_max_updates", options.rollup_max_updates, 1, 1 << 16)?;
    Ok(())
}

fn shortest_period(options: &Options) -> Duration {
    match options.protocol_period {
        ProtocolPeriod::Fixed(period) => period,
        ProtocolPeriod::Adaptive { min } => min,
    }
}

/// A fixed period holds one round; an adaptive one runs one round at a time and is exempt. Returns the round.
fn check_round(options: &Options) -> Result<Duration, ConfigError> {
    let round = options.ping_timeout + options.ping_request_timeout;
    match options.protocol_period {
        ProtocolPeriod::Fixed(period) if round > period => {
            return Err(ConfigError::RoundLongerThanPeriod { round, period });
        }
        _ => {}
    }
    let helper = options.ping_request_timeout * options.helper_share / 100;
    if options.ping_request_size > 0 && helper < Duration::from_millis(1) {
        return Err(ConfigError::HelperTime { helper });
    }
    Ok(round)
}

fn check_suspicion(options: &Options, round: Duration) -> Result<(), ConfigError> {
    let adaptive = matches!(options.protocol_period, ProtocolPeriod::Adaptive { .. });
    let (shortest, longest) = match options.state_timeouts.suspect {
        SuspicionTimeout::Fixed(fixed) => {
            span("state_timeouts.suspect", fixed)?;
            (fixed, fixed)
        }
        SuspicionTimeout::Lifeguard { alpha, beta, confirmations } => {
            range("state_timeouts.suspect.alpha", alpha, 1, 100)?;
            range("state_timeouts.suspect.beta", beta, 1, 100)?;
            let most = SuspicionTimeout::CONFIRMATIONS_MAX;
            range("state_timeouts.suspect.confirmations", confirmations, 0, most)?;
            let shortest = shortest_period(options) * alpha;
            (shortest, shortest * beta)
        }
    };
    if !adaptive && shortest <= round {
        return Err(ConfigError::SuspicionShorterThanRound { suspicion: shortest, round });
    }
    let faulty = options.state_timeouts.faulty;
    if !adaptive && faulty <= longest {
        return Err(ConfigError::FaultyShorterThanSuspicion { faulty, suspicion: longest });
    }
    Ok(())
}

fn check_exchange(options: &Options) -> Result<(), ConfigError> {
    let (min, max) = DATAGRAM_RANGE;
    let fits = |value: u32| (min..=max).contains(&value);
    match options.exchange {
        ExchangeMode::Datagrams => {
            if !options.datagram_max.is_some_and(fits) {
                return Err(ConfigError::DatagramMax { value: options.datagram_max, min, max });
            }
            if options.full_sync == FullSyncMode::InAnswer {
                return Err(ConfigError::FullSyncInDatagram);
            }
        }
        ExchangeMode::Requests => {
            if !options.datagram_max.is_none_or(fits) {
                return Err(ConfigError::DatagramMax { value: options.datagram_max, min, max });
            }
            if options.stream_ping {
                return Err(ConfigError::StreamPingWithoutDatagrams);
            }
            if options.gossip.is_some() {
                return Err(ConfigError::GossipWithoutDatagrams);
            }
        }
    }
    Ok(())
}

fn check_join(options: &Options) -> Result<(), ConfigError> {
    let join = &options.join;
    range("join.size", join.size, 1, 32)?;
    range("join.parallelism_factor", join.parallelism_factor, 1, 32)?;
    span("join.timeout", join.timeout)?;
    span("join.max_duration", join.max_duration)?;
    span("join.delay_min", join.delay_min)?;
    span("join.delay_max", join.delay_max)?;
    if let Some(settle_after) = join.settle_after {
        span("join.settle_after", settle_after)?;
    }
    if join.delay_min > join.delay_max {
        return Err(ConfigError::JoinDelays { min: join.delay_min, max: join.delay_max });
    }
    if join.timeout > join.max_duration {
        return Err(ConfigError::JoinTimeout { timeout: join.timeout, max: join.max_duration });
    }
    Ok(())
}

/// Puts checked options into the protocol's units.
fn convert(options: Options) -> Settings {
    let suspicion = match options.state_timeouts.suspect {
        SuspicionTimeout::Fixed(fixed) => SuspicionSettings::Fixed(fixed.into()),
        SuspicionTimeout::Lifeguard { alpha, beta, confirmations } => {
            SuspicionSettings::Lifeguard { alpha: alpha.into(), beta: beta.into(), confirmations }
        }
    };
    let ping_request_timeout = Micros::from(options.ping_request_timeout);
    Settings {
        cluster: ClusterId::from_name(&options.app),
        labels: options.labels.clone(),
        period: shortest_period(&options).into(),
        adaptive: matches!(options.protocol_period, ProtocolPeriod::Adaptive { .. }),
        probe_order: options.probe_order,
        ping_timeout: options.ping_timeout.into(),
        ping_request_timeout,
        helper_timeout: ping_request_timeout.percent(options.helper_share.into()),
        ping_request_size: options.ping_request_size as usize,
        requests: options.exchange == ExchangeMode::Requests,
        stream_ping: options.stream_ping,
        inconclusive_max: options.inconclusive_max,
        suspicion,
        faulty: options.state_timeouts.faulty.into(),
        leave: options.state_timeouts.leave.map(Micros::from),
        tombstone: options.state_timeouts.tombstone.into(),
        local_health_max: options.local_health_max,
        doubt_hearsay: options.hearsay == Hearsay::Suspect,
        guard_unproven: options.unproven == Unproven::Guarded,
        buddy: options.buddy,
        incarnation_limit_ms: options.incarnation_limit.map(|limit| Micros::from(limit).0 / 1000),
        evicted_max: options.evicted_max as usize,
        members_max: options.members_max as usize,
        retransmit_factor: options.retransmit_factor,
        datagram_max: options.datagram_max.map_or(usize::MAX, |max| max as usize),
        gossip_interval: options.gossip.map_or(Micros::ZERO, |gossip| gossip.interval.into()),
        gossip_nodes: options.gossip.map_or(0, |gossip| gossip.nodes as usize),
        sync_in_answer: options.full_sync == FullSyncMode::InAnswer,
        max_full_sync_jobs: options.max_full_sync_jobs as usize,
        full_sync_timeout: options.full_sync_timeout.into(),
        join_size: options.join.size as usize,
        parallelism_factor: options.join.parallelism_factor as usize,
        join_timeout: options.join.timeout.into(),
        join_max: options.join.max_duration.into(),
        join_delay_min: options.join.delay_min.into(),
        join_delay_max: options.join.delay_max.into(),
        join_settle_after: options.join.settle_after.map(Micros::from),
        heal_period: options.heal.period.map(Micros::from),
        heal_base_probability: options.heal.base_probability,
        heal_faulty_rate: options.heal.faulty_rate,
        heal_failures_max: options.heal.failures_max,
        heal_follow_ups: options.heal.follow_ups,
        heal_timeout: options.heal.timeout.into(),
        rollup_flush: options.rollup_flush_interval.into(),
        rollup_max: options.rollup_max_updates as usize,
        events: options.events,
        options,
    }
}
