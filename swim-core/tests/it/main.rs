//! The rules of the protocol, told as stories through `Node::handle`.

mod departure;
mod dissemination;
mod forge;
mod full_sync;
mod health;
mod hearsay;
mod helpers;
mod incarnation;
mod join;
mod probe;
mod sleep;
mod suspicion;
mod transitions;
mod world;
