//! What can be read.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use swim_tokio::Stats;

use super::Served;
use super::problem::Problem;
use crate::api::{Info, Members};

pub(super) async fn members(State(served): State<Served>) -> Json<Members> {
    Json(Members::new(&served.swim.members()))
}

pub(super) async fn info(State(served): State<Served>) -> Json<Info> {
    Json(Info::new(&served.swim))
}

/// Everything that is measured; times are in microseconds.
pub(super) async fn stats(State(served): State<Served>) -> Json<Stats> {
    Json(served.swim.stats())
}

/// As Prometheus reads it.
pub(super) async fn metrics(State(served): State<Served>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], served.metrics.render())
}

/// Whether the process is well.
pub(super) async fn health(State(served): State<Served>) -> Result<Json<Value>, Problem> {
    if served.swim.is_running() {
        Ok(Json(json!({ "running": true })))
    } else {
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the node was stopped"))
    }
}

/// Whether the node is a member of its cluster.
pub(super) async fn ready(State(served): State<Served>) -> Result<Json<Value>, Problem> {
    let not_ready = |why| Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, why));
    let Info { ready, status, .. } = Info::new(&served.swim);
    match status {
        _ if !ready => not_ready("the node has not joined yet"),
        swim_core::Status::Alive => Ok(Json(json!({ "ready": true }))),
        _ => not_ready("the node has left"),
    }
}
