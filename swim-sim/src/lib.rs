//! A discrete-event simulator of SWIM clusters: one process, one thread, a thousand nodes, exact times.
//!
//! The same setup and seed give the same run, in debug and in release and on every machine; [`Cluster::hash`] proves it.
//!
//! ```
//! use swim_sim::{Cluster, PartAndHeal, Plan, Setup};
//!
//! let mut cluster = Cluster::new(Setup::new(10, 1))?;
//! let outcome = PartAndHeal::new(Plan::halves(10), &cluster).run(&mut cluster, |_| {})?;
//! assert!(outcome.healed_after.is_some());
//! assert_eq!(cluster.accusations().members(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accusations;
mod census;
mod checkers;
mod cluster;
mod convergence;
mod core_nodes;
mod happening;
pub mod memory;
pub mod network;
mod nodes;
mod parcels;
mod part_and_heal;
mod processes;
mod queue;
pub mod report;
mod requests;
mod run_hash;
mod seeds;
mod text;
mod traffic;
mod transport;
mod wire;

pub use accusations::{Accusation, Accusations};
pub use census::{Census, CensusTaker, Seen, SideView};
pub use checkers::{Check, Fault, Violation};
pub use cluster::{Cluster, Memory, Setup, SetupError};
pub use convergence::{Goal, Reason, Wait};
pub use core_nodes::core_nodes;
pub use happening::{Due, Happening, Note, Wakes};
pub use nodes::Nodes;
pub use parcels::{Parcel, ParcelId, Parcels};
pub use part_and_heal::{Outcome, PartAndHeal, Phase, Plan, Sample};
pub use processes::{Clock, Processes, Reception, State};
pub use queue::Queue;
pub use requests::{Exchange, Requests};
pub use run_hash::{Deed, InputKind, RunHash};
pub use seeds::Stream;
pub use traffic::{Rate, Tally, Traffic};
pub use transport::{Route, Transport, TransportError};
pub use wire::{Carry, WireError, WirePath};
