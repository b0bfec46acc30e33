//! The rules of the protocol, told as stories through `Node::handle`.

mod config;
mod departure;
mod determinism;
mod dissemination;
mod door;
mod forge;
mod full_sync;
mod heal;
mod heal_targets;
mod health;
mod hearsay;
mod helpers;
mod incarnation;
mod join;
mod join_answers;
mod labels;
mod merge;
mod observe;
mod partitions;
mod precedence;
mod probe;
mod rejected;
mod sleep;
mod suspicion;
mod transitions;
mod world;
