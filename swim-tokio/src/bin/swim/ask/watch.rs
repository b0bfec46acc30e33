//! `swim watch`: who is there, and from then on who comes, goes and is doubted.

use serde::Deserialize;
use serde_json::Value;
use swim_core::Status;

use super::{AskArgs, members};
use crate::api::Members;
use crate::client::{Client, Happened};
use crate::exit::{Exit, Failure, OrExit};
use crate::output::{Paint, print, style_of};

/// The events that are shown.
const KINDS: &str =
    "MemberlistChangesApplied,MemberEvicted,MemberDropped,RefuteUpdate,HealEnded,JoinComplete,JoinFailed,Departed";

pub(super) async fn run(ask: &AskArgs, client: Client) -> Result<(), Failure> {
    let mut events = client.events(KINDS).await?;
    while let Some(happened) = events.next().await? {
        if ask.json {
            print(&happened.data)?;
        } else {
            text(&happened, Paint::of_stdout()).or_exit(Exit::NoAgent)?.into_iter().try_for_each(print)?;
        }
    }
    Err(Failure::new(Exit::NoAgent, anyhow::anyhow!("the agent has ended")))
}

/// What is applied to the list, as it is written.
#[derive(Debug, Deserialize)]
struct Applied {
    changes: Vec<Change>,
    num_members: u32,
    new_checksum: u32,
}

#[derive(Debug, Deserialize)]
struct Change {
    address: String,
    status: Status,
    incarnation: u64,
}

/// The lines of one event.
fn text(happened: &Happened, paint: Paint) -> serde_json::Result<Vec<String>> {
    Ok(match happened.name.as_str() {
        "Members" => members::table(&serde_json::from_str::<Members>(&happened.data)?, paint),
        "MemberlistChangesApplied" => {
            let applied: Applied = serde_json::from_str(&happened.data)?;
            let line = |change: &Change| {
                let status = paint.style(format!("{:<9}", change.status.name()), style_of(change.status));
                let Applied { num_members, new_checksum, .. } = applied;
                let Change { address, incarnation, .. } = change;
                format!(
                    "{}  {address:<21}  {status}  {incarnation}  ({num_members} listed, checksum {new_checksum:08x})",
                    now()
                )
            };
            applied.changes.iter().map(line).collect()
        }
        name => {
            let mut fields: Value = serde_json::from_str(&happened.data)?;
            if let Some(fields) = fields.as_object_mut() {
                fields.remove("event");
            }
            vec![format!("{}  {name} {fields}", now())]
        }
    })
}

/// The time of day (UTC), as those who watch want it.
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tells people the time, and decides nothing")]
fn now() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_a_line() {
        let data = r#"{"event":"MemberlistChangesApplied","changes":[{"address":"10.0.0.1:7","incarnation":5,
            "status":"faulty","source":null,"labels":{}}],"old_checksum":1,"new_checksum":255,"num_members":3}"#;
        let happened = Happened { name: "MemberlistChangesApplied".into(), data: data.into() };
        let lines = text(&happened, Paint::Off).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with("10.0.0.1:7             faulty     5  (3 listed, checksum 000000ff)"), "{lines:?}");
    }
}
