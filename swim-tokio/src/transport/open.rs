//! Opens a node's two sockets on one port, and says what is wrong where that fails.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, UdpSocket};

use crate::error::{StartError, Transport};

/// A node's sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) udp: UdpSocket,
    pub(crate) tcp: TcpListener,
    /// Where they listen, the port that the system chose included.
    pub(crate) bound: SocketAddr,
}

/// Opens both sockets. Where the port is 0 one is looked for that is free for both.
pub(crate) fn open(bind: SocketAddr) -> Result<Sockets, StartError> {
    let tries = if bind.port() == 0 { TRIES } else { 1 };
    for _ in 0..tries {
        let udp = datagrams(bind).map_err(|source| explain(bind, Transport::Udp, source))?;
        let bound = udp.local_addr().map_err(|source| explain(bind, Transport::Udp, source))?;
        match streams(bound) {
            Ok(tcp) => return Ok(Sockets { udp, tcp, bound }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && bind.port() == 0 => {}
            Err(error) => return Err(explain(bound, Transport::Tcp, error)),
        }
    }
    Err(StartError::NoFreePort { bind, tries })
}

/// Opens the socket for streams only, and says where it listens.
#[cfg(feature = "ringpop")]
pub(crate) fn open_streams(bind: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let tcp = streams(bind).map_err(|source| explain(bind, Transport::Tcp, source))?;
    let bound = tcp.local_addr().map_err(|source| explain(bind, Transport::Tcp, source))?;
    Ok((tcp, bound))
}

/// How many ports are tried where any will do.
const TRIES: u32 = 16;

/// Connections that wait to be accepted while all streams are taken.
const BACKLOG: i32 = 1024;

fn datagrams(bind: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(bind, Type::DGRAM, Protocol::UDP)?;
    socket.bind(&bind.into())?;
    UdpSocket::from_std(socket.into())
}

fn streams(bind: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(bind, Type::STREAM, Protocol::TCP)?;
    // Connections of an earlier run linger in the system; they must not keep a node from coming back. On Windows the
    // same option would let two nodes share the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&bind.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn socket(bind: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(bind), kind, Some(protocol))?;
    if bind.is_ipv6() && bind.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn explain(bind: SocketAddr, transport: Transport, source: io::Error) -> StartError {
    match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse { bind, transport, source },
        io::ErrorKind::PermissionDenied => StartError::NoPermission { bind, transport, source },
        io::ErrorKind::AddrNotAvailable => StartError::NotThisMachine { bind, source },
        _ => StartError::Socket { bind, transport, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_the_process_may_not_have_is_told_so() {
        let bind = "10.0.0.1:80".parse().unwrap();
        let error = explain(bind, Transport::Udp, io::ErrorKind::PermissionDenied.into());
        assert!(matches!(error, StartError::NoPermission { .. }));
        assert_eq!(
            error.to_string(),
            "no permission to listen on 10.0.0.1:80 (UDP); take a port from 1024 on, or grant the right to bind lower \
             ones"
        );
    }
}
