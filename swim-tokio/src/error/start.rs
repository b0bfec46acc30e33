//! Why a node did not start.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use swim_core::ConfigError;

/// Why [`Builder::start`](crate::Builder::start) failed. Nothing is left open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// [`Builder::bind`](crate::Builder::bind) was not called.
    #[error("no address to listen on; call `bind` with one, such as 10.0.0.1:7946")]
    NoBindAddress,
    /// An option breaks a rule of swim-core's, which names it.
    #[error(transparent)]
    Options(#[from] ConfigError),
    /// [`Options::datagram_max`](swim_core::Options::datagram_max) leaves no room for what names the sender.
    #[error("datagram_max is {value} bytes; set it to {min} at least, which hold the sender's address and one change")]
    DatagramTooSmall {
        /// What was asked for, in bytes.
        value: u32,
        /// The least, in bytes.
        min: u32,
    },
    /// Another process has the port, or another node of this one.
    #[error("{transport} port {} of {} is in use; end the other process, or listen on another port", .bind.port(), .bind.ip())]
    PortInUse {
        /// The address.
        bind: SocketAddr,
        /// Whether the datagrams' socket or the streams' met the other one.
        transport: Transport,
        /// What the system said.
        source: io::Error,
    },
    /// No port could be found that is free for datagrams and for streams.
    #[error("no port of {bind} was free for both datagrams and streams in {tries} tries; name a port")]
    NoFreePort {
        /// The address.
        bind: SocketAddr,
        /// How often it was tried.
        tries: u32,
    },
    /// The process may not listen there.
    #[error(
        "no permission to listen on {bind} ({transport}); take a port from 1024 on, or grant the right to bind lower ones"
    )]
    NoPermission {
        /// The address.
        bind: SocketAddr,
        /// Of which socket.
        transport: Transport,
        /// What the system said.
        source: io::Error,
    },
    /// The address is no address of this machine.
    #[error(
        "{bind} is no address of this machine; listen on one that it has, or on all with {}, and advertise {bind}",
        all_of(.bind)
    )]
    NotThisMachine {
        /// The address.
        bind: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The socket could not be opened for another reason.
    #[error("the {transport} socket at {bind} could not be opened")]
    Socket {
        /// The address.
        bind: SocketAddr,
        /// Which socket.
        transport: Transport,
        /// What the system said.
        source: io::Error,
    },
    /// The others could not reach this node by the address that it would name.
    #[error("{address} cannot be advertised: {problem}; advertise an address by which the others reach this node")]
    CannotAdvertise {
        /// The address that was given, or that follows from the one to listen on.
        address: SocketAddr,
        /// What is wrong with it.
        problem: AdvertiseProblem,
    },
    /// [`Builder::ringpop`](crate::Builder::ringpop) was called, and options given that ringpop's wire cannot carry.
    #[error(
        "ringpop's wire has neither datagrams nor full syncs of their own; start the options from `Options::ringpop()`"
    )]
    NotRingpop,
    /// The system gave no random numbers.
    #[error("the system gave no random numbers to seed the node with")]
    Random(#[source] getrandom::Error),
    /// There is no tokio runtime.
    #[error("no tokio runtime is running here; call `start` inside of one")]
    NoRuntime(#[source] tokio::runtime::TryCurrentError),
    /// The tokio runtime was built without timers.
    #[error("the tokio runtime here has no timers; call `enable_all` where it is built")]
    NoTime,
    /// The tokio runtime was built without I/O.
    #[error("the tokio runtime here has no I/O; call `enable_all` where it is built")]
    NoIo,
}

/// One of a node's two sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// For datagrams.
    Udp,
    /// For streams.
    Tcp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        })
    }
}

/// The address that stands for all of a family's.
fn all_of(bind: &SocketAddr) -> SocketAddr {
    let ip =
        if bind.is_ipv4() { std::net::Ipv4Addr::UNSPECIFIED.into() } else { std::net::Ipv6Addr::UNSPECIFIED.into() };
    SocketAddr::new(ip, bind.port())
}

/// What is wrong with an address that is to be advertised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdvertiseProblem {
    /// It stands for all addresses of a machine.
    #[error("it stands for all addresses of a machine and names none")]
    Unspecified,
    /// It is a group's.
    #[error("it belongs to a group")]
    Multicast,
    /// It is everyone's.
    #[error("it is the broadcast address")]
    Broadcast,
    /// It is IPv6 and the node listens on IPv4 alone, or the other way round.
    #[error("the node listens on another address family")]
    OtherFamily,
}
