//! Hosts on other machines, of which a node with a loopback address is to keep away.
//!
//! A loopback address means another machine on each machine. Others would list the node under an address that is their
//! own, and could never reach it; it would be suspected, and taken for whoever else has that address.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Takes those hosts out that cannot reach a node at `local`, and returns them.
pub(crate) fn take_out(local: SocketAddr, hosts: &mut Vec<SocketAddr>) -> Vec<SocketAddr> {
    if !local.ip().is_loopback() {
        return Vec::new();
    }
    let mut looked: BTreeMap<IpAddr, bool> = BTreeMap::new();
    let mut is_elsewhere = |host: &SocketAddr| *looked.entry(host.ip()).or_insert_with(|| is_elsewhere(host.ip()));
    let elsewhere = hosts.iter().copied().filter(&mut is_elsewhere).collect();
    hosts.retain(|host| !is_elsewhere(host));
    elsewhere
}

/// Whether a host cannot reach a node at `local`, because that is a loopback address of another machine.
pub(crate) fn cannot_reach(host: SocketAddr, local: SocketAddr) -> bool {
    local.ip().is_loopback() && is_elsewhere(host.ip())
}

/// Whether this is surely an address of another machine: the system does not let anyone listen there.
fn is_elsewhere(ip: IpAddr) -> bool {
    let refused = || UdpSocket::bind((ip, 0)).err().map(|error| error.kind());
    !ip.is_loopback() && refused() == Some(ErrorKind::AddrNotAvailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// An address that is kept for documents, and is nobody's.
    const ELSEWHERE: &str = "203.0.113.7:7";

    #[test]
    fn a_loopback_address_is_reached_from_its_machine_alone() {
        let mut hosts = addresses(&["127.0.0.1:7", ELSEWHERE, "127.0.0.2:7", "0.0.0.0:7"]);
        assert_eq!(take_out("127.0.0.1:9".parse().unwrap(), &mut hosts), addresses(&[ELSEWHERE]));
        assert_eq!(hosts, addresses(&["127.0.0.1:7", "127.0.0.2:7", "0.0.0.0:7"]));
    }

    #[test]
    fn any_other_address_is_reached_from_everywhere() {
        let mut hosts = addresses(&["127.0.0.1:7", ELSEWHERE]);
        assert_eq!(take_out("10.0.0.1:9".parse().unwrap(), &mut hosts), []);
        assert_eq!(hosts.len(), 2);
        assert!(!cannot_reach(hosts[1], "10.0.0.1:9".parse().unwrap()));
        assert!(cannot_reach(hosts[1], "[::1]:9".parse().unwrap()));
    }
}
