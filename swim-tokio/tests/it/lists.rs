//! Lists that are asked for without end: each answer is the whole list, and nothing counts how often one asks. What
//! bounds it is what streams may take, and that a node does one thing after another; it goes on answering its members.
//!
//! The figures of docs/SECURITY.md:
//!
//! ```text
//! cargo test --release -p swim-tokio --test it lists -- --ignored --nocapture
//! ```

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use swim_core::{Options, Status, UnixMillis};
use swim_tokio::{StreamLimits, Swim};
use tokio::time::Instant;

use crate::forged::{departed, join};
use crate::helpers::{anywhere, builder, impatient, until, within};

/// So many ask at once; as many streams as one address may have open.
const ASKERS: usize = 32;

/// Since when the askers exist, as far as their word goes.
const SINCE: UnixMillis = UnixMillis(1_700_000_000_000);

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_list_is_asked_for_without_end_is_not_suspected() {
    besieged(500, Duration::from_secs(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute, and both processors"]
async fn figures() {
    for members in [1_000, 10_000, 65_536] {
        besieged(members, Duration::from_secs(15)).await;
    }
}

/// Two nodes with the LAN preset, the first of which is asked for its list of so many members.
async fn besieged(members: u32, span: Duration) {
    let node = || Swim::builder().bind(anywhere()).cluster("test").options(Options::lan());
    let first = within(node().start()).await.unwrap();
    within(first.joined()).await.unwrap();
    let hosts = swim_tokio::FixedHosts::new([first.local()]);
    let second = within(node().discovery(hosts).start()).await.unwrap();
    within(second.joined()).await.unwrap();
    // Members that left are listed, and nobody looks for them.
    tell(first.local(), &departed("test", asker(0), members, SINCE));
    until("both have the whole list", || {
        first.members().len() > members as usize && first.checksum() == second.checksum()
    })
    .await;
    let (over, lists, bytes) = (Arc::new(AtomicBool::new(false)), Arc::default(), Arc::default());
    let target = first.local();
    let askers: Vec<_> = (0..ASKERS)
        .map(|number| {
            let (over, lists, bytes) = (Arc::clone(&over), Arc::clone(&lists), Arc::clone(&bytes));
            std::thread::spawn(move || ask_until(target, number, &over, &lists, &bytes))
        })
        .collect();
    let begun = Instant::now();
    let (mut looks, mut suspect, mut dead) = (0, 0, 0);
    while begun.elapsed() < span {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let held = second.member(target).map(|member| member.status);
        looks += 1;
        suspect += u32::from(held == Some(Status::Suspect));
        dead += u32::from(!held.is_some_and(Status::is_pingable));
    }
    let lasted = begun.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    within(tokio::task::spawn_blocking(move || askers.into_iter().for_each(|asker| asker.join().expect("it ends"))))
        .await
        .unwrap();
    let (lists, bytes): (u64, u64) = (lists.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed));
    println!(
        "{members} members: {:.0} lists and {:.1} MB a second; suspect at {suspect} of {looks} looks",
        lists as f64 / lasted,
        bytes as f64 / lasted / 1e6,
    );
    assert!(lists > 10, "it is asked: {lists}");
    assert_eq!(dead, 0, "{suspect} times suspect");
}

fn asker(number: usize) -> SocketAddr {
    SocketAddr::from(([127, 78, 0, 1 + number as u8], 7946))
}

/// Sends one request, and reads what comes of it; how many bytes.
fn tell(to: SocketAddr, request: &[u8]) -> usize {
    let Ok(mut stream) = TcpStream::connect(to) else { return 0 };
    let mut answer = Vec::new();
    let exchanged = stream.write_all(request).and_then(|()| stream.read_to_end(&mut answer));
    exchanged.unwrap_or(0)
}

fn ask_until(target: SocketAddr, number: usize, over: &AtomicBool, lists: &AtomicU64, bytes: &AtomicU64) {
    let request = join("test", asker(number), SINCE);
    while !over.load(Ordering::Relaxed) {
        let read = tell(target, &request) as u64;
        // Less is that it is busy.
        lists.fetch_add(u64::from(read > 100), Ordering::Relaxed);
        bytes.fetch_add(read, Ordering::Relaxed);
    }
}

/// What a liar can do with long labels: a list that is longer than a message may be is of no use to anybody.
#[tokio::test]
async fn nobody_can_join_through_a_node_whose_list_is_longer_than_a_message_may_be() {
    let first = within(builder().start()).await.unwrap();
    within(first.joined()).await.unwrap();
    let hosts = || swim_tokio::FixedHosts::new([first.local()]);
    let limits = StreamLimits { message_bytes: 4 << 10, ..StreamLimits::default() };
    let joiner = || builder().options(impatient()).stream_limits(limits).discovery(hosts());
    let early = within(joiner().start()).await.unwrap();
    within(early.joined()).await.expect("as long as the list is short");
    within(early.shutdown()).await;
    let request = departed("test", asker(0), 1_000, SINCE);
    assert!(request.len() > 4 << 10);
    assert!(
        tokio::task::spawn_blocking({
            let target = first.local();
            move || tell(target, &request)
        })
        .await
        .is_ok()
    );
    until("the list is long", || first.members().len() > 1_000).await;
    let late = within(joiner().start()).await.unwrap();
    let error = within(late.joined()).await.expect_err("the answer cannot be read");
    assert!(error.to_string().contains("not enough hosts let this node in"), "{error}");
}
