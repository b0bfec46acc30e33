//! SWIM membership that just works on a real network: sockets, timers and discovery around one `swim-core` node.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use swim_tokio::{FixedHosts, Swim};
//!
//! let hosts = FixedHosts::new(["10.0.0.1:7946".parse()?, "10.0.0.2:7946".parse()?]);
//! let swim = Swim::builder().bind("10.0.0.3:7946".parse()?).cluster("shop").discovery(hosts).start().await?;
//! swim.wait_for(3).await?;
//! println!("{:?}", swim.reachable());
//! swim.leave().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Datagrams go by UDP and streams by TCP, on one port number. One task drives the node; it ends when the last
//! [`Swim`] is dropped. Every decision is swim-core's: here bytes, time and hosts are moved, and everything is bounded
//! ([`StreamLimits`]). ARCHITECTURE.md draws how a datagram flows.
//!
//! Handles are `Send + Sync`, no method panics, nothing of yours is called under a lock, and every future is
//! cancellation-safe; see [`Swim`].

#![forbid(unsafe_code)]

mod builder;
mod discovery;
mod driver;
mod error;
mod events;
#[doc(hidden)]
pub mod fuzzing;
mod membership;
mod metrics;
mod request;
#[cfg(feature = "ringpop")]
pub mod ringpop;
mod runtime;
mod shared;
mod stats;
mod swim;
mod transport;

pub use builder::Builder;
pub use discovery::{Discover, Discovery, DnsNames, Entries, FixedHosts, Found, HostsFile, Resolver};
pub use driver::clock::WallClock;
pub use error::{
    AdvertiseProblem, DiscoverError, GossipError, HealError, JoinError, LeaveError, Missing, ReapError, RejoinError,
    SeedFailure, Seeds, SelfEvictError, SetLabelsError, StartError, Stopped, Transport, WaitError,
};
pub use events::{Events, Notice};
pub use membership::{Changes, Member, MemberLabels, Membership};
pub use stats::{Stats, TransportCounters};
pub use swim::Swim;
pub use transport::filter::Filter;
pub use transport::limits::StreamLimits;

/// The protocol: all of its types that appear here.
pub use swim_core;
pub use swim_core::{
    Checksum, Event, EventKind, EventMask, Incarnation, LabelError, Options, OwnLabels, OwnedEvent, StartGossip, Status,
};

/// The README's examples are compiled and run with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
