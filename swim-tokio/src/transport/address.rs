//! Addresses as names and as places: what a member is called, and where to send what is meant for it.
//!
//! A member's name must be the same on every machine. So a name has no flow label, no IPv4 in IPv6's clothes, and no
//! scope: the scope of a link-local address numbers an interface of one machine and means another one on the next.
//! To send to a link-local address the scope of the address that the node listens on is put in again: a cluster of
//! link-local addresses lives on one link.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// The name that belongs to an address.
pub(crate) fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// What a socket can reach, and under which form of an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    v6: bool,
    scope: u32,
}

impl Reach {
    /// Of a socket that listens at `bind`.
    pub(crate) fn new(bind: SocketAddr) -> Self {
        match bind {
            SocketAddr::V4(_) => Self { v6: false, scope: 0 },
            SocketAddr::V6(bind) => Self { v6: true, scope: bind.scope_id() },
        }
    }

    /// Where the socket of datagrams sends what is meant for the member of this name.
    pub(crate) fn place(self, member: SocketAddr) -> SocketAddr {
        match member.ip() {
            IpAddr::V4(ip) if self.v6 => SocketAddrV6::new(ip.to_ipv6_mapped(), member.port(), 0, 0).into(),
            _ => self.stream_place(member),
        }
    }

    /// Where a stream to the member of this name goes. It has a socket of its own, of the family of the address: one of IPv6 may
    /// not reach IPv4, as the system likes it.
    pub(crate) fn stream_place(self, member: SocketAddr) -> SocketAddr {
        match member.ip() {
            IpAddr::V6(ip) if is_link_local(ip) => SocketAddrV6::new(ip, member.port(), 0, self.scope).into(),
            _ => member,
        }
    }
}

fn is_link_local(ip: Ipv6Addr) -> bool {
    ip.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_is_the_same_on_every_machine() {
        assert_eq!(plain(address("[fe80::1%3]:7")), address("[fe80::1]:7"));
        assert_eq!(plain(address("[::ffff:10.0.0.1]:7")), address("10.0.0.1:7"));
        let labelled = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 7, 9, 0).into();
        assert_eq!(plain(labelled), address("[::1]:7"));
    }

    #[test]
    fn a_link_local_member_is_reached_over_the_link_that_the_node_listens_on() {
        let reach = Reach::new(address("[fe80::2%4]:7"));
        assert_eq!(reach.place(address("[fe80::1]:7")), address("[fe80::1%4]:7"));
        assert_eq!(reach.stream_place(address("[fe80::1]:7")), address("[fe80::1%4]:7"));
        assert_eq!(reach.place(address("[2001:db8::1]:7")), address("[2001:db8::1]:7"));
    }

    #[test]
    fn a_socket_for_both_families_reaches_ipv4_in_its_own_form() {
        let both = Reach::new(address("[::]:7"));
        assert_eq!(both.place(address("10.0.0.1:7")), address("[::ffff:10.0.0.1]:7"));
        assert_eq!(both.stream_place(address("10.0.0.1:7")), address("10.0.0.1:7"), "it has a socket of its own");
        let one = Reach::new(address("0.0.0.0:7"));
        assert_eq!(one.place(address("10.0.0.1:7")), address("10.0.0.1:7"));
    }
}
