//! Nodes on loopback, over real sockets. Deadlines are generous; nothing depends on how fast the machine is.

#[cfg(all(unix, feature = "agent"))]
mod admin;
#[cfg(all(unix, feature = "agent"))]
mod agent;
#[cfg(all(unix, feature = "agent"))]
mod ask;
mod builder;
#[cfg(all(unix, feature = "agent"))]
mod cluster;
mod consistency;
mod departure;
mod discovery;
mod events;
mod forged;
mod helpers;
mod hostile;
mod joining;
mod lifetime;
mod lists;
mod logs;
mod metrics;
#[cfg(all(unix, feature = "agent"))]
mod mistakes;
#[cfg(all(target_os = "linux", feature = "agent"))]
mod names;
#[cfg(all(target_os = "linux", feature = "agent"))]
mod network;
mod partition;
#[cfg(all(unix, feature = "agent"))]
mod process;
#[cfg(feature = "ringpop")]
mod ringpop;
mod runtimes;
#[cfg(all(target_os = "linux", feature = "agent"))]
mod siege;
#[cfg(all(target_os = "linux", feature = "agent"))]
mod terminal;
