//! TChannel, version 2, as far as ringpop uses it: one connection's protocol without I/O.
