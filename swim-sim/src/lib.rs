//! A discrete-event simulator of SWIM clusters: one process, one thread, a thousand nodes, exact times.
//!
//! The same setup and seed give the same run, in debug and in release and on every machine; [`Cluster::hash`] proves it.
//!
//! ```
//! use swim_sim::{Cluster, Runner, Scenario};
//!
//! let job = Scenario::halves(10).job()?;
//! let mut cluster = Cluster::new(job.setup)?;
//! let outcome = Runner::new(job.plan, &cluster).run(&mut cluster, |_, _| {})?;
//! assert!(outcome.healed_after.is_some());
//! assert_eq!(cluster.accusations().members(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accusations;
mod census;
mod checkers;
mod cluster;
pub mod compare;
mod convergence;
mod core_nodes;
pub mod explore;
mod failed_rounds;
pub mod fuzzing;
mod happening;
mod holds;
pub mod hunt;
pub mod memory;
#[cfg(test)]
mod mutants;
pub mod network;
mod nodes;
mod panics;
mod parcels;
mod processes;
mod queue;
pub mod record;
pub mod report;
mod requests;
pub mod results;
mod run_hash;
mod runner;
mod scenario;
mod seeds;
pub mod sweep;
mod text;
pub mod theory;
pub mod trace;
mod traffic;
mod transport;
mod watch;
mod wire;

pub use accusations::{Accusation, Accusations};
pub use census::{Census, CensusTaker, Seen, SideView};
pub use checkers::{Check, Finding, Liveness, Property, Violation};
pub use cluster::{Cluster, Memory, Setup, SetupError};
pub use convergence::{Goal, Reason, Wait};
pub use core_nodes::core_nodes;
pub use failed_rounds::{Failed, FailedRounds};
pub use happening::{Due, Happening, Note, Wakes};
pub use nodes::Nodes;
pub use parcels::{Parcel, ParcelId, Parcels};
pub use processes::{Clock, Processes, Reception, State};
pub use queue::Queue;
pub use requests::{Exchange, Requests};
pub use run_hash::{Deed, InputKind, RunHash};
pub use runner::{Detected, Outcome, Phase, Plan, Runner, Sample};
pub use scenario::*;
pub use seeds::Stream;
pub use traffic::{Rate, Tally, Traffic};
pub use transport::{Route, Transport, TransportError};
pub use watch::Watchers;
pub use wire::{Carry, WireError, WirePath};
