//! docs/WIRE.md says what the code does: the examples in it are bytes that the codec writes.
