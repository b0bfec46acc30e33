//! The rules of the protocol, told as stories through `Node::handle`.

mod config;
mod departure;
mod determinism;
mod dissemination;
mod door;
mod forge;
mod full_sync;
mod heal;
mod health;
mod hearsay;
mod helpers;
mod incarnation;
mod join;
mod labels;
mod merge;
mod observe;
mod precedence;
mod probe;
mod sleep;
mod suspicion;
mod transitions;
mod world;
