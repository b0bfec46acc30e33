//! Linux: many datagrams in one system call, and the queue in which the system keeps what ICMP says.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, recvmsg, sendmmsg, setsockopt, sockopt,
};
use tokio::net::UdpSocket;

use super::datagrams::{Arrived, Inbox, Outgoing};

/// Asks the system to keep what ICMP says of this socket's datagrams.
pub(super) fn prepare(socket: &UdpSocket, bound: SocketAddr) -> io::Result<()> {
    if bound.is_ipv6() {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    }
    // A socket for both families has IPv4's errors, too.
    if bound.ip().to_canonical().is_ipv4() || bound.ip().is_unspecified() {
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
    }
    Ok(())
}

/// Reads what has arrived, up to a batch.
pub(super) fn receive(socket: &UdpSocket, inbox: &mut Inbox) -> io::Result<()> {
    let Inbox { bytes, part, arrived } = inbox;
    let mut parts: Vec<_> = bytes.chunks_exact_mut(*part).map(|part| [IoSliceMut::new(part)]).collect();
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(parts.len(), None);
    let results = recvmmsg(socket.as_raw_fd(), &mut headers, parts.iter_mut(), MsgFlags::MSG_DONTWAIT, None)?;
    arrived.extend(results.map(|result| {
        // A datagram without a sender is none of ours; the envelope that it lacks will show it.
        let from = result.address.as_ref().and_then(address).unwrap_or(NOBODY);
        Arrived { from, len: result.bytes }
    }));
    Ok(())
}

const NOBODY: SocketAddr = SocketAddr::V4(SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, 0));

/// Sends as many as the system takes, and returns how many; at least one.
pub(super) fn send(socket: &UdpSocket, bytes: &[u8], datagrams: &[Outgoing]) -> io::Result<usize> {
    if let [Outgoing { to, range }] = datagrams {
        // The common case without what many need.
        let to = SockaddrStorage::from(*to);
        nix::sys::socket::sendto(socket.as_raw_fd(), &bytes[range.clone()], &to, MsgFlags::MSG_DONTWAIT)?;
        return Ok(1);
    }
    let datagrams = &datagrams[..datagrams.len().min(SENT_AT_ONCE)];
    let slices: Vec<_> = datagrams.iter().map(|datagram| [IoSlice::new(&bytes[datagram.range.clone()])]).collect();
    let addresses: Vec<_> = datagrams.iter().map(|datagram| Some(SockaddrStorage::from(datagram.to))).collect();
    let mut headers = MultiHeaders::preallocate(datagrams.len(), None);
    let sent = sendmmsg(socket.as_raw_fd(), &mut headers, &slices, &addresses, [], MsgFlags::MSG_DONTWAIT)?;
    Ok(sent.count())
}

/// How many datagrams one system call takes.
const SENT_AT_ONCE: usize = 64;

/// Reads one error: whose datagram did not arrive ends up in `undelivered`.
pub(super) fn errors(socket: &UdpSocket, undelivered: &mut Vec<SocketAddr>) -> io::Result<()> {
    // The start of the datagram comes along, and is not needed.
    let mut start = [0; 1];
    let mut slices = [IoSliceMut::new(&mut start)];
    let mut control = [0; CONTROL_LEN];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let error = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags)?;
    let Some(to) = error.address.as_ref().and_then(address) else { return Ok(()) };
    for message in error.cmsgs()? {
        let (ControlMessageOwned::Ipv4RecvErr(told, _) | ControlMessageOwned::Ipv6RecvErr(told, _)) = &message else {
            continue;
        };
        let told = (Errno::from_raw(told.ee_errno as i32), told.ee_origin);
        // A datagram that is too long for the way is no sign of a member that is not there.
        if told.0 != Errno::EMSGSIZE && matches!(told.1, nix::libc::SO_EE_ORIGIN_ICMP | nix::libc::SO_EE_ORIGIN_ICMP6) {
            undelivered.push(to);
        }
    }
    Ok(())
}

/// Room for one error with the address of who told it.
const CONTROL_LEN: usize = 128;

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| SocketAddr::V4(SocketAddrV4::from(*v4)));
    v4.or_else(|| storage.as_sockaddr_in6().map(|v6| SocketAddr::V6(SocketAddrV6::from(*v6))))
}
