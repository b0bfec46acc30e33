//! Describes a node and starts it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use swim_core::{
    Boot, BootstrapOptions, Config, Digests, ExchangeMode, Instant, Node, Options, OwnLabels, StartGossip,
};
#[cfg(feature = "ringpop")]
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::discovery::{Discover, FixedHosts};
use crate::driver::clock::{Clock, WallClock};
use crate::driver::native::Native;
use crate::driver::{Driver, Parts};
use crate::error::{AdvertiseProblem, StartError};
#[cfg(feature = "ringpop")]
use crate::ringpop::{Ring, wire::Ringpop};
use crate::runtime;
use crate::shared::{Fixed, Shared};
use crate::swim::Swim;
use crate::transport::address;
use crate::transport::filter::Filter;
use crate::transport::limits::StreamLimits;
use crate::transport::open::{self, Sockets};
use crate::transport::seal::Seal;

/// A node that was not started yet. Only the address to listen on has no default.
#[must_use = "a node runs once it is started"]
pub struct Builder {
    bind: Option<SocketAddr>,
    advertise: Option<SocketAddr>,
    cluster: Option<String>,
    labels: Option<OwnLabels>,
    options: Options,
    discovery: Option<Arc<dyn Discover>>,
    remembered: Vec<SocketAddr>,
    gossip: StartGossip,
    filter: Option<Filter>,
    limits: StreamLimits,
    wall: WallClock,
    speaks: Speaks,
    #[cfg(feature = "ringpop")]
    ring: Option<Ring>,
}

/// What was opened for a node.
enum Port {
    Native(Sockets),
    #[cfg(feature = "ringpop")]
    Ringpop(TcpListener, SocketAddr),
}

impl Port {
    /// Where it listens.
    fn bound(&self) -> SocketAddr {
        match self {
            Self::Native(sockets) => sockets.bound,
            #[cfg(feature = "ringpop")]
            Self::Ringpop(_, bound) => *bound,
        }
    }
}

/// The wire of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Native,
    #[cfg(feature = "ringpop")]
    Ringpop,
}

impl Speaks {
    fn open(self, bind: SocketAddr) -> Result<Port, StartError> {
        match self {
            Self::Native => open::open(bind).map(Port::Native),
            #[cfg(feature = "ringpop")]
            Self::Ringpop => open::open_streams(bind).map(|(listener, bound)| Port::Ringpop(listener, bound)),
        }
    }

    fn digests(self) -> Digests<SocketAddr> {
        match self {
            Self::Native => Digests::NATIVE,
            #[cfg(feature = "ringpop")]
            Self::Ringpop => crate::ringpop::digest::digests(),
        }
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            bind: None,
            advertise: None,
            cluster: None,
            labels: None,
            options: Options::lan(),
            discovery: None,
            remembered: Vec::new(),
            gossip: StartGossip::WhenReady,
            filter: None,
            limits: StreamLimits::default(),
            wall: WallClock::System,
            speaks: Speaks::Native,
            #[cfg(feature = "ringpop")]
            ring: None,
        }
    }

    /// The address to listen on, for datagrams and streams. With port 0 the system finds a free one. `[::]` listens on
    /// all addresses of both families. A link-local IPv6 address needs its scope: `[fe80::1%2]:7946`.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.bind = Some(address);
        self
    }

    /// The address by which the others reach this node, and which is its name. The address to listen on by default;
    /// needed where that stands for all addresses, and behind NAT or in a container. Port 0 stands for the port that
    /// the node listens on.
    pub fn advertise(mut self, address: SocketAddr) -> Self {
        self.advertise = Some(address);
        self
    }

    /// The name of the cluster, 1 to 255 bytes. [`Options::app`] by default.
    pub fn cluster(mut self, name: impl Into<String>) -> Self {
        self.cluster = Some(name.into());
        self
    }

    /// The labels that the node starts with. [`Options::labels`] by default.
    pub fn labels(mut self, labels: OwnLabels) -> Self {
        self.labels = Some(labels);
        self
    }

    /// The options of the protocol, of a preset or your own. [`Options::lan`] by default.
    ///
    /// [`Options::datagram_max`] bounds whole datagrams, the sender's address included. [`Options::events`] is not
    /// used: each reader chooses for itself.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Where hosts come from. By default there is nobody else: the node is a cluster of one, for others to join.
    pub fn discovery(mut self, discovery: impl Discover) -> Self {
        self.discovery = Some(Arc::new(discovery));
        self
    }

    /// Members that are remembered from an earlier run: more hosts to join, a few at a time beside those that are discovered; where
    /// nobody else is, all of them, and to heal with as well.
    pub fn remembered(mut self, members: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.remembered = members.into_iter().map(address::plain).collect();
        self
    }

    /// Whether the node probes as soon as it has joined, which it does by default.
    pub fn gossip(mut self, gossip: StartGossip) -> Self {
        self.gossip = gossip;
        self
    }

    /// Drops the traffic of members that `filter` blocks. Without this nothing can be blocked.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// How much streams may cost.
    pub fn stream_limits(mut self, limits: StreamLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Where the wall clock comes from; the system by default.
    pub fn wall_clock(mut self, wall: WallClock) -> Self {
        self.wall = wall;
        self
    }

    /// Speaks ringpop's wire in place of swim-core's: the node is a member of a cluster of ringpop processes, whose app is
    /// [`cluster`](Builder::cluster). docs/RINGPOP.md says what that brings.
    ///
    /// Sets the options of [`Options::ringpop`] and wider [`StreamLimits`], since connections are kept; change them after
    /// this call. There are no datagrams, and only the port for streams is opened.
    #[cfg(feature = "ringpop")]
    pub fn ringpop(mut self) -> Self {
        self.speaks = Speaks::Ringpop;
        self.options = Options::ringpop();
        self.limits = StreamLimits {
            incoming: 4096,
            incoming_per_peer: 256,
            outgoing: 4096,
            message_bytes: 4 << 20,
            ..StreamLimits::default()
        };
        self
    }

    /// A hash ring that follows the node's members.
    #[cfg(feature = "ringpop")]
    pub fn ring(mut self, ring: Ring) -> Self {
        self.ring = Some(ring);
        self
    }

    /// Opens the ports and starts the node, which joins meanwhile: [`Swim::joined`] tells when it has.
    ///
    /// To be called inside a tokio runtime whose I/O and time are enabled. Where they are not tokio panics, which becomes
    /// an error here after the panic hook has told of it; a program that is built to abort on panics aborts.
    ///
    /// # Errors
    /// One variant of [`StartError`] per mistake.
    pub async fn start(self) -> Result<Swim, StartError> {
        let tasks = tokio::runtime::Handle::try_current().map_err(StartError::NoRuntime)?;
        let bind = self.bind.ok_or(StartError::NoBindAddress)?;
        if let Some(advertise) = self.advertise {
            check_advertised(advertise, bind)?;
        }
        // Before anything is opened, with the shortest address that it can come to.
        let wanted = self.advertise.unwrap_or(bind);
        let config = configure(&self, wanted)?;
        #[cfg(feature = "ringpop")]
        if self.speaks == Speaks::Ringpop && !fits_ringpop(config.options()) {
            return Err(StartError::NotRingpop);
        }
        runtime::has_time()?;
        let port = runtime::with_io(|| self.speaks.open(bind))?;
        let bound = port.bound();
        let advertised = match self.advertise {
            Some(address) if address.port() == 0 => SocketAddr::new(address.ip(), bound.port()),
            Some(address) => address,
            None => bound,
        };
        check_advertised(advertised, bind)?;
        let local = address::plain(advertised);
        let clock = Clock::new(self.wall);
        let seed = getrandom::u64().map_err(StartError::Random)?;
        let number = getrandom::u32().map_err(StartError::Random)?;
        let boot = Boot { now: Instant::ZERO, wall: clock.start(), seed };
        let node = Node::with_digests(config.clone(), local, boot, self.speaks.digests());
        let cluster = config.options().app.clone();
        #[cfg(feature = "ringpop")]
        let ring = match self.speaks {
            Speaks::Native => self.ring,
            // Operators ask for it.
            Speaks::Ringpop => Some(self.ring.unwrap_or_default()),
        };
        #[cfg(feature = "ringpop")]
        if let Some(ring) = &ring {
            ring.begin(&node);
        }
        let fixed = Fixed {
            local,
            bound,
            cluster,
            clock,
            filter: self.filter,
            #[cfg(feature = "ringpop")]
            ring,
        };
        let shared = Arc::new(Shared::new(node, fixed));
        let (requests, queue) = mpsc::channel(REQUESTS_QUEUED);
        let parts = Parts {
            shared: Arc::clone(&shared),
            requests: queue,
            discovery: self.discovery.unwrap_or_else(|| Arc::new(FixedHosts::new([local]))),
            remembered: self.remembered,
            join_time: config.options().join.max_duration,
        };
        let bootstrap = BootstrapOptions { gossip: self.gossip };
        match port {
            Port::Native(sockets) => {
                let seal = Seal::new(config.cluster(), local);
                let native = Native::new(sockets, seal, &config, self.limits, number);
                tasks.spawn(Driver::new(native, parts).run(bootstrap));
            }
            #[cfg(feature = "ringpop")]
            Port::Ringpop(listener, bound) => {
                let ringpop = Ringpop::new(
                    listener,
                    (bound, local),
                    clock,
                    config.options(),
                    self.limits,
                    shared.fixed.ring.clone().unwrap_or_default(),
                );
                tasks.spawn(Driver::new(ringpop, parts).run(bootstrap));
            }
        }
        Ok(Swim::new(shared, requests))
    }
}

/// Requests that wait for the task; more wait in their callers.
const REQUESTS_QUEUED: usize = 16;

/// The options as the core gets them: the room for the sender's address is taken off its datagrams.
fn configure(builder: &Builder, local: SocketAddr) -> Result<Config, StartError> {
    let mut options = builder.options.clone();
    if let Some(name) = &builder.cluster {
        options.app.clone_from(name);
    }
    if let Some(labels) = &builder.labels {
        options.labels = labels.clone();
    }
    options.events = swim_core::EventMask::ALL;
    let overhead = Seal::overhead(address::plain(local));
    if let Some(value) = options.datagram_max {
        let min = FRAME_MIN + overhead;
        if value < min && options.exchange == ExchangeMode::Datagrams {
            return Err(StartError::DatagramTooSmall { value, min });
        }
        // A value that is too large stays too large, for the core to refuse.
        options.datagram_max = Some(if value > DATAGRAM_MAX { value } else { value.saturating_sub(overhead) });
    }
    Ok(Config::try_from(options)?)
}

/// The shortest frame that the core takes for its datagrams, in bytes.
const FRAME_MIN: u32 = 1024;
/// The longest datagram that there is, in bytes.
const DATAGRAM_MAX: u32 = 65_507;

/// Whether ringpop's wire can carry what the options bring about.
#[cfg(feature = "ringpop")]
fn fits_ringpop(options: &Options) -> bool {
    options.exchange == ExchangeMode::Requests && options.full_sync == swim_core::FullSyncMode::InAnswer
}

/// Whether the others could reach a node by this address.
fn check_advertised(address: SocketAddr, bind: SocketAddr) -> Result<(), StartError> {
    let ip = address.ip().to_canonical();
    // A socket for all IPv6 addresses serves IPv4, too.
    let both = bind.is_ipv6() && bind.ip().is_unspecified();
    let problem = if ip.is_unspecified() {
        AdvertiseProblem::Unspecified
    } else if ip.is_multicast() {
        AdvertiseProblem::Multicast
    } else if matches!(ip, IpAddr::V4(ip) if ip.is_broadcast()) {
        AdvertiseProblem::Broadcast
    } else if ip.is_ipv4() != bind.ip().to_canonical().is_ipv4() && !both {
        AdvertiseProblem::OtherFamily
    } else {
        return Ok(());
    };
    Err(StartError::CannotAdvertise { address, problem })
}
