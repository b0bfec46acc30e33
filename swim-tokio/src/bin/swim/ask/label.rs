//! `swim label`: shows and changes the labels of one agent.

use std::collections::BTreeMap;

use hyper::Method;

use super::AskArgs;
use super::info::pairs;
use crate::client::Client;
use crate::exit::Failure;

/// Which labels to change.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LabelArgs {
    /// KEY=VALUE sets a label, KEY- drops it; without any they are shown.
    #[arg(value_name = "KEY=VALUE | KEY-", value_parser = change)]
    changes: Vec<LabelChange>,
}

/// One label as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LabelChange {
    key: String,
    /// Nothing drops it.
    value: Option<String>,
}

pub(super) async fn run(ask: &AskArgs, client: Client, args: LabelArgs) -> Result<(), Failure> {
    let labels: BTreeMap<String, String> = if args.changes.is_empty() {
        client.get("/v1/labels").await?
    } else {
        let changes: BTreeMap<_, _> = args.changes.into_iter().map(|change| (change.key, change.value)).collect();
        client.send(Method::PATCH, "/v1/labels", &changes).await?
    };
    ask.show(&labels, || pairs(&labels))
}

fn change(text: &str) -> Result<LabelChange, String> {
    let (key, value) = match (text.split_once('='), text.strip_suffix('-')) {
        (Some((key, value)), _) => (key, Some(value.to_owned())),
        (None, Some(key)) => (key, None),
        (None, None) => return Err(format!("`{text}` is no label; write KEY=VALUE to set it, or KEY- to drop it")),
    };
    if key.is_empty() {
        return Err(format!("`{text}` has no key; write KEY=VALUE to set a label, or KEY- to drop it"));
    }
    Ok(LabelChange { key: key.into(), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_set_or_dropped() {
        let set = |key: &str, value: &str| LabelChange { key: key.into(), value: Some(value.into()) };
        assert_eq!(change("zone=a"), Ok(set("zone", "a")));
        assert_eq!(change("zone="), Ok(set("zone", "")));
        assert_eq!(change("a=b=c-"), Ok(set("a", "b=c-")));
        assert_eq!(change("zone-"), Ok(LabelChange { key: "zone".into(), value: None }));
        for bad in ["zone", "", "=", "-", "=a"] {
            assert!(change(bad).is_err(), "{bad}");
        }
    }
}
