//! Nodes on loopback, over real sockets. Deadlines are generous; nothing depends on how fast the machine is.

mod builder;
mod consistency;
mod departure;
mod discovery;
mod events;
mod helpers;
mod hostile;
mod joining;
mod lifetime;
mod logs;
mod metrics;
mod partition;
mod runtimes;
