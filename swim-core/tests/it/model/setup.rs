//! What a case starts from: how many nodes, and their options, once for the nodes and once in the words of the model.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use swim_core::{Hearsay, Options, ProtocolPeriod, SuspicionTimeout};

use super::claim::Rules;

/// A case's cluster.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) nodes: u32,
    pub(super) preset: Preset,
    pub(super) traffic: Traffic,
    pub(super) start: Start,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preset {
    Lan,
    Ringpop,
    /// A preset with other numbers, so that whole lives of members fit into a few seconds.
    Drawn(Numbers),
}

/// What is drawn. Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    like: Like,
    period: u64,
    suspicion: SuspicionTimeout,
    /// How much longer than the longest suspicion a member is faulty.
    faulty: u64,
    leave: Option<u64>,
    tombstone: u64,
    hearsay: Hearsay,
    limit: Option<u64>,
    evicted_max: u32,
    inconclusive_max: u32,
    helpers: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Like {
    Lan,
    Ringpop,
}

/// What nodes do by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    /// They probe, gossip and heal.
    Live,
    /// They probe on command only, so that time can pass with nothing but what expires.
    Quiet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Nothing runs.
    Cold,
    /// All nodes run and have joined.
    Formed,
}

impl Setup {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let preset = prop_oneof![2 => Just(Preset::Lan), 1 => Just(Preset::Ringpop), 3 => Numbers::any().prop_map(Preset::Drawn)];
        let traffic = select(vec![Traffic::Quiet, Traffic::Live]);
        let start = prop_oneof![4 => Just(Start::Formed), 1 => Just(Start::Cold)];
        (2..=5u32, preset, traffic, start).prop_map(|(nodes, preset, traffic, start)| Self {
            nodes,
            preset,
            traffic,
            start,
        })
    }

    pub(super) fn options(&self) -> Options {
        let mut options = match self.preset {
            Preset::Lan => Options::lan(),
            Preset::Ringpop => Options { app: Options::lan().app, ..Options::ringpop() },
            Preset::Drawn(numbers) => numbers.options(),
        };
        if self.traffic == Traffic::Quiet {
            options.gossip = None;
            options.heal.period = None;
        }
        options
    }
}

impl Numbers {
    fn any() -> impl Strategy<Value = Self> {
        let lifeguard = (1..=3u32, 1..=4u32, 0..=3u32)
            .prop_map(|(alpha, beta, confirmations)| SuspicionTimeout::Lifeguard { alpha, beta, confirmations });
        let fixed = (1..=3u64).prop_map(|seconds| SuspicionTimeout::Fixed(Duration::from_secs(seconds)));
        let round = (
            select(vec![Like::Lan, Like::Lan, Like::Ringpop]),
            select(vec![200u64, 500, 1000]),
            prop_oneof![3 => lifeguard, 1 => fixed],
            select(vec![0, 1, 3]),
            select(vec![0, 1, 3]),
        );
        let life = (
            select(vec![1u64, 500, 3_000]),
            select(vec![None, Some(700u64), Some(4_000)]),
            select(vec![1u64, 300, 2_000]),
            // Among those that are evicted at one moment no rule says who gives way, so the bound is never reached.
            select(vec![0, 4096, 4096]),
        );
        let trust = (
            select(vec![Hearsay::Suspect, Hearsay::Suspect, Hearsay::Believe]),
            select(vec![Some(10_000u64), Some(7 * 86_400_000), None]),
        );
        (round, life, trust).prop_map(|(round, life, (hearsay, limit))| {
            let (like, period, suspicion, inconclusive_max, helpers) = round;
            let (faulty, leave, tombstone, evicted_max) = life;
            let numbers = (like, period, suspicion, faulty, leave, tombstone);
            let (like, period, suspicion, faulty, leave, tombstone) = numbers;
            Self {
                like,
                period,
                suspicion,
                faulty,
                leave,
                tombstone,
                hearsay,
                limit,
                evicted_max,
                inconclusive_max,
                helpers,
            }
        })
    }

    fn options(self) -> Options {
        let period = Duration::from_millis(self.period);
        let (mut options, protocol_period) = match self.like {
            Like::Lan => (Options::lan(), ProtocolPeriod::Fixed(period)),
            Like::Ringpop => (Options::ringpop(), ProtocolPeriod::Adaptive { min: period }),
        };
        options.app = Options::lan().app;
        options.protocol_period = protocol_period;
        options.ping_timeout = period / 4;
        options.ping_request_timeout = period / 4;
        options.ping_request_size = self.helpers;
        options.inconclusive_max = self.inconclusive_max;
        options.state_timeouts.suspect = self.suspicion;
        options.state_timeouts.faulty = self.longest_suspicion() + Duration::from_millis(self.faulty);
        options.state_timeouts.leave = self.leave.map(Duration::from_millis);
        options.state_timeouts.tombstone = Duration::from_millis(self.tombstone);
        options.hearsay = self.hearsay;
        options.incarnation_limit = self.limit.map(Duration::from_millis);
        options.evicted_max = self.evicted_max;
        options
    }

    fn longest_suspicion(self) -> Duration {
        match self.suspicion {
            SuspicionTimeout::Fixed(span) => span,
            SuspicionTimeout::Lifeguard { alpha, beta, .. } => Duration::from_millis(self.period) * alpha * beta,
        }
    }
}

/// The settings of the rules, read from the options and not from what the core makes of them.
pub(super) fn rules(options: &Options) -> Rules {
    let micros = |span: Duration| span.as_micros() as u64;
    let (period, sleeps) = match options.protocol_period {
        ProtocolPeriod::Fixed(period) => (period, true),
        ProtocolPeriod::Adaptive { min } => (min, false),
    };
    let (shortest, beta, confirmations) = match options.state_timeouts.suspect {
        SuspicionTimeout::Fixed(span) => (span, 1, 0),
        SuspicionTimeout::Lifeguard { alpha, beta, confirmations } => (period * alpha, beta, confirmations),
    };
    Rules {
        period: micros(period),
        sleeps,
        shortest: micros(shortest),
        beta: beta.into(),
        confirmations,
        faulty: micros(options.state_timeouts.faulty),
        leave: options.state_timeouts.leave.map(micros),
        tombstone: micros(options.state_timeouts.tombstone),
        limit_ms: options.incarnation_limit.map(|limit| micros(limit) / 1000),
        remembers_evicted: options.evicted_max > 0,
        inconclusive_max: options.inconclusive_max,
        doubts: options.hearsay == Hearsay::Suspect,
    }
}
