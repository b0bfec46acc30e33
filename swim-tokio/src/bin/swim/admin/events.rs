//! Everything that happens, as server-sent events.
//!
//! The first event is `Members`, the list as it is; all others follow it, none missing and none of them in the list
//! already. A reader that is too slow gets `Missed` with how many events it did not see. Where nothing happens, comments
//! are signs of life: a reader that sees none knows that the agent is gone or stopped.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use swim_core::{EventKind, EventMask};
use swim_tokio::{Events, Notice};

use super::Served;
use super::problem::Problem;
use crate::api::{Members, SIGN_OF_LIFE};

/// Which events are wanted.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    /// Names with commas between; without it all.
    kinds: Option<String>,
}

/// Events that wait for a slow reader.
const EVENTS_QUEUED: usize = 4096;

pub(super) async fn events(
    State(served): State<Served>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Query(wanted) = wanted?;
    let (members, events) = served.swim.subscribe(wanted.mask()?, EVENTS_QUEUED);
    let first = VecDeque::from([written("Members", &Members::new(&members))]);
    let sign = KeepAlive::new().interval(SIGN_OF_LIFE);
    Ok(Sse::new(Lines { first, events }).keep_alive(sign))
}

impl Wanted {
    fn mask(&self) -> Result<EventMask, Problem> {
        let Some(kinds) = &self.kinds else { return Ok(EventMask::ALL) };
        let kinds: Result<Vec<EventKind>, Problem> = kinds.split(',').map(|name| kind(name.trim())).collect();
        Ok(EventMask::only(&kinds?))
    }
}

fn kind(name: &str) -> Result<EventKind, Problem> {
    let found = EventKind::ALL.iter().find(|kind| kind.name().eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        let all: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
        Problem::mistake(format!("there is no event `{name}`; there are {}", all.join(", ")))
    })
}

/// What a reader gets.
struct Lines {
    first: VecDeque<Event>,
    events: Events,
}

impl Stream for Lines {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(event) = self.first.pop_front() {
            return Poll::Ready(Some(Ok(event)));
        }
        let notice = ready!(Pin::new(&mut self.events).poll_next(context));
        Poll::Ready(notice.map(|notice| match notice {
            Notice::Event(event) => Ok(written(event.as_event().kind().name(), &event.as_event())),
            Notice::Missed(missed) => Ok(written("Missed", &json!({ "event": "Missed", "missed": missed }))),
        }))
    }
}

fn written(name: &str, data: &impl Serialize) -> Event {
    // What is written here has text for keys and no numbers that JSON lacks, so that it can be written.
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
