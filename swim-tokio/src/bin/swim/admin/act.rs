//! What can be asked of the node.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use swim_tokio::Filter;

use super::Served;
use super::problem::Problem;
use crate::api::{Cut, Done};

/// What an action answers.
pub(super) struct Answer;

impl Answer {
    fn done(done: &str, count: Option<u32>) -> Result<Json<Done>, Problem> {
        Ok(Json(Done { done: done.into(), count }))
    }
}

pub(super) async fn leave(State(served): State<Served>) -> Result<Json<Done>, Problem> {
    let count = served.swim.leave().await.map_err(Problem::refused)?;
    Answer::done("left", Some(count))
}

pub(super) async fn rejoin(State(served): State<Served>) -> Result<Json<Done>, Problem> {
    served.swim.rejoin().await.map_err(Problem::refused)?;
    Answer::done("rejoined", None)
}

pub(super) async fn reap(State(served): State<Served>) -> Result<Json<Done>, Problem> {
    served.swim.reap().await.map_err(Problem::refused)?;
    Answer::done("reaped", None)
}

pub(super) async fn gossip(
    State(served): State<Served>,
    what: Result<Path<String>, PathRejection>,
) -> Result<Json<Done>, Problem> {
    let Path(what) = what?;
    let swim = &served.swim;
    let done = match what.as_str() {
        "on" => swim.start_gossip().await.map(|()| "gossip is on"),
        "off" => swim.stop_gossip().await.map(|()| "gossip is off"),
        "tick" => swim.tick_gossip().await.map(|()| "one protocol period is over"),
        _ => return Err(Problem::mistake(format!("gossip cannot be put to `{what}`; it can be `on`, `off`, `tick`"))),
    };
    Answer::done(done.map_err(Problem::refused)?, None)
}

/// With whom to heal; with all hosts where nobody is named.
#[derive(Debug, Deserialize)]
pub(super) struct Target {
    target: Option<SocketAddr>,
}

pub(super) async fn heal(
    State(served): State<Served>,
    asked: Result<Query<Target>, QueryRejection>,
) -> Result<Json<Done>, Problem> {
    let Query(Target { target }) = asked?;
    match target {
        None => {
            let count = served.swim.heal_now().await.map_err(Problem::refused)?;
            Answer::done("healed", Some(count))
        }
        Some(target) => {
            served.swim.attempt_heal(target).await.map_err(Problem::refused)?;
            Answer::done("healed", Some(1))
        }
    }
}

pub(super) async fn cut(State(served): State<Served>) -> Result<Json<Cut>, Problem> {
    Ok(Json(Cut { members: filter(&served)?.blocked() }))
}

pub(super) async fn set_cut(
    State(served): State<Served>,
    wanted: Result<Json<Cut>, JsonRejection>,
) -> Result<Json<Cut>, Problem> {
    let filter = filter(&served)?;
    let Json(wanted) = wanted?;
    filter.clear();
    wanted.members.iter().for_each(|member| filter.block(*member));
    Ok(Json(Cut { members: filter.blocked() }))
}

pub(super) async fn end_cut(State(served): State<Served>) -> Result<Json<Cut>, Problem> {
    filter(&served)?.clear();
    Ok(Json(Cut { members: Vec::new() }))
}

fn filter(served: &Served) -> Result<&Filter, Problem> {
    let refused = "partitions cannot be played with this agent; start it with --allow-partitions";
    served.swim.filter().ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, refused))
}
