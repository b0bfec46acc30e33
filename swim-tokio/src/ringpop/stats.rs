//! The answer of `/admin/stats`.

use serde_json::{Value, json};
use swim_core::{Micros, Timing};

use super::digest::address_text;
use super::follow::Ring;
use crate::driver::clock::Clock;
use crate::shared::Shared;

/// All that ringpop tells of a process.
pub(crate) fn read(shared: &Shared, clock: &Clock, ring: &Ring) -> Value {
    let members = shared.members();
    let stats = shared.stats();
    let list: Vec<Value> = members
        .iter()
        .map(|member| {
            let mut entry = json!({
                "address": address_text(member.address),
                "status": member.status.name(),
                "incarnationNumber": member.incarnation.get(),
            });
            if !member.labels.is_empty() {
                entry["labels"] = json!(member.labels);
            }
            entry
        })
        .collect();
    let servers: Vec<String> = ring.servers().into_iter().map(address_text).collect();
    let protocol = &stats.protocol;
    json!({
        "hooks": null,
        "membership": { "checksum": members.checksum().0, "members": list },
        "process": { "memory": memory(), "pid": std::process::id() },
        "protocol": {
            "timing": timing(&protocol.timing),
            "protocolRate": nanos(protocol.rate),
            "clientRate": rate(protocol.client_rate_milli),
            "serverRate": rate(protocol.server_rate_milli),
            "totalRate": rate(protocol.total_rate_milli),
        },
        "ring": { "checksum": ring.checksum(), "servers": servers },
        "version": env!("CARGO_PKG_VERSION"),
        "timestamp": clock.wall().0,
        "uptime": stats.uptime.0 / 1000,
        "tchannelVersion": "2",
    })
}

/// In nanoseconds, as Go counts.
fn nanos(time: Micros) -> u64 {
    time.0.saturating_mul(1000)
}

fn rate(milli: u64) -> f64 {
    milli as f64 / 1000.0
}

fn timing(timing: &Timing) -> Value {
    json!({
        "type": "timer",
        "min": nanos(timing.min),
        "max": nanos(timing.max),
        "sum": nanos(timing.sum),
        "variance": timing.variance as f64 * 1e6,
        "mean": nanos(timing.mean),
        "std_dev": nanos(timing.std_dev),
        "count": timing.count,
        "median": nanos(timing.median),
        "p75": nanos(timing.p75),
        "p95": nanos(timing.p95),
        "p99": nanos(timing.p99),
        "p999": nanos(timing.p999),
    })
}

/// What the process takes, in bytes; 0 where the system does not tell. There is no managed heap: its size is that of all
/// private data, and what is used of it what of that is in memory.
fn memory() -> Value {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
    };
    let bytes = |name| bytes(name).unwrap_or(0);
    json!({ "rss": bytes("VmRSS"), "heapTotal": bytes("VmData"), "heapUsed": bytes("RssAnon") })
}
