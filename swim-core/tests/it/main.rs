//! The rules of the protocol, told as stories through `Node::handle`.

mod departure;
mod forge;
mod hearsay;
mod helpers;
mod incarnation;
mod probe;
mod sleep;
mod transitions;
mod world;
