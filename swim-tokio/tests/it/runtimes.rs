//! The same on every runtime, and in paused time.

use std::time::Duration;

use swim_core::{Options, StateTimeouts, Status};
use swim_tokio::{FixedHosts, StartError, Swim, WallClock};

use crate::helpers::{anywhere, start, status, until, within};

/// In paused time a cluster of the ordinary options does in a moment what takes minutes.
#[tokio::test(start_paused = true)]
async fn an_hour_of_paused_time_passes_in_a_moment() {
    const HOUR: Duration = Duration::from_secs(3600);
    let lan = Options::lan();
    let options = Options { state_timeouts: StateTimeouts { faulty: HOUR, ..lan.state_timeouts }, ..lan };
    let node = || {
        let wall = WallClock::FromStart;
        Swim::builder().bind(anywhere()).cluster("test").options(options.clone()).wall_clock(wall)
    };
    let first = node().start().await.unwrap();
    first.joined().await.unwrap();
    let hosts = FixedHosts::new([first.local()]);
    let second = node().discovery(hosts).start().await.unwrap();
    first.wait_for(2).await.unwrap();
    let address = second.local();
    second.shutdown().await;
    let started = tokio::time::Instant::now();
    while status(&first, address) != Some(Status::Faulty) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(started.elapsed() < HOUR);
    }
    // It becomes a tombstone after an hour, and is forgotten a minute later. A list that someone keeps does not hide it.
    let mut kept = first.members();
    while status(&first, address).is_some() {
        kept = first.members();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(started.elapsed() < 2 * HOUR);
    }
    assert!(started.elapsed() > HOUR);
    assert_eq!((kept.len(), first.members().len()), (2, 1));
}

/// A runtime of its own for each of two nodes, and handles used from a third.
#[test]
fn nodes_of_different_runtimes_find_one_another() {
    let single = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (one, many) = (single(), tokio::runtime::Runtime::new().unwrap());
    let first = one.block_on(crate::helpers::builder().start()).unwrap();
    // The first's runtime runs on a thread of its own.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let _ = one.block_on(stopped);
    });
    let second = many.block_on(start(&[&first]));
    let third = single();
    third.block_on(async {
        within(first.wait_for(2)).await.unwrap();
        within(second.wait_for(2)).await.unwrap();
        within(second.leave()).await.unwrap();
        until("the leave is seen", || status(&first, second.local()) == Some(Status::Leave)).await;
    });
    stop.send(()).unwrap();
    thread.join().unwrap();
}

/// Where a runtime ends with its nodes, handles find them stopped.
#[test]
fn a_runtime_that_ends_stops_its_nodes() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let node = runtime.block_on(crate::helpers::builder().start()).unwrap();
    drop(runtime);
    assert!(!node.is_running());
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    other.block_on(async {
        assert!(within(node.leave()).await.is_err());
        within(node.shutdown()).await;
    });
}

/// A runtime that lacks what a node needs is a mistake like any other.
#[test]
fn a_runtime_without_time_or_without_io_is_told_so() {
    let build = |runtime: &mut tokio::runtime::Builder| runtime.build().unwrap();
    let without_time = build(tokio::runtime::Builder::new_current_thread().enable_io());
    let error = without_time.block_on(crate::helpers::builder().start()).unwrap_err();
    assert!(matches!(error, StartError::NoTime), "{error:?}");
    assert!(error.to_string().contains("enable_all"), "{error}");

    let without_io = build(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time());
    let port = crate::helpers::vacant();
    let error = without_io.block_on(crate::helpers::builder().bind(port).start()).unwrap_err();
    assert!(matches!(error, StartError::NoIo), "{error:?}");
    assert!(error.to_string().contains("enable_all"), "{error}");

    // Nothing is left open.
    let with_all = build(tokio::runtime::Builder::new_current_thread().enable_all());
    with_all.block_on(crate::helpers::builder().bind(port).start()).unwrap();
}
