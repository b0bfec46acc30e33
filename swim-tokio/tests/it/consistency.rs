//! What is read is of one moment, whatever happens meanwhile: lists, events and statistics never disagree, however many
//! read, ask and change at the same time, and also while members are dropped from a full list.
//!
//! The events say which states the list went through. Each list that anybody read must be one of them, each list that came
//! with a subscription the one at the very place where its events begin, and the statistics of that moment must count
//! what the events up to there have told.

mod crowd;
mod load;
mod told;

use std::collections::BTreeMap;
use std::sync::Arc;

use swim_core::{EventKind, EventMask, OwnedEvent, Status};
use swim_tokio::{Events, Membership, Notice, Stats, Swim};

use crate::helpers::{builder, start, within};
use load::{Load, options};
use told::{Told, of};

const KINDS: EventMask = EventMask::only(&[
    EventKind::MakeNodeStatus,
    EventKind::MemberlistChangesApplied,
    EventKind::MemberEvicted,
    EventKind::MemberDropped,
]);
/// More events than a test makes: none is missed.
const QUEUED: usize = 1 << 20;

/// A subscription of some moment, and the statistics where they are of the same list.
pub(crate) struct Moment {
    list: Membership,
    events: Events,
    stats: Option<Stats>,
}

impl Moment {
    fn of(node: &Swim) -> Self {
        let before = node.stats();
        let (list, events) = node.subscribe(KINDS, QUEUED);
        let after = node.stats();
        assert!(before.version <= list.version() && list.version() <= after.version);
        let stats = [before, after].into_iter().find(|stats| stats.version == list.version());
        Self { list, events, stats }
    }
}

/// All that was told from a moment on, once the node has stopped.
async fn all(mut events: Events) -> Vec<Arc<OwnedEvent<std::net::SocketAddr>>> {
    let mut all = Vec::new();
    while let Some(notice) = within(events.next()).await {
        let Notice::Event(event) = notice else { panic!("no event was missed") };
        all.push(event);
    }
    all
}

async fn hold_together() {
    let watched = builder().options(options()).start().await.unwrap();
    let others = [start(&[&watched]).await, start(&[&watched]).await];
    let first = Moment::of(&watched);
    let load = Load::begin(&watched, &others);
    let mut moments = Vec::new();
    // What must have happened, so that there was a load: it takes some seconds, and a slow machine longer.
    while !load.is_enough(&watched.stats()) || moments.len() < 100 {
        assert!(moments.len() < 10_000, "this is no load: {load:?}");
        moments.push(Moment::of(&watched));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let read = load.end().await;
    within(watched.shutdown()).await;
    judge(&watched, first, moments, read).await;
}

/// Lists by their number, as those saw them who read all the time.
type Read = BTreeMap<u64, Membership>;

async fn judge(watched: &Swim, first: Moment, moments: Vec<Moment>, read: Read) {
    let (mut told, since) = (Told::new(&first), first.list.version());
    let events = all(first.events).await;
    let mut places: BTreeMap<usize, Vec<(Membership, Option<Stats>)>> = BTreeMap::new();
    let mut counted = 0;
    for Moment { list, events: later, stats } in moments {
        let later = all(later).await;
        let place = events.len().checked_sub(later.len()).expect("whoever came first has heard most");
        assert!(events[place..].iter().zip(&later).all(|(one, other)| Arc::ptr_eq(one, other)), "all hear the same");
        counted += u32::from(stats.is_some());
        places.entry(place).or_default().push((list, stats));
    }
    assert!(counted > 50, "statistics of the same list were read {counted} times only");
    let mut read = read.into_values().skip_while(|list| list.version() < since).map(|list| (list.version(), of(&list)));
    let mut next = read.next();
    let mut shown = 0;
    for place in 0..=events.len() {
        if place > 0 {
            told.apply(&events[place - 1].as_event());
        }
        for (list, stats) in places.remove(&place).unwrap_or_default() {
            assert_eq!(told.members, of(&list), "the list of a subscription is the one at which its events begin");
            stats.inspect(|stats| told.check(stats));
        }
        while next.as_ref().is_some_and(|(_, list)| *list == told.members) {
            next = read.next();
            shown += 1;
        }
    }
    assert_eq!(next, None, "a list was read that the events never told of; {shown} before it were as told");
    assert!(shown > 100, "many different lists were read: {shown}");
    assert_eq!(told.members, of(&watched.members()), "the events lead from the first list to the last");
    told.check(&watched.stats());
}

/// Whether a list and statistics of the same number agree.
fn agree(stats: &Stats, list: &Membership) {
    assert_eq!(stats.checksum, list.checksum());
    for status in Status::ALL {
        assert_eq!(stats.count(status) as usize, list.count(status), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_events_and_statistics_agree_under_load_on_many_threads() {
    hold_together().await;
}

#[tokio::test]
async fn lists_events_and_statistics_agree_under_load_on_one_thread() {
    hold_together().await;
}
