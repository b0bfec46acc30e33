//! `swim info`: what one agent says of itself.

use std::collections::BTreeMap;
use std::time::Duration;

use super::AskArgs;
use crate::api::Info;
use crate::client::Client;
use crate::exit::Failure;
use crate::output::Paint;
use crate::table::Table;

pub(super) async fn run(ask: &AskArgs, client: Client) -> Result<(), Failure> {
    let info: Info = client.get("/v1/info").await?;
    ask.show(&info, || table(&info, Paint::of_stdout()).join("\n"))
}

fn table(info: &Info, paint: Paint) -> Vec<String> {
    let mut table = Table::new(["AGENT", &info.local.to_string()]);
    let joined = if info.ready { "yes" } else { "not yet" };
    let probes = if info.gossiping { "yes" } else { "no" };
    let health = match info.local_health {
        0 => "0 (well)".into(),
        score => format!("{score} (slow by so many times)"),
    };
    table.row(["cluster".into(), (&info.cluster).into()]);
    table.row(["listens on".into(), info.listens_on.into()]);
    table.row(["status".into(), info.status.into()]);
    table.row(["joined".into(), joined.into()]);
    table.row(["probes".into(), probes.into()]);
    table.row(["incarnation".into(), info.incarnation.into()]);
    table.row(["checksum".into(), (&info.checksum).into()]);
    table.row(["members".into(), counts(&info.members).into()]);
    table.row(["labels".into(), pairs(&info.labels).into()]);
    table.row(["local health".into(), health.into()]);
    table.row(["changes to tell".into(), info.pending_changes.into()]);
    table.row(["runs for".into(), humantime::format_duration(Duration::from_secs(info.uptime_seconds)).into()]);
    table.row(["process".into(), format!("{}, swim {}", info.pid, info.version).into()]);
    if let Some(cut) = &info.cut {
        let cut: Vec<String> = cut.iter().map(ToString::to_string).collect();
        table.row(["cut off".into(), if cut.is_empty() { "nobody".into() } else { cut.join(" ").into() }]);
    }
    table.lines(paint)
}

fn counts(members: &BTreeMap<String, u32>) -> String {
    let some: Vec<String> =
        members.iter().filter(|(_, count)| **count > 0).map(|(status, count)| format!("{count} {status}")).collect();
    some.join(", ")
}

pub(super) fn pairs(labels: &BTreeMap<String, String>) -> String {
    match labels.is_empty() {
        true => "none".into(),
        false => labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" "),
    }
}
