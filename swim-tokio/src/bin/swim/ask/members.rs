//! `swim members`: who is there.

use swim_core::Status;

use super::AskArgs;
use crate::api::Members;
use crate::client::Client;
use crate::exit::Failure;
use crate::output::{Paint, style_of};
use crate::table::{Cell, Table};

pub(super) async fn run(ask: &AskArgs, client: Client) -> Result<(), Failure> {
    let members: Members = client.get("/v1/members").await?;
    ask.show(&members, || table(&members, Paint::of_stdout()).join("\n"))
}

/// The members, and how many there are of each status.
pub(crate) fn table(members: &Members, paint: Paint) -> Vec<String> {
    let mut table = Table::new(["ADDRESS", "STATUS", "INCARNATION", "LABELS"]);
    for row in &members.members {
        let mut labels: Vec<String> = row.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if row.address == members.local {
            labels.insert(0, "(this agent)".into());
        }
        let status = Cell::styled(row.status, style_of(row.status));
        table.row([row.address.into(), status, row.incarnation.into(), labels.join(" ").into()]);
    }
    let mut lines = table.lines(paint);
    lines.push(format!("{}, checksum {}", counts(members), members.checksum));
    lines
}

fn counts(members: &Members) -> String {
    let count = |status: &Status| match members.count(*status) {
        0 => None,
        count => Some(format!("{count} {status}")),
    };
    Status::ALL.iter().filter_map(count).collect::<Vec<_>>().join(", ")
}
