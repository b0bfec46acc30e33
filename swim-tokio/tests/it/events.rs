//! Readers of events, and those who only want the current state.

use swim_core::{Event, EventKind, EventMask, Status};
use swim_tokio::Notice;

use crate::helpers::{builder, cluster, start, until, within};

#[tokio::test]
async fn a_reader_sees_what_happens() {
    let first = builder().start().await.unwrap();
    let mut events = first.events_of(EventMask::only(&[EventKind::MemberlistChangesApplied]), 64);
    let second = start(&[&first]).await;
    let seen = within(async {
        loop {
            let Some(Notice::Event(event)) = events.next().await else { panic!("events go on") };
            if event.as_event().changes().iter().any(|change| change.address == second.local()) {
                return event;
            }
        }
    })
    .await;
    let kinds = seen.as_event().kind();
    assert_eq!(kinds, EventKind::MemberlistChangesApplied);
}

#[tokio::test]
async fn a_slow_reader_is_told_how_many_events_it_missed() {
    let nodes = cluster(3).await;
    let mut slow = nodes[0].events_of(EventMask::ALL, 4);
    let mut quick = nodes[0].events_of(EventMask::ALL, 1 << 20);
    let before = nodes[0].stats().counters.pings_sent;
    until("much has happened", || nodes[0].stats().counters.pings_sent > before + 5).await;
    within(nodes[0].shutdown()).await;
    let Some(Notice::Missed(missed)) = within(slow.next()).await else { panic!("some were missed") };
    let mut left = Vec::new();
    while let Some(Notice::Event(event)) = within(slow.next()).await {
        left.push(format!("{event:?}"));
    }
    let mut all = Vec::new();
    while let Some(Notice::Event(event)) = within(quick.next()).await {
        all.push(format!("{event:?}"));
    }
    assert_eq!(left.len(), 4);
    assert_eq!(missed as usize + left.len(), all.len());
    assert_eq!(left, all[all.len() - 4..], "the youngest are kept");
}

#[tokio::test]
async fn a_reader_that_never_reads_does_not_hold_up_the_protocol() {
    let first = builder().start().await.unwrap();
    let _never = first.events_of(EventMask::ALL, 1);
    let second = start(&[&first]).await;
    within(first.wait_for(2)).await.unwrap();
    let acks = first.stats().counters.acks_received;
    until("it still probes", || first.stats().counters.acks_received > acks + 3).await;
    drop(second);
}

#[tokio::test]
async fn changes_show_the_newest_list_and_skip_what_was_in_between() {
    let first = builder().start().await.unwrap();
    within(first.joined()).await.unwrap();
    let mut changes = first.changes();
    let second = start(&[&first]).await;
    let third = start(&[&first]).await;
    within(async {
        loop {
            let members = changes.changed().await.expect("the node runs");
            if members.count(Status::Alive) == 3 {
                break;
            }
        }
    })
    .await;
    within(first.shutdown()).await;
    // What was not seen yet may come, and then it is over.
    within(async { while changes.changed().await.is_some() {} }).await;
    drop((second, third));
}

#[tokio::test]
async fn an_event_is_never_ahead_of_the_list() {
    let first = builder().start().await.unwrap();
    let mut events = first.events_of(EventMask::only(&[EventKind::MemberlistChangesApplied]), 1 << 16);
    let others = [start(&[&first]).await, start(&[&first]).await];
    let mut seen = 0;
    while seen < 2 {
        let Some(Notice::Event(event)) = within(events.next()).await else { panic!("events go on") };
        let Event::MemberlistChangesApplied { changes, .. } = event.as_event() else { panic!("another event") };
        for change in changes {
            let known = first.member(change.address).expect("what was applied is listed");
            assert!(known.incarnation >= change.incarnation);
            seen += usize::from(others.iter().any(|other| other.local() == change.address));
        }
    }
}
