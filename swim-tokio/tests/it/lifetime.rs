//! A node runs as long as it has a handle, and no longer.

use std::net::{TcpListener, UdpSocket};

use swim_core::EventMask;
use swim_tokio::{Changes, Events, JoinError, LeaveError, Swim, WaitError};

use crate::helpers::{builder, start, until, within};

#[tokio::test]
async fn dropping_the_last_handle_closes_the_ports() {
    let node = builder().start().await.unwrap();
    within(node.joined()).await.unwrap();
    let address = node.local();
    let clone = node.clone();
    // Neither of these keeps it running.
    let (mut events, mut changes) = (node.events_of(EventMask::NONE, 1), node.changes());
    drop(node);
    assert!(UdpSocket::bind(address).is_err(), "one handle is left");
    drop(clone);
    until("the port is free", || UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()).await;
    assert!(within(events.next()).await.is_none());
    assert!(within(changes.changed()).await.is_none());
}

#[tokio::test]
async fn after_a_shutdown_the_ports_are_closed_and_every_handle_knows() {
    let first = builder().start().await.unwrap();
    let second = start(&[&first]).await;
    within(first.wait_for(2)).await.unwrap();
    let other = first.clone();
    within(first.shutdown()).await;
    UdpSocket::bind(first.local()).expect("the port for datagrams is closed");
    TcpListener::bind(first.local()).expect("the port for streams is closed");
    assert!(!other.is_running());
    assert_eq!(within(other.leave()).await, Err(LeaveError::Stopped));
    assert!(matches!(within(other.wait_for(3)).await, Err(WaitError::Stopped)));
    assert!(within(other.events().next()).await.is_none());
    within(other.shutdown()).await;
    assert_eq!(other.members().len(), 2, "what it knew last can be read");
    drop(second);
}

#[tokio::test]
async fn whoever_waits_hears_of_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let hosts = swim_tokio::FixedHosts::new([silent.local_addr().unwrap()]);
    let node = builder().discovery(hosts).start().await.unwrap();
    let (waiting, joining) = (node.clone(), node.clone());
    let waiting = tokio::spawn(async move { waiting.wait_for(2).await });
    let joining = tokio::spawn(async move { joining.joined().await });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    within(node.shutdown()).await;
    assert!(within(waiting).await.unwrap().is_err());
    assert!(within(joining).await.unwrap().is_err());
    let _: Option<JoinError> = None;
}

#[tokio::test]
async fn a_future_that_is_dropped_leaves_what_it_asked_for_to_happen() {
    let first = builder().start().await.unwrap();
    let second = start(&[&first]).await;
    within(first.wait_for(2)).await.unwrap();
    within(second.wait_for(2)).await.unwrap();
    {
        // Polled once, so that the request is on its way, and dropped.
        let mut leave = std::pin::pin!(second.leave());
        std::future::poll_fn(|context| {
            assert!(leave.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    }
    let address = second.local();
    until("it has left all the same", || {
        first.member(address).is_some_and(|member| member.status == swim_core::Status::Leave)
    })
    .await;
}

#[test]
fn handles_can_be_sent_and_shared() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Swim>();
    is_send_and_sync::<Events>();
    is_send_and_sync::<Changes>();
    is_send_and_sync::<JoinError>();
}
