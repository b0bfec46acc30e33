//! Link-local addresses, which need the number of an interface, over one link between two namespaces. The interface has
//! another number at each end, so that a number that got into a name would show.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

use swim_core::Status;
use swim_tokio::{FixedHosts, Swim};
use tokio::sync::oneshot;

use super::namespace::Namespace;
use crate::helpers::{builder, skipped, status, until, within};

const PORT: u16 = 7946;
/// The interface's number at each end.
const SCOPES: [u32; 2] = [7, 9];

#[test]
fn nodes_on_link_local_addresses_find_one_another() {
    let ends = match link() {
        Ok(ends) => ends,
        Err(reason) => return skipped("nodes on link-local addresses", &reason),
    };
    let hosts = |end: usize| FixedHosts::new([address(0, SCOPES[end])]);
    let [(first, _first), (second, second_runs)] =
        [0, 1].map(|end| run(&ends[end], address(end, SCOPES[end]), hosts(end)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let names = [address(0, 0), address(1, 0)];
        for (node, name) in [&first, &second].into_iter().zip(names) {
            within(node.wait_for(2)).await.unwrap();
            assert_eq!(node.local(), name, "the number is no part of the name");
            assert_eq!(node.reachable(), names);
            until("its pings are answered, by whom they went to", || node.stats().counters.acks_received > 5).await;
            assert_eq!(node.stats().transport.own_address, 0, "nobody else has its name");
        }
        // What the network says of datagrams that do not arrive leads to the member, too.
        within(second.shutdown()).await;
        drop(second_runs);
        until("it was refused", || first.stats().transport.datagrams_refused > 0).await;
        assert!(first.stats().counters.undeliverable > 0);
        until("it is faulty", || status(&first, names[1]) == Some(Status::Faulty)).await;
    });
}

/// A link between two namespaces, with a link-local address at each end.
///
/// # Errors
/// What the system does not permit, or lacks. Whatever else goes wrong is a mistake of the test.
fn link() -> Result<[Namespace; 2], String> {
    let new = || Namespace::new().map_err(|error| format!("network namespaces are not permitted here: {error}"));
    let ends = [new()?, new()?];
    ends[0].execute("ip", &["-V"], "").map_err(|_| "there is no `ip` here; install iproute2".to_owned())?;
    if !ends[0].run(|| std::fs::exists("/proc/thread-self/net/if_inet6").unwrap_or(false)) {
        return Err("this machine has no IPv6".into());
    }
    let [near, far] = SCOPES;
    let number = ends[1].number();
    let pair = format!("link add name e0 index {near} type veth peer name e0 index {far} netns {number}\n");
    let lacking = |error| format!("this kernel has no links between namespaces: {error}");
    ends[0].execute("ip", &["-batch", "-"], &pair).map_err(lacking)?;
    for (number, end) in ends.iter().enumerate() {
        // Nobody else is on this link: whether the address is free need not be found out.
        let orders = format!("address add {}/64 dev e0 nodad\nlink set e0 up\n", ip(number));
        end.execute("ip", &["-6", "-batch", "-"], &orders).expect("a namespace of one's own can be set up");
    }
    Ok(ends)
}

fn ip(end: usize) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1 + end as u16)
}

fn address(end: usize, scope: u32) -> SocketAddr {
    SocketAddrV6::new(ip(end), PORT, 0, scope).into()
}

/// A node that runs in a thread of its own in `namespace`, until what comes with it is dropped.
fn run(namespace: &Namespace, bind: SocketAddr, hosts: FixedHosts) -> (Swim, oneshot::Sender<()>) {
    let (tell, told) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let _ = namespace.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tell.send(builder().bind(bind).discovery(hosts).start().await).unwrap();
            let _ = stopped.await;
        });
    });
    let node = told.recv().expect("the thread tells").unwrap_or_else(|error| panic!("{error}"));
    (node, stop)
}
