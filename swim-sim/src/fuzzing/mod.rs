//! What the fuzz targets in `fuzz/` do with their bytes: one target a file, compiled and tested with everything else.
//!
//! A body takes any bytes, and panics where something does not hold. The same bytes give the same run. The tests replay
//! the committed corpora, and as many inputs again at random.

mod bytes;
mod cluster;
mod decode;
mod forge;
mod messages;
mod mirror;
mod node_inputs;
mod round_trip;
mod scenario;
#[cfg(test)]
mod tests;
mod world;

pub use cluster::cluster;
pub use decode::decode;
pub use node_inputs::node_inputs;
pub use round_trip::round_trip;
pub use scenario::scenario;
