//! What is read is of one moment, whatever happens meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use swim_core::{Event, EventKind, EventMask, Incarnation, OwnLabels, Status};
use swim_tokio::{Membership, Notice, Swim};

use crate::helpers::{cluster, start, until, within};

/// What the events have told of a member, after the list with which they began.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    status: Status,
    incarnation: Incarnation,
    labels: Vec<u8>,
}

fn of(members: &Membership) -> BTreeMap<SocketAddr, Told> {
    let told = members.iter().map(|member| {
        let labels = member.labels.as_labels().encoded().to_vec();
        (member.address, Told { status: member.status, incarnation: member.incarnation, labels })
    });
    told.collect()
}

/// Brings a list up to date by an event.
fn apply(list: &mut BTreeMap<SocketAddr, Told>, event: &Event<'_, SocketAddr>) {
    match *event {
        Event::MemberlistChangesApplied { changes, .. } => {
            for change in changes {
                let labels = change.labels.encoded().to_vec();
                let told = Told { status: change.status, incarnation: change.incarnation, labels };
                list.insert(change.address, told);
            }
        }
        Event::MemberEvicted { address, .. } => {
            list.remove(&address);
        }
        _ => {}
    }
}

/// Reads as fast as it can until it is told to stop, and returns how often.
fn reader(node: Swim, stop: Arc<AtomicBool>, reads: Arc<AtomicU64>) {
    while !stop.load(Ordering::Relaxed) {
        let stats = node.stats();
        let members = node.members();
        let later = node.stats();
        assert!(stats.version <= members.version() && members.version() <= later.version);
        for stats in [stats, later] {
            if stats.version == members.version() {
                assert_eq!(stats.checksum, members.checksum());
                for status in Status::ALL {
                    assert_eq!(stats.count(status) as usize, members.count(status), "{status}");
                }
            }
        }
        assert!(members.iter().map(|member| member.address).is_sorted());
        assert_eq!(members.member(node.local()).unwrap().address, node.local());
        reads.fetch_add(1, Ordering::Relaxed);
    }
}

/// Members come, change their labels, leave and die while events and lists are read from all sides.
async fn hold_together() {
    let nodes = cluster(4).await;
    let mask = EventMask::only(&[EventKind::MemberlistChangesApplied, EventKind::MemberEvicted]);
    let (first, mut events) = nodes[0].subscribe(mask, 1 << 20);
    let stop = Arc::new(AtomicBool::new(false));
    let reads = Arc::new(AtomicU64::new(0));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (node, stop, reads) = (nodes[0].clone(), Arc::clone(&stop), Arc::clone(&reads));
            std::thread::spawn(move || reader(node, stop, reads))
        })
        .collect();
    for round in 0..6 {
        let come = start(&[&nodes[1]]).await;
        within(nodes[0].wait_for(5)).await.unwrap();
        let labels = OwnLabels::new([("round", round.to_string())]).unwrap();
        within(nodes[2].set_labels(labels)).await.unwrap();
        if round % 2 == 0 {
            within(come.joined()).await.unwrap();
            within(come.leave()).await.unwrap();
        }
        let address = come.local();
        within(come.shutdown()).await;
        until("it is known to be gone", || nodes[0].member(address).is_none_or(|member| !member.status.is_pingable()))
            .await;
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().expect("what was read held together");
    }
    assert!(reads.load(Ordering::Relaxed) > 100, "much was read meanwhile");
    within(nodes[0].shutdown()).await;
    let mut told = of(&first);
    while let Some(notice) = within(events.next()).await {
        let Notice::Event(event) = notice else { panic!("no event was missed") };
        apply(&mut told, &event.as_event());
    }
    assert_eq!(told, of(&nodes[0].members()), "the events lead from the first list to the last");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_events_and_statistics_agree_on_many_threads() {
    hold_together().await;
}

#[tokio::test]
async fn lists_events_and_statistics_agree_on_one_thread() {
    hold_together().await;
}
