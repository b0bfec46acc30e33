//! The node's own labels: to read, to replace, and to change one by one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use swim_core::OwnLabels;

use super::Served;
use super::problem::Problem;
use crate::api::Info;

pub(super) async fn all(State(served): State<Served>) -> Json<BTreeMap<String, String>> {
    Json(Info::new(&served.swim).labels)
}

pub(super) async fn replace(
    State(served): State<Served>,
    wanted: Result<Json<BTreeMap<String, String>>, JsonRejection>,
) -> Result<Json<BTreeMap<String, String>>, Problem> {
    let Json(wanted) = wanted?;
    let _turn = served.labels.lock().await;
    set(&served, wanted).await
}

/// Sets the labels that are named, drops those named with `null`, and leaves the others as they are.
pub(super) async fn change(
    State(served): State<Served>,
    wanted: Result<Json<BTreeMap<String, Option<String>>>, JsonRejection>,
) -> Result<Json<BTreeMap<String, String>>, Problem> {
    let Json(wanted) = wanted?;
    let _turn = served.labels.lock().await;
    let mut labels = Info::new(&served.swim).labels;
    for (key, value) in wanted {
        match value {
            Some(value) => drop(labels.insert(key, value)),
            None => drop(labels.remove(&key)),
        }
    }
    set(&served, labels).await
}

async fn set(served: &Served, labels: BTreeMap<String, String>) -> Result<Json<BTreeMap<String, String>>, Problem> {
    let own = OwnLabels::new(labels.clone()).map_err(Problem::mistake)?;
    served.swim.set_labels(own).await.map_err(Problem::refused)?;
    Ok(Json(labels))
}
