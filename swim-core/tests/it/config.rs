//! Options become a `Config`, or an error that names the field and the rule.

use std::collections::BTreeMap;
use std::time::Duration;

use swim_core::{
    Config, ConfigError, ExchangeMode, FullSyncMode, GossipOptions, Options, OwnLabels, ProtocolPeriod,
    SuspicionTimeout,
};

const REVIEWED: &str = include_str!("presets.json");

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The error that a preset ends in after this change, and its message, which begins with a field's name in backticks, so that
/// whoever reads options from a file can point at the line.
#[track_caller]
fn refused(mut options: Options, change: impl FnOnce(&mut Options)) -> (ConfigError, String) {
    change(&mut options);
    let error = Config::try_from(options).expect_err("these options break a rule");
    let message = error.to_string();
    let quoted = message.strip_prefix('`').and_then(|rest| rest.split_once('`')).map(|(quoted, _)| quoted);
    let field = quoted.and_then(|quoted| quoted.split(['.', ' ']).next()).unwrap_or_default();
    let fields = serde_json::to_value(Options::lan()).unwrap();
    assert!(fields.get(field).is_some(), "no field in backticks first: {message}");
    (error, message)
}

#[track_caller]
fn accepted(mut options: Options, change: impl FnOnce(&mut Options)) {
    change(&mut options);
    Config::try_from(options).expect("these options break no rule");
}

/// Expects the message to name the fields and to hold the values that it is about.
#[track_caller]
fn names(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[test]
fn all_presets_are_valid() {
    for (name, options) in presets() {
        let config = Config::try_from(options.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(*config.options(), options);
    }
    assert_eq!(Options::default(), Options::lan());
}

/// Every setting of every preset, compared with `presets.json`, which people have read and agreed to.
#[test]
fn the_presets_are_as_reviewed() {
    let presets: BTreeMap<_, _> = presets().into_iter().collect();
    let written = serde_json::to_string_pretty(&presets).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/presets.json");
        std::fs::write(path, &written).expect("the presets can be written");
        return;
    }
    let hint = "if the change is meant, run `UPDATE=1 cargo test -p swim-core --test it presets` and review the file";
    for (number, (now, reviewed)) in written.lines().zip(REVIEWED.lines()).enumerate() {
        assert_eq!(now, reviewed, "line {}; {hint}", number + 1);
    }
    assert!(written == REVIEWED, "lines are missing or too many; {hint}");
}

fn presets() -> [(&'static str, Options); 4] {
    [("lan", Options::lan()), ("wan", Options::wan()), ("local", Options::local()), ("ringpop", Options::ringpop())]
}

#[test]
fn the_app_has_a_name_of_1_to_255_bytes() {
    for len in [0, 256] {
        let (error, message) = refused(Options::lan(), |options| options.app = "x".repeat(len));
        assert_eq!(error, ConfigError::App { len });
        names(&message, &["`app`", &len.to_string(), "1 to 255"]);
    }
    accepted(Options::lan(), |options| options.app = "x".repeat(255));
}

/// Every span of time, by the name that its error gives it.
#[expect(clippy::type_complexity, reason = "a table of two columns")]
fn spans() -> Vec<(&'static str, fn(&mut Options, Duration))> {
    vec![
        ("protocol_period", |options, span| options.protocol_period = ProtocolPeriod::Fixed(span)),
        ("protocol_period", |options, min| options.protocol_period = ProtocolPeriod::Adaptive { min }),
        ("ping_timeout", |options, span| options.ping_timeout = span),
        ("ping_request_timeout", |options, span| options.ping_request_timeout = span),
        ("state_timeouts.suspect", |options, span| options.state_timeouts.suspect = SuspicionTimeout::Fixed(span)),
        ("state_timeouts.faulty", |options, span| options.state_timeouts.faulty = span),
        ("state_timeouts.leave", |options, span| options.state_timeouts.leave = Some(span)),
        ("state_timeouts.tombstone", |options, span| options.state_timeouts.tombstone = span),
        ("incarnation_limit", |options, span| options.incarnation_limit = Some(span)),
        ("gossip.interval", |options, interval| options.gossip = Some(GossipOptions { interval, nodes: 3 })),
        ("full_sync_timeout", |options, span| options.full_sync_timeout = span),
        ("join.timeout", |options, span| options.join.timeout = span),
        ("join.max_duration", |options, span| options.join.max_duration = span),
        ("join.delay_min", |options, span| options.join.delay_min = span),
        ("join.delay_max", |options, span| options.join.delay_max = span),
        ("join.settle_after", |options, span| options.join.settle_after = Some(span)),
        ("heal.period", |options, span| options.heal.period = Some(span)),
        ("heal.timeout", |options, span| options.heal.timeout = span),
        ("rollup_flush_interval", |options, span| options.rollup_flush_interval = span),
    ]
}

#[test]
fn spans_of_time_are_a_microsecond_at_least() {
    for (field, set) in spans() {
        for nothing in [Duration::ZERO, Duration::from_nanos(999)] {
            let (error, message) = refused(Options::lan(), |options| set(options, nothing));
            assert_eq!(error, ConfigError::Zero { field });
            names(&message, &[&format!("`{field}`"), "zero"]);
        }
    }
}

#[test]
fn spans_of_time_are_a_century_at_most() {
    let value = 101 * 365 * DAY;
    for (field, set) in spans() {
        for value in [value, Duration::MAX] {
            let (error, message) = refused(Options::lan(), |options| set(options, value));
            assert_eq!(error, ConfigError::TooLong { field, value });
            names(&message, &[&format!("`{field}`"), "a hundred years"]);
        }
    }
    let century = 100 * 365 * DAY;
    accepted(Options::lan(), |options| options.rollup_flush_interval = century);
    refused(Options::lan(), |options| options.rollup_flush_interval = century + Duration::from_nanos(1));
}

type SetNumber = fn(&mut Options, u32);

fn lifeguard(options: &mut Options, change: impl FnOnce([&mut u32; 3])) {
    let SuspicionTimeout::Lifeguard { alpha, beta, confirmations } = &mut options.state_timeouts.suspect else {
        panic!("the preset has Lifeguard's suspicion");
    };
    change([alpha, beta, confirmations]);
}

/// Every number with its range.
fn numbers() -> Vec<(&'static str, u32, u32, SetNumber)> {
    vec![
        ("ping_request_size", 0, 16, |options, value| options.ping_request_size = value),
        ("helper_share", 1, 99, |options, value| options.helper_share = value),
        ("state_timeouts.suspect.alpha", 1, 100, |options, value| lifeguard(options, |[alpha, ..]| *alpha = value)),
        ("state_timeouts.suspect.beta", 1, 100, |options, value| lifeguard(options, |[_, beta, _]| *beta = value)),
        ("state_timeouts.suspect.confirmations", 0, 3, |options, value| {
            lifeguard(options, |[.., wanted]| *wanted = value)
        }),
        ("local_health_max", 0, 8, |options, value| options.local_health_max = value),
        ("evicted_max", 0, 1 << 20, |options, value| options.evicted_max = value),
        ("members_max", 1, Options::MEMBERS_MAX, |options, value| options.members_max = value),
        ("retransmit_factor", 1, 32, |options, value| options.retransmit_factor = value),
        ("gossip.nodes", 1, 16, |options, value| options.gossip.as_mut().unwrap().nodes = value),
        ("max_full_sync_jobs", 1, 64, |options, value| options.max_full_sync_jobs = value),
        ("join.size", 1, 32, |options, value| options.join.size = value),
        ("join.parallelism_factor", 1, 32, |options, value| options.join.parallelism_factor = value),
        ("heal.base_probability", 0, 1000, |options, value| options.heal.base_probability = value),
        ("heal.faulty_rate", 0, 1000, |options, value| options.heal.faulty_rate = value),
        ("heal.failures_max", 1, 100, |options, value| options.heal.failures_max = value),
        ("heal.follow_ups", 0, 10, |options, value| options.heal.follow_ups = value),
        ("rollup_max_updates", 1, 1 << 16, |options, value| options.rollup_max_updates = value),
    ]
}

#[test]
fn numbers_keep_to_their_ranges() {
    for (field, min, max, set) in numbers() {
        for value in [min.checked_sub(1), max.checked_add(1), Some(u32::MAX)].into_iter().flatten() {
            let (error, message) = refused(Options::lan(), |options| set(options, value));
            assert_eq!(error, ConfigError::Range { field, value, min, max });
            names(&message, &[&format!("`{field}`"), &value.to_string(), &format!("{min} to {max}")]);
        }
        // A suspicion of one period is too short for another reason.
        if field != "state_timeouts.suspect.alpha" {
            accepted(Options::lan(), |options| set(options, min));
        }
        accepted(Options::lan(), |options| set(options, max));
    }
}

#[test]
fn a_fixed_period_holds_one_round() {
    let (error, message) = refused(Options::lan(), |options| options.ping_timeout = millis(501));
    assert_eq!(error, ConfigError::RoundLongerThanPeriod { round: millis(1001), period: millis(1000) });
    names(&message, &["`ping_timeout`", "`ping_request_timeout`", "`protocol_period`", "1.001s", "1s"]);
    accepted(Options::ringpop(), |options| options.ping_timeout = millis(60_000));
}

#[test]
fn helpers_have_a_millisecond_at_least() {
    let (error, message) =
        refused(Options::lan(), |options| options.ping_request_timeout = Duration::from_micros(1200));
    assert_eq!(error, ConfigError::HelperTime { helper: Duration::from_micros(960) });
    names(&message, &["`helper_share`", "`ping_request_timeout`", "960µs", "millisecond"]);
    accepted(Options::lan(), |options| {
        options.ping_request_timeout = Duration::from_micros(1200);
        options.ping_request_size = 0;
    });
    accepted(Options::lan(), |options| options.ping_request_timeout = Duration::from_micros(1250));
}

#[test]
fn a_suspicion_is_longer_than_a_round() {
    let (error, message) = refused(Options::lan(), |options| lifeguard(options, |[alpha, ..]| *alpha = 1));
    assert_eq!(error, ConfigError::SuspicionShorterThanRound { suspicion: millis(1000), round: millis(1000) });
    names(&message, &["`state_timeouts.suspect`", "1s", "probe round"]);
    let (error, _) = refused(Options::lan(), |options| {
        options.state_timeouts.suspect = SuspicionTimeout::Fixed(millis(999));
    });
    assert_eq!(error, ConfigError::SuspicionShorterThanRound { suspicion: millis(999), round: millis(1000) });
    accepted(Options::lan(), |options| {
        options.state_timeouts.suspect = SuspicionTimeout::Fixed(millis(1001));
    });
    // An adaptive period runs one round at a time and is exempt.
    accepted(Options::ringpop(), |options| {
        options.state_timeouts.suspect = SuspicionTimeout::Fixed(millis(100));
    });
}

#[test]
fn a_member_is_faulty_for_longer_than_anyone_is_suspected() {
    let longest = Duration::from_secs(24);
    let (error, message) = refused(Options::lan(), |options| options.state_timeouts.faulty = longest);
    assert_eq!(error, ConfigError::FaultyShorterThanSuspicion { faulty: longest, suspicion: longest });
    names(&message, &["`state_timeouts.faulty`", "24s"]);
    accepted(Options::lan(), |options| options.state_timeouts.faulty = longest + millis(1));
}

#[test]
fn datagrams_have_a_bound_that_a_claim_with_all_labels_fits_in() {
    for value in [None, Some(0), Some(1023), Some(65_508)] {
        let (error, message) = refused(Options::lan(), |options| options.datagram_max = value);
        assert_eq!(error, ConfigError::DatagramMax { value, min: 1024, max: 65_507 });
        names(&message, &["`datagram_max`", "1024 to 65507"]);
    }
    let (error, _) = refused(Options::ringpop(), |options| options.datagram_max = Some(512));
    assert!(matches!(error, ConfigError::DatagramMax { value: Some(512), .. }));
    for value in [1024, 65_507] {
        accepted(Options::lan(), |options| options.datagram_max = Some(value));
        accepted(Options::ringpop(), |options| options.datagram_max = Some(value));
    }
}

#[test]
fn stream_pings_stand_beside_datagrams() {
    let (error, message) = refused(Options::ringpop(), |options| options.stream_ping = true);
    assert_eq!(error, ConfigError::StreamPingWithoutDatagrams);
    names(&message, &["`stream_ping`", "`exchange = datagrams`"]);
}

#[test]
fn gossip_goes_by_datagram() {
    let (error, message) = refused(Options::ringpop(), |options| options.gossip = Options::lan().gossip);
    assert_eq!(error, ConfigError::GossipWithoutDatagrams);
    names(&message, &["`gossip`", "`exchange = datagrams`"]);
}

#[test]
fn a_list_in_the_answer_does_not_go_by_datagram() {
    let (error, message) = refused(Options::lan(), |options| options.full_sync = FullSyncMode::InAnswer);
    assert_eq!(error, ConfigError::FullSyncInDatagram);
    names(&message, &["`full_sync = in_answer`", "`exchange = requests`"]);
    accepted(Options::ringpop(), |options| options.full_sync = FullSyncMode::Stream);
    assert_eq!(Options::ringpop().exchange, ExchangeMode::Requests);
}

#[test]
fn the_pauses_of_a_join_grow() {
    let (error, message) = refused(Options::lan(), |options| options.join.delay_min = millis(60_001));
    assert_eq!(error, ConfigError::JoinDelays { min: millis(60_001), max: millis(60_000) });
    names(&message, &["`join.delay_min`", "`join.delay_max`", "60.001s", "60s"]);
    accepted(Options::lan(), |options| options.join.delay_min = millis(60_000));
}

#[test]
fn a_join_has_time_for_one_request() {
    let (error, message) = refused(Options::lan(), |options| options.join.max_duration = millis(1999));
    assert_eq!(error, ConfigError::JoinTimeout { timeout: millis(2000), max: millis(1999) });
    names(&message, &["`join.timeout`", "`join.max_duration`", "2s", "1.999s"]);
    accepted(Options::lan(), |options| options.join.max_duration = millis(2000));
}

#[test]
fn options_are_read_back_as_they_were_written() {
    for (name, mut options) in presets() {
        options.labels = OwnLabels::new([("rack", "7"), ("zone", "b")]).unwrap();
        let text = serde_json::to_string_pretty(&options).unwrap();
        let read: Options = serde_json::from_str(&text).unwrap();
        assert_eq!(read, options, "{name}");
    }
}

#[test]
fn what_is_written_names_fields_and_modes_as_the_errors_do() {
    let text = serde_json::to_string(&Options::ringpop()).unwrap();
    names(
        &text,
        &[r#""exchange":"requests""#, r#""full_sync":"in_answer""#, r#""hearsay":"believe""#, r#""suspect":{"fixed""#],
    );
}

#[test]
fn a_field_that_is_misspelt_is_an_error_that_names_it() {
    let text = serde_json::to_string(&Options::lan()).unwrap().replacen("ping_timeout", "ping_timout", 1);
    let error = serde_json::from_str::<Options>(&text).expect_err("the field is unknown");
    names(&error.to_string(), &["ping_timout"]);
    let text = serde_json::to_string(&Options::lan()).unwrap().replacen("failures_max", "failure_max", 1);
    names(&serde_json::from_str::<Options>(&text).unwrap_err().to_string(), &["failure_max"]);
}

#[test]
fn labels_that_may_not_be_set_are_not_read_either() {
    let long = format!(r#""labels":{{"k":"{}"}}"#, "v".repeat(129));
    let text = serde_json::to_string(&Options::lan()).unwrap().replacen(r#""labels":{}"#, &long, 1);
    names(&serde_json::from_str::<Options>(&text).unwrap_err().to_string(), &["`k`", "129"]);
}
