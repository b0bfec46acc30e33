//! What can go wrong, one enum per operation. Each message names the thing and says what to do; the cause is kept as
//! the source.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use swim_core::{CommandError, ConfigError};

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
    #[error(
        "{address} cannot be advertised: {problem}; call `advertise` with an address by which the others reach this node"
    )]
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

/// Why a node did not join. The node keeps running: [`Swim::join`](crate::Swim::join) tries again.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// Hosts are known, and too few of them answered in time.
    #[error("not enough hosts answered within {time:?}: {seeds}; check the hosts, and that they are up and reachable")]
    Unreachable {
        /// How long it was tried.
        time: Duration,
        /// What became of each.
        seeds: Seeds,
    },
    /// Every host that answered belongs to another cluster.
    #[error("the hosts {seeds} belong to another cluster than `{cluster}`; check the cluster's name and the hosts")]
    OtherCluster {
        /// The name of the cluster that was to be joined.
        cluster: String,
        /// Who they are.
        seeds: Seeds,
    },
    /// Another agent speaks under this node's address.
    #[error(
        "another agent uses {address} too, and speaks from {source_address}; give each agent an address of its own"
    )]
    AddressTaken {
        /// The address that both advertise.
        address: SocketAddr,
        /// Where the other one's traffic comes from.
        source_address: SocketAddr,
    },
    /// Discovery failed until the end.
    #[error("no hosts could be found within {time:?}")]
    Discovery {
        /// How long it was tried.
        time: Duration,
        /// What it said last.
        source: DiscoverError,
    },
    /// Discovery gave an empty list until the end.
    #[error("discovery gave no hosts within {time:?}; a list with this node alone makes a cluster of one")]
    NoHosts {
        /// How long it was tried.
        time: Duration,
    },
    /// The node joins already, or has joined.
    #[error("the node is joining already, or has joined")]
    AlreadyJoined,
    /// The node was stopped.
    #[error("the node was stopped")]
    Stopped,
}

/// Hosts that did not help to join, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seeds(Vec<(SocketAddr, SeedFailure)>);

impl Seeds {
    pub(crate) fn new(seeds: Vec<(SocketAddr, SeedFailure)>) -> Self {
        Self(seeds)
    }

    /// Each with what became of it last, in the order of their addresses; some of them where there are very many.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SocketAddr, SeedFailure)> {
        self.0.iter().copied()
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (seed, failure)) in self.0.iter().take(SEEDS_SHOWN).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{seed} ({failure})")?;
        }
        match self.0.len().saturating_sub(SEEDS_SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

const SEEDS_SHOWN: usize = 5;

/// What became of a request to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeedFailure {
    /// Nothing came in time.
    Silent,
    /// The connection was refused: nobody listens there.
    Refused,
    /// There is no way there.
    NoRoute,
    /// The connection broke.
    Broken,
    /// It belongs to another cluster.
    OtherCluster,
    /// It answered what is no answer.
    Nonsense,
}

impl SeedFailure {
    /// What the system says of a connection.
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Self::NoRoute,
            _ => Self::Broken,
        }
    }
}

impl fmt::Display for SeedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "no answer",
            Self::Refused => "connection refused",
            Self::NoRoute => "no route",
            Self::Broken => "connection broken",
            Self::OtherCluster => "another cluster",
            Self::Nonsense => "no member speaks there",
        })
    }
}

/// Why hosts could not be found.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The hosts file cannot be read.
    #[error("the hosts file {} cannot be read; check that it is there and may be read", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The hosts file is no list of strings.
    #[error("the hosts file {} is malformed; write a list such as [\"10.0.0.1:7946\", \"10.0.0.2:7946\"]", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where, and what was expected there.
        source: Arc<serde_json::Error>,
    },
    /// An entry of the hosts file is no host.
    #[error("entry {number} of the hosts file {}, `{entry}`, is no host; write ADDRESS:PORT or NAME:PORT", .path.display())]
    Entry {
        /// Which file.
        path: PathBuf,
        /// Which entry; the first is 1.
        number: usize,
        /// What it says.
        entry: String,
    },
    /// A name is not written as a name and a port.
    #[error("`{name}` is no host; write NAME:PORT")]
    NoName {
        /// What was written.
        name: String,
    },
    /// A name cannot be resolved.
    #[error("the name `{name}` cannot be resolved; check its spelling and the resolver of this machine")]
    Unresolved {
        /// Which name.
        name: String,
        /// What the resolver said.
        source: Arc<io::Error>,
    },
    /// It took too long.
    #[error("discovery took longer than {limit:?}")]
    TooSlow {
        /// How long it may take.
        limit: Duration,
    },
    /// The author's own discovery panicked.
    #[error("the discovery provider panicked")]
    Panicked,
    /// The author's own discovery failed.
    #[error("the discovery provider failed")]
    Other(#[source] Arc<dyn Error + Send + Sync>),
}

impl DiscoverError {
    /// For a discovery of one's own.
    pub fn other(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Other(Arc::new(error))
    }
}

/// Declares an error of a command: which of swim-core's it can meet, and that the node may have been stopped.
macro_rules! command_errors {
    ($( $(#[$doc:meta])* $name:ident { $( $(#[$variant_doc:meta])* $variant:ident = $core:ident, $text:literal ),* $(,)? } )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
            #[non_exhaustive]
            pub enum $name {
                $( $(#[$variant_doc])* #[error($text)] $variant, )*
                /// The node was stopped, before or meanwhile.
                #[error("the node was stopped")]
                Stopped,
                /// The node refused for a reason that this version knows no better word for.
                #[error("the node refused")]
                Refused(#[source] CommandError),
            }

            impl From<CommandError> for $name {
                fn from(error: CommandError) -> Self {
                    match error {
                        $( CommandError::$core => Self::$variant, )*
                        CommandError::Destroyed => Self::Stopped,
                        other => Self::Refused(other),
                    }
                }
            }

            impl From<Stopped> for $name {
                fn from(_: Stopped) -> Self {
                    Self::Stopped
                }
            }
        )*
    };
}

command_errors! {
    /// Why a leave was not carried out. The node is as it was.
    LeaveError {
        /// The node has not joined yet.
        NotReady = NotReady, "the node has not joined yet; there is nothing to leave",
        /// The node left before.
        AlreadyLeft = AlreadyLeft, "the node has left already",
        /// Another departure is under way.
        Busy = Busy, "another departure is under way; wait for it",
    }
    /// Why the node did not come back. The node is as it was.
    RejoinError {
        /// The node has not joined yet.
        NotReady = NotReady, "the node has not joined yet; there is nothing to come back to",
        /// The node is a member.
        NotLeft = NotLeft, "the node has not left, so it cannot come back",
        /// The departure is under way still.
        Busy = Busy, "the departure is under way still; wait for it",
    }
    /// Why a self-eviction was not carried out. The node is as it was.
    SelfEvictError {
        /// The node has not joined yet.
        NotReady = NotReady, "the node has not joined yet; there is nothing to be evicted from",
        /// The node evicted itself before.
        AlreadyEvicted = AlreadyLeft, "the node has evicted itself already",
        /// Another departure is under way.
        Busy = Busy, "another departure is under way; wait for it",
    }
    /// Why labels were not set. They are as they were.
    SetLabelsError {}
    /// Why faulty members were not turned into tombstones.
    ReapError {}
    /// Why no partition was healed.
    HealError {
        /// The node has not joined yet.
        NotReady = NotReady, "the node has not joined yet; there is nothing to heal",
        /// The node left.
        AlreadyLeft = AlreadyLeft, "the node has left; rejoin first",
        /// No hosts could be found.
        DiscoveryFailed = DiscoveryFailed, "the hosts could not be found; the log says why",
        /// The target is alive, or is the node itself.
        NoCandidate = NoCandidate, "the target is pingable or is the node itself; there is nothing to heal",
        /// The target did not answer.
        Failed = HealFailed, "the target did not answer, or refused; check that it is up and of this cluster",
        /// Enough attempts are under way.
        Busy = Busy, "enough attempts to heal are under way; wait for one to end",
    }
    /// Why probing was not started, stopped or done once.
    GossipError {
        /// The node has not joined yet.
        NotReady = NotReady, "the node has not joined yet; it starts to probe when it has",
        /// The node left.
        AlreadyLeft = AlreadyLeft, "the node has left; rejoin first",
        /// A round is under way.
        Busy = Busy, "a round is under way; wait for it",
    }
}

/// The node was stopped, by [`Swim::shutdown`](crate::Swim::shutdown) or because its last handle was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node was stopped")]
pub struct Stopped;

/// Why [`Swim::wait_for`](crate::Swim::wait_for) gave up.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The node did not join, so that nobody will come.
    #[error("the node did not join")]
    Join(#[source] JoinError),
    /// The node was stopped.
    #[error("the node was stopped")]
    Stopped,
}
