//! Every mistake in describing a node has a message that names the thing and says what to do.

use std::error::Error;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use swim_core::{ConfigError, Options, UnixMillis};
use swim_tokio::{AdvertiseProblem, FixedHosts, JoinError, SeedFailure, StartError, Swim, Transport, WaitError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::forged::list;
use crate::helpers::{anywhere, builder, impatient, options, vacant, within};

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[tokio::test]
async fn an_address_to_listen_on_is_needed() {
    let error = Swim::builder().start().await.unwrap_err();
    assert!(matches!(error, StartError::NoBindAddress));
    assert_eq!(error.to_string(), "no address to listen on; call `bind` with one, such as 10.0.0.1:7946");
}

#[tokio::test]
async fn a_port_that_another_has_is_named_with_the_transport() {
    let udp = UdpSocket::bind(anywhere()).unwrap();
    let port = udp.local_addr().unwrap();
    let error = builder().bind(port).start().await.unwrap_err();
    assert!(matches!(error, StartError::PortInUse { bind, transport: Transport::Udp, .. } if bind == port));
    let expected =
        format!("UDP port {} of 127.0.0.1 is in use; end the other process, or listen on another port", port.port());
    assert_eq!(error.to_string(), expected);
    assert!(error.source().is_some(), "what the system said is kept");

    let tcp = TcpListener::bind(anywhere()).unwrap();
    let port = tcp.local_addr().unwrap();
    let error = builder().bind(port).start().await.unwrap_err();
    assert!(matches!(error, StartError::PortInUse { bind, transport: Transport::Tcp, .. } if bind == port));
}

#[tokio::test]
async fn two_nodes_on_one_port_are_one_too_many() {
    let node = builder().start().await.unwrap();
    let error = builder().bind(node.local()).start().await.unwrap_err();
    assert!(matches!(error, StartError::PortInUse { .. }), "{error:?}");
}

#[tokio::test]
async fn an_address_of_another_machine_cannot_be_listened_on() {
    let error = builder().bind(address("192.0.2.1:7946")).start().await.unwrap_err();
    assert!(matches!(error, StartError::NotThisMachine { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "192.0.2.1:7946 is no address of this machine; listen on one that it has, or on all with 0.0.0.0:7946, and \
         advertise 192.0.2.1:7946"
    );
}

#[tokio::test]
async fn addresses_that_name_nobody_are_not_advertised() {
    let cases = [
        ("0.0.0.0:0", None, AdvertiseProblem::Unspecified),
        ("[::]:0", None, AdvertiseProblem::Unspecified),
        ("127.0.0.1:0", Some("0.0.0.0:7946"), AdvertiseProblem::Unspecified),
        ("127.0.0.1:0", Some("224.0.0.1:7946"), AdvertiseProblem::Multicast),
        ("127.0.0.1:0", Some("255.255.255.255:7946"), AdvertiseProblem::Broadcast),
        ("127.0.0.1:0", Some("[2001:db8::1]:7946"), AdvertiseProblem::OtherFamily),
        ("[::1]:0", Some("10.0.0.1:7946"), AdvertiseProblem::OtherFamily),
    ];
    for (bind, advertise, expected) in cases {
        let mut node = builder().bind(address(bind));
        if let Some(advertise) = advertise {
            node = node.advertise(address(advertise));
        }
        match node.start().await.unwrap_err() {
            error @ StartError::CannotAdvertise { problem, .. } => {
                assert_eq!(problem, expected, "{bind} {advertise:?}");
                assert!(error.to_string().contains("advertise an address"), "{error}");
            }
            other => panic!("{bind} {advertise:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn options_that_break_a_rule_are_told_in_swim_cores_words() {
    let wrong = Options { ping_request_size: 99, ..options() };
    let error = builder().options(wrong).start().await.unwrap_err();
    assert!(matches!(error, StartError::Options(ConfigError::Range { .. })));
    assert!(error.to_string().contains("ping_request_size"), "{error}");
    let error = builder().cluster("").start().await.unwrap_err();
    assert!(matches!(error, StartError::Options(ConfigError::App { len: 0 })));
}

#[tokio::test]
async fn datagrams_need_room_for_the_senders_address() {
    let wrong = Options { datagram_max: Some(1030), ..options() };
    let error = builder().options(wrong).start().await.unwrap_err();
    assert!(matches!(error, StartError::DatagramTooSmall { value: 1030, min: 1036 }), "{error:?}");
    let least = Options { datagram_max: Some(1036), ..options() };
    builder().options(least).start().await.unwrap();
    let too_long = Options { datagram_max: Some(65_508), ..options() };
    let error = builder().options(too_long).start().await.unwrap_err();
    assert!(matches!(error, StartError::Options(ConfigError::DatagramMax { .. })), "{error:?}");
}

#[test]
fn a_runtime_is_needed() {
    // Polled by hand, outside of any.
    let mut start = std::pin::pin!(builder().start());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match start.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(StartError::NoRuntime(_))) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_advertised_address_is_the_nodes_name() {
    // Port 0 stands for the port that the node listens on.
    let first = builder().bind(address("0.0.0.0:0")).advertise(address("127.0.0.1:0")).start().await.unwrap();
    assert_eq!(first.local(), SocketAddr::new([127, 0, 0, 1].into(), first.bound().port()));
    // As behind NAT: the others see this node under an address that it does not listen on.
    let hosts = FixedHosts::new([first.local()]);
    let second = builder().bind(address("0.0.0.0:0")).advertise(address("127.0.0.2:0")).discovery(hosts);
    let second = second.start().await.unwrap();
    within(first.wait_for(2)).await.unwrap();
    within(second.wait_for(2)).await.unwrap();
    let nodes = [&first, &second];
    crate::helpers::until("each has been answered", || {
        nodes.iter().all(|node| node.stats().counters.acks_received > 5)
    })
    .await;
    for node in nodes {
        assert_eq!(node.reachable(), [first.local(), second.local()]);
        // On a busy machine one or another comes after its round.
        let counters = node.stats().counters;
        assert!(
            counters.rejected_unsolicited < counters.acks_received,
            "answers come from whom was asked: {counters:?}"
        );
    }
}

#[tokio::test]
async fn hosts_that_do_not_answer_are_named_with_what_became_of_them() {
    let refused = address("127.0.0.1:1");
    let silent = TcpListener::bind(anywhere()).unwrap();
    let hosts = FixedHosts::new([refused, silent.local_addr().unwrap()]);
    let node = builder().options(impatient()).discovery(hosts).start().await.unwrap();
    let error = within(node.joined()).await.unwrap_err();
    let JoinError::Unreachable { seeds, .. } = &error else { panic!("{error:?}") };
    let seeds: Vec<_> = seeds.iter().collect();
    assert_eq!(seeds[0], (refused, SeedFailure::Refused));
    assert_eq!(seeds[1], (silent.local_addr().unwrap(), SeedFailure::Silent));
    assert!(error.to_string().contains("127.0.0.1:1 (connection refused)"), "{error}");
    assert!(matches!(within(node.wait_for(2)).await, Err(WaitError::Join(_))));

    // It can be tried again.
    drop(silent);
    let error = within(node.join()).await.unwrap_err();
    assert!(matches!(error, JoinError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn hosts_of_another_cluster_are_named_as_such() {
    let other = builder().cluster("other").start().await.unwrap();
    let hosts = FixedHosts::new([other.local()]);
    let node = builder().options(impatient()).discovery(hosts).start().await.unwrap();
    let error = within(node.joined()).await.unwrap_err();
    assert!(matches!(error, JoinError::OtherCluster { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "the hosts {} (another cluster) belong to another cluster than `test`; check the cluster's name and the hosts",
            other.local()
        )
    );
    assert!(other.stats().transport.other_cluster > 0);
    assert_eq!(other.members().len(), 1);
}

#[tokio::test]
async fn hosts_whose_clocks_are_years_ahead_are_named_as_such() {
    let host = tokio::net::TcpListener::bind(anywhere()).await.unwrap();
    let seed = host.local_addr().unwrap();
    let year_2100 = UnixMillis(4_102_444_800_000);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = host.accept().await {
            let len = stream.read_u32_le().await.unwrap();
            let mut request = vec![0; len as usize];
            stream.read_exact(&mut request).await.unwrap();
            stream.write_all(&list("test", seed, year_2100)).await.unwrap();
        }
    });
    let node = builder().options(impatient()).discovery(FixedHosts::new([seed])).start().await.unwrap();
    let error = within(node.joined()).await.unwrap_err();
    let JoinError::ClocksApart { seeds } = &error else { panic!("{error:?}") };
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    assert!(
        matches!(seeds.iter().next(), Some((host, SeedFailure::ClocksApart { ahead })) if host == seed && ahead > year)
    );
    for hint in [&format!("{seed} (clocks "), " days ahead)", "set the clock"] {
        assert!(error.to_string().contains(hint), "no `{hint}` in {error}");
    }
    assert!(!node.is_ready());
}

#[tokio::test]
async fn two_agents_with_one_address_are_told_so() {
    let seed = builder().start().await.unwrap();
    let hosts = || FixedHosts::new([seed.local()]);
    let right = builder().discovery(hosts()).start().await.unwrap();
    within(right.wait_for(2)).await.unwrap();
    assert_eq!(right.stats().transport.own_address, 0);
    let wrong = builder().bind(address("0.0.0.0:0")).advertise(right.local()).discovery(hosts());
    let wrong = wrong.start().await.unwrap();
    for node in [&right, &wrong] {
        crate::helpers::until("each has noticed the other", || node.stats().transport.own_address > 0).await;
    }
}

#[tokio::test]
async fn a_node_that_comes_back_is_not_taken_for_a_second_agent() {
    let seed = builder().start().await.unwrap();
    let node = builder().discovery(FixedHosts::new([seed.local()])).start().await.unwrap();
    within(node.wait_for(2)).await.unwrap();
    let local = node.local();
    within(node.shutdown()).await;
    let again = builder().bind(local).discovery(FixedHosts::new([seed.local()])).start().await.unwrap();
    within(again.wait_for(2)).await.unwrap();
    within(seed.wait_for(2)).await.unwrap();
    let pings = again.stats().counters.acks_received;
    crate::helpers::until("some time has passed", || again.stats().counters.acks_received > pings + 10).await;
    assert_eq!(again.stats().transport.own_address, 0);
}

#[tokio::test]
async fn whoever_speaks_under_this_nodes_address_is_named_when_joining_fails() {
    // The host is the node itself under another address, so that it meets itself as a stranger.
    let node = builder().options(impatient()).bind(address("0.0.0.0:0")).advertise(address("127.0.0.1:0"));
    let port = vacant().port();
    let alias = SocketAddr::new([127, 0, 0, 3].into(), port);
    let node = node.bind(SocketAddr::new([0, 0, 0, 0].into(), port)).discovery(FixedHosts::new([alias]));
    let node = node.start().await.unwrap();
    let error = within(node.joined()).await.unwrap_err();
    assert!(matches!(error, JoinError::AddressTaken { address, .. } if address == node.local()), "{error:?}");
    assert!(node.stats().transport.own_address > 0);
}
